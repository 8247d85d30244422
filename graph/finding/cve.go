package finding

import "strings"

// ParseCVE returns a CVE ID in capitals, with the space around it removed;
// false where s is none. Whether the CVE list has it is not its question.
func ParseCVE(s string) (id string, ok bool) {
	id = strings.ToUpper(strings.TrimSpace(s))
	year, number, _ := strings.Cut(strings.TrimPrefix(id, "CVE-"), "-")
	return id, strings.HasPrefix(id, "CVE-") && isDigits(year) && len(year) == 4 && isDigits(number) && 4 <= len(number) && len(number) <= 19
}

// isDigits says of a text that it is of digits alone, and not empty.
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

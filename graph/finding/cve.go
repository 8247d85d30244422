package finding

import (
	"regexp"
	"strings"
)

var cvePattern = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)

// ParseCVE returns a CVE ID in capitals, with the space around it removed;
// false where s is none. Whether the CVE list has it is not its question.
func ParseCVE(s string) (id string, ok bool) {
	id = strings.ToUpper(strings.TrimSpace(s))
	return id, cvePattern.MatchString(id)
}

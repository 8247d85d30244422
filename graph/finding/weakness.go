package finding

import (
	"regexp"
	"strings"
)

var weaknessPatterns = []struct {
	pattern *regexp.Regexp
	prefix  string
}{
	// "CWE-798", "cwe 798", "CWE798", "CWE - 798: Use of ...", "CWE-798 (name)"
	{regexp.MustCompile(`(?i)^CWE[-_ :]*0*([1-9][0-9]{0,5})(?:$|[^0-9A-Za-z])`), "CWE-"},
	{regexp.MustCompile(`(?i)^(?:https?://)?cwe\.mitre\.org/data/definitions/0*([1-9][0-9]{0,5})(?:$|[^0-9A-Za-z])`), "CWE-"},
	// "OWASP-IOT-2018-I1", "OWASP IoT Top 10 2018 - I1: Weak ..."; the list of 2014 counts differently
	{regexp.MustCompile(`(?i)^OWASP[-_ ]?IOT[-_ ]*(?:TOP[-_ ]?10[-_ ]*)?(?:2018[-_ :]*)?I?0*([1-9]|10)(?:$|[^0-9A-Za-z])`), "OWASP-IOT-2018-I"},
	{regexp.MustCompile(`(?i)^TID[-_ ]?0*([1-9][0-9]{0,4})(?:$|[^0-9A-Za-z])`), "TID-"},
	{regexp.MustCompile(`(?i)^PID[-_ ]?0*([1-9][0-9]{0,4})(?:$|[^0-9A-Za-z])`), "PID-"},
}

// ParseWeakness returns the canonical form of a weakness ID as people spell
// it: CWE-798, OWASP-IOT-2018-I1, TID-311 or PID-12. Case, leading zeros, the
// separator and a name behind the ID don't matter; a page of cwe.mitre.org
// works too. A bare number is not an ID, and neither are two IDs in one
// string, of which one would be lost. Whether a catalogue has the weakness is
// not its question.
func ParseWeakness(s string) (id string, ok bool) {
	id, rest := leadingWeakness(strings.TrimSpace(s))
	if next, _ := leadingWeakness(strings.TrimLeft(rest, " \t,;/|&+")); id == "" || next != "" {
		return "", false
	}
	return id, true
}

// leadingWeakness returns the ID that s begins with and what follows it.
func leadingWeakness(s string) (id, rest string) {
	if s == "" {
		return "", ""
	}
	if number, ok := strings.CutPrefix(s, "CWE-"); ok && isDigits(number) && number[0] != '0' && len(number) <= 6 {
		return s, "" // as nearly all of many findings have it
	}
	for _, w := range weaknessPatterns {
		if m := w.pattern.FindStringSubmatchIndex(s); m != nil {
			return w.prefix + s[m[2]:m[3]], s[m[3]:]
		}
	}
	return "", s
}

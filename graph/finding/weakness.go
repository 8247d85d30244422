package finding

import (
	"regexp"
	"strings"
)

var weaknessPatterns = []struct {
	pattern *regexp.Regexp
	prefix  string
}{
	// "CWE-798", "cwe 798", "CWE798", "CWE-798: Use of ...", "CWE-798 (name)"
	{regexp.MustCompile(`(?i)^CWE[-_ :]?\s*0*([1-9][0-9]{0,5})(?:$|[^0-9A-Za-z])`), "CWE-"},
	{regexp.MustCompile(`(?i)^https?://cwe\.mitre\.org/data/definitions/0*([1-9][0-9]{0,5})\.html`), "CWE-"},
	{regexp.MustCompile(`(?i)^OWASP[-_ ]?IOT[-_ ]?(?:TOP[-_ ]?10[-_ ]?)?(?:2018[-_ :]?)?I?0*([1-9]|10)(?:$|[^0-9A-Za-z])`), "OWASP-IOT-2018-I"},
	{regexp.MustCompile(`(?i)^TID[-_ ]?0*([1-9][0-9]{0,4})(?:$|[^0-9A-Za-z])`), "TID-"},
	{regexp.MustCompile(`(?i)^PID[-_ ]?0*([1-9][0-9]{0,4})(?:$|[^0-9A-Za-z])`), "PID-"},
}

// ParseWeakness returns the canonical form of a weakness ID as people spell
// it: CWE-798, OWASP-IOT-2018-I1, TID-311 or PID-12. Case, leading zeros, the
// separator and a name behind the ID don't matter; a page of cwe.mitre.org
// works too. A bare number is not an ID. Whether a catalogue has the weakness
// is not its question.
func ParseWeakness(s string) (id string, ok bool) {
	s = strings.TrimSpace(s)
	for _, w := range weaknessPatterns {
		if m := w.pattern.FindStringSubmatch(s); m != nil {
			return w.prefix + m[1], true
		}
	}
	return "", false
}

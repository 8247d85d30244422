package finding

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestParseCVE holds it against the pattern of a CVE ID.
func TestParseCVE(t *testing.T) {
	pattern := regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)
	for _, s := range []string{
		"", "CVE", "CVE-", "CVE-2024", "CVE-2024-", "CVE-2024-123", "CVE-2024-1234", "cve-2024-1234 ", "CVE-2024-12345678901234567890", "CVE-2024-1234567890123456789",
		"CVE-24-1234", "CVE-20244-1234", "CVE-2024-12a4", "CVE-2o24-1234", "2024-1234", "CVE-CVE-2024-1234", "CVE-2024-1234-5", "CVE-2024-1234\n", "XCVE-2024-1234", "CVE-2024-١٢٣٤",
	} {
		id, ok := ParseCVE(s)
		want := strings.ToUpper(strings.TrimSpace(s))
		assert.Equal(t, want, id)
		assert.Equal(t, pattern.MatchString(want), ok, "%q", s)
	}
}

// TestLeadingWeakness holds the quick way against the pattern.
func TestLeadingWeakness(t *testing.T) {
	for _, s := range []string{"CWE-1", "CWE-798", "CWE-999999", "CWE-1000000", "CWE-0", "CWE-079", "CWE-", "CWE-79 ", "CWE-79x", "CWE-79:", "cwe-79", "CWE-79O"} {
		wantID, wantRest := "", s
		if m := weaknessPatterns[0].pattern.FindStringSubmatchIndex(s); m != nil {
			wantID, wantRest = "CWE-"+s[m[2]:m[3]], s[m[3]:]
		}
		id, rest := leadingWeakness(s)
		assert.Equal(t, []string{wantID, wantRest}, []string{id, rest}, s)
	}
}

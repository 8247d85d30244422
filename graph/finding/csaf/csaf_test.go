package csaf_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/csaf"
)

func read(t testing.TB, name, content string) ([]finding.Finding, []string, error) {
	t.Helper()
	found, skipped, err := finding.Collect(finding.Read(t.Context(), name, strings.NewReader(content), csaf.Format, finding.JSON))
	var problems []string
	for _, s := range skipped {
		problems = append(problems, s.Error())
	}
	return found, problems, err
}

func pump(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "pump.json"))
	require.NoError(t, err)
	return string(b)
}

func TestAdvisory(t *testing.T) {
	found, problems, err := read(t, "pump.json", pump(t))
	require.NoError(t, err)
	assert.Equal(t, []string{"pump.json: vulnerabilities[1]: Three flaws in the Examplia pump controller: CVE-2024-10002 affects none of the products: they are fixed or not affected"}, problems)
	assert.Equal(t, []finding.Finding{
		{
			ID: "EX-2024-001/CVE-2024-10001", Title: "Fixed password of the service account",
			Description: "The service account has one password everywhere.", Device: "Examplia Pump Controller; Examplia Valve Panel",
			Weaknesses: []string{"CWE-798"}, CVEs: []string{"CVE-2024-10001"},
			CVSS: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Source: "pump.json",
		},
		{
			ID: "EX-2024-001#3", Title: "Without an ID", Device: "Field Kit on Valve Panel; Examplia Field Kit; P-9; and 2 more",
			CVSS: "AV:N/AC:L/Au:N/C:P/I:P/A:P", Source: "pump.json",
		},
		{
			ID: "EX-2024-001/CVE-2024-10003", Title: "Three flaws in the Examplia pump controller: CVE-2024-10003",
			CVEs: []string{"CVE-2024-10003"}, Source: "pump.json",
		},
		{
			ID: "EX-2024-001/CVE-2024-10003#5", Title: "Three flaws in the Examplia pump controller: Path Traversal",
			CVEs: []string{"CVE-2024-10003"}, Weaknesses: []string{"CWE-22"}, Device: "Examplia Valve Panel", Source: "pump.json",
		},
	}, found)
}

func TestBadAdvisories(t *testing.T) {
	good := pump(t)
	for _, test := range []struct{ name, content, want string }{
		{"version 2.1", strings.Replace(good, `"csaf_version": "2.0"`, `"csaf_version": "2.1"`, 1), "x.json: document.csaf_version: 2.1 can't be read, only 2.0"},
		{"version is a number", strings.Replace(good, `"csaf_version": "2.0"`, `"csaf_version": 2`, 1), "x.json: document.csaf_version: 2 can't be read"},
		{"cut off", good[:len(good)/2], "x.json: line"},
		{"vulnerabilities is no list", `{"document":{"csaf_version":"2.0"},"vulnerabilities":{}}`, "x.json: vulnerabilities (line 1): a JSON object can't stand here"},
		{"a CVE that is none", strings.Replace(good, "CVE-2024-10001", "CVE-24-1", 1), "x.json: not valid CSAF:"},
		{"deep nesting", `{"document":{"csaf_version":"2.0"},"x":` + strings.Repeat("[", 1_000_000), "x.json: line 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, _, err := read(t, "x.json", test.content)
			require.ErrorContains(t, err, test.want)
			assert.Empty(t, found)
		})
	}
	for name, content := range map[string]string{
		"no vulnerabilities":    `{"document":{"csaf_version":"2.0"}}`,
		"empty vulnerabilities": `{"document":{"csaf_version":"2.0"},"vulnerabilities":[]}`,
	} {
		found, problems, err := read(t, name, content)
		require.NoError(t, err)
		assert.Empty(t, found)
		assert.Equal(t, []string{name + ": vulnerabilities: the advisory lists none"}, problems)
	}
	_, problems, err := read(t, "x.json", `{"document":{"csaf_version":"2.0"},"vulnerabilities":[null]}`)
	require.NoError(t, err)
	assert.Equal(t, []string{"x.json: vulnerabilities[0]: want an object, found null"}, problems)
}

// Every advisory of the collection is read whole: a vulnerability is a
// finding or is named.
func TestCISAAdvisories(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "data", "csaf", "*.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("needs ../shared/data/csaf")
	}
	total, weak, scored := 0, 0, 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		found, problems, err := read(t, f, string(b))
		require.NoError(t, err)
		assert.Empty(t, problems)
		for _, x := range found {
			assert.NotEmpty(t, x.Title)
			assert.NotEmpty(t, x.Device, x.ID)
			assert.Len(t, x.CVEs, 1)
			weak += len(x.Weaknesses)
			if x.CVSS != "" {
				scored++
			}
		}
		total += len(found)
	}
	assert.Equal(t, 81, len(files))
	assert.Equal(t, 326, total)
	assert.Equal(t, 326, weak)
	assert.Equal(t, 326, scored)
}

func FuzzCSAF(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "pump.json"))
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte(`{"document":{"csaf_version":"2.0"},"vulnerabilities":[{"product_status":{"known_affected":[null]},"scores":[null],"notes":[null]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for found, err := range csaf.Format.Read(t.Context(), "fuzz", bytes.NewReader(b)) {
			var record *finding.RecordError
			if err != nil && !errors.As(err, &record) {
				return
			}
			if err == nil {
				assert.NotEmpty(t, found.ID)
				assert.True(t, utf8.ValidString(found.ID+found.Title+found.Device+found.Description))
			}
		}
	})
}

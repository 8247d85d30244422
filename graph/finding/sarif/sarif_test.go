package sarif_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/sarif"
)

func read(t testing.TB, name, content string) ([]finding.Finding, []string, error) {
	t.Helper()
	found, skipped, err := finding.Collect(finding.Read(t.Context(), name, strings.NewReader(content), finding.JSON, finding.CSV, sarif.Format))
	var problems []string
	for _, s := range skipped {
		problems = append(problems, fmt.Sprintf("%s: %v (%v)", s.Where, s.Err, s.Lost))
	}
	return found, problems, err
}

func firmware(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "firmware.sarif"))
	require.NoError(t, err)
	return b
}

// What a scanner of firmware says, with every way that leads to a weakness.
func TestLog(t *testing.T) {
	found, problems, err := read(t, "firmware.sarif", string(firmware(t)))
	require.NoError(t, err)
	const vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
	assert.Equal(t, []finding.Finding{
		{
			ID: "EX001@src/login.c:12", Title: "Fixed password", Description: "error at src/login.c:12 and at 1 more: The password \"x\" never changes.",
			Device: "plc-1", Weaknesses: []string{"CWE-259", "CWE-798"}, CVSS: vector, Place: "src/login.c:12", Source: "firmware.sarif",
		},
		{
			ID: "EX002/shell@main()", Title: "Shell", Description: "warning at main(): A shell gets input.",
			Device: "cam-gw", CVSS: "8.8", Weaknesses: []string{"CWE-78", "CWE-77"}, Techniques: []string{"T0807"}, Source: "firmware.sarif",
		},
		{
			ID: "CVE-2021-44228-log4j@lib/log4j.jar", Title: "An old library.", Description: "warning at lib/log4j.jar: An old library.",
			Device: "plc-1", CVEs: []string{"CVE-2021-44228"}, Weaknesses: []string{"CWE-502"}, Place: "lib/log4j.jar", Source: "firmware.sarif",
		},
		{ID: "EX001@src/login.c:12#2", Title: "Fixed password", Description: "error at src/login.c:12: Another one.", Device: "plc-1", Weaknesses: []string{"CWE-798"}, CVSS: vector, Place: "src/login.c:12", Source: "firmware.sarif"},
		{ID: "EX001@src/login.c:30", Title: "Fixed password", Description: "error at src/login.c:30: Asked for, and not granted.", Device: "plc-1", Weaknesses: []string{"CWE-798"}, CVSS: vector, Place: "src/login.c:30", Source: "firmware.sarif"},
		{ID: "result", Title: "No rule at all.", Description: "note: No rule at all.", Device: "plc-1", Source: "firmware.sarif"},
		{ID: "EXT9", Title: "Of an extension", Description: "warning: Seen.", Device: "plc-1", Weaknesses: []string{"CWE-306"}, Source: "firmware.sarif"},
	}, found)
	assert.Equal(t, []string{
		"runs[0].results[3]: EX001@src/login.c:12 is there already, in the same words; it counts once (nothing)",
		`runs[0].results[5]: EX001@src/login.c:20 is left out: it is suppressed: "accepted by the owner" (nothing)`,
		"runs[0].results[7]: EX002 is left out: an earlier scan found it, this one did not (nothing)",
		"runs[0].results: results that say that nothing is wrong: pass 1, notApplicable 1, informational 1 (nothing)",
	}, problems)
}

// What breaks a rule is named and left out; the rest of the log stays.
func TestFaultyMembers(t *testing.T) {
	log := func(rules, results string) string {
		return `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x","rules":[` + rules + `]}},"results":[` + results + `]}]}`
	}
	const at = `{"ruleId":"%s","locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.c"},"region":{"startLine":%s}}}]}`
	for _, test := range []struct {
		name, content string
		ids, want     []string
	}{
		{"no object", log("", `7,null,{"ruleId":"A"}`), []string{"A"}, []string{"runs[0].results[0]: want an object (record)", "runs[0].results[1]: want an object (record)"}},
		{"nothing said", log("", `{},{"level":"error"}`), nil, []string{"runs[0].results[0]: a result with neither a rule nor a message (record)", "runs[0].results[1]: a result with neither a rule nor a message (record)"}},
		{"wrong types", log(`{"id":7,"name":"n"},9`, `{"ruleId":"A","level":7,"locations":{}},{"ruleIndex":0}`), []string{"A", "result"}, []string{
			"runs[0].tool.driver.rules[0].id: a JSON number can't stand here; id left out (member)", "runs[0].tool.driver.rules[1]: want an object (member)",
			"runs[0].results[0].level: a JSON number can't stand here; level left out (member)", "runs[0].results[0].locations: a JSON object can't stand here; locations left out (member)"}},
		{"an index beyond the rules", log(`{"id":"A","properties":{"tags":["CWE-1"]}}`, `{"ruleId":"B","ruleIndex":1},{"ruleId":"B","ruleIndex":0},{"ruleId":"B","ruleIndex":-1}`), []string{"B", "B#2", "B#3"}, []string{
			"runs[0].results[0].ruleIndex: 1 is not among the 1 rules; it is left out (member)"}},
		{"no index is not the first rule", log(`{"id":"A","properties":{"tags":["CWE-1"]}}`, `{"message":{"text":"m"}}`), []string{"result"}, nil},
		{"lines", log("", fmt.Sprintf(at, "1", "1e3")+","+fmt.Sprintf(at, "2", `"7"`)+","+fmt.Sprintf(at, "3", "1.5")+","+fmt.Sprintf(at, "4", "1e99")+","+fmt.Sprintf(at, "5", "-1")),
			[]string{"1@a.c:1000", "2@a.c", "3@a.c", "4@a.c", "5@a.c"}, []string{
				`runs[0].results[1].locations[0].physicalLocation.region.startLine: "7" is not the number of a line; it is left out (member)`,
				"runs[0].results[2].locations[0].physicalLocation.region.startLine: 1.5 is not the number of a line; it is left out (member)",
				"runs[0].results[3].locations[0].physicalLocation.region.startLine: 1e99 is not the number of a line; it is left out (member)"}},
		{"severities", log(`{"id":"A","properties":{"security-severity":"9.8 high"}}`, `{"ruleId":"B","properties":{"security-severity":11,"cvss":"-1"}}`), []string{"B"}, []string{
			`runs[0].tool.driver.rules[0].properties.security-severity: "9.8 high" is neither a CVSS vector nor a score from 0 to 10; it is left out (member)`,
			`runs[0].results[0].properties.cvss: "-1" is neither a CVSS vector nor a score from 0 to 10; it is left out (member)`,
			`runs[0].results[0].properties.security-severity: "11" is neither a CVSS vector nor a score from 0 to 10; it is left out (member)`}},
		{"results are no list", `{"version":"2.1.0","runs":[{"results":{}},{"results":[{"ruleId":"A"}]},7]}`, []string{"A"}, []string{
			"runs[0].results: a JSON object can't stand here; results left out (record)", "runs[2]: want an object (record)"}},
		{"no runs", `{"version":"2.1.0","runs":[]}`, nil, []string{"runs: the log holds none (nothing)"}},
		{"results elsewhere", `{"version":"2.1.0","runs":[{"externalPropertyFileReferences":{"results":[{"location":{"uri":"x"}}]}}]}`, nil, []string{
			"runs[0].externalPropertyFileReferences: results in another file are not read (record)"}},
		{"two lists of runs", `{"version":"2.1.0","runs":[{"results":[{"ruleId":"A"}]}],"Runs":[]}`, nil, []string{
			"runs: the member stands there twice; only the last one is read (record)", "runs: the log holds none (nothing)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, problems, err := read(t, "dir/x", test.content)
			require.NoError(t, err)
			var ids []string
			for _, f := range found {
				ids = append(ids, f.ID)
				assert.Empty(t, f.Weaknesses)
				assert.Empty(t, f.CVSS)
			}
			assert.Equal(t, test.ids, ids)
			assert.Equal(t, test.want, problems)
		})
	}
}

func TestLogsThatCantBeRead(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"an older version", `{"version":"2.0.0","runs":[]}`, "x: version: 2.0.0 can't be read, only 2.1.0"},
		{"cut off", string(firmware(t)[:700]), "x: line "},
		{"not UTF-8", "{\"version\":\"2.1.0\",\"runs\":[\"\xe4\"]}", "x: a SARIF log in text that is not UTF-8"},
		{"runs are no list", `{"version":"2.1.0","runs":{"a":1}}`, "x: runs (line 1): a JSON object can't stand here"},
		{"too large", `{"version":"2.1.0","runs":[],"x":"` + strings.Repeat("x", 64<<20) + `"}`, "x: a SARIF log of more than 64 MiB"},
		{"deep nesting", `{"version":"2.1.0","runs":` + strings.Repeat("[", 1_000_000), "x: line 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, _, err := read(t, "x", test.content)
			require.ErrorContains(t, err, test.want)
			assert.Empty(t, found)
		})
	}
}

// A template that names its argument a thousand times does not fill memory.
func TestMessagesHaveAnEnd(t *testing.T) {
	found, _, err := read(t, "x", `{"version":"2.1.0","runs":[{"tool":{"driver":{"rules":[{"id":"A","messageStrings":{"m":{"text":"`+strings.Repeat("{0}", 100_000)+`"}}}]}},`+
		`"results":[{"ruleId":"A","message":{"id":"m","arguments":["`+strings.Repeat("x", 100_000)+`"]}}]}]}`)
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Less(t, len(found[0].Description), 1000)
}

func TestLeavingTheLoop(t *testing.T) {
	n := 0
	for range sarif.Format.Read(t.Context(), "x", bytes.NewReader(firmware(t))) {
		n++
		break
	}
	assert.Equal(t, 1, n)
}

func FuzzSARIF(f *testing.F) {
	f.Add(firmware(f))
	f.Add([]byte(`{"version":"2.1.0","runs":[{"tool":{"driver":{"rules":[null]}},"results":[{"rule":{"toolComponent":{"index":-2},"index":9},"taxa":[{"index":1}],"locations":[{}]}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for found, err := range sarif.Format.Read(t.Context(), "fuzz", bytes.NewReader(b)) {
			var record *finding.RecordError
			if err != nil {
				assert.True(t, strings.HasPrefix(err.Error(), "fuzz: "), err)
				assert.Zero(t, found)
			}
			if err != nil && !errors.As(err, &record) {
				return
			}
			if err == nil {
				assert.NotEmpty(t, found.ID)
				assert.NotEmpty(t, found.Title)
				text := found.ID + found.Title + found.Device + found.Description + found.CVSS + strings.Join(found.Weaknesses, "")
				assert.True(t, utf8.ValidString(text))
				assert.LessOrEqual(t, len(text), 3*len(b)+2000)
			}
		}
	})
}

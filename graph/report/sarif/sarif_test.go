package sarif_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	golib "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/report/sarif"
)

type result struct {
	RuleID       string
	RuleIndex    int
	Level        string
	Rank         float64
	Message      struct{ Text string }
	Locations    []location
	Related      []location        `json:"relatedLocations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Suppressions []struct{ Kind, Status, Justification string }
}

type location struct {
	ID    int
	Place struct {
		File   struct{ URI, URIBaseID string } `json:"artifactLocation"`
		Region struct {
			Line int `json:"startLine"`
		}
	} `json:"physicalLocation"`
}

type rule struct {
	ID, HelpURI string
	Help        struct{ Text, Markdown string }
	Properties  struct {
		Severity string `json:"security-severity"`
		Tags     []string
	}
}

// written also holds the log against the standard's schema.
func written(t *testing.T, a *graph.Assessment) ([]rule, []result) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, sarif.Write(&b, a))
	log, err := golib.FromBytes(b.Bytes())
	require.NoError(t, err)
	require.NoError(t, log.Validate())
	var out struct {
		Runs []struct {
			Tool    struct{ Driver struct{ Rules []rule } }
			Results []result
		}
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &out))
	require.Len(t, out.Runs, 1)
	return out.Runs[0].Tool.Driver.Rules, out.Runs[0].Results
}

func sample() *graph.Assessment {
	return &graph.Assessment{
		Findings: []graph.FindingResult{{ID: "F-1", Source: "b.json"}, {ID: "F-2", Source: "a b.json"}, {ID: "F-3", Source: "/data/c.json"}, {ID: "F-4"}},
		Techniques: []graph.TechniqueResult{{ID: "T0837", FullName: "Loss of Protection", URL: "https://attack.mitre.org/techniques/T0837"},
			{ID: "T0807", FullName: "Command-Line Interface", URL: "https://evil.example/T0807"}},
		Gaps: []graph.Gap{
			{Kind: graph.GapNoMitigation, Technique: "T0837", Findings: []string{"F-1", "F-2", "F-3"}, Devices: []string{"plc-1"}, Score: 0.44, Why: "None is listed.",
				Candidates: []graph.Candidate{{ID: "M0810", Name: "Out-of-Band", Because: []string{"it is alike"}}}},
			{Kind: graph.GapNotDeployed, Technique: "T0807", Findings: []string{"F-3"}, Score: 0.2, Why: "2 exist.", Candidates: []graph.Candidate{{ID: "M0942", Name: "Disable", Score: 0.1}}},
			{Kind: graph.GapNotDeployed, Technique: "T0807", Findings: []string{"F-1"}, Score: 0.1, Why: "2 exist.", Accepted: &graph.Acceptance{By: "J. Doe", Until: "2099-12-31", Why: "No user."}},
			{Kind: graph.GapNoTechnique, Findings: []string{"F-4"}, Score: 0.05, Why: "Nothing follows from CWE-778."},
			{Kind: graph.GapNoTechnique, Findings: []string{"F-2"}, Score: 0.04, Why: "Nothing is known."},
		},
	}
}

func TestWrite(t *testing.T) {
	rules, results := written(t, sample())
	require.Len(t, rules, 3)
	require.Len(t, results, 5)
	for _, r := range results {
		assert.Equal(t, rules[r.RuleIndex].ID, r.RuleID)
	}
	assert.Equal(t, "no_mitigation/T0837", rules[0].ID)
	assert.Equal(t, "https://attack.mitre.org/techniques/T0837", rules[0].HelpURI)
	assert.Empty(t, rules[1].HelpURI, "no address but ATT&CK's")
	assert.Equal(t, "4.4", rules[0].Properties.Severity)
	assert.Contains(t, rules[0].Properties.Tags, "external/attack/T0837")
	assert.Contains(t, rules[0].Help.Text, "Suggestions of this project, not ATT&CK's; the best first:\n- M0810 Out-of-Band: it is alike")
	assert.Contains(t, rules[1].Help.Markdown, "Official mitigation of ATT&CK:\n\n- M0942 Disable")
	assert.Equal(t, "no_technique", rules[2].ID)
	assert.Contains(t, rules[2].Help.Text, "a person has to decide")

	var levels []string
	for _, r := range results {
		levels = append(levels, r.Level)
	}
	assert.Equal(t, []string{"error", "warning", "warning", "note", "note"}, levels)
	assert.Equal(t, 44.0, results[0].Rank)
	assert.Equal(t, "T0837 Loss of Protection: None is listed. Found by F-1, F-2, F-3. A suggestion, not official: M0810 Out-of-Band.", results[0].Message.Text)
	require.Len(t, results[0].Locations, 1)
	assert.Equal(t, "b.json", results[0].Locations[0].Place.File.URI, "where the riskiest finding came from")
	assert.Equal(t, "%SRCROOT%", results[0].Locations[0].Place.File.URIBaseID)
	require.Len(t, results[0].Related, 2)
	assert.Equal(t, "a%20b.json", results[0].Related[0].Place.File.URI)
	assert.Equal(t, "c.json", results[0].Related[1].Place.File.URI)
	assert.Empty(t, results[3].Locations)
	assert.Empty(t, results[1].Suppressions)
	require.Len(t, results[2].Suppressions, 1)
	assert.Equal(t, "Accepted by J. Doe until 2099-12-31: No user.", results[2].Suppressions[0].Justification)
}

// A code host knows a gap again whatever comes and goes around it.
func TestFingerprints(t *testing.T) {
	_, before := written(t, sample())
	a := sample()
	a.Gaps[1].Findings, a.Gaps[1].Devices, a.Gaps[1].Why, a.Gaps[1].Score = []string{"F-9"}, []string{"x", "y"}, "3 exist.", 0.7
	a.Gaps[0], a.Gaps[1] = a.Gaps[1], a.Gaps[0]
	_, after := written(t, a)
	assert.Equal(t, before[1].Fingerprints, after[0].Fingerprints)
	assert.Equal(t, before[0].Fingerprints, after[1].Fingerprints)
	seen := map[string]bool{}
	for _, r := range before {
		print := r.Fingerprints["mitigraphGap/v1"]
		assert.False(t, seen[print], "two gaps look the same")
		seen[print] = true
		assert.Equal(t, print+":1", r.Fingerprints["primaryLocationLineHash"])
	}
	twice := sample()
	twice.Gaps = append(twice.Gaps, twice.Gaps[0])
	_, results := written(t, twice)
	assert.NotEqual(t, results[0].Fingerprints, results[5].Fingerprints)
}

// A file's name is a path in it, whatever it looks like.
func TestAddresses(t *testing.T) {
	for source, want := range map[string]string{
		"javascript:alert(1)": "./javascript:alert%281%29", "https://evil.example/x": "./https://evil.example/x", "a/../b?c#d": "a/../b%3Fc%23d", "\u202e\n": "%E2%80%AE%0A", "\xff": "%EF%BF%BD",
	} {
		_, results := written(t, &graph.Assessment{Findings: []graph.FindingResult{{ID: "F", Source: source}}, Gaps: []graph.Gap{{Kind: graph.GapNoTechnique, Findings: []string{"F"}}}})
		assert.Equal(t, want, results[0].Locations[0].Place.File.URI, fmt.Sprintf("%q", source))
	}
}

// A finding's own place in a file comes before the file that tells of it, and
// leads to nothing but a file.
func TestPlaces(t *testing.T) {
	for at, want := range map[string]place{
		"src/login.c:12": {"src/login.c", "%SRCROOT%", 12}, "lib/a b.jar": {"lib/a%20b.jar", "%SRCROOT%", 1}, "file:///src/x.c:3": {"file:///src/x.c", "", 3},
		"": {"log.sarif", "%SRCROOT%", 1}, "javascript:alert(1):3": {"log.sarif", "%SRCROOT%", 1}, "https://evil.example/x:7": {"log.sarif", "%SRCROOT%", 1},
		"//evil.example/x": {"log.sarif", "%SRCROOT%", 1}, ":5": {"log.sarif", "%SRCROOT%", 1}, "a.c:0": {"a.c", "%SRCROOT%", 1}, "a.c:1234567890123": {"a.c", "%SRCROOT%", 1}, "src/a.c:2147483648": {"src/a.c", "%SRCROOT%", 1},
		"src/a.c:2147483647": {"src/a.c", "%SRCROOT%", 1<<31 - 1}, "src/a.c:-3": {"src/a.c", "%SRCROOT%", 1}, ":3:99999999999": {"log.sarif", "%SRCROOT%", 1},
		"\u202ea.c:4": {"%E2%80%AEa.c", "%SRCROOT%", 4}, "a\n.c:4": {"log.sarif", "%SRCROOT%", 1},
	} {
		_, results := written(t, &graph.Assessment{Findings: []graph.FindingResult{{ID: "F", Source: "log.sarif", Place: at}}, Gaps: []graph.Gap{{Kind: graph.GapNoTechnique, Findings: []string{"F"}}}})
		require.Len(t, results[0].Locations, 1)
		p := results[0].Locations[0].Place
		assert.Equal(t, want, place{p.File.URI, p.File.URIBaseID, p.Region.Line}, "%q", at)
	}
	a := &graph.Assessment{Gaps: []graph.Gap{{Kind: graph.GapNoTechnique}}}
	for i := range 300 {
		a.Findings = append(a.Findings, graph.FindingResult{ID: fmt.Sprint(i), Place: fmt.Sprintf("a.c:%d", i/2+1)})
		a.Gaps[0].Findings = append(a.Gaps[0].Findings, fmt.Sprint(i))
	}
	_, results := written(t, a)
	require.Len(t, results[0].Related, 99)
	assert.Equal(t, 2, results[0].Related[0].Place.Region.Line, "each place once, the riskiest first")
}

type place struct {
	uri, base string
	line      int
}

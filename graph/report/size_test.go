package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/graph"
)

// What people read has the riskiest of a fleet's findings and says what it
// leaves out; what programs read has all.
func TestMany(t *testing.T) {
	const n = 10_000
	a := &graph.Assessment{}
	all := graph.TechniqueResult{ID: "T0814", Name: "Denial of Service", Tactics: []string{"Inhibit Response Function"}}
	gap := graph.Gap{Kind: graph.GapNotDeployed, Technique: "T0814"}
	for i := range n {
		id, device := fmt.Sprint("F-", i), fmt.Sprint("device-", i)
		a.Findings = append(a.Findings, graph.FindingResult{ID: id, Title: "Runs out of memory", Source: fmt.Sprint("file-", i), Device: device, Weaknesses: []string{"CWE-400"},
			Status: graph.Mapped, Score: float64(i) / n, Techniques: []graph.FindingTechnique{{ID: "T0814", Via: []graph.Via{{Weakness: "CWE-400", Provenance: graph.Analyst, Source: "mapping"}}}}})
		all.Findings, all.Devices = append(all.Findings, id), append(all.Devices, device)
		a.Warnings = append(a.Warnings, graph.Warning{Source: "w", Message: id})
	}
	gap.Findings, gap.Devices = all.Findings, all.Devices
	a.Techniques, a.Gaps = []graph.TechniqueResult{all}, []graph.Gap{gap}
	for i := range 2 * 2001 {
		g := graph.Gap{Kind: graph.GapNoTechnique, Why: fmt.Sprint("why ", i), Findings: []string{"F-1"}, Score: 0.3}
		if i >= 2001 {
			g.Kind, g.Technique, g.Accepted = graph.GapNoDetection, "T0814", &graph.Acceptance{By: "me"}
		}
		a.Gaps = append(a.Gaps, g)
	}
	for i := range a.Gaps {
		a.Drafts = append(a.Drafts, graph.Draft{Gap: i})
	}
	for _, f := range formats(t) {
		got := written(t, f, a)
		switch f.name {
		case "html", "html alone", "markdown":
			assert.Less(t, len(got), 4<<20)
			for _, want := range []string{"8000 more findings of a risk of 0.80 or less (", "… and 1 more gap of a risk of 0.30 or less (", "8000 more warnings ("} {
				assert.Contains(t, got, want, f.name)
			}
			assert.Contains(t, got, "F-8000", f.name)
			assert.NotContains(t, got, "F-7999", f.name)
			if f.name != "markdown" {
				assert.Contains(t, got, "2003 more drafts")
				ids := map[string]bool{}
				all := elements(t, got)
				for _, e := range all {
					ids[e.attrs["id"]] = true
				}
				for _, e := range all {
					if to, inside := strings.CutPrefix(e.attrs["href"], "#"); inside {
						assert.True(t, ids[to], "nothing is called %s", to)
					}
				}
			}
		case "json":
			assert.Equal(t, n, strings.Count(got, `"title": "Runs out of memory"`))
		case "stix":
			assert.Equal(t, n, strings.Count(got, `"type":"vulnerability"`))
		case "sarif":
			assert.Equal(t, len(a.Gaps), strings.Count(got, `"ruleIndex":`))
		}
	}
}

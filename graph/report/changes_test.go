package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/graph"
)

// What changed is told as far as it can be seen, and under names that say which
// releases were compared.
func TestChanges(t *testing.T) {
	tech := func(id string, score float64, findings int, mitigations ...graph.TechniqueMitigation) *graph.TechniqueResult {
		return &graph.TechniqueResult{ID: id, Name: "x", Score: score, Findings: make([]string, findings), Mitigations: mitigations}
	}
	m := func(id string, deployed bool) graph.TechniqueMitigation {
		return graph.TechniqueMitigation{ID: id, Deployed: deployed}
	}
	for name, c := range map[string]struct {
		before, after *graph.TechniqueResult
		want          string // empty for no line
	}{
		"risk":            {tech("T0800", 0.2, 1), tech("T0800", 0.3, 1), "= T0800 x: risk 0.30, was 0.20"},
		"risk, unseen":    {tech("T0800", 0.201, 1), tech("T0800", 0.202, 1), ""},
		"mitigations":     {tech("T0800", 0.2, 1), tech("T0800", 0.2, 1, m("M0801", false)), "= T0800 x: 1 mitigation, was 0"},
		"other ones":      {tech("T0800", 0.2, 1, m("M0802", false)), tech("T0800", 0.2, 1, m("M0801", false)), "= T0800 x: other mitigations"},
		"deployed":        {tech("T0800", 0.2, 1, m("M0801", false)), tech("T0800", 0.1, 1, m("M0801", true)), "= T0800 x: risk 0.10, was 0.20; other mitigations are deployed or feasible"},
		"findings":        {tech("T0800", 0.2, 1), tech("T0800", 0.2, 2), "= T0800 x: 2 findings, was 1"},
		"became":          {tech("T0855", 0.2, 1), tech("T0800", 0.2, 1), "= T0855 x became T0800 x (risk 0.20)"},
		"became and rose": {tech("T0855", 0.2, 1), tech("T0800", 0.25, 1), "= T0855 x became T0800 x (risk 0.25, was 0.20)"},
		"new":             {nil, tech("T0800", 0.2, 1), "+ T0800 x is open now (risk 0.20)"},
		"gone":            {tech("T0800", 0.2, 1), nil, "- T0800 x is not open any more"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &graph.Assessment{Changes: &graph.Comparison{Techniques: []graph.Change[graph.TechniqueResult]{{Before: c.before, After: c.after}}}}
			got := text(t, a)
			if c.want == "" {
				assert.NotContains(t, got, "T0800")
				return
			}
			assert.Contains(t, got, "\n  "+c.want+"\n")
		})
	}
	for want, c := range map[string]graph.Comparison{
		"WHAT CHANGED  from release 18.1 to 19.1":                                  {Before: graph.AttackRelease{Version: "18.1"}, After: graph.AttackRelease{Version: "19.1"}},
		"WHAT CHANGED  from release 19.1 to a bundle without a version (old.json)": {Before: graph.AttackRelease{Version: "19.1"}, After: graph.AttackRelease{Source: "old.json"}},
		"WHAT CHANGED  from a bundle without a version (old.json) to release 19.1": {Before: graph.AttackRelease{Source: "old.json"}, After: graph.AttackRelease{Version: "19.1"}},
	} {
		assert.Contains(t, text(t, &graph.Assessment{Changes: &c}), want+"\n")
	}
}

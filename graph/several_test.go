package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// What only one of several devices rules out, or only one of many is bound by,
// stays in sight where the devices share a gap; a finding on devices that
// differ is told once.
func TestOneDeviceOfSeveral(t *testing.T) {
	catalog, err := mitre.Embedded()
	require.NoError(t, err)
	site := graph.SiteDescription{Devices: []graph.Device{{ID: "sis-1", Asset: "A0010", Constraints: []string{"safety_certified"}}}}
	found := []finding.Finding{{ID: "F-0", Title: "on all", Weaknesses: []string{"CWE-78"}}}
	for i := range 5 {
		id := fmt.Sprintf("aaa-%d", i)
		site.Devices = append(site.Devices, graph.Device{ID: id, Asset: "A0003"})
		found = append(found, finding.Finding{ID: "F-" + id, Device: id, Weaknesses: []string{"CWE-78"}})
	}
	found = append(found, finding.Finding{ID: "F-sis", Device: "sis-1", Weaknesses: []string{"CWE-78"}})
	found[0].Products = []string{"p"}
	for i := range site.Devices {
		site.Devices[i].Products = []string{"p"}
	}
	g, err := graph.New(t.Context(), graph.Attack(catalog), graph.Knowledge(), graph.SiteFacts(site), graph.Findings(found...))
	require.NoError(t, err)
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	checked := false
	for i, gap := range a.Gaps {
		assert.Len(t, slices.Compact(slices.Sorted(slices.Values(gap.Findings))), len(gap.Findings), "%s: a finding twice", gap.Technique)
		if gap.Technique != "T0807" || gap.Kind != graph.GapNotDeployed {
			continue
		}
		checked = true
		evidence, err := g.Snapshot().Evidence(a, i)
		require.NoError(t, err)
		assert.True(t, slices.ContainsFunc(evidence, func(e graph.Evidence) bool {
			return strings.Contains(e.Text, "sis-1") && strings.Contains(e.Text, "safety_certified")
		}), "the safety controller's constraint is not told")
		c := gap.Candidates[slices.IndexFunc(gap.Candidates, func(c graph.Candidate) bool { return c.ID == "M0938" })]
		assert.Contains(t, c.Because, "ruled out on 1 of 6 devices by safety_certified")
	}
	assert.True(t, checked)
	technique := a.Techniques[slices.IndexFunc(a.Techniques, func(r graph.TechniqueResult) bool { return r.ID == "T0807" })]
	m := technique.Mitigations[slices.IndexFunc(technique.Mitigations, func(m graph.TechniqueMitigation) bool { return m.ID == "M0938" })]
	assert.True(t, m.Feasible)
	assert.True(t, strings.HasPrefix(m.Why, "ruled out on 1 of 6 devices by safety_certified ("), m.Why)
}

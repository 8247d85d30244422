package graph_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// A finding about a product is on the devices that are this product, with
// their controls and the remedies for them.
func TestFindingsOnProducts(t *testing.T) {
	site, err := graph.ReadSite(t.Context(), "site.json", strings.NewReader(`{"site":"works","devices":[
		{"id":"plc-2","products":["ep-100"],"deployed":["M0801"]},{"id":"plc-1","products":["Other","EP-100","ep-100","Pump Controller"]},
		{"id":"hmi-1","products":["Valve Panel"],"deployed":["M0801"]},{"id":"Named","products":["EP-100"]}]}`))
	require.NoError(t, err)
	c, err := mitre.Embedded()
	require.NoError(t, err)
	remedies := []finding.Remedy{
		{Category: "vendor_fix", Text: "Update.", Products: []string{"Valve Panel"}},
		{Category: "workaround", Text: "Wait."}, {Category: "no_fix_planned", Products: []string{"EP-100"}},
	}
	one := finding.Finding{Weaknesses: []string{"CWE-798"}, Remedies: remedies, Products: []string{"Examplia Pump", "EP-100"}, Device: "Examplia Pump"}
	named, panel, stray, plain := one, one, one, one
	one.ID, named.ID, panel.ID, stray.ID, plain.ID = "one", "named", "panel", "stray", "plain"
	named.Device = "Named"
	panel.Products, panel.Device = nil, "valve  PANEL"
	stray.Products = []string{"EP-1000"}
	plain.Products, plain.Device, plain.Weaknesses = []string{"Pump Controller"}, "", nil
	g, err := graph.New(t.Context(), graph.Attack(c), graph.Knowledge(), graph.SiteFacts(site), graph.Findings(one, named, panel, stray, plain))
	require.NoError(t, err)
	defer g.Close()
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	var devices [][]string
	for _, f := range a.Findings {
		devices = append(devices, f.Devices)
	}
	assert.Equal(t, [][]string{{"Named", "plc-1", "plc-2"}, nil, {"hmi-1"}, nil, {"plc-1"}}, devices)
	assert.Equal(t, remedies[1:], a.Findings[0].Remedies)
	assert.Equal(t, remedies[:2], a.Findings[2].Remedies)
	assert.Equal(t, remedies, a.Findings[3].Remedies)
	for _, tech := range a.Techniques {
		if tech.ID == "T1694.002" {
			assert.Equal(t, []string{"named", "one", "panel", "stray"}, tech.Findings)
			assert.Equal(t, []string{"Examplia Pump", "Named", "hmi-1", "plc-1", "plc-2"}, tech.Devices)
		}
	}
	for _, gap := range a.Gaps {
		switch {
		case gap.Kind == graph.GapNoTechnique:
			assert.Equal(t, []string{"plc-1"}, gap.Devices)
		case gap.Kind == graph.GapNotDeployed && gap.Technique == "T1694.002":
			assert.Equal(t, []string{"Examplia Pump", "Named", "plc-1"}, gap.Devices)
		}
	}

	site.Devices[0].Products[0] = " \u200b"
	_, err = graph.New(t.Context(), graph.Attack(c), graph.Knowledge(), graph.SiteFacts(site))
	assert.ErrorContains(t, err, "site.json: devices[0].products[0]: a product without a name")
}

// The remedy that helps most comes first, and what a maker says of everything
// last of its kind.
func TestRemediesByUse(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	said := []finding.Remedy{
		{Category: "none_available", Text: "1"}, {Category: "hope", Text: "2"}, {Category: "mitigation", Text: "3"}, {Category: "workaround", Text: "4"},
		{Category: "no_fix_planned", Text: "5"}, {Category: "vendor_fix", Text: "6"}, {Category: "mitigation", Text: "7", Products: []string{"EP-100"}}, {Category: "vendor_fix", Text: "8"},
	}
	g, err := graph.New(t.Context(), graph.Attack(c), graph.Knowledge(), graph.Findings(finding.Finding{ID: "F", Remedies: said}))
	require.NoError(t, err)
	defer g.Close()
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	texts := func(list []finding.Remedy) (out string) {
		for _, r := range list {
			out += r.Text
		}
		return out
	}
	assert.Equal(t, "68734512", texts(a.Findings[0].Remedies))
	f, _ := g.Snapshot().Finding("F")
	assert.Equal(t, "12345678", texts(f.Remedies), "the finding itself stays as it is")
	e, err := g.Snapshot().EvidenceAbout(a, "F")
	require.NoError(t, err)
	var told string
	for _, s := range e {
		told += s.Text + "\n"
	}
	assert.Less(t, strings.Index(told, `("vendor_fix"): "6"`), strings.Index(told, `("mitigation"): "7"`))
	assert.Contains(t, told, `("mitigation"): "3"`)
	assert.NotContains(t, told, `"4"`, "of four the last are counted")
}

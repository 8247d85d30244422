package graph

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// One deployed mitigation takes a technique out of the plan, not out of sight:
// it is told with its whole risk, where it is so, and with what can be deployed
// beside it.
func TestRestsOnOne(t *testing.T) {
	fs := []finding.Finding{
		{ID: "F-1", Device: "plc-1", Techniques: []string{"T0866", "T0814"}, CVSS: "9.8", KEV: true},
		{ID: "F-2", Device: "plc-2", Techniques: []string{"T0866"}, CVSS: "5.0"},
	}
	a := assessed(t, SiteDescription{Deployed: []string{"M0930"}, Devices: []Device{{ID: "plc-1"}, {ID: "plc-2"}}}, fs...)
	for _, p := range a.Plan {
		for _, c := range p.Closes {
			assert.NotEqual(t, "T0866", c.Technique)
		}
	}
	require.Len(t, a.RestsOnOne, 1)
	r := a.RestsOnOne[0]
	assert.Equal(t, "T0866", r.Technique)
	assert.Equal(t, "M0930", r.Mitigation)
	assert.Equal(t, []string{"plc-1", "plc-2"}, r.Devices)
	assert.Equal(t, a.Findings[0].Techniques[0].ID, "T0814")
	assert.InDelta(t, 0.98*0.9*0.95, r.Score, 1e-4, "nothing is taken off for what is deployed")
	require.NotEmpty(t, r.Next)
	assert.NotEqual(t, "M0930", r.Next)

	// With the next one deployed on the first, only the second rests on one.
	a = assessed(t, SiteDescription{Deployed: []string{"M0930"}, Devices: []Device{{ID: "plc-1", Deployed: []string{r.Next}}, {ID: "plc-2"}}}, fs...)
	require.Len(t, a.RestsOnOne, 1)
	assert.Equal(t, []string{"plc-2"}, a.RestsOnOne[0].Devices)
	assert.InDelta(t, 0.5*0.5*0.9*0.95, a.RestsOnOne[0].Score, 1e-4)

	// T0814 has one mitigation: nothing can be deployed beside it.
	a = assessed(t, SiteDescription{Deployed: []string{"M0815"}}, fs[0])
	require.Len(t, a.RestsOnOne, 1)
	assert.Equal(t, RestsOnOne{Technique: "T0814", Mitigation: "M0815", Devices: []string{"plc-1"}, Score: a.RestsOnOne[0].Score}, a.RestsOnOne[0])

	// What a device can't have is not next.
	for limit, next := range map[string]string{"no_patch": "M0938", "no_agent": ""} {
		a = assessed(t, SiteDescription{Devices: []Device{{ID: "d", Deployed: []string{"M0942"}, Constraints: []string{limit}}}}, finding.Finding{ID: "F", Device: "d", Techniques: []string{"T0807"}})
		require.Len(t, a.RestsOnOne, 1)
		assert.Equal(t, next, a.RestsOnOne[0].Next, limit)
	}
	assert.Empty(t, assessed(t, SiteDescription{}, fs...).RestsOnOne)
	assert.NotNil(t, assessed(t, SiteDescription{}, fs...).RestsOnOne)
}

// assessed assesses with the knowledge that the module has.
func assessed(t *testing.T, site SiteDescription, fs ...finding.Finding) *Assessment {
	t.Helper()
	return assess(t, newGraph(t, SiteFacts(site), Findings(fs...)))
}

// A judgement that nothing follows is told from a want of one.
func TestJudged(t *testing.T) {
	for _, test := range []struct {
		weaknesses []string
		judged     bool
		why        string
	}{
		{[]string{"CWE-778"}, true, "No technique follows from CWE-778: "},
		{[]string{"CWE-1037"}, false, "Neither CWE-1037 nor a weakness above it is mapped to a technique."},
		{[]string{"CWE-1037", "CWE-778"}, false, " Neither CWE-1037 nor a weakness above it is mapped to a technique."},
		{[]string{"CWE-778", "CWE-99999"}, false, "No technique follows from CWE-778: "},
		{[]string{"CWE-798"}, false, ""},
		{nil, false, "neither a weakness nor a technique"},
	} {
		f := assessed(t, SiteDescription{}, finding.Finding{ID: "F", Weaknesses: test.weaknesses}).Findings[0]
		assert.Equal(t, test.judged, f.Judged, "%v", test.weaknesses)
		assert.Contains(t, f.Why, test.why)
	}
}

// What nobody was asked about nobody said; and a draft, which is handed on, has
// no folders of this machine.
func TestEvidenceOfWhatNobodySaid(t *testing.T) {
	f := finding.Finding{ID: "F", Device: "d", Techniques: []string{"T1694.002"}, Source: "/home/somebody/advisories/a.json"}
	of := func(g *Graph) []Evidence {
		s := g.Snapshot()
		a := assess(t, g)
		require.Equal(t, GapNotDeployed, a.Gaps[0].Kind)
		list, err := s.Evidence(a, 0)
		require.NoError(t, err)
		return list
	}
	has := func(list []Evidence, kind Kind, source, text string) {
		t.Helper()
		for _, e := range list {
			if e.Provenance == string(kind) && e.Source == source && e.Text == text {
				return
			}
		}
		assert.Failf(t, "missing", "%s %s %q in %+v", kind, source, text, list)
	}
	list := of(newGraph(t, Findings(f)))
	has(list, Official, "ATT&CK ics-attack 19.1", "1 mitigation exists; nobody said what is deployed on d.")
	for _, e := range list {
		assert.NotContains(t, e.Source, "/")
		assert.NotContains(t, e.Text, "not deployed")
		if e.Provenance == string(Site) {
			assert.Equal(t, "a.json", e.Source, "the site said nothing")
		}
	}
	has(of(newGraph(t, Findings(f), SiteFacts(SiteDescription{}))), Site, "findings and site", "1 mitigation exists, none deployed on d.")
}

func TestConstraintsAreNamed(t *testing.T) {
	a := assessed(t, SiteDescription{Devices: []Device{{ID: "d", Constraints: []string{"no_patch", "no_agent"}}, {ID: "e"}}})
	assert.Equal(t, []DeviceResult{{ID: "d", Constraints: []string{"no_agent", "no_patch"}}, {ID: "e"}}, a.Site.Devices)
}

// The same of what a technique's evidence says.
func TestEvidenceAboutWhatNobodySaid(t *testing.T) {
	for _, test := range []struct {
		site   []Source
		source string
		text   string
	}{
		{nil, "ATT&CK ics-attack 19.1", "M0801 Access Management mitigates T1694.002 Hardcoded Credentials; it is feasible, and nobody said whether it is deployed."},
		{[]Source{SiteFacts(SiteDescription{})}, "ATT&CK ics-attack 19.1 and site", "M0801 Access Management mitigates T1694.002 Hardcoded Credentials; it is feasible and not deployed everywhere it is open."},
	} {
		g := newGraph(t, append(test.site, Findings(finding.Finding{ID: "F", Device: "d", Techniques: []string{"T1694.002"}}))...)
		list, err := g.Snapshot().EvidenceAbout(assess(t, g), "T1694.002")
		require.NoError(t, err)
		var found bool
		for _, e := range list {
			found = found || e.Source == test.source && e.Text == test.text
		}
		assert.True(t, found, "%q in %+v", test.text, list)
	}
}

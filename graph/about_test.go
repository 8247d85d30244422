package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

func aboutSite(t testing.TB) (*graph.Snapshot, *graph.Assessment) {
	t.Helper()
	site, err := graph.ReadSite(t.Context(), "site.json", strings.NewReader(`{"site":"works","deployed":["M0953"],"devices":[
		{"id":"plc-1","asset":"A0003","constraints":["no_auth","no_patch"],"deployed":["M0930"]},{"id":"hmi-1","products":["Panel 7"]}]}`))
	require.NoError(t, err)
	c, err := mitre.Embedded()
	require.NoError(t, err)
	g, err := graph.New(t.Context(), graph.Attack(c), graph.Knowledge(), graph.SiteFacts(site), graph.Findings(
		finding.Finding{ID: "F-1", Device: "plc-1", Title: "Ignore M9999\x1b[31m", Weaknesses: []string{"CWE-306"}, Techniques: []string{"T0866"}, KEV: true,
			CVSS:     "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H",
			Remedies: []finding.Remedy{{Category: "vendor_fix", Text: "Update to 2.0."}}},
		finding.Finding{ID: "F-2", Device: "Panel 7", Techniques: []string{"T0837"}},
		finding.Finding{ID: "F-3", Device: "stray"},
	))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.Close()) })
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	return g.Snapshot(), a
}

func TestEvidenceAbout(t *testing.T) {
	s, a := aboutSite(t)
	cases := []struct {
		ids  []string
		want []string // parts of statements, in order
	}{
		{[]string{"T0837"}, []string{"T0837 Loss of Protection serves the tactic Impact.", `T0837 is open on "hmi-1" through "F-2"`, "ATT&CK lists no mitigation for T0837", "ATT&CK names nothing to collect that shows T0837"}},
		{[]string{"T0855"}, []string{"T1692.001"}}, // revoked: its successor
		{[]string{"T1692.001"}, []string{"M0930 Network Segmentation mitigates T1692.001 Command Message and is deployed wherever it is open.", "it is feasible and not deployed", "T1692.001 Command Message can be seen in DC"}},
		{[]string{"T0866"}, []string{"M0951 Update Software mitigates T0866 Exploitation of Remote Services; the devices do not allow it ("}},
		{[]string{"T0865"}, []string{"No finding of this site opens T0865.", "M0931 Network Intrusion Prevention mitigates T0865"}},
		{[]string{"M0930"}, []string{"M0930 Network Segmentation mitigates", "it is deployed wherever it is needed", "is asked for by IEC 62443"}},
		{[]string{"M0922"}, []string{"M0922 Restrict File and Directory Permissions"}},
		{[]string{"F-1"}, []string{`Finding "F-1" on "plc-1": "Ignore M9999[31m" (CVSS`, `Affected by "F-1": yes ("plc-1")`, `Reach of "F-1": adjacent`, "known to be exploited", "CWE-306", `The maker says about "F-1" ("vendor_fix"): "Update to 2.0.".`}},
		{[]string{"finding:F-2"}, []string{`Affected by "F-2": likely ("hmi-1")`, `Reach of "F-2": unknown`}},
		{[]string{"F-3"}, []string{`Affected by "F-3": unknown`, `"F-3" leads to no technique`}},
		{[]string{"plc-1"}, []string{"A0003", "no_auth", `Deployed on device "plc-1": M0930 Network Segmentation, M0953 Data Backup.`}},
		{[]string{"device:stray"}, []string{`Device "stray" is named by findings; the site does not describe it`}},
		{[]string{"T0837", "F-2", "T0837", "hmi-1"}, []string{"T0837 Loss of Protection serves", `Finding "F-2"`, `Deployed on device "hmi-1"`}},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.ids, " "), func(t *testing.T) {
			got, err := s.EvidenceAbout(a, c.ids...)
			require.NoError(t, err)
			all, seen := "", map[string]bool{}
			for i, e := range got {
				assert.Equal(t, fmt.Sprintf("E%d", i+1), e.Handle)
				assert.Equal(t, graph.IDsIn(e.Text), e.IDs)
				assert.False(t, seen[e.Text], e.Text)
				assert.NotContains(t, e.Text, "%!")
				assert.NotContains(t, e.Text, "\x1b")
				if strings.Contains(e.Text, `"`) {
					assert.Equal(t, "site", e.Provenance, e.Text)
				}
				seen[e.Text] = true
				all += e.Text + "\n"
			}
			rest := all
			for _, w := range c.want {
				_, after, ok := strings.Cut(rest, w)
				assert.True(t, ok, "no %q in\n%s", w, all)
				rest = after
			}
			again, err := s.EvidenceAbout(a, c.ids...)
			require.NoError(t, err)
			assert.Equal(t, got, again)
		})
	}

	none, err := s.EvidenceAbout(a)
	require.NoError(t, err)
	assert.Empty(t, none)
	_, err = s.EvidenceAbout(a, "T9999")
	assert.ErrorIs(t, err, graph.ErrUnknownNode)
	_, err = s.EvidenceAbout(a, "TA0105")
	assert.ErrorContains(t, err, `"TA0105" is no technique, mitigation, finding or device`)
	_, err = s.EvidenceAbout(nil, "T0837")
	assert.ErrorContains(t, err, "the assessment is nil")
}

func TestStanding(t *testing.T) {
	_, a := aboutSite(t)
	for id, want := range map[string][2]string{"F-1": {"yes", "adjacent"}, "F-2": {"likely", "unknown"}, "F-3": {"unknown", "unknown"}} {
		got, err := a.Standing(id)
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{got.Affected, got.Reachable}, id)
		assert.NotEmpty(t, got.WhyAffected)
		assert.NotEmpty(t, got.WhyReachable)
	}
	a.Site = nil
	got, err := a.Standing("F-1")
	require.NoError(t, err)
	assert.Equal(t, "unknown", got.Affected)
	for vector, want := range map[string]string{"CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": "physical", "AV:L/AC:L/Au:N/C:P/I:P/A:P": "local", "AV:N/AC:L/Au:N/C:P/I:P/A:P": "network", "x": "unknown"} {
		a.Findings[0].CVSS = vector
		got, err := a.Standing("F-1")
		require.NoError(t, err)
		assert.Equal(t, want, got.Reachable, vector)
	}
	_, err = a.Standing("F-9")
	assert.ErrorIs(t, err, graph.ErrUnknownNode)
	_, err = (*graph.Assessment)(nil).Standing("F-1")
	assert.ErrorIs(t, err, graph.ErrUnknownNode)
}

package graph

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// onDay assesses on a day, such as 2026-11-24; empty for none.
func onDay(t *testing.T, day string, site SiteDescription, fs ...finding.Finding) *Assessment {
	t.Helper()
	g, err := New(t.Context(), testSources(t, SiteFacts(site), Findings(fs...))...)
	require.NoError(t, err)
	defer g.Close()
	s := g.Snapshot()
	if day != "" {
		d, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		s = s.At(d)
	}
	a, err := s.Assess(t.Context())
	require.NoError(t, err)
	return a
}

func TestAcceptedGaps(t *testing.T) {
	fs := []finding.Finding{
		{ID: "dos a", Device: "a", Weaknesses: []string{"CWE-400"}}, {ID: "dos b", Device: "b", Weaknesses: []string{"CWE-400"}},
		{ID: "relay", Device: "a", Techniques: []string{"T0837"}}, {ID: "odd", Device: "b"},
	}
	yes := func(a Acceptance) Acceptance {
		a.By, a.Why = "plant manager", "It goes out of service."
		return a
	}
	for _, test := range []struct {
		name, day string
		accepted  Acceptance
		want      []string // kind, technique, devices of what is accepted
		plan      int      // steps
		warning   string
	}{
		{"on one device", "", Acceptance{Kind: GapNotDeployed, Technique: "T0814", Device: "a"}, []string{"not_deployed T0814 a"}, 1, ""},
		{"wherever it is", "", Acceptance{Kind: GapNotDeployed, Technique: "T0814"}, []string{"not_deployed T0814 a b"}, 0, ""},
		{"another kind", "", Acceptance{Kind: GapNotFeasible, Technique: "T0814"}, nil, 1, "accepted[0]: it matches no gap: T0814 (not_feasible)"},
		{"where it is not", "", Acceptance{Kind: GapNoMitigation, Technique: "T0837", Device: "b"}, nil, 1, "accepted[0]: it matches no gap"},
		{"no mitigation", "", Acceptance{Kind: GapNoMitigation, Technique: "T0837"}, []string{"no_mitigation T0837 a"}, 1, ""},
		{"no detection", "", Acceptance{Kind: GapNoDetection, Technique: "T0837"}, []string{"no_detection T0837 a"}, 1, ""},
		{"a finding", "", Acceptance{Kind: GapNoTechnique, Finding: "odd"}, []string{"no_technique  b"}, 1, ""},
		{"the last day", "2027-01-31", Acceptance{Kind: GapNoMitigation, Technique: "T0837", Until: "2027-01-31"}, []string{"no_mitigation T0837 a"}, 1, ""},
		{"the day after", "2027-02-01", Acceptance{Kind: GapNoMitigation, Technique: "T0837", Until: "2027-01-31"}, nil, 1,
			"accepted[0]: the acceptance of T0837 (no_mitigation) by plant manager ended on 2027-01-31; the gap is open again"},
		{"no day", "", Acceptance{Kind: GapNoMitigation, Technique: "T0837", Until: "2001-01-31"}, []string{"no_mitigation T0837 a"}, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			site := SiteDescription{Site: "s", Devices: []Device{{ID: "a"}, {ID: "b"}}}
			before := onDay(t, test.day, site, fs...)
			site.Accepted = []Acceptance{yes(test.accepted)}
			a := onDay(t, test.day, site, fs...)
			var got []string
			open := 0
			for _, g := range a.Gaps {
				if g.Accepted == nil {
					open += max(1, len(g.Devices))
					continue
				}
				assert.Equal(t, yes(test.accepted), *g.Accepted)
				got = append(got, string(g.Kind)+" "+g.Technique+" "+strings.Join(g.Devices, " "))
			}
			assert.Equal(t, test.want, got)
			was := 0
			for _, g := range before.Gaps {
				was += max(1, len(g.Devices))
			}
			for _, g := range a.Gaps {
				if g.Accepted != nil {
					open += max(1, len(g.Devices))
				}
			}
			assert.Equal(t, was, open, "every gap stays")
			assert.Equal(t, before.Techniques, a.Techniques, "and so does every score")
			assert.Len(t, a.Plan, test.plan)
			if test.warning == "" {
				assert.Empty(t, a.Warnings)
				return
			}
			require.Len(t, a.Warnings, 1)
			assert.Contains(t, a.Warnings[0].String(), test.warning)
		})
	}
}

func TestAcceptedSurvivesOtherViews(t *testing.T) {
	site := SiteDescription{Site: "s", Devices: []Device{{ID: "a"}}, Accepted: []Acceptance{
		{Kind: GapNoMitigation, Technique: "T0837", By: "b", Until: "2027-01-31", Why: "w"}}}
	g, err := New(t.Context(), testSources(t, SiteFacts(site), Findings(finding.Finding{ID: "F", Device: "a", Techniques: []string{"T0837"}}))...)
	require.NoError(t, err)
	defer g.Close()
	late := g.Snapshot().At(time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC))
	supposed, err := late.Suppose(Supposition{Deploy: []string{"M0801"}})
	require.NoError(t, err)
	again, err := late.On("19.1")
	require.NoError(t, err)
	for name, s := range map[string]*Snapshot{"Suppose": supposed, "On": again} {
		a, err := s.Assess(t.Context())
		require.NoError(t, err)
		require.Len(t, a.Warnings, 1, name)
		assert.Contains(t, a.Warnings[0].Message, "ended on 2027-01-31", name)
	}
}

func TestBadAcceptances(t *testing.T) {
	good := Acceptance{Kind: GapNoMitigation, Technique: "T0837", By: "b", Why: "w"}
	for want, change := range map[string]func(*Acceptance){
		`accepted[0].kind: unknown kind of gap "none"; known are no_mitigation`: func(a *Acceptance) { a.Kind = "none" },
		`accepted[0].technique: technique "T9999" is not in`:                    func(a *Acceptance) { a.Technique = "T9999" },
		`accepted[0].technique: M0801 is Access Management`:                     func(a *Acceptance) { a.Technique = "M0801" },
		`accepted[0].finding: a gap of the kind no_technique`:                   func(a *Acceptance) { a.Kind = GapNoTechnique },
		`accepted[0].finding: only gaps`:                                        func(a *Acceptance) { a.Finding = "F" },
		`accepted[0].technique: a gap of the kind no_technique has none`:        func(a *Acceptance) { a.Kind, a.Finding = GapNoTechnique, "F" },
		`accepted[0].device: the site describes no device "c"`:                  func(a *Acceptance) { a.Device = "c" },
		`accepted[0].by: somebody`:                                              func(a *Acceptance) { a.By = " " },
		`accepted[0].why: want a reason`:                                        func(a *Acceptance) { a.Why = "" },
		`accepted[0].until: "31.1.2027" is no day`:                              func(a *Acceptance) { a.Until = "31.1.2027" },
	} {
		bad := good
		change(&bad)
		_, err := New(t.Context(), testSources(t, SiteFacts(SiteDescription{Devices: []Device{{ID: "a"}}, Accepted: []Acceptance{bad}}))...)
		assert.ErrorContains(t, err, want)
	}
}

package graph

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

func coverage(t testing.TB, s *Snapshot) *Coverage {
	t.Helper()
	c, err := s.Coverage(t.Context())
	require.NoError(t, err)
	return c
}

func row(t testing.TB, c *Coverage, id string) MitigationCoverage {
	t.Helper()
	i := slices.IndexFunc(c.Mitigations, func(m MitigationCoverage) bool { return m.ID == id })
	require.GreaterOrEqual(t, i, 0, id)
	return c.Mitigations[i]
}

// Every live mitigation is reached or says why it is not, and what is said of
// techniques and questions follows from the rows and the release alone.
func TestCoverageIsConsistent(t *testing.T) {
	g := newGraph(t, Findings(
		finding.Finding{ID: "F-2", Techniques: []string{"T0814", "T0860"}},
		finding.Finding{ID: "F-1", Techniques: []string{"T0860", "T0837"}},
	))
	s := g.Snapshot()
	c := coverage(t, s)
	catalog := embedded(t)

	require.Len(t, c.Areas, 5)
	assert.Equal(t, "vulnerability_detection", c.Areas[0].ID)
	reach := map[string]Reach{}
	counts := ReachCounts{}
	for m := range mitre.Live[*mitre.Mitigation](catalog) {
		r := row(t, c, m.ID)
		reach[m.ID] = r.Reach
		switch r.Reach {
		case ReachNone:
			assert.Empty(t, r.Helps, m.ID)
			assert.NotEmpty(t, r.Why, m.ID)
			counts.Unreached++
		case ReachDirect, ReachSupporting:
			assert.NotEmpty(t, r.Helps, m.ID)
			assert.Empty(t, r.Why, m.ID)
			direct := slices.ContainsFunc(r.Helps, func(h Help) bool { return h.Reach == ReachDirect })
			assert.Equal(t, direct, r.Reach == ReachDirect, m.ID)
			if direct {
				counts.Direct++
			} else {
				counts.Supporting++
			}
		default:
			t.Errorf("%s: reach %q", m.ID, r.Reach)
		}
		for _, h := range r.Helps {
			assert.Equal(t, Analyst, h.Provenance)
			assert.Contains(t, h.Source, "mitigraph coverage")
			assert.NotEmpty(t, h.How)
			assert.NotEmpty(t, h.Risk)
			assert.NotEmpty(t, h.Rationale)
		}
	}
	assert.Len(t, c.Mitigations, len(reach))
	assert.Equal(t, counts, c.OfMitigations)
	assert.Equal(t, ReachNone, reach["M0816"])
	assert.Empty(t, row(t, c, "M0816").Techniques, "the placeholder never counts")

	// A slow reading of the release: which techniques are left open?
	open, all := map[string]OpenReason{}, 0
	for tech := range mitre.Live[*mitre.Technique](catalog) {
		all++
		usable, reached, placeholder := 0, false, false
		for r := range catalog.To(tech, mitre.Mitigates) {
			m, ok := r.Source.(*mitre.Mitigation)
			switch {
			case !ok || !r.Live() || !m.Live():
			case m.ID == "M0816":
				placeholder = true
			default:
				usable++
				reached = reached || reach[m.ID] != ReachNone
			}
		}
		switch {
		case usable > 0 && !reached:
			open[tech.ID] = OpenUnreached
		case usable == 0 && placeholder:
			open[tech.ID] = OpenPlaceholder
		case usable == 0:
			open[tech.ID] = OpenNoMitigation
		}
	}
	got := map[string]OpenReason{}
	for _, o := range c.Open {
		got[o.ID] = o.Reason
		assert.NotContains(t, o.Mitigations, "M0816")
		assert.Equal(t, o.Reason == OpenUnreached, len(o.Mitigations) > 0, o.ID)
	}
	assert.Equal(t, open, got)
	n := c.OfTechniques
	assert.Equal(t, all, n.Direct+n.Supporting+n.Unreached+n.Unjudged+n.NoMitigation)
	assert.Equal(t, len(open), n.Unreached+n.NoMitigation)
	assert.Equal(t, 7, n.NoMitigation, "T0837 has none, six have the placeholder only")

	// Every unreached mitigation and every open technique has a question, once.
	asked, left := map[string]int{}, map[string]bool{}
	for i, q := range c.Questions {
		for _, m := range q.Mitigations {
			asked[m]++
			assert.Equal(t, ReachNone, reach[m])
		}
		for _, o := range q.Open {
			left[o] = true
			assert.Contains(t, open, o)
		}
		assert.Subset(t, q.Techniques, q.Open)
		assert.True(t, strings.Contains(q.Question, "?"), q.Question)
		if i > 0 {
			before := c.Questions[i-1]
			assert.True(t, len(before.Techniques) > len(q.Techniques) ||
				len(before.Techniques) == len(q.Techniques) && len(before.Findings) >= len(q.Findings), q.Question)
		}
	}
	for id, r := range reach {
		if r == ReachNone {
			assert.Equal(t, 1, asked[id], id)
		}
	}
	assert.Len(t, left, len(open))

	// What mitigates the same is asked of together.
	i := slices.IndexFunc(c.Questions, func(q ResearchQuestion) bool { return slices.Contains(q.Mitigations, "M0805") })
	assert.Equal(t, []string{"M0805", "M0812"}, c.Questions[i].Mitigations)
	assert.Equal(t, []string{"T0879", "T0880"}, c.Questions[i].Techniques)

	// Findings are where they open a technique, in their order.
	o := c.Open[slices.IndexFunc(c.Open, func(o OpenTechnique) bool { return o.ID == "T0860" })]
	assert.Equal(t, []string{"F-2", "F-1"}, o.Findings)
	assert.Equal(t, []string{"F-2"}, row(t, c, "M0815").Findings)
	assert.Empty(t, row(t, c, "M0805").Findings)
}

// The answer is the same bytes each time, and after the graph was kept.
func TestCoverageKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "graph.db")
	f := Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}})
	want, err := json.Marshal(coverage(t, newGraph(t, f).Snapshot()))
	require.NoError(t, err)
	assert.NotContains(t, string(want), "null")
	for _, sources := range [][]Source{{Attack(embedded(t)), Knowledge(), f}, nil} {
		kept, err := bolt.Open(t.Context(), path, bolt.Options{})
		require.NoError(t, err)
		g, err := Open(t.Context(), kept, sources...)
		require.NoError(t, err)
		got, err := json.Marshal(coverage(t, g.Snapshot()))
		require.NoError(t, err)
		require.NoError(t, g.Close())
		assert.Equal(t, string(want), string(got))
	}
}

// What was not judged is not called unreached, and leaves nothing open.
func TestCoverageUnjudged(t *testing.T) {
	judged := &areas{Version: "test", Areas: []*Area{{ID: "a", Name: "A"}, {ID: "b", Name: "B"}}}
	require.NoError(t, json.Unmarshal([]byte(`{"helps":[
	 {"mitigation":"M0953","area":"b","help":"direct","confidence":0.5,"how":"H.","risk":"R.","rationale":"Z."},
	 {"mitigation":"M0953","area":"a","help":"supporting","confidence":0.4,"how":"G.","risk":"Q.","rationale":"Y."}],
	 "unreached":[{"mitigation":"M0805","why":"No."},{"mitigation":"M0815","why":"Never."}]}`), judged))
	g, err := New(t.Context(), Attack(embedded(t)), judged)
	require.NoError(t, err)
	defer g.Close()
	c := coverage(t, g.Snapshot())
	assert.Equal(t, ReachCounts{Direct: 1, Unreached: 2, Unjudged: 49}, c.OfMitigations)
	assert.Equal(t, []string{"a", "b"}, []string{row(t, c, "M0953").Helps[0].Area, row(t, c, "M0953").Helps[1].Area})
	assert.Equal(t, Help{"b", ReachDirect, 0.5, "H.", "R.", "Z.", Analyst, "mitigraph coverage test"}, row(t, c, "M0953").Helps[1])
	var open []string
	for _, o := range c.Open {
		if o.Reason == OpenUnreached {
			open = append(open, o.ID)
		}
	}
	assert.Equal(t, []string{"T0814"}, open, "T0880 has M0812 too, of which nothing is known")
	assert.Equal(t, ReachUnjudged, row(t, c, "M0816").Reach)

	assert.Equal(t, []string{"b", "a"}, around(t, g.Snapshot(), "M0953"), "areas are nodes")
}

// around are the areas next to a mitigation, the surest link first.
func around(t testing.TB, s *Snapshot, id string) []string {
	t.Helper()
	p, err := s.Around(t.Context(), id, 1)
	require.NoError(t, err)
	var links []Edge
	for _, e := range p.Edges {
		if e.Predicate == "helps" {
			links = append(links, e)
		}
	}
	slices.SortFunc(links, func(a, b Edge) int { return int(100*b.Link.Confidence) - int(100*a.Link.Confidence) })
	var out []string
	for _, e := range links {
		assert.Equal(t, "Area", e.From.Kind)
		out = append(out, e.From.ID)
	}
	return out
}

func TestCoverageErrors(t *testing.T) {
	_, err := (&Snapshot{}).Coverage(t.Context())
	assert.ErrorContains(t, err, "needs an ATT&CK release")
	g, err := New(t.Context(), Attack(embedded(t)))
	require.NoError(t, err)
	defer g.Close()
	_, err = g.Snapshot().Coverage(t.Context())
	assert.ErrorContains(t, err, "add Knowledge first")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newGraph(t).Snapshot().Coverage(ended)
	assert.ErrorIs(t, err, context.Canceled)

	for name, c := range map[string]struct{ help, want string }{
		"area":       {`{"mitigation":"M0953","area":"x","help":"direct","confidence":1}`, `coverage of M0953: unknown area "x"`},
		"help":       {`{"mitigation":"M0953","area":"a","help":"some","confidence":1}`, `help "some" is not`},
		"confidence": {`{"mitigation":"M0953","area":"a","help":"direct","confidence":1.1}`, "confidence 1.1 is not"},
	} {
		bad := &areas{Areas: []*Area{{ID: "a"}}}
		require.NoError(t, json.Unmarshal([]byte(`{"helps":[`+c.help+`]}`), bad), name)
		assert.ErrorContains(t, g.Add(t.Context(), bad), c.want, name)
	}
}

// An older release is judged by what it has of the mitigations.
func TestCoverageOfAnOlderRelease(t *testing.T) {
	g := newGraph(t, Attack(shared(t, "ics-attack-16.1")))
	s, err := g.Snapshot().On("16.1")
	require.NoError(t, err)
	c := coverage(t, s)
	assert.Equal(t, "16.1", c.Attack.Version)
	assert.Positive(t, c.OfMitigations.Direct)
	for _, m := range c.Mitigations {
		assert.Equal(t, strings.HasPrefix(m.ID, "M1"), m.Reach == ReachUnjudged, m.ID)
	}
}

package graph

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

func TestNode(t *testing.T) {
	g := newGraph(t, SiteFacts(SiteDescription{Site: "works", Devices: []Device{{ID: "plc-1"}, {ID: "T0855"}}}),
		Findings(finding.Finding{ID: "F-1", Device: "stray", Weaknesses: []string{"CWE-99999"}}))
	s := g.Snapshot()
	for id, want := range map[string]Node{
		"t1692.001":     {"attack:T1692.001", "T1692.001", "Technique", "Command Message"},
		"cwe 798":       {"weakness:CWE-798", "CWE-798", "Weakness", "Use of Hard-coded Credentials"},
		"F-1":           {"finding:F-1", "F-1", "Finding", ""},
		"plc-1":         {"device:plc-1", "plc-1", "Device", ""},
		"device:T0855":  {"device:T0855", "T0855", "Device", ""},
		"T0855":         {"attack:T0855", "T0855", "Technique", "Unauthorized Command Message"},
		"works":         {"site:works", "works", "Site", "works"},
		"no_patch":      {"constraint:no_patch", "no_patch", "Constraint", "no_patch"},
		"CWE-99999":     {"weakness:CWE-99999", "CWE-99999", "", ""},
		"device:stray":  {"device:stray", "stray", "", ""},
		"attack:TA9999": {},
	} {
		n, ok := s.Node(id)
		assert.Equal(t, want != Node{}, ok, id)
		assert.Equal(t, want, n, id)
	}
}

// Every edge of the part is in the record, and every edge between two nodes
// of the record is in the whole.
func TestWholeEqualsRecord(t *testing.T) {
	g := newGraph(t, Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}}))
	whole := g.Snapshot().Whole()
	var got, want []string
	for _, e := range whole.Edges {
		got = append(got, e.From.Key+" "+e.Predicate+" "+e.To.Key)
	}
	for _, l := range g.Snapshot().layers {
		quads, err := l.quads()
		require.NoError(t, err)
		for _, q := range quads {
			if to, ok := q.Object.(quad.IRI); ok && q.Predicate != quad.IRI(predType) {
				want = append(want, string(q.Subject.(quad.IRI))+" "+strings.TrimPrefix(string(q.Predicate.(quad.IRI)), "rel:")+" "+string(to))
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	assert.Equal(t, want, got)
	assert.True(t, slices.IsSortedFunc(whole.Nodes, func(a, b Node) int { return strings.Compare(a.Key, b.Key) }))
	assert.True(t, slices.IsSortedFunc(whole.Edges, compareEdges))
}

func TestAround(t *testing.T) {
	s := newGraph(t, SiteFacts(SiteDescription{Devices: []Device{{ID: "plc-1", Asset: "A0003", Constraints: []string{"no_patch"}}}})).Snapshot()
	alone, err := s.Around(t.Context(), "plc-1", 0)
	require.NoError(t, err)
	assert.Len(t, alone.Nodes, 1)
	assert.Empty(t, alone.Edges)

	near, err := s.Around(t.Context(), "plc-1", 1)
	require.NoError(t, err)
	var keys []string
	for _, n := range near.Nodes {
		keys = append(keys, n.Key)
	}
	assert.Equal(t, []string{"attack:A0003", "constraint:no_patch", "device:plc-1", "site:site"}, keys)
	assert.Len(t, near.Edges, 3)
	for _, e := range near.Edges {
		assert.Equal(t, Site, e.Link.Kind)
	}
	before := 0
	for depth := range 6 {
		p, err := s.Around(t.Context(), "plc-1", depth)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(p.Nodes), before)
		before = len(p.Nodes)
	}
	_, err = s.Around(t.Context(), "nothing", 1)
	assert.ErrorIs(t, err, ErrUnknownNode)
	_, err = s.Around(t.Context(), "plc-1", -1)
	assert.ErrorContains(t, err, "negative")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Around(ctx, "plc-1", 1)
	assert.ErrorIs(t, err, context.Canceled)
}

func paths(t testing.TB, s *Snapshot, from, to string, hops int) (out []string) {
	t.Helper()
	for p, err := range s.Paths(t.Context(), from, to, hops) {
		require.NoError(t, err)
		out = append(out, p.String())
	}
	return out
}

func TestPaths(t *testing.T) {
	s := newGraph(t, Findings(
		finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}},
		finding.Finding{ID: "F-2", Weaknesses: []string{"CWE-259"}, Techniques: []string{"T0859"}},
	)).Snapshot()
	p, ok, err := s.ShortestPath(t.Context(), "F-1", "T1694.002")
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, "F-1 > CWE-798 > T1694.002", p.String())
	assert.Equal(t, Analyst, p.Edges[1].Link.Kind)
	assert.NotEmpty(t, p.Edges[1].Link.Rationale)
	assert.Equal(t, p.Edges[1].Link.Confidence, p.Confidence)

	all := paths(t, s, "F-2", "T0859", 4)
	assert.Equal(t, "F-2 > T0859", all[0], "the shortest first")
	assert.Contains(t, all, "F-2 > CWE-259 > CWE-798 > T0859", "through the more general weakness")
	assert.Empty(t, paths(t, s, "F-2", "T0859", 0))
	assert.Empty(t, paths(t, s, "T0859", "F-2", 9), "no way back")
	assert.Empty(t, paths(t, s, "F-2", "F-2", 9))

	// To an asset and a tactic, each hop with its reason.
	for _, impact := range []string{"A0003", "TA0109"} {
		p, ok, err := s.ShortestPath(t.Context(), "CWE-798", impact)
		require.NoError(t, err)
		require.True(t, ok, impact)
		for _, e := range p.Edges {
			assert.NotEmpty(t, e.Link.Source)
		}
	}
	for _, e := range []string{"F-9", "T9999"} {
		_, ok, err := s.ShortestPath(t.Context(), e, "T0859")
		assert.False(t, ok)
		assert.ErrorIs(t, err, ErrUnknownNode)
	}
	_, _, err = s.ShortestPath(t.Context(), "F-1", "F-9")
	assert.ErrorIs(t, err, ErrUnknownNode)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, ok, err = s.ShortestPath(ctx, "F-1", "T0859")
	assert.False(t, ok)
	assert.ErrorIs(t, err, context.Canceled)
}

// Against a search that looks at every way without pruning.
func TestPathsAgainstPlainSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		x := newIndex()
		b := &batch{origin: origin{Provenance: Provenance{Site, "random"}}}
		name := func() string { return string(rune('a' + r.IntN(9))) }
		preds := []predicate{predHas, predOpens, predParent, predTargets, predMitigates}
		for i := range 9 {
			b.node(string(rune('a'+i)), "Thing", "", nil)
		}
		for range 16 {
			b.linkEdge(name(), preds[r.IntN(len(preds))], name(), &Link{Provenance: b.Provenance, Confidence: float64(1+r.IntN(9)) / 10})
		}
		x.add(b)
		s := &Snapshot{known: x}
		var want []string
		var walk func(way []string)
		walk = func(way []string) {
			at := way[len(way)-1]
			if at == "b" {
				want = append(want, strings.Join(way, " > "))
				return
			}
			if len(way) == 6 {
				return
			}
			for _, e := range x.out[x.ids[at]] {
				if next := x.nodes[e.node].key; onward[e.pred] && !slices.Contains(way, next) {
					walk(append(slices.Clone(way), next))
				}
			}
		}
		walk([]string{"a"})
		got := paths(t, s, "a", "b", 5)
		assert.True(t, slices.IsSortedFunc(got, func(a, b string) int { return strings.Count(a, ">") - strings.Count(b, ">") }))
		slices.Sort(want)
		slices.Sort(got)
		assert.Equal(t, want, got)
	}
}

func TestSuppose(t *testing.T) {
	g := newGraph(t, SiteFacts(SiteDescription{Devices: []Device{{ID: "plc", Constraints: []string{"no_patch"}}, {ID: "hmi"}}}),
		Findings(finding.Finding{ID: "F", Device: "plc", Weaknesses: []string{"CWE-400"}}))
	s := g.Snapshot()
	before := s.Whole()
	gaps := func(s *Snapshot) (out []string) {
		a, err := s.Assess(t.Context())
		require.NoError(t, err)
		for _, g := range a.Gaps {
			out = append(out, string(g.Kind)+" "+g.Technique)
		}
		return out
	}
	require.Contains(t, gaps(s), "not_deployed T0814")
	with, err := s.Suppose(Supposition{Device: "plc", Deploy: []string{"M0815"}})
	require.NoError(t, err)
	assert.NotContains(t, gaps(with), "not_deployed T0814")
	assert.Contains(t, gaps(s), "not_deployed T0814", "nothing was written")
	assert.Equal(t, before, s.Whole())

	elsewhere, err := s.Suppose(Supposition{Device: "hmi", Deploy: []string{"M0815"}})
	require.NoError(t, err)
	assert.Contains(t, gaps(elsewhere), "not_deployed T0814")
	everywhere, err := s.Suppose(Supposition{Deploy: []string{"m0815"}, Lift: []string{"no_patch"}})
	require.NoError(t, err)
	assert.NotContains(t, gaps(everywhere), "not_deployed T0814")
	near, err := everywhere.Around(t.Context(), "plc", 1)
	require.NoError(t, err)
	for _, n := range near.Nodes {
		assert.NotEqual(t, "constraint:no_patch", n.Key, "lifted")
	}

	bare, err := newGraph(t).Snapshot().Suppose(Supposition{Deploy: []string{"M0815"}})
	require.NoError(t, err, "a site that nobody described")
	assert.NotNil(t, bare)
	for want, c := range map[string]Supposition{
		`mitigation "M9999" is not in ATT&CK ics-attack 19.1`: {Deploy: []string{"M9999"}},
		"T0814 is Denial of Service, not a mitigation":        {Deploy: []string{"T0814"}},
		`the site describes no device "x"`:                    {Device: "x"},
		`unknown constraint "x"`:                              {Lift: []string{"x"}},
		`no device in question is limited by "no_patch"`:      {Device: "hmi", Lift: []string{"no_patch"}},
	} {
		_, err := s.Suppose(Supposition{}, c)
		assert.ErrorContains(t, err, "graph: Suppose: change 1: "+want)
	}
	_, err = (&Snapshot{known: newIndex()}).Suppose()
	assert.ErrorContains(t, err, "needs an ATT&CK release")
}

package query_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	cayley "github.com/cayleygraph/cayley/graph"
	cpath "github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/mitre"
)

// The typed questions of a snapshot have the answers of their paths, on the
// store and on Cayley's.
func TestTypedQuestionsEqualPaths(t *testing.T) {
	t.Run("sample", func(t *testing.T) { questionsEqualPaths(t, sample(t), 2) })
	seeds := uint64(6)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("random ", seed), func(t *testing.T) {
			c := embedded(t)
			questionsEqualPaths(t, snapshot(t, c, random(rand.New(rand.NewPCG(seed, 1)), c)...), 5)
		})
	}
}

func TestTypedQuestionsEqualPathsOnReleases(t *testing.T) {
	for i, file := range releases(t) {
		t.Run(name(file), func(t *testing.T) {
			c := open(t, file)
			if testing.Short() && !strings.HasPrefix(name(file), "ics-attack-8") && !strings.HasPrefix(name(file), "ics-attack-19") {
				t.Skip("short")
			}
			every := 8
			if strings.HasPrefix(name(file), "enterprise") {
				every = 80
			}
			questionsEqualPaths(t, snapshot(t, c, random(rand.New(rand.NewPCG(uint64(i), 2)), c)...), every)
		})
	}
}

// about are the predicates that say something of a node or a link; all others
// are edges.
var about = []string{"rdf:type", "rel:id", "rel:name", "rel:text", "rel:from", "rel:predicate", "rel:to", "rel:confidence", "rel:rationale", "rel:relation"}

func questionsEqualPaths(t *testing.T, s *graph.Snapshot, every int) {
	q := questions{s: s, store: query.New(s)}
	q.stores = []cayley.QuadStore{q.store, memory(s)}
	c := s.Catalog()
	var nodes []string
	for _, n := range s.Whole().Nodes {
		nodes = append(nodes, n.Key)
	}
	for o := range mitre.All[mitre.Object](c) {
		p := o.Common()
		if n, ok := s.Node(p.STIXID); ok && !p.Live() {
			q.retired = append(q.retired, n.Key)
		}
	}
	edges := map[string]bool{}
	for _, e := range s.Whole().Edges {
		edges["rel:"+e.Predicate] = true
	}
	for p := range edges {
		require.NotContains(t, about, p)
		q.edges = append(q.edges, quad.IRI(p))
	}
	i := 0
	for o := range mitre.All[mitre.Object](c) {
		id := o.Common().ID
		if same, ok := c.Lookup(id); id == "" || !ok || same != o {
			continue // not what the ID stands for
		}
		switch o.(type) {
		case *mitre.Technique:
			q.mitigations(t, id)
		case *mitre.Mitigation:
			q.techniques(t, id)
		}
		if i++; i%(every*8) == 0 {
			for depth := range 3 {
				q.around(t, "attack:"+id, depth)
			}
		}
	}
	for i, key := range nodes {
		kind, _, _ := strings.Cut(key, ":")
		switch {
		case kind == "weakness" && i%every == 0:
			q.opens(t, key)
		case kind == "finding", kind == "device", kind == "site":
			q.around(t, key, 2)
		}
		if kind == "finding" || kind == "weakness" && i%(every*10) == 0 {
			q.reach(t, key, nodes)
		}
	}
}

// questions compares the questions of one snapshot.
type questions struct {
	s       *graph.Snapshot
	store   *query.Store
	stores  []cayley.QuadStore
	retired []string // keys of what is revoked or deprecated
	edges   []any    // predicates
}

// same requires a path to give some keys, in any order.
func (q questions) same(t *testing.T, what string, want []string, p func() *cpath.Path) {
	t.Helper()
	for i := range want {
		if !strings.ContainsAny(want[i], "< ") {
			want[i] = "<" + want[i] + ">"
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	for _, qs := range q.stores {
		got := rows(t, qs, p())
		if len(want) == 0 && len(got) == 0 {
			continue
		}
		require.Equal(t, want, got, "%s on %T", what, qs)
	}
}

// except is Except, which panics in Cayley over what the graph does not hold.
func except(p *cpath.Path, keys []string) *cpath.Path {
	if len(keys) == 0 {
		return p
	}
	return p.Except(from(keys...))
}

func (q questions) live(p *cpath.Path, class string) *cpath.Path {
	return except(p.Has(quad.IRI("rdf:type"), quad.IRI("class:"+class)), q.retired)
}

func (q questions) mitigations(t *testing.T, id string) {
	var placeholders, want []string
	for m := range mitre.All[*mitre.Mitigation](q.s.Catalog()) {
		if m.Placeholder() {
			placeholders = append(placeholders, "attack:"+m.ID)
		}
	}
	for m := range q.s.Mitigations(id) {
		n, ok := q.s.Node(m.STIXID)
		require.True(t, ok)
		want = append(want, n.Key)
	}
	assert.True(t, slices.IsSorted(want), id)
	all := func() *cpath.Path { return q.live(from("attack:"+id).In(quad.IRI("rel:mitigates")), "Mitigation") }
	q.same(t, id, want, func() *cpath.Path { return except(all(), placeholders) })
	for _, qs := range q.stores {
		only := len(rows(t, qs, all())) > 0 && len(want) == 0
		require.Equal(t, q.s.PlaceholderOnly(id), only, "%s on %T", id, qs)
	}
}

func (q questions) techniques(t *testing.T, id string) {
	var want []string
	for x := range q.s.Techniques(id) {
		n, ok := q.s.Node(x.STIXID)
		require.True(t, ok)
		want = append(want, n.Key)
	}
	q.same(t, id, want, func() *cpath.Path { return q.live(from("attack:"+id).Out(quad.IRI("rel:mitigates")), "Technique") })
}

// opens goes up until some weakness on the way has links, and one step down
// where none has. What is judged to open nothing ends its branch. Properties of EMB3D go down instead; they have
// a test in package graph.
func (q questions) opens(t *testing.T, key string) {
	n, ok := q.s.Node(key)
	require.True(t, ok)
	if strings.HasPrefix(n.ID, "PID-") {
		return
	}
	openings, _ := q.s.Opens(n.ID)
	for _, qs := range q.stores {
		ends := func(p *cpath.Path) []string {
			var out []string
			for _, row := range rows(t, qs, p) {
				out = append(out, strings.Trim(row, "<>"))
			}
			slices.Sort(out)
			return slices.Compact(out)
		}
		nothing := func(k string) bool { return len(rows(t, qs, from(k).Out(quad.IRI("rel:opens-nothing")))) > 0 }
		best := map[string]float64{}
		take := func(level []string, decay float64) {
			p := from(level...).In(quad.IRI("rel:from")).
				Has(quad.IRI("rel:predicate"), quad.IRI("rel:opens")).Save(quad.IRI("rel:confidence"), "confidence").
				Out(quad.IRI("rel:to")).Has(quad.IRI("rdf:type"), quad.IRI("class:Technique"))
			for _, row := range rows(t, qs, p) {
				fields := strings.Fields(row)
				require.Len(t, fields, 2, row)
				v := quad.StringToValue(strings.TrimPrefix(fields[0], "confidence="))
				parsed, err := v.(quad.TypedString).ParseValue()
				require.NoError(t, err)
				id := strings.TrimPrefix(fields[1], "id=")
				best[id] = max(best[id], float64(parsed.(quad.Float))*decay)
			}
			require.Len(t, best, len(ends(from(level...).Out(quad.IRI("rel:opens")))), "links and edges differ at %s", key)
		}
		decay := 1.0
		level, seen := []string{key}, map[string]bool{key: true}
		for steps := 0; steps <= 3 && len(best) == 0; steps++ {
			if level = slices.DeleteFunc(level, nothing); len(level) == 0 {
				break
			}
			take(level, decay)
			level = slices.DeleteFunc(ends(from(level...).Out(quad.IRI("rel:child-of"))), func(k string) bool { return seen[k] })
			for _, k := range level {
				seen[k] = true
			}
			decay *= 0.8
		}
		if len(best) == 0 && !nothing(key) {
			if children := slices.DeleteFunc(ends(from(key).In(quad.IRI("rel:child-of"))), nothing); len(children) > 0 {
				take(children, 0.4)
			}
		}
		want := map[string]float64{}
		for _, o := range openings {
			n, ok := q.s.Node(o.Technique.STIXID)
			require.True(t, ok)
			want["<"+n.Key+">"] = o.Confidence
		}
		require.Equal(t, want, best, "%s on %T", key, qs)
	}
}

func (q questions) around(t *testing.T, key string, depth int) {
	part, err := q.s.Around(t.Context(), key, depth)
	require.NoError(t, err)
	var nodes, edges []string
	for _, n := range part.Nodes {
		nodes = append(nodes, n.Key)
	}
	for _, e := range part.Edges {
		edges = append(edges, fmt.Sprintf("from=<%s> id=<%s> predicate=<rel:%s>", e.From.Key, e.To.Key, e.Predicate))
	}
	q.same(t, key, slices.Clone(nodes), func() *cpath.Path {
		all := from(key)
		step := from(key)
		for range depth {
			step = step.Both(q.edges...).Unique()
			all = all.Or(step)
		}
		return all.Unique()
	})
	if len(nodes) > 200 {
		return // Cayley looks the nodes up one by one
	}
	q.same(t, key, edges, func() *cpath.Path {
		return from(nodes...).Tag("from").OutWithTags([]string{"predicate"}, q.edges...).Is(iris(nodes...)...)
	})
}

// reach compares what paths lead to with what a recursive step reaches.
func (q questions) reach(t *testing.T, key string, nodes []string) {
	const hops = 6
	onward := []any{}
	for _, p := range []string{"has", "states", "opens", "child-of", "in-tactic", "targets", "subtechnique-of"} {
		onward = append(onward, quad.IRI("rel:"+p))
	}
	var reached [2][]string
	for i, qs := range q.stores {
		step := except(cpath.StartMorphism().Out(onward...), q.retired)
		for _, r := range rows(t, qs, from(key).FollowRecursive(step, hops, nil)) {
			reached[i] = append(reached[i], strings.Trim(r, "<>"))
		}
	}
	require.Equal(t, reached[1], reached[0], key)
	r := rand.New(rand.NewPCG(3, uint64(len(nodes))))
	targets := append(slices.Clone(reached[0]), nodes[r.IntN(len(nodes))], nodes[r.IntN(len(nodes))])
	r.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
	for _, to := range targets[:min(len(targets), 12)] {
		if to == key {
			continue
		}
		found := false
		for _, err := range q.s.Paths(t.Context(), key, to, hops) {
			require.NoError(t, err)
			found = true
			break
		}
		require.Equal(t, slices.Contains(reached[0], to), found, "%s to %s", key, to)
	}
}

// Every predicate that a snapshot says is one that queries may name.
func TestVocabulary(t *testing.T) {
	check := func(t *testing.T, s *graph.Snapshot) {
		st := query.New(s)
		for _, row := range rows(t, st, cpath.StartMorphism().OutPredicates()) {
			p := strings.Trim(row, "<>")
			known := slices.Contains(query.Vocabulary(), p) || strings.HasPrefix(p, "rel:retired-")
			assert.True(t, known, p)
		}
	}
	t.Run("sample", func(t *testing.T) { check(t, sample(t)) })
	t.Run("releases", func(t *testing.T) {
		for _, file := range releases(t) {
			if !strings.HasPrefix(name(file), "enterprise") || !testing.Short() {
				check(t, snapshot(t, open(t, file)))
			}
		}
	})
}

package query

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/memstore"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
)

// ofQuads makes a store of any quads.
func ofQuads(quads []quad.Quad) *Store {
	b := newBuilder()
	for _, q := range quads {
		b.add(q)
	}
	return b.store(new(graph.Snapshot))
}

// values that random quads and paths are made of. The last is in no quad.
var (
	things     = []quad.Value{quad.IRI("a"), quad.IRI("b"), quad.IRI("c"), quad.IRI("d"), quad.IRI("e"), quad.String("text"), quad.Float(0.5), quad.BNode("x"), quad.IRI("none")}
	relations  = []quad.Value{quad.IRI("p"), quad.IRI("q"), quad.IRI("a")}
	sourceIRIs = []quad.Value{nil, quad.IRI("s1"), quad.IRI("s2")}
)

func one(r *rand.Rand, from []quad.Value) quad.Value { return from[r.IntN(len(from))] }

func randomQuads(r *rand.Rand) []quad.Quad {
	out := make([]quad.Quad, r.IntN(30))
	for i := range out {
		known := things[:len(things)-1]
		out[i] = quad.Quad{Subject: one(r, known), Predicate: one(r, relations), Object: one(r, known), Label: one(r, sourceIRIs)}
	}
	return out
}

// binding is a node that a path may be at, with the tags of one way to it.
type binding struct {
	at   quad.Value
	tags map[string]quad.Value
}

func (b binding) to(v quad.Value, tags ...any) binding {
	out := binding{v, maps.Clone(b.tags)}
	for i := 0; i < len(tags); i += 2 {
		out.tags[tags[i].(string)] = tags[i+1].(quad.Value)
	}
	return out
}

// plain is what a path means, said slowly: the bindings after it, and whether
// it leaves out ways, so that only their ends are to be compared.
type plain struct {
	quads []quad.Quad
	after []binding
	loose bool
}

// each replaces each binding by what f makes of it and each quad.
func (p *plain) each(f func(b binding, q quad.Quad) (binding, bool)) {
	var out []binding
	for _, b := range p.after {
		for _, q := range p.quads {
			if b, ok := f(b, q); ok {
				out = append(out, b)
			}
		}
	}
	p.after = out
}

// step goes along quads, from subject to object or back.
func (p *plain) step(back bool, preds []quad.Value, label quad.Value, tag string) {
	p.each(func(b binding, q quad.Quad) (binding, bool) {
		from, to := q.Subject, q.Object
		if back {
			from, to = to, from
		}
		if from != b.at || preds != nil && !slices.Contains(preds, q.Predicate) || label != nil && q.Label != label {
			return b, false
		}
		if tag != "" {
			return b.to(to, tag, q.Predicate), true
		}
		return b.to(to), true
	})
}

func (p *plain) only(ok func(binding) bool) {
	p.after = slices.DeleteFunc(slices.Clone(p.after), func(b binding) bool { return !ok(b) })
}

func (p *plain) rows() []string {
	var out []string
	for _, b := range p.after {
		row := []string{"id=" + b.at.String()}
		for tag, v := range b.tags {
			if !p.loose {
				row = append(row, tag+"="+v.String())
			}
		}
		slices.Sort(row)
		out = append(out, strings.Join(row, " "))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// maker makes random paths and says what they mean.
type maker struct {
	*rand.Rand
	quads []quad.Quad
	tags  int
}

// path makes a path of up to four steps. Steps whose answer depends on the
// order of a scan, such as Limit, are left out.
func (r *maker) path(depth int) (*path.Path, *plain, string) {
	p, m, said := path.StartMorphism(), &plain{quads: r.quads}, "all"
	start := map[quad.Value]bool{}
	for _, q := range r.quads {
		for _, v := range []quad.Value{q.Subject, q.Predicate, q.Object, q.Label} {
			if v != nil {
				start[v] = true
			}
		}
	}
	if r.IntN(3) > 0 {
		v := one(r.Rand, things)
		p, said = path.StartMorphism(v), v.String()
		for other := range start {
			if other != v {
				delete(start, other)
			}
		}
	}
	for v := range start {
		m.after = append(m.after, binding{v, map[string]quad.Value{}})
	}
	sub := func() (*path.Path, *plain, string) {
		p, m, s := r.path(max(0, depth-1))
		return p, m, " (" + s + ")"
	}
	steps := 1 + r.IntN(4)
	if depth == 0 {
		steps = r.IntN(2)
	}
	for range steps {
		v, w := one(r.Rand, relations), one(r.Rand, things)
		r.tags++
		tag := fmt.Sprint("t", r.tags)
		kind := r.IntN(19)
		if depth == 0 && kind >= 14 && kind <= 16 {
			kind = 0
		}
		switch kind {
		case 0:
			p, said = p.Out(v), said+" out "+v.String()
			m.step(false, []quad.Value{v}, nil, "")
		case 1:
			p, said = p.In(v), said+" in "+v.String()
			m.step(true, []quad.Value{v}, nil, "")
		case 2:
			p, said = p.Both(v), said+" both "+v.String()
			in := &plain{quads: m.quads, after: m.after}
			in.step(true, []quad.Value{v}, nil, "")
			m.step(false, []quad.Value{v}, nil, "")
			m.after = append(in.after, m.after...)
		case 3:
			p, said = p.Out(), said+" out"
			m.step(false, nil, nil, "")
		case 4:
			p, said = p.InWithTags([]string{tag}, relations[0], relations[1]), said+" in p q as "+tag
			m.step(true, relations[:2], nil, tag)
		case 5, 6:
			back := kind == 6
			if back {
				p, said = p.HasReverse(v, w), said+" hasR "+v.String()+" "+w.String()
			} else {
				p, said = p.Has(v, w), said+" has "+v.String()+" "+w.String()
			}
			m.only(func(b binding) bool {
				return slices.ContainsFunc(r.quads, func(q quad.Quad) bool {
					if back {
						return q.Object == b.at && q.Predicate == v && q.Subject == w
					}
					return q.Subject == b.at && q.Predicate == v && q.Object == w
				})
			})
		case 7, 8:
			back := kind == 8
			if back {
				p, said = p.SaveReverse(v, tag), said+" saveR "+v.String()+" as "+tag
			} else {
				p, said = p.Save(v, tag), said+" save "+v.String()+" as "+tag
			}
			m.each(func(b binding, q quad.Quad) (binding, bool) {
				if back {
					return b.to(b.at, tag, q.Subject), q.Object == b.at && q.Predicate == v
				}
				return b.to(b.at, tag, q.Object), q.Subject == b.at && q.Predicate == v
			})
		case 9:
			p, said = p.SaveOptional(v, tag), said+" saveOpt "+v.String()+" as "+tag
			var out []binding
			for _, b := range m.after {
				n := len(out)
				for _, q := range r.quads {
					if q.Subject == b.at && q.Predicate == v {
						out = append(out, b.to(b.at, tag, q.Object))
					}
				}
				if len(out) == n {
					out = append(out, b)
				}
			}
			m.after = out
		case 10:
			p, said = p.Tag(tag), said+" as "+tag
			for i, b := range m.after {
				m.after[i] = b.to(b.at, tag, b.at)
			}
		case 11:
			p, said = p.Unique(), said+" unique"
			m.loose = true
		case 12:
			l := one(r.Rand, sourceIRIs[1:])
			p, said = p.LabelContext(l).Out(v).LabelContext(), said+" under "+l.String()+" out "+v.String()
			m.step(false, []quad.Value{v}, l, "")
		case 13:
			p, said = p.Order(), said+" order"
		case 14:
			q, n, s := sub()
			if p.Shape() == shape.Shape(shape.AllNodes{}) {
				q, n, s = path.StartMorphism(things[0]), &plain{after: []binding{{at: things[0]}}}, " <a>" // all and all is nothing in Cayley
				if !slices.ContainsFunc(m.after, func(b binding) bool { return b.at == things[0] }) {
					n.after = nil
				}
			}
			p, said = p.And(q), said+" and"+s
			var out []binding
			for _, a := range m.after {
				for _, b := range n.after {
					if a.at == b.at {
						c := a.to(a.at)
						maps.Copy(c.tags, b.tags)
						out = append(out, c)
					}
				}
			}
			m.after, m.loose = out, m.loose || n.loose
		case 15:
			q, n, s := sub()
			p, said = p.Or(q), said+" or"+s
			m.after, m.loose = slices.Concat(m.after, n.after), m.loose || n.loose
		case 16:
			q, n, s := sub()
			p, said = p.Except(q), said+" except"+s
			m.only(func(a binding) bool {
				return !slices.ContainsFunc(n.after, func(b binding) bool { return a.at == b.at })
			})
		case 17:
			f := (*path.Path).Out
			both := r.IntN(2) == 0
			if both {
				f = (*path.Path).Both
			}
			p, said = p.Filters(Recursive(f(path.StartMorphism(), v), 0, tag)), fmt.Sprintf("%s recursive %v (both: %v) as %s", said, v, both, tag)
			var out []binding
			for _, b := range m.after {
				one := &plain{quads: r.quads, after: []binding{b}}
				seen := map[quad.Value]bool{}
				for depth := 1; len(one.after) > 0; depth++ {
					back := &plain{quads: r.quads, after: one.after}
					one.step(false, []quad.Value{v}, nil, "")
					if both {
						back.step(true, []quad.Value{v}, nil, "")
						one.after = append(one.after, back.after...)
					}
					one.only(func(b binding) bool { was := seen[b.at]; seen[b.at] = true; return !was })
					for _, b := range one.after {
						out = append(out, b.to(b.at, tag, quad.Int(depth)))
					}
				}
			}
			m.after = out
		case 18:
			p, said = p.OutPredicates(), said+" predicates"
			m.each(func(b binding, q quad.Quad) (binding, bool) { return b.to(q.Predicate), q.Subject == b.at })
			m.loose = true
		}
	}
	return p, m, said
}

// ends runs an iterator and gives the distinct rows, in order.
func ends(t *testing.T, qs cayley.QuadStore, it iterator.Shape, loose bool) []string {
	var out []string
	err := iterator.Iterate(t.Context(), iterator.Tag(it, "id")).TagEach(func(tags map[string]refs.Ref) error {
		var row []string
		for tag, r := range tags {
			v, err := qs.NameOf(r)
			if err != nil {
				return err
			}
			if !loose || tag == "id" {
				row = append(row, tag+"="+quad.StringOf(v))
			}
		}
		slices.Sort(row)
		out = append(out, strings.Join(row, " "))
		return nil
	})
	require.NoError(t, err)
	slices.Sort(out)
	return slices.Compact(out)
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

// Random paths over random quads give what they mean, with every way. Cayley's
// own store finds the same ends, where it finds its way to an iterator, but
// not all ways.
func TestAgainstMeaningAndMemstore(t *testing.T) {
	graphs := uint64(400)
	if testing.Short() {
		graphs = 40
	}
	answered, panicked, fewer := 0, 0, 0
	for seed := range graphs {
		r := &maker{Rand: rand.New(rand.NewPCG(seed, 7))}
		r.quads = randomQuads(r.Rand)
		mine, theirs := ofQuads(r.quads), memstore.New(r.quads...)
		for range 30 {
			p, m, said := r.path(2)
			q := &Session{Store: mine}
			it := func() iterator.Shape { return q.Build(t.Context(), p.Shape()) }
			want := m.rows()
			require.Equal(t, want, ends(t, q, it(), m.loose), "seed %d: %s\n%v", seed, said, r.quads)
			if len(want) > 0 {
				answered++
			}
			var got, all []string
			if panics(func() {
				got = ends(t, theirs, p.BuildIteratorOn(t.Context(), theirs), true)
				all = ends(t, theirs, p.BuildIteratorOn(t.Context(), theirs), m.loose)
			}) {
				panicked++
				continue
			}
			require.Equal(t, ends(t, q, it(), true), got, "seed %d: %s\n%v", seed, said, r.quads)
			if len(all) < len(want) {
				fewer++
			}
		}
	}
	assert.Greater(t, answered, int(graphs)*8)
	t.Logf("of %d paths %d have rows; Cayley's store lost ways in %d and panicked over %d", graphs*30, answered, fewer, panicked)
}

// A pass finds the quads that all conditions hold of, scanning or looking up.
func TestPass(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 8))
		s := ofQuads(randomQuads(r))
		a := shape.QuadsAction{Result: quad.Directions[r.IntN(4)], Filter: map[quad.Direction]refs.Ref{}, Save: map[quad.Direction][]string{}}
		for _, d := range quad.Directions {
			if r.IntN(2) == 0 && len(s.nodes) > 0 {
				a.Filter[d] = &s.nodes[r.IntN(len(s.nodes))]
			}
			if r.IntN(3) == 0 {
				a.Save[d] = []string{d.String()}
			}
		}
		var want []string
		for i := range s.quads {
			q := &s.quads[i]
			ok := q.at(a.Result) != nil
			row := []string{}
			for _, d := range quad.Directions {
				if f := a.Filter[d]; f != nil && f != refs.Ref(q.at(d)) {
					ok = false
				}
				if a.Save[d] != nil {
					ok = ok && q.at(d) != nil
					row = append(row, fmt.Sprint(q.at(d)))
				}
			}
			if ok {
				want = append(want, fmt.Sprint(q.at(a.Result), row))
			}
		}
		sh, changed := s.OptimizeShape(t.Context(), a)
		require.True(t, changed)
		row := func(it iterator.Base) string {
			tags, values := map[string]refs.Ref{}, []string{}
			it.TagResults(tags)
			for _, d := range quad.Directions {
				if v, ok := tags[d.String()]; ok {
					values = append(values, fmt.Sprint(v))
				}
			}
			return fmt.Sprint(it.Result(), values)
		}
		plan := sh.BuildIterator(s)
		var got []string
		scan := plan.Iterate()
		given := map[refs.Ref]bool{}
		for scan.Next(t.Context()) {
			require.False(t, given[scan.Result()], "a node comes once")
			given[scan.Result()] = true
			for ok := true; ok; ok = scan.NextPath(t.Context()) {
				got = append(got, row(scan))
			}
		}
		require.NoError(t, scan.Err())
		slices.Sort(want)
		slices.Sort(got)
		require.Equal(t, want, got, "seed %d", seed)
		if c, err := plan.Stats(t.Context()); assert.NoError(t, err) {
			assert.GreaterOrEqual(t, c.Size.Value, int64(len(want)))
			if c.Size.Exact {
				assert.Equal(t, int64(len(want)), c.Size.Value)
			}
		}
		var looked []string
		index := plan.Lookup()
		for i := range s.nodes {
			for ok := index.Contains(t.Context(), &s.nodes[i]); ok; ok = index.NextPath(t.Context()) {
				looked = append(looked, row(index))
			}
		}
		slices.Sort(looked)
		require.Equal(t, want, looked, "seed %d", seed)
		assert.False(t, index.Contains(t.Context(), iterator.Int64Node(1)), "of no store")
	}
}

// Iterators whose context ended say so, and give nothing.
func TestIteratorsHonourTheirContext(t *testing.T) {
	s := ofQuads([]quad.Quad{{Subject: quad.IRI("a"), Predicate: quad.IRI("p"), Object: quad.IRI("b"), Label: quad.IRI("s")}})
	a := s.find(quad.IRI("a"))
	p, _ := s.OptimizeShape(t.Context(), shape.QuadsAction{Result: quad.Object, Filter: map[quad.Direction]refs.Ref{quad.Subject: a}})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		plan iterator.Shape
		has  refs.Ref
	}{
		"nodes": {s.NodesAllIterator(), a},
		"quads": {s.QuadsAllIterator(), &s.quads[0]},
		"links": {s.QuadIterator(quad.Subject, a), &s.quads[0]},
		"pass":  {p.BuildIterator(s), s.find(quad.IRI("b"))},
	} {
		t.Run(name, func(t *testing.T) {
			scan, index := test.plan.Iterate(), test.plan.Lookup()
			require.True(t, test.plan.Iterate().Next(t.Context()))
			require.True(t, test.plan.Lookup().Contains(t.Context(), test.has))
			assert.False(t, scan.Next(ended))
			assert.Equal(t, context.Canceled, scan.Err())
			assert.Nil(t, scan.Result())
			assert.False(t, scan.Next(t.Context()), "an error stays")
			assert.False(t, index.Contains(ended, test.has))
			assert.Equal(t, context.Canceled, index.Err())
			require.NoError(t, scan.Close())
			require.NoError(t, index.Close())
		})
	}
}

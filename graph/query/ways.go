package query

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"
)

// An iterator that has a result may have been led to it in several ways, each
// with its tags; NextPath goes from one to the next. Cayley's iterators lose
// ways: LinksTo gives them for the first quad of a node only, And goes through
// those of its parts one part after the other instead of combining them, Or
// stops at the first part that has the value, Sort gives the ways of the next
// value, and Not gives tags of what it left out. So the shapes that would
// become these become the iterators of this file.

// ownIterators replaces the shapes whose iterators lose ways.
func (s *Store) ownIterators(sh shape.Shape) (shape.Shape, bool) {
	switch t := sh.(type) {
	case shape.Quads:
		if len(t) > 0 {
			return quadsShape{s, t}, true
		}
	case shape.Intersect:
		return allOf{all: t}, true
	case shape.IntersectOpt:
		return allOf{all: t.Sub, optional: t.Opt}, true
	case shape.Union:
		return anyOf{t}, true
	case shape.Except:
		return noneOf{t}, true
	case shape.Sort:
		if !shape.IsNull(t.From) {
			return sorted{s, t.From}, true
		}
	}
	return sh, false
}

// way is the tags of one way to a result; nil for none.
type way map[string]refs.Ref

// collector goes through ways, with as little garbage as can be: most have no
// tags.
type collector struct{ scratch way }

// waysOf appends all ways to the present result.
func (c *collector) waysOf(ctx context.Context, it iterator.Base, to []way) []way {
	if c.scratch == nil {
		c.scratch = way{}
	}
	for ok := true; ok; ok = it.NextPath(ctx) {
		if it.TagResults(c.scratch); len(c.scratch) == 0 {
			to = append(to, nil)
			continue
		}
		to = append(to, c.scratch)
		c.scratch = make(way, len(c.scratch))
	}
	return to
}

// The shapes. Each is final: it was optimized before it was made.

type quadsShape struct {
	store *Store
	quads shape.Quads
}

func (q quadsShape) Optimize(context.Context, shape.Optimizer) (shape.Shape, bool) { return q, false }

func (q quadsShape) BuildIterator(qs cayley.QuadStore) iterator.Shape {
	var parts []iterator.Shape
	for _, f := range q.quads {
		if shape.IsNull(f.Values) {
			return iterator.NewNull()
		}
		if r, ok := shape.One(f.Values); ok {
			parts = append(parts, qs.QuadIterator(f.Dir, r))
		} else {
			parts = append(parts, &linksTo{q.store, f.Values.BuildIterator(qs), f.Dir})
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return &and{all: parts}
}

type allOf struct {
	all      shape.Intersect
	optional []shape.Shape
}

func (a allOf) Optimize(context.Context, shape.Optimizer) (shape.Shape, bool) { return a, false }

func (a allOf) BuildIterator(qs cayley.QuadStore) iterator.Shape {
	it := &and{all: built(a.all, qs), optional: built(a.optional, qs)}
	if len(it.all) == 0 {
		it.all = []iterator.Shape{qs.NodesAllIterator()}
	}
	return it
}

func built(parts []shape.Shape, qs cayley.QuadStore) []iterator.Shape {
	out := make([]iterator.Shape, 0, len(parts))
	for _, p := range parts {
		if shape.IsNull(p) {
			out = append(out, iterator.NewNull())
		} else {
			out = append(out, p.BuildIterator(qs))
		}
	}
	return out
}

type anyOf struct{ parts shape.Union }

func (a anyOf) Optimize(context.Context, shape.Optimizer) (shape.Shape, bool) { return a, false }

func (a anyOf) BuildIterator(qs cayley.QuadStore) iterator.Shape {
	return &or{iterator.NewOr(built(a.parts, qs)...)}
}

type noneOf struct{ shape.Except }

func (n noneOf) Optimize(context.Context, shape.Optimizer) (shape.Shape, bool) { return n, false }

func (n noneOf) BuildIterator(qs cayley.QuadStore) iterator.Shape {
	all := qs.NodesAllIterator()
	if !shape.IsNull(n.From) {
		all = n.From.BuildIterator(qs)
	}
	if shape.IsNull(n.Exclude) {
		return all
	}
	return &not{iterator.NewMaterialize(n.Exclude.BuildIterator(qs)), all}
}

type sorted struct {
	store *Store
	from  shape.Shape
}

func (s sorted) Optimize(context.Context, shape.Optimizer) (shape.Shape, bool) { return s, false }

func (s sorted) BuildIterator(qs cayley.QuadStore) iterator.Shape {
	return &sort{s.store, s.from.BuildIterator(qs)}
}

// linksTo are the quads that have one of the nodes of another iterator in one
// direction.
type linksTo struct {
	store *Store
	nodes iterator.Shape
	dir   quad.Direction
}

func (l *linksTo) String() string                 { return "LinksTo(" + l.dir.String() + ")" }
func (l *linksTo) SubIterators() []iterator.Shape { return []iterator.Shape{l.nodes} }
func (l *linksTo) Iterate() iterator.Scanner {
	return &linksToNext{linksTo: l, nodes: l.nodes.Iterate()}
}
func (l *linksTo) Lookup() iterator.Index { return &linksToIndex{l.nodes.Lookup(), l.dir, nil} }

// Stats takes each node to have as many quads as nodes have on average.
func (l *linksTo) Stats(ctx context.Context) (iterator.Costs, error) {
	c := costsOf(ctx, l.nodes)
	size := float64(c.Size.Value) * l.store.by[l.dir-1].average
	return iterator.Costs{
		NextCost:     c.NextCost + 1,
		ContainsCost: c.ContainsCost + 1,
		Size:         refs.Size{Value: int64(min(size, float64(len(l.store.quads)))) + 1},
	}, nil
}

func (l *linksTo) Optimize(ctx context.Context) (iterator.Shape, bool) {
	nodes, changed := l.nodes.Optimize(ctx)
	if iterator.IsNull(nodes) {
		return nodes, true
	}
	return &linksTo{l.store, nodes, l.dir}, changed
}

type linksToNext struct {
	*linksTo
	collector
	nodes iterator.Scanner
	ways  []way
	way   int
	list  []*statement
	at    int // of the next in the list
}

func (l *linksToNext) Next(ctx context.Context) bool {
	for l.at >= len(l.list) {
		if !l.nodes.Next(ctx) {
			return false
		}
		l.list, l.at = l.store.with(l.dir, l.store.node(l.nodes.Result())), 0
		if len(l.list) > 0 {
			l.ways = l.waysOf(ctx, l.nodes, l.ways[:0])
		}
	}
	l.at++
	l.way = 0
	return true
}

func (l *linksToNext) NextPath(context.Context) bool {
	if l.at == 0 || l.way+1 >= len(l.ways) {
		return false
	}
	l.way++
	return true
}

func (l *linksToNext) Result() refs.Ref {
	if l.at == 0 {
		return nil
	}
	return l.list[l.at-1]
}

func (l *linksToNext) TagResults(dst map[string]refs.Ref) {
	if l.at > 0 {
		maps.Copy(dst, l.ways[l.way])
	}
}

func (l *linksToNext) Err() error   { return l.nodes.Err() }
func (l *linksToNext) Close() error { return l.nodes.Close() }

type linksToIndex struct {
	nodes  iterator.Index
	dir    quad.Direction
	result refs.Ref
}

func (l *linksToIndex) String() string { return "LinksToIndex(" + l.dir.String() + ")" }

func (l *linksToIndex) Contains(ctx context.Context, r refs.Ref) bool {
	q, ok := r.(*statement)
	if !ok || q == nil || q.at(l.dir) == nil || !l.nodes.Contains(ctx, q.at(l.dir)) {
		return false
	}
	l.result = r
	return true
}

func (l *linksToIndex) NextPath(ctx context.Context) bool  { return l.nodes.NextPath(ctx) }
func (l *linksToIndex) TagResults(dst map[string]refs.Ref) { l.nodes.TagResults(dst) }
func (l *linksToIndex) Result() refs.Ref                   { return l.result }
func (l *linksToIndex) Err() error                         { return l.nodes.Err() }
func (l *linksToIndex) Close() error                       { return l.nodes.Close() }

// and is what all parts have, in every combination of their ways. Optional
// parts add their ways where they have the value.
type and struct {
	all      []iterator.Shape // at least one
	optional []iterator.Shape
}

func (a *and) String() string { return "And" }

func (a *and) SubIterators() []iterator.Shape { return slices.Concat(a.all, a.optional) }

// Optimize puts the part first that is the cheapest to go through, looking
// each value up in the others. Cayley's own way divides by sizes that may be
// -1.
func (a *and) Optimize(ctx context.Context) (iterator.Shape, bool) {
	out := &and{}
	for _, p := range a.all {
		p, _ = p.Optimize(ctx)
		if iterator.IsNull(p) {
			return p, true
		}
		out.all = append(out.all, p)
	}
	for _, p := range a.optional {
		p, _ = p.Optimize(ctx)
		out.optional = append(out.optional, p)
	}
	if len(out.all) == 1 && len(out.optional) == 0 {
		return out.all[0], true
	}
	best, least := 0, math.Inf(1)
	for i := range out.all {
		if c := out.cost(ctx, i); c < least {
			best, least = i, c
		}
	}
	first := out.all[best]
	out.all = slices.Insert(slices.Delete(out.all, best, best+1), 0, first)
	return out, true
}

// cost estimates what it takes to go through one part.
func (a *and) cost(ctx context.Context, first int) float64 {
	size, each := 0.0, 0.0
	for i, p := range a.all {
		c := costsOf(ctx, p)
		if i == first {
			size = float64(c.Size.Value)
			each += float64(c.NextCost)
		} else {
			each += float64(c.ContainsCost)
		}
	}
	return size * each
}

// costsOf are estimated costs, which Cayley may have negative.
func costsOf(ctx context.Context, p iterator.Shape) iterator.Costs {
	c, _ := p.Stats(ctx)
	c.Size.Value = max(0, c.Size.Value)
	c.NextCost = max(1, c.NextCost)
	c.ContainsCost = max(1, c.ContainsCost)
	return c
}

func (a *and) Stats(ctx context.Context) (iterator.Costs, error) {
	out := costsOf(ctx, a.all[0])
	for _, p := range a.all[1:] {
		c := costsOf(ctx, p)
		out.NextCost += c.ContainsCost
		out.ContainsCost += c.ContainsCost
		out.Size.Value = min(out.Size.Value, c.Size.Value)
	}
	out.Size.Exact = false
	return out, nil
}

func (a *and) Iterate() iterator.Scanner {
	return &andNext{a.all[0].Iterate(), andIndex{all: lookups(a.all[1:]), optional: lookups(a.optional)}}
}

func (a *and) Lookup() iterator.Index {
	return &andIndex{all: lookups(a.all), optional: lookups(a.optional)}
}

func lookups(parts []iterator.Shape) []iterator.Index {
	out := make([]iterator.Index, len(parts))
	for i, p := range parts {
		out[i] = p.Lookup()
	}
	return out
}

type andIndex struct {
	collector
	all, optional []iterator.Index
	result        refs.Ref
	ways          [][]way // by part, of those that have the result
	at            []int   // by part
	err           error
}

func (a *andIndex) String() string { return "AndIndex" }

func (a *andIndex) Contains(ctx context.Context, r refs.Ref) bool { return a.contains(ctx, r, nil) }

// contains looks a value up, whose first ways may be known already.
func (a *andIndex) contains(ctx context.Context, r refs.Ref, scan iterator.Scanner) bool {
	for _, p := range a.all {
		if !p.Contains(ctx, r) {
			a.note(p)
			return false
		}
	}
	a.result, a.at = r, a.at[:0]
	if scan != nil {
		a.add(ctx, scan)
	}
	for _, p := range a.all {
		a.add(ctx, p)
		a.note(p)
	}
	for _, p := range a.optional {
		if p.Contains(ctx, r) {
			a.add(ctx, p)
		}
		a.note(p)
	}
	return a.err == nil
}

// add adds the ways of a part, in a slice that was used before.
func (a *andIndex) add(ctx context.Context, p iterator.Base) {
	i := len(a.at)
	if i == len(a.ways) {
		a.ways = append(a.ways, nil)
	}
	a.ways[i] = a.waysOf(ctx, p, a.ways[i][:0])
	a.at = append(a.at, 0)
}

func (a *andIndex) note(p iterator.Base) {
	if a.err == nil {
		a.err = p.Err()
	}
}

// NextPath counts up, the last part first.
func (a *andIndex) NextPath(context.Context) bool {
	for i := len(a.at) - 1; i >= 0; i-- {
		if a.at[i]++; a.at[i] < len(a.ways[i]) {
			return true
		}
		a.at[i] = 0
	}
	a.at = a.at[:0] // all were given
	return false
}

func (a *andIndex) TagResults(dst map[string]refs.Ref) {
	for i, at := range a.at {
		maps.Copy(dst, a.ways[i][at])
	}
}

func (a *andIndex) Result() refs.Ref { return a.result }
func (a *andIndex) Err() error       { return a.err }

func (a *andIndex) Close() error {
	var err error
	for _, p := range slices.Concat(a.all, a.optional) {
		if e := p.Close(); err == nil {
			err = e
		}
	}
	return err
}

type andNext struct {
	first iterator.Scanner
	andIndex
}

func (a *andNext) String() string { return "AndNext" }

func (a *andNext) Next(ctx context.Context) bool {
	for a.err == nil && a.first.Next(ctx) {
		if a.contains(ctx, a.first.Result(), a.first) {
			return true
		}
	}
	a.note(a.first)
	return false
}

func (a *andNext) Close() error {
	err := a.first.Close()
	if e := a.andIndex.Close(); err == nil {
		err = e
	}
	return err
}

// or is what some part has, in all ways of all parts. Scanning, Cayley's is
// fine.
type or struct{ *iterator.Or }

func (o *or) Lookup() iterator.Index { return &orIndex{parts: lookups(o.SubIterators())} }

func (o *or) Optimize(ctx context.Context) (iterator.Shape, bool) {
	it, _ := o.Or.Optimize(ctx)
	if plain, ok := it.(*iterator.Or); ok {
		return &or{plain}, true
	}
	return it, true
}

type orIndex struct {
	parts  []iterator.Index
	at     int // the part that has the result
	result refs.Ref
	err    error
}

func (o *orIndex) String() string { return "OrIndex" }

func (o *orIndex) Contains(ctx context.Context, r refs.Ref) bool {
	o.result = r
	return o.from(ctx, 0)
}

// from looks for the first part from i on that has the value.
func (o *orIndex) from(ctx context.Context, i int) bool {
	for o.at = i; o.at < len(o.parts); o.at++ {
		p := o.parts[o.at]
		if p.Contains(ctx, o.result) {
			return true
		}
		if o.err = p.Err(); o.err != nil {
			return false
		}
	}
	return false
}

func (o *orIndex) NextPath(ctx context.Context) bool {
	if o.at >= len(o.parts) || o.result == nil || o.err != nil {
		return false
	}
	if o.parts[o.at].NextPath(ctx) {
		return true
	}
	return o.from(ctx, o.at+1)
}

func (o *orIndex) TagResults(dst map[string]refs.Ref) {
	if o.at < len(o.parts) {
		o.parts[o.at].TagResults(dst)
	}
}

func (o *orIndex) Result() refs.Ref { return o.result }
func (o *orIndex) Err() error       { return o.err }

func (o *orIndex) Close() error {
	var err error
	for _, p := range o.parts {
		if e := p.Close(); err == nil {
			err = e
		}
	}
	return err
}

// not is all nodes but some.
type not struct{ exclude, all iterator.Shape }

func (n *not) cayley() *iterator.Not { return iterator.NewNot(n.exclude, n.all) }

func (n *not) String() string                 { return "Not" }
func (n *not) SubIterators() []iterator.Shape { return []iterator.Shape{n.exclude, n.all} }
func (n *not) Stats(ctx context.Context) (iterator.Costs, error) {
	return costsOf(ctx, n.cayley()), nil
}
func (n *not) Iterate() iterator.Scanner { return untagged{n.cayley().Iterate()} }
func (n *not) Lookup() iterator.Index    { return untaggedIndex{n.cayley().Lookup()} }

func (n *not) Optimize(ctx context.Context) (iterator.Shape, bool) {
	exclude, _ := n.exclude.Optimize(ctx)
	all, _ := n.all.Optimize(ctx)
	return &not{exclude, all}, true
}

type untagged struct{ iterator.Scanner }

func (untagged) TagResults(map[string]refs.Ref) {}

type untaggedIndex struct{ iterator.Index }

func (untaggedIndex) TagResults(map[string]refs.Ref) {}

// sort is another iterator in the order of its values as texts.
type sort struct {
	store *Store
	from  iterator.Shape
}

func (s *sort) String() string                                    { return "Sort" }
func (s *sort) SubIterators() []iterator.Shape                    { return []iterator.Shape{s.from} }
func (s *sort) Stats(ctx context.Context) (iterator.Costs, error) { return s.from.Stats(ctx) }
func (s *sort) Iterate() iterator.Scanner {
	return &sortNext{store: s.store, from: s.from.Iterate(), at: -1}
}
func (s *sort) Lookup() iterator.Index { return s.from.Lookup() }

func (s *sort) Optimize(ctx context.Context) (iterator.Shape, bool) {
	from, changed := s.from.Optimize(ctx)
	return &sort{s.store, from}, changed
}

type sortNext struct {
	collector
	store  *Store
	from   iterator.Scanner
	read   bool
	values []sortedValue
	at     int
	way    int
	err    error
}

type sortedValue struct {
	text  string
	value refs.Ref
	ways  []way
}

func (s *sortNext) String() string { return "SortNext" }

func (s *sortNext) Next(ctx context.Context) bool {
	if !s.read {
		s.read = true
		for s.from.Next(ctx) {
			r := s.from.Result()
			v, err := s.store.NameOf(r)
			if err != nil {
				s.err = err
				return false
			}
			s.values = append(s.values, sortedValue{quad.StringOf(v), r, s.waysOf(ctx, s.from, nil)})
		}
		s.err = s.from.Err()
		slices.SortStableFunc(s.values, func(a, b sortedValue) int { return strings.Compare(a.text, b.text) })
	}
	if s.err != nil || s.at+1 >= len(s.values) {
		return false
	}
	s.at++
	s.way = 0
	return true
}

func (s *sortNext) NextPath(context.Context) bool {
	if s.at < 0 || s.way+1 >= len(s.values[s.at].ways) {
		return false
	}
	s.way++
	return true
}

func (s *sortNext) Result() refs.Ref {
	if s.at < 0 {
		return nil
	}
	return s.values[s.at].value
}

func (s *sortNext) TagResults(dst map[string]refs.Ref) {
	if s.at >= 0 {
		maps.Copy(dst, s.values[s.at].ways[s.way])
	}
}

func (s *sortNext) Err() error   { return s.err }
func (s *sortNext) Close() error { return s.from.Close() }

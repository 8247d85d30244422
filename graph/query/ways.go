package query

import (
	"context"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/cayley/query/shape"
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
	case shape.Page:
		if !shape.IsNull(t.From) {
			return paged{t}, true
		}
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

type paged struct{ shape.Page }

func (p paged) Optimize(context.Context, shape.Optimizer) (shape.Shape, bool) { return p, false }

func (p paged) BuildIterator(qs cayley.QuadStore) iterator.Shape {
	return &page{p.From.BuildIterator(qs), p.Skip, p.Limit}
}

package query

import (
	"context"
	"slices"

	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"
)

// Build makes the iterator of a query's shape. It goes past Cayley's optimizer,
// which panics where a shape excludes something that the graph does not hold,
// and forgets an optional part that stands outside of another one.
func (q *Session) Build(ctx context.Context, sh shape.Shape) iterator.Shape {
	if sh != nil {
		sh, _ = sh.Optimize(ctx, planner{q})
	}
	if shape.IsNull(sh) {
		return iterator.NewNull()
	}
	return sh.BuildIterator(q)
}

// planner looks the names in a shape up and makes each part, from the inside
// to the outside, one that has the right iterator; nil for what is empty.
type planner struct{ q *Session }

// OptimizeShape is part of shape.Optimizer.
func (p planner) OptimizeShape(ctx context.Context, sh shape.Shape) (shape.Shape, bool) {
	switch s := sh.(type) {
	case shape.Lookup:
		return p.lookup(s)
	case shape.NodesFrom:
		if quads, ok := s.Quads.(quadsShape); ok {
			return p.q.onePass(s, quads)
		}
		return unlessEmpty(s, s.Quads)
	case shape.Filter:
		return unlessEmpty(s, s.From)
	case shape.Page:
		return unlessEmpty(s, s.From)
	case shape.FixedTags:
		return unlessEmpty(s, s.On)
	case shape.Except:
		if shape.IsNull(s.Exclude) {
			return shape.AllNodes{}, true
		}
	case shape.Intersect:
		// What all nodes have in common with a set is the set.
		rest := slices.DeleteFunc(slices.Clone(s), func(p shape.Shape) bool { return p == shape.Shape(shape.AllNodes{}) })
		switch len(rest) {
		case 0:
			return shape.AllNodes{}, true
		case 1:
			return rest[0], true
		}
		sh = rest
	}
	return p.q.OptimizeShape(ctx, sh)
}

func (p planner) lookup(values shape.Lookup) (shape.Shape, bool) {
	var found shape.Fixed
	for _, v := range values {
		r, err := p.q.ValueOf(v)
		if err != nil {
			return nil, true // the run has failed
		}
		if r != nil {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return nil, true
	}
	return found, true
}

// unlessEmpty is a shape, or nil when what it is made of is empty.
func unlessEmpty(sh, of shape.Shape) (shape.Shape, bool) {
	if shape.IsNull(of) {
		return nil, true
	}
	return sh, false
}

// onePass makes a step one pass over the quads, where each of its conditions
// is a single node or a tag for any.
func (s *Store) onePass(step shape.NodesFrom, quads quadsShape) (shape.Shape, bool) {
	a := shape.QuadsAction{Result: step.Dir}
	for _, f := range quads.quads {
		if _, ok := a.Filter[f.Dir]; ok {
			return step, false
		}
		if r, ok := shape.One(f.Values); ok {
			a.SetFilter(f.Dir, r)
			continue
		}
		save, ok := f.Values.(shape.Save)
		if !ok || save.From != shape.Shape(shape.AllNodes{}) {
			return step, false
		}
		if a.Save == nil {
			a.Save = map[quad.Direction][]string{}
		}
		a.Save[f.Dir] = append(a.Save[f.Dir], save.Tags...)
	}
	return s.OptimizeShape(context.Background(), a)
}

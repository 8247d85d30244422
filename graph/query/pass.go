package query

import (
	"context"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"
)

// OptimizeShape replaces the common step, from known ends of quads to their
// other ends, by one pass over the shortest posting list. Cayley would build an
// intersection for it, and put its parts together in the order of a map, so that
// the order of an answer would change from run to run.
//
// A union loses its empty parts here: Cayley leaves some, and panics over them.
func (s *Store) OptimizeShape(_ context.Context, sh shape.Shape) (shape.Shape, bool) {
	if u, ok := sh.(shape.Union); ok {
		if sh, _ = nonempty(u); shape.IsNull(sh) {
			return nil, true
		}
	}
	a, ok := sh.(shape.QuadsAction)
	if !ok {
		return s.ownIterators(sh)
	}
	p := &pass{store: s, result: a.Result}
	for d, r := range a.Filter {
		n := s.node(r)
		if n == nil {
			return nil, true // no quad has it
		}
		p.want[d-1] = n
	}
	for d, tags := range a.Save {
		p.save[d-1] = tags
	}
	return p, true
}

func nonempty(u shape.Union) (shape.Shape, bool) {
	parts := make(shape.Union, 0, len(u))
	for _, part := range u {
		if !shape.IsNull(part) {
			parts = append(parts, part)
		}
	}
	switch len(parts) {
	case len(u):
		return u, false
	case 0:
		return nil, true
	case 1:
		return parts[0], true
	}
	return parts, true
}

// pass is one pass over quads: those that have the wanted nodes, each giving
// the node in one direction.
type pass struct {
	store  *Store
	result quad.Direction
	want   [4]*node    // by direction; nil where any will do
	save   [4][]string // tags
}

// BuildIterator makes a pass an iterator; part of shape.Shape.
func (p *pass) BuildIterator(cayley.QuadStore) iterator.Shape { return passShape{p} }

// Optimize does nothing; part of shape.Shape.
func (p *pass) Optimize(context.Context, shape.Optimizer) (shape.Shape, bool) { return p, false }

// shortest returns the shortest list that has all quads with the wanted nodes,
// and whether there is any condition at all.
func (p *pass) shortest(want [4]*node) (list []*statement, conditions int) {
	for d, n := range want {
		if n == nil {
			continue
		}
		l := p.store.with(quad.Directions[d], n)
		if conditions == 0 || len(l) < len(list) {
			list = l
		}
		conditions++
	}
	return list, conditions
}

// fits reports whether a quad has all that is wanted, and a value wherever one
// is saved.
func (p *pass) fits(q *statement, want *[4]*node) bool {
	for d, n := range want {
		if n != nil && q[d] != n || q[d] == nil && len(p.save[d]) > 0 {
			return false
		}
	}
	return q.at(p.result) != nil
}

// cursor goes through the quads of a pass.
type cursor struct {
	leaf
	pass *pass
	want [4]*node
	list []*statement
	all  bool // no condition: go through all quads of the store
	at   int
	quad *statement
}

func (p *pass) cursor(want [4]*node) cursor {
	list, conditions := p.shortest(want)
	return cursor{pass: p, want: want, list: list, all: conditions == 0}
}

func (c *cursor) next(ctx context.Context) bool {
	n := len(c.list)
	if c.all {
		n = len(c.pass.store.quads)
	}
	for c.at < n && c.alive(ctx) {
		var q *statement
		if c.all {
			q = &c.pass.store.quads[c.at]
		} else {
			q = c.list[c.at]
		}
		c.at++
		if c.pass.fits(q, &c.want) {
			c.quad, c.result = q, q.at(c.pass.result)
			return true
		}
	}
	return false
}

// TagResults gives the ends of the present quad that are to be saved.
func (c *cursor) TagResults(dst map[string]refs.Ref) {
	if c.quad == nil {
		return
	}
	for d, tags := range c.pass.save {
		for _, t := range tags {
			dst[t] = c.quad[d]
		}
	}
}

// passShape is the plan of a pass.
type passShape struct{ *pass }

func (p passShape) String() string                                  { return "Pass(" + p.result.String() + ")" }
func (p passShape) SubIterators() []iterator.Shape                  { return nil }
func (p passShape) Optimize(context.Context) (iterator.Shape, bool) { return p, false }

// Stats counts the quads to look at. That is exact only where every one fits.
func (p passShape) Stats(context.Context) (iterator.Costs, error) {
	list, conditions := p.shortest(p.want)
	n := len(list)
	if conditions == 0 {
		n = len(p.store.quads)
	}
	c, err := costs(n)
	labelled := p.result == quad.Label || len(p.save[quad.Label-1]) > 0
	c.Size.Exact = conditions <= 1 && !labelled
	return c, err
}

func (p passShape) Iterate() iterator.Scanner {
	return &passNext{cursor: p.cursor(p.want), here: passIndex{cursor{pass: p.pass}}}
}

func (p passShape) Lookup() iterator.Index { return &passIndex{cursor{pass: p.pass}} }

// passNext gives each node once; the quads that lead to it are its ways.
type passNext struct {
	cursor
	seen bits
	here passIndex
}

func (p *passNext) String() string { return "PassNext" }

func (p *passNext) Next(ctx context.Context) bool {
	for p.next(ctx) {
		if !p.seen.add(p.quad.at(p.pass.result)) {
			continue
		}
		if !p.here.Contains(ctx, p.cursor.result) {
			p.err = p.here.err
			return false
		}
		return true
	}
	return false
}

func (p *passNext) NextPath(ctx context.Context) bool  { return p.here.NextPath(ctx) }
func (p *passNext) TagResults(dst map[string]refs.Ref) { p.here.TagResults(dst) }

// bits are nodes that were seen.
type bits []uint64

// add reports whether a node was not there before.
func (b *bits) add(n *node) bool {
	i, mask := int(n.id/64), uint64(1)<<(n.id%64)
	if i >= len(*b) {
		*b = append(*b, make(bits, i+1-len(*b))...)
	}
	if (*b)[i]&mask != 0 {
		return false
	}
	(*b)[i] |= mask
	return true
}

// passIndex finds the quads that give a certain node.
type passIndex struct{ cursor }

func (p *passIndex) String() string { return "PassIndex" }

func (p *passIndex) Contains(ctx context.Context, r refs.Ref) bool {
	n := p.pass.store.node(r)
	want := p.pass.want
	have := &want[p.pass.result-1]
	if n == nil || *have != nil && *have != n {
		p.alive(ctx)
		return false
	}
	*have = n
	err := p.err
	p.cursor = p.pass.cursor(want)
	p.err = err
	return p.alive(ctx) && p.next(ctx)
}

// NextPath goes on to the next quad that gives the same node.
func (p *passIndex) NextPath(ctx context.Context) bool { return p.quad != nil && p.next(ctx) }

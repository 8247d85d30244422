package query

import (
	"context"

	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/quad"
)

// leaf is what the iterators of a store have in common: a result, and the
// error of a context that ended.
type leaf struct {
	result refs.Ref
	err    error
}

// alive reports whether the context still lives. It is asked at every step, so
// that no loop of the iterators above runs on after its end.
func (l *leaf) alive(ctx context.Context) bool {
	if l.err == nil {
		l.err = ctx.Err()
	}
	if l.err != nil {
		l.result = nil
	}
	return l.err == nil
}

func (l *leaf) Result() refs.Ref               { return l.result }
func (l *leaf) Err() error                     { return l.err }
func (l *leaf) TagResults(map[string]refs.Ref) {}
func (l *leaf) NextPath(context.Context) bool  { return false }
func (l *leaf) Close() error                   { return nil }

// costs are those of an iterator that needs neither a search nor a read.
func costs(n int) (iterator.Costs, error) {
	return iterator.Costs{ContainsCost: 1, NextCost: 1, Size: exactly(n)}, nil
}

// links are the quads that have a node in one direction.
type links struct {
	list []*statement
	dir  quad.Direction
	node *node
}

func (l *links) String() string                                  { return "Links(" + l.dir.String() + ")" }
func (l *links) SubIterators() []iterator.Shape                  { return nil }
func (l *links) Optimize(context.Context) (iterator.Shape, bool) { return l, false }
func (l *links) Stats(context.Context) (iterator.Costs, error)   { return costs(len(l.list)) }
func (l *links) Iterate() iterator.Scanner                       { return &linksNext{links: l} }
func (l *links) Lookup() iterator.Index                          { return &linksIndex{links: l} }

type linksNext struct {
	leaf
	*links
	at int
}

func (l *linksNext) Next(ctx context.Context) bool {
	if !l.alive(ctx) || l.at >= len(l.list) {
		return false
	}
	l.result = l.list[l.at]
	l.at++
	return true
}

type linksIndex struct {
	leaf
	*links
}

func (l *linksIndex) Contains(ctx context.Context, r refs.Ref) bool {
	if !l.alive(ctx) {
		return false
	}
	q, ok := r.(*statement)
	if !ok || q == nil || q.at(l.dir) != l.node {
		return false
	}
	l.result = r
	return true
}

// everything is all nodes, or all quads.
type everything struct {
	store *Store
	nodes bool
}

func (e *everything) len() int {
	if e.nodes {
		return len(e.store.nodes)
	}
	return len(e.store.quads)
}

func (e *everything) String() string                                  { return "All" }
func (e *everything) SubIterators() []iterator.Shape                  { return nil }
func (e *everything) Optimize(context.Context) (iterator.Shape, bool) { return e, false }
func (e *everything) Stats(context.Context) (iterator.Costs, error)   { return costs(e.len()) }
func (e *everything) Iterate() iterator.Scanner                       { return &everythingNext{everything: e} }
func (e *everything) Lookup() iterator.Index                          { return &everythingIndex{everything: e} }

type everythingNext struct {
	leaf
	*everything
	at int
}

func (e *everythingNext) Next(ctx context.Context) bool {
	if !e.alive(ctx) || e.at >= e.len() {
		return false
	}
	if e.nodes {
		e.result = &e.store.nodes[e.at]
	} else {
		e.result = &e.store.quads[e.at]
	}
	e.at++
	return true
}

type everythingIndex struct {
	leaf
	*everything
}

func (e *everythingIndex) Contains(ctx context.Context, r refs.Ref) bool {
	if !e.alive(ctx) {
		return false
	}
	ok := false
	if e.nodes {
		ok = e.store.node(r) != nil
	} else {
		_, ok = r.(*statement)
	}
	if ok {
		e.result = r
	}
	return ok
}

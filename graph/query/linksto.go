package query

import (
	"context"
	"maps"

	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/quad"
)

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

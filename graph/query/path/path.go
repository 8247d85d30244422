// Package path runs Cayley's paths, github.com/cayleygraph/cayley/query/path,
// as queries: for Go programs that ask what package graph has no method for.
//
//	p := cayley.StartMorphism(quad.IRI("attack:T0843")).In(quad.IRI("rel:mitigates"))
//	r, err := path.Run(ctx, store, p, query.Limits{})
//
// A Go string given to a path stands for the node of that name where there is
// one; see package query.
//
// What is left of Cayley to watch: Limit, Skip, Order, Count and Back change
// the path that they are called on, and extending one path from several
// goroutines is a data race. Building a path from what is none, such as a
// predicate of an unknown type, panics before Run sees it. Several ways to one
// node give several rows; Unique leaves one of them. For FollowRecursive use
// [query.Recursive].
package path

import (
	"context"
	"errors"

	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	cayley "github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph/query"
)

// Run runs a path. It may be a morphism, from StartMorphism; one that was bound
// to a quad store runs on the given store nevertheless. Each way through the
// graph is a row: its end in the column "id", and what it tagged; Cayley itself
// loses some ways, and their tags, where there are several to a node. A path
// without a start starts at every node.
//
// The errors are those of [query.Run]. A path that a nil or a panic of Cayley
// makes impossible, or that names an unknown predicate, is a [query.Error].
func Run(ctx context.Context, s *query.Store, p *cayley.Path, l query.Limits) (query.Result, error) {
	return query.Run(ctx, s, l, func(ctx context.Context, q *query.Session) error {
		if p == nil {
			return &query.Error{Err: errors.New("there is no path")}
		}
		s := p.Shape()
		if err := predicates(q, s); err != nil {
			return err
		}
		it := iterator.Tag(q.Build(ctx, s), "id")
		return iterator.Iterate(ctx, it).TagEach(func(tags map[string]refs.Ref) error {
			row := make(map[string]any, len(tags))
			for name, r := range tags {
				v, err := q.NameOf(r)
				if err != nil {
					return err
				}
				if v != nil {
					row[name] = v
				}
			}
			return q.Emit(row)
		})
	})
}

// predicates checks the predicates that a path names. Those within
// FollowRecursive can't be seen; the session looks at them as far as it can.
func predicates(q *query.Session, s shape.Shape) (err error) {
	shape.Walk(s, func(s shape.Shape) bool {
		quads, _ := s.(shape.Quads)
		for _, f := range quads {
			values, ok := f.Values.(shape.Lookup)
			if !ok || f.Dir != quad.Predicate {
				continue
			}
			for _, v := range values {
				if e := q.Predicate(v); e != nil && err == nil {
					err = e
				}
			}
		}
		return err == nil
	})
	return err
}

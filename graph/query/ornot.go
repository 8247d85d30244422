package query

import (
	"context"

	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
)

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

package query

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/quad"
)

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

// page is a stretch of another iterator, counted in ways. What lies in it
// depends on the order, so that to look up is to have gone through.
type page struct {
	from        iterator.Shape
	skip, limit int64 // limit 0 for none
}

func (p *page) cayley() iterator.Shape {
	it := p.from
	if p.skip > 0 {
		it = iterator.NewSkip(it, p.skip)
	}
	if p.limit > 0 {
		it = iterator.NewLimit(it, p.limit)
	}
	return it
}

func (p *page) String() string                                    { return "Page" }
func (p *page) SubIterators() []iterator.Shape                    { return []iterator.Shape{p.from} }
func (p *page) Stats(ctx context.Context) (iterator.Costs, error) { return p.cayley().Stats(ctx) }
func (p *page) Iterate() iterator.Scanner                         { return p.cayley().Iterate() }
func (p *page) Lookup() iterator.Index                            { return &readIndex{plan: p} }

func (p *page) Optimize(ctx context.Context) (iterator.Shape, bool) {
	from, changed := p.from.Optimize(ctx)
	return &page{from, p.skip, p.limit}, changed
}

// readIndex goes through everything once and then looks up.
type readIndex struct {
	collector
	plan   iterator.Shape
	ways   map[any][]way
	result refs.Ref
	at     int
	err    error
}

func (r *readIndex) String() string { return "ReadIndex" }

func (r *readIndex) read(ctx context.Context) {
	r.ways = map[any][]way{}
	it := r.plan.Iterate()
	defer it.Close()
	for it.Next(ctx) {
		key := refs.ToKey(it.Result())
		r.ways[key] = r.waysOf(ctx, it, r.ways[key])
	}
	r.err = it.Err()
}

func (r *readIndex) Contains(ctx context.Context, v refs.Ref) bool {
	if r.ways == nil {
		r.read(ctx)
	}
	if v == nil || r.err != nil || len(r.ways[refs.ToKey(v)]) == 0 {
		return false
	}
	r.result, r.at = v, 0
	return true
}

func (r *readIndex) NextPath(context.Context) bool {
	if r.result == nil || r.at+1 >= len(r.ways[refs.ToKey(r.result)]) {
		return false
	}
	r.at++
	return true
}

func (r *readIndex) Result() refs.Ref { return r.result }

func (r *readIndex) TagResults(dst map[string]refs.Ref) {
	if r.result != nil {
		maps.Copy(dst, r.ways[refs.ToKey(r.result)][r.at])
	}
}

func (r *readIndex) Err() error   { return r.err }
func (r *readIndex) Close() error { return nil }

package query

import (
	"context"
	"maps"
	"math"
	"slices"

	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
)

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
	it := &andNext{first: a.all[0].Iterate(), once: once(a.all[0])}
	if it.once {
		it.andIndex = andIndex{all: lookups(a.all[1:]), optional: lookups(a.optional)}
	} else {
		it.andIndex = andIndex{all: lookups(a.all), optional: lookups(a.optional)}
		it.seen = map[refs.Ref]bool{}
	}
	return it
}

// once reports whether an iterator gives no value twice.
func once(it iterator.Shape) bool {
	switch it.(type) {
	case *links, *linksTo, passShape, *everything, *and, *not, *iterator.Fixed, *iterator.Unique:
		return true
	}
	return false
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

// andNext goes through the first part and looks each value up in the others.
// Where the first part may give a value again, all ways are looked up the first
// time, so that a value comes once.
type andNext struct {
	andIndex
	first iterator.Scanner
	once  bool
	seen  map[refs.Ref]bool
}

func (a *andNext) String() string { return "AndNext" }

func (a *andNext) Next(ctx context.Context) bool {
	for a.err == nil && a.first.Next(ctx) {
		r, scan := a.first.Result(), a.first
		if !a.once {
			if r == nil || a.seen[r] {
				continue
			}
			a.seen[r], scan = true, nil
		}
		if a.contains(ctx, r, scan) {
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

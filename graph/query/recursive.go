package query

import (
	"context"
	"maps"
	"math"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"
)

// Recursive is a step for Filters of a Cayley path: it repeats another path as
// often as it leads somewhere new, but at most depth times, where depth is
// positive. From each node where the path stands it gives every node that it
// reaches, once, by the fewest repetitions; their number is tagged.
//
//	p.Filters(query.Recursive(step, 0))
//
// It stands in for FollowRecursive, which stops after 50 repetitions when not
// told otherwise, finds nothing where the step uses its start twice, as Both
// does, gives what several starts reach for one of them only, and builds what
// comes before it without the care that a [Session] takes.
func Recursive(step *path.Path, depth int, tags ...string) shape.ValueFilter {
	return recursion{step, depth, tags}
}

type recursion struct {
	step  *path.Path
	depth int
	tags  []string
}

// BuildIterator is part of shape.ValueFilter.
func (r recursion) BuildIterator(qs cayley.QuadStore, from iterator.Shape) iterator.Shape {
	return &recursive{r, qs, from}
}

type recursive struct {
	recursion
	qs   cayley.QuadStore
	from iterator.Shape
}

func (r *recursive) String() string                 { return "Recursive" }
func (r *recursive) SubIterators() []iterator.Shape { return []iterator.Shape{r.from} }
func (r *recursive) Iterate() iterator.Scanner {
	return &recursiveNext{recursive: r, from: r.from.Iterate(), at: -1}
}
func (r *recursive) Lookup() iterator.Index { return &readIndex{plan: r} }

func (r *recursive) Optimize(ctx context.Context) (iterator.Shape, bool) {
	from, changed := r.from.Optimize(ctx)
	if iterator.IsNull(from) {
		return from, true
	}
	return &recursive{r.recursion, r.qs, from}, changed
}

// Stats guesses: to find one is to go through all.
func (r *recursive) Stats(ctx context.Context) (iterator.Costs, error) {
	c := costsOf(ctx, r.from)
	c.Size.Value = min(c.Size.Value, math.MaxInt32) * 20
	c.Size.Exact = false
	c.NextCost *= 10
	c.ContainsCost = c.Size.Value
	return c, nil
}

// reached is a node that a start leads to.
type reached struct {
	node refs.Ref
	tags way // of the last step, and the depth
}

// all finds what one start leads to, level by level.
func (r *recursive) all(ctx context.Context, start refs.Ref) ([]reached, error) {
	var out []reached
	seen := map[any]bool{}
	for level, depth := (shape.Fixed{start}), 1; len(level) > 0 && (r.depth <= 0 || depth <= r.depth); depth++ {
		var next shape.Fixed
		sh := r.step.ShapeFrom(level)
		var plan iterator.Shape
		if q, ok := r.qs.(*Session); ok {
			plan = q.Build(ctx, sh)
		} else {
			plan = shape.BuildIterator(ctx, r.qs, sh)
		}
		plan, _ = plan.Optimize(ctx)
		it := plan.Iterate()
		for it.Next(ctx) {
			n := it.Result()
			if key := refs.ToKey(n); !seen[key] && n != nil {
				seen[key] = true
				next = append(next, n)
				tags := way{}
				it.TagResults(tags)
				for _, t := range r.tags {
					tags[t] = refs.PreFetched(quad.Int(depth))
				}
				out = append(out, reached{n, tags})
			}
		}
		err := it.Err()
		if e := it.Close(); err == nil {
			err = e
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		level = next
	}
	return out, nil
}

// recursiveNext goes through the starts, and what each leads to.
type recursiveNext struct {
	*recursive
	collector
	from iterator.Scanner
	ways []way // to the start
	list []reached
	at   int
	way  int
	err  error
}

func (r *recursiveNext) Next(ctx context.Context) bool {
	r.at++
	r.way = 0
	for r.at >= len(r.list) {
		if r.err != nil || !r.from.Next(ctx) {
			return false
		}
		if r.list, r.err = r.all(ctx, r.from.Result()); r.err != nil {
			return false
		}
		r.ways, r.at = r.waysOf(ctx, r.from, r.ways[:0]), 0
	}
	return true
}

func (r *recursiveNext) NextPath(context.Context) bool {
	if r.way+1 >= len(r.ways) {
		return false
	}
	r.way++
	return true
}

func (r *recursiveNext) Result() refs.Ref {
	if r.at < 0 || r.at >= len(r.list) {
		return nil
	}
	return r.list[r.at].node
}

func (r *recursiveNext) TagResults(dst map[string]refs.Ref) {
	if r.Result() != nil {
		maps.Copy(dst, r.ways[r.way])
		maps.Copy(dst, r.list[r.at].tags)
	}
}

func (r *recursiveNext) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.from.Err()
}

func (r *recursiveNext) Close() error { return r.from.Close() }

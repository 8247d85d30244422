package query_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	cpath "github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/path"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestStore(t *testing.T) {
	s := sample(t)
	st := query.New(s)
	ctx := t.Context()

	// All quads, once each, in their order.
	var want, got []quad.Quad
	seen := map[quad.Quad]bool{}
	for q := range s.Quads() {
		if !seen[q] {
			want = append(want, q)
		}
		seen[q] = true
	}
	values := map[quad.Value]int{}
	for all := st.QuadsAllIterator().Iterate(); all.Next(ctx); {
		q, err := st.Quad(all.Result())
		require.NoError(t, err)
		got = append(got, q)
		for _, d := range quad.Directions {
			r, err := st.QuadDirection(all.Result(), d)
			require.NoError(t, err)
			v, err := st.NameOf(r)
			require.NoError(t, err)
			require.Equal(t, q.Get(d), v)
			if v == nil {
				require.Nil(t, r)
				continue
			}
			values[v]++
		}
	}
	require.Equal(t, want, got)

	// Each value is one node, under its own name.
	n := 0
	for all := st.NodesAllIterator().Iterate(); all.Next(ctx); n++ {
		v, err := st.NameOf(all.Result())
		require.NoError(t, err)
		r, err := st.ValueOf(v)
		require.NoError(t, err)
		require.Equal(t, all.Result(), r)
		links := 0
		for _, d := range quad.Directions {
			size, err := st.QuadIteratorSize(ctx, d, r)
			require.NoError(t, err)
			require.True(t, size.Exact)
			links += int(size.Value)
		}
		require.Equal(t, values[v], links, v)
	}
	assert.Len(t, values, n)
	stats, err := st.Stats(ctx, true)
	require.NoError(t, err)
	assert.Equal(t, cayley.Stats{Nodes: refs.Size{Value: int64(n), Exact: true}, Quads: refs.Size{Value: int64(len(want)), Exact: true}}, stats)

	// A typed text is the number.
	r, err := st.ValueOf(quad.TypedString{Value: "0.95", Type: "http://www.w3.org/2001/XMLSchema#double"})
	require.NoError(t, err)
	same, err := st.ValueOf(quad.Float(0.95))
	require.NoError(t, err)
	assert.Equal(t, same, r)

	// Nobody writes.
	assert.ErrorIs(t, st.ApplyDeltas([]cayley.Delta{{}}, cayley.IgnoreOpts{}), query.ErrReadOnly)
	_, err = st.NewQuadWriter()
	assert.ErrorIs(t, err, query.ErrReadOnly)
	assert.NoError(t, st.Close())
}

// References of another store, and what Cayley makes up, are nothing.
func TestForeignReferences(t *testing.T) {
	s := sample(t)
	st, other := query.New(s), query.New(s)
	node, err := other.ValueOf(quad.IRI("attack:T0843"))
	require.NoError(t, err)
	require.NotNil(t, node)
	for _, r := range []refs.Ref{nil, node, iterator.Int64Node(3), (refs.Ref)(refs.ValueHash{})} {
		v, err := st.NameOf(r)
		require.NoError(t, err)
		assert.Nil(t, v)
		assert.True(t, iterator.IsNull(st.QuadIterator(quad.Subject, r)))
		q, err := st.Quad(r)
		require.NoError(t, err)
		assert.Equal(t, quad.Quad{}, q)
		d, err := st.QuadDirection(r, quad.Subject)
		require.NoError(t, err)
		assert.Nil(t, d)
		assert.False(t, st.NodesAllIterator().Lookup().Contains(t.Context(), r))
	}
	v, err := st.NameOf(refs.PreFetched(quad.Int(3)))
	require.NoError(t, err)
	assert.Equal(t, quad.Int(3), v)
	for _, v := range []quad.Value{nil, quad.IRI("no:such"), quad.Time{}, quad.TypedString{Value: "x", Type: "http://www.w3.org/2001/XMLSchema#double"}} {
		r, err := st.ValueOf(v)
		require.NoError(t, err)
		assert.Nil(t, r)
	}
}

func TestNothingKnown(t *testing.T) {
	for _, st := range []*query.Store{nil, query.New(nil), query.New(new(graph.Snapshot))} {
		r, err := path.Run(t.Context(), st, cpath.StartMorphism().Out(), query.Limits{})
		require.NoError(t, err)
		assert.Empty(t, r.Rows)
	}
}

// paths over the sample that need many steps and no constants that are amiss.
func paths() map[string]*cpath.Path {
	iri := func(s string) quad.IRI { return quad.IRI(s) }
	return map[string]*cpath.Path{
		"one hop":   from("attack:T0843").In(iri("rel:mitigates")).Save(iri("rel:name"), "name"),
		"two hops":  from("class:Finding").In(iri("rdf:type")).Out(iri("rel:has")).Out(iri("rel:opens")),
		"recursive": from("weakness:CWE-259").FollowRecursive(iri("rel:child-of"), -1, []string{"steps"}),
		"except":    from("class:Technique").In(iri("rdf:type")).Except(from("class:Mitigation").In(iri("rdf:type")).Out(iri("rel:mitigates"))),
		"union":     from("attack:A0003").Both().Or(from("attack:A0010").Both()).Unique(),
		"optional":  from("class:Finding").In(iri("rdf:type")).SaveOptional(iri("rel:states"), "states"),
		"predicate": from("plc", "device:plc-1").Both().OutPredicates(),
		"ordered":   from("class:Tactic").In(iri("rdf:type")).Order(),
		"labels":    from("device:plc-1").Labels(),
	}
}

// An answer is the same each time, whatever store of the snapshot is asked.
func TestAnswersAreDeterministic(t *testing.T) {
	s := sample(t)
	for name := range paths() {
		var want query.Result
		for i := range 20 {
			r, err := path.Run(t.Context(), query.New(s), paths()[name], query.Limits{})
			require.NoError(t, err)
			if i == 0 {
				want = r
				require.NotEmpty(t, r.Rows, name)
			}
			require.Equal(t, want, r, name)
		}
	}
}

// counting is a context that ends after it was asked a number of times.
type counting struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
}

func (c *counting) Done() <-chan struct{} { return c.done }

func (c *counting) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		return context.Canceled
	}
	if c.left--; c.left == 0 {
		close(c.done)
		return context.Canceled
	}
	return nil
}

func (c *counting) Deadline() (time.Time, bool) { return time.Time{}, false }
func (c *counting) Value(any) any               { return nil }

// Wherever the context ends, the answer is whole or an error.
func TestNoShorterAnswer(t *testing.T) {
	st := query.New(sample(t))
	for name := range paths() {
		t.Run(name, func(t *testing.T) {
			whole, err := path.Run(t.Context(), st, paths()[name], query.Limits{})
			require.NoError(t, err)
			failed, answered := 0, 0
			for n := 1; answered < 3 && n < 1<<20; n += 1 + n/5 {
				// The iterators ask this context itself, not one made of it.
				var got []string
				ctx := &counting{left: n, done: make(chan struct{})}
				_, err := query.Run(t.Context(), st, query.Limits{}, func(_ context.Context, q *query.Session) error {
					it := q.Build(ctx, paths()[name].Shape())
					err := iterator.Iterate(ctx, it).Each(func(refs.Ref) error {
						got = append(got, "")
						return nil
					})
					if err == nil {
						err = ctx.Err()
					}
					return err
				})
				if err != nil {
					require.ErrorIs(t, err, context.Canceled)
					failed++
					continue
				}
				require.Len(t, got, len(whole.Rows))
				answered++
			}
			assert.Positive(t, failed)
			assert.Equal(t, 3, answered)
		})
	}
}

// Readers share a store without locks; -race watches.
func TestConcurrentReaders(t *testing.T) {
	st := query.New(sample(t))
	want := map[string]query.Result{}
	for name, p := range paths() {
		r, err := path.Run(t.Context(), st, p, query.Limits{})
		require.NoError(t, err)
		want[name] = r
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for name, p := range paths() {
				r, err := path.Run(context.Background(), st, p, query.Limits{})
				assert.NoError(t, err)
				assert.Equal(t, want[name], r)
			}
			r, err := path.Run(context.Background(), st, cpath.StartMorphism(), query.Limits{})
			assert.NoError(t, err, "all nodes, over which two readers of Cayley's memstore race")
			assert.NotEmpty(t, r.Rows)
		})
	}
	wg.Wait()
}

// A language of one's own: the mitigations of a technique, by its ID.
func ExampleRun() {
	ask := func(ctx context.Context, s *query.Store, id string) (query.Result, error) {
		return query.Run(ctx, s, query.Limits{Rows: 1000}, func(ctx context.Context, q *query.Session) error {
			p := cpath.StartMorphism(quad.String("attack:" + id)).In("rel:mitigates")
			return iterator.Iterate(ctx, q.Build(ctx, p.Shape())).EachValue(q, func(v quad.Value) error {
				return q.Emit(map[string]any{"mitigation": v})
			})
		})
	}
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog))
	if err != nil {
		panic(err)
	}
	defer g.Close()
	s := query.New(g.Snapshot()) // once for a snapshot
	for _, id := range []string{"T0834", "T8043"} {
		r, err := ask(ctx, s, id)
		if err != nil {
			panic(err)
		}
		fmt.Println(id, r.Rows, r.Warnings)
	}
	// Output:
	// T0834 [[<attack:M0938>]] []
	// T8043 [] [nothing in the graph is "attack:T8043"; did you mean attack:T0843?]
}

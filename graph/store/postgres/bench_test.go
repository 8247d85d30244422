package postgres_test

import (
	"context"
	"testing"

	cayley "github.com/cayleygraph/cayley/graph"
	csql "github.com/cayleygraph/cayley/graph/sql"
	cayleypg "github.com/cayleygraph/cayley/graph/sql/postgres"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/store"
)

// recorder is a store that only notes what is written.
type recorder struct {
	state store.State
	quads []quad.Quad
}

func (r *recorder) Read(context.Context) ([]quad.Quad, store.State, error) {
	return nil, r.state, nil
}
func (r *recorder) State(context.Context) (store.State, error) { return r.state, nil }
func (r *recorder) Close() error                               { return nil }
func (r *recorder) Write(_ context.Context, was store.State, remove, add []quad.Quad) (store.State, error) {
	r.quads = append(r.quads, add...)
	r.state = was.After(remove, add)
	return r.state, nil
}

// BenchmarkWrite shows what the first write of the embedded release costs,
// beside Cayley's own writer, which sends row by row.
func BenchmarkWrite(b *testing.B) {
	server(b)
	r := &recorder{}
	g, err := graph.Open(b.Context(), r, graph.Attack(embedded(b)), graph.Knowledge())
	require.NoError(b, err)
	require.NoError(b, g.Close())
	all := r.quads
	b.Run("ics", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			s := open(b, newSchema(b))
			b.StartTimer()
			write(b, s, store.State{}, nil, all)
			b.StopTimer()
			require.NoError(b, s.Close())
			b.StartTimer()
		}
		b.ReportMetric(float64(len(all)), "quads")
	})
	b.Run("ics/cayley", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			schema := newSchema(b)
			newAdmin(b).exec(`CREATE SCHEMA ` + schema)
			dsn := with(server(b), "sslmode=disable&search_path="+schema)
			require.NoError(b, csql.Init(cayleypg.Type, dsn, nil))
			s, err := csql.New(cayleypg.Type, dsn, nil)
			require.NoError(b, err)
			deltas := make([]cayley.Delta, len(all))
			for i, q := range all {
				deltas[i] = cayley.Delta{Quad: q, Action: cayley.Add}
			}
			b.StartTimer()
			require.NoError(b, s.ApplyDeltas(deltas, cayley.IgnoreOpts{}))
			b.StopTimer()
			require.NoError(b, s.Close())
			b.StartTimer()
		}
		b.ReportMetric(float64(len(all)), "quads")
	})
}

// BenchmarkOpen shows what it costs to open a store and to make a graph of what
// it holds, and to ask whether anything changed.
func BenchmarkOpen(b *testing.B) {
	server(b)
	schema := newSchema(b)
	g, err := graph.Open(b.Context(), open(b, schema), graph.Attack(embedded(b)), graph.Knowledge())
	require.NoError(b, err)
	require.NoError(b, g.Close())
	b.Run("ics", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g, err := graph.Open(context.Background(), open(b, schema))
			require.NoError(b, err)
			require.NoError(b, g.Close())
		}
	})
	b.Run("ics/read", func(b *testing.B) {
		s := open(b, schema)
		b.ReportAllocs()
		for b.Loop() {
			_, _, err := s.Read(context.Background())
			require.NoError(b, err)
		}
		require.NoError(b, s.Close())
	})
	b.Run("ics/refresh", func(b *testing.B) {
		g, err := graph.Open(context.Background(), open(b, schema))
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			_, err := g.Refresh(context.Background())
			require.NoError(b, err)
		}
		require.NoError(b, g.Close())
	})
}

package query_test

import (
	"context"
	"testing"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	cpath "github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/path"
)

// BenchmarkBuild is what a store costs for a snapshot, beside Cayley's.
func BenchmarkBuild(b *testing.B) {
	s := sample(b)
	b.Run("store", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			query.New(s)
		}
	})
	b.Run("memstore", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			memory(s)
		}
	})
}

// BenchmarkHops asks along one and two predicates: on Cayley's store, on ours
// as a user of Cayley would, and with names, limits and rows.
func BenchmarkHops(b *testing.B) {
	s := sample(b)
	stores := map[string]cayley.QuadStore{"store": query.New(s), "memstore": memory(s)}
	for name, p := range map[string]*cpath.Path{
		"one":      from("attack:T0843").In(quad.IRI("rel:mitigates")),
		"two":      from("attack:T0843").In(quad.IRI("rel:mitigates")).Out(quad.IRI("rel:mitigates")),
		"findings": from("class:Finding").In(quad.IRI("rdf:type")).Out(quad.IRI("rel:has")).Out(quad.IRI("rel:opens")),
	} {
		for _, store := range []string{"store", "memstore"} {
			b.Run(name+"/"+store, func(b *testing.B) {
				qs := stores[store]
				b.ReportAllocs()
				for b.Loop() {
					it := p.BuildIteratorOn(context.Background(), qs)
					require.NoError(b, iterator.Iterate(context.Background(), it).Each(func(refs.Ref) error { return nil }))
				}
			})
		}
		b.Run(name+"/run", func(b *testing.B) {
			st := query.New(s)
			b.ReportAllocs()
			for b.Loop() {
				_, err := path.Run(context.Background(), st, p, query.Limits{})
				require.NoError(b, err)
			}
		})
	}
}

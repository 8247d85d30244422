package graph_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/kv"
	"github.com/cayleygraph/cayley/graph/memstore"
	"github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"
	"github.com/goccy/go-json"
	hidalgo "github.com/hidal-go/hidalgo/kv/bbolt"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

// bundle is an official release, as bytes and read.
func bundle(b *testing.B, name string) ([]byte, *mitre.Catalog) {
	b.Helper()
	f, err := os.Open(filepath.Join("..", "..", "shared", "data", "attack", name+".json.gz"))
	if err != nil {
		b.Skipf("needs ../shared/data/attack/%s.json.gz", name)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(b, err)
	raw, err := io.ReadAll(z)
	require.NoError(b, err)
	c, err := mitre.Read(b.Context(), name, bytes.NewReader(raw))
	require.NoError(b, err)
	return raw, c
}

// decoded is what a bundle is decoded into where nothing else is done with it:
// the unit that the rest is measured in.
type decoded struct {
	Type    string `json:"type"`
	Objects []struct {
		Type        string   `json:"type"`
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		Description string   `json:"description"`
		Created     string   `json:"created"`
		Modified    string   `json:"modified"`
		Revoked     bool     `json:"revoked"`
		Deprecated  bool     `json:"x_mitre_deprecated"`
		Version     string   `json:"x_mitre_version"`
		Domains     []string `json:"x_mitre_domains"`
		Platforms   []string `json:"x_mitre_platforms"`
		Aliases     []string `json:"aliases"`
		Kind        string   `json:"relationship_type"`
		Source      string   `json:"source_ref"`
		Target      string   `json:"target_ref"`
		References  []struct {
			Source      string `json:"source_name"`
			ID          string `json:"external_id"`
			URL         string `json:"url"`
			Description string `json:"description"`
		} `json:"external_references"`
		Phases []struct {
			Name string `json:"phase_name"`
		} `json:"kill_chain_phases"`
	} `json:"objects"`
}

// releases are what the benchmarks run on.
var releases = map[string]string{"ics": "ics-attack-18.1", "enterprise": "enterprise-attack-18.1-stix20"}

// BenchmarkBuild is a graph of one release: decode is the unit, catalog what
// package mitre makes of it, index and memory the same in a graph, bolt the
// same in a new file. cayley-memory and cayley-bolt are Cayley's own stores,
// filled with the same structure (without documents) as a Go user would.
func BenchmarkBuild(b *testing.B) {
	for _, size := range []string{"ics", "enterprise"} {
		b.Run(size, func(b *testing.B) {
			raw, c := bundle(b, releases[size])
			b.Run("decode", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					var d decoded
					require.NoError(b, json.Unmarshal(raw, &d))
				}
			})
			b.Run("catalog", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := mitre.Read(context.Background(), "bench", bytes.NewReader(raw))
					require.NoError(b, err)
				}
			})
			b.Run("index", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					g, err := graph.New(context.Background(), graph.Attack(c))
					require.NoError(b, err)
					require.NoError(b, g.Close())
				}
			})
			b.Run("memory", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					c, err := mitre.Read(context.Background(), "bench", bytes.NewReader(raw))
					require.NoError(b, err)
					g, err := graph.New(context.Background(), graph.Attack(c))
					require.NoError(b, err)
					require.NoError(b, g.Close())
				}
			})
			b.Run("bolt", func(b *testing.B) {
				b.ReportAllocs()
				var bytes int64
				for i := 0; b.Loop(); i++ {
					name := filepath.Join(b.TempDir(), fmt.Sprint(i))
					s, err := bolt.Open(context.Background(), name, bolt.Options{})
					require.NoError(b, err)
					g, err := graph.Open(context.Background(), s, graph.Attack(c))
					require.NoError(b, err)
					require.NoError(b, g.Close())
					st, err := os.Stat(name)
					require.NoError(b, err)
					bytes = st.Size()
				}
				b.ReportMetric(float64(bytes)/1e6, "MB/file")
			})
			g, err := graph.New(b.Context(), graph.Attack(c))
			require.NoError(b, err)
			quads := slices.Collect(g.Snapshot().Quads())
			b.Run("cayley-memory", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, memstore.New(quads...).Close())
				}
			})
			b.Run("cayley-bolt", func(b *testing.B) {
				b.ReportAllocs()
				var bytes int64
				for i := 0; b.Loop(); i++ {
					name := filepath.Join(b.TempDir(), fmt.Sprint("c", i))
					db, err := hidalgo.OpenPath(name)
					require.NoError(b, err)
					require.NoError(b, kv.Init(db, nil))
					s, err := kv.New(db, cayley.Options{kv.OptNoBloom: true})
					require.NoError(b, err)
					w, err := s.NewQuadWriter()
					require.NoError(b, err)
					_, err = quad.CopyBatch(w, quad.NewReader(quads), 0)
					require.NoError(b, err)
					require.NoError(b, w.Close())
					require.NoError(b, s.Close())
					st, err := os.Stat(name)
					require.NoError(b, err)
					bytes = st.Size()
				}
				b.ReportMetric(float64(bytes)/1e6, "MB/file")
			})
		})
	}
}

// BenchmarkOpen opens a kept graph again; decode is the unit.
func BenchmarkOpen(b *testing.B) {
	for _, size := range []string{"ics", "enterprise"} {
		b.Run(size, func(b *testing.B) {
			raw, c := bundle(b, releases[size])
			b.Run("decode", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					var d decoded
					require.NoError(b, json.Unmarshal(raw, &d))
				}
			})
			name := filepath.Join(b.TempDir(), "f.db")
			s, err := bolt.Open(b.Context(), name, bolt.Options{})
			require.NoError(b, err)
			g, err := graph.Open(b.Context(), s, graph.Attack(c))
			require.NoError(b, err)
			require.NoError(b, g.Close())
			b.Run("bolt", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s, err := bolt.Open(context.Background(), name, bolt.Options{})
					require.NoError(b, err)
					g, err := graph.Open(context.Background(), s)
					require.NoError(b, err)
					require.NoError(b, g.Close())
				}
			})
		})
	}
}

func sample(b testing.TB, more ...graph.Source) *graph.Snapshot {
	b.Helper()
	c, err := mitre.Embedded()
	require.NoError(b, err)
	g, err := graph.New(b.Context(), append([]graph.Source{graph.Attack(c), graph.Knowledge()}, more...)...)
	require.NoError(b, err)
	return g.Snapshot()
}

// BenchmarkHop is one step from a technique to its mitigations, on the index
// and as a user of Cayley would write it.
func BenchmarkHop(b *testing.B) {
	s := sample(b)
	store := memstore.New(slices.Collect(s.Quads())...)
	b.Run("index", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range s.Mitigations("T0843") {
			}
		}
	})
	b.Run("cayley", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p := path.StartPath(store, quad.IRI("attack:T0843")).In(quad.IRI("rel:mitigates"))
			err := p.Iterate(context.Background()).EachValue(store, func(quad.Value) error { return nil })
			require.NoError(b, err)
		}
	})
}

// BenchmarkPaths finds all ways from a finding to a tactic of up to four steps.
// Cayley's paths give the ends of a walk and not the walk, so the comparison is
// the walk from the finding's weakness by hand, one query a step.
func BenchmarkPaths(b *testing.B) {
	s := sample(b, graph.Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-306"}}))
	store := memstore.New(slices.Collect(s.Quads())...)
	b.Run("index", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range s.Paths(context.Background(), "F-1", "TA0106", 4) {
				require.NoError(b, err)
				n++
			}
			require.Positive(b, n)
		}
	})
	b.Run("cayley", func(b *testing.B) {
		b.ReportAllocs()
		out := func(from quad.Value, via ...any) []quad.Value {
			values, err := path.StartPath(store, from).Out(via...).Iterate(context.Background()).AllValues(store)
			require.NoError(b, err)
			return values
		}
		onward := []any{quad.IRI("rel:has"), quad.IRI("rel:opens"), quad.IRI("rel:child-of"), quad.IRI("rel:in-tactic"), quad.IRI("rel:targets"), quad.IRI("rel:subtechnique-of")}
		for b.Loop() {
			n := 0
			var walk func(at quad.Value, left int)
			walk = func(at quad.Value, left int) {
				if at == quad.IRI("attack:TA0106") {
					n++
					return
				}
				if left == 0 {
					return
				}
				for _, next := range out(at, onward...) {
					walk(next, left-1)
				}
			}
			walk(quad.IRI("finding:F-1"), 4)
			require.Positive(b, n)
		}
	})
}

// BenchmarkAssess is the main question for growing numbers of findings, once
// loaded. cayley asks for each finding only which techniques it opens and
// which mitigations these have.
func BenchmarkAssess(b *testing.B) {
	weaknesses := []string{"CWE-798", "CWE-400", "CWE-306", "CWE-787", "CWE-79", "CWE-22"}
	for _, n := range []int{1, 10, 100, 1000, 10_000, 100_000} {
		var fs []finding.Finding
		for i := range n {
			fs = append(fs, finding.Finding{ID: fmt.Sprint(i), Device: fmt.Sprint("d", i%7), Weaknesses: weaknesses[i%6 : i%6+1]})
		}
		s := sample(b, graph.Findings(fs...))
		b.Run(fmt.Sprint(n, "/index"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := s.Assess(context.Background())
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/finding")
		})
		if n > 1000 {
			continue
		}
		store := memstore.New(slices.Collect(s.Quads())...)
		b.Run(fmt.Sprint(n, "/cayley"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, f := range fs {
					p := path.StartPath(store, quad.IRI("finding:"+f.ID)).Out(quad.IRI("rel:has")).Out(quad.IRI("rel:opens")).In(quad.IRI("rel:mitigates"))
					err := p.Iterate(context.Background()).EachValue(store, func(quad.Value) error { return nil })
					require.NoError(b, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/finding")
		})
	}
}

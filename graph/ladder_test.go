package graph_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

// A randomised ladder of readers and writers, in memory and in a file. Each
// writer has a source of its own, in which the findings come in pairs; it adds
// a pair, replaces all of them by two pairs, or removes the source. Under -race
// it shows that they touch no memory together; its assertions, that no reader
// sees half a write and that a snapshot stays what it was.
func TestLadder(t *testing.T) {
	facts, err := mitre.Embedded()
	require.NoError(t, err)
	for _, kind := range []string{"memory", "bolt"} {
		for _, n := range []int{1, 3, 6} {
			t.Run(fmt.Sprintf("%s/%d writers, %d readers", kind, n, 2*n), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "f.db")
				open := func() *graph.Graph {
					var s store.Store
					if kind == "bolt" {
						var err error
						s, err = bolt.Open(t.Context(), path, bolt.Options{})
						require.NoError(t, err)
					}
					g, err := graph.Open(t.Context(), s, graph.Attack(facts), graph.Knowledge())
					require.NoError(t, err)
					return g
				}
				g := open()
				first := g.Snapshot()
				before, err := json.Marshal(first.Whole())
				require.NoError(t, err)
				pairs := make([]atomic.Int64, n) // that each writer left
				var group sync.WaitGroup
				for w := range n {
					group.Go(func() {
						source := fmt.Sprint("writer-", w)
						key := "source:findings/" + source
						count := 0
						for i := range 12 {
							pair := func(k int) []finding.Finding {
								return []finding.Finding{
									{ID: fmt.Sprintf("%s %d.%d a", source, i, k), Weaknesses: []string{"CWE-798"}, Source: source},
									{ID: fmt.Sprintf("%s %d.%d b", source, i, k), Weaknesses: []string{"CWE-400"}, Source: source},
								}
							}
							switch rand.IntN(4) {
							case 0:
								if !assert.NoError(t, g.Add(t.Context(), graph.Replace(graph.Findings(append(pair(0), pair(1)...)...)))) {
									return
								}
								count = 2
							case 1:
								err := g.Remove(t.Context(), key)
								if count == 0 && errors.Is(err, graph.ErrUnknownSource) {
									continue
								}
								if !assert.NoError(t, err) {
									return
								}
								count = 0
							default:
								if !assert.NoError(t, g.Add(t.Context(), graph.Findings(pair(0)...))) {
									return
								}
								count++
							}
						}
						pairs[w].Store(int64(count))
					})
				}
				for range 2 * n {
					group.Go(func() {
						for range 12 {
							s := g.Snapshot()
							a, err := s.Assess(t.Context())
							if !assert.NoError(t, err) {
								return
							}
							assert.Zero(t, len(a.Findings)%2, "half a write")
							again, err := s.Assess(t.Context())
							if !assert.NoError(t, err) {
								return
							}
							assert.Len(t, again.Findings, len(a.Findings), "a snapshot that changed")
						}
					})
				}
				group.Wait()
				want := 0
				for i := range pairs {
					want += 2 * int(pairs[i].Load())
				}
				check := func(g *graph.Graph) {
					a, err := g.Snapshot().Assess(t.Context())
					require.NoError(t, err)
					assert.Len(t, a.Findings, want)
				}
				check(g)
				after, err := json.Marshal(first.Whole())
				require.NoError(t, err)
				assert.Equal(t, string(before), string(after), "the first snapshot changed")
				require.NoError(t, g.Close())
				if kind == "bolt" {
					g = open()
					check(g)
					require.NoError(t, g.Close())
				}
			})
		}
	}
}

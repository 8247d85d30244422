package graph

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/cayleygraph/cayley/graph/memstore"
	"github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func embedded(t testing.TB) *mitre.Catalog {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	return c
}

// newGraph makes a graph of the embedded release and knowledge and adds more.
func newGraph(t testing.TB, more ...Source) *Graph {
	t.Helper()
	g, err := New(t.Context(), append([]Source{Attack(embedded(t)), Knowledge()}, more...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.Close()) })
	return g
}

// shared opens an official release, or skips the test where there is none.
func shared(t testing.TB, name string) *mitre.Catalog {
	t.Helper()
	c, err := mitre.Open(t.Context(), filepath.Join("..", "..", "shared", "data", "attack", name+".json.gz"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("needs ../shared/data/attack/%s.json.gz", name)
	}
	require.NoError(t, err)
	return c
}

func assess(t testing.TB, g *Graph) *Assessment {
	t.Helper()
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	return a
}

// cayleyOf puts what a snapshot says into Cayley's own memory store.
func cayleyOf(t testing.TB, s *Snapshot) *memstore.QuadStore {
	t.Helper()
	m := memstore.New(slices.Collect(s.Quads())...)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// viaCayley walks Cayley's store instead of the index.
func viaCayley(t testing.TB, m *memstore.QuadStore, p *path.Path) []string {
	t.Helper()
	var out []string
	err := p.Iterate(t.Context()).Paths(false).EachValue(m, func(v quad.Value) error {
		out = append(out, string(v.(quad.IRI)))
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, t.Context().Err())
	slices.Sort(out)
	return slices.Compact(out)
}

// The index and the record answer every typed question alike.
func TestIndexEqualsRecord(t *testing.T) {
	catalogs := map[string]*mitre.Catalog{"embedded": embedded(t)}
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "data", "attack", "ics-*.json.gz"))
	for _, f := range files {
		c, err := mitre.Open(t.Context(), f)
		require.NoError(t, err)
		catalogs[filepath.Base(f)] = c
	}
	for name, c := range catalogs {
		t.Run(name, func(t *testing.T) {
			g, err := New(t.Context(), Attack(c), Knowledge())
			require.NoError(t, err)
			defer g.Close()
			s := g.Snapshot()
			record := cayleyOf(t, s)
			start := func(key string) *path.Path { return path.StartPath(record, quad.IRI(key)) }
			live := func(keys []string) (out []string) {
				for _, k := range keys {
					if o, ok := doc[mitre.Object](s.index(), k); ok && o.Common().Live() && o.Common().ID != "M0816" {
						out = append(out, k)
					}
				}
				return out
			}
			for technique := range mitre.Live[*mitre.Technique](c) {
				var got []string
				for m := range s.Mitigations(technique.ID) {
					got = append(got, "attack:"+m.ID)
				}
				slices.Sort(got)
				want := live(viaCayley(t, record, start("attack:"+technique.ID).In(quad.IRI(predMitigates))))
				assert.Equal(t, want, got, technique.ID)
			}
			for m := range mitre.Live[*mitre.Mitigation](c) {
				var got []string
				for technique := range s.Techniques(m.ID) {
					got = append(got, "attack:"+technique.ID)
				}
				slices.Sort(got)
				assert.Equal(t, live(viaCayley(t, record, start("attack:"+m.ID).Out(quad.IRI(predMitigates)))), got, m.ID)
			}
			mapped := 0
			for key, w := range all[*Weakness](s.index()) {
				direct := viaCayley(t, record, start(key).Out(quad.IRI(predOpens)))
				if len(direct) == 0 {
					continue
				}
				mapped++
				opens, status := s.Opens(w.ID)
				assert.Equal(t, Mapped, status)
				var got []string
				for _, o := range opens {
					got = append(got, "attack:"+o.Technique.ID)
					assert.Equal(t, []string{w.ID}, o.Path)
				}
				slices.Sort(got)
				assert.Equal(t, direct, got, w.ID)
			}
			assert.Greater(t, mapped, 50)
		})
	}
}

// A weakness without a mapped parent has what its children open, with far less
// confidence; one that is judged to open nothing has nothing of theirs.
func TestChildrenStandIn(t *testing.T) {
	s := newGraph(t).Snapshot()
	opens, status := s.Opens("CWE-671")
	require.Equal(t, Mapped, status)
	below, _ := s.Opens("CWE-798")
	require.Len(t, opens, len(below))
	for i, o := range opens {
		assert.Equal(t, []string{"CWE-671", "CWE-798"}, o.Path)
		assert.True(t, o.Narrowed)
		assert.Equal(t, below[i].Technique, o.Technique)
		assert.InDelta(t, 0.4*below[i].Confidence, o.Confidence, 1e-9)
	}
	n := 0
	for _, w := range all[*Weakness](s.index()) {
		if _, nothing := s.OpensNothing(w.ID); nothing {
			n++
			opens, status := s.Opens(w.ID)
			assert.Equal(t, UnmappedWeakness, status, w.ID)
			assert.Empty(t, opens, w.ID)
		}
	}
	assert.Greater(t, n, 40)
}

// Every node and edge of the index is in the record under its label, and the
// record has nothing beside it.
func TestRecordIsLabelled(t *testing.T) {
	g := newGraph(t, Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}, Source: "scan.json"}))
	labels := map[string]int{}
	structure := 0
	for _, l := range g.Snapshot().layers {
		quads, err := l.quads()
		require.NoError(t, err)
		for _, q := range quads {
			require.True(t, q.IsValid())
			labels[string(q.Label.(quad.IRI))]++
			p := predicate(q.Predicate.(quad.IRI))
			if _, literal := q.Object.(quad.String); !literal && p != predType {
				structure++
			}
		}
	}
	for _, want := range []string{
		"source:attack/ics-attack/19.1", "source:weakness/cwe/4.15", "source:weakness/owasp-iot-top-10/2018",
		"source:weakness/emb3d/2.0.1", "source:mapping/2026.11", "source:mapping/emb3d/2026.11",
		"source:constraints/2026.11", "source:coverage/2026.11", "source:findings/scan.json",
	} {
		assert.Positive(t, labels[want], want)
		delete(labels, want)
	}
	assert.Empty(t, labels)
	edges := 0
	for _, out := range g.Snapshot().index().out {
		edges += len(out)
	}
	assert.Equal(t, edges, structure)
}

type failing struct{ Source }

func (f failing) write(b *batch, x *index) error {
	_ = f.Source.write(b, x)
	return errors.New("broken source")
}

func TestAddIsAllOrNothing(t *testing.T) {
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge())
	require.NoError(t, err)
	before, quads := g.Snapshot(), len(kept.quads)
	f := findingsOf{{ID: "F-1", Weaknesses: []string{"CWE-798"}}}

	err = g.Add(t.Context(), f, failing{findingsOf{{ID: "F-2"}}})
	require.ErrorContains(t, err, "broken source")
	assert.Same(t, before, g.Snapshot())
	assert.Len(t, kept.quads, quads)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, g.Add(ctx, f), context.Canceled)
	assert.Same(t, before, g.Snapshot())
	assert.Len(t, kept.quads, quads)

	require.NoError(t, g.Add(t.Context(), f))
	once := len(kept.quads)
	assert.Greater(t, once, quads)
	require.NoError(t, g.Add(t.Context(), f))
	assert.Len(t, kept.quads, once, "the same finding again changes nothing")
	assert.Empty(t, before.mustAssess(t).Findings, "an old snapshot stays what it was")
	assert.Len(t, assess(t, g).Findings, 1)

	require.NoError(t, g.Close())
	require.NoError(t, g.Close())
	assert.ErrorIs(t, g.Add(t.Context(), f), store.ErrClosed)
	assert.Len(t, assess(t, g).Findings, 1, "snapshots outlive the graph")
}

func (s *Snapshot) mustAssess(t *testing.T) *Assessment {
	a, err := s.Assess(t.Context())
	require.NoError(t, err)
	return a
}

// A randomised ladder of readers and writers; with -race it shows that they
// do not touch the same memory, and its assertions that no reader sees half
// a write: each writer adds its findings in pairs.
func TestConcurrentReadersAndWriters(t *testing.T) {
	for _, n := range []int{1, 4, 8} {
		t.Run(fmt.Sprintf("%d readers, %d writers", 2*n, n), func(t *testing.T) {
			g := newGraph(t)
			var group sync.WaitGroup
			for w := range n {
				group.Go(func() {
					for i := range 10 {
						pair := []finding.Finding{
							{ID: fmt.Sprintf("w%d-%d-a", w, i), Device: fmt.Sprint("d", rand.IntN(3)), Weaknesses: []string{"CWE-798"}},
							{ID: fmt.Sprintf("w%d-%d-b", w, i), Device: fmt.Sprint("d", rand.IntN(3)), Weaknesses: []string{"CWE-400"}},
						}
						assert.NoError(t, g.Add(t.Context(), Findings(pair...)))
					}
				})
			}
			for range 2 * n {
				group.Go(func() {
					last := 0
					for range 10 {
						a, err := g.Snapshot().Assess(t.Context())
						if !assert.NoError(t, err) {
							return
						}
						assert.Zero(t, len(a.Findings)%2, "half a write")
						assert.GreaterOrEqual(t, len(a.Findings), last)
						last = len(a.Findings)
					}
				})
			}
			group.Wait()
			assert.Len(t, assess(t, g).Findings, 20*n)
		})
	}
}

func TestSourcesNeedAttack(t *testing.T) {
	for _, s := range []Source{Knowledge(), SiteFacts(SiteDescription{}), Findings(finding.Finding{ID: "x"})} {
		_, err := New(t.Context(), s)
		assert.ErrorContains(t, err, "add Attack first")
	}
	_, err := New(t.Context(), Attack(nil))
	assert.ErrorContains(t, err, "catalogue is nil")
	g := newGraph(t)
	require.NoError(t, g.Add(t.Context(), Attack(embedded(t))), "the same release again")
	mobile := shared(t, "mobile-attack-17.1")
	assert.ErrorContains(t, g.Add(t.Context(), Attack(mobile)), "a graph has one domain")
}

// Nothing that a caller can leave out makes a panic.
func TestNothingGiven(t *testing.T) {
	var g Graph
	assert.Nil(t, g.Snapshot().Catalog())
	assert.ErrorIs(t, g.Add(t.Context()), store.ErrClosed)
	require.NoError(t, g.Close())
	_, err := g.Snapshot().Assess(t.Context())
	assert.ErrorContains(t, err, "add Attack first")
	_, status := g.Snapshot().Opens("CWE-798")
	assert.Equal(t, UnknownWeakness, status)
	assert.Empty(t, slices.Collect(g.Snapshot().Mitigations("T0800")))
	assert.Empty(t, slices.Collect(g.Snapshot().Techniques("")))
	_, err = g.Snapshot().Evidence(nil, 0)
	assert.Error(t, err)

	_, err = New(t.Context(), nil)
	assert.ErrorContains(t, err, "source 0 is nil")
	_, err = New(t.Context(), Drafts(nil))
	assert.ErrorContains(t, err, "assessment is nil")
}

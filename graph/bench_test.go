package graph

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// BenchmarkBuild shows what the graph of the embedded facts costs beside reading
// them into a catalogue: the index alone, and with the record.
func BenchmarkBuild(b *testing.B) {
	raw, err := data.FS.ReadFile(data.AttackICS)
	require.NoError(b, err)
	c := embedded(b)
	b.Run("ics/catalog", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := mitre.Read(context.Background(), "facts", bytes.NewReader(raw))
			require.NoError(b, err)
		}
	})
	b.Run("ics/index", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x, batch := newIndex(), &batch{}
			require.NoError(b, attack{c}.write(batch, x))
			x.add(batch)
		}
	})
	b.Run("ics/memory", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g, err := New(context.Background(), Attack(c))
			require.NoError(b, err)
			require.NoError(b, g.Close())
		}
	})
}

// BenchmarkHop is one step from a technique to its mitigations, on the index
// and as a user of Cayley would write it.
func BenchmarkHop(b *testing.B) {
	g := newGraph(b)
	s := g.Snapshot()
	record := cayleyOf(b, s)
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
			p := path.StartPath(record, quad.IRI("attack:T0843")).In(quad.IRI(predMitigates))
			err := p.Iterate(context.Background()).EachValue(record, func(quad.Value) error { return nil })
			require.NoError(b, err)
		}
	})
}

// BenchmarkAssess is the main question for growing numbers of findings.
func BenchmarkAssess(b *testing.B) {
	weaknesses := []string{"CWE-798", "CWE-400", "CWE-306", "CWE-787", "CWE-79", "CWE-22"}
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var fs []finding.Finding
			for i := range n {
				fs = append(fs, finding.Finding{ID: fmt.Sprint(i), Device: fmt.Sprint("d", i%7), Weaknesses: weaknesses[i%6 : i%6+1]})
			}
			g := newGraph(b, Findings(fs...))
			s := g.Snapshot()
			b.ReportAllocs()
			for b.Loop() {
				_, err := s.Assess(context.Background())
				require.NoError(b, err)
			}
		})
	}
}

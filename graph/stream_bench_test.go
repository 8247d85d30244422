package graph_test

import (
	"fmt"
	"io"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/mitre"
)

// fleet yields n findings on a thousand devices.
func fleet(n int) iter.Seq2[finding.Finding, error] {
	weaknesses := []string{"CWE-798", "CWE-306", "CWE-78", "CWE-79", "CWE-787", "CWE-400", "CWE-22", "CWE-319"}
	vectors := []string{"", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:L/PR:L/UI:R/S:U/C:H/I:N/A:N"}
	return func(yield func(finding.Finding, error) bool) {
		for i := range n {
			f := finding.Finding{
				ID: fmt.Sprintf("F-%07d", i), Title: "a weak thing", Device: fmt.Sprintf("d-%d", i*7919%1000), Source: "fleet",
				Weaknesses: []string{weaknesses[i%len(weaknesses)]}, CVSS: vectors[i%len(vectors)], KEV: i%11 == 0, EPSS: float64(i%97) / 100,
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// BenchmarkStream and BenchmarkAssessFleet take the same findings; an operation is
// one assessment of the named number.
func BenchmarkStream(b *testing.B) {
	s := plainSnapshot(b)
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out := report.NewLines(io.Discard)
				sum, err := s.Stream(b.Context(), fleet(n), out.Finding)
				require.NoError(b, err)
				require.NoError(b, out.Summary(sum))
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "findings/s")
		})
	}
}

func BenchmarkAssessFleet(b *testing.B) {
	for _, n := range []int{1000, 20_000} {
		found, _, err := finding.Collect(fleet(n))
		require.NoError(b, err)
		g, err := graph.New(b.Context(), append(plainSources(b), graph.FindingsFrom("fleet", found...))...)
		require.NoError(b, err)
		s := g.Snapshot()
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, err := s.Assess(b.Context())
				require.NoError(b, err)
				require.Len(b, a.Findings, n)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "findings/s")
		})
	}
}

func plainSources(t testing.TB) []graph.Source {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	return []graph.Source{graph.Attack(c), graph.Knowledge()}
}

func plainSnapshot(t testing.TB) *graph.Snapshot {
	t.Helper()
	g, err := graph.New(t.Context(), plainSources(t)...)
	require.NoError(t, err)
	return g.Snapshot()
}

// What nobody asked for is an error, and an error is no summary.
func TestStreamEnds(t *testing.T) {
	s := plainSnapshot(t)
	ignore := func(*graph.FindingResult) error { return nil }
	for _, test := range []struct {
		name string
		run  func() (*graph.Summary, error)
		want string
	}{
		{"no release", func() (*graph.Summary, error) {
			return new(graph.Snapshot).Stream(t.Context(), fleet(1), nil)
		}, "needs an ATT&CK release"},
		{"a caller that stops", func() (*graph.Summary, error) {
			return s.Stream(t.Context(), fleet(9), func(*graph.FindingResult) error { return io.ErrShortWrite })
		}, io.ErrShortWrite.Error()},
		{"a finding without a name", func() (*graph.Summary, error) {
			return s.Stream(t.Context(), func(yield func(finding.Finding, error) bool) { yield(finding.Finding{}, nil) }, ignore)
		}, "neither an ID nor a title"},
		{"a reading that ends", func() (*graph.Summary, error) {
			return s.Stream(t.Context(), func(yield func(finding.Finding, error) bool) { yield(finding.Finding{}, io.ErrNoProgress) }, ignore)
		}, io.ErrNoProgress.Error()},
	} {
		sum, err := test.run()
		require.ErrorContains(t, err, test.want, test.name)
		require.Nil(t, sum, test.name)
	}
}

package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
)

// BenchmarkReport compares what it costs to write an assessment, with a draft
// for each gap, with what it costs to make it (assess), and to read the files
// first (read+assess), which is what a user waits for.
func BenchmarkReport(b *testing.B) {
	for _, on := range []string{"sample", "advisories"} {
		var files []string
		load := func(b *testing.B) *cli.Loaded {
			l, err := cli.Load(b.Context(), cli.Input{Findings: files, Store: "mem"}, strings.NewReader(""), io.Discard)
			require.NoError(b, err)
			return l
		}
		b.Run("assess/"+on, func(b *testing.B) {
			if on == "advisories" {
				files = advisories(b)
			}
			l := load(b)
			defer l.Graph.Close()
			b.ReportAllocs()
			for b.Loop() {
				_, err := l.Now.Assess(context.Background())
				require.NoError(b, err)
			}
		})
		b.Run("read+assess/"+on, func(b *testing.B) {
			if on == "advisories" {
				files = advisories(b)
			}
			b.ReportAllocs()
			for b.Loop() {
				l := load(b)
				_, err := l.Now.Assess(context.Background())
				require.NoError(b, err)
				require.NoError(b, l.Graph.Close())
			}
		})
		for _, f := range formats {
			if f.write == nil {
				continue
			}
			b.Run(f.name+"/"+on, func(b *testing.B) {
				if on == "advisories" {
					files = advisories(b)
				}
				l := load(b)
				defer l.Graph.Close()
				a, err := l.Now.Assess(context.Background())
				require.NoError(b, err)
				require.NoError(b, draft(context.Background(), l.Now, a, "template", io.Discard, func(int) {}))
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, f.write(io.Discard, a, l.Now))
				}
			})
		}
	}
}

package verify_test

import (
	"flag"
	"math"
	"slices"
	"testing"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

var report = flag.Bool("report", false, "measure the checks on the report part; each run is noted in testdata/labelled/README.md")

// wilson returns the bounds of the 95 % interval of a share.
func wilson(k, n int) (low, high float64) {
	const z = 1.96
	if n == 0 {
		return 0, 1
	}
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return middle - half, middle + half
}

// tally judges a part and counts, by label and by kind, what is rejected. It
// tells nothing of single sentences.
func tally(t *testing.T, part string) map[string][2]int {
	t.Helper()
	packs := readPacks(t)
	checks := map[string]func(graph.Claim) []graph.Rejection{}
	out := map[string][2]int{}
	for _, s := range readSentences(t, part) {
		if checks[s.Pack] == nil {
			checks[s.Pack] = verify.Claims(packs[s.Pack].Evidence)
		}
		rejected := len(checks[s.Pack](graph.Claim{Text: s.Text, Evidence: s.Cites})) > 0
		for _, k := range []string{s.Label, s.Label + " " + s.Kind, s.Label + " by " + s.How} {
			c := out[k]
			c[1]++
			if rejected {
				c[0]++
			}
			out[k] = c
		}
	}
	return out
}

func show(t *testing.T, counts map[string][2]int) {
	t.Helper()
	var names []string
	for k := range counts {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		c := counts[k]
		low, high := wilson(c[0], c[1])
		t.Logf("%-28s rejected %3d of %3d, %5.1f %% (%.1f to %.1f)", k, c[0], c[1], 100*float64(c[0])/float64(c[1]), 100*low, 100*high)
	}
}

// The dev parts are what the checks and their weights were made with.
func TestLabelledDev(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and ten times as long under the race detector: without -short")
	}
	for _, part := range devParts(t) {
		counts := tally(t, part)
		t.Log(part)
		show(t, counts)
		if c := counts["wrong"]; c[0]*100 < c[1]*68 {
			t.Errorf("%s: %d of %d wrong sentences found", part, c[0], c[1])
		}
		if c := counts["supported"]; c[0]*100 > c[1]*23 {
			t.Errorf("%s: %d of %d right sentences rejected", part, c[0], c[1])
		}
	}
}

func TestLabelledReport(t *testing.T) {
	if !*report {
		t.Skip("TestLabelledReport: the report part is measured with -report only")
	}
	counts := tally(t, "report")
	show(t, counts)
	if c := counts["wrong"]; c[0]*100 < c[1]*80 {
		t.Errorf("%d of %d wrong sentences found", c[0], c[1])
	}
	if c := counts["supported"]; c[0]*100 > c[1]*25 {
		t.Errorf("%d of %d right sentences rejected", c[0], c[1])
	}
}

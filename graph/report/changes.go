package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"

	"github.com/mitigraph/mitigraph/graph"
)

// Changes writes what differs between two assessments of a site, for a
// person: the techniques and the gaps that are new, gone or different. Nil is
// written as no change.
func Changes(w io.Writer, c *graph.Comparison) error {
	if c == nil {
		c = &graph.Comparison{}
	}
	t := &text{Writer: bufio.NewWriter(w), shown: newShown(nil)}
	before, after := cmp.Or(c.Before.Version, "before"), cmp.Or(c.After.Version, "now")
	words := ""
	if before != after {
		words = fmt.Sprintf("from release %s to %s", before, after)
	}
	t.heading("WHAT CHANGED", words)
	if len(c.Techniques)+len(c.Gaps) == 0 {
		t.line("  nothing for these findings")
		return t.Flush()
	}
	shown := c.Techniques[:min(maxRows, len(c.Techniques))]
	for _, d := range shown {
		switch {
		case d.Before == nil:
			t.wrapped("  + ", fmt.Sprintf("%s %s is open now (risk %.2f)", d.After.ID, d.After.FullName, d.After.Score))
		case d.After == nil:
			t.wrapped("  - ", fmt.Sprintf("%s %s is not open any more", d.Before.ID, d.Before.FullName))
		case d.Before.ID != d.After.ID:
			t.wrapped("  = ", fmt.Sprintf("%s %s became %s %s (risk %.2f, was %.2f)", d.Before.ID, d.Before.FullName, d.After.ID, d.After.FullName, d.After.Score, d.Before.Score))
		default:
			t.wrapped("  = ", fmt.Sprintf("%s %s: risk %.2f, was %.2f; %s, was %d", d.After.ID, d.After.FullName, d.After.Score, d.Before.Score,
				count(len(d.After.Mitigations), "mitigation", "mitigations"), len(d.Before.Mitigations)))
		}
	}
	if n := len(c.Techniques) - len(shown); n > 0 {
		t.line("  … and %s", count(n, "more technique", "more techniques"))
	}
	var opened, closed, other int
	for _, d := range c.Gaps {
		switch {
		case d.Before == nil:
			opened++
		case d.After == nil:
			closed++
		default:
			other++
		}
	}
	t.line("  gaps: %d new, %d gone, %d different", opened, closed, other)
	return t.Flush()
}

package report

import (
	"cmp"
	"fmt"

	"github.com/mitigraph/mitigraph/graph"
)

// change is a technique that differs from an earlier assessment.
type change struct{ mark, words string }

// changedFrom says between which releases something changed; empty where it
// is the same one.
func (sh *shown) changedFrom() string {
	before, after := cmp.Or(sh.a.Changes.Before.Version, "before"), cmp.Or(sh.a.Changes.After.Version, "now")
	if before == after {
		return ""
	}
	return fmt.Sprintf("from release %s to %s", before, after)
}

// changes are the techniques that differ, the most urgent first.
func (sh *shown) changes() (out []change) {
	name := func(t *graph.TechniqueResult) string { return t.ID + " " + cmp.Or(t.FullName, t.Name) }
	for _, d := range sh.a.Changes.Techniques {
		switch {
		case d.Before == nil && d.After == nil:
		case d.Before == nil:
			out = append(out, change{"+", fmt.Sprintf("%s is open now (risk %.2f)", name(d.After), d.After.Score)})
		case d.After == nil:
			out = append(out, change{"-", fmt.Sprintf("%s is not open any more", name(d.Before))})
		case d.Before.ID != d.After.ID:
			out = append(out, change{"=", fmt.Sprintf("%s became %s (risk %.2f, was %.2f)", name(d.Before), name(d.After), d.After.Score, d.Before.Score)})
		default:
			out = append(out, change{"=", fmt.Sprintf("%s: risk %.2f, was %.2f; %s, was %d", name(d.After), d.After.Score, d.Before.Score,
				count(len(d.After.Mitigations), "mitigation", "mitigations"), len(d.Before.Mitigations))})
		}
	}
	return out
}

// changedGaps counts the gaps that differ; it says so where nothing does.
func (sh *shown) changedGaps() string {
	if len(sh.a.Changes.Techniques)+len(sh.a.Changes.Gaps) == 0 {
		return "nothing for these findings"
	}
	var opened, closed, other int
	for _, d := range sh.a.Changes.Gaps {
		switch {
		case d.Before == nil:
			opened++
		case d.After == nil:
			closed++
		default:
			other++
		}
	}
	return fmt.Sprintf("gaps: %d new, %d gone, %d different", opened, closed, other)
}

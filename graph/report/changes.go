package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// change is a technique that differs from an earlier assessment.
type change struct{ mark, words string }

// changedFrom says between which releases something changed; empty where it
// is the same one.
func (sh *shown) changedFrom() string {
	before, after := sh.a.Changes.Before, sh.a.Changes.After
	switch {
	case before.Version == after.Version:
		return ""
	case before.Version == "":
		return fmt.Sprintf("from %s to release %s", sh.unversioned(before), after.Version)
	case after.Version == "":
		return fmt.Sprintf("from release %s to %s", before.Version, sh.unversioned(after))
	}
	return fmt.Sprintf("from release %s to %s", before.Version, after.Version)
}

// unversioned names a release whose bundle does not say which it is.
func (sh *shown) unversioned(r graph.AttackRelease) string {
	if r.Source == "" {
		return "no release"
	}
	return fmt.Sprintf("a bundle without a version (%s)", finding.Plain(sh.file(r.Source), 0))
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
			out = append(out, change{"=", fmt.Sprintf("%s became %s (%s)", name(d.Before), name(d.After), cmp.Or(riskChange(d.Before, d.After), fmt.Sprintf("risk %.2f", d.After.Score)))})
		default:
			if s := differs(d.Before, d.After); s != "" {
				out = append(out, change{"=", name(d.After) + ": " + s})
			}
		}
	}
	return out
}

// riskChange tells of a risk that differs as far as it is shown.
func riskChange(before, after *graph.TechniqueResult) string {
	is, was := fmt.Sprintf("%.2f", after.Score), fmt.Sprintf("%.2f", before.Score)
	if is == was {
		return ""
	}
	return fmt.Sprintf("risk %s, was %s", is, was)
}

// differs says what of a technique is not as it was; empty where that does not
// show, such as a risk that is the same to two digits.
func differs(before, after *graph.TechniqueResult) string {
	var out []string
	if s := riskChange(before, after); s != "" {
		out = append(out, s)
	}
	if n, was := len(after.Mitigations), len(before.Mitigations); n != was {
		out = append(out, fmt.Sprintf("%s, was %d", count(n, "mitigation", "mitigations"), was))
	} else if !slices.EqualFunc(after.Mitigations, before.Mitigations, func(a, b graph.TechniqueMitigation) bool { return a.ID == b.ID }) {
		out = append(out, "other mitigations")
	} else if !slices.EqualFunc(after.Mitigations, before.Mitigations, func(a, b graph.TechniqueMitigation) bool {
		return a.Deployed == b.Deployed && a.Feasible == b.Feasible
	}) {
		out = append(out, "other mitigations are deployed or feasible")
	}
	if n, was := len(after.Findings), len(before.Findings); n != was {
		out = append(out, fmt.Sprintf("%s, was %d", count(n, "finding", "findings"), was))
	} else if !slices.Equal(after.Findings, before.Findings) {
		out = append(out, "other findings")
	}
	return strings.Join(out, "; ")
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

// Package report answers the question: how does a person, or another program,
// read an assessment?
//
// [Text] writes what a person reads first, [Markdown] the same for a wiki or a
// merge request, and [HTML] a page with pictures for a browser. [JSON] writes
// everything, [Lines] the same while the findings of a fleet pass, and
// [Navigator] a heat map for MITRE's ATT&CK Navigator. Package
// graph/report/sarif writes for the security tab of a code host, and package
// graph/report/stix for platforms that share threat intelligence.
//
// All write the same bytes for the same assessment, and may be called by any
// number of goroutines. They never reorder or leave out without saying so: the
// order of urgency is the assessment's. What the sources of the findings say can
// be done comes before any mitigation, in their words and quoted; [JSON] has it
// with each finding. All but Text and JSON name a file without its folder, since
// they are handed on. What the input wrote is inert in each:
// no character of it is obeyed by a terminal, a browser or a reader of Markdown.
package report

import (
	"bytes"
	"io"

	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

// JSON writes the whole assessment, indented by two spaces. Its form is
// described by data/schema/assessment.json. Characters that can't be seen are
// written as escapes, which mean the same. Nil is an assessment of nothing.
func JSON(w io.Writer, a *graph.Assessment) error {
	if a == nil {
		a = &graph.Assessment{
			Findings: []graph.FindingResult{}, Techniques: []graph.TechniqueResult{}, Mitigations: []graph.MitigationResult{}, Plan: []graph.PlanStep{}, RestsOnOne: []graph.RestsOnOne{},
			Gaps: []graph.Gap{}, Drafts: []graph.Draft{}, Warnings: []graph.Warning{},
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(a); err != nil {
		return err
	}
	return escape.Write(w, escape.JSON(b.Bytes()))
}

// GapTitle says in a few words what a kind of gap means; the kind itself where
// it is none of package graph's.
func GapTitle(kind graph.GapKind) string {
	for _, k := range gapTitles {
		if k.kind == kind {
			return k.title
		}
	}
	return string(kind)
}

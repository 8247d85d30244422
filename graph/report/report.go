// Package report answers the question: how does a person, or another program,
// read an assessment?
//
// [Text] writes what a person reads first, [JSON] everything, and [Lines] the
// same while the findings of a fleet pass. All write the same bytes for the same assessment. They never reorder or leave out without
// saying so: the order of urgency is the assessment's. Text from the input is
// made inert for a terminal.
package report

import (
	"io"

	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/graph"
)

// JSON writes the whole assessment, indented by two spaces. Its form is
// described by data/schema/assessment.json.
func JSON(w io.Writer, a *graph.Assessment) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(a)
}

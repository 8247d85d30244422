package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

// Result is the answer of a query: a table. The same query of the same
// snapshot gives the same bytes.
type Result struct {
	// Columns are the names that the query gave, "id" first, then in order.
	Columns []string `json:"columns"`
	// Rows are in the order in which the query found them; each has a value for
	// each column. A value is nil, a bool, an int64, a float64, a string, a
	// quad.IRI (a node), a []any or a map[string]any.
	Rows [][]any `json:"rows"`
	// Warnings say what may be amiss with the question, such as a name that the
	// graph does not hold.
	Warnings []string `json:"warnings,omitempty"`
}

// WriteJSON writes the result as one JSON object: columns, rows, each an array,
// and warnings, if any. A node is its key, such as "attack:T0855".
func (r Result) WriteJSON(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("{\n  \"columns\": ")
	if err := encode(&b, r.Columns); err != nil {
		return err
	}
	b.WriteString(",\n  \"rows\": [")
	for i, row := range r.Rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		if err := encode(&b, row); err != nil {
			return err
		}
	}
	if len(r.Rows) > 0 {
		b.WriteString("\n  ")
	}
	b.WriteByte(']')
	if len(r.Warnings) > 0 {
		b.WriteString(",\n  \"warnings\": ")
		if err := encode(&b, r.Warnings); err != nil {
			return err
		}
	}
	b.WriteString("\n}\n")
	return escape.Write(w, escape.JSON(b.Bytes()))
}

func encode(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	b.Truncate(b.Len() - 1) // the line break
	return nil
}

// WriteTable writes the result for people: a line of column names, a line for
// each row, and how many there are. Values stand in full, but on one line and
// without control characters. Warnings are not in it.
func (r Result) WriteTable(w io.Writer) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(cells []string) { fmt.Fprintln(t, strings.Join(cells, "\t")) }
	if len(r.Rows) > 0 {
		cells := make([]string, len(r.Columns))
		for i, c := range r.Columns {
			cells[i] = finding.Plain(c, 0)
		}
		line(cells)
		for _, row := range r.Rows {
			for i, v := range row {
				s, err := cell(v)
				if err != nil {
					return err
				}
				cells[i] = s
			}
			line(cells)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var out strings.Builder
	for l := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight(l, " \n") + "\n")
	}
	switch n := len(r.Rows); n {
	case 0:
		out.WriteString("no rows\n")
	case 1:
		out.WriteString("1 row\n")
	default:
		fmt.Fprintf(&out, "%d rows\n", n)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func cell(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return finding.Plain(v, 0), nil
	case quad.IRI:
		return finding.Plain(string(v), 0), nil
	}
	var b bytes.Buffer
	if err := encode(&b, v); err != nil {
		return "", err
	}
	return finding.Plain(b.String(), 0), nil
}

package query

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/cayleygraph/quad"
)

// Session is one run of a query: the store as queries see it, and the rows
// that they give. It belongs to the function that [Run] calls.
type Session struct {
	*Store
	limits   Limits
	rows     []map[string]any
	size     int64 // estimated, of the rows
	failed   error // why the run must end; the first reason
	warnings []string
}

// Emit adds a row: values by column. The values may be of Cayley, or what
// JSON has; a string such as "<attack:T0855>" is the node. The error, which also
// ends the run, says that there is too much.
func (q *Session) Emit(row map[string]any) error {
	if q.failed != nil {
		return q.failed
	}
	if len(q.rows) == q.limits.Rows {
		return q.fail(fmt.Errorf("%w: more than the %d that are allowed", ErrRows, q.limits.Rows))
	}
	out := make(map[string]any, len(row))
	for column, v := range row {
		v, err := q.value(v, 0)
		if err != nil {
			return q.fail(err)
		}
		out[column] = v
		q.size += int64(len(column))
	}
	q.size += 48
	q.rows = append(q.rows, out)
	return nil
}

// Warn adds a warning to the result, once.
func (q *Session) Warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if !slices.Contains(q.warnings, w) && len(q.warnings) < maxWarnings {
		q.warnings = append(q.warnings, w)
	}
}

const (
	maxWarnings = 50
	maxDepth    = 100 // of a value
)

func (q *Session) fail(err error) error {
	if q.failed == nil {
		q.failed = err
	}
	return q.failed
}

// value makes a value one of those that a [Result] has, and counts its size.
func (q *Session) value(v any, depth int) (any, error) {
	q.size += 16
	if q.size > q.limits.Memory {
		return nil, fmt.Errorf("%w: the rows have more than the %d MiB that are allowed", ErrMemory, q.limits.Memory>>20)
	}
	if depth > maxDepth {
		return nil, &Error{Err: fmt.Errorf("a value is nested more than %d deep, or contains itself", maxDepth)}
	}
	text := func(s string) (any, error) {
		q.size += int64(len(s))
		return s, nil
	}
	number := func(f float64) (any, error) {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, nil // as in JSON.stringify
		}
		return f, nil
	}
	switch v := v.(type) {
	case nil, bool, int64:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		return number(v)
	case string:
		if len(v) > 2 && v[0] == '<' && v[len(v)-1] == '>' {
			if iri := quad.IRI(v[1 : len(v)-1]); q.find(iri) != nil {
				return q.value(iri, depth)
			}
		}
		return text(v)
	case interface{ QuadValue() quad.Value }:
		return q.value(v.QuadValue(), depth)
	case time.Time:
		return text(v.UTC().Format(time.RFC3339Nano))
	case quad.IRI:
		q.size += int64(len(v))
		return v, nil
	case quad.String:
		return text(string(v))
	case quad.Int:
		return int64(v), nil
	case quad.Float:
		return number(float64(v))
	case quad.Bool:
		return bool(v), nil
	case quad.Value:
		return text(quad.ToString(v))
	case []quad.Value:
		out := make([]any, len(v))
		for i := range v {
			out[i] = v[i]
		}
		return q.value(out, depth)
	case []map[string]any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = v[i]
		}
		return q.value(out, depth)
	case [][2]any: // a Map of JavaScript
		out := make([]any, len(v))
		for i := range v {
			out[i] = v[i][:]
		}
		return q.value(out, depth)
	case *big.Int:
		return text(v.String())
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = q.value(v[i], depth+1); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			var err error
			if out[k], err = q.value(v[k], depth+1); err != nil {
				return nil, err
			}
			q.size += int64(len(k))
		}
		return out, nil
	}
	return nil, &Error{Err: fmt.Errorf("a %T can't be in a row", v)}
}

// result makes the rows a table.
func (q *Session) result() Result {
	r := Result{Columns: []string{}, Rows: make([][]any, 0, len(q.rows)), Warnings: q.warnings}
	at := map[string]int{}
	for _, row := range q.rows {
		for c := range row {
			if _, ok := at[c]; !ok {
				at[c] = 0
				r.Columns = append(r.Columns, c)
			}
		}
	}
	slices.SortFunc(r.Columns, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == "id":
			return -1
		case b == "id":
			return 1
		}
		return strings.Compare(a, b)
	})
	for i, c := range r.Columns {
		at[c] = i
	}
	for _, row := range q.rows {
		out := make([]any, len(r.Columns))
		for c, v := range row {
			out[at[c]] = v
		}
		r.Rows = append(r.Rows, out)
	}
	return r
}

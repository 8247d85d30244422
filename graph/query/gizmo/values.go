package gizmo

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"
	"github.com/dop251/goja"

	"github.com/mitigraph/mitigraph/graph/query"
)

// route is a path as scripts hold it.
type route struct {
	path      *path.Path
	tags      []string // that back may go to
	recursive bool     // has a recursive step, which can't be turned round
}

// constant is a value that a script made with iri, str and the like.
type constant struct{ value quad.Value }

// QuadValue is how the session sees a constant that a script emits.
func (c *constant) QuadValue() quad.Value {
	if l, ok := c.value.(query.Literal); ok {
		return quad.String(l)
	}
	return c.value
}

// filter is a condition on values.
type filter struct{ shape.ValueFilter }

func (m *machine) wrap(v any, prototype *goja.Object) goja.Value {
	o := m.vm.ToValue(v).(*goja.Object)
	if err := o.SetPrototype(prototype); err != nil {
		panic(err)
	}
	return o
}

// exported are arguments as Go values; lists among them are flattened where a
// method takes any number.
func exported(args []goja.Value) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a.Export()
	}
	return out
}

// maxFlat is how deep lists may nest, and maxFlatSize how many values may be in
// them together.
const (
	maxFlat     = 64
	maxFlatSize = 1 << 20
)

// nested stands for lists that contain themselves or are too large; it is no
// value, so that whoever gets it says so.
type nested struct{}

func flat(args []any) []any {
	var out []any
	var add func(args []any, depth int) bool
	add = func(args []any, depth int) bool {
		if depth > maxFlat || len(out)+len(args) > maxFlatSize {
			return false
		}
		for _, a := range args {
			list, ok := a.([]any)
			if !ok {
				out = append(out, a)
			} else if !add(list, depth+1) {
				return false
			}
		}
		return true
	}
	if !add(args, 0) {
		return []any{nested{}}
	}
	return out
}

// value reads a constant.
func (m *machine) value(v any) (quad.Value, error) {
	switch v := v.(type) {
	case *constant:
		return v.value, nil
	case string:
		if q := quad.StringToValue(v); q != nil {
			return q, nil
		}
		return quad.String(v), nil
	case bool:
		return quad.Bool(v), nil
	case int64:
		return quad.Int(v), nil
	case float64:
		if v == float64(int64(v)) {
			return quad.Int(int64(v)), nil
		}
		return quad.Float(v), nil
	case time.Time:
		return quad.Time(v), nil
	}
	return nil, fmt.Errorf("%s is no value of the graph", describe(v))
}

func (m *machine) values(args []any) ([]quad.Value, error) {
	var out []quad.Value
	for _, a := range flat(args) {
		if a == nil {
			return nil, errors.New("undefined is no value of the graph")
		}
		v, err := m.value(a)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// via reads a predicate, a list of them, or a path that leads to them; nothing
// stands for all.
func (m *machine) via(arg any) ([]any, error) {
	switch a := arg.(type) {
	case nil:
		return nil, nil
	case *route:
		return []any{a.path}, nil
	}
	var out []any
	for _, a := range flat([]any{arg}) {
		v, err := m.value(a)
		if err != nil {
			return nil, err
		}
		if err := m.q.Predicate(v); err != nil {
			return nil, errors.Unwrap(err) // the place is added later
		}
		out = append(out, v)
	}
	return out, nil
}

// names reads the names of tags.
func names(args []any) ([]string, error) {
	var out []string
	for _, a := range flat(args) {
		s, ok := a.(string)
		if !ok || s == "" {
			return nil, fmt.Errorf("%s is no name of a tag", describe(a))
		}
		out = append(out, s)
	}
	return out, nil
}

// number reads a whole number.
func number(arg any) (int, error) {
	switch n := arg.(type) {
	case int64:
		return int(n), nil
	case float64:
		if n == float64(int(n)) {
			return int(n), nil
		}
	}
	return 0, fmt.Errorf("%s is no whole number", describe(arg))
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case *route:
		return "a path"
	case *filter:
		return "a filter"
	case *constant:
		return v.value.String()
	case nested:
		return fmt.Sprintf("a list nested more than %d deep or of more than %d values", maxFlat, maxFlatSize)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	case string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}

// native is a value of the graph as scripts see it.
func native(v quad.Value) any {
	if v == nil {
		return nil
	}
	n := v.Native()
	if same, ok := n.(quad.Value); ok && same == v {
		return v.String()
	}
	return n
}

// tagged reads the values of tags.
func (m *machine) tagged(tags map[string]refs.Ref) (map[string]any, error) {
	row := make(map[string]any, len(tags))
	for tag, r := range tags {
		v, err := m.q.NameOf(r)
		if err != nil {
			return nil, err
		}
		if v != nil {
			row[tag] = v
		}
	}
	return row, nil
}

// object makes a row an object of the script, with its members in order.
func (m *machine) object(row map[string]any) *goja.Object {
	o := m.vm.NewObject()
	tags := make([]string, 0, len(row))
	for tag := range row {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for _, tag := range tags {
		if err := o.Set(tag, native(row[tag].(quad.Value))); err != nil {
			panic(err)
		}
	}
	return o
}

package gizmo

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"
	"github.com/cayleygraph/quad/voc"
	"github.com/dop251/goja"

	"github.com/mitigraph/mitigraph/graph/query"
)

// defineGlobals defines g and the functions that make values and filters.
func (m *machine) defineGlobals() {
	g := m.vm.NewObject()
	m.set("g", g)
	m.set("graph", g)
	for name, f := range map[string]func(goja.FunctionCall) (goja.Value, error){
		"v": m.vertex, "vertex": m.vertex,
		"m": m.morphism, "morphism": m.morphism,
		"uri":                  m.iri,
		"emit":                 m.emit,
		"addNamespace":         m.addNamespace,
		"addDefaultNamespaces": m.addDefaultNamespaces,
		"loadNamespaces":       func(goja.FunctionCall) (goja.Value, error) { return goja.Undefined(), nil }, // the graph has none
	} {
		m.define(g, name, m.throwing(f))
	}
	m.set("iri", m.throwing(m.texts(1, func(s []string) quad.Value { return quad.IRI(s[0]) })))
	if err := g.Set("IRI", m.throwing(m.iri)); err != nil {
		panic(err)
	}
	m.set("bnode", m.throwing(m.texts(1, func(s []string) quad.Value { return quad.BNode(s[0]) })))
	m.set("raw", m.throwing(m.texts(1, func(s []string) quad.Value { return quad.Raw(s[0]) })))
	m.set("str", m.throwing(m.texts(1, func(s []string) quad.Value { return query.Literal(s[0]) })))
	m.set("lang", m.throwing(m.texts(2, func(s []string) quad.Value {
		return quad.LangString{Value: quad.String(s[0]), Lang: s[1]}
	})))
	m.set("typed", m.throwing(m.texts(2, func(s []string) quad.Value {
		return quad.TypedString{Value: quad.String(s[0]), Type: quad.IRI(s[1])}
	})))
	for name, op := range map[string]iterator.Operator{
		"lt": iterator.CompareLT, "lte": iterator.CompareLTE, "gt": iterator.CompareGT, "gte": iterator.CompareGTE,
	} {
		m.set(name, m.throwing(m.comparison(op)))
	}
	m.set("regex", m.throwing(m.regex))
	m.set("like", m.throwing(m.like))
}

func (m *machine) set(name string, v any) {
	if err := m.vm.Set(name, v); err != nil {
		panic(err)
	}
}

func (m *machine) throwing(f func(goja.FunctionCall) (goja.Value, error)) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		v, err := f(call)
		if err != nil {
			return m.throw(err)
		}
		return v
	}
}

func (m *machine) vertex(call goja.FunctionCall) (goja.Value, error) {
	nodes, err := m.values(exported(call.Arguments))
	if err != nil {
		return nil, fmt.Errorf("V: %w", err)
	}
	return m.wrap(&route{path: path.StartMorphism(nodes...)}, m.paths), nil
}

func (m *machine) morphism(goja.FunctionCall) (goja.Value, error) {
	return m.wrap(&route{path: path.StartMorphism()}, m.paths), nil
}

// emit gives the members of an object as a row, anything else as a row with
// one value.
func (m *machine) emit(call goja.FunctionCall) (goja.Value, error) {
	v := call.Argument(0).Export()
	m.emitted = true
	switch v := v.(type) {
	case nil:
		return goja.Null(), nil
	case *route:
		return nil, errors.New("emit: a path is no value; use .all() or .toArray()")
	case map[string]any:
		return goja.Null(), m.q.Emit(v)
	}
	return goja.Null(), m.q.Emit(map[string]any{"value": v})
}

func (m *machine) iri(call goja.FunctionCall) (goja.Value, error) {
	return m.texts(1, func(s []string) quad.Value { return quad.IRI(m.namespaces.FullIRI(s[0])) })(call)
}

func (m *machine) addNamespace(call goja.FunctionCall) (goja.Value, error) {
	s, err := stringsOf(call, 2)
	if err != nil {
		return nil, err
	}
	m.namespaces.Register(voc.Namespace{Prefix: s[0] + ":", Full: s[1]})
	return goja.Undefined(), nil
}

func (m *machine) addDefaultNamespaces(goja.FunctionCall) (goja.Value, error) {
	voc.CloneTo(&m.namespaces)
	return goja.Undefined(), nil
}

// texts is a function that makes a value of texts.
func (m *machine) texts(n int, f func([]string) quad.Value) func(goja.FunctionCall) (goja.Value, error) {
	return func(call goja.FunctionCall) (goja.Value, error) {
		s, err := stringsOf(call, n)
		if err != nil {
			return nil, err
		}
		return m.wrap(&constant{f(s)}, m.constants), nil
	}
}

func stringsOf(call goja.FunctionCall, n int) ([]string, error) {
	if len(call.Arguments) != n {
		return nil, fmt.Errorf("%d arguments given, want %d", len(call.Arguments), n)
	}
	out := make([]string, n)
	for i, a := range exported(call.Arguments) {
		switch a := a.(type) {
		case string:
			out[i] = a
		case *constant:
			out[i] = quad.ToString(a.QuadValue())
		default:
			return nil, fmt.Errorf("%s is no text", describe(a))
		}
	}
	return out, nil
}

func (m *machine) filtering(f shape.ValueFilter) goja.Value {
	return m.wrap(&filter{f}, m.vm.NewObject())
}

func (m *machine) comparison(op iterator.Operator) func(goja.FunctionCall) (goja.Value, error) {
	return func(call goja.FunctionCall) (goja.Value, error) {
		args := exported(call.Arguments)
		if len(args) != 1 {
			return nil, fmt.Errorf("%d arguments given, want 1", len(args))
		}
		v, err := m.value(args[0])
		if err != nil {
			return nil, err
		}
		switch n := v.(type) {
		case query.Literal:
			v = quad.String(n)
		case quad.Int:
			return m.filtering(numeric{op, float64(n)}), nil
		case quad.Float:
			return m.filtering(numeric{op, float64(n)}), nil
		}
		return m.filtering(shape.Comparison{Op: op, Val: v}), nil
	}
}

// numeric compares numbers of either kind; Cayley compares only those of one
// kind, and 1 is of another than 0.95.
type numeric struct {
	op iterator.Operator
	to float64
}

// BuildIterator is part of shape.ValueFilter.
func (n numeric) BuildIterator(qs graph.QuadStore, it iterator.Shape) iterator.Shape {
	return iterator.NewValueFilter(qs, it, func(v quad.Value) (bool, error) {
		f := 0.0
		switch v := v.(type) {
		case quad.Int:
			f = float64(v)
		case quad.Float:
			f = float64(v)
		default:
			return false, nil
		}
		switch n.op {
		case iterator.CompareLT:
			return f < n.to, nil
		case iterator.CompareLTE:
			return f <= n.to, nil
		case iterator.CompareGT:
			return f > n.to, nil
		}
		return f >= n.to, nil
	})
}

func (m *machine) like(call goja.FunctionCall) (goja.Value, error) {
	s, err := stringsOf(call, 1)
	if err != nil {
		return nil, err
	}
	return m.filtering(shape.Wildcard{Pattern: s[0]}), nil
}

// regex takes an expression and whether it is also for the names of nodes.
func (m *machine) regex(call goja.FunctionCall) (goja.Value, error) {
	args := exported(call.Arguments)
	names := false
	if len(args) == 2 {
		names, _ = args[1].(bool)
		call.Arguments = call.Arguments[:1]
	}
	s, err := stringsOf(call, 1)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(s[0])
	if err != nil {
		return nil, err
	}
	return m.filtering(shape.Regexp{Re: re, Refs: names}), nil
}

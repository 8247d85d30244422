package gizmo

import (
	"context"
	"errors"
	"fmt"

	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/quad"
	"github.com/dop251/goja"
)

// final runs a route. The arguments are left as the script gave them.
type final func(r *route, args []goja.Value) (goja.Value, error)

// defineFinals defines the methods that run paths.
func (m *machine) defineFinals() {
	for name, f := range map[string]final{
		"all":      m.all,
		"getLimit": m.getLimit,
		"toArray":  m.toArray,
		"tagArray": m.tagArray,
		"toValue":  m.toValue,
		"tagValue": m.tagValue,
		"forEach":  m.forEach,
		"map":      m.forEach,
		"count":    m.count,
	} {
		m.define(m.paths, name, func(call goja.FunctionCall) goja.Value {
			r, ok := call.This.Export().(*route)
			if !ok {
				return m.throw(fmt.Errorf("%s: called on something that is no path", name))
			}
			v, err := f(r, call.Arguments)
			if err != nil {
				return m.throw(err)
			}
			return v
		})
	}
}

// each runs a route and gives the tags of each way to its end, which is tagged
// "id". A limit that is not positive is none.
func (m *machine) each(r *route, limit int, f func(map[string]any) error) error {
	return m.run(r, limit, func(c *iterator.Chain) error {
		return c.TagEach(func(tags map[string]refs.Ref) error {
			row, err := m.tagged(tags)
			if err != nil || len(row) == 0 {
				return err
			}
			return f(row)
		})
	})
}

// run builds the iterator of a route. Cayley panics over some routes, and
// loses the context's error over others.
func (m *machine) run(r *route, limit int, f func(*iterator.Chain) error) (err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case *goja.InterruptedError, *goja.StackOverflowError, *goja.Exception:
			panic(x)
		default:
			err = fmt.Errorf("the engine can't run the path: %v", x)
		}
	}()
	it := iterator.Tag(m.q.Build(m.ctx, r.path.Shape()), "id")
	c := iterator.Iterate(m.ctx, it)
	if limit > 0 {
		c = c.Limit(limit)
	}
	if err := f(c); err != nil {
		return err
	}
	if m.ctx.Err() != nil {
		return context.Cause(m.ctx)
	}
	return nil
}

func (m *machine) all(r *route, args []goja.Value) (goja.Value, error) {
	if len(args) > 0 {
		return nil, fmt.Errorf("all: %d arguments given, want none", len(args))
	}
	return goja.Null(), m.send(r, 0)
}

func (m *machine) getLimit(r *route, args []goja.Value) (goja.Value, error) {
	n, err := limitOf("getLimit", args)
	if err == nil && len(args) == 0 {
		err = errors.New("getLimit: no limit given")
	}
	if err != nil {
		return nil, err
	}
	return goja.Null(), m.send(r, n)
}

func (m *machine) send(r *route, limit int) error {
	m.emitted = true
	return m.each(r, limit, m.q.Emit)
}

// limitOf reads the optional limit that is a method's only argument.
func limitOf(name string, args []goja.Value) (int, error) {
	switch {
	case len(args) == 0:
		return 0, nil
	case len(args) > 1:
		return 0, fmt.Errorf("%s: %d arguments given, want a limit", name, len(args))
	}
	n, err := number(args[0].Export())
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// toArray gives the ends of a path; one that is reached in several ways may be
// there once.
func (m *machine) toArray(r *route, args []goja.Value) (goja.Value, error) {
	n, err := limitOf("toArray", args)
	if err != nil {
		return nil, err
	}
	list, err := m.ends(r, n)
	return m.vm.ToValue(m.vm.NewArray(list...)), err
}

func (m *machine) ends(r *route, limit int) ([]any, error) {
	list := []any{}
	err := m.run(r, limit, func(c *iterator.Chain) error {
		return c.Paths(false).EachValue(m.q, func(v quad.Value) error {
			list = append(list, native(v))
			return nil
		})
	})
	return list, err
}

func (m *machine) tagArray(r *route, args []goja.Value) (goja.Value, error) {
	n, err := limitOf("tagArray", args)
	if err != nil {
		return nil, err
	}
	list, err := m.rows(r, n)
	return m.vm.ToValue(m.vm.NewArray(list...)), err
}

func (m *machine) rows(r *route, limit int) ([]any, error) {
	list := []any{}
	err := m.each(r, limit, func(row map[string]any) error {
		list = append(list, m.object(row))
		return nil
	})
	return list, err
}

func (m *machine) toValue(r *route, _ []goja.Value) (goja.Value, error) {
	return m.first(m.ends(r, 1))
}

func (m *machine) tagValue(r *route, _ []goja.Value) (goja.Value, error) {
	return m.first(m.rows(r, 1))
}

func (m *machine) first(list []any, err error) (goja.Value, error) {
	if err != nil || len(list) == 0 {
		return goja.Null(), err
	}
	return m.vm.ToValue(list[0]), nil
}

// forEach takes an optional limit and a function.
func (m *machine) forEach(r *route, args []goja.Value) (goja.Value, error) {
	if len(args) == 0 {
		return nil, errors.New("forEach: no function given")
	}
	f, ok := goja.AssertFunction(args[len(args)-1])
	if !ok {
		return nil, errors.New("forEach: the last argument is no function")
	}
	n, err := limitOf("forEach", args[:len(args)-1])
	if err != nil {
		return nil, err
	}
	return goja.Null(), m.each(r, n, func(row map[string]any) error {
		_, err := f(goja.Undefined(), m.object(row))
		return err
	})
}

func (m *machine) count(r *route, _ []goja.Value) (goja.Value, error) {
	n := 0
	err := m.each(r, 0, func(map[string]any) error {
		n++
		return nil
	})
	return m.vm.ToValue(n), err
}

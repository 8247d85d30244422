package gizmo

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"github.com/mitigraph/mitigraph/graph/query"
)

// cost is about what an element of an array takes, in bytes.
const cost = 16

// maxJoins is how deep arrays that are joined may nest.
const maxJoins = 1000

// guard makes the built-in functions that turn something small into something
// large ask first. They can't be interrupted, and an allocation that the
// machine has no memory for ends the process.
func (m *machine) guard(limit int64) error {
	if limit == 0 {
		limit = query.DefaultMemory
	}
	check := func(what string, size float64) error {
		if size > float64(limit) {
			return fmt.Errorf("%w: %s would make more than the %d MiB that are allowed", query.ErrMemory, what, limit>>20)
		}
		return nil
	}
	length := func(v goja.Value) float64 {
		o, ok := v.(*goja.Object)
		if !ok {
			return float64(len(v.String()))
		}
		if n := o.Get("length"); n != nil {
			return n.ToFloat()
		}
		return 0
	}
	text := m.vm.Get("String").ToObject(m.vm).Get("prototype").ToObject(m.vm)
	array := m.vm.Get("Array").ToObject(m.vm)
	list := array.Get("prototype").ToObject(m.vm)

	m.ask(text, "repeat", func(c goja.FunctionCall) error {
		return check("repeat", length(c.This)*c.Argument(0).ToFloat())
	})
	for _, name := range []string{"padStart", "padEnd"} {
		m.ask(text, name, func(c goja.FunctionCall) error { return check(name, c.Argument(0).ToFloat()) })
	}
	m.ask(text, "split", func(c goja.FunctionCall) error { return check("split", length(c.This)*2*cost) })
	for _, name := range []string{"replace", "replaceAll"} {
		m.ask(text, name, func(c goja.FunctionCall) error {
			_, pattern := c.Argument(0).(*goja.Object)
			_, function := goja.AssertFunction(c.Argument(1))
			if function || !pattern && name == "replace" {
				return nil
			}
			with, times := c.Argument(1).String(), length(c.This)+1
			size := float64(len(with)) * times
			if strings.Contains(with, "$") {
				size *= times
			}
			return check(name, size)
		})
	}
	m.ask(list, "fill", func(c goja.FunctionCall) error { return check("fill", length(c.This)*cost) })
	m.ask(array, "from", func(c goja.FunctionCall) error {
		if _, ok := c.Argument(0).(*goja.Object); !ok {
			return nil
		}
		return check("Array.from", length(c.Argument(0))*cost)
	})
	m.join(list, check)
	m.ask(m.vm.Get("JSON").ToObject(m.vm), "parse", func(c goja.FunctionCall) error {
		if deep(c.Argument(0).String()) {
			return fmt.Errorf("JSON.parse: nested more than %d deep", maxNesting)
		}
		return nil
	})
	arguments := func(what string, v goja.Value) error {
		if _, ok := v.(*goja.Object); !ok {
			return nil
		}
		return check(what, length(v)*4*cost)
	}
	functions := m.vm.Get("Function").ToObject(m.vm).Get("prototype").ToObject(m.vm)
	m.ask(functions, "apply", func(c goja.FunctionCall) error { return arguments("apply", c.Argument(1)) })
	reflect := m.vm.Get("Reflect").ToObject(m.vm)
	m.ask(reflect, "apply", func(c goja.FunctionCall) error { return arguments("Reflect.apply", c.Argument(2)) })
	m.ask(reflect, "construct", func(c goja.FunctionCall) error { return arguments("Reflect.construct", c.Argument(1)) })

	m.set("__check", func(c goja.FunctionCall) goja.Value {
		if err := check(c.Argument(0).String(), c.Argument(1).ToFloat()*c.Argument(2).ToFloat()); err != nil {
			return m.throw(err)
		}
		return goja.Undefined()
	})
	_, err := m.vm.RunProgram(constructors)
	return err
}

// maxNesting is how deep JSON may nest.
const maxNesting = 1000

// deep reports whether a text has more open brackets at once than may be. What
// is quoted counts too; JSON that is refused for that is no query's.
func deep(text string) bool {
	open := 0
	for _, r := range text {
		switch r {
		case '[', '{':
			if open++; open > maxNesting {
				return true
			}
		case ']', '}':
			open--
		}
	}
	return false
}

// ask has a method ask before it runs.
func (m *machine) ask(on *goja.Object, name string, may func(goja.FunctionCall) error) {
	method, ok := goja.AssertFunction(on.Get(name))
	if !ok {
		panic("no method " + name)
	}
	m.replace(on, name, func(call goja.FunctionCall) goja.Value {
		if err := may(call); err != nil {
			return m.throw(err)
		}
		v, err := method(call.This, call.Arguments...)
		if err != nil {
			return m.throw(err)
		}
		return v
	})
}

func (m *machine) replace(on *goja.Object, name string, f func(goja.FunctionCall) goja.Value) {
	if err := on.DefineDataProperty(name, m.vm.ToValue(f), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
}

// join replaces the join of arrays by one that counts as it goes: its elements
// may be arrays again, so that nothing is known before.
func (m *machine) join(list *goja.Object, check func(string, float64) error) {
	within := map[*goja.Object]bool{} // arrays that are being joined
	m.replace(list, "join", func(call goja.FunctionCall) goja.Value {
		o := call.This.ToObject(m.vm)
		if within[o] {
			return m.vm.ToValue("") // it contains itself
		}
		if len(within) == maxJoins {
			return m.throw(fmt.Errorf("join: arrays are nested more than %d deep", maxJoins))
		}
		within[o] = true
		defer delete(within, o)
		separator := ","
		if s := call.Argument(0); !goja.IsUndefined(s) {
			separator = s.String()
		}
		n := int64(0)
		if l := o.Get("length"); l != nil {
			n = l.ToInteger()
		}
		if err := check("join", float64(n)*max(1, float64(len(separator)))); err != nil {
			return m.throw(err)
		}
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(separator)
			}
			if v := o.Get(fmt.Sprint(i)); v != nil && !goja.IsNull(v) && !goja.IsUndefined(v) {
				b.WriteString(v.String())
			}
			if err := check("join", float64(b.Len())); err != nil {
				return m.throw(err)
			}
			if m.ctx.Err() != nil {
				return m.throw(m.ctx.Err())
			}
		}
		return m.vm.ToValue(b.String())
	})
}

// constructors have a size as their only argument.
var constructors = func() *goja.Program {
	tree, err := parser.ParseFile(nil, "guard", `(function () {
	"use strict";
	const check = __check;
	delete globalThis.__check;
	delete globalThis.eval;
	const none = function () { throw new TypeError("a script can't make functions of texts"); };
	for (const f of [function () {}, function* () {}, async function () {}]) {
		Object.defineProperty(Object.getPrototypeOf(f), "constructor", {value: none, writable: false, configurable: false, enumerable: false});
	}
	delete globalThis.Function;
	const sizes = {Array: 16, ArrayBuffer: 1, Int8Array: 1, Uint8Array: 1, Uint8ClampedArray: 1, Int16Array: 2,
		Uint16Array: 2, Int32Array: 4, Uint32Array: 4, Float32Array: 4, Float64Array: 8};
	for (const name of Object.keys(sizes)) {
		const may = function (args) {
			if (args.length === 1 && typeof args[0] === "number") check("new " + name, args[0], sizes[name]);
		};
		const real = globalThis[name];
		const guarded = function (...args) {
			may(args);
			if (!new.target) return real(...args);
			return Reflect.construct(real, args, new.target === guarded ? real : new.target);
		};
		Object.setPrototypeOf(guarded, real); // for isArray, from, of and the like
		Object.defineProperty(guarded, "name", {value: name});
		Object.defineProperty(guarded, "prototype", {value: real.prototype, writable: false});
		Object.defineProperty(globalThis, name, {value: guarded, writable: true, configurable: true, enumerable: false});
		Object.defineProperty(guarded.prototype, "constructor", {value: guarded, writable: true, configurable: true, enumerable: false});
	}
})()`, 0)
	if err != nil {
		panic(err)
	}
	return must(goja.CompileAST(tree, true))
}()

func must(p *goja.Program, err error) *goja.Program {
	if err != nil {
		panic(err)
	}
	return p
}

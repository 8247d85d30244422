// Package gizmo runs queries in Gizmo, Cayley's query language: JavaScript with
// an object g that starts paths through the graph.
//
//	g.V("attack:T0843").in("rel:mitigates").save("rel:name", "name").all()
//
// The language is that of Cayley's package query/gizmo, with its methods under
// the same names, built anew on the same JavaScript engine (goja) and the same
// paths: in Cayley's session a wrong argument is a panic on a goroutine that
// nobody can recover from. What differs:
//
//   - A string is the node of that name where there is one; str("..") is always
//     a text. An unknown predicate is an error, with its place. See package
//     query.
//   - A script that emits nothing gives its last value as the one row, in the
//     column "value": g.V("attack:T0843").in("rel:mitigates").count(). When
//     that value is a path, all() is missing, which is an error.
//   - Every way to a node is a row. Cayley loses some where a node is reached
//     in several ways, and tags with them.
//   - getLimit(n) limits that call alone. followRecursive without a depth goes
//     all the way, from each of several starts, and also over both(). back() to
//     a tag that is not there, or from beyond followRecursive, is an error.
//   - lt, gt and the like compare whole numbers and others.
//   - save(p) without a tag saves under the predicate's name without brackets.
//   - A node is "<attack:T0843>" within a script, as in Cayley, and a quad.IRI
//     in the result, also where the script emits it.
//   - Math.random gives the same numbers in each run.
//
// # Limits
//
// Each query has an engine of its own, which ends with it. A loop without an
// end ends at the deadline. There is no eval and no Function, whose text nobody
// bounds. Built-in functions that make something large of
// something small (repeat, padStart, fill, join, replace, new Array) fail
// before they do. What such a guard can't foresee, the watch of package query
// sees a few milliseconds later.
package gizmo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/cayleygraph/quad/voc"
	"github.com/dop251/goja"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"

	"github.com/mitigraph/mitigraph/graph/query"
)

// script is the name of the user's program, to tell its places from those of
// the guards.
const script = "query"

// maxCalls is how deep a script may call.
const maxCalls = 4000

// Run runs a script. The rows are what its all, getLimit and emit gave, in
// this order.
//
// The errors are those of [query.Run]. A script that can't be read, or that
// throws, is a [query.Error] with the place.
func Run(ctx context.Context, s *query.Store, text string, l query.Limits) (query.Result, error) {
	if err := query.Check(text); err != nil {
		return query.Result{}, err
	}
	return query.Run(ctx, s, l, func(ctx context.Context, q *query.Session) error {
		program, err := compile(text)
		if err != nil {
			return err
		}
		m, err := newMachine(ctx, q, l)
		if err != nil {
			return err
		}
		defer context.AfterFunc(ctx, func() { m.vm.Interrupt(context.Cause(ctx)) })()
		last, err := m.vm.RunProgram(program)
		if err != nil {
			return failure(err)
		}
		return m.finish(last)
	})
}

// compile reads a script.
func compile(text string) (*goja.Program, error) {
	tree, err := parser.ParseFile(nil, script, text, 0, parser.WithDisableSourceMaps)
	var list parser.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		return nil, at(list[0].Position, errors.New(list[0].Message))
	}
	if err != nil {
		return nil, &query.Error{Err: err}
	}
	program, err := goja.CompileAST(tree, false)
	var syntax *goja.CompilerSyntaxError
	if errors.As(err, &syntax) && syntax.File != nil {
		return nil, at(syntax.File.Position(syntax.Offset), errors.New(syntax.Message))
	}
	if err != nil {
		return nil, &query.Error{Err: err}
	}
	return program, nil
}

func at(p file.Position, err error) error {
	return &query.Error{Line: p.Line, Column: p.Column, Err: err}
}

// failure makes what the engine ended with an error of ours.
func failure(err error) error {
	var thrown *goja.Exception
	var deep *goja.StackOverflowError
	switch {
	case errors.As(err, &deep):
		return &query.Error{Err: fmt.Errorf("the script calls itself more than %d deep", maxCalls)}
	case !errors.As(err, &thrown):
		return err
	}
	reason := errors.Unwrap(thrown) // what Go code threw
	var inner *query.Error
	if errors.As(reason, &inner) {
		reason = inner.Err
	}
	if reason == nil {
		reason = errors.New(thrown.Value().String())
	}
	for _, f := range thrown.Stack() {
		if p := f.Position(); f.SrcName() == script && p.Line > 0 {
			return at(p, reason)
		}
	}
	return &query.Error{Err: reason}
}

// machine is the engine of one run.
type machine struct {
	ctx        context.Context
	q          *query.Session
	vm         *goja.Runtime
	paths      *goja.Object // prototype of all paths
	constants  *goja.Object // prototype of what iri, str and the like make
	namespaces voc.Namespaces
	emitted    bool
}

func newMachine(ctx context.Context, q *query.Session, l query.Limits) (*machine, error) {
	m := &machine{ctx: ctx, q: q, vm: goja.New()}
	m.vm.SetMaxCallStackSize(maxCalls)
	m.vm.SetParserOptions(parser.WithDisableSourceMaps)
	m.vm.SetRandSource(rand.New(rand.NewPCG(1, 2)).Float64)
	m.paths, m.constants = m.vm.NewObject(), m.vm.NewObject()
	m.definePaths()
	m.defineFinals()
	m.defineGlobals()
	return m, m.guard(l.Memory)
}

// finish makes the last value of a script that emitted nothing its row.
func (m *machine) finish(last goja.Value) error {
	if m.emitted || last == nil || goja.IsNull(last) || goja.IsUndefined(last) {
		return nil
	}
	v := last.Export()
	switch v.(type) {
	case *route:
		return &query.Error{Err: errors.New("the script ends with a path and does not ask for its rows; add .all()")}
	case *filter:
		return &query.Error{Err: errors.New("the script ends with a filter and asks for nothing")}
	}
	if _, ok := goja.AssertFunction(last); ok {
		return &query.Error{Err: errors.New("the script ends with a function; call it")}
	}
	if v == any(m.paths) {
		return nil
	}
	return m.q.Emit(map[string]any{"value": v})
}

// throw ends the present call with an error that the script may catch.
func (m *machine) throw(err error) goja.Value {
	var thrown *goja.Exception
	var interrupted *goja.InterruptedError
	switch {
	case errors.As(err, &interrupted):
		panic(interrupted)
	case errors.As(err, &thrown):
		panic(thrown)
	}
	panic(m.vm.NewGoError(err))
}

// define puts a method under its name, and under the capitalized one that
// older queries use.
func (m *machine) define(on *goja.Object, name string, f func(goja.FunctionCall) goja.Value) {
	for _, n := range []string{name, string(name[0]-'a'+'A') + name[1:]} {
		if err := on.DefineDataProperty(n, m.vm.ToValue(f), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
			panic(err)
		}
	}
}

package gizmo

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"
	"github.com/dop251/goja"

	"github.com/mitigraph/mitigraph/graph/query"
)

// step makes a longer route of a route. It gets a copy that it may change.
type step func(r *route, args []any) error

// definePaths defines the methods that make paths longer.
func (m *machine) definePaths() {
	for name, s := range map[string]step{
		"is":                m.is,
		"in":                m.along((*path.Path).InWithTags),
		"out":               m.along((*path.Path).OutWithTags),
		"both":              m.along((*path.Path).BothWithTags),
		"labelContext":      m.labelContext,
		"has":               m.has(false),
		"hasR":              m.has(true),
		"save":              m.save((*path.Path).Save),
		"saveR":             m.save((*path.Path).SaveReverse),
		"saveOpt":           m.save((*path.Path).SaveOptional),
		"saveOptR":          m.save((*path.Path).SaveOptionalReverse),
		"follow":            follow,
		"followR":           followR,
		"followRecursive":   m.followRecursive,
		"and":               with((*path.Path).And),
		"intersect":         with((*path.Path).And),
		"or":                with((*path.Path).Or),
		"union":             with((*path.Path).Or),
		"except":            with((*path.Path).Except),
		"difference":        with((*path.Path).Except),
		"tag":               tag,
		"as":                tag,
		"back":              back,
		"unique":            plain((*path.Path).Unique),
		"order":             plain((*path.Path).Order),
		"labels":            plain((*path.Path).Labels),
		"inPredicates":      plain((*path.Path).InPredicates),
		"outPredicates":     plain((*path.Path).OutPredicates),
		"saveInPredicates":  predicates(true),
		"saveOutPredicates": predicates(false),
		"filter":            filtered,
		"limit":             paged((*path.Path).Limit),
		"skip":              paged((*path.Path).Skip),
	} {
		m.define(m.paths, name, func(call goja.FunctionCall) goja.Value {
			r, err := m.step(call, s)
			if err != nil {
				return m.throw(fmt.Errorf("%s: %w", name, err))
			}
			return m.wrap(r, m.paths)
		})
	}
}

// step takes one step. Cayley panics at some that it can't take.
func (m *machine) step(call goja.FunctionCall, s step) (_ *route, err error) {
	from, ok := call.This.Export().(*route)
	if !ok {
		return nil, errors.New("called on something that is no path")
	}
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("the engine can't do that: %v", x)
		}
	}()
	// Cayley's methods may write into the path that they are called on, and
	// into the array behind it. Is without nodes changes nothing but moves the
	// copy to an array of its own.
	r := &route{from.path.Clone().Is(), from.tags, from.recursive}
	return r, s(r, exported(call.Arguments))
}

func (m *machine) is(r *route, args []any) error {
	nodes, err := m.values(args)
	if err == nil && len(nodes) == 0 {
		err = errors.New("no node given")
	}
	if err != nil {
		return err
	}
	r.path = r.path.Is(nodes...)
	return nil
}

// along is a step over quads: predicates, then tags for them.
func (m *machine) along(f func(*path.Path, []string, ...any) *path.Path) step {
	return func(r *route, args []any) error {
		via, tags, err := m.viaAndTags(args)
		if err != nil {
			return err
		}
		r.path = f(r.path, tags, via...)
		return nil
	}
}

func (m *machine) viaAndTags(args []any) (via []any, tags []string, err error) {
	if len(args) == 0 {
		return nil, nil, nil
	}
	if via, err = m.via(args[0]); err != nil {
		return nil, nil, err
	}
	tags, err = names(args[1:])
	return via, tags, err
}

// labelContext looks like along, but takes labels, which are nodes.
func (m *machine) labelContext(r *route, args []any) error {
	var via []any
	var tags []string
	if len(args) > 0 && args[0] != nil {
		if sub, ok := args[0].(*route); ok {
			via = []any{sub.path}
		} else {
			labels, err := m.values(args[:1])
			if err != nil {
				return err
			}
			via = []any{labels}
		}
		var err error
		if tags, err = names(args[1:]); err != nil {
			return err
		}
	}
	r.path = r.path.LabelContextWithTags(tags, via...)
	return nil
}

func (m *machine) has(reverse bool) step {
	return func(r *route, args []any) error {
		via, rest, err := m.one(args)
		if err != nil {
			return err
		}
		rest = flat(rest)
		var filters []shape.ValueFilter
		for _, a := range rest {
			if f, ok := a.(*filter); ok {
				filters = append(filters, f.ValueFilter)
			}
		}
		switch {
		case len(filters) == 0:
		case len(filters) < len(rest):
			return errors.New("filters and nodes can't be mixed")
		default:
			r.path = r.path.HasFilter(via, reverse, filters...)
			return nil
		}
		nodes, err := m.values(rest)
		if err != nil {
			return err
		}
		if reverse {
			r.path = r.path.HasReverse(via, nodes...)
		} else {
			r.path = r.path.Has(via, nodes...)
		}
		return nil
	}
}

// one reads a single predicate, or a path to predicates, and returns the other
// arguments.
func (m *machine) one(args []any) (any, []any, error) {
	if len(args) == 0 || args[0] == nil {
		return nil, nil, errors.New("no predicate given")
	}
	via, err := m.via(args[0])
	if err != nil {
		return nil, nil, err
	}
	if len(via) != 1 {
		return nil, nil, fmt.Errorf("%d predicates given, want one", len(via))
	}
	return via[0], args[1:], nil
}

func (m *machine) save(f func(*path.Path, any, string) *path.Path) step {
	return func(r *route, args []any) error {
		via, rest, err := m.one(args)
		if err != nil {
			return err
		}
		tags, err := names(rest)
		switch v := via.(type) {
		case quad.IRI:
			if len(tags) == 0 {
				tags = []string{string(v)}
			}
		case quad.Value:
			if len(tags) == 0 {
				tags = []string{quad.ToString(v)}
			}
		}
		if err == nil && len(tags) != 1 {
			err = errors.New("want a predicate and one tag")
		}
		if err != nil {
			return err
		}
		r.path = f(r.path, via, tags[0])
		return nil
	}
}

// with is a step that joins another path.
func with(f func(*path.Path, *path.Path) *path.Path) step {
	return func(r *route, args []any) error {
		other, err := pathOf(args)
		if err != nil {
			return err
		}
		r.path = f(r.path, other.path)
		return nil
	}
}

func pathOf(args []any) (*route, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("%d arguments given, want a path", len(args))
	}
	other, ok := args[0].(*route)
	if !ok {
		return nil, fmt.Errorf("%s is no path", describe(args[0]))
	}
	return other, nil
}

func follow(r *route, args []any) error {
	other, err := pathOf(args)
	if err != nil {
		return err
	}
	r.path = r.path.Follow(other.path)
	if other.recursive {
		r.recursed()
	}
	return nil
}

func followR(r *route, args []any) error {
	other, err := pathOf(args)
	if err != nil {
		return err
	}
	if other.recursive {
		return errors.New("a path with followRecursive can't be followed in reverse")
	}
	r.path = r.path.FollowReverse(other.path)
	return nil
}

// recursed notes a recursive step. back turns round what comes after the tag,
// which a recursive step can't be.
func (r *route) recursed() {
	r.recursive, r.tags = true, nil
}

// followRecursive takes a path or predicate, a depth and tags for the depth.
func (m *machine) followRecursive(r *route, args []any) error {
	via, rest, err := m.one(args)
	if err != nil {
		return err
	}
	depth := 0
	if len(rest) > 0 {
		if n, err := number(rest[0]); err == nil {
			depth, rest = n, rest[1:]
		}
	}
	tags, err := names(rest)
	if err != nil {
		return err
	}
	step, ok := via.(*path.Path)
	if !ok {
		step = path.StartMorphism().Out(via)
	}
	r.path = r.path.Filters(query.Recursive(step, depth, tags...))
	r.recursed()
	return nil
}

func tag(r *route, args []any) error {
	tags, err := names(args)
	if err != nil {
		return err
	}
	r.tags = append(slices.Clip(r.tags), tags...)
	r.path = r.path.Tag(tags...)
	return nil
}

func back(r *route, args []any) error {
	tags, err := names(args)
	if err != nil {
		return err
	}
	if len(tags) != 1 || !slices.Contains(r.tags, tags[0]) {
		return fmt.Errorf("the path has no tag %q to go back to, or has followRecursive since", tags)
	}
	r.path = r.path.Back(tags[0])
	return nil
}

func plain(f func(*path.Path) *path.Path) step {
	return func(r *route, args []any) error {
		if len(args) > 0 {
			return fmt.Errorf("%d arguments given, want none", len(args))
		}
		r.path = f(r.path)
		return nil
	}
}

func predicates(in bool) step {
	return func(r *route, args []any) error {
		tags, err := names(args)
		if err == nil && len(tags) != 1 {
			err = errors.New("want one tag")
		}
		if err != nil {
			return err
		}
		r.path = r.path.SavePredicates(in, tags[0])
		return nil
	}
}

func filtered(r *route, args []any) error {
	var filters []shape.ValueFilter
	for _, a := range flat(args) {
		f, ok := a.(*filter)
		if !ok {
			return fmt.Errorf("%s is no filter", describe(a))
		}
		filters = append(filters, f.ValueFilter)
	}
	if len(filters) == 0 {
		return errors.New("no filter given")
	}
	r.path = r.path.Filters(filters...)
	return nil
}

func paged(f func(*path.Path, int64) *path.Path) step {
	return func(r *route, args []any) error {
		if len(args) != 1 {
			return fmt.Errorf("%d arguments given, want a number", len(args))
		}
		n, err := number(args[0])
		if err != nil {
			return err
		}
		if n < 0 {
			return fmt.Errorf("%d is negative", n)
		}
		r.path = f(r.path, int64(n))
		return nil
	}
}

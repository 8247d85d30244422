package query

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/cayley/query/shape"
	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// Literal is a text that stands for itself, even where a node has it for a
// name.
type Literal string

// String returns the text in quotes; part of quad.Value.
func (l Literal) String() string { return quad.String(l).String() }

// Native returns the text; part of quad.Value.
func (l Literal) Native() any { return string(l) }

// vocabulary holds the predicates of graph.Snapshot.Quads. A graph that has no
// quad with one of them, because it knows no site for example, gives a query
// that asks for it an empty answer; a predicate that is not among them is a
// mistake.
var vocabulary = func() map[string]bool {
	known := map[string]bool{"rdf:type": true}
	for _, name := range strings.Fields(`
		id name text status from predicate to confidence rationale relation how risk
		in-tactic analytic log-source child-of opens opens-nothing exposes-to names counters covers has states on of at
		deployed limited-by rules-out makes-hard area helps leaves-out answers
		mitigates detects targets uses subtechnique-of revoked-by attributed-to`) {
		known["rel:"+name] = true
	}
	return known
}()

const rdfType = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

// named finds the node that a value in a query stands for.
func (q *Session) named(v quad.Value) *node {
	switch t := v.(type) {
	case Literal:
		return q.find(quad.String(t))
	case quad.String:
		if n := q.find(quad.IRI(t)); n != nil {
			return n
		}
	case quad.IRI:
		if t == rdfType {
			return q.find(quad.IRI("rdf:type"))
		}
	}
	return q.find(v)
}

// ValueOf looks up what a query names. A string is the node of that name where
// there is one, else a text; see [Literal]. What is not there is warned of; a
// predicate that nobody knows ends the run.
func (q *Session) ValueOf(v quad.Value) (refs.Ref, error) {
	n := q.named(v)
	if n != nil {
		q.remark(n)
		return n, nil
	}
	name := quad.ToString(v)
	switch t := v.(type) {
	case nil:
		return nil, nil
	case Literal:
		q.Warn("no text of the graph is %q", string(t))
		return nil, nil
	case quad.IRI:
		name = string(t)
		if !strings.Contains(name, ":") && vocabulary["rel:"+name] {
			return nil, q.fail(q.unknownPredicate(name)) // no node has such a name
		}
	}
	switch {
	case strings.HasPrefix(name, "rel:") && !q.isPredicate(name):
		return nil, q.fail(q.unknownPredicate(name))
	case vocabulary["rel:"+name]:
		q.Warn("nothing in the graph is %q; the predicate is called %q", name, "rel:"+name)
	default:
		q.missing(name)
	}
	return nil, nil
}

// missing warns of a name that nothing in the graph has.
func (q *Session) missing(name string) {
	w := fmt.Sprintf("nothing in the graph is %q", name)
	if len(q.warnings) == maxWarnings || slices.ContainsFunc(q.warnings, func(old string) bool { return strings.HasPrefix(old, w) }) {
		return // before all names are gone through
	}
	q.Warn("%s%s", w, finding.Meant(name, func(yield func(string) bool) {
		for i := range q.nodes {
			if iri, ok := q.nodes[i].value.(quad.IRI); ok && !yield(string(iri)) {
				return
			}
		}
	}))
}

// Predicate reports why a value can be no predicate, as an [Error]. What the
// graph could say but does not is one.
func (q *Session) Predicate(v quad.Value) error {
	n := q.named(v)
	switch {
	case n == nil && q.isPredicate(nameOf(v)), n != nil && q.says(n):
		return nil
	case n != nil && q.isPredicate(nameOf(n.value)):
		return nil
	}
	return q.unknownPredicate(nameOf(v))
}

func nameOf(v quad.Value) string {
	switch t := v.(type) {
	case quad.IRI:
		return string(t)
	case Literal:
		return string(t)
	}
	return quad.ToString(v)
}

// says reports whether some quad has the node as its predicate.
func (s *Store) says(n *node) bool { return len(s.with(quad.Predicate, n)) > 0 }

func (s *Store) isPredicate(name string) bool {
	if vocabulary[name] || strings.HasPrefix(name, "rel:retired-") {
		return true
	}
	n := s.find(quad.IRI(name))
	return n != nil && s.says(n)
}

func (q *Session) unknownPredicate(name string) error {
	written := name
	if !strings.Contains(name, ":") {
		written = "rel:" + name
	}
	return &Error{Err: fmt.Errorf("%q is no predicate%s", name, finding.Meant(written, q.predicates()))}
}

// predicates iterates over what may be a predicate, the graph's vocabulary
// first.
func (q *Session) predicates() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range slices.Sorted(maps.Keys(vocabulary)) {
			if !yield(p) {
				return
			}
		}
		for i := range q.nodes {
			if n := &q.nodes[i]; q.says(n) && !yield(nameOf(n.value)) {
				return
			}
		}
	}
}

// remark warns of an ATT&CK ID that was revoked: what a query asks of it is
// most likely said of its successor.
func (q *Session) remark(n *node) {
	iri, _ := n.value.(quad.IRI)
	id, ok := strings.CutPrefix(string(iri), "attack:")
	c := q.snapshot.Catalog()
	if !ok || c == nil {
		return
	}
	if r, err := c.Resolve(id); err == nil && len(r.Followed) > 0 {
		q.Warn("%s is revoked in %s; %s replaced it", id, c.Info(), r.Object.Common().ID)
	}
}

// OptimizeShape is [Store.OptimizeShape], and ends the run where a query takes
// for a predicate what is none.
func (q *Session) OptimizeShape(ctx context.Context, sh shape.Shape) (shape.Shape, bool) {
	switch s := sh.(type) {
	case shape.QuadsAction:
		q.mustSay(s.Filter[quad.Predicate])
	case shape.Quads:
		for _, f := range s {
			if fixed, ok := f.Values.(shape.Fixed); ok && f.Dir == quad.Predicate {
				for _, r := range fixed {
					q.mustSay(r)
				}
			}
		}
	}
	return q.Store.OptimizeShape(ctx, sh)
}

func (q *Session) mustSay(r refs.Ref) {
	if n := q.node(r); n != nil {
		if err := q.Predicate(n.value); err != nil {
			q.fail(err)
		}
	}
}

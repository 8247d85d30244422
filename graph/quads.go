package graph

import (
	"iter"

	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/mitre"
)

// Quads iterates over what the snapshot says as RDF quads, the form in which
// query languages and other tools take it. The label of each is the source
// that says it, as [Snapshot.Sources] has it.
//
// A node is an IRI, its [Node.Key]. It has rdf:type (class:Technique and so
// on), rel:id, rel:name and, for ATT&CK objects, rel:text and rel:status (live,
// revoked or deprecated); these are strings.
// An edge is a quad whose predicate is rel: and the [Edge.Predicate]. Where
// there is more to say of an edge, a node of class:Link says it, with
// rel:from, rel:predicate, rel:to, rel:confidence, rel:rationale,
// rel:relation, rel:how and rel:risk.
//
// The order is by the key of the subject; within one subject as above. Nodes
// that are only mentioned have a rel:id and no type.
func (s *Snapshot) Quads() iter.Seq[quad.Quad] {
	return s.quads(func(int32) bool { return true })
}

// QuadsOf is [Snapshot.Quads] for a part of the snapshot: what is said of its
// nodes, and the edges between them.
func (s *Snapshot) QuadsOf(p Part) iter.Seq[quad.Quad] {
	in := make(map[int32]bool, len(p.Nodes))
	for _, n := range p.Nodes {
		if i, ok := s.index().ids[n.Key]; ok {
			in[i] = true
		}
	}
	return s.quads(func(i int32) bool { return in[i] })
}

func (s *Snapshot) quads(in func(int32) bool) iter.Seq[quad.Quad] {
	return func(yield func(quad.Quad) bool) {
		x := s.index()
		for _, i := range x.byKey() {
			if !in(i) {
				continue
			}
			n := x.nodes[i]
			for _, q := range x.describe(i) {
				if !yield(q) {
					return
				}
			}
			for _, e := range x.out[i] {
				if !in(e.node) {
					continue
				}
				label := quad.IRI(e.link.label)
				to := x.nodes[e.node].key
				if !yield(quad.Quad{Subject: quad.IRI(n.key), Predicate: quad.IRI(e.pred), Object: quad.IRI(to), Label: label}) {
					return
				}
				for _, q := range linkQuads(n.key, e, to, label) {
					if !yield(q) {
						return
					}
				}
			}
		}
	}
}

// describe is what is said of a node itself.
func (x *index) describe(i int32) []quad.Quad {
	n := x.nodes[i]
	var out []quad.Quad
	var label quad.Value // none for what is only mentioned
	if n.label != "" {
		label = quad.IRI(n.label)
	}
	add := func(p predicate, o quad.Value) {
		out = append(out, quad.Quad{Subject: quad.IRI(n.key), Predicate: quad.IRI(p), Object: o, Label: label})
	}
	if n.kind != "" {
		add(predType, quad.IRI("class:"+n.kind))
	}
	add(predID, literal(x.show(i).ID))
	if n.name != "" {
		add(predName, literal(n.name))
	}
	if o, ok := n.doc.(mitre.Object); ok {
		if text, _ := mitre.Text(o); text != "" {
			add(predText, literal(text))
		}
		status := "live"
		switch p := o.Common(); {
		case p.Revoked:
			status = "revoked"
		case p.Deprecated:
			status = "deprecated"
		}
		add(predStatus, quad.String(status))
	}
	return out
}

// linkQuads says why an edge is there, where it is not just as sure as its
// source.
func linkQuads(from string, e edge, to string, label quad.IRI) []quad.Quad {
	l := e.link
	if l.Confidence == 1 && l.Rationale == "" && l.Relation == "" {
		return nil
	}
	var out []quad.Quad
	key := quad.IRI(linkKey(from, e.pred, to))
	add := func(p predicate, o quad.Value) {
		out = append(out, quad.Quad{Subject: key, Predicate: quad.IRI(p), Object: o, Label: label})
	}
	add(predType, quad.IRI("class:Link"))
	add(predFrom, quad.IRI(from))
	add(predPredicate, quad.IRI(e.pred))
	add(predTo, quad.IRI(to))
	add(predConfidence, quad.Float(l.Confidence))
	if l.Rationale != "" {
		add(predRationale, literal(l.Rationale))
	}
	if l.Relation != "" {
		add(predRelation, literal(l.Relation))
	}
	if l.How != "" {
		add(predHow, literal(l.How))
	}
	if l.Risk != "" {
		add(predRisk, literal(l.Risk))
	}
	return out
}

package graph

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cayleygraph/quad"
	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/mitre"
)

// The record is what a store keeps: for each thing its class, its name and
// its document, for each statement one quad and, where there is more to say
// of it, a document under a key of its own. The label is the source. A release
// is kept as the STIX objects that it was read from, so that nothing of it is
// lost.

// sourceDoc is the document of a source.
type sourceDoc struct {
	Provenance
	Whole    bool          `json:"whole,omitempty"`
	Warnings []Warning     `json:"warnings,omitempty"`
	Skipped  []skippedPart `json:"skipped,omitempty"`
}

// releaseDoc is the document of a release: what its bundle holds beside the
// objects.
type releaseDoc struct {
	Source string          `json:"source"`
	Bundle json.RawMessage `json:"bundle"`
}

// writer collects the quads of one source.
type writer struct {
	label quad.IRI
	out   []quad.Quad
}

func (w *writer) add(s string, p predicate, o quad.Value) {
	w.out = append(w.out, quad.Quad{Subject: quad.IRI(s), Predicate: quad.IRI(p), Object: o, Label: w.label})
}

func (w *writer) document(key string, doc any) error {
	text, ok := doc.(json.RawMessage)
	if !ok {
		var err error
		if text, err = json.Marshal(doc); err != nil {
			return fmt.Errorf("graph: %s: %w", key, err)
		}
	}
	w.add(key, predDocument, literal(string(text)))
	return nil
}

func (w *writer) node(n node) error {
	w.add(n.key, predType, quad.IRI("class:"+n.kind))
	if n.name != "" {
		w.add(n.key, predName, literal(n.name))
	}
	if n.doc == nil {
		return nil
	}
	return w.document(n.key, n.doc)
}

func (w *writer) statement(e statement) error {
	w.add(e.from, e.pred, quad.IRI(e.to))
	if e.link == nil {
		return nil
	}
	return w.document(linkKey(e.from, e.pred, e.to), e.link)
}

// linkKey is the key of a statement's document.
func linkKey(from string, p predicate, to string) string {
	return "link:" + url.PathEscape(string(p)) + "/" + url.PathEscape(from) + "/" + url.PathEscape(to)
}

// literal is a string that every store takes.
func literal(s string) quad.String {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return quad.String(strings.ReplaceAll(s, "\x00", "\uFFFD"))
}

// quads is what the record holds of a layer.
func (l *layer) quads() ([]quad.Quad, error) {
	w := &writer{label: quad.IRI(l.label)}
	if err := w.source(l); err != nil {
		return nil, err
	}
	if l.catalog != nil {
		return w.out, w.release(l)
	}
	c := l.contents()
	for _, b := range l.parts {
		for _, n := range b.nodes {
			if c.nodes[n.key].doc != n.doc {
				continue // said anew later
			}
			if err := w.node(n); err != nil {
				return nil, err
			}
		}
		for _, e := range b.edges {
			if c.edges[e.id()].link != e.link {
				continue
			}
			if err := w.statement(e); err != nil {
				return nil, err
			}
		}
	}
	return distinct(w.out), nil
}

func (w *writer) source(l *layer) error {
	doc := sourceDoc{Provenance: l.Provenance, Whole: l.whole}
	for _, b := range l.parts {
		doc.Warnings = append(doc.Warnings, b.warnings...)
		doc.Skipped = append(doc.Skipped, b.skipped...)
	}
	w.add(l.label, predType, quad.IRI("class:Source"))
	return w.document(l.label, doc)
}

// release writes the objects of a release as they were read.
func (w *writer) release(l *layer) error {
	header, objects, err := l.catalog.Raw()
	if err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	b, keys := l.parts[0], map[string]string{}
	for _, n := range b.nodes {
		doc := n.doc
		switch d := doc.(type) {
		case *release:
			n.doc = releaseDoc{d.Source, header}
		case mitre.Object:
			keys[d.Common().STIXID] = n.key
			n.doc = nil
		}
		if err := w.node(n); err != nil {
			return err
		}
	}
	for _, e := range b.edges {
		if err := w.statement(e); err != nil {
			return err
		}
	}
	for _, raw := range objects {
		var o struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(raw, &o) // Read took it; an object without an ID has none
		key, ok := keys[o.ID]
		if !ok {
			key = "stix:" + url.PathEscape(o.ID)
		}
		if err := w.document(key, raw); err != nil {
			return err
		}
	}
	w.out = distinct(w.out)
	return nil
}

// distinct drops quads that came before.
func distinct(quads []quad.Quad) []quad.Quad {
	seen := make(map[quad.Quad]bool, len(quads))
	return slices.DeleteFunc(quads, func(q quad.Quad) bool {
		was := seen[q]
		seen[q] = true
		return was
	})
}

package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cayleygraph/quad"
	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
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
	Whole    bool      `json:"whole,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"`
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

// contents is what a layer holds, by key.
type contents struct {
	nodes map[string]node
	edges map[statement]statement // by what id gives
}

// id is the statement without its reason.
func (e statement) id() statement { return statement{from: e.from, to: e.to, pred: e.pred} }

func (l *layer) contents() *contents {
	c := &contents{map[string]node{}, map[statement]statement{}}
	for _, b := range l.parts {
		c.add(b)
	}
	return c
}

func (c *contents) add(b *batch) {
	for _, n := range b.nodes {
		c.nodes[n.key] = n
	}
	for _, e := range b.edges {
		c.edges[e.id()] = e
	}
}

// difference is what leads from one record to another.
type difference struct {
	remove, add []quad.Quad
	done        func() // to be called when it was written
}

// difference compares layers by their labels. A layer that only grew costs
// what it grew by.
func (g *Graph) difference(was, now []*layer) (difference, error) {
	d := difference{done: func() {}}
	old := map[string]*layer{}
	for _, l := range was {
		old[l.label] = l
	}
	for _, l := range now {
		before := old[l.label]
		delete(old, l.label)
		switch {
		case before == l:
		case before == nil:
			quads, err := l.quads()
			if err != nil {
				return d, err
			}
			d.add = append(d.add, quads...)
		case len(l.parts) > len(before.parts) && slices.Equal(l.parts[:len(before.parts)], before.parts):
			if err := g.grown(&d, before, l); err != nil {
				return d, err
			}
		default:
			if err := d.replaced(before, l); err != nil {
				return d, err
			}
		}
	}
	for _, l := range was {
		if old[l.label] == nil {
			continue
		}
		if err := d.replaced(l, nil); err != nil {
			return d, err
		}
		done, held := d.done, g.held
		d.done = func() { done(); delete(held, l.label) }
	}
	return d, nil
}

func (d *difference) replaced(before, after *layer) error {
	old, err := before.quads()
	if err != nil {
		return err
	}
	var next []quad.Quad
	if after != nil {
		if next, err = after.quads(); err != nil {
			return err
		}
	}
	d.swap(old, next)
	return nil
}

// swap notes the quads of one list that the other lacks.
func (d *difference) swap(old, next []quad.Quad) {
	stays := make(map[quad.Quad]bool, len(old))
	for _, q := range old {
		stays[q] = false
	}
	for _, q := range next {
		if _, ok := stays[q]; ok {
			stays[q] = true
		} else {
			d.add = append(d.add, q)
		}
	}
	for _, q := range old {
		if !stays[q] {
			d.remove = append(d.remove, q)
		}
	}
}

func (g *Graph) grown(d *difference, before, after *layer) error {
	held := g.held[after.label]
	if held == nil {
		held = before.contents()
	}
	label := quad.IRI(after.label)
	old, next := &writer{label: label}, &writer{label: label}
	if err := old.source(before); err != nil {
		return err
	}
	if err := next.source(after); err != nil {
		return err
	}
	fresh := &contents{map[string]node{}, map[statement]statement{}}
	for _, b := range after.parts[len(before.parts):] {
		fresh.add(b)
	}
	for _, b := range after.parts[len(before.parts):] {
		for _, n := range b.nodes {
			if fresh.nodes[n.key].doc != n.doc {
				continue
			}
			if o, ok := held.nodes[n.key]; ok {
				if err := old.node(o); err != nil {
					return err
				}
			}
			if err := next.node(n); err != nil {
				return err
			}
		}
		for _, e := range b.edges {
			if fresh.edges[e.id()].link != e.link {
				continue
			}
			if o, ok := held.edges[e.id()]; ok {
				if err := old.statement(o); err != nil {
					return err
				}
			}
			if err := next.statement(e); err != nil {
				return err
			}
		}
	}
	d.swap(distinct(old.out), distinct(next.out))
	done := d.done
	d.done = func() {
		done()
		for _, b := range after.parts[len(before.parts):] {
			held.add(b)
		}
		g.held[after.label] = held
	}
	return nil
}

// fromQuads makes the snapshot of a record. The order of the quads matters
// only to the order of findings.
func fromQuads(ctx context.Context, quads []quad.Quad) (*Snapshot, error) {
	damaged := func(q quad.Quad, err error) error {
		return fmt.Errorf("%w: %v: %w", store.ErrDamaged, q.Subject, err)
	}
	var readers []*reader
	byLabel := map[quad.Value]*reader{}
	var r *reader
	for i, q := range quads {
		if i%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		label, ok := q.Label.(quad.IRI)
		if !ok {
			return nil, damaged(q, errors.New("a statement of no source"))
		}
		if r == nil || r.label != string(label) {
			r = byLabel[q.Label]
		}
		if r == nil {
			r = &reader{label: string(label), at: map[string]int{}, links: map[string]*Link{}}
			byLabel[q.Label] = r
			readers = append(readers, r)
		}
		if err := r.take(q); err != nil {
			return nil, damaged(q, err)
		}
	}
	s := &Snapshot{}
	for _, r := range readers {
		l, err := r.layer(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, fmt.Errorf("%w: %s: %w", store.ErrDamaged, r.label, err)
		}
		s.layers = append(s.layers, l)
	}
	s.known = buildIndex(s.layers, "")
	return s, nil
}

// reader collects what the record holds of one source.
type reader struct {
	label string
	nodes []stored       // in the order in which they came
	at    map[string]int // in nodes
	edges []statement
	links map[string]*Link // by linkKey
	size  int              // of all documents
}

// stored is a node as the record has it.
type stored struct {
	node
	docs []string
}

func (r *reader) take(q quad.Quad) error {
	s, ok := q.Subject.(quad.IRI)
	p, is := q.Predicate.(quad.IRI)
	if !ok || !is {
		return errors.New("the subject or the predicate is no IRI")
	}
	key := string(s)
	switch p := predicate(p); p {
	case predType, predName, predDocument:
		text, isText := q.Object.(quad.String)
		if p == predDocument && isText {
			r.size += len(text)
			if strings.HasPrefix(key, "link:") {
				link := &Link{}
				if err := json.Unmarshal([]byte(text), link); err != nil {
					return err
				}
				r.links[key] = link
				return nil
			}
		}
		i, known := r.at[key]
		if !known {
			i = len(r.nodes)
			r.at[key] = i
			r.nodes = append(r.nodes, stored{node: node{key: key, label: r.label}})
		}
		n := &r.nodes[i]
		class, isClass := q.Object.(quad.IRI)
		switch {
		case p == predType && isClass:
			n.kind = strings.TrimPrefix(string(class), "class:")
		case p == predName && isText:
			n.name = string(text)
		case p == predDocument && isText:
			n.docs = append(n.docs, string(text))
		default:
			return fmt.Errorf("%s has an object of the wrong kind", p)
		}
	default:
		to, ok := q.Object.(quad.IRI)
		if !ok {
			return fmt.Errorf("%s leads to no node", p)
		}
		r.edges = append(r.edges, statement{from: key, pred: p, to: string(to)})
	}
	return nil
}

// layer makes of the quads what the source had said.
func (r *reader) layer(ctx context.Context) (*layer, error) {
	i, ok := r.at[r.label]
	if !ok || r.nodes[i].kind != "Source" || len(r.nodes[i].docs) != 1 {
		return nil, errors.New("the source does not say what it is")
	}
	var source sourceDoc
	if err := json.Unmarshal([]byte(r.nodes[i].docs[0]), &source); err != nil {
		return nil, err
	}
	o := origin{source.Provenance, r.label, source.Whole}
	b := &batch{origin: o, warnings: source.Warnings}
	for _, n := range r.nodes {
		if n.kind == "Release" {
			return r.releaseLayer(ctx, o, n)
		}
	}
	for _, n := range r.nodes {
		if n.key == r.label {
			continue
		}
		doc := newDoc(n.kind)
		if doc == nil || len(n.docs) != 1 {
			return nil, fmt.Errorf("%s has class %q and %d documents", n.key, n.kind, len(n.docs))
		}
		if err := json.Unmarshal([]byte(n.docs[0]), doc); err != nil {
			return nil, fmt.Errorf("%s: %w", n.key, err)
		}
		n.doc = doc
		b.nodes = append(b.nodes, n.node)
	}
	for _, e := range r.edges {
		if len(r.links) > 0 {
			e.link = r.links[linkKey(e.from, e.pred, e.to)]
		}
		b.edges = append(b.edges, e)
	}
	return &layer{origin: o, parts: []*batch{b}}, nil
}

// newDoc is an empty document of a class.
func newDoc(kind string) any {
	switch kind {
	case "Weakness":
		return &Weakness{}
	case "EMB3DMitigation":
		return &EMB3DMitigation{}
	case "Constraint":
		return &Constraint{}
	case "Site":
		return &SiteDescription{}
	case "Device":
		return &Device{}
	case "Finding":
		return &finding.Finding{}
	case "Draft":
		return &Draft{}
	}
	return nil
}

// releaseLayer puts the bundle of a release together again and reads it.
func (r *reader) releaseLayer(ctx context.Context, o origin, n stored) (*layer, error) {
	if len(n.docs) != 1 {
		return nil, fmt.Errorf("the release has %d documents", len(n.docs))
	}
	var doc releaseDoc
	if err := json.Unmarshal([]byte(n.docs[0]), &doc); err != nil {
		return nil, err
	}
	header := bytes.TrimSuffix(bytes.TrimSpace(doc.Bundle), []byte("}"))
	bundle := bytes.NewBuffer(make([]byte, 0, r.size+len(header)+len(r.nodes)+64))
	bundle.Write(header)
	bundle.WriteString(`,"objects":[`)
	first := true
	for _, n := range r.nodes {
		if n.key == r.label || n.kind == "Release" {
			continue
		}
		for _, d := range n.docs {
			if !first {
				bundle.WriteByte(',')
			}
			first = false
			bundle.WriteString(d)
		}
	}
	bundle.WriteString("]}")
	catalog, err := mitre.Read(ctx, doc.Source, bundle)
	if err != nil {
		return nil, err
	}
	b := &batch{origin: o}
	if err := (attack{catalog}).write(b, newIndex()); err != nil {
		return nil, err
	}
	return &layer{o, []*batch{b}, catalog}, nil
}

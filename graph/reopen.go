package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cayleygraph/quad"
	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/mitre"
)

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
	s.known = buildIndex(s.layers, newest(s.layers))
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
	b := &batch{origin: o, warnings: source.Warnings, skipped: source.Skipped}
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
			if e.link = r.links[linkKey(e.from, e.pred, e.to)]; e.link != nil {
				e.link.label = r.label
			}
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
		return &emb3dMitigation{}
	case "DeviceKind":
		return &deviceKind{}
	case "Constraint":
		return &constraint{}
	case "Area":
		return &Area{}
	case "AreaSet":
		return &areaSet{}
	case "Site":
		return &SiteDescription{}
	case "Device":
		return &Device{}
	case "Finding":
		return &finding.Finding{}
	case "Draft":
		return &Draft{}
	case "Review":
		return &reviewedDraft{}
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

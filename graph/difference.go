package graph

import (
	"slices"

	"github.com/cayleygraph/quad"
)

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
			done, held := d.done, g.held
			d.done = func() { done(); delete(held, l.label) }
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

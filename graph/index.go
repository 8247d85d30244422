package graph

import (
	"iter"
	"maps"
	"slices"
)

// index is the adjacency that questions run on. A published index never
// changes: a writer works on a copy that shares what it does not touch.
type index struct {
	ids   map[string]int32 // key to position in nodes
	nodes []node
	out   [][]edge // by position, in the order of insertion
	in    [][]edge
	own   map[*edge]bool // first elements of the slices that this clone made
}

// edge is one statement seen from one of its ends.
type edge struct {
	pred predicate
	node int32 // the other end
	link *Link // never nil
}

func newIndex() *index { return &index{ids: map[string]int32{}, own: map[*edge]bool{}} }

// clone returns a copy whose changes do not show in x.
func (x *index) clone() *index {
	return &index{
		ids: maps.Clone(x.ids), nodes: slices.Clone(x.nodes),
		out: slices.Clone(x.out), in: slices.Clone(x.in),
		own: map[*edge]bool{},
	}
}

// add puts a batch into the index. An edge to a node that no source described
// makes a node without a document.
func (x *index) add(b *batch) {
	for _, n := range b.nodes {
		x.nodes[x.position(n.key)] = n
	}
	sure := &Link{Provenance: b.provenance, Confidence: 1}
	for _, e := range b.edges {
		link := e.link
		if link == nil {
			link = sure
		}
		from, to := x.position(e.from), x.position(e.to)
		if x.replace(from, to, e.pred, link) {
			continue
		}
		x.out[from] = x.append(x.out[from], edge{e.pred, to, link})
		x.in[to] = x.append(x.in[to], edge{e.pred, from, link})
	}
}

// append copies a slice of a published index the first time that this clone
// changes it, and from then on only when it grows.
func (x *index) append(edges []edge, e edge) []edge {
	if len(edges) > 0 && !x.own[&edges[0]] {
		edges = edges[:len(edges):len(edges)]
	}
	edges = append(edges, e)
	x.own[&edges[0]] = true
	return edges
}

// replace gives an edge that is there already from the same source its new
// link. The search runs on the outgoing side, where degrees are small.
func (x *index) replace(from, to int32, p predicate, link *Link) bool {
	same := func(n int32) func(edge) bool {
		return func(e edge) bool { return e.node == n && e.pred == p && e.link.Provenance == link.Provenance }
	}
	i := slices.IndexFunc(x.out[from], same(to))
	if i < 0 {
		return false
	}
	x.out[from] = slices.Clone(x.out[from])
	x.out[from][i].link = link
	x.in[to] = slices.Clone(x.in[to])
	x.in[to][slices.IndexFunc(x.in[to], same(from))].link = link
	return true
}

func (x *index) position(key string) int32 {
	if i, ok := x.ids[key]; ok {
		return i
	}
	i := int32(len(x.nodes))
	x.ids[key] = i
	x.nodes = append(x.nodes, node{key: key})
	x.out = append(x.out, nil)
	x.in = append(x.in, nil)
	return i
}

// doc returns the document of a node as a T; false when the node is unknown
// or of another type.
func doc[T any](x *index, key string) (T, bool) {
	var zero T
	i, ok := x.ids[key]
	if !ok {
		return zero, false
	}
	d, ok := x.nodes[i].doc.(T)
	return d, ok
}

// all iterates over the documents of type T in the order they were added.
func all[T any](x *index) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, n := range x.nodes {
			if d, ok := n.doc.(T); ok && !yield(n.key, d) {
				return
			}
		}
	}
}

// from iterates over what key's edges with the given predicate lead to.
func (x *index) from(key string, p predicate) iter.Seq2[node, *Link] {
	return x.walk(x.out, key, p)
}

// to iterates over what the edges with the given predicate come from.
func (x *index) to(key string, p predicate) iter.Seq2[node, *Link] {
	return x.walk(x.in, key, p)
}

func (x *index) walk(edges [][]edge, key string, p predicate) iter.Seq2[node, *Link] {
	return func(yield func(node, *Link) bool) {
		i, ok := x.ids[key]
		if !ok {
			return
		}
		for _, e := range edges[i] {
			if e.pred == p && !yield(x.nodes[e.node], e.link) {
				return
			}
		}
	}
}

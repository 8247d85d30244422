package graph

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// index is the adjacency that questions run on. A published index never
// changes: a writer works on a copy that shares what it does not touch. The
// order in which statements came does not show in it.
type index struct {
	ids      map[string]int32 // key to position in nodes
	nodes    []node
	out      [][]edge // by position; by predicate, then the key of the other end, then source
	in       [][]edge
	own      map[*edge]bool         // first elements of the slices that this clone made
	said     map[string][]node      // who says a finding, by its key
	catalog  *mitre.Catalog         // the release that is in force; may be nil
	warnings []Warning              // of what could not be settled
	skipped  []*finding.RecordError // techniques that findings name and the release does not have
	proposed *proposals
}

// edge is one statement seen from one of its ends.
type edge struct {
	pred predicate
	node int32 // the other end
	link *Link // never nil
}

func newIndex() *index {
	return &index{ids: map[string]int32{}, own: map[*edge]bool{}, said: map[string][]node{}, proposed: &proposals{}}
}

// clone returns a copy whose changes do not show in x.
func (x *index) clone() *index {
	return &index{
		ids: maps.Clone(x.ids), nodes: slices.Clone(x.nodes),
		out: slices.Clone(x.out), in: slices.Clone(x.in),
		own: map[*edge]bool{}, said: maps.Clone(x.said),
		catalog: x.catalog, warnings: slices.Clip(x.warnings), skipped: slices.Clip(x.skipped), proposed: &proposals{},
	}
}

// add puts a batch into the index. An edge to a node that no source described
// makes a node without a document.
func (x *index) add(b *batch) {
	if b.catalog != nil {
		x.catalog = b.catalog
	}
	for _, n := range b.nodes {
		i := x.position(n.key)
		if _, ok := n.doc.(*finding.Finding); ok {
			by := slices.DeleteFunc(slices.Clone(x.said[n.key]), func(o node) bool { return o.label == n.label })
			by = append(by, n)
			slices.SortFunc(by, func(a, b node) int { return strings.Compare(a.label, b.label) })
			x.said[n.key] = by
			n = by[0] // of two files that have it, whatever came first
		}
		x.nodes[i] = n
	}
	sure := &Link{Provenance: b.Provenance, Confidence: 1, label: b.label}
	outs, ins := map[int32]bool{}, map[int32]bool{}
	many := map[int32]map[sameEdge]bool{} // the edges of nodes that have many
	for _, e := range b.edges {
		key, ok := x.settle(b, e)
		if !ok {
			continue
		}
		link := e.link
		if link == nil {
			link = sure
		}
		from, to := x.position(e.from), x.position(key)
		known := many[from]
		if known == nil && len(x.out[from]) >= manyEdges {
			known = map[sameEdge]bool{}
			for _, e := range x.out[from] {
				known[sameAs(e.node, e.pred, e.link)] = true
			}
			many[from] = known
		}
		if key := sameAs(to, e.pred, link); known == nil || known[key] {
			if x.replace(from, to, e.pred, link) {
				continue
			}
		} else {
			known[key] = true
		}
		x.out[from] = x.append(x.out[from], edge{e.pred, to, link})
		x.in[to] = x.append(x.in[to], edge{e.pred, from, link})
		outs[from], ins[to] = true, true
	}
	for i := range outs {
		slices.SortStableFunc(x.out[i], x.compare)
	}
	for i := range ins {
		slices.SortStableFunc(x.in[i], x.compare)
	}
}

func (x *index) compare(a, b edge) int {
	return cmp.Or(strings.Compare(string(a.pred), string(b.pred)),
		strings.Compare(x.nodes[a.node].key, x.nodes[b.node].key),
		strings.Compare(a.link.Source, b.link.Source), strings.Compare(a.link.label, b.link.label))
}

// append copies a slice of a published index the first time that this clone
// changes it, and from then on only when it grows.
func (x *index) append(edges []edge, e edge) []edge {
	if len(edges) > 0 && !x.own[&edges[0]] {
		edges = slices.Clone(edges)
	}
	edges = append(edges, e)
	x.own[&edges[0]] = true
	return edges
}

// manyEdges is from how many edges on a node's are looked up in a map: a draft
// for a whole fleet has one to each finding.
const manyEdges = 64

// sameEdge is what an edge of a node has in common with one that takes its place.
type sameEdge struct {
	node  int32
	pred  predicate
	label string
	Provenance
}

func sameAs(to int32, p predicate, l *Link) sameEdge { return sameEdge{to, p, l.label, l.Provenance} }

// replace gives an edge that is there already from the same source its new
// link; of two IDs that were settled to one, the more confident link stays.
// The search runs on the outgoing side, where degrees are small.
func (x *index) replace(from, to int32, p predicate, link *Link) bool {
	same := func(n int32) func(edge) bool {
		return func(e edge) bool {
			return e.node == n && e.pred == p && e.link.label == link.label && e.link.Provenance == link.Provenance
		}
	}
	i := slices.IndexFunc(x.out[from], same(to))
	if i < 0 {
		return false
	}
	if x.out[from][i].link.Confidence >= link.Confidence {
		return true
	}
	x.out[from] = slices.Clone(x.out[from])
	x.out[from][i].link = link
	x.own[&x.out[from][0]] = true
	x.in[to] = slices.Clone(x.in[to])
	x.in[to][slices.IndexFunc(x.in[to], same(from))].link = link
	x.own[&x.in[to][0]] = true
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

// byKey returns the positions of the nodes in the order of their keys.
func (x *index) byKey() []int32 {
	out := make([]int32, len(x.nodes))
	for i := range out {
		out[i] = int32(i)
	}
	slices.SortFunc(out, func(a, b int32) int { return strings.Compare(x.nodes[a].key, x.nodes[b].key) })
	return out
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

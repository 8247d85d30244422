package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// ErrUnknownNode says that the graph knows nothing under an ID.
var ErrUnknownNode = errors.New("graph: nothing is known under this ID")

// Node is a thing that a graph knows.
type Node struct {
	Key  string `json:"key"`  // its IRI in the record: "attack:T0855", "finding:F-1"
	ID   string `json:"id"`   // as people name it: "T0855", "CWE-798", "F-1"; the STIX ID where there is no other
	Kind string `json:"kind"` // Technique, Mitigation, Weakness, Finding, Device, ...; empty for what is only mentioned
	Name string `json:"name,omitempty"`
}

// Edge is a statement between two nodes, with its reason.
type Edge struct {
	From Node `json:"from"`
	// Predicate says how: opens, mitigates, targets, in-tactic, ... A revoked
	// or deprecated relationship of ATT&CK has "retired-" before its type.
	Predicate string `json:"predicate"`
	To        Node   `json:"to"`
	Link      Link   `json:"link"`
}

// Part is a part of a graph, or the whole of it.
type Part struct {
	Nodes []Node `json:"nodes"` // by key
	Edges []Edge `json:"edges"` // by the key of From, predicate, the key of To, source
}

// Path is a way from one node to another in the direction of the attack: from
// a finding to its weaknesses, on to the techniques that they open, and from
// these to tactics and assets. A weakness also leads to more general ones, and
// a sub-technique to its parent.
type Path struct {
	Edges []Edge `json:"edges"` // at least one
	// Confidence is the product of the edges' confidences, in which each step
	// to a more general weakness counts 0.8, as in [Snapshot.Opens]; 0 to 1.
	Confidence float64 `json:"confidence"`
}

// String gives the nodes on the way, such as "F-1 > CWE-798 > T1694.002".
func (p Path) String() string {
	if len(p.Edges) == 0 {
		return ""
	}
	parts := []string{p.Edges[0].From.ID}
	for _, e := range p.Edges {
		parts = append(parts, e.To.ID)
	}
	return strings.Join(parts, " > ")
}

// onward are the predicates that an attack follows.
var onward = map[predicate]bool{
	predHas: true, predStates: true, predOpens: true, predParent: true, predExposes: true,
	predInTactic: true, predTargets: true, predParentOf: true,
}

// Node finds what an ID stands for: a key such as "device:plc-1"; else an
// ATT&CK or STIX ID; else a weakness, in any spelling that
// [finding.ParseWeakness] reads; else the ID of a finding, a device, a
// constraint, a draft, the name of the site or an area of generative AI, in
// this order.
func (s *Snapshot) Node(id string) (Node, bool) {
	i, ok := s.place(id)
	if !ok {
		return Node{}, false
	}
	return s.index().show(i), true
}

func (s *Snapshot) place(id string) (int32, bool) {
	keys := []string{id}
	if c := s.Catalog(); c != nil {
		if o, ok := c.Lookup(id); ok {
			keys = append(keys, attackKey(c, o))
		}
	}
	if w, ok := finding.ParseWeakness(id); ok {
		keys = append(keys, weaknessKey(w))
	}
	keys = append(keys, findingKey(id), deviceKey(id), constraintKey(id), draftKey(id), siteKey(id), areaKey(id))
	for _, key := range keys {
		if i, ok := s.index().ids[key]; ok {
			return i, true
		}
	}
	return 0, false
}

// unknown is the error of an ID under which nothing is known.
func (s *Snapshot) unknown(id string) error {
	return fmt.Errorf("%w: %q%s", ErrUnknownNode, id, finding.Meant(id, func(yield func(string) bool) {
		for i := range s.index().nodes {
			n := s.index().show(int32(i))
			name := n.ID
			if strings.Contains(id, ":") {
				name = n.Key
			}
			if !yield(name) {
				return
			}
		}
	}))
}

// show is a node as others see it.
func (x *index) show(i int32) Node {
	n := x.nodes[i]
	_, id, ok := strings.Cut(n.key, ":")
	if !ok {
		id = n.key
	}
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	switch d := n.doc.(type) {
	case mitre.Object:
		id = cmp.Or(d.Common().ID, d.Common().STIXID)
	case *Weakness:
		id = d.ID
	case *finding.Finding:
		id = d.ID
	case *Device:
		id = d.ID
	case *constraint:
		id = d.ID
	case *deviceKind:
		id = d.ID
	case *Area:
		id = d.ID
	case *areaSet:
		id = d.ID
	case *Draft:
		id = d.ID
	case *SiteDescription:
		id = d.Site
	}
	return Node{n.key, id, n.kind, n.name}
}

func (x *index) showEdge(from int32, e edge) Edge {
	return Edge{x.show(from), strings.TrimPrefix(string(e.pred), "rel:"), x.show(e.node), *e.link}
}

// Whole returns everything that the graph knows, of ATT&CK the release in
// force. For another one ask [Snapshot.On].
func (s *Snapshot) Whole() Part {
	in := make([]bool, len(s.index().nodes))
	for i := range in {
		in[i] = true
	}
	return s.index().part(in)
}

// Around returns the neighbourhood of a node: what is at most depth steps
// away from it, in either direction, and every edge between two of these
// nodes. Depth 0 is the node alone. Two steps from a technique may already be
// most of the graph. The error wraps [ErrUnknownNode], says that depth is
// negative, or is the context's.
func (s *Snapshot) Around(ctx context.Context, id string, depth int) (Part, error) {
	start, ok := s.place(id)
	if !ok {
		return Part{}, s.unknown(id)
	}
	if depth < 0 {
		return Part{}, fmt.Errorf("graph: Around: depth %d is negative", depth)
	}
	x := s.index()
	in := make([]bool, len(x.nodes))
	in[start] = true
	level := []int32{start}
	for ; depth > 0 && len(level) > 0; depth-- {
		if err := ctx.Err(); err != nil {
			return Part{}, err
		}
		var next []int32
		for _, i := range level {
			for _, side := range [][]edge{x.out[i], x.in[i]} {
				for _, e := range side {
					if !in[e.node] {
						in[e.node] = true
						next = append(next, e.node)
					}
				}
			}
		}
		level = next
	}
	if err := ctx.Err(); err != nil {
		return Part{}, err
	}
	return x.part(in), nil
}

// part collects some nodes and the edges between them.
func (x *index) part(in []bool) Part {
	p := Part{Nodes: []Node{}, Edges: []Edge{}}
	for i, yes := range in {
		if !yes {
			continue
		}
		p.Nodes = append(p.Nodes, x.show(int32(i)))
		for _, e := range x.out[i] {
			if in[e.node] {
				p.Edges = append(p.Edges, x.showEdge(int32(i), e))
			}
		}
	}
	slices.SortFunc(p.Nodes, func(a, b Node) int { return strings.Compare(a.Key, b.Key) })
	slices.SortStableFunc(p.Edges, compareEdges)
	return p
}

func compareEdges(a, b Edge) int {
	return cmp.Or(strings.Compare(a.From.Key, b.From.Key), strings.Compare(a.Predicate, b.Predicate),
		strings.Compare(a.To.Key, b.To.Key), strings.Compare(a.Link.Source, b.Link.Source))
}

// Paths iterates over the ways from one node to another that visit no node
// twice and have at most hops edges, the shortest first; those of one length
// by falling confidence, then by the keys on the way. IDs are those of
// [Snapshot.Node]; one that was revoked stands for its successor. Techniques
// that are revoked or deprecated are on no path. From a node to itself there is
// none, nor against the direction of the attack: from a tactic to a weakness,
// or to a mitigation.
//
// A graph has many ways from a finding to a tactic, but their length is
// bounded by the depth of the weakness catalogue: with 8 hops all are found.
// All ways of one length are collected before the first of them is given.
// The last element has an error, and no path, when an ID is unknown
// ([ErrUnknownNode]) or the context ends.
func (s *Snapshot) Paths(ctx context.Context, from, to string, hops int) iter.Seq2[Path, error] {
	return func(yield func(Path, error) bool) {
		if hops < 0 {
			yield(Path{}, fmt.Errorf("graph: Paths: %d hops are fewer than none", hops))
			return
		}
		from, to := s.successor(from), s.successor(to)
		start, ok := s.place(from)
		if !ok {
			yield(Path{}, s.unknown(from))
			return
		}
		end, ok := s.place(to)
		if !ok {
			yield(Path{}, s.unknown(to))
			return
		}
		f := finder{ctx: ctx, index: s.index(), end: end, left: s.index().distances(end), on: map[int32]bool{start: true}}
		if start == end || f.left[start] < 0 {
			return
		}
		for length := int(f.left[start]); length <= hops; length++ {
			f.found = nil
			if err := f.search(start, length); err != nil {
				yield(Path{}, err)
				return
			}
			slices.SortStableFunc(f.found, func(a, b Path) int {
				if n := cmp.Compare(b.Confidence, a.Confidence); n != 0 {
					return n
				}
				return slices.CompareFunc(a.Edges, b.Edges, compareEdges)
			})
			for _, p := range f.found {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

// successor is the ID of what replaced a revoked ATT&CK object; any other ID as
// it is.
func (s *Snapshot) successor(id string) string {
	if c := s.Catalog(); c != nil {
		if r, err := c.Resolve(strings.TrimPrefix(id, "attack:")); err == nil && len(r.Followed) > 0 {
			return r.Object.Common().ID
		}
	}
	return id
}

// ShortestPath returns the first of [Snapshot.Paths]; false when there is
// none.
func (s *Snapshot) ShortestPath(ctx context.Context, from, to string) (Path, bool, error) {
	for p, err := range s.Paths(ctx, from, to, len(s.index().nodes)) {
		return p, err == nil, err
	}
	return Path{}, false, nil
}

// walks reports whether an attack goes along the edge to a node.
func (x *index) walks(e edge, to int32) bool {
	if !onward[e.pred] {
		return false
	}
	o, ok := x.nodes[to].doc.(mitre.Object)
	return !ok || o.Common().Live()
}

// distances are the fewest steps from each node to end; -1 where there is no
// way.
func (x *index) distances(end int32) []int32 {
	out := make([]int32, len(x.nodes))
	for i := range out {
		out[i] = -1
	}
	out[end] = 0
	for level := []int32{end}; len(level) > 0; {
		var next []int32
		for _, i := range level {
			for _, e := range x.in[i] {
				if x.walks(e, i) && out[e.node] < 0 {
					out[e.node] = out[i] + 1
					next = append(next, e.node)
				}
			}
		}
		level = next
	}
	return out
}

// finder looks for paths of a fixed length.
type finder struct {
	ctx   context.Context
	index *index
	end   int32
	left  []int32 // steps to the end, see distances
	on    map[int32]bool
	way   []Edge
	found []Path
	steps int
}

func (f *finder) search(at int32, length int) error {
	if f.steps++; f.steps%1024 == 1 {
		if err := f.ctx.Err(); err != nil {
			return err
		}
	}
	if length == 0 {
		if at == f.end {
			p := Path{Edges: slices.Clone(f.way), Confidence: 1}
			for _, e := range p.Edges {
				p.Confidence *= e.Link.Confidence
				if e.Predicate == string(predParent[len("rel:"):]) {
					p.Confidence *= parentDecay
				}
			}
			p.Confidence = round(p.Confidence)
			f.found = append(f.found, p)
		}
		return nil
	}
	if at == f.end {
		return nil
	}
	for _, e := range f.index.out[at] {
		if f.on[e.node] || f.left[e.node] < 0 || int(f.left[e.node]) > length-1 || !f.index.walks(e, e.node) {
			continue
		}
		f.on[e.node] = true
		f.way = append(f.way, f.index.showEdge(at, e))
		err := f.search(e.node, length-1)
		f.way = f.way[:len(f.way)-1]
		delete(f.on, e.node)
		if err != nil {
			return err
		}
	}
	return nil
}

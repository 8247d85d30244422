package query

import (
	"context"
	"errors"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph"
)

// ErrReadOnly says that somebody tried to write into a [Store].
var ErrReadOnly = errors.New("query: the store is read-only; add sources to the graph instead")

// Store is what a snapshot says, as a Cayley quad store: cayley/graph.QuadStore.
// It never changes, has no locks and is safe for any number of concurrent
// readers. Its order is that of [graph.Snapshot.Quads], always.
//
// Its iterators honour their context: one that ended has them end with the
// context's error. Cayley's own iterators drop some of these errors on the way
// up, so who uses a store without a Run of this module must ask the context
// once more at the end.
//
// [New] makes one.
type Store struct {
	snapshot *graph.Snapshot
	nodes    []node      // in the order in which the quads first name them
	quads    []statement // without repetitions
	ids      map[quad.Value]int32
	by       [4]postings // subject, predicate, object, label
}

var _ cayley.QuadStore = (*Store)(nil)

// node is a value that some quad has. A pointer to it is the node's reference.
type node struct {
	id    int32 // position in Store.nodes
	value quad.Value
}

// Key makes a node its own key.
func (n *node) Key() any { return n }

// statement is a quad. A pointer to it is the quad's reference.
type statement [4]*node // subject, predicate, object, label; the label may be nil

// Key makes a statement its own key.
func (q *statement) Key() any { return q }

func (q *statement) at(d quad.Direction) *node {
	if d < quad.Subject || d > quad.Label {
		return nil
	}
	return q[d-1]
}

// postings are for each node the quads that have it in one direction, in
// their order: those of node i lie in list from start[i] to start[i+1].
type postings struct {
	start   []int32
	list    []*statement
	average float64 // quads of a node that has any
}

// New makes a store of a snapshot. A nil snapshot knows nothing.
func New(s *graph.Snapshot) *Store {
	if s == nil {
		s = new(graph.Snapshot)
	}
	b := newBuilder()
	for q := range s.Quads() {
		b.add(q)
	}
	return b.store(s)
}

type builder struct {
	values []quad.Value
	ids    map[quad.Value]int32
	quads  [][4]int32 // -1 for no label
	seen   map[[4]int32]struct{}
}

func newBuilder() *builder {
	const quads = 32 << 10 // about those of ATT&CK for ICS
	return &builder{
		ids:   make(map[quad.Value]int32, quads/4),
		quads: make([][4]int32, 0, quads),
		seen:  make(map[[4]int32]struct{}, quads),
	}
}

func (b *builder) add(q quad.Quad) {
	key := [4]int32{b.id(q.Subject), b.id(q.Predicate), b.id(q.Object), b.id(q.Label)}
	if _, ok := b.seen[key]; ok {
		return
	}
	b.seen[key] = struct{}{}
	b.quads = append(b.quads, key)
}

func (b *builder) id(v quad.Value) int32 {
	if v == nil {
		return -1
	}
	if i, ok := b.ids[v]; ok {
		return i
	}
	i := int32(len(b.values))
	b.ids[v] = i
	b.values = append(b.values, v)
	return i
}

func (b *builder) store(from *graph.Snapshot) *Store {
	s := &Store{snapshot: from, ids: b.ids, nodes: make([]node, len(b.values)), quads: make([]statement, len(b.quads))}
	for i, v := range b.values {
		s.nodes[i] = node{int32(i), v}
	}
	for i, q := range b.quads {
		for d, id := range q {
			if id >= 0 {
				s.quads[i][d] = &s.nodes[id]
			}
		}
	}
	for d := range s.by {
		s.by[d] = s.post(d)
	}
	return s
}

// post sorts the quads by one direction, by counting.
func (s *Store) post(d int) postings {
	p := postings{start: make([]int32, len(s.nodes)+1)}
	for i := range s.quads {
		if n := s.quads[i][d]; n != nil {
			p.start[n.id+1]++
		}
	}
	for i := 1; i < len(p.start); i++ {
		p.start[i] += p.start[i-1]
	}
	p.list = make([]*statement, p.start[len(s.nodes)])
	next, with := append([]int32(nil), p.start...), 0
	for i := range s.quads {
		if n := s.quads[i][d]; n != nil {
			if next[n.id] == p.start[n.id] {
				with++
			}
			p.list[next[n.id]] = &s.quads[i]
			next[n.id]++
		}
	}
	p.average = float64(len(p.list)) / float64(max(1, with))
	return p
}

// with returns the quads that have a node in one direction.
func (s *Store) with(d quad.Direction, n *node) []*statement {
	if n == nil || d < quad.Subject || d > quad.Label {
		return nil
	}
	p := &s.by[d-1]
	return p.list[p.start[n.id]:p.start[n.id+1]]
}

// node finds the node of a reference; nil for one of another store, for a
// quad, and for a value that an iterator made up.
func (s *Store) node(r refs.Ref) *node {
	n, ok := r.(*node)
	if !ok || n == nil || int(n.id) >= len(s.nodes) || &s.nodes[n.id] != n {
		return nil
	}
	return n
}

// find looks a value up.
func (s *Store) find(v quad.Value) *node {
	switch t := v.(type) {
	case quad.IRI, quad.String, quad.BNode, quad.Int, quad.Float, quad.Bool, quad.LangString:
	case quad.TypedString:
		// "0.9"^^<xsd:double> is the number.
		parsed, err := t.ParseValue()
		if err != nil {
			return nil
		}
		if v = parsed; v != quad.Value(t) {
			return s.find(v)
		}
	default:
		return nil // nothing else is in a snapshot, and it may be no key of a map
	}
	if i, ok := s.ids[v]; ok {
		return &s.nodes[i]
	}
	return nil
}

// ValueOf returns the reference of a value; nil when no quad has it.
func (s *Store) ValueOf(v quad.Value) (refs.Ref, error) { return ref(s.find(v)), nil }

// ref makes sure that no node is a nil interface.
func ref(n *node) refs.Ref {
	if n == nil {
		return nil
	}
	return n
}

// NameOf returns the value of a reference; nil when it is none of this store.
func (s *Store) NameOf(r refs.Ref) (quad.Value, error) {
	if made, ok := r.(refs.PreFetchedValue); ok {
		return made.NameOf(), nil
	}
	if n := s.node(r); n != nil {
		return n.value, nil
	}
	return nil, nil
}

// Quad returns the quad of a reference; the zero quad when it is none.
func (s *Store) Quad(r refs.Ref) (quad.Quad, error) {
	var out quad.Quad
	if q, ok := r.(*statement); ok && q != nil {
		for i, n := range q {
			if n != nil {
				out.Set(quad.Directions[i], n.value)
			}
		}
	}
	return out, nil
}

// QuadDirection returns one end of a quad; nil where it has none.
func (s *Store) QuadDirection(r refs.Ref, d quad.Direction) (refs.Ref, error) {
	q, ok := r.(*statement)
	if !ok || q == nil {
		return nil, nil
	}
	return ref(q.at(d)), nil
}

// QuadIterator returns the quads that have a node in one direction.
func (s *Store) QuadIterator(d quad.Direction, r refs.Ref) iterator.Shape {
	n := s.node(r)
	list := s.with(d, n)
	if len(list) == 0 {
		return iterator.NewNull()
	}
	return &links{list: list, dir: d, node: n}
}

// QuadIteratorSize returns the exact number of quads that have a node in one
// direction.
func (s *Store) QuadIteratorSize(_ context.Context, d quad.Direction, r refs.Ref) (refs.Size, error) {
	return exactly(len(s.with(d, s.node(r)))), nil
}

// Stats returns the exact numbers of nodes and quads.
func (s *Store) Stats(context.Context, bool) (cayley.Stats, error) {
	return cayley.Stats{Nodes: exactly(len(s.nodes)), Quads: exactly(len(s.quads))}, nil
}

func exactly(n int) refs.Size { return refs.Size{Value: int64(n), Exact: true} }

// NodesAllIterator returns all nodes: whatever a quad has as subject,
// predicate, object or label.
func (s *Store) NodesAllIterator() iterator.Shape { return &everything{store: s, nodes: true} }

// QuadsAllIterator returns all quads.
func (s *Store) QuadsAllIterator() iterator.Shape { return &everything{store: s} }

// ApplyDeltas is [ErrReadOnly].
func (s *Store) ApplyDeltas([]cayley.Delta, cayley.IgnoreOpts) error { return ErrReadOnly }

// NewQuadWriter is [ErrReadOnly].
func (s *Store) NewQuadWriter() (quad.WriteCloser, error) { return nil, ErrReadOnly }

// Close does nothing: a store holds nothing but memory.
func (s *Store) Close() error { return nil }

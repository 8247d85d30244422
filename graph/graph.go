package graph

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/memstore"
)

// ErrClosed says that the graph was closed.
var ErrClosed = errors.New("graph: closed")

// Graph is a knowledge graph. It is safe for concurrent readers and writers:
// a writer works beside the readers and its statements show all at once.
// [New] makes one; the zero value is closed and knows nothing.
type Graph struct {
	now atomic.Pointer[Snapshot] // what readers see

	mu     sync.Mutex // guards the record and orders the writers
	record *memstore.QuadStore
}

// New makes a graph in memory and adds the sources in their order.
func New(ctx context.Context, sources ...Source) (*Graph, error) {
	g := &Graph{record: memstore.New()}
	g.now.Store(&Snapshot{index: newIndex()})
	if err := g.Add(ctx, sources...); err != nil {
		return nil, err
	}
	return g, nil
}

// Snapshot returns what the graph knows now. It stays as it is while the
// graph goes on, and costs nothing to keep but the memory of what changed.
func (g *Graph) Snapshot() *Snapshot {
	if s := g.now.Load(); s != nil {
		return s
	}
	return &Snapshot{index: newIndex()} // of a graph that New did not make
}

// Add writes the statements of the sources, in their order, so that a later
// source may refer to an earlier one. Either all of them are written or, with
// an error, none: also when the context ends first. Adding the same statement
// again changes nothing.
func (g *Graph) Add(ctx context.Context, sources ...Source) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.record == nil {
		return ErrClosed
	}
	next := g.Snapshot().index.clone()
	warnings := g.Snapshot().warnings
	warnings = warnings[:len(warnings):len(warnings)]
	var deltas []graph.Delta
	sources, err := expand(sources)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &batch{}
		if err := s.write(b, next); err != nil {
			return err
		}
		quads, err := b.quads()
		if err != nil {
			return fmt.Errorf("graph: %s: %w", b.provenance.Source, err)
		}
		for _, q := range quads {
			deltas = append(deltas, graph.Delta{Quad: q, Action: graph.Add})
		}
		next.add(b)
		warnings = append(warnings, b.warnings...)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Past this point nothing can fail: the quads were checked one by one,
	// and the memory store ignores those that it has already.
	if err := g.record.ApplyDeltas(deltas, graph.IgnoreOpts{IgnoreDup: true, IgnoreMissing: true}); err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	g.now.Store(&Snapshot{index: next, warnings: warnings})
	return nil
}

// expand puts the parts of a source that is made of several in its place.
func expand(sources []Source) ([]Source, error) {
	var out []Source
	for i, s := range sources {
		if s == nil {
			return nil, fmt.Errorf("graph: source %d is nil", i)
		}
		c, ok := s.(interface{ parts() ([]Source, error) })
		if !ok {
			out = append(out, s)
			continue
		}
		parts, err := c.parts()
		if err != nil {
			return nil, err
		}
		out = append(out, parts...)
	}
	return out, nil
}

// Close frees the record. Snapshots taken before stay valid; [Graph.Add] then
// gives [ErrClosed]. Closing twice is allowed.
func (g *Graph) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.record == nil {
		return nil
	}
	err := g.record.Close()
	g.record = nil
	return err
}

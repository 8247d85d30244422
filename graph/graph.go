package graph

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/mitigraph/mitigraph/graph/store"
)

// errClosed says that the graph was closed.
var errClosed = fmt.Errorf("graph: %w", store.ErrClosed)

// ErrUnknownSource says that nothing in the graph has the key that
// [Graph.Remove] was given.
var ErrUnknownSource = errors.New("graph: no source has this key")

// Graph is a knowledge graph. It is safe for concurrent readers and writers:
// a writer works beside the readers and its statements show all at once.
// [New] and [Open] make one; the zero value is closed and knows nothing.
type Graph struct {
	now atomic.Pointer[Snapshot] // what readers see

	turn chan struct{} // holds one token; who has it may write
	// The rest belongs to who has the token.
	store store.Store // nil for a graph in memory
	state store.State
	held  map[string]*contents // by label, of layers that grew
	open  bool
}

// New makes a graph in memory and adds the sources in their order.
func New(ctx context.Context, sources ...Source) (*Graph, error) {
	return Open(ctx, nil, sources...)
}

// Open makes a graph of what a store holds and adds the sources in their
// order. From then on the store belongs to the graph, also to be closed; with
// an error it is closed already. A nil store keeps nothing: the graph lives
// in memory.
func Open(ctx context.Context, s store.Store, sources ...Source) (*Graph, error) {
	g := &Graph{store: s, turn: make(chan struct{}, 1), open: true}
	g.turn <- struct{}{}
	g.now.Store(&Snapshot{known: newIndex()})
	err := g.reload(ctx)
	if err == nil {
		err = g.Add(ctx, sources...)
	}
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// Snapshot returns what the graph knows now. It stays as it is while the
// graph goes on, and costs nothing to keep but the memory of what changed.
func (g *Graph) Snapshot() *Snapshot {
	if s := g.now.Load(); s != nil {
		return s
	}
	return &Snapshot{known: newIndex()} // of a graph that New did not make
}

// Add writes the statements of the sources, in their order, so that a later
// source may refer to an earlier one. Either all of them are written or, with
// an error, none: also when the context ends first. Adding the same statement
// again changes nothing.
//
// What a source says anew takes the place of what it said before where it is
// one whole: a release, a catalogue, the description of a site. Findings and
// drafts are added to those that are there; see [Replace] and [FindingsFrom].
//
// Where another process wrote into a shared store meanwhile, Add takes over
// what that one wrote and begins again: nobody needs a loop for
// [store.ErrConflict]. The error is the context's, the source's, which says
// where, or the store's, of which package store has a list.
func (g *Graph) Add(ctx context.Context, sources ...Source) error {
	sources, err := expand(sources)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return g.change(ctx, func(s *Snapshot) (*Snapshot, error) { return s, nil })
	}
	return g.change(ctx, func(s *Snapshot) (*Snapshot, error) { return s.with(ctx, sources) })
}

// Remove takes out what some sources said, and nothing else: statements that
// another source makes too stay. The keys are those of [Snapshot.Sources]. An
// unknown key is [ErrUnknownSource], and nothing is removed.
func (g *Graph) Remove(ctx context.Context, keys ...string) error {
	return g.change(ctx, func(s *Snapshot) (*Snapshot, error) { return s.without(keys) })
}

// Refresh takes over what others wrote into a shared store since this graph
// last read it or wrote to it. It reports whether there was anything. A graph
// in memory has nothing to refresh.
func (g *Graph) Refresh(ctx context.Context) (bool, error) {
	if err := g.take(ctx); err != nil {
		return false, err
	}
	defer g.give()
	if g.store == nil {
		return false, nil
	}
	state, err := g.store.State(ctx)
	if err != nil {
		return false, fmt.Errorf("graph: %w", err)
	}
	if state == g.state {
		return false, nil
	}
	return true, g.reload(ctx)
}

// Close closes the store, if there is one. Snapshots taken before stay valid;
// all that writes then gives [store.ErrClosed], also of a graph in memory. It
// waits for a writer that is at work. Closing twice is allowed.
func (g *Graph) Close() error {
	if g.turn == nil {
		return nil
	}
	<-g.turn
	defer g.give()
	if !g.open {
		return nil
	}
	g.open = false
	if g.store == nil {
		return nil
	}
	return g.store.Close()
}

// take waits for the turn to write.
func (g *Graph) take(ctx context.Context) error {
	if g.turn == nil {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-g.turn:
	}
	if !g.open {
		g.give()
		return errClosed
	}
	return nil
}

func (g *Graph) give() { g.turn <- struct{}{} }

// change makes the next snapshot from the present one, and writes the
// difference into the store before anyone sees it. Where another process was
// first, it is made again from what that one wrote.
func (g *Graph) change(ctx context.Context, next func(*Snapshot) (*Snapshot, error)) error {
	if err := g.take(ctx); err != nil {
		return err
	}
	defer g.give()
	for {
		was := g.Snapshot()
		now, err := next(was)
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if g.store == nil || now == was {
			g.now.Store(now)
			return nil
		}
		d, err := g.difference(was.layers, now.layers)
		if err != nil {
			return err
		}
		if len(d.remove)+len(d.add) == 0 {
			g.now.Store(now)
			return nil
		}
		state, err := g.store.Write(ctx, g.state, d.remove, d.add)
		switch {
		case errors.Is(err, store.ErrConflict):
			if err := g.reload(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("graph: %w", err)
		}
		d.done()
		g.state = state
		g.now.Store(now)
		return nil
	}
}

// reload makes the snapshot of what the store holds.
func (g *Graph) reload(ctx context.Context) error {
	g.held = map[string]*contents{}
	if g.store == nil {
		return nil
	}
	quads, state, err := g.store.Read(ctx)
	if err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	s, err := fromQuads(ctx, quads)
	if err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	g.state = state
	g.now.Store(s)
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

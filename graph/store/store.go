// Package store answers the question: where does a graph keep its record?
//
// A [Store] holds the quads of one graph and the [State] that they are in.
// The packages beside this one make them: store/bolt in one file, and
// store/postgres in a database that several machines share. They are apart
// so that nobody compiles the ones that are not used. A graph without a store
// lives in memory. Users open a store, hand it to graph.Open, and never call
// its methods themselves.
//
// Both keep the quads in Cayley's own layout and write them with Cayley. What
// Cayley leaves open is decided here: a write is done whole or not at all, a
// store that is damaged, foreign, of another version or in use says which, and
// no call outlives its context.
//
// Opening a graph reads its store whole, and the graph then asks memory alone:
// what a store costs is said by the packages that make them. A store never
// interprets what it keeps.
package store

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/cayleygraph/quad"
	"github.com/cespare/xxhash/v2"
)

// Errors that tell one bad store from another. They come wrapped with the
// store's name and with what was found.
var (
	ErrForeign  = errors.New("not a mitigraph store")
	ErrDamaged  = errors.New("the store is damaged")
	ErrOlder    = errors.New("the store was written by an older version of mitigraph")
	ErrNewer    = errors.New("the store was written by a newer version of mitigraph")
	ErrInUse    = errors.New("the store is in use by another process")
	ErrReadOnly = errors.New("the store can only be read")
	ErrFull     = errors.New("no space is left for the store")
	ErrClosed   = errors.New("the store is closed")
)

// ErrConflict says that another writer was first: the record is no longer in
// the state that the write was meant for. Nothing was written.
var ErrConflict = errors.New("the store was changed by another writer")

// Format is the version of the record that is written, and Oldest the first
// that is still read. A store that says less is older, one that says more is
// newer; the next write to a store raises its number to Format.
//
// Format goes up with each class of node that a program of the version before
// can't read: such a program then says that the store is newer, and not that
// it is damaged. Version 2 has areas of generative AI and reviews.
const (
	Format = 2
	Oldest = 1
)

// Store keeps a record. A Store is safe for concurrent use; its writes happen
// one after the other.
type Store interface {
	// Read returns all quads in the order in which they were written, and the
	// state that they are in, after it made sure that they are whole.
	Read(ctx context.Context) ([]quad.Quad, State, error)
	// State returns the state of the record as it is now.
	State(ctx context.Context) (State, error)
	// Write takes quads out and puts others in, all of them or, with an error,
	// none. It wants the record to be in the state was, else it gives
	// [ErrConflict]. Each quad of remove must be there, no quad of add may be.
	// When it returns without an error, the quads are on the disk.
	Write(ctx context.Context, was State, remove, add []quad.Quad) (State, error)
	// Close frees what the store holds. Closing twice is allowed.
	Close() error
}

// State is a fingerprint of a record. Two records with the same state hold
// the same quads and have seen as many writes. The zero State is that of an
// empty, new record.
type State struct {
	Writes uint64 // how many times the record was written
	Sum    uint64 // the sum of the quads' hashes, whatever their order
}

// After returns the state that a write leads to.
func (s State) After(remove, add []quad.Quad) State {
	for _, q := range remove {
		s.Sum -= Hash(q)
	}
	for _, q := range add {
		s.Sum += Hash(q)
	}
	s.Writes++
	return s
}

// Hash returns the xxHash64 of a quad. It tells accidents, not forgeries.
func Hash(q quad.Quad) uint64 {
	var d xxhash.Digest
	d.Reset()
	var size [9]byte
	for _, v := range [...]quad.Value{q.Subject, q.Predicate, q.Object, q.Label} {
		kind, text := byte(0), ""
		switch v := v.(type) {
		case nil:
		case quad.IRI:
			kind, text = 1, string(v)
		case quad.String:
			kind, text = 2, string(v)
		default:
			kind, text = 3, v.String()
		}
		size[0] = kind
		binary.LittleEndian.PutUint64(size[1:], uint64(len(text)))
		_, _ = d.Write(size[:])
		_, _ = d.WriteString(text)
	}
	return d.Sum64()
}

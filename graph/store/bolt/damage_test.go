package bolt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cayleygraph/quad"
	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/mitigraph/mitigraph/graph/store"
)

func TestMain(m *testing.M) {
	if job := os.Getenv("MITIGRAPH_BOLT_CHILD"); job != "" {
		child(job)
		return
	}
	goleak.VerifyTestMain(m)
}

// quadsOf makes n quads, some with documents of several pages.
func quadsOf(from, n int) []quad.Quad {
	out := make([]quad.Quad, n)
	for i := range out {
		k := from + i
		var o quad.Value = quad.IRI(fmt.Sprint("node:", k%7))
		if k%3 == 0 {
			o = quad.String(strings.Repeat(fmt.Sprint("text ", k, " "), 1+k%11*200))
		}
		out[i] = quad.Quad{
			Subject: quad.IRI(fmt.Sprint("node:", k)), Predicate: quad.IRI(fmt.Sprint("rel:", k%5)),
			Object: o, Label: quad.IRI(fmt.Sprint("source:", k%3)),
		}
	}
	return out
}

// filled makes a store of some writes, among them removals, and returns its
// file's bytes and its quads.
func filled(t testing.TB) ([]byte, []quad.Quad) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "filled.db")
	s, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	var state store.State
	for i := range 6 {
		var remove []quad.Quad
		if i > 0 {
			remove = quadsOf((i-1)*100, 30)
		}
		state, err = s.Write(t.Context(), state, remove, quadsOf(i*100, 100))
		require.NoError(t, err)
	}
	quads, _, err := s.Read(t.Context())
	require.NoError(t, err)
	require.Len(t, quads, 6*100-5*30)
	require.NoError(t, s.Close())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b, quads
}

// openBytes opens a file of the given bytes.
func openBytes(t testing.TB, b []byte) (store.Store, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged.db")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return Open(context.Background(), path, Options{})
}

// sound holds a store that opened to what it held, and writes to it.
func sound(t testing.TB, s store.Store, want []quad.Quad) {
	t.Helper()
	got, state, err := s.Read(t.Context())
	require.NoError(t, err)
	require.True(t, slices.Equal(want, got), "it opened, but holds something else")
	next, err := s.Write(t.Context(), state, want[:5], quadsOf(5000, 40))
	require.NoError(t, err)
	got, after, err := s.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, next, after)
	require.Len(t, got, len(want)-5+40)
	require.NoError(t, s.Close())
}

// rounds is how often a random test runs; MITIGRAPH_LONG makes it 20 times as
// often.
func rounds(n int) int {
	if os.Getenv("MITIGRAPH_LONG") != "" {
		n *= 20
	}
	return n
}

func TestTruncated(t *testing.T) {
	whole, _ := filled(t)
	lengths := []int{0, 1, 100, pageSize - 1, pageSize, pageSize + 80, 2 * pageSize, 3*pageSize + 5, len(whole) - 1, len(whole) - pageSize}
	for range rounds(60) {
		lengths = append(lengths, rand.IntN(len(whole)))
	}
	for _, n := range lengths {
		_, err := openBytes(t, whole[:n])
		require.ErrorIs(t, err, store.ErrDamaged, "%d of %d bytes", n, len(whole))
	}
	t.Logf("%d truncated files, each told", len(lengths))
}

func TestZeroedPages(t *testing.T) {
	whole, quads := filled(t)
	told, unused := 0, 0
	for at := 0; at < len(whole); at += pageSize {
		b := slices.Clone(whole)
		clear(b[at : at+pageSize])
		s, err := openBytes(t, b)
		if err != nil {
			require.ErrorIs(t, err, store.ErrDamaged, "page %d", at/pageSize)
			told++
			continue
		}
		sound(t, s, quads)
		unused++
	}
	b := slices.Clone(whole)
	clear(b)
	_, err := openBytes(t, b)
	require.ErrorIs(t, err, store.ErrDamaged)
	t.Logf("%d zeroed pages told, %d were free and do not matter", told, unused)
	assert.Greater(t, told, unused)
}

func TestFlippedBits(t *testing.T) {
	whole, quads := filled(t)
	told, harmless := 0, 0
	flip := func(at int, bit byte) {
		b := slices.Clone(whole)
		b[at] ^= bit
		s, err := openBytes(t, b)
		switch {
		case err == nil:
			sound(t, s, quads)
			harmless++
		case errors.Is(err, store.ErrDamaged):
			told++
		default:
			t.Fatalf("byte %d of %d: %v", at, len(whole), err)
		}
	}
	for range rounds(250) {
		flip(rand.IntN(len(whole)), 1<<rand.IntN(8))
	}
	// Where it hurts most: the headers of the file and of its pages.
	for at := 0; at < len(whole); at += pageSize {
		for range rounds(2) {
			flip(at+rand.IntN(96), 1<<rand.IntN(8))
		}
	}
	t.Logf("%d flipped bits told, %d were in unused space and do not matter", told, harmless)
	assert.Positive(t, told)
}

// Pages in the wrong place, and garbage over a part of the file.
func TestScrambled(t *testing.T) {
	whole, quads := filled(t)
	pages := len(whole) / pageSize
	told := 0
	for range rounds(150) {
		b := slices.Clone(whole)
		i, j := rand.IntN(pages), rand.IntN(pages)
		switch rand.IntN(3) {
		case 0:
			copy(b[i*pageSize:], whole[j*pageSize:(j+1)*pageSize])
		case 1:
			for k := range 1 + rand.IntN(300) {
				b[(i*pageSize+k)%len(b)] = byte(rand.Uint32())
			}
		case 2: // a lying number in a page's elements
			at := i*pageSize + 16 + 4*rand.IntN(40)
			native.PutUint32(b[at:], rand.Uint32()>>rand.IntN(32))
		}
		s, err := openBytes(t, b)
		if err != nil {
			require.ErrorIs(t, err, store.ErrDamaged)
			told++
			continue
		}
		sound(t, s, quads)
	}
	t.Logf("%d of %d scrambled files told, the rest hold what they held", told, rounds(150))
}

func TestForeign(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.db")
	db, err := bbolt.Open(other, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	empty, err := os.ReadFile(other)
	require.NoError(t, err)
	db, err = bbolt.Open(other, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("theirs"))
		if err != nil {
			return err
		}
		return b.Put([]byte("k"), []byte("v"))
	}))
	require.NoError(t, db.Close())
	theirs, err := os.ReadFile(other)
	require.NoError(t, err)
	for name, b := range map[string][]byte{
		"a text":                 []byte("[{\"id\": \"F-1\"}]\n"),
		"a long text":            []byte(strings.Repeat("{\"type\": \"bundle\"}\n", 10_000)),
		"a database of SQLite":   append([]byte("SQLite format 3\x00"), make([]byte, 100_000)...),
		"an empty bbolt file":    empty,
		"another's bbolt file":   theirs,
		"a gzip stream's header": {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			require.NoError(t, os.WriteFile(path, b, 0o600))
			_, err := Open(t.Context(), path, Options{})
			require.ErrorIs(t, err, store.ErrForeign)
			assert.ErrorContains(t, err, path)
			now, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.True(t, slices.Equal(b, now), "the file was changed")
		})
	}
	_, err = Open(t.Context(), dir, Options{})
	assert.ErrorContains(t, err, "a directory")
	_, err = Open(t.Context(), filepath.Join(dir, "no", "such"), Options{})
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(t.Context(), filepath.Join(dir, "none"), Options{ReadOnly: true})
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestOtherVersions(t *testing.T) {
	for format, want := range map[uint32]error{0: store.ErrOlder, store.Format + 1: store.ErrNewer} {
		path := filepath.Join(t.TempDir(), "f.db")
		s, err := Open(t.Context(), path, Options{})
		require.NoError(t, err)
		require.NoError(t, s.Close())
		db, err := bbolt.Open(path, 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(stateBucket))
			v := slices.Clone(b.Get(stateKey))[:stateSize-8]
			native.PutUint32(v, format)
			return b.Put(stateKey, append(v, "a later format may be longer"...))
		}))
		require.NoError(t, db.Close())
		_, err = Open(t.Context(), path, Options{})
		assert.ErrorIs(t, err, want)
		assert.NotErrorIs(t, err, store.ErrDamaged)
	}
}

// A store of an older format that is still read becomes one of this format
// with the next write, so that no older program takes it for damaged.
func TestOlderFormatIsRaised(t *testing.T) {
	for format := uint32(store.Oldest); format < store.Format; format++ {
		path := filepath.Join(t.TempDir(), "f.db")
		s, err := Open(t.Context(), path, Options{})
		require.NoError(t, err)
		was, err := s.Write(t.Context(), store.State{}, nil, quadsOf(0, 3))
		require.NoError(t, err)
		require.NoError(t, s.Close())
		said := func() (now uint32) {
			db, err := bbolt.Open(path, 0o600, nil)
			require.NoError(t, err)
			defer db.Close()
			require.NoError(t, db.View(func(tx *bbolt.Tx) error {
				now = native.Uint32(tx.Bucket([]byte(stateBucket)).Get(stateKey))
				return nil
			}))
			return now
		}
		assert.EqualValues(t, store.Format, said())
		db, err := bbolt.Open(path, 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(stateBucket))
			v := slices.Clone(b.Get(stateKey))[:stateSize-8]
			native.PutUint32(v, format)
			return b.Put(stateKey, native.AppendUint64(v, xxhash.Sum64(v)))
		}))
		require.NoError(t, db.Close())

		s, err = Open(t.Context(), path, Options{})
		require.NoError(t, err)
		quads, state, err := s.Read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, quadsOf(0, 3), quads)
		assert.Equal(t, was, state)
		_, err = s.Write(t.Context(), state, nil, quadsOf(3, 2))
		require.NoError(t, err)
		require.NoError(t, s.Close())
		assert.EqualValues(t, store.Format, said())
	}
}

func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	first, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	start := time.Now()
	_, err = Open(t.Context(), path, Options{Wait: 30 * time.Millisecond})
	assert.ErrorIs(t, err, store.ErrInUse)
	_, err = Open(t.Context(), path, Options{Wait: -1, ReadOnly: true})
	assert.ErrorIs(t, err, store.ErrInUse)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = Open(ctx, path, Options{Wait: time.Hour})
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(start), time.Minute)
	require.NoError(t, first.Close())

	// Readers share it, and keep a writer out.
	one, err := Open(t.Context(), path, Options{ReadOnly: true})
	require.NoError(t, err)
	two, err := Open(t.Context(), path, Options{ReadOnly: true})
	require.NoError(t, err)
	_, err = Open(t.Context(), path, Options{Wait: -1})
	assert.ErrorIs(t, err, store.ErrInUse)
	_, err = one.Write(t.Context(), store.State{}, nil, quadsOf(0, 1))
	assert.ErrorIs(t, err, store.ErrReadOnly)
	require.NoError(t, one.Close())
	require.NoError(t, two.Close())

	// Whoever waits gets it when it is let go.
	first, err = Open(t.Context(), path, Options{})
	require.NoError(t, err)
	time.AfterFunc(30*time.Millisecond, func() { assert.NoError(t, first.Close()) })
	second, err := Open(t.Context(), path, Options{Wait: time.Minute})
	require.NoError(t, err)
	require.NoError(t, second.Close())
}

// countdown is a context that ends after it was asked some times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A context that ends in the middle of a write leaves what was there, in the
// store and in what it remembers.
func TestCancelled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	s, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	state, err := s.Write(t.Context(), store.State{}, nil, quadsOf(0, 50))
	require.NoError(t, err)
	ended := 0
	for left := range 60 {
		next, err := s.Write(&countdown{t.Context(), left * 2}, state, quadsOf(0, 10), quadsOf(1000*left+1000, 400))
		if err == nil {
			state, err = s.Write(t.Context(), next, quadsOf(1000*left+1000, 400), quadsOf(0, 10))
			require.NoError(t, err)
			continue
		}
		ended++
		require.ErrorIs(t, err, context.Canceled)
		got, now, err := s.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, state, now)
		require.ElementsMatch(t, quadsOf(0, 50), got)
	}
	t.Logf("%d writes were cancelled on the way", ended)
	assert.Greater(t, ended, 10)
	_, err = Open(&countdown{t.Context(), 0}, path, Options{})
	assert.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.Close())
	_, err = Open(&countdown{t.Context(), 3}, path, Options{})
	assert.ErrorIs(t, err, context.Canceled)
	again, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// Writing what Cayley refuses, or what is not there, changes nothing.
func TestRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	s, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	state, err := s.Write(t.Context(), store.State{}, nil, quadsOf(0, 50))
	require.NoError(t, err)
	_, err = s.Write(t.Context(), state, nil, append(quadsOf(100, 20), quadsOf(3, 1)...))
	assert.Error(t, err, "adds what is there")
	_, err = s.Write(t.Context(), state, quadsOf(200, 1), quadsOf(100, 20))
	assert.Error(t, err, "removes what is not there")
	_, err = s.Write(t.Context(), store.State{}, nil, quadsOf(100, 20))
	assert.ErrorIs(t, err, store.ErrConflict)
	got, now, err := s.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, state, now)
	assert.ElementsMatch(t, quadsOf(0, 50), got)
	state, err = s.Write(t.Context(), state, quadsOf(0, 10), quadsOf(100, 20))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err = s.Write(t.Context(), state, nil, nil)
	assert.ErrorIs(t, err, store.ErrClosed)
	_, _, err = s.Read(t.Context())
	assert.ErrorIs(t, err, store.ErrClosed)
	_, err = s.State(t.Context())
	assert.ErrorIs(t, err, store.ErrClosed)
	again, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	got, now, err = again.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, state, now)
	assert.ElementsMatch(t, append(quadsOf(10, 40), quadsOf(100, 20)...), got)
	require.NoError(t, again.Close())
}

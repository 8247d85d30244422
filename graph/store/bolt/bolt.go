package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/kv"
	"github.com/cayleygraph/quad"
	"go.etcd.io/bbolt"

	"github.com/mitigraph/mitigraph/graph/store"
)

// Options say how a file is opened. The zero value opens it to read and write
// and waits one second for another process to let go of it.
type Options struct {
	// ReadOnly opens the file to read: several processes may do so at once.
	// The file must exist. Writing gives [store.ErrReadOnly].
	ReadOnly bool
	// Wait is how long to wait while another process has the file; 0 means
	// one second, less than 0 not at all.
	Wait time.Duration
}

// Open opens a store in a file, or makes it there with room for nobody else
// to read (mode 0600). The error says which of the errors of package store it
// is, names the file, and is the context's when that ended first. A file of
// another kind is never changed.
func Open(ctx context.Context, path string, o Options) (store.Store, error) {
	s, err := open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// file is a store in a file that this process has locked.
type file struct {
	path     string
	readOnly bool

	mu     sync.Mutex
	locked *os.File // nil when closed
	db     *bbolt.DB
	kv     *keyValue
	quads  cayley.QuadStore // writes; nil until the first write, and after a failed one
	state  store.State
	sum    uint64
	first  []quad.Quad // what opening read, until someone asks for it
}

func open(ctx context.Context, path string, o Options) (*file, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if path == "" {
		return nil, errors.New("a store needs the path of its file")
	}
	made := false
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !o.ReadOnly:
		if made, err = create(path); err != nil {
			return nil, explain(err)
		}
	case err != nil:
		return nil, explain(err)
	case st.IsDir():
		return nil, errors.New("a directory, want a file")
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%w: not a regular file", store.ErrForeign)
	}
	mode := os.O_RDWR
	if o.ReadOnly {
		mode = os.O_RDONLY
	}
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
			return nil, fmt.Errorf("%w, unless it is opened to read only: %w", store.ErrReadOnly, unpath(err))
		}
		return nil, explain(err)
	}
	s := &file{path: path, readOnly: o.ReadOnly, locked: f}
	if err := s.lock(ctx, o); err != nil {
		f.Close()
		return nil, err
	}
	// What the file holds is made sure of at once, so that a bad one is told
	// before anyone relies on it.
	quads, _, err := s.Read(ctx)
	if err != nil {
		err = errors.Join(err, s.Close())
		if made { // the context ended
			err = errors.Join(err, os.Remove(path))
		}
		return nil, err
	}
	s.first = quads
	return s, nil
}

// lock takes the file for this process, until it is closed.
func (s *file) lock(ctx context.Context, o Options) error {
	wait := o.Wait
	if wait == 0 {
		wait = time.Second
	}
	deadline := time.NewTimer(max(wait, 0))
	defer deadline.Stop()
	for {
		err := tryLock(s.locked, !o.ReadOnly)
		if !errors.Is(err, store.ErrInUse) {
			return err
		}
		if wait < 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// create makes an empty store under another name and puts it in its place
// when it is whole, so that nobody ever sees half of one. It reports whether it
// did, or another process was first.
func create(path string) (made bool, err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new*")
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name())
	if err := temp.Close(); err != nil {
		return false, err
	}
	db, err := bbolt.Open(temp.Name(), 0o600, options(false))
	if err != nil {
		return false, err
	}
	s := &file{db: db, kv: newKeyValue(db)}
	err = s.kv.init()
	if e := db.Close(); err == nil {
		err = e
	}
	if err != nil {
		return false, err
	}
	err = os.Link(temp.Name(), path)
	switch {
	case errors.Is(err, fs.ErrExist): // another process was first, and its store is as good
		return false, nil
	case err != nil: // a file system without links
		err = os.Rename(temp.Name(), path)
		return err == nil, err
	}
	return true, nil
}

func options(readOnly bool) *bbolt.Options {
	return &bbolt.Options{ReadOnly: readOnly, FreelistType: bbolt.FreelistMapType, NoStatistics: true, PageSize: pageSize}
}

// pageSize is bbolt's for new files. Documents of some kilobytes fill pages of
// this size better than smaller ones.
const pageSize = 16 << 10

func (s *file) Read(ctx context.Context) ([]quad.Quad, store.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked == nil {
		return nil, store.State{}, store.ErrClosed
	}
	if quads := s.first; quads != nil {
		s.first = nil
		return quads, s.state, nil
	}
	quads, state, sum, err := read(ctx, s.locked)
	if err != nil {
		return nil, store.State{}, err
	}
	s.state, s.sum = state, sum
	return quads, state, nil
}

// State is known without asking: nobody else can write.
func (s *file) State(ctx context.Context) (store.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked == nil {
		return store.State{}, store.ErrClosed
	}
	return s.state, ctx.Err()
}

func (s *file) Write(ctx context.Context, was store.State, remove, add []quad.Quad) (store.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.locked == nil:
		return store.State{}, store.ErrClosed
	case s.readOnly:
		return store.State{}, fmt.Errorf("%s: %w", s.path, store.ErrReadOnly)
	case was != s.state:
		return store.State{}, store.ErrConflict
	}
	if err := ctx.Err(); err != nil {
		return store.State{}, err
	}
	if err := s.inPlace(); err != nil {
		return store.State{}, fmt.Errorf("%s: %w", s.path, err)
	}
	next := was.After(remove, add)
	s.first = nil
	err := s.guard(func() error { return s.write(ctx, next, remove, add) })
	if err != nil {
		// What Cayley keeps in memory of a failed write would enter the next.
		s.quads = nil
		if ctx.Err() != nil {
			return store.State{}, ctx.Err()
		}
		return store.State{}, fmt.Errorf("%s: %w", s.path, explain(err))
	}
	s.state, s.sum = next, s.kv.sum
	return next, nil
}

// inPlace makes sure that the file is still the one at its path: what is
// written into a deleted one is lost.
func (s *file) inPlace() error {
	at, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("the file was moved or deleted: %w", unpath(err))
	}
	if ours, err := s.locked.Stat(); err != nil || !os.SameFile(at, ours) {
		return errors.New("another file is in the place of the one that was opened")
	}
	return nil
}

func (s *file) write(ctx context.Context, next store.State, remove, add []quad.Quad) error {
	if !distinct(remove) || !distinct(add) {
		return errors.New("a quad is named twice") // Cayley would do it once, and the state count it twice
	}
	if s.db == nil {
		db, err := openLocked(s.locked)
		if err != nil {
			return err
		}
		s.db = db
	}
	if s.kv == nil {
		s.kv = newKeyValue(s.db)
	}
	if s.quads == nil {
		quads, err := kv.New(s.kv, cayley.Options{kv.OptNoBloom: true})
		if err != nil {
			return err
		}
		s.quads = quads
	}
	if err := s.kv.begin(ctx, s.sum); err != nil {
		return err
	}
	defer s.kv.end()
	if err := s.apply(cayley.Add, add); err != nil {
		return err
	}
	if err := s.apply(cayley.Delete, remove); err != nil {
		return err
	}
	return s.kv.commit(next)
}

// apply lets Cayley add or remove quads within the transaction that is open.
func (s *file) apply(what cayley.Procedure, quads []quad.Quad) error {
	deltas := make([]cayley.Delta, len(quads))
	for i, q := range quads {
		deltas[i] = cayley.Delta{Quad: q, Action: what}
	}
	if len(deltas) == 0 {
		return nil
	}
	return s.quads.ApplyDeltas(deltas, cayley.IgnoreOpts{})
}

func distinct(quads []quad.Quad) bool {
	seen := make(map[quad.Quad]struct{}, len(quads))
	for _, q := range quads {
		seen[q] = struct{}{}
	}
	return len(seen) == len(quads)
}

// guard turns what is left of bbolt's and Cayley's panics into errors.
func (s *file) guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", store.ErrDamaged, r)
		}
	}()
	return f()
}

func (s *file) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked == nil {
		return nil
	}
	var err error
	if s.db != nil {
		if err = s.db.Close(); err == nil {
			err = trim(s.locked)
		}
	}
	if e := s.locked.Close(); err == nil {
		err = e
	}
	s.locked, s.db, s.kv, s.quads = nil, nil, nil, nil
	return err
}

// trim cuts off what bbolt has reserved behind the last page.
func trim(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	m, err := header(f, st.Size())
	if err != nil {
		return err
	}
	if end := int64(m.high) * int64(m.pageSize); end < st.Size() {
		return f.Truncate(end)
	}
	return nil
}

// explain gives an operating system's error its name in package store. bbolt
// keeps only the text of some.
func explain(err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) || strings.HasSuffix(err.Error(), full.Error()) {
			return fmt.Errorf("%w: %w", store.ErrFull, unpath(err))
		}
	}
	return unpath(err)
}

// unpath takes the path out of an error, since the caller names it.
func unpath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

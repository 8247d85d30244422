package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"

	"github.com/cayleygraph/quad"
	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mitigraph/mitigraph/graph/store"
)

// The layout of a bbolt file, version 2: pages of one size, each with a
// header of number (8 bytes), kind (2), count (2) and the number of pages
// that it goes on for (4). The first two are headers of the file, of which
// the one with the higher transaction number holds.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	headerSize  = 16
	elementSize = 16

	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freelistPage = 0x10

	bucketElement = 0x01

	maxDepth = 32
)

var native = binary.NativeEndian

// meta is a header of the file.
type meta struct {
	pageSize             uint32
	root, freelist, high uint64
	transaction          uint64
}

// read makes sure that a store is whole and returns what it holds. It trusts
// nothing in the file and maps nothing of it into memory.
func read(ctx context.Context, f *os.File) ([]quad.Quad, store.State, uint64, error) {
	var none store.State
	st, err := f.Stat()
	if err != nil {
		return nil, none, 0, err
	}
	m, err := header(f, st.Size())
	if err != nil {
		return nil, none, 0, err
	}
	if st.Size() < int64(m.high)*int64(m.pageSize) {
		return nil, none, 0, fmt.Errorf("%w: the file is cut off: it has %d bytes of %d", store.ErrDamaged, st.Size(), m.high*uint64(m.pageSize))
	}
	w := &walker{ctx: ctx, file: f, meta: m, used: make([]bool, m.high), log: newLog()}
	if err := w.walk(); err != nil {
		if e := ctx.Err(); e != nil {
			return nil, none, 0, e
		}
		return nil, none, 0, err
	}
	state, sum, err := decodeState(w.state)
	if err != nil {
		return nil, none, 0, err
	}
	if sum != w.sum {
		return nil, none, 0, fmt.Errorf("%w: what it holds does not match its checksum", store.ErrDamaged)
	}
	quads, err := w.log.quads()
	if err != nil {
		return nil, none, 0, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return quads, state, sum, nil
}

// header reads both headers of the file. Both must be whole: one that is not
// may be that of the last write.
func header(f io.ReaderAt, size int64) (meta, error) {
	if size == 0 {
		return meta{}, fmt.Errorf("%w: the file is empty", store.ErrDamaged)
	}
	var found [2]meta
	var problem [2]error
	first := make([]byte, headerSize+64)
	at := int64(pageSize)
	for i := range found {
		if _, err := f.ReadAt(first, int64(i)*at); err != nil && !errors.Is(err, io.EOF) {
			return meta{}, err
		}
		found[i], problem[i] = parseMeta(first)
		if i == 0 && problem[0] == nil {
			at = int64(found[0].pageSize)
		}
		clear(first)
	}
	switch {
	case problem[0] != nil && problem[1] != nil:
		if size >= 2*pageSize && errors.Is(problem[0], errNoMagic) && !errors.Is(problem[1], errNoMagic) ||
			!errors.Is(problem[0], errNoMagic) && !errors.Is(problem[0], errOtherVersion) {
			return meta{}, fmt.Errorf("%w: both headers are broken", store.ErrDamaged)
		}
		if zeroed(f, size) {
			return meta{}, fmt.Errorf("%w: its beginning is zeroed", store.ErrDamaged)
		}
		return meta{}, fmt.Errorf("%w: %w", store.ErrForeign, problem[0])
	case problem[0] != nil || problem[1] != nil:
		return meta{}, fmt.Errorf("%w: one of its two headers is broken: %w", store.ErrDamaged, errors.Join(problem[:]...))
	}
	m := found[0]
	if found[1].transaction > m.transaction {
		m = found[1]
	}
	if found[0].pageSize != found[1].pageSize || m.high < 4 || m.high > uint64(size) {
		return meta{}, fmt.Errorf("%w: its headers contradict each other", store.ErrDamaged)
	}
	return m, nil
}

// zeroed reports whether the file begins with nothing but zeros.
func zeroed(f io.ReaderAt, size int64) bool {
	b := make([]byte, min(size, 4096))
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return len(bytes.Trim(b, "\x00")) == 0
}

var (
	errNoMagic      = errors.New("not a bbolt file")
	errOtherVersion = errors.New("a bbolt file of another version")
)

func parseMeta(page []byte) (meta, error) {
	b := page[headerSize:]
	switch {
	case native.Uint32(b) != boltMagic:
		return meta{}, errNoMagic
	case native.Uint32(b[4:]) != boltVersion:
		return meta{}, errOtherVersion
	}
	h := fnv.New64a()
	_, _ = h.Write(b[:56])
	m := meta{
		pageSize: native.Uint32(b[8:]), root: native.Uint64(b[16:]), freelist: native.Uint64(b[32:]),
		high: native.Uint64(b[40:]), transaction: native.Uint64(b[48:]),
	}
	if h.Sum64() != native.Uint64(b[56:]) || m.pageSize < 512 || m.pageSize > 1<<20 || m.pageSize&(m.pageSize-1) != 0 {
		return meta{}, errors.New("a header that does not match its checksum")
	}
	return m, nil
}

// walker goes through every page of a file once.
type walker struct {
	ctx    context.Context
	file   io.ReaderAt
	meta   meta
	used   []bool // by page
	sum    uint64
	digest xxhash.Digest
	roots  []root
	state  []byte
	log    *log

	buffers [maxDepth + 2][]byte // by depth
	ahead   []byte               // the part of the file from aheadAt on
	aheadAt int64
}

// root is an entry at the file's top level.
type root struct {
	page       uint64
	key, value []byte
	isBucket   bool
}

func (w *walker) walk() error {
	w.used[0], w.used[1] = true, true
	if err := w.tree(w.meta.root, "", nil, nil, 0); err != nil {
		return err
	}
	if err := w.ours(); err != nil {
		return err
	}
	for _, r := range w.roots {
		if err := w.bucket(r); err != nil {
			return err
		}
	}
	if err := w.free(); err != nil {
		return err
	}
	if w.state == nil {
		return fmt.Errorf("%w: it has no state", store.ErrDamaged)
	}
	return nil
}

// ours makes sure that the buckets are those of a store.
func (w *walker) ours() error {
	known, state, strange := 0, false, ""
	for _, r := range w.roots {
		name := string(r.key)
		switch {
		case !r.isBucket || !slices.Contains(buckets, name):
			strange = name
		case name == stateBucket:
			state = true
			known++
		default:
			known++
		}
	}
	switch {
	case known == len(buckets) && strange == "":
		return nil
	case !state && known < len(buckets)-1:
		return fmt.Errorf("%w: a bbolt file that something else made", store.ErrForeign)
	case strange != "":
		return fmt.Errorf("%w: it has something called %q", store.ErrDamaged, strange)
	}
	return fmt.Errorf("%w: it has %d of its %d buckets", store.ErrDamaged, known, len(buckets))
}

func (w *walker) bucket(r root) error {
	name := string(r.key)
	if len(r.value) < headerSize {
		return broken(r.page, "the bucket %q is broken", name)
	}
	if page := native.Uint64(r.value); page != 0 {
		return w.tree(page, name, nil, nil, 0)
	}
	inline := r.value[headerSize:]
	if len(inline) < headerSize || native.Uint16(inline[8:]) != leafPage {
		return broken(r.page, "the bucket %q is broken", name)
	}
	return w.elements(inline, r.page, name, nil, nil, 0)
}

func broken(page uint64, format string, args ...any) error {
	return fmt.Errorf("%w: page %d: %s", store.ErrDamaged, page, fmt.Sprintf(format, args...))
}

// page reads a page and those that it goes on for, and notes that they are
// used. It is valid until the next page of the same depth.
func (w *walker) page(id uint64, depth int) ([]byte, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	if id < 2 || id >= w.meta.high {
		return nil, broken(id, "there is no such page")
	}
	size := int64(w.meta.pageSize)
	b := w.buffer(depth, size)
	if err := w.read(b, int64(id)*size); err != nil {
		return nil, err
	}
	more := uint64(native.Uint32(b[12:]))
	if native.Uint64(b) != id || id+more >= w.meta.high {
		return nil, broken(id, "its header is broken")
	}
	for i := id; i <= id+more; i++ {
		if w.used[i] {
			return nil, broken(i, "it is used twice")
		}
		w.used[i] = true
	}
	if more > 0 {
		b = w.buffer(depth, size*int64(more+1)) // keeps what is in it
		if err := w.read(b[size:], int64(id+1)*size); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// buffer returns the memory for a page at a depth, grown to a size.
func (w *walker) buffer(depth int, size int64) []byte {
	b := w.buffers[depth]
	if int64(cap(b)) < size {
		b = append(make([]byte, 0, size), b...)
	}
	w.buffers[depth] = b[:size]
	return b[:size]
}

// read fills b from the file, of which it reads ahead: most pages follow each
// other.
func (w *walker) read(b []byte, at int64) error {
	if at < w.aheadAt || at+int64(len(b)) > w.aheadAt+int64(len(w.ahead)) {
		if len(b) >= readAhead {
			_, err := w.file.ReadAt(b, at)
			return err
		}
		if w.ahead == nil {
			w.ahead = make([]byte, readAhead)
		}
		n, err := w.file.ReadAt(w.ahead[:readAhead], at)
		if n < len(b) {
			return cmp.Or(err, io.ErrUnexpectedEOF)
		}
		w.ahead, w.aheadAt = w.ahead[:n], at
	}
	copy(b, w.ahead[at-w.aheadAt:])
	return nil
}

const readAhead = 256 << 10

// tree goes through the pages of a bucket, the root's with an empty name. Its
// keys must be in order, begin with low and be below high: bbolt finds a page's
// place in its parent by its first key.
func (w *walker) tree(id uint64, bucket string, low, high []byte, depth int) error {
	if depth > maxDepth {
		return broken(id, "the tree is too deep")
	}
	b, err := w.page(id, depth)
	if err != nil {
		return err
	}
	return w.elements(b, id, bucket, low, high, depth)
}

func (w *walker) elements(b []byte, id uint64, bucket string, low, high []byte, depth int) error {
	kind, count := native.Uint16(b[8:]), int(native.Uint16(b[10:]))
	if kind != branchPage && kind != leafPage || headerSize+count*elementSize > len(b) {
		return broken(id, "its header is broken")
	}
	// part gives a piece of the page that an element points to.
	part := func(from, size uint32) ([]byte, bool) {
		end := uint64(from) + uint64(size)
		if end > uint64(len(b)) {
			return nil, false
		}
		return b[from:end], true
	}
	var last []byte
	inOrder := func(key []byte) bool {
		if last == nil {
			return len(key) > 0 && (low == nil || bytes.Equal(low, key)) && (high == nil || bytes.Compare(key, high) < 0)
		}
		return bytes.Compare(last, key) < 0 && (high == nil || bytes.Compare(key, high) < 0)
	}
	if kind == leafPage {
		for i := range count {
			at := uint32(headerSize + i*elementSize)
			flags, pos := native.Uint32(b[at:]), native.Uint32(b[at+4:])
			keySize, valueSize := native.Uint32(b[at+8:]), native.Uint32(b[at+12:])
			key, ok := part(at+pos, keySize)
			value, is := part(at+pos+keySize, valueSize)
			if !ok || !is || !inOrder(key) || flags&^bucketElement != 0 {
				return broken(id, "element %d is broken", i)
			}
			last = key
			if err := w.entry(id, bucket, key, value, flags == bucketElement); err != nil {
				return err
			}
		}
		return nil
	}
	if count == 0 {
		return broken(id, "it leads nowhere")
	}
	type child struct {
		key []byte
		id  uint64
	}
	children := make([]child, count)
	for i := range children {
		at := uint32(headerSize + i*elementSize)
		key, ok := part(at+native.Uint32(b[at:]), native.Uint32(b[at+4:]))
		if !ok || !inOrder(key) {
			return broken(id, "element %d is broken", i)
		}
		last = key
		children[i] = child{key, native.Uint64(b[at+8:])}
	}
	for i, c := range children {
		end := high
		if i+1 < count {
			end = children[i+1].key
		}
		if err := w.tree(c.id, bucket, c.key, end, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// entry takes a key and its value.
func (w *walker) entry(id uint64, bucket string, key, value []byte, isBucket bool) error {
	switch {
	case bucket == "":
		w.roots = append(w.roots, root{id, bytes.Clone(key), bytes.Clone(value), isBucket})
		return nil
	case isBucket:
		return broken(id, "a bucket where a value should be")
	case bucket == stateBucket:
		if !bytes.Equal(key, stateKey) {
			return broken(id, "the state has an unknown key")
		}
		w.state = bytes.Clone(value)
		return nil
	case bucket == logBucket:
		if err := w.log.take(key, value); err != nil {
			return broken(id, "%v", err)
		}
	}
	w.sum += entryHash(&w.digest, bucket, key, value)
	return nil
}

// free reads the list of free pages. It must hold just those that no tree
// uses: a page that is wrongly free would be written over.
func (w *walker) free() error {
	id := w.meta.freelist
	b, err := w.page(id, 0)
	if err != nil {
		return err
	}
	count, ids := uint64(native.Uint16(b[10:])), b[headerSize:]
	if native.Uint16(b[8:]) != freelistPage {
		return broken(id, "it is not the list of free pages")
	}
	if count == 0xFFFF {
		count, ids = native.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids))/8 {
		return broken(id, "the list of free pages is cut off")
	}
	for i := range count {
		free := native.Uint64(ids[8*i:])
		if free >= uint64(len(w.used)) || w.used[free] {
			return broken(free, "it is both free and used")
		}
		w.used[free] = true
	}
	if i := slices.Index(w.used, false); i >= 0 {
		return broken(uint64(i), "it is neither free nor used")
	}
	return nil
}

// log collects Cayley's log: values by their number, and links between them.
type log struct {
	numbers []uint64 // rising
	values  []quad.Value
	links   []link
}

// link is a quad, by the numbers of its values.
type link struct{ s, p, o, l uint64 }

func newLog() *log { return &log{} }

// take reads a Primitive of Cayley's, in which a value or a link stands.
func (l *log) take(key, b []byte) error {
	if len(key) != 8 {
		return errors.New("an entry of the log has no number")
	}
	var k link
	var value []byte
	deleted := false
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errors.New("an entry of the log is broken")
		}
		b = b[n:]
		switch kind {
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return errors.New("an entry of the log is broken")
			}
			b = b[n:]
			switch field {
			case 2:
				k.s = v
			case 3:
				k.p = v
			case 4:
				k.o = v
			case 5:
				k.l = v
			case 9:
				deleted = v != 0
			}
		case protowire.BytesType:
			v, n := protowire.ConsumeBytes(b)
			if n < 0 {
				return errors.New("an entry of the log is broken")
			}
			b = b[n:]
			if field == 8 {
				value = v
			}
		default:
			return errors.New("an entry of the log is broken")
		}
	}
	switch {
	case value != nil:
		v, err := decodeValue(value)
		if err != nil {
			return err
		}
		l.numbers = append(l.numbers, binary.BigEndian.Uint64(key))
		l.values = append(l.values, v)
	case !deleted:
		l.links = append(l.links, k)
	}
	return nil
}

// decodeValue reads a Value of package pquads. The record has strings (field
// 2) and IRIs (field 3) only.
func decodeValue(b []byte) (quad.Value, error) {
	field, kind, n := protowire.ConsumeTag(b)
	if n < 0 || kind != protowire.BytesType {
		return nil, errors.New("a value is broken")
	}
	v, m := protowire.ConsumeString(b[n:])
	if m < 0 || n+m != len(b) {
		return nil, errors.New("a value is broken")
	}
	switch field {
	case 2:
		return quad.String(v), nil
	case 3:
		return quad.IRI(v), nil
	}
	return nil, fmt.Errorf("a value of kind %d", field)
}

// value returns the look-up of values by number, which is a table unless most
// numbers are not in use any more.
func (l *log) value() func(uint64) quad.Value {
	if n := len(l.numbers); n > 0 && l.numbers[n-1] < uint64(8*n+1024) {
		table := make([]quad.Value, l.numbers[n-1]+1)
		for i, number := range l.numbers {
			table[number] = l.values[i]
		}
		return func(number uint64) quad.Value {
			if number >= uint64(len(table)) {
				return nil
			}
			return table[number]
		}
	}
	table := make(map[uint64]quad.Value, len(l.numbers))
	for i, number := range l.numbers {
		table[number] = l.values[i]
	}
	return func(number uint64) quad.Value { return table[number] }
}

func (l *log) quads() ([]quad.Quad, error) {
	value := l.value()
	out := make([]quad.Quad, len(l.links))
	for i, k := range l.links {
		q := quad.Quad{Subject: value(k.s), Predicate: value(k.p), Object: value(k.o), Label: value(k.l)}
		if q.Subject == nil || q.Predicate == nil || q.Object == nil || q.Label == nil {
			return nil, errors.New("a statement lacks a part")
		}
		out[i] = q
	}
	return out, nil
}

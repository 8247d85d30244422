package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cayleygraph/cayley/graph/kv"
	"github.com/cespare/xxhash/v2"
	hidalgo "github.com/hidal-go/hidalgo/kv"
	"go.etcd.io/bbolt"

	"github.com/mitigraph/mitigraph/graph/store"
)

// The buckets of a store: Cayley's, and the one of this package.
const (
	logBucket   = "log"  // Cayley's nodes and links, by their number
	metaBucket  = "meta" // Cayley's counters
	valueBucket = "v"    // from the hash of a value to the node
	refsBucket  = "n"    // from the hash of a value to how often it is used
	stateBucket = "mitigraph"
)

var buckets = []string{logBucket, metaBucket, valueBucket, refsBucket, "sp", "ops", stateBucket}

// stateKey is the only key of stateBucket. Its value is the format (4 bytes),
// the state's Writes and Sum, the sum of the other buckets' entries (8 each)
// and the hash of these 28 bytes, in little endian.
var stateKey = []byte("state")

const stateSize = 4 + 3*8 + 8

func encodeState(s store.State, sum uint64) []byte {
	b := make([]byte, 0, stateSize)
	b = binary.LittleEndian.AppendUint32(b, store.Format)
	b = binary.LittleEndian.AppendUint64(b, s.Writes)
	b = binary.LittleEndian.AppendUint64(b, s.Sum)
	b = binary.LittleEndian.AppendUint64(b, sum)
	return binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b))
}

func decodeState(b []byte) (s store.State, sum uint64, err error) {
	if len(b) < 4 {
		return s, 0, fmt.Errorf("%w: its state has %d bytes", store.ErrDamaged, len(b))
	}
	switch format := binary.LittleEndian.Uint32(b); {
	case len(b) == stateSize && xxhash.Sum64(b[:stateSize-8]) != binary.LittleEndian.Uint64(b[stateSize-8:]):
		return s, 0, fmt.Errorf("%w: its state does not match its checksum", store.ErrDamaged)
	case format > store.Format:
		return s, 0, fmt.Errorf("%w: format %d, this one reads %d", store.ErrNewer, format, store.Format)
	case format < store.Oldest:
		return s, 0, fmt.Errorf("%w: format %d, this one reads %d", store.ErrOlder, format, store.Oldest)
	case len(b) != stateSize:
		return s, 0, fmt.Errorf("%w: its state has %d bytes", store.ErrDamaged, len(b))
	}
	s.Writes = binary.LittleEndian.Uint64(b[4:])
	s.Sum = binary.LittleEndian.Uint64(b[12:])
	return s, binary.LittleEndian.Uint64(b[20:]), nil
}

// entryHash is what an entry adds to the sum.
func entryHash(d *xxhash.Digest, bucket string, key, value []byte) uint64 {
	d.Reset()
	_, _ = d.WriteString(bucket)
	_, _ = d.Write([]byte{0, byte(len(key)), byte(len(key) >> 8)})
	_, _ = d.Write(key)
	_, _ = d.Write(value)
	return d.Sum64()
}

// keyValue is bbolt as Cayley wants it. Between begin and commit all that
// Cayley does happens in one transaction of bbolt's, however many Cayley
// thinks it makes: it can't add and remove in one of its own, since a link
// that it adds loses the ends that occur more often in what it removes.
//
// It keeps the sum while Cayley writes, puts it and the state into the same
// transaction, and lets a context end it.
type keyValue struct {
	db     *bbolt.DB
	ctx    context.Context
	tx     *bbolt.Tx // the one that is open, nil outside of begin and commit
	broken bool      // part of it failed
	sum    uint64
	digest xxhash.Digest
	steps  int
}

func newKeyValue(db *bbolt.DB) *keyValue { return &keyValue{db: db, ctx: context.Background()} }

// begin opens the transaction of one write, which starts from a sum.
func (k *keyValue) begin(ctx context.Context, sum uint64) error {
	tx, err := k.db.Begin(true)
	if err != nil {
		return err
	}
	if b := tx.Bucket([]byte(logBucket)); b != nil {
		b.FillPercent = 1 // Cayley numbers its log, so nothing comes between later
	}
	k.ctx, k.tx, k.sum, k.broken = ctx, tx, sum, false
	return nil
}

// commit ends the write.
func (k *keyValue) commit(next store.State) error {
	if err := k.ctx.Err(); err != nil {
		return err
	}
	if k.broken {
		return errors.New("bolt: a part of the write failed")
	}
	if err := k.tx.Bucket([]byte(stateBucket)).Put(stateKey, encodeState(next, k.sum)); err != nil {
		return err
	}
	return k.tx.Commit()
}

// end gives back what begin took. After commit it does nothing to the file.
func (k *keyValue) end() {
	if k.tx != nil {
		_ = k.tx.Rollback() // says only that it is over already
	}
	k.ctx, k.tx = context.Background(), nil
}

// init makes an empty store.
func (k *keyValue) init() error {
	if err := k.begin(context.Background(), 0); err != nil {
		return err
	}
	defer k.end()
	for _, name := range buckets {
		if _, err := k.tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	if err := kv.Init(k, nil); err != nil {
		return err
	}
	return k.commit(store.State{})
}

// Close leaves the database to the store.
func (k *keyValue) Close() error { return nil }

func (k *keyValue) Tx(_ context.Context, writable bool) (hidalgo.Tx, error) {
	if k.tx != nil {
		return &transaction{kv: k, tx: k.tx, done: !writable}, nil
	}
	if writable {
		return nil, errors.New("bolt: a write outside of begin and commit")
	}
	tx, err := k.db.Begin(false)
	if err != nil {
		return nil, err
	}
	return &transaction{kv: k, tx: tx, own: true}, nil
}

func (k *keyValue) View(ctx context.Context, f func(hidalgo.Tx) error) error {
	return hidalgo.View(ctx, k, f)
}

func (k *keyValue) Update(ctx context.Context, f func(hidalgo.Tx) error) error {
	return hidalgo.Update(ctx, k, f)
}

// transaction is what Cayley takes for one.
type transaction struct {
	kv   *keyValue
	tx   *bbolt.Tx
	own  bool // a reading one of its own
	done bool // committed, or nothing to commit
}

// place turns Cayley's key into a bucket and a key in it.
func place(k hidalgo.Key) (bucket string, key []byte, err error) {
	if len(k) != 2 || len(k[0]) == 0 {
		return "", nil, fmt.Errorf("bolt: a key of %d parts", len(k))
	}
	if first := k[0][0]; len(k[0]) == 3 && (first == valueBucket[0] || first == refsBucket[0]) {
		return string(first), k[1], nil
	}
	return string(k[0]), k[1], nil
}

// step ends a transaction whose context ended.
func (t *transaction) step() error {
	if t.kv.steps++; t.kv.steps%64 == 0 {
		return t.kv.ctx.Err()
	}
	return nil
}

func (t *transaction) get(k hidalgo.Key) ([]byte, error) {
	if err := t.step(); err != nil {
		return nil, err
	}
	name, key, err := place(k)
	if err != nil {
		return nil, err
	}
	if b := t.tx.Bucket([]byte(name)); b != nil {
		return b.Get(key), nil
	}
	return nil, nil
}

func (t *transaction) Get(_ context.Context, k hidalgo.Key) (hidalgo.Value, error) {
	v, err := t.get(k)
	if err == nil && v == nil {
		err = hidalgo.ErrNotFound
	}
	return v, err
}

func (t *transaction) GetBatch(_ context.Context, keys []hidalgo.Key) ([]hidalgo.Value, error) {
	out := make([]hidalgo.Value, len(keys))
	for i, k := range keys {
		v, err := t.get(k)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func (t *transaction) Put(_ context.Context, k hidalgo.Key, v hidalgo.Value) error {
	return t.change(k, v)
}

func (t *transaction) Del(_ context.Context, k hidalgo.Key) error { return t.change(k, nil) }

// change puts a value, or with nil takes it out, and keeps the sum.
func (t *transaction) change(k hidalgo.Key, v []byte) error {
	if err := t.step(); err != nil {
		return err
	}
	if len(k) == 2 && len(k[1]) == 0 {
		return nil // Cayley makes its buckets so; init has made them
	}
	name, key, err := place(k)
	if err != nil {
		return err
	}
	b := t.tx.Bucket([]byte(name))
	if b == nil {
		return fmt.Errorf("bolt: no bucket %q", name)
	}
	if old := b.Get(key); old != nil {
		t.kv.sum -= entryHash(&t.kv.digest, name, key, old)
	}
	if v == nil {
		return b.Delete(key)
	}
	t.kv.sum += entryHash(&t.kv.digest, name, key, v)
	return b.Put(key, v)
}

// Scan is for Cayley's queries, which do not run on the file.
func (t *transaction) Scan(context.Context, ...hidalgo.IteratorOption) hidalgo.Iterator {
	return noScan{}
}

type noScan struct{}

var errNoScan = errors.New("bolt: queries run on the graph, not on the file")

func (noScan) Reset()                    {}
func (noScan) Next(context.Context) bool { return false }
func (noScan) Err() error                { return errNoScan }
func (noScan) Close() error              { return nil }
func (noScan) Key() hidalgo.Key          { return nil }
func (noScan) Val() hidalgo.Value        { return nil }

func (t *transaction) Commit(context.Context) error {
	t.done = true
	return nil
}

func (t *transaction) Close() error {
	switch {
	case t.own:
		t.own = false
		return t.tx.Rollback()
	case !t.done:
		t.kv.broken = true
	}
	return nil
}

package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	cayley "github.com/cayleygraph/cayley/graph"
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
	case format < store.Format:
		return s, 0, fmt.Errorf("%w: format %d, this one reads %d", store.ErrOlder, format, store.Format)
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

// keyValue is bbolt as Cayley wants it. It keeps the sum while Cayley writes,
// puts it and the state into the same transaction, and lets a context end it.
type keyValue struct {
	db   *bbolt.DB
	ctx  context.Context
	next store.State
	sum  uint64
}

func newKeyValue(db *bbolt.DB) *keyValue { return &keyValue{db: db, ctx: context.Background()} }

// begin prepares for the one write transaction that follows.
func (k *keyValue) begin(ctx context.Context, next store.State, sum uint64) {
	k.ctx, k.next, k.sum = ctx, next, sum
}

// init makes an empty store.
func (k *keyValue) init() error {
	err := k.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = kv.Init(k, nil)
	if errors.Is(err, cayley.ErrDatabaseExists) {
		return nil
	}
	return err
}

// Close leaves the database to the store.
func (k *keyValue) Close() error { return nil }

func (k *keyValue) Tx(_ context.Context, writable bool) (hidalgo.Tx, error) {
	tx, err := k.db.Begin(writable)
	if err != nil {
		return nil, err
	}
	t := &transaction{kv: k, tx: tx, sum: k.sum}
	if writable {
		// Cayley numbers its log; full pages waste nothing there.
		if b := tx.Bucket([]byte(logBucket)); b != nil {
			b.FillPercent = 1
		}
	}
	return t, nil
}

func (k *keyValue) View(ctx context.Context, f func(hidalgo.Tx) error) error {
	return hidalgo.View(ctx, k, f)
}

func (k *keyValue) Update(ctx context.Context, f func(hidalgo.Tx) error) error {
	return hidalgo.Update(ctx, k, f)
}

type transaction struct {
	kv     *keyValue
	tx     *bbolt.Tx
	sum    uint64
	digest xxhash.Digest
	steps  int
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
	if t.steps++; t.steps%64 == 0 {
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
		t.sum -= entryHash(&t.digest, name, key, old)
	}
	if v == nil {
		return b.Delete(key)
	}
	t.sum += entryHash(&t.digest, name, key, v)
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
	if err := t.kv.ctx.Err(); err != nil {
		return err
	}
	if b := t.tx.Bucket([]byte(stateBucket)); t.tx.Writable() && b != nil {
		if err := b.Put(stateKey, encodeState(t.kv.next, t.sum)); err != nil {
			return err
		}
	}
	if err := t.tx.Commit(); err != nil {
		return err
	}
	t.kv.sum = t.sum
	return nil
}

func (t *transaction) Close() error {
	err := t.tx.Rollback()
	if errors.Is(err, bbolt.ErrTxClosed) {
		return nil // after Commit
	}
	return err
}

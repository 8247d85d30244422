package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/cayleygraph/cayley/graph/refs"
	"github.com/cayleygraph/quad"
	"github.com/jackc/pgx/v5"

	"github.com/mitigraph/mitigraph/graph/store"
)

// value is a row of Cayley's nodes.
type value struct {
	quad.Value
	refs, used int64 // how often it says that it is used, and how often it is
}

// read returns the quads and makes sure that they are whole.
func read(ctx context.Context, conn *pgx.Conn) ([]quad.Quad, store.State, error) {
	state, err := stamp(ctx, conn)
	if err != nil {
		return nil, store.State{}, err
	}
	values, err := readValues(ctx, conn)
	if err != nil {
		return nil, store.State{}, noStore(err)
	}
	quads, err := readQuads(ctx, conn, values)
	if err != nil {
		return nil, store.State{}, noStore(err)
	}
	if wrong := miscounted(values); len(wrong) > 0 {
		return nil, store.State{}, damaged("%s", wrong[0])
	}
	sum := uint64(0)
	for _, q := range quads {
		sum += store.Hash(q)
	}
	if sum != state.Sum {
		return nil, store.State{}, damaged("what it holds does not match its checksum")
	}
	return quads, state, nil
}

// miscounted says which values are used more or less often than they say, in
// the order of what is said, so that a store is always told damaged alike.
func miscounted(values map[refs.ValueHash]*value) []string {
	var wrong []string
	for _, v := range values {
		if v.refs != v.used {
			wrong = append(wrong, fmt.Sprintf("%s is used %d times, not %d", brief(v.Value), v.used, v.refs))
		}
	}
	slices.Sort(wrong)
	return wrong
}

func readValues(ctx context.Context, conn *pgx.Conn) (map[refs.ValueHash]*value, error) {
	rows, err := conn.Query(ctx, `SELECT hash, refs, value_string, iri,
		value IS NULL AND datatype IS NULL AND language IS NULL AND bnode IS NULL AND value_int IS NULL
			AND value_bool IS NULL AND value_float IS NULL AND value_time IS NULL
		FROM nodes`)
	if err != nil {
		return nil, err
	}
	values := map[refs.ValueHash]*value{}
	var key []byte
	var text *string
	var iri *bool
	var plain bool
	var uses int64
	_, err = pgx.ForEachRow(rows, []any{&key, &uses, &text, &iri, &plain}, func() error {
		hash, ok := hashOf(key)
		if !ok || text == nil || !plain {
			return damaged("the value %x is of a kind that it cannot hold", key)
		}
		v := &value{Value: quad.String(*text), refs: uses}
		if iri != nil && *iri {
			v.Value = quad.IRI(*text)
		}
		if refs.HashOf(v.Value) != hash {
			return damaged("the value %x is %s", key, brief(v.Value))
		}
		values[hash] = v
		return nil
	})
	return values, err
}

func readQuads(ctx context.Context, conn *pgx.Conn, values map[refs.ValueHash]*value) ([]quad.Quad, error) {
	rows, err := conn.Query(ctx, `SELECT subject_hash, predicate_hash, object_hash, label_hash FROM quads ORDER BY horizon`)
	if err != nil {
		return nil, err
	}
	var quads []quad.Quad
	var s, p, o, l []byte
	find := func(key []byte) (quad.Value, error) {
		hash, _ := hashOf(key)
		v := values[hash]
		if v == nil {
			return nil, damaged("a statement refers to the value %x, which is missing", key)
		}
		v.used++
		return v.Value, nil
	}
	_, err = pgx.ForEachRow(rows, []any{&s, &p, &o, &l}, func() (err error) {
		var q quad.Quad
		if q.Subject, err = find(s); err != nil {
			return err
		}
		if q.Predicate, err = find(p); err != nil {
			return err
		}
		if q.Object, err = find(o); err != nil {
			return err
		}
		if q.Label, err = find(l); err != nil {
			return err
		}
		quads = append(quads, q)
		return nil
	})
	return quads, err
}

func hashOf(key []byte) (h refs.ValueHash, ok bool) {
	return h, copy(h[:], key) == len(h) && len(key) == len(h)
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", store.ErrDamaged, fmt.Sprintf(format, args...))
}

// brief shows the beginning of a value.
func brief(v quad.Value) string {
	const most = 80
	s := v.String()
	if len(s) > most {
		s = s[:most] + "..."
	}
	return fmt.Sprintf("%q", s)
}

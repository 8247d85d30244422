package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/postgres"
)

// A store that someone changed behind this package's back is told when it is
// opened or read, also by who had it open before.
func TestChangedByOthers(t *testing.T) {
	for _, c := range []struct {
		name, sql string
		want      error
		says      string
	}{
		{"an older format", `UPDATE mitigraph SET format = 0`, store.ErrOlder, "format 0, this one reads 1"},
		{"a newer format", `UPDATE mitigraph SET format = 3`, store.ErrNewer, "format 3, this one reads 2"},
		{"a newer format with other columns", `UPDATE mitigraph SET format = 3; ALTER TABLE mitigraph DROP COLUMN sum`, store.ErrNewer, "format 3"},
		{"a statement deleted", `DELETE FROM quads WHERE horizon = 5`, store.ErrDamaged, "is used 0 times, not 1"},
		{"all statements deleted", `TRUNCATE quads`, store.ErrDamaged, "is used 0 times"},
		{"a statement changed", `UPDATE quads SET object_hash = (SELECT subject_hash FROM quads WHERE horizon = 6) WHERE horizon = 5`, store.ErrDamaged, "times, not"},
		{"two statements changed", `UPDATE quads SET object_hash = CASE horizon
			WHEN 5 THEN (SELECT object_hash FROM quads WHERE horizon = 6) ELSE (SELECT object_hash FROM quads WHERE horizon = 5) END
			WHERE horizon IN (5, 6)`, store.ErrDamaged, "checksum"},
		{"a statement added", `INSERT INTO quads (horizon, subject_hash, predicate_hash, object_hash, label_hash)
			SELECT 1000, object_hash, predicate_hash, subject_hash, label_hash FROM quads WHERE horizon = 5;
			UPDATE nodes SET refs = refs + 1 WHERE hash IN (SELECT unnest(ARRAY[subject_hash, predicate_hash, object_hash, label_hash]) FROM quads WHERE horizon = 5)`, store.ErrDamaged, "checksum"},
		{"a label missing", `UPDATE quads SET label_hash = NULL WHERE horizon = 5`, store.ErrDamaged, "missing"},
		{"a value deleted", `DELETE FROM nodes WHERE value_string = '{"id":"F-5"}'`, store.ErrDamaged, "is missing"},
		{"a value changed", `UPDATE nodes SET value_string = '{"id":"F-6 "}' WHERE value_string = '{"id":"F-6"}'`, store.ErrDamaged, `F-6 `},
		{"a value of another kind", `UPDATE nodes SET iri = TRUE WHERE value_string = '{"id":"F-6"}'`, store.ErrDamaged, "F-6"},
		{"a value with a language", `UPDATE nodes SET language = 'en' WHERE value_string = '{"id":"F-6"}'`, store.ErrDamaged, "kind"},
		{"a value without text", `UPDATE nodes SET value_string = NULL, value_int = 7 WHERE value_string = '{"id":"F-6"}'`, store.ErrDamaged, "kind"},
		{"a value added", `INSERT INTO nodes (hash, refs, value_string) VALUES (decode('0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33', 'hex'), 0, 'x')`, store.ErrDamaged, ""},
		{"a hash changed", `UPDATE nodes SET hash = decode('00', 'hex') WHERE value_string = '{"id":"F-6"}'`, store.ErrDamaged, ""},
		{"a count changed", `UPDATE nodes SET refs = refs - 1 WHERE value_string = 'rel:document'`, store.ErrDamaged, "is used 10 times, not 9"},
		{"the sum changed", `UPDATE mitigraph SET sum = sum + 1`, store.ErrDamaged, "checksum"},
		{"no state", `DELETE FROM mitigraph`, store.ErrDamaged, "0 states"},
		{"statements dropped", `DROP TABLE quads`, store.ErrDamaged, ""},
		{"values dropped", `DROP TABLE nodes`, store.ErrDamaged, ""},
		{"a column dropped", `ALTER TABLE nodes DROP COLUMN iri`, store.ErrForeign, "iri"},
	} {
		t.Run(c.name, func(t *testing.T) {
			schema := newSchema(t)
			s := open(t, schema)
			state := write(t, s, store.State{}, nil, some(0, 10))
			newAdmin(t).exec(`SET search_path = ` + schema + `; ` + c.sql)
			_, _, err := s.Read(t.Context())
			if assert.ErrorIs(t, err, c.want) {
				assert.ErrorContains(t, err, c.says)
				assert.ErrorContains(t, err, "schema "+schema)
			}
			if c.want != store.ErrDamaged && c.want != store.ErrForeign {
				_, err = s.State(t.Context())
				assert.ErrorIs(t, err, c.want)
				_, err = s.Write(t.Context(), state, nil, some(20, 3))
				assert.ErrorIs(t, err, c.want)
			}
			again, err := postgres.Open(t.Context(), server(t), postgres.Options{Schema: schema})
			if err == nil {
				_, _, err = again.Read(t.Context())
				require.NoError(t, again.Close())
			}
			assert.ErrorIs(t, err, c.want)
		})
	}
}

// A store of an older format that is still read becomes one of this format
// with the next write, so that no older program takes it for damaged.
func TestOlderFormatIsRaised(t *testing.T) {
	schema := newSchema(t)
	s := open(t, schema)
	state := write(t, s, store.State{}, nil, some(0, 10))
	newAdmin(t).exec(`SET search_path = ` + schema + fmt.Sprintf(`; UPDATE mitigraph SET format = %d`, store.Oldest))
	quads, now, err := s.Read(t.Context())
	require.NoError(t, err)
	assert.Len(t, quads, 10)
	assert.Equal(t, state, now)
	write(t, s, state, nil, some(20, 3))
	newAdmin(t).exec(`SET search_path = ` + schema + fmt.Sprintf(`; DELETE FROM mitigraph WHERE format = %d`, store.Format))
	_, _, err = s.Read(t.Context())
	assert.ErrorContains(t, err, "0 states", "the write raised the format, so that the row was found")
}

// What something else made is never taken for a store, nor changed.
func TestForeign(t *testing.T) {
	for name, sql := range map[string]string{
		"a table called nodes":              `CREATE TABLE nodes (id INT)`,
		"a table called quads":              `CREATE TABLE quads (id INT)`,
		"a view called nodes":               `CREATE VIEW nodes AS SELECT 1 AS id`,
		"a table called mitigraph":          `CREATE TABLE mitigraph (id INT)`,
		"a table with a format":             `CREATE TABLE mitigraph (format TEXT); INSERT INTO mitigraph VALUES ('PDF')`,
		"a sequence called mitigraph":       `CREATE SEQUENCE mitigraph`,
		"Cayley's tables without our state": `CREATE TABLE nodes (hash BYTEA, refs INT); CREATE TABLE quads (horizon BIGINT)`,
	} {
		t.Run(name, func(t *testing.T) {
			schema, a := newSchema(t), newAdmin(t)
			a.exec(`CREATE SCHEMA ` + schema + `; SET search_path = ` + schema + `; ` + sql)
			count := func() (n int) {
				err := a.conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_class WHERE relnamespace = $1::regnamespace`, schema).Scan(&n)
				require.NoError(t, err)
				return n
			}
			before := count()
			_, err := postgres.Open(t.Context(), server(t), postgres.Options{Schema: schema})
			assert.ErrorIs(t, err, store.ErrForeign)
			assert.False(t, errors.Is(err, store.ErrDamaged))
			assert.Equal(t, before, count())
		})
	}
}

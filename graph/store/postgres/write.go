package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode/utf8"

	cayley "github.com/cayleygraph/cayley/graph"
	graphlog "github.com/cayleygraph/cayley/graph/log"
	csql "github.com/cayleygraph/cayley/graph/sql"
	"github.com/cayleygraph/quad"
	"github.com/jackc/pgx/v5"
)

// flavor is the kind of database that Cayley takes this one for, and the name
// of the driver that it is given.
const flavor = "mitigraph-postgres"

func init() {
	csql.Register(flavor, csql.Registration{
		Driver:      flavor,
		HashType:    `BYTEA`,
		BytesType:   `BYTEA`,
		HorizonType: `BIGSERIAL`,
		TimeType:    `timestamp with time zone`,
		QueryDialect: csql.QueryDialect{
			RegexpOp:    "~",
			FieldQuote:  func(name string) string { return pgx.Identifier{name}.Sanitize() },
			Placeholder: func(n int) string { return fmt.Sprintf("$%d", n) },
		},
		ConditionalIndexes: true,
		NoForeignKeys:      true, // a write would take twice as long; reading finds what they prevent
		RunTx:              insert,
	})
}

// apply lets Cayley take quads out and put others in.
func apply(ctx context.Context, conn *pgx.Conn, remove, add []quad.Quad) error {
	deltas := make([]cayley.Delta, 0, len(remove)+len(add))
	for _, q := range remove {
		deltas = append(deltas, cayley.Delta{Quad: q, Action: cayley.Delete})
	}
	for i, q := range add {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for _, d := range quad.Directions {
			if err := check(q.Get(d)); err != nil {
				return fmt.Errorf("quad %d to add: its %s is %w", i, d, err)
			}
		}
		deltas = append(deltas, cayley.Delta{Quad: q, Action: cayley.Add})
	}
	return withCayley(ctx, conn, func(addr string) error {
		quads, err := csql.New(flavor, addr, nil)
		if err != nil {
			return err
		}
		defer quads.Close()
		return quads.ApplyDeltas(deltas, cayley.IgnoreOpts{})
	})
}

// check makes sure that a value comes back as it is.
func check(v quad.Value) error {
	var s string
	switch v := v.(type) {
	case quad.IRI:
		s = string(v)
	case quad.String:
		s = string(v)
	default:
		return fmt.Errorf("a %T, which no store keeps", v)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("a text with a NUL, which PostgreSQL cannot keep: %s", brief(v))
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("no valid UTF-8: %s", brief(v))
	}
	return nil
}

// Rows go in by the array, not one by one: so many and so much at a time.
const (
	maxRows  = 2000
	maxBytes = 1 << 20
)

const (
	insertIRIs = `INSERT INTO nodes (refs, hash, value_string, iri)
		SELECT r, h, t, TRUE FROM unnest($1::INT[], $2::BYTEA[], $3::TEXT[]) AS u (r, h, t)
		ON CONFLICT (hash) DO UPDATE SET refs = nodes.refs + EXCLUDED.refs`
	insertStrings = `INSERT INTO nodes (refs, hash, value_string)
		SELECT r, h, t FROM unnest($1::INT[], $2::BYTEA[], $3::TEXT[]) AS u (r, h, t)
		ON CONFLICT (hash) DO UPDATE SET refs = nodes.refs + EXCLUDED.refs`
	// The numbers that say the order are counted here. A sequence would not do:
	// CockroachDB's are in no order where several of its servers write.
	insertQuads = `INSERT INTO quads (horizon, subject_hash, predicate_hash, object_hash, label_hash, ts)
		SELECT (SELECT coalesce(max(horizon), 0) FROM quads) + n, s, p, o, l, now()
		FROM unnest($1::BYTEA[], $2::BYTEA[], $3::BYTEA[], $4::BYTEA[]) WITH ORDINALITY AS u (s, p, o, l, n)`
)

// insert is the part of Cayley's writing that it leaves to each database.
func insert(tx *sql.Tx, nodes []graphlog.NodeUpdate, quads []graphlog.QuadUpdate, _ cayley.IgnoreOpts) error {
	iris, texts := &nodeRows{query: insertIRIs}, &nodeRows{query: insertStrings}
	for _, n := range nodes {
		rows := texts
		if _, ok := n.Val.(quad.IRI); ok {
			rows = iris
		}
		if err := rows.add(tx, n); err != nil {
			return err
		}
	}
	for _, rows := range []*nodeRows{iris, texts} {
		if err := rows.send(tx); err != nil {
			return err
		}
	}
	for len(quads) > 0 {
		n := min(len(quads), maxRows)
		var columns [4][][]byte
		for _, q := range quads[:n] {
			for i, h := range q.Quad.Dirs() {
				columns[i] = append(columns[i], h[:])
			}
		}
		if _, err := tx.Exec(insertQuads, columns[0], columns[1], columns[2], columns[3]); err != nil {
			return err
		}
		quads = quads[n:]
	}
	return nil
}

// nodeRows are values to insert, or to count again.
type nodeRows struct {
	query  string
	refs   []int64
	hashes [][]byte
	texts  []string
	size   int
}

func (r *nodeRows) add(tx *sql.Tx, n graphlog.NodeUpdate) error {
	hash := csql.NodeHash{ValueHash: n.Hash}
	_, columns, err := csql.NodeValues(hash, n.Val)
	if err != nil {
		return err
	}
	text := columns[1].(string)
	r.refs = append(r.refs, int64(n.RefInc))
	r.hashes = append(r.hashes, n.Hash[:])
	r.texts = append(r.texts, text)
	if r.size += len(text); r.size < maxBytes && len(r.refs) < maxRows {
		return nil
	}
	return r.send(tx)
}

func (r *nodeRows) send(tx *sql.Tx) error {
	if len(r.refs) == 0 {
		return nil
	}
	_, err := tx.Exec(r.query, r.refs, r.hashes, r.texts)
	*r = nodeRows{query: r.query}
	return err
}

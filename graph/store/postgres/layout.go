package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	csql "github.com/cayleygraph/cayley/graph/sql"
	"github.com/jackc/pgx/v5"

	"github.com/mitigraph/mitigraph/graph/store"
)

// The tables of a store: Cayley's, and the one of this package.
const (
	nodesTable = "nodes"
	quadsTable = "quads"
	stateTable = "mitigraph"
)

// createState makes the table of this package. Its one row has the format and
// the state, whose unsigned numbers are kept by their bits.
const createState = `CREATE TABLE mitigraph (
	one BOOLEAN PRIMARY KEY CHECK (one),
	format BIGINT NOT NULL,
	writes BIGINT NOT NULL,
	sum BIGINT NOT NULL
)`

// look reports whether the schema has a store of this format.
func look(ctx context.Context, conn *pgx.Conn, schema string) (bool, error) {
	found, err := tables(ctx, conn, schema)
	switch {
	case err != nil || len(found) == 0:
		return false, err
	case !slices.Contains(found, stateTable):
		return false, fmt.Errorf("%w: something else made the table %s", store.ErrForeign, found[0])
	}
	if _, err := stamp(ctx, conn); sqlState(err) == undefinedTable {
		return false, fmt.Errorf("%w: it may not use the schema", ErrPermission)
	} else if err != nil {
		return false, err
	}
	if len(found) != 3 {
		return false, fmt.Errorf("%w: of its three tables it has only %s", store.ErrDamaged, strings.Join(found, " and "))
	}
	return true, nil
}

// tables lists those of a store that the schema has.
func tables(ctx context.Context, conn *pgx.Conn, schema string) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT c.relname::TEXT FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname::TEXT = $1 AND c.relname::TEXT IN ('mitigraph', 'nodes', 'quads') ORDER BY 1`, schema)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// create makes the tables, and the schema if there is none.
func create(ctx context.Context, conn *pgx.Conn, schema string) error {
	var known bool
	err := conn.QueryRow(ctx, `SELECT count(*) > 0 FROM pg_catalog.pg_namespace WHERE nspname::TEXT = $1`, schema).Scan(&known)
	if err != nil {
		return err
	}
	if !known {
		if _, err := conn.Exec(ctx, `CREATE SCHEMA `+pgx.Identifier{schema}.Sanitize()); err != nil {
			return err
		}
	}
	if _, err := conn.Exec(ctx, createState); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `INSERT INTO mitigraph (one, format, writes, sum) VALUES (TRUE, $1, 0, 0)`, store.Format); err != nil {
		return err
	}
	return withCayley(ctx, conn, func(addr string) error { return csql.Init(flavor, addr, nil) })
}

// madeByAnother reports whether making failed because someone else did it:
// duplicate_schema, duplicate_table, unique_violation (of the catalogue).
func madeByAnother(err error) bool {
	return slices.Contains([]string{"42P06", "42P07", "23505"}, sqlState(err)) || repeatable(err)
}

// stamp returns the state.
func stamp(ctx context.Context, conn *pgx.Conn) (store.State, error) {
	// The format stands alone: another one may have other columns.
	rows, err := conn.Query(ctx, `SELECT format FROM mitigraph`)
	if err != nil {
		return store.State{}, noStore(err)
	}
	formats, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	switch {
	case err != nil:
		return store.State{}, noStore(err)
	case len(formats) != 1:
		return store.State{}, fmt.Errorf("%w: it has %d states", store.ErrDamaged, len(formats))
	case formats[0] < store.Oldest:
		return store.State{}, fmt.Errorf("%w: format %d, this one reads %d", store.ErrOlder, formats[0], store.Oldest)
	case formats[0] > store.Format:
		return store.State{}, fmt.Errorf("%w: format %d, this one reads %d", store.ErrNewer, formats[0], store.Format)
	}
	var writes, sum int64
	err = conn.QueryRow(ctx, `SELECT writes, sum FROM mitigraph`).Scan(&writes, &sum)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.State{}, fmt.Errorf("%w: it has no state", store.ErrDamaged)
	}
	if err != nil {
		return store.State{}, noStore(err)
	}
	return store.State{Writes: uint64(writes), Sum: uint64(sum)}, nil
}

const (
	undefinedTable  = "42P01"
	undefinedColumn = "42703"
	wrongObjectType = "42809"
)

// noStore tells what it means that the server does not find a table or column,
// or finds another type.
func noStore(err error) error {
	switch sqlState(err) {
	case undefinedTable:
		return fmt.Errorf("%w: a table is missing: %w", store.ErrDamaged, err)
	case undefinedColumn, wrongObjectType:
		return fmt.Errorf("%w: something else made its table: %w", store.ErrForeign, err)
	}
	var scan pgx.ScanArgError
	if errors.As(err, &scan) {
		return fmt.Errorf("%w: something else made its table: %w", store.ErrForeign, err)
	}
	return err
}

// move takes the record from one state to the next. The row that it changes
// stays locked until the transaction ends, so that writers wait here.
func move(ctx context.Context, conn *pgx.Conn, was, next store.State) error {
	tag, err := conn.Exec(ctx, `UPDATE mitigraph SET writes = $1, sum = $2, format = $3 WHERE format >= $4 AND format <= $3 AND writes = $5 AND sum = $6`,
		int64(next.Writes), int64(next.Sum), store.Format, store.Oldest, int64(was.Writes), int64(was.Sum))
	if err != nil {
		return noStore(err)
	}
	if tag.RowsAffected() == 1 {
		return nil
	}
	if _, err := stamp(ctx, conn); err != nil {
		return err
	}
	return store.ErrConflict
}

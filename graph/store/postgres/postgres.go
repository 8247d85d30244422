package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/cayleygraph/quad"
	"github.com/jackc/pgx/v5"

	"github.com/mitigraph/mitigraph/graph/store"
)

// Options say where in a database a graph is and how it is opened. The zero
// value opens what the connection string names, to read and write.
type Options struct {
	// Schema is the schema that holds the graph. It is made if there is none.
	// Empty means the first of the search_path, which the connection string
	// may set and which is public by default.
	Schema string
	// ReadOnly opens a graph to read, also on a standby and by a user who may
	// do no more: nothing is made, and where there is no store the error is
	// [fs.ErrNotExist]. Writing gives [store.ErrReadOnly].
	ReadOnly bool
}

// Open opens a store in a database, or makes it there. The connection string is
// a URL, postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full, or a
// list, host=HOST dbname=DATABASE; what it leaves out comes from the variables
// and files that libpq knows, such as PGHOST and ~/.pgpass. A connection attempt
// takes at most ten seconds, unless connect_timeout says otherwise.
//
// The error says which of the errors here or in package store it is, names the
// address but never the password, and is the context's when that ended first.
// Tables that something else made are never changed.
func Open(ctx context.Context, dsn string, o Options) (store.Store, error) {
	config, err := parseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &database{pool: newPool(config), name: address(config, o.Schema), schema: o.Schema, readOnly: o.ReadOnly}
	if err := s.open(ctx); err != nil {
		s.pool.close()
		return nil, named(ctx, s.name, err)
	}
	return s, nil
}

// database is a store in a schema of a database.
type database struct {
	pool         *pool
	name, schema string
	readOnly     bool
}

// open finds the schema, holds all connections to it, and makes the tables.
func (s *database) open(ctx context.Context) error {
	conn, err := s.pool.get(ctx)
	if err != nil {
		return err
	}
	defer s.pool.put(conn)
	if e := conn.PgConn().ParameterStatus("server_encoding"); e != "UTF8" {
		return fmt.Errorf("the database is encoded in %s, and a graph needs UTF8", e)
	}
	if s.schema == "" {
		var first *string
		if err := conn.QueryRow(ctx, `SELECT current_schema()`).Scan(&first); err != nil {
			return err
		}
		if first == nil {
			return fmt.Errorf("%w: the search_path names no schema that it may use", ErrPermission)
		}
		s.schema = *first
	}
	s.name = address(s.pool.config, s.schema)
	path := pgx.Identifier{s.schema}.Sanitize()
	s.pool.config.RuntimeParams["search_path"] = path
	if _, err := conn.Exec(ctx, `SELECT set_config('search_path', $1, false)`, path); err != nil {
		return err
	}
	// Where several make the tables at once, all but one fail and look again.
	for try := 1; ; try++ {
		found, err := look(ctx, conn, s.schema)
		switch {
		case err != nil:
			return err
		case found:
			return nil
		case s.readOnly:
			return fmt.Errorf("%w: there is no store", fs.ErrNotExist)
		}
		if conn.PgConn().ParameterStatus("crdb_version") != "" {
			// CockroachDB would commit before each table. Its older versions,
			// which do not, do not know the setting either.
			_, _ = conn.Exec(ctx, `SET autocommit_before_ddl = off`)
		}
		err = s.transaction(ctx, conn, making, func() error { return create(ctx, conn, s.schema) })
		if err == nil {
			return nil
		}
		if !madeByAnother(err) || try == tries {
			return err
		}
	}
}

func (s *database) Read(ctx context.Context) (quads []quad.Quad, state store.State, err error) {
	err = s.transact(ctx, reading, func(conn *pgx.Conn) (err error) {
		quads, state, err = read(ctx, conn)
		return err
	})
	if err != nil {
		return nil, store.State{}, named(ctx, s.name, err)
	}
	return quads, state, nil
}

func (s *database) State(ctx context.Context) (store.State, error) {
	conn, err := s.pool.get(ctx)
	if err != nil {
		return store.State{}, named(ctx, s.name, err)
	}
	defer s.pool.put(conn)
	state, err := stamp(ctx, conn)
	if err != nil {
		return store.State{}, named(ctx, s.name, lost(conn, err))
	}
	return state, nil
}

func (s *database) Write(ctx context.Context, was store.State, remove, add []quad.Quad) (store.State, error) {
	if s.readOnly {
		if s.pool.isClosed() {
			return store.State{}, named(ctx, s.name, store.ErrClosed)
		}
		return store.State{}, named(ctx, s.name, store.ErrReadOnly)
	}
	next := was.After(remove, add)
	err := s.transact(ctx, writing, func(conn *pgx.Conn) error {
		if err := move(ctx, conn, was, next); err != nil {
			return err
		}
		return apply(ctx, conn, remove, add)
	})
	if err != nil {
		return store.State{}, named(ctx, s.name, err)
	}
	return next, nil
}

func (s *database) Close() error {
	s.pool.close()
	return nil
}

var (
	writing = pgx.TxOptions{IsoLevel: pgx.ReadCommitted}
	reading = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	making  = pgx.TxOptions{IsoLevel: pgx.Serializable} // CockroachDB makes tables in no other
)

const (
	// tries is how often a transaction that others get in the way of is begun.
	tries = 10
	// patience is how long the answer to COMMIT is waited for when the context
	// has ended.
	patience = 5 * time.Second
)

// transact runs a transaction, again where another one got in its way.
func (s *database) transact(ctx context.Context, o pgx.TxOptions, f func(*pgx.Conn) error) error {
	conn, err := s.pool.get(ctx)
	if err != nil {
		return err
	}
	defer s.pool.put(conn)
	for try := 1; ; try++ {
		err := s.transaction(ctx, conn, o, func() error { return f(conn) })
		switch sqlState(err) {
		case undefinedTable, undefinedColumn:
			// Another format may have others. That is asked for outside of the
			// transaction, which the error ended.
			if _, e := stamp(ctx, conn); e != nil {
				return e
			}
		}
		if !repeatable(err) || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 10 * time.Millisecond):
		}
	}
}

// transaction runs one, and takes it back if anything fails.
func (s *database) transaction(ctx context.Context, conn *pgx.Conn, o pgx.TxOptions, f func() error) error {
	tx, err := conn.BeginTx(ctx, o)
	if err == nil {
		err = f()
	}
	if err == nil {
		err = ctx.Err()
	}
	err = lost(conn, err)
	switch {
	case err == nil && o.AccessMode != pgx.ReadOnly:
		return commit(ctx, tx)
	case tx != nil && !conn.IsClosed():
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		_ = tx.Rollback(ctx) // a connection on which that fails is not used again
	}
	return err
}

// commit ends a transaction. It goes on a little when the context ends, lest
// nobody knows what became of it.
func commit(ctx context.Context, tx pgx.Tx) error {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(patience, cancel) })
	defer stop()
	err := tx.Commit(late)
	if err == nil || errors.Is(err, pgx.ErrTxCommitRollback) || definite(err) {
		return err
	}
	return fmt.Errorf("%w: %w: %w", ErrUnknown, ErrLost, err)
}

package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Cayley's SQL writer opens the database itself, begins and commits itself, and
// passes no context. So it is given a driver whose database is the present
// transaction: opening finds it by a number, beginning and committing do
// nothing, and every statement has the context of the call.
//
// Statements are sent many at a time. Cayley sends one for each quad that it
// takes out and waits for the number of rows; it is told the one that it
// expects, and what the server says is checked when it comes. The first failure
// ends the sending; it is kept until Cayley is through.

func init() { sql.Register(flavor, cayleyDriver{}) }

// sessions are the transactions that Cayley works in, by number.
var (
	sessions    sync.Map // from string to *session
	lastSession atomic.Uint64
)

// session is a transaction that Cayley works in.
type session struct {
	ctx   context.Context
	conn  *pgx.Conn
	batch *pgx.Batch
	size  int
	err   error // the first failure
}

// maxBatch is how many statements go to the server at once.
const maxBatch = 1000

// withCayley lets Cayley work in the connection's transaction. The address is
// what it must be given.
func withCayley(ctx context.Context, conn *pgx.Conn, f func(addr string) error) error {
	s := &session{ctx: ctx, conn: conn, batch: &pgx.Batch{}}
	addr := strconv.FormatUint(lastSession.Add(1), 10)
	sessions.Store(addr, s)
	defer sessions.Delete(addr)
	err := f(addr)
	if s.err == nil {
		s.send()
	}
	if s.err != nil {
		return s.err
	}
	return err
}

// run takes a statement.
func (s *session) run(query string, args []any) {
	if s.err != nil {
		return
	}
	if s.err = s.ctx.Err(); s.err != nil {
		return
	}
	if len(args) == 0 { // changes the layout, or the whole of a table
		if s.send(); s.err == nil {
			_, s.err = s.conn.PgConn().Exec(s.ctx, query).ReadAll()
		}
		return
	}
	queued := s.batch.Queue(query, args...)
	if strings.HasPrefix(query, "DELETE FROM quads") {
		queued.Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() != 1 {
				return errNotThere
			}
			return nil
		})
	}
	for _, a := range args {
		switch a := a.(type) {
		case []string:
			for _, t := range a {
				s.size += len(t)
			}
		case [][]byte:
			s.size += 24 * len(a)
		}
	}
	if s.size >= 4*maxBytes || s.batch.Len() >= maxBatch {
		s.send()
	}
}

// send sends what was collected.
func (s *session) send() {
	if s.batch.Len() == 0 {
		return
	}
	s.err = s.conn.SendBatch(s.ctx, s.batch).Close()
	if sqlState(s.err) == "23505" { // unique_violation
		s.err = fmt.Errorf("%w: %w", errThere, s.err)
	}
	s.batch, s.size = &pgx.Batch{}, 0
}

var (
	errThere    = errors.New("a quad to add is there already")
	errNotThere = errors.New("a quad to remove is not there")
)

type cayleyDriver struct{}

func (cayleyDriver) Open(addr string) (driver.Conn, error) {
	s, ok := sessions.Load(addr)
	if !ok {
		return nil, fmt.Errorf("%s: for package graph/store/postgres only", flavor)
	}
	return cayleyConn{s.(*session)}, nil
}

// cayleyConn is a connection to a session. A session may have several: Cayley
// uses one after the other.
type cayleyConn struct{ *session }

func (c cayleyConn) Prepare(query string) (driver.Stmt, error)      { return cayleyStmt{c, query}, nil }
func (c cayleyConn) Close() error                                   { return nil }
func (c cayleyConn) Begin() (driver.Tx, error)                      { return c, nil }
func (c cayleyConn) Commit() error                                  { return nil }
func (c cayleyConn) Rollback() error                                { return nil }
func (c cayleyConn) CheckNamedValue(value *driver.NamedValue) error { return nil } // pgx knows all types

func (c cayleyConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a.Value
	}
	c.run(query, values)
	return driver.RowsAffected(1), nil
}

type cayleyStmt struct {
	conn  cayleyConn
	query string
}

func (s cayleyStmt) Close() error  { return nil }
func (s cayleyStmt) NumInput() int { return -1 } // not checked here

func (s cayleyStmt) Exec(args []driver.Value) (driver.Result, error) {
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a
	}
	s.conn.run(s.query, values)
	return driver.RowsAffected(1), nil
}

func (s cayleyStmt) Query([]driver.Value) (driver.Rows, error) {
	return nil, errors.New("a writer asks nothing")
}

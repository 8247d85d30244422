package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mitigraph/mitigraph/graph/store"
)

// Errors of the server and the way to it. They come wrapped with the address,
// beside those of package store: a full disk is [store.ErrFull], a standby that
// only reads is [store.ErrReadOnly].
var (
	ErrUnreachable = errors.New("the server cannot be reached")
	ErrLogin       = errors.New("the server does not let this user in")
	ErrNoDatabase  = errors.New("the server has no such database")
	ErrPermission  = errors.New("the user lacks a permission")
	ErrLost        = errors.New("the connection to the server was lost")
)

// ErrUnknown says that the connection was lost while a write was being
// committed: it was done whole or not at all, and which of them is not known.
var ErrUnknown = errors.New("it is not known whether the write was done")

// sqlState returns the server's code for an error, or "".
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// explain gives an error its name, here or in package store.
func explain(err error) error {
	var server *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &server):
		kind := kindOf(server)
		switch {
		case kind == nil:
			return err
		case errors.As(err, &connect): // says again what the store's name does
			err = server
		}
		return fmt.Errorf("%w: %w", kind, err)
	case errors.As(err, &connect):
		// Not wrapped: a timeout in here is the connection's, not the caller's.
		reasons := strings.Split(connect.Unwrap().Error(), "\n")
		slices.Sort(reasons)
		return fmt.Errorf("%w: %s", ErrUnreachable, strings.Join(slices.Compact(reasons), "; "))
	}
	return err
}

// kindOf goes by Appendix A of PostgreSQL's manual.
func kindOf(e *pgconn.PgError) error {
	switch e.Code {
	case "28000", "28P01": // invalid_authorization_specification, invalid_password
		return ErrLogin
	case "3D000": // invalid_catalog_name
		return ErrNoDatabase
	case "42501": // insufficient_privilege
		return ErrPermission
	case "53100": // disk_full
		return store.ErrFull
	case "55P03": // lock_not_available
		return store.ErrInUse
	case "25006": // read_only_sql_transaction
		return store.ErrReadOnly
	case "XX001", "XX002": // data_corrupted, index_corrupted
		return store.ErrDamaged
	case "53300", "57P03": // too_many_connections, cannot_connect_now
		return ErrUnreachable
	case "57P01", "57P02", "57P05", "25P03", "25P04": // admin_shutdown, crash_shutdown, timeouts of sessions
		return ErrLost
	}
	if strings.HasPrefix(e.Code, "08") { // connection_exception
		return ErrLost
	}
	return nil
}

// lost names what broke a connection. The server's own last words have a code.
func lost(conn *pgx.Conn, err error) error {
	if err != nil && conn.IsClosed() && sqlState(err) == "" {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

// definite reports whether an error of COMMIT says that nothing was done. That
// is for the server to say: pgconn.SafeToRetry takes a connection that broke
// before the answer came for one that was never written to.
func definite(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "08007", "40003": // transaction_resolution_unknown, statement_completion_unknown
		return false
	}
	return cmp.Or(e.SeverityUnlocalized, e.Severity) == "ERROR" // what is fatal may come after the deed
}

// repeatable reports whether a transaction failed because of another one, and
// may be tried again: serialization_failure, deadlock_detected.
func repeatable(err error) bool {
	code := sqlState(err)
	return !errors.Is(err, ErrUnknown) && (code == "40001" || code == "40P01")
}

// named puts the store's name before an error. What the context ended is the
// context's error alone, unless more must be said.
func named(ctx context.Context, name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnknown) || errors.Is(err, store.ErrClosed):
		return fmt.Errorf("%s: %w", name, err)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%s: %w", name, explain(err))
}

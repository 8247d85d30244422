package query

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Error says that a query can't be read, or can't be run as it stands.
type Error struct {
	Line, Column int // from 1; 0 where the language does not tell
	Err          error
}

// Error returns the place, where there is one, and the reason.
func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("query: line %d, column %d: %v", e.Line, e.Column, e.Err)
	}
	return fmt.Sprintf("query: %v", e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// MaxQuery is the longest query that is read, in bytes. It bounds how deep the
// parsers nest.
const MaxQuery = 64 << 10

// Check reports why a text is no query, whatever the language.
func Check(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return &Error{Err: fmt.Errorf("it is empty")}
	case len(text) > MaxQuery:
		return &Error{Err: fmt.Errorf("it is longer than %d KiB", MaxQuery>>10)}
	}
	return nil
}

// Run runs a query of any language within limits; the packages of the
// languages call it. The function asks the session, which is the store as
// queries see it, and gives it the rows. It must work under the context that
// it gets and end when that ends. A nil store knows nothing.
//
// The error is one of the limits', the context's, or the function's. A panic of
// the function is an [Error]. When the function has not ended 2 seconds after
// it should have, Run returns nevertheless and leaves it behind.
func Run(ctx context.Context, s *Store, l Limits, f func(context.Context, *Session) error) (Result, error) {
	l, err := l.orDefault()
	if err != nil {
		return Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return Result{}, context.Cause(ctx)
	}
	if s == nil {
		s = New(nil)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	late := fmt.Errorf("%w: %v", ErrDeadline, l.Deadline)
	limited, cancel := context.WithTimeoutCause(ctx, l.Deadline, late)
	defer cancel()
	defer watch(l.Memory, stop)()

	q := &Session{Store: s, limits: l}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if x := recover(); x != nil {
				done <- &Error{Err: fmt.Errorf("the engine can't run it: %v", x)}
			}
		}()
		done <- f(limited, q)
	}()
	select {
	case err = <-done:
	case <-limited.Done():
		wait := time.NewTimer(grace)
		defer wait.Stop()
		select {
		case err = <-done:
		case <-wait.C:
			return Result{}, fmt.Errorf("%w; a built-in function that can't be interrupted is still running", context.Cause(limited))
		}
	}
	switch {
	case q.failed != nil:
		return Result{}, q.failed
	case limited.Err() != nil:
		return Result{}, context.Cause(limited)
	case err != nil:
		return Result{}, err
	}
	return q.result(), nil
}

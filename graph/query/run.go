package query

import (
	"context"
	"errors"
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
	why := strings.TrimPrefix(e.Err.Error(), "query: ")
	if e.Line > 0 {
		return fmt.Sprintf("query: line %d, column %d: %s", e.Line, e.Column, why)
	}
	return "query: " + why
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
	if ctx.Err() != nil {
		return Result{}, ended(ctx)
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
			return Result{}, fmt.Errorf("%w; a built-in function that can't be interrupted is still running", ended(limited))
		}
	}
	switch {
	case q.failed != nil:
		return Result{}, q.failed
	case limited.Err() != nil:
		return Result{}, ended(limited)
	case err != nil:
		return Result{}, err
	}
	return q.result(), nil
}

// ended is why a context ended: the limit that was hit, or the context's error
// with its cause.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, ErrDeadline) || errors.Is(cause, ErrMemory) || errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("query: %w: %w", err, cause)
}

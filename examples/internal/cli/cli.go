// Package cli is what the example programs share: how they end, what they read
// and where they write.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// InputError is wrong use or unreadable input: exit code 2.
type InputError struct{ Err error }

// Error returns the reason.
func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *InputError) Unwrap() error { return e.Err }

// Misuse makes an InputError as fmt.Errorf makes an error.
func Misuse(format string, args ...any) error { return &InputError{fmt.Errorf(format, args...)} }

// UnlessEnded makes an error an InputError, unless the context ended.
func UnlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return &InputError{err}
}

// Exit is an exit code whose reason was printed already.
type Exit int

// Error returns the code.
func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// grace is how long an interrupted run may take to end by itself.
const grace = time.Second

// Main runs a program and ends it with its exit code: 0 done, 1 failed, 2 for
// an [InputError], and what an [Exit] says. The first interrupt ends the
// context, a second one the program.
func Main(name string, run func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)
	done := make(chan error, 1)
	go func() { done <- run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) }()
	select {
	case err := <-done:
		os.Exit(Code(name, err, os.Stderr))
	case <-ctx.Done():
	}
	// Opening and reading a pipe can wait for ever, whatever the context says.
	// No half of a report is left: a file appears by its renaming only.
	select {
	case err := <-done:
		os.Exit(Code(name, err, os.Stderr))
	case <-time.After(grace):
		if file := unfinished.Load(); file != nil {
			os.Remove(*file)
		}
		os.Exit(Code(name, ctx.Err(), os.Stderr))
	}
}

// Code says why a run ended and gives the code for it. Nothing but an interrupt
// ends the context of a run.
func Code(name string, err error, stderr io.Writer) int {
	var silent Exit
	var bad *InputError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return int(silent)
	}
	if errors.Is(err, syscall.EPIPE) {
		return 1 // who read the output has left, and need not be told
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "%s: interrupted\n", name)
		return 1
	}
	fmt.Fprintf(stderr, "%s: %s\n", name, finding.Plain(err.Error(), 0))
	if errors.As(err, &bad) {
		return 2
	}
	return 1
}

// Command assess is the main job: it takes findings on IoT and OT devices to
// the ATT&CK for ICS techniques that they open, the mitigations, the gaps, and
// a draft for each gap.
//
//	go run ./examples/assess [flags] [FILE...]
//
// See -h for the flags. Exit codes: 0 done, 1 failed, 2 wrong use or
// unreadable input; with -strict 3 when a gap remains, and 2 when none does
// but a part of the input was not read.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/mitre"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program as ever
	done := make(chan error, 1)
	go func() { done <- run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) }()
	select {
	case err := <-done:
		os.Exit(exitCode(err, os.Stderr))
	case <-ctx.Done():
	}
	// Opening and reading a pipe can wait for ever, whatever the context says.
	// No half of a report is left: a file appears by its renaming only.
	select {
	case err := <-done:
		os.Exit(exitCode(err, os.Stderr))
	case <-time.After(grace):
		os.Exit(exitCode(ctx.Err(), os.Stderr))
	}
}

// grace is how long an interrupted run may take to end by itself.
const grace = time.Second

// exitCode says why a run ended and gives the code for it.
func exitCode(err error, stderr io.Writer) int {
	var silent exit
	var bad *inputError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return int(silent)
	}
	fmt.Fprintln(stderr, "assess:", finding.Plain(err.Error(), 0))
	if errors.As(err, &bad) {
		return 2
	}
	return 1
}

// exit is an exit code whose reason was printed already.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// inputError is wrong use or unreadable input.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func misuse(format string, args ...any) error { return &inputError{fmt.Errorf(format, args...)} }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	g, err := openGraph(ctx, o.store)
	if err != nil {
		return err
	}
	defer g.Close()
	before := g.Snapshot()
	sample := len(o.files) == 0 && !holdsFindings(before)
	if sample && o.controls != "-" && isPiped(stdin) {
		fmt.Fprintln(stderr, "note: standard input is read only for the FILE \"-\"; this is the sample site")
	}
	if !sample && len(o.files) == 0 && o.kev+o.epss != "" {
		return misuse("-kev and -epss add to findings as they are read: name the FILE to read them from again")
	}
	skipped, notes, err := fill(ctx, g, o, sample, stdin)
	if err != nil {
		return err
	}
	now := g.Snapshot()
	a, err := now.Assess(ctx)
	if err != nil {
		return err
	}
	a.UnreadRecords, a.UnreadMembers = unread(skipped)
	a.Warnings = append(append(warnings(now.Catalog(), skipped), notes...), a.Warnings...)
	tellWarnings(stderr, a.Warnings)
	if err := draft(ctx, now, a, o.draft, stderr); err != nil {
		return err
	}
	if err := g.Add(ctx, graph.Replace(graph.Drafts(a))); err != nil {
		return storeError(err)
	}
	var b bytes.Buffer
	write := report.Text
	if o.format == "json" {
		write = report.JSON
	}
	if err := write(&b, a); err != nil {
		return err
	}
	if o.format == "text" {
		if err := since(ctx, &b, before, now); err != nil {
			return err
		}
		hints(&b, o, sample, a)
	}
	if err := output(o.out, b.Bytes(), stdout); err != nil {
		return err
	}
	if o.strict {
		return strict(a, stderr)
	}
	return nil
}

// strict fails when a gap remains, and when there may be one in what was not
// read.
func strict(a *graph.Assessment, stderr io.Writer) error {
	lost := a.UnreadRecords + a.UnreadMembers
	if lost > 0 {
		fmt.Fprintf(stderr, "assess: -strict: %d of the input's records or parts of records could not be read\n", lost)
	}
	if len(a.Gaps) > 0 {
		kinds := map[graph.GapKind]int{}
		for _, g := range a.Gaps {
			kinds[g.Kind]++
		}
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			parts = append(parts, fmt.Sprintf("%s %d", k, kinds[k]))
		}
		remain := "gaps remain"
		if len(a.Gaps) == 1 {
			remain = "gap remains"
		}
		fmt.Fprintf(stderr, "assess: -strict: %d %s: %s\n", len(a.Gaps), remain, strings.Join(parts, ", "))
		return exit(3)
	}
	if lost > 0 {
		return exit(2)
	}
	return nil
}

// unlessEnded makes an error of the input one, unless the context ended.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return &inputError{err}
}

func warnings(c *mitre.Catalog, skipped []*finding.RecordError) []graph.Warning {
	out := []graph.Warning{}
	for _, p := range c.Problems() {
		out = append(out, graph.Warning{Source: c.Info().Source, Message: p.Error()})
	}
	for _, s := range skipped {
		out = append(out, graph.Warning{Source: s.File, Where: s.Where, Message: s.Err.Error()})
	}
	return out
}

// maxWarnings is how many warnings go to standard error; the JSON form has
// all of them.
const maxWarnings = 20

func tellWarnings(stderr io.Writer, ws []graph.Warning) {
	for _, w := range ws[:min(maxWarnings, len(ws))] {
		fmt.Fprintln(stderr, "warning:", finding.Plain(w.String(), 400))
	}
	if n := len(ws) - maxWarnings; n > 0 {
		fmt.Fprintf(stderr, "warning: and %d more (-format json has all)\n", n)
	}
}

// hints tells a newcomer what the default run did not do.
func hints(w io.Writer, o options, sample bool, a *graph.Assessment) {
	var lines []string
	if sample {
		lines = append(lines, "This was the embedded sample site. Give a CSAF advisory or findings in JSON to assess your own.")
	}
	if o.draft == "template" && len(a.Drafts) > 0 {
		lines = append(lines, "Drafts are by the template writer, without a model; -draft ollama:MODEL names one.")
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n"))
	}
}

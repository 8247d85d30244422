// Command releases says what changed between two releases of ATT&CK.
//
//	go run ./examples/releases [-format text|json] OLD NEW
//
// OLD and NEW are files of official bundles (.json or .json.gz), or versions,
// such as 17.1 or mobile-attack-17.1, which are fetched once. Exit codes: 0
// done, 1 failed (network, disk, interrupt), 2 wrong use or unreadable input.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"time"

	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	// The second interrupt ends what the first one can't: a read that blocks.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = `Usage: go run ./examples/releases [flags] OLD NEW

Says what changed between two releases of ATT&CK: objects added, removed,
revoked and by what, deprecated, renamed, moved between tactics or edited, and
links added and removed. OLD and NEW are files of official bundles, .json or
.json.gz, or versions, such as 17.1 or mobile-attack-17.1, which are fetched
once; 19.1 is embedded, as facts without texts.

Exit codes: 0 done, 1 failed (network, disk, interrupt), 2 wrong use or
unreadable input.

`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("releases", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	format := flags.String("format", "text", "`text` or json")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		var b bytes.Buffer
		b.WriteString(usage)
		flags.SetOutput(&b)
		flags.PrintDefaults()
		if _, err := stdout.Write(b.Bytes()); err != nil {
			fmt.Fprintln(stderr, "releases:", err)
			return 1
		}
		return 0
	case err == nil && flags.NArg() != 2:
		err = fmt.Errorf("%d releases given, want two, after the flags", flags.NArg())
	case err == nil && (flags.Arg(0) == "" || flags.Arg(1) == ""):
		err = errors.New("a release is named by an empty string")
	case err == nil && *format != "text" && *format != "json":
		err = fmt.Errorf("-format %q: want text or json", *format)
	}
	if err != nil {
		fmt.Fprintf(stderr, "releases: %v; -h says more\n", err)
		return 2
	}
	var pair [2]*mitre.Catalog
	for i := range pair {
		if pair[i], err = load(ctx, flags.Arg(i)); err != nil {
			fmt.Fprintln(stderr, "releases:", err)
			return exitCode(ctx, flags.Arg(i), err)
		}
	}
	if a, b := pair[0].Info().Domain, pair[1].Info().Domain; a != b {
		fmt.Fprintf(stderr, "releases: %s is of %s and %s of %s: nothing to compare\n", flags.Arg(0), a, flags.Arg(1), b)
		return 2
	}
	if err := compare(ctx, pair, *format, stdout); err != nil {
		fmt.Fprintln(stderr, "releases:", err)
		return 1
	}
	return 0
}

// load reads a release. It does not wait for a file that blocks, such as a
// pipe, when ctx ends.
func load(ctx context.Context, what string) (*mitre.Catalog, error) {
	type result struct {
		c   *mitre.Catalog
		err error
	}
	done := make(chan result, 1)
	go func() {
		c, err := release.FromEnv().Load(ctx, what)
		done <- result{c, err}
	}()
	select {
	case r := <-done:
		return r.c, r.err
	case <-ctx.Done():
	}
	// What hears of ctx itself says more of where it was.
	select {
	case r := <-done:
		return r.c, r.err
	case <-time.After(time.Second):
		return nil, fmt.Errorf("%s: %w", what, ctx.Err())
	}
}

// exitCode tells what is wrong with the input from what may work the next
// time: network, cache, interrupt.
func exitCode(ctx context.Context, what string, err error) int {
	_, noFile := os.Stat(what)
	switch {
	case ctx.Err() != nil:
		return 1
	case noFile == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, release.ErrUnknown):
		return 2
	}
	return 1
}

func compare(ctx context.Context, pair [2]*mitre.Catalog, format string, stdout io.Writer) error {
	changes, err := mitre.Diff(ctx, pair[0], pair[1])
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if format == "json" {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(changes)
	} else {
		err = changes.WriteText(&b)
	}
	if err != nil {
		return err
	}
	_, err = stdout.Write(b.Bytes())
	return err
}

// Command releases says what changed between two releases of ATT&CK.
//
//	go run ./examples/releases [-format text|json] OLD NEW
//
// OLD and NEW are files of official bundles (.json or .json.gz), or versions,
// such as 17.1 or mobile-attack-17.1, which are fetched once. Exit codes: 0
// done, 1 failed, 2 wrong use or unreadable input.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/release"
)

func main() {
	ctx, stop := cli.Context()
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

`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("releases", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	format := fs.String("format", "text", "`text` or json")
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return 0
	case err == nil && fs.NArg() != 2:
		err = fmt.Errorf("%d releases given, want two, after the flags", fs.NArg())
	case err == nil && *format != "text" && *format != "json":
		err = fmt.Errorf("-format %q: want text or json", *format)
	}
	if err != nil {
		fmt.Fprintf(stderr, "releases: %v; -h says more\n", err)
		return 2
	}
	var pair [2]*mitre.Catalog
	for i := range pair {
		if pair[i], err = release.FromEnv().Load(ctx, fs.Arg(i)); err != nil {
			fmt.Fprintln(stderr, "releases:", err)
			return 2
		}
	}
	if a, b := pair[0].Info().Domain, pair[1].Info().Domain; a != b {
		fmt.Fprintf(stderr, "releases: %s is of %s and %s of %s: nothing to compare\n", fs.Arg(0), a, fs.Arg(1), b)
		return 2
	}
	if err := compare(ctx, pair, *format, stdout); err != nil {
		fmt.Fprintln(stderr, "releases:", err)
		return 1
	}
	return 0
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

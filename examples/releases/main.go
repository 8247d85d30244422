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
	"io"
	"io/fs"
	"os"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/release"
)

func main() { cli.Main("releases", run) }

const usage = `Usage: releases [flags] OLD NEW

Says what changed between two releases of ATT&CK: objects added, removed,
revoked and by what, deprecated, renamed, moved between tactics or edited, and
links added and removed. OLD and NEW are files of official bundles, .json or
.json.gz, or versions, such as 17.1 or mobile-attack-17.1, which are fetched
once; 19.1 is embedded, as facts without texts.

Exit codes: 0 done, 1 failed (network, disk, interrupt), 2 wrong use or
unreadable input.

`

const examples = `
Examples:
  releases 18.1 19.1
  releases -format json 17.1 19.1
  releases mobile-attack-16.1 mobile-attack-17.1
`

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("releases", flag.ContinueOnError)
	format := flags.String("format", "text", "`text` or json")
	var help bytes.Buffer
	names, err := cli.Parse(flags, args, &help, usage, examples)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err := stdout.Write(help.Bytes())
		return err
	case err != nil:
		return err
	case len(names) != 2:
		return cli.Misuse("%d releases given, want two; -h says more", len(names))
	case names[0] == "" || names[1] == "":
		return cli.Misuse("a release is named by an empty string; -h says more")
	}
	if err := cli.Choice("format", *format, "text", "json"); err != nil {
		return err
	}
	var pair [2]*mitre.Catalog
	for i, name := range names {
		if pair[i], err = release.FromEnv().Load(ctx, name); err != nil {
			return judged(ctx, name, err)
		}
	}
	if a, b := pair[0].Info().Domain, pair[1].Info().Domain; a != b {
		return cli.Misuse("%s is of %s and %s of %s: nothing to compare", names[0], a, names[1], b)
	}
	return compare(ctx, pair, *format, stdout)
}

// judged tells what is wrong with the input from what may work the next time:
// network, cache, interrupt.
func judged(ctx context.Context, what string, err error) error {
	_, noFile := os.Stat(what)
	if noFile == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, release.ErrUnknown) {
		return cli.UnlessEnded(ctx, err)
	}
	return err
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

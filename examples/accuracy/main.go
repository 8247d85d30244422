// Command accuracy measures how well this module finds what ATT&CK says, on
// texts whose answer is known and was left out.
//
//	go run ./examples/accuracy -attack FILE|VERSION [flags]
//
// See -h for the flags. Exit codes: 0 done, 1 failed, 2 wrong use or unreadable
// input.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

func main() { cli.Main("accuracy", run) }

const usage = `Usage: go run ./examples/accuracy -attack FILE|VERSION [flags]

Measures how well techniques are found in texts, on the procedure examples of an
official release: each is asked about as if the release did not have the group,
software or campaign that it is of. Every table says which data, which split and how
many. It takes a minute or two.

`

// section is one measurement; a new one is a line in sections.
type section struct {
	name string
	run  func(context.Context, input) (report, error)
}

// sections are what is measured, in the order of the report.
var sections = []section{
	{"texts", texts},
}

// input is what all sections measure.
type input struct {
	catalog  *mitre.Catalog
	embedder identify.Embedder // nil without -embed
}

// report is the result of a section: fit for JSON, and for people.
type report interface {
	writeText(w io.Writer)
}

type options struct{ attack, embed, format string }

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("accuracy", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.attack, "attack", "", "official ATT&CK bundle (`FILE`), or a version to fetch once; the embedded facts have no texts to measure on")
	fs.StringVar(&o.embed, "embed", "", "compare meanings too, by a `MODEL` for embeddings: ollama:MODEL")
	fs.StringVar(&o.format, "format", "text", "`FORMAT` is text or json")
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, usage)
		fs.SetOutput(stderr)
		fs.PrintDefaults()
		return o, err
	case err != nil:
		return o, cli.Misuse("%w; -h lists the flags", err)
	case fs.NArg() > 0:
		return o, cli.Misuse("%q: no arguments are wanted, only flags", fs.Arg(0))
	case o.format != "text" && o.format != "json":
		return o, cli.Misuse("-format %q: want text or json", o.format)
	}
	return o, nil
}

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	var in input
	if in.catalog, err = cli.LoadAttack(ctx, o.attack); err != nil {
		return err
	}
	cli.TellWarnings(stderr, cli.Warnings(in.catalog, nil), "")
	if !in.catalog.HasTexts() {
		return cli.Misuse("the embedded facts have no texts to measure on; -attack 19.1 fetches an official release")
	}
	if in.embedder, err = cli.LoadEmbedder(ctx, o.embed); err != nil {
		return err
	}
	var b bytes.Buffer
	all := map[string]report{}
	for _, s := range sections {
		r, err := s.run(ctx, in)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		all[s.name] = r
		r.writeText(&b)
	}
	if o.format == "json" {
		b.Reset()
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(all); err != nil {
			return err
		}
	}
	_, err = stdout.Write(b.Bytes())
	return err
}

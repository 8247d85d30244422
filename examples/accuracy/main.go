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
	"strings"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

func main() { cli.Main("accuracy", run) }

const usage = `Usage: accuracy -attack FILE|VERSION [flags] [FILE...]

Measures three things, and says of each on which data, in which split and how
many. Texts: how well techniques are found in the procedure examples of an
official release, each asked about as if the release did not have the group,
software or campaign that it is of. Candidates: how well mitigations are
proposed for a technique whose own are hidden. Weaknesses: how much of what the
findings of the FILEs name is mapped. It takes some minutes; each table is
printed when it is done.

`

const examples = `
Examples:
  accuracy -attack 19.1 advisories/*.json
  accuracy -attack ics-attack.json -only candidates -format json
  accuracy -attack 19.1 -only texts -embed ollama:all-minilm:22m
`

// section is one measurement; a new one is a line in sections.
type section struct {
	name     string
	run      func(context.Context, input) (report, error)
	texts    bool // it needs the texts of an official release
	findings bool // it is of the FILEs
}

// sections are what is measured, in the order of the report.
var sections = []section{
	{name: "texts", run: texts, texts: true},
	{name: "candidates", run: candidates},
	{name: "weaknesses", run: weaknesses, findings: true},
}

// input is what all sections measure.
type input struct {
	catalog  *mitre.Catalog
	embedder identify.Embedder // nil without -embed
	findings *cli.Loaded       // of the files; nil without any
}

// report is the result of a section: fit for JSON, and for people.
type report interface {
	writeText(w io.Writer)
}

type options struct {
	attack, embed, format, only string
	files                       []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("accuracy", flag.ContinueOnError)
	fs.StringVar(&o.attack, "attack", "", "official ATT&CK bundle, or version to fetch once (`FILE|VERSION`); the embedded facts have no texts to measure on")
	fs.StringVar(&o.embed, "embed", "", "compare meanings too, by a `MODEL` for embeddings: ollama:MODEL")
	fs.StringVar(&o.format, "format", "text", "`FORMAT` is text or json")
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	fs.StringVar(&o.only, "only", "", "measure one `THING` only: "+strings.Join(names, ", "))
	var err error
	if o.files, err = cli.Parse(fs, args, stderr, usage, examples); err != nil {
		return o, err
	}
	if err := cli.Choice("format", o.format, "text", "json"); err != nil {
		return o, err
	}
	if o.only != "" {
		return o, cli.Choice("only", o.only, names...)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
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
	for _, s := range sections {
		if s.texts && !in.catalog.HasTexts() && (o.only == "" || o.only == s.name) {
			return cli.Misuse("the embedded facts have no texts to measure on; -attack FILE names an official release, and -only leaves %s out", s.name)
		}
	}
	if in.embedder, err = cli.LoadEmbedder(ctx, o.embed); err != nil {
		return err
	}
	if len(o.files) > 0 {
		if in.findings, err = cli.Load(ctx, cli.Input{Attack: o.attack, Findings: o.files}, stdin, stderr); err != nil {
			return err
		}
		defer in.findings.Graph.Close()
	}
	var b bytes.Buffer
	all := map[string]report{}
	for _, s := range sections {
		if o.only != "" && o.only != s.name || s.findings && in.findings == nil && o.only == "" {
			continue
		}
		r, err := s.run(ctx, in)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		all[s.name] = r
		if r.writeText(&b); o.format == "text" {
			if _, err := b.WriteTo(stdout); err != nil {
				return err
			}
		}
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

// Command query asks the knowledge graph what nobody wrote a program for, in
// Gizmo or GraphQL.
//
//	go run ./examples/query [flags] 'QUERY'
//
// See -h for the flags, and queries.md for queries worth knowing. Exit codes: 0
// done, 1 failed or a limit was hit, 2 wrong use, unreadable input or a query
// that can't be read.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/export"
	"github.com/mitigraph/mitigraph/graph/export/jsonld"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/gizmo"
	"github.com/mitigraph/mitigraph/graph/query/graphql"
)

func main() { cli.Main("query", run) }

const usage = `Usage: query [flags] 'QUERY'

Asks the knowledge graph: ATT&CK for ICS, the weakness catalogues, the mapping,
a site and its findings; without any the embedded sample site. "-" as the query
is standard input. Or writes the graph, or what is around a node, in the formats
of other tools. queries.md has queries to start with.

`

const examples = `
Examples:
  query 'g.V("weakness:CWE-798").out("rel:opens").save("rel:name", "is").all()'
  query -around plc-1 -format mermaid
  query -lang graphql '{ t(id: "attack:T0843") { by: ~rel:mitigates { id } } }'
`

// options are the flags.
type options struct {
	lang, attack, controls, store, format, out, around string
	whole                                              bool
	findings                                           []string
	depth                                              int
	limits                                             query.Limits
	query                                              string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("query", flag.ContinueOnError)
	fs.StringVar(&o.lang, "lang", "gizmo", "`gizmo` or graphql")
	fs.StringVar(&o.attack, "attack", "", "official ATT&CK bundle, or version to fetch once, such as 18.1 (`FILE|VERSION`); default: the embedded facts of 19.1")
	fs.StringVar(&o.controls, "controls", "", cli.ControlsUsage)
	fs.Func("findings", "`FILE` with findings or a CSAF advisory; may be given several times", func(s string) error {
		o.findings = append(o.findings, s)
		return nil
	})
	fs.StringVar(&o.store, "store", "mem", "ask what a kept graph holds, and write nothing into it: `STORE` is mem, bolt:PATH or postgres:DSN")
	fs.StringVar(&o.around, "around", "", "instead of a query: the neighbourhood of a node, by its `ID`")
	fs.BoolVar(&o.whole, "whole", false, "instead of a query: all that the graph knows")
	fs.IntVar(&o.depth, "depth", 1, "how many `steps` -around goes")
	fs.StringVar(&o.format, "format", "", "`FORMAT` is table (the default, unless FILE of -o ends in another) or json; for -around and -whole also "+strings.Join(exportNames(), ", "))
	fs.DurationVar(&o.limits.Deadline, "timeout", query.DefaultDeadline, "end the query after this `time`")
	fs.IntVar(&o.limits.Rows, "rows", query.DefaultRows, "most rows of an answer; more is an error, not a shorter answer")
	fs.StringVar(&o.out, "o", "", "write to `FILE` instead of standard output")
	words, err := cli.Parse(fs, args, stderr, usage, examples)
	if err != nil {
		return o, err
	}
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if err := cli.SpareStore(o.out, o.store); err != nil {
		return o, err
	}
	if err := cli.CheckStore(o.store); err != nil {
		return o, err
	}
	switch {
	case o.around != "" && o.whole:
		return o, cli.Misuse("-around and -whole: want one of them")
	case (o.around != "" || o.whole) && len(words) > 0:
		return o, cli.Misuse("a query and -around or -whole: want one of them")
	case o.around == "" && !o.whole && len(words) != 1:
		return o, cli.Misuse("%d queries given, want one, in quotes; -h shows examples", len(words))
	case o.around == "" && set["depth"]:
		return o, cli.Misuse("-depth is for -around")
	case (o.around != "" || o.whole) && set["lang"]:
		return o, cli.Misuse("-lang is for a query, not for -around or -whole")
	}
	if err := cli.Choice("lang", o.lang, "gizmo", "graphql"); err != nil {
		return o, err
	}
	formats := append([]string{"table"}, exportNames()...)
	if o.format == "" {
		o.format = cmp.Or(cli.FormatOf(o.out, formats...), "table")
	}
	if err := cli.Choice("format", o.format, formats...); err != nil {
		return o, err
	}
	switch {
	case o.format == "table" || o.format == "json":
	case o.around == "" && !o.whole:
		return o, cli.Misuse("-format %s is for -around and -whole; a query's answer is a table or json", o.format)
	}
	switch {
	case o.depth < 0:
		return o, cli.Misuse("-depth %d is negative", o.depth)
	case o.limits.Deadline <= 0:
		return o, cli.Misuse("-timeout %v: want more than nothing", o.limits.Deadline)
	case o.limits.Rows <= 0:
		return o, cli.Misuse("-rows %d: want at least 1", o.limits.Rows)
	}
	if len(words) == 1 {
		o.query = words[0]
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
	if o.query == "-" {
		b, err := io.ReadAll(io.LimitReader(stdin, query.MaxQuery+1))
		if err != nil {
			return cli.Misuse("standard input: %w", err)
		}
		o.query = string(b)
	}
	if strings.TrimSpace(o.query) == "" && o.around == "" && !o.whole {
		return cli.Misuse("the query can't be read: it is empty")
	}
	l, err := cli.Load(ctx, cli.Input{Attack: o.attack, Controls: o.controls, Store: o.store, Findings: o.findings, Ask: true}, stdin, stderr)
	if err != nil {
		return err
	}
	defer l.Graph.Close()
	s := l.Now
	cli.TellWarnings(stderr, append(append(cli.Warnings(s.Catalog(), l.Skipped), l.Notes...), s.Warnings()...), "")
	var b bytes.Buffer
	if o.around != "" || o.whole {
		err = part(ctx, s, o, &b)
	} else {
		err = answer(ctx, s, o, &b, stderr)
	}
	var unread *query.Error
	switch {
	case errors.Is(err, query.ErrDeadline), errors.Is(err, query.ErrRows), errors.Is(err, query.ErrMemory):
		return shorter(err)
	case errors.As(err, &unread):
		return cli.Misuse("%w", shorter(err))
	case err != nil:
		return err
	}
	return cli.Output(o.out, b.Bytes(), stdout)
}

// shorter is the error without the name of the package, which is also the
// program's.
func shorter(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "query: "))
}

func answer(ctx context.Context, s *graph.Snapshot, o options, w io.Writer, stderr io.Writer) error {
	ask := gizmo.Run
	if o.lang == "graphql" {
		ask = graphql.Run
	}
	r, err := ask(ctx, query.New(s), o.query, o.limits)
	if err != nil {
		return err
	}
	if o.format == "json" {
		return r.WriteJSON(w)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintln(stderr, "warning:", finding.Plain(warning, 400))
	}
	return r.WriteTable(w)
}

// part writes a neighbourhood or the whole graph: its edges as a table, or
// all of it in another format.
func part(ctx context.Context, s *graph.Snapshot, o options, w io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, o.limits.Deadline, fmt.Errorf("%w: %v", query.ErrDeadline, o.limits.Deadline))
	defer cancel()
	p, err := s.Whole(), error(nil)
	if o.around != "" {
		p, err = s.Around(ctx, o.around, o.depth)
	}
	switch {
	case errors.Is(err, graph.ErrUnknownNode):
		return cli.Misuse("-around: %w", err)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	}
	if n := max(len(p.Edges), len(p.Nodes)); n > o.limits.Rows {
		return fmt.Errorf("%w: %d, more than the %d that are allowed", query.ErrRows, n, o.limits.Rows)
	}
	switch o.format {
	case "table":
		return table(p).WriteTable(w)
	case "jsonld":
		err = jsonld.Write(ctx, w, s, p)
	default:
		i := slices.IndexFunc(export.Formats, func(f export.Format) bool { return f.Name == o.format })
		err = export.Formats[i].Write(ctx, w, s, p)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func exportNames() []string {
	var names []string
	for _, f := range export.Formats {
		names = append(names, f.Name)
	}
	return append(names, "jsonld")
}

func table(p graph.Part) query.Result {
	r := query.Result{Columns: []string{"from", "from name", "predicate", "to", "to name", "said by"}}
	for _, e := range p.Edges {
		r.Rows = append(r.Rows, []any{e.From.ID, e.From.Name, e.Predicate, e.To.ID, e.To.Name, e.Link.Source})
	}
	if len(p.Edges) == 0 {
		r.Columns = []string{"id", "kind", "name"}
		for _, n := range p.Nodes {
			r.Rows = append(r.Rows, []any{n.ID, n.Kind, n.Name})
		}
	}
	return r
}

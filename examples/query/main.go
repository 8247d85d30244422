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
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/gizmo"
	"github.com/mitigraph/mitigraph/graph/query/graphql"
)

func main() {
	ctx, stop := cli.Context()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// exitCode says why a run ended and gives the code for it.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "query:", finding.Plain(reason(err), 0))
	var bad *cli.InputError
	var unread *query.Error
	switch {
	case errors.Is(err, query.ErrDeadline), errors.Is(err, query.ErrRows), errors.Is(err, query.ErrMemory):
		return 1
	case errors.As(err, &bad), errors.As(err, &unread):
		return 2
	}
	return 1
}

// reason is the error's text without the name of the package, which is also
// the program's.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), "query: ")
}

const usage = `Usage: go run ./examples/query [flags] 'QUERY'

Asks the knowledge graph: ATT&CK for ICS, the weakness catalogues, the mapping,
a site and its findings; without -controls and -findings the embedded sample
site. "-" as the query is standard input. queries.md has queries to start with.

`

const examples = `
Examples:
  go run ./examples/query 'g.V("weakness:CWE-798").out("rel:opens").save("rel:name", "name").all()'
  go run ./examples/query -around plc-1 -depth 2 -format json
  go run ./examples/query -lang graphql '{ t(id: "attack:T0843") { rel:name, by: ~rel:mitigates { rel:name } } }'
`

// options are the flags.
type options struct {
	lang, attack, controls, format, out, around string
	findings                                    []string
	depth                                       int
	limits                                      query.Limits
	query                                       string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("query", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.lang, "lang", "gizmo", "`gizmo` or graphql")
	fs.StringVar(&o.attack, "attack", "", "official ATT&CK bundle (`FILE`), or a version to fetch once; default: the embedded facts")
	fs.StringVar(&o.controls, "controls", "", "`FILE` with the site: devices, deployed mitigations, constraints")
	fs.Func("findings", "`FILE` with findings or a CSAF advisory; may be given several times", func(s string) error {
		o.findings = append(o.findings, s)
		return nil
	})
	fs.StringVar(&o.around, "around", "", "instead of a query: the neighbourhood of a node, by its `ID`")
	fs.IntVar(&o.depth, "depth", 1, "how many `steps` -around goes")
	fs.StringVar(&o.format, "format", "table", "`table` or json")
	fs.DurationVar(&o.limits.Deadline, "timeout", query.DefaultDeadline, "end the query after this `time`")
	fs.IntVar(&o.limits.Rows, "rows", query.DefaultRows, "most rows of an answer; more is an error, not a shorter answer")
	fs.StringVar(&o.out, "o", "", "write to `FILE` instead of standard output")
	var words []string
	for { // flags may stand behind the query, where package flag would end
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, usage)
			fs.SetOutput(stderr)
			fs.PrintDefaults()
			fmt.Fprint(stderr, examples)
			return o, err
		}
		if err != nil {
			return o, cli.Misuse("%w; -h lists the flags", err)
		}
		if fs.NArg() == 0 {
			break
		}
		words = append(words, fs.Arg(0))
		args = fs.Args()[1:]
	}
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })
	switch {
	case o.around != "" && len(words) > 0:
		return o, cli.Misuse("a query and -around: want one of them")
	case o.around == "" && len(words) != 1:
		return o, cli.Misuse("%d queries given, want one, in quotes; -h shows examples", len(words))
	case o.around == "" && set["depth"]:
		return o, cli.Misuse("-depth is for -around")
	case o.around != "" && set["lang"]:
		return o, cli.Misuse("-lang is for a query, not for -around")
	case o.lang != "gizmo" && o.lang != "graphql":
		return o, cli.Misuse("-lang %q: want gizmo or graphql", o.lang)
	case o.format != "table" && o.format != "json":
		return o, cli.Misuse("-format %q: want table or json", o.format)
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
	s, err := snapshot(ctx, o, stdin, stderr)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if o.around != "" {
		err = around(ctx, s, o, &b)
	} else {
		err = answer(ctx, s, o, &b, stderr)
	}
	if err != nil {
		return err
	}
	return cli.Output(o.out, b.Bytes(), stdout)
}

// snapshot is what the flags say to load.
func snapshot(ctx context.Context, o options, stdin io.Reader, stderr io.Writer) (*graph.Snapshot, error) {
	catalog, err := cli.Attack(ctx, o.attack)
	if err != nil {
		return nil, err
	}
	sources := []graph.Source{graph.Attack(catalog), graph.Knowledge()}
	sample := o.controls == "" && len(o.findings) == 0
	site, ok, err := cli.Site(ctx, o.controls, sample)
	if err != nil {
		return nil, err
	}
	if ok {
		sources = append(sources, graph.SiteFacts(site))
	}
	warnings := cli.Warnings(catalog, nil)
	if sample || len(o.findings) > 0 {
		found, skipped, err := cli.Findings(ctx, o.findings, stdin)
		if err != nil {
			return nil, err
		}
		sources = append(sources, graph.Findings(found...))
		warnings = cli.Warnings(catalog, skipped)
	}
	g, err := graph.New(ctx, sources...)
	if err != nil {
		return nil, cli.UnlessEnded(ctx, err)
	}
	defer g.Close()
	s := g.Snapshot()
	cli.TellWarnings(stderr, append(warnings, s.Warnings()...), "")
	return s, nil
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

// around writes a neighbourhood: its edges as a table, or all of it as JSON.
func around(ctx context.Context, s *graph.Snapshot, o options, w io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, o.limits.Deadline, fmt.Errorf("%w: %v", query.ErrDeadline, o.limits.Deadline))
	defer cancel()
	part, err := s.Around(ctx, o.around, o.depth)
	switch {
	case errors.Is(err, graph.ErrUnknownNode):
		return cli.Misuse("-around: %w", err)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	}
	if n := max(len(part.Edges), len(part.Nodes)); n > o.limits.Rows {
		return fmt.Errorf("%w: %d, more than the %d that are allowed", query.ErrRows, n, o.limits.Rows)
	}
	if o.format == "json" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(part)
	}
	r := query.Result{Columns: []string{"from", "from name", "predicate", "to", "to name", "said by"}}
	for _, e := range part.Edges {
		r.Rows = append(r.Rows, []any{e.From.ID, e.From.Name, e.Predicate, e.To.ID, e.To.Name, e.Link.Source})
	}
	if len(part.Edges) == 0 {
		r.Columns = []string{"id", "kind", "name"}
		for _, n := range part.Nodes {
			r.Rows = append(r.Rows, []any{n.ID, n.Kind, n.Name})
		}
	}
	return r.WriteTable(w)
}

// Command assess is the main job: it takes findings on IoT and OT devices to
// the ATT&CK for ICS techniques that they open, the mitigations, the gaps, and
// a draft for each gap.
//
//	go run ./examples/assess [flags] [FILE...]
//
// See -h for the flags. Exit codes: 0 done, 1 failed, 2 wrong use or
// unreadable input, 3 a gap remains (with -strict).
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/report"
)

func main() {
	ctx, stop := cli.Context()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// exitCode says why a run ended and gives the code for it.
func exitCode(err error, stderr io.Writer) int {
	var silent exit
	var bad *cli.InputError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return int(silent)
	}
	fmt.Fprintln(stderr, "assess:", err)
	if errors.As(err, &bad) {
		return 2
	}
	return 1
}

// exit is an exit code whose reason was printed already.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

const usage = `Usage: go run ./examples/assess [flags] [FILE...]

Takes findings on IoT and OT devices to the ATT&CK for ICS techniques that they
open, the mitigations, the gaps, and a draft for each gap. FILE is a CSAF 2.0
advisory or findings in this project's JSON, "-" is standard input; without one
the embedded sample site is assessed.

`

const examples = `
Examples:
  go run ./examples/assess
  go run ./examples/assess -controls site.json advisory.json
  go run ./examples/assess -draft ollama:llama3.1 -format json -o report.json findings.json
`

// options are the flags.
type options struct {
	attack, controls, draft, format, out string
	strict                               bool
	files                                []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("assess", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.attack, "attack", "", "official ATT&CK bundle (`FILE` .json or .json.gz), or a version to fetch once, such as 18.1; default: the embedded facts of 19.1")
	fs.StringVar(&o.controls, "controls", "", "`FILE` with deployed mitigations and device constraints")
	fs.StringVar(&o.draft, "draft", "template", "who writes drafts: none, template, or ollama:`MODEL` (server from OLLAMA_HOST)")
	fs.StringVar(&o.format, "format", "text", "`text` or json")
	fs.StringVar(&o.out, "o", "", "write to `FILE` instead of standard output")
	fs.BoolVar(&o.strict, "strict", false, "exit with code 3 when a gap remains")
	// Flags may stand behind files, where package flag would end.
	for {
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
		o.files = append(o.files, fs.Arg(0))
		args = fs.Args()[1:]
	}
	if o.format != "text" && o.format != "json" {
		return o, cli.Misuse("-format %q: want text or json", o.format)
	}
	if o.draft != "none" && o.draft != "template" && !(strings.HasPrefix(o.draft, "ollama:") && len(o.draft) > len("ollama:")) {
		return o, cli.Misuse("-draft %q: want none, template or ollama:MODEL", o.draft)
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
	catalog, err := cli.Attack(ctx, o.attack)
	if err != nil {
		return err
	}
	findings, skipped, err := cli.Findings(ctx, o.files, stdin)
	if err != nil {
		return err
	}
	sources := []graph.Source{graph.Attack(catalog), graph.Knowledge()}
	site, ok, err := cli.Site(ctx, o.controls, len(o.files) == 0)
	if err != nil {
		return err
	}
	if ok {
		sources = append(sources, graph.SiteFacts(site))
	}
	g, err := graph.New(ctx, append(sources, graph.Findings(findings...))...)
	if err != nil {
		return cli.UnlessEnded(ctx, err)
	}
	defer g.Close()
	now := g.Snapshot()
	a, err := now.Assess(ctx)
	if err != nil {
		return err
	}
	a.Warnings = append(cli.Warnings(catalog, skipped), a.Warnings...)
	cli.TellWarnings(stderr, a.Warnings, " (-format json has all)")
	if err := draft(ctx, now, a, o.draft, stderr); err != nil {
		return err
	}
	if err := g.Add(ctx, graph.Drafts(a)); err != nil {
		return err
	}
	var b bytes.Buffer
	write := report.Text
	if o.format == "json" {
		write = report.JSON
	}
	if err := write(&b, a); err != nil {
		return err
	}
	if err := cli.Output(o.out, b.Bytes(), stdout); err != nil {
		return err
	}
	if o.out == "" && o.format == "text" {
		hints(stdout, o)
	}
	if o.strict && len(a.Gaps) > 0 {
		fmt.Fprintf(stderr, "assess: -strict: %d gaps remain\n", len(a.Gaps))
		return exit(3)
	}
	return nil
}

// draft adds a draft for each gap to the assessment.
func draft(ctx context.Context, now *graph.Snapshot, a *graph.Assessment, who string, stderr io.Writer) error {
	var w genai.Writer = template.Writer{}
	switch {
	case who == "none":
		return nil
	case strings.HasPrefix(who, "ollama:"):
		o, err := ollama.New("", strings.TrimPrefix(who, "ollama:"))
		if err != nil {
			return &cli.InputError{Err: err}
		}
		w = o
	}
	progress, done := progressOn(stderr)
	defer done()
	drafts, err := genai.DraftAll(ctx, now, a, w, genai.Options{Progress: progress})
	if err != nil {
		return err
	}
	a.Drafts = drafts
	return nil
}

// hints tells a newcomer what the default run did not do.
func hints(stdout io.Writer, o options) {
	if len(o.files) == 0 {
		fmt.Fprintln(stdout, "\nThis was the embedded sample site. Give a CSAF advisory or findings in JSON to assess your own.")
	}
	if o.draft == "template" {
		fmt.Fprintln(stdout, "Drafts are by the template writer, without a model; -draft ollama:MODEL names one.")
	}
}

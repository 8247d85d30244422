// Command coverage says which mitigations of ATT&CK generative AI can help
// with, by this project's judgement, and what it leaves open.
//
//	go run ./examples/coverage [flags] [FILE...]
//
// See -h for the flags. Exit codes: 0 done, 1 failed, 2 wrong use or unreadable
// input.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
)

func main() { cli.Main("coverage", run) }

const usage = `Usage: coverage [flags] [FILE...]

Says which mitigations of ATT&CK for ICS each of five areas of generative AI can
help with, the mitigations that none reaches, the techniques left open by that,
and the research questions, in the order of how many techniques and findings
hang on each. It is this project's judgement (data/coverage), not a measurement.
FILE holds findings, as for examples/assess; without one the sample site's are
counted. "-" is standard input.

`

const examples = `
Examples:
  coverage
  coverage -details
  coverage -format json advisory.json
`

// options are the flags.
type options struct {
	attack, format, out string
	details             bool
	files               []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("coverage", flag.ContinueOnError)
	fs.StringVar(&o.attack, "attack", "", "official ATT&CK bundle, or version to fetch once, such as 18.1 (`FILE|VERSION`); default: the embedded facts of 19.1")
	fs.StringVar(&o.format, "format", "", "`FORMAT` is text (the default, unless FILE of -o ends in json) or json")
	fs.BoolVar(&o.details, "details", false, "in the text: how each area helps, at what risk and why it is said; json has it always")
	fs.StringVar(&o.out, "o", "", "write to `FILE` instead of standard output")
	var err error
	if o.files, err = cli.Parse(fs, args, stderr, usage, examples); err != nil {
		return o, err
	}
	if o.format == "" {
		o.format = cmp.Or(cli.FormatOf(o.out, "json"), "text")
	}
	if err := cli.Choice("format", o.format, "text", "json"); err != nil {
		return o, err
	}
	if o.format == "json" && o.details {
		return o, cli.Misuse("-details is for the text; json has them always")
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
	l, err := cli.Load(ctx, cli.Input{Attack: o.attack, Findings: o.files}, stdin, stderr)
	if err != nil {
		return err
	}
	defer l.Graph.Close()
	cli.TellWarnings(stderr, append(append(cli.Warnings(l.Now.Catalog(), l.Skipped), l.Notes...), l.Now.Warnings()...), "")
	c, err := l.Now.Coverage(ctx)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if o.format == "json" {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(c)
	} else {
		records, members := cli.Unread(l.Skipped)
		writeText(&b, c, about{sample: l.Sample, unread: records + members}, o.details)
	}
	if err != nil {
		return err
	}
	return cli.Output(o.out, b.Bytes(), stdout)
}

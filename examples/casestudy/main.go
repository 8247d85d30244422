// Command casestudy walks through one of three invented sites with real
// weaknesses: what was observed, what the graph makes of it, what it has
// written, what a reader of the advisories alone would have missed, and what
// nobody could know.
//
//	go run ./examples/casestudy [flags] [NAME]
//
// Without a name it lists the studies; see -h for the flags. Exit codes: 0
// done, 1 failed, 2 wrong use or unreadable input.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
)

func main() { cli.Main("casestudy", run) }

const usage = `Usage: casestudy [flags] [NAME]

Walks through a case study, from what was seen to what should be done about it:
camera, water or hospital. Without a NAME it lists them. The sites are invented;
the weaknesses, products and advisories are real.

`

const examples = `
Exit codes: 0 done, 1 failed, 2 wrong use or unreadable input.

Environment: OLLAMA_HOST (server of -draft ollama:MODEL); MITIGRAPH_CACHE,
MITIGRAPH_OFFLINE and MITIGRAPH_ATTACK_MIRROR (releases that -attack fetches).

Examples:
  casestudy water
  casestudy hospital -draft none
  casestudy camera -format html -o camera.html
`

// options are the flags.
type options struct {
	attack, draft, format, out string
	study                      *study // nil where none is named
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("casestudy", flag.ContinueOnError)
	fs.StringVar(&o.attack, "attack", "", "official ATT&CK bundle, or version to fetch once, such as 18.1 (`FILE|VERSION`); default: the embedded facts of 19.1")
	fs.StringVar(&o.draft, "draft", "template", "who writes drafts: `WRITER` is none, template or ollama:MODEL")
	fs.StringVar(&o.format, "format", "", "`FORMAT` is text (the default, unless FILE of -o ends in .md or .html), markdown or html")
	fs.StringVar(&o.out, "o", "", "write to `FILE` instead of standard output")
	names, err := cli.Parse(fs, args, stderr, usage, examples)
	if err != nil {
		return o, err
	}
	if o.format == "" {
		o.format = cmp.Or(cli.FormatOf(o.out, "markdown", "html"), "text")
	}
	if err := cli.Choice("format", o.format, "text", "markdown", "html"); err != nil {
		return o, err
	}
	if model, ok := strings.CutPrefix(o.draft, "ollama:"); o.draft != "none" && o.draft != "template" && (!ok || model == "") {
		return o, cli.Misuse("-draft %q: want none, template or ollama:MODEL", o.draft)
	}
	switch len(names) {
	case 0:
		return o, nil
	case 1:
	default:
		return o, cli.Misuse("one study at a time: %q is one too many", names[1])
	}
	var known []string
	for i, s := range studies {
		if known = append(known, s.name); s.name == names[0] {
			o.study = &studies[i]
		}
	}
	return o, cli.OneOf("study", names[0], known...)
}

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case o.study == nil:
		return cli.Output(o.out, list(), stdout)
	}
	var w *cli.Drafter // nil for nobody
	if o.draft != "none" {
		var err error
		if w, err = cli.LoadDrafter(o.draft, stderr); err != nil {
			return err
		}
	}
	c, err := o.study.assess(ctx, o.attack)
	if err != nil {
		return err
	}
	defer c.graph.Close()
	if w != nil {
		if err := c.write(ctx, w); err != nil {
			return err
		}
	}
	p, err := c.page(ctx)
	if err != nil {
		return err
	}
	b, err := p.render(o.format, c)
	if err != nil {
		return err
	}
	return cli.Output(o.out, b, stdout)
}

// list names the studies, a line each.
func list() []byte {
	var b strings.Builder
	for _, s := range studies {
		fmt.Fprintf(&b, "%-9s %s\n", s.name, s.line)
	}
	b.WriteString("\nThe sites are invented; the weaknesses, products and advisories are real.\nStart with: go run ./examples/casestudy water\n")
	return []byte(b.String())
}

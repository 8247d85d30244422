// Command assess is the main job: it takes findings on IoT and OT devices to
// the ATT&CK for ICS techniques that they open, the mitigations, the gaps, and
// a draft for each gap.
//
//	go run ./examples/assess [flags] [FILE...]
//
// See -h for the flags. Exit codes: 0 done, 1 failed, 2 wrong use or
// unreadable input; with -strict 3 when a gap remains, and 2 when none does
// but a part of the input was not read.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
)

func main() { cli.Main("assess", run) }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	if o.sources || o.remove != "" {
		return sources(ctx, o, stdout)
	}
	if o.format == "jsonl" {
		return lines(ctx, o, stdin, stdout, stderr)
	}
	l, err := cli.Load(ctx, cli.Input{Attack: o.attack, Controls: o.controls, Store: o.store, Findings: o.files, KEV: o.kev, EPSS: o.epss}, stdin, stderr)
	if err != nil {
		return err
	}
	defer func() { err = l.Close(err) }()
	g := l.Graph
	now := l.Now.At(time.Now())
	a, err := now.Assess(ctx)
	if err != nil {
		return err
	}
	if o.suggest {
		if err := (&suggester{catalog: now.Catalog()}).all(ctx, now, a); err != nil {
			return err
		}
	}
	records, members := cli.Unread(l.Beside)
	a.UnreadRecords += records
	a.UnreadMembers += members
	a.Warnings = append(append(cli.Warnings(now.Catalog(), l.Skipped), l.Notes...), a.Warnings...)
	cli.TellWarnings(stderr, a.Warnings, " (-format json has all)")
	if err := draft(ctx, now, a, o.draft, stderr, func(int) {}); err != nil {
		return err
	}
	if err := keep(ctx, g, now, a, stderr); err != nil {
		return err
	}
	if a.Changes, err = since(ctx, l.Before, now, stderr); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := writerOf(o.format)(&b, a, now); err != nil {
		return err
	}
	if o.format == "text" {
		hints(&b, o, l.Sample, a)
	}
	written := b.Bytes()
	if o.format == "text" && (o.out == "" || o.out == "-") {
		written = cli.Coloured(written, stdout)
	}
	if err := cli.Output(o.out, written, stdout); err != nil {
		return err
	}
	if o.strict {
		return strict(a, stderr)
	}
	return nil
}

// strict fails when a gap remains that nobody accepted, and when there may be one in what was not
// read.
func strict(a *graph.Assessment, stderr io.Writer) error {
	lost := a.UnreadRecords + a.UnreadMembers
	if lost > 0 {
		fmt.Fprintf(stderr, "assess: -strict: %d of the input's records or parts of records could not be used\n", lost)
	}
	kinds, open := map[graph.GapKind]int{}, 0
	for _, g := range a.Gaps {
		if g.Accepted == nil {
			kinds[g.Kind]++
			open++
		}
	}
	if open > 0 {
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			parts = append(parts, fmt.Sprintf("%s %d", k, kinds[k]))
		}
		remain := "gaps remain"
		if open == 1 {
			remain = "gap remains"
		}
		fmt.Fprintf(stderr, "assess: -strict: %d %s: %s\n", open, remain, strings.Join(parts, ", "))
		return cli.Exit(3)
	}
	if lost > 0 {
		return cli.Exit(2)
	}
	return nil
}

// hints tells a newcomer what the default run did not do.
func hints(w io.Writer, o options, sample bool, a *graph.Assessment) {
	var lines []string
	if sample {
		lines = append(lines, "This was the embedded sample site. Give a CSAF advisory or findings in JSON to assess your own.")
	}
	if len(a.Findings) > 0 && len(a.Techniques) == 0 && !o.suggest {
		lines = append(lines, "-suggest proposes techniques from the words of the findings, for you to judge.")
	}
	if o.draft == "template" && len(a.Drafts) > 0 {
		lines = append(lines, "Drafts are by the template writer, without a model; -draft ollama:MODEL names one.")
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n"))
	}
}

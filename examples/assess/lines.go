package main

import (
	"context"
	"io"
	"runtime/debug"
	"slices"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/report"
)

// lines assesses findings as they are read. What was written when a run ends
// before its time are whole lines, without the summary.
func lines(ctx context.Context, o options, stdin io.Reader, stdout, stderr io.Writer) error {
	defer debug.SetGCPercent(debug.SetGCPercent(streamGC))
	l, err := cli.Load(ctx, cli.Input{Attack: o.attack, Controls: o.controls, Findings: o.files, KEV: o.kev, EPSS: o.epss, Stream: true}, stdin, stderr)
	if err != nil {
		return err
	}
	defer l.Graph.Close()
	var sum *graph.Summary
	err = cli.OutputFrom(o.out, stdout, func(w io.Writer) error {
		out := report.NewLines(w)
		sum, err = l.Now.Stream(ctx, l.Findings(ctx, out.Flush), out.Finding)
		if err != nil {
			if flushed := out.Flush(); flushed != nil {
				return flushed
			}
			return err
		}
		skipped := append(l.Skipped, sum.Skipped...)
		sum.Warnings = append(append(cli.Warnings(l.Now.Catalog(), skipped), l.Notes...), sum.Warnings...)
		cli.TellWarnings(stderr, sum.Warnings, " (the summary has all)")
		records, members := cli.Unread(l.Skipped)
		sum.UnreadRecords += records
		sum.UnreadMembers += members
		if err := draftFor(ctx, sum, o.draft, stderr); err != nil {
			return err
		}
		return out.Summary(sum)
	})
	if err == nil && o.strict {
		err = strict(sum.Assessment, stderr)
	}
	return err
}

// streamGC lets less memory go unused than Go does by itself: what a stream
// keeps has few pointers, so that looking through it costs little.
const streamGC = 40

// draftFor drafts for the gaps of a summary. A gap has its lists only while its
// draft is written.
func draftFor(ctx context.Context, sum *graph.Summary, who string, stderr io.Writer) error {
	a := *sum.Assessment
	a.Findings, a.Gaps = sum.Examples, slices.Clone(sum.Gaps)
	turn := func(done int) {
		if done > 0 {
			a.Gaps[done-1] = graph.Gap{}
		}
		if done < len(a.Gaps) {
			a.Gaps[done].Findings = slices.Collect(sum.GapFindings(done))
			a.Gaps[done].Devices = slices.Collect(sum.GapDevices(done))
		}
	}
	turn(0)
	if err := draft(ctx, sum.Snapshot, &a, who, stderr, turn); err != nil {
		return err
	}
	sum.Drafts = a.Drafts
	return nil
}

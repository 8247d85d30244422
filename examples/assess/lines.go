package main

import (
	"context"
	"io"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
)

// lines assesses findings as they are read. What was written when a run ends
// before its time are whole lines, without the summary.
func lines(ctx context.Context, o options, stdin io.Reader, stdout, stderr io.Writer) error {
	defer debug.SetGCPercent(debug.SetGCPercent(leastGC))
	l, err := cli.Load(ctx, cli.Input{Attack: o.attack, Controls: o.controls, Findings: o.files, KEV: o.kev, EPSS: o.epss, Stream: true}, stdin, stderr)
	if err != nil {
		return err
	}
	defer l.Graph.Close()
	var sum *graph.Summary
	err = cli.OutputFrom(o.out, stdout, func(w io.Writer) error {
		out := report.NewLines(w)
		n := 0
		words := &suggester{catalog: l.Now.Catalog()}
		description := "" // of the finding at hand
		findings := func(yield func(finding.Finding, error) bool) {
			for f, err := range l.Findings(ctx, out.Flush) {
				if description = f.Description; !yield(f, err) {
					return
				}
			}
		}
		sum, err = l.Now.At(time.Now()).Stream(ctx, findings, func(r *graph.FindingResult) error {
			if n++; n&0xfff == 1 {
				collectAt(spare)
			}
			if o.suggest {
				if err := words.suggest(ctx, r, description); err != nil {
					return err
				}
			}
			return out.Finding(r)
		})
		collectAt(spare)
		if err != nil {
			if flushed := out.Flush(); flushed != nil {
				return flushed
			}
			return err
		}
		skipped := append(l.Skipped, sum.Skipped...)
		sum.Warnings = append(append(cli.Warnings(l.Now.Catalog(), skipped), l.Notes...), sum.Warnings...)
		cli.TellWarnings(stderr, sum.Warnings, " (the summary has all)")
		records, members := cli.Unread(l.Beside)
		sum.UnreadRecords += records
		sum.UnreadMembers += members
		debug.SetGCPercent(leastGC / 2) // what a long gap lists is much at once
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

const (
	spare   = 16 << 20 // bytes
	leastGC = 20       // per cent
	mostGC  = 80
)

// collectAt has garbage collected when some more bytes are in use than were
// found to be needed, where Go by itself lets as many again go unused.
func collectAt(more uint64) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() == metrics.KindUint64 {
		debug.SetGCPercent(int(min(mostGC, max(leastGC, 100*more/max(1, live[0].Value.Uint64())))))
	}
}

// draftFor drafts for the gaps of a summary. A gap has its lists only while its
// draft is written.
func draftFor(ctx context.Context, sum *graph.Summary, who string, stderr io.Writer) error {
	a := *sum.Assessment
	a.Findings, a.Gaps = sum.Examples, slices.Clone(sum.Gaps)
	var findings, devices []string // the longest lists so far, used again
	turn := func(done int) {
		if done > 0 {
			a.Gaps[done-1] = graph.Gap{}
		}
		if done < len(a.Gaps) {
			findings = slices.AppendSeq(findings[:0], sum.GapFindings(done))
			devices = slices.AppendSeq(devices[:0], sum.GapDevices(done))
			a.Gaps[done].Findings, a.Gaps[done].Devices = findings, devices
		}
	}
	turn(0)
	if err := draft(ctx, sum.Snapshot, &a, who, stderr, turn); err != nil {
		return err
	}
	sum.Drafts = a.Drafts
	return nil
}

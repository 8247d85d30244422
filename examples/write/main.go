// Command write drafts one text about a site: what to do about a gap, an
// incident-response plan, a security policy, training with a quiz, what a
// threat report means, or what to do first about a finding.
//
//	go run ./examples/write TASK [flags] [FILE...]
//
// See -h for the tasks and flags. Exit codes: 0 done, 1 failed, 2 wrong use or
// unreadable input, also a task that this site gives nothing to write about.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/examples/internal/reported"
	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

func main() { cli.Main("write", run) }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	if o.task == "measure" {
		return measure(ctx, o, stdin, stdout, stderr)
	}
	w, err := cli.LoadDrafter(o.draft, stderr)
	if err != nil {
		return err
	}
	report := ""
	if o.task == "report" {
		if report, err = readReport(o.report, stdin); err != nil {
			return err
		}
	}
	l, err := cli.Load(ctx, cli.Input{Attack: o.attack, Controls: o.controls, Store: o.store, Findings: o.files, KEV: o.kev, EPSS: o.epss}, stdin, stderr)
	if err != nil {
		return err
	}
	defer func() { err = l.Close(err) }()
	a, err := l.Now.Assess(ctx)
	if err != nil {
		return err
	}
	a.Warnings = append(append(cli.Warnings(l.Now.Catalog(), l.Skipped), l.Notes...), a.Warnings...)
	cli.TellWarnings(stderr, a.Warnings, "")
	task, err := o.taskFor(ctx, l.Now, a, report, stderr)
	if err != nil {
		return err
	}
	how, end := w.Options(1)
	d, err := genai.Draft(ctx, l.Now, a, task, w, how)
	end()
	switch {
	case errors.Is(err, genai.ErrNothing), errors.Is(err, graph.ErrUnknownNode):
		return &cli.InputError{Err: err}
	case err != nil:
		return err
	}
	if d.Checks.Fallback {
		why := "its answers were rejected"
		if n := len(d.Checks.Rejections); n > 0 {
			r := d.Checks.Rejections[n-1]
			why = r.Check + ": " + r.Why
		}
		fmt.Fprintf(stderr, "warning: the draft is the template's and not by %s; the last reason is %s\n", d.Checks.Asked, finding.Plain(why, 400))
	}
	if o.store != "mem" {
		a.Drafts = []graph.Draft{d}
		if err := l.Graph.Add(ctx, graph.Drafts(a)); err != nil {
			return cli.StoreError(err)
		}
	}
	b, err := o.render(d)
	if err != nil {
		return err
	}
	return cli.Output(o.out, b, stdout)
}

// taskFor makes the task that is asked for.
func (o options) taskFor(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, text string, stderr io.Writer) (genai.Task, error) {
	switch o.task {
	case "incident-response":
		return genai.IncidentResponse(), nil
	case "policy":
		return genai.SecurityPolicy(), nil
	case "training":
		return genai.Training(), nil
	case "triage":
		return genai.Triage(o.finding), nil
	case "report":
		r, err := reported.Techniques(ctx, s.Catalog(), text)
		if err != nil {
			return genai.Task{}, err
		}
		for _, id := range r.Unknown {
			fmt.Fprintf(stderr, "warning: -report %s: %s has no technique %s%s\n", o.report, s.Catalog().Info(), id, finding.Meant(id, func(yield func(string) bool) {
				for t := range mitre.All[*mitre.Technique](s.Catalog()) {
					if !yield(t.ID) {
						return
					}
				}
			}))
		}
		if len(r.Found) == 0 {
			return genai.Task{}, cli.Misuse("-report %s: no technique of %s was recognised in it, neither by ID nor by name nor in the words of a sentence; it has %d", o.report, s.Catalog().Info(), r.Sentences)
		}
		if r.Silent > 0 {
			fmt.Fprintf(stderr, "note: -report %s: no technique was recognised in %d of its %d sentences; what they say is not explained\n", o.report, r.Silent, r.Sentences)
		}
		if r.More > 0 {
			fmt.Fprintf(stderr, "warning: -report %s names %d more techniques; the first %d are explained\n", o.report, r.More, len(r.Found))
		}
		return genai.ThreatReport(filepath.Base(o.report), text, r.Found), nil
	}
	if o.gap < 0 || o.gap >= len(a.Gaps) {
		return genai.Task{}, cli.Misuse("-gap %d: the assessment has %d, counted from 0", o.gap, len(a.Gaps))
	}
	return genai.Mitigation(o.gap), nil
}

func (o options) render(d graph.Draft) ([]byte, error) {
	switch o.format {
	case "markdown":
		return []byte(genai.Markdown(d)), nil
	case "json":
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		err := e.Encode(d)
		return b.Bytes(), err
	}
	return []byte(genai.Text(d, 0)), nil
}

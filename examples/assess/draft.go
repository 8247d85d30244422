package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// draft adds a draft for each gap to the assessment. It calls each behind each
// of them, with how many are done.
func draft(ctx context.Context, now *graph.Snapshot, a *graph.Assessment, who string, stderr io.Writer, each func(done int)) error {
	if who == "none" {
		return nil
	}
	w, err := cli.LoadDrafter(who, stderr)
	if err != nil {
		return err
	}
	tasks := genai.Mitigations(a)
	if err := w.Check(ctx, now, a, tasks); err != nil {
		return err
	}
	o, end := w.Options(len(tasks))
	defer end()
	shown := o.Progress
	o.Progress = func(done, total int) {
		each(done)
		if shown != nil {
			shown(done, total)
		}
	}
	drafts, err := genai.DraftAll(ctx, now, a, tasks, w, o)
	if err != nil {
		return err
	}
	a.Drafts = drafts
	tellSilence(stderr, drafts)
	return nil
}

// keep writes the drafts into the graph, in place of those of the last run, and
// supersedes what people took up and does not hold any more. Another release
// than the one in force is a look at it, and supersedes nothing.
func keep(ctx context.Context, g *graph.Graph, now *graph.Snapshot, a *graph.Assessment, stderr io.Writer) error {
	if err := g.Add(ctx, graph.Replace(graph.Drafts(a))); err != nil {
		return cli.StoreError(err)
	}
	defer func() { decisions(g.Snapshot(), a) }()
	if now.Catalog() != g.Snapshot().Catalog() {
		return nil
	}
	gone, err := genai.Supersede(ctx, g, a, time.Now())
	for _, d := range gone {
		fmt.Fprintf(stderr, "note: %s is superseded: %s\n", d.ID, finding.Plain(d.Reviews[len(d.Reviews)-1].Why, 200))
	}
	if err != nil {
		return cli.StoreError(err)
	}
	return nil
}

// decisions puts into an assessment what people decided of its drafts. The text
// that they accepted for a gap takes the place of another that was written for
// it since.
func decisions(s *graph.Snapshot, a *graph.Assessment) {
	about := func(d graph.Draft) string { return fmt.Sprintf("%q %q", d.GapKind, d.About) }
	accepted := map[string]graph.Draft{}
	for _, d := range s.Drafts() {
		if d.GapKind != "" && d.Status == graph.StatusAccepted {
			accepted[about(d)] = d
		}
	}
	for i, d := range a.Drafts {
		known, ok := s.Draft(d.ID)
		if !ok {
			continue
		}
		if other, ok := accepted[about(known)]; ok && known.Status != graph.StatusAccepted {
			d, known = other, other
			d.Gap, d.About = a.Drafts[i].Gap, a.Drafts[i].About
		}
		d.Status, d.Text, d.Reviews = known.Status, known.Text, known.Reviews
		a.Drafts[i] = d
	}
}

// tellSilence warns once of a model that could not be asked: its drafts are
// the template's, and the run still ends well.
func tellSilence(stderr io.Writer, drafts []graph.Draft) {
	n, first := 0, ""
	for _, d := range drafts {
		for _, r := range d.Checks.Rejections {
			if d.Checks.Fallback && (r.Check == genai.CheckServer || r.Check == genai.CheckTimeout) {
				if n++; first == "" {
					first = fmt.Sprintf("%s: %s: %s", d.Checks.Asked, r.Check, r.Why)
				}
				break
			}
		}
	}
	if n > 0 {
		fmt.Fprintf(stderr, "warning: %d of %d drafts are the template's, since the model gave no answer; the first reason is %s\n", n, len(drafts), finding.Plain(first, 400))
	}
}

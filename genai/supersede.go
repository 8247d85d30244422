package genai

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/graph"
)

// Supersede marks the drafts that people took up, in review or accepted, whose
// evidence is not what it was: a new release says something else, a control
// was deployed, the gap is closed. The assessment must have been made from
// the graph's present snapshot; at is the time that is written down. It
// returns the drafts that it marked, each with the reason in its last review.
//
// The error is one of [graph.Graph.Review]; drafts that were marked before it
// stay so, and are returned with it.
func Supersede(ctx context.Context, g *graph.Graph, a *graph.Assessment, at time.Time) ([]graph.Draft, error) {
	if g == nil || a == nil {
		return nil, errors.New("genai: Supersede needs a graph and an assessment")
	}
	var out []graph.Draft
	s := g.Snapshot()
	for _, d := range s.Drafts() {
		if d.Status != graph.StatusInReview && d.Status != graph.StatusAccepted {
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, fmt.Errorf("genai: %w", err)
		}
		why := changed(ctx, s, a, d)
		if why == "" {
			continue
		}
		d, err := g.Review(ctx, d.ID, graph.Review{Status: graph.StatusSuperseded, By: "mitigraph", At: at, Why: why}, nil)
		if err != nil {
			return out, fmt.Errorf("genai: %w", err)
		}
		out = append(out, d)
	}
	return out, nil
}

// changed says what of a draft's evidence is not as it was; empty when all is.
func changed(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, d graph.Draft) string {
	t, ok := taskOf(a, d)
	switch {
	case !ok:
		return "what it was written for is closed: the assessment has no such gap any more"
	case t.kind == nil: // such as a report, whose text the graph does not keep
		return ""
	}
	j, err := t.kind.collect(ctx, s, a, t)
	if err != nil {
		return "its evidence can't be collected any more"
	}
	has := func(list []graph.Evidence, e graph.Evidence) bool {
		return slices.ContainsFunc(list, func(x graph.Evidence) bool { return x.Text == e.Text && x.Provenance == e.Provenance })
	}
	for _, e := range d.Evidence {
		if !has(j.evidence, e) {
			return fmt.Sprintf("%s is not so any more: %s", e.Handle, e.Text)
		}
	}
	for _, e := range j.evidence {
		if !has(d.Evidence, e) && d.Checks.LeftOut == 0 {
			return "there is new evidence: " + e.Text
		}
	}
	return ""
}

// taskOf is the task that a kept draft would be today: the zero value where
// that is not known, and false where it is about a gap that is closed.
func taskOf(a *graph.Assessment, d graph.Draft) (Task, bool) {
	switch d.Task {
	case incident.name:
		return IncidentResponse(), true
	case policy.name:
		return SecurityPolicy(), true
	case training.name:
		return Training(), true
	case triage.name:
		for _, key := range d.About {
			if id, ok := strings.CutPrefix(key, "finding:"); ok {
				if plain, err := url.PathUnescape(id); err == nil {
					return Triage(plain), true
				}
			}
		}
		return Task{}, true
	case mitigation.name, "": // of before there was more than one
	default:
		return Task{}, true
	}
	technique := ""
	for _, key := range d.About {
		if id, ok := strings.CutPrefix(key, "attack:"); ok {
			if technique = id; strings.Contains(id, "%") {
				technique, _ = url.PathUnescape(id)
			}
			break
		}
	}
	for i, g := range a.Gaps {
		if g.Kind != d.GapKind || g.Technique != technique {
			continue
		}
		if technique != "" || slices.ContainsFunc(d.About, func(key string) bool {
			return slices.ContainsFunc(g.Findings, func(id string) bool { return key == "finding:"+url.PathEscape(id) })
		}) {
			return Mitigation(i), true
		}
	}
	return Task{}, false
}

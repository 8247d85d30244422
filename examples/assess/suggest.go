package main

import (
	"context"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

// maxSuggested is how many techniques are suggested for one finding.
const maxSuggested = 3

// suggester suggests techniques for findings that lead to none, from their
// words. The zero value with a catalogue is ready; the model is made for the
// first finding that needs it.
type suggester struct {
	catalog *mitre.Catalog
	model   *identify.Model
}

// suggest sets what a finding's title and description speak of.
func (s *suggester) suggest(ctx context.Context, r *graph.FindingResult, description string) error {
	if r.Status == graph.Mapped {
		return nil
	}
	if s.model == nil {
		var err error
		if s.model, err = identify.New(ctx, s.catalog, identify.Options{}); err != nil {
			return err
		}
	}
	found, err := s.model.Identify(ctx, r.Title+". "+description, identify.Query{Top: maxSuggested})
	if err != nil {
		return err
	}
	r.Suggested = nil
	for _, m := range found {
		one := graph.Suggestion{ID: m.ID, Name: m.Name, Score: m.Score, Because: []string{}}
		for _, b := range m.Because {
			one.Because = append(one.Because, finding.Plain(b.String(), 300))
		}
		r.Suggested = append(r.Suggested, one)
	}
	return nil
}

// all suggests for the findings of an assessment.
func (s *suggester) all(ctx context.Context, now *graph.Snapshot, a *graph.Assessment) error {
	for i := range a.Findings {
		f, _ := now.Finding(a.Findings[i].ID)
		if err := s.suggest(ctx, &a.Findings[i], f.Description); err != nil {
			return err
		}
	}
	return nil
}

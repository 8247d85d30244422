package graph

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// A nil snapshot knows nothing, as the zero value does, and says the same.
func TestNilSnapshot(t *testing.T) {
	ctx := t.Context()
	ask := func(s *Snapshot) map[string]error {
		errs := map[string]error{}
		_, errs["Assess"] = s.Assess(ctx)
		_, errs["Coverage"] = s.Coverage(ctx)
		_, errs["Evidence"] = s.Evidence(&Assessment{}, 0)
		_, errs["EvidenceAbout"] = s.EvidenceAbout(&Assessment{}, "T0855")
		_, errs["On"] = s.On("19.1")
		_, errs["Since"] = s.Since(ctx, nil)
		_, errs["Stream"] = s.Stream(ctx, nil, nil)
		_, errs["Suppose"] = s.Suppose(Supposition{Deploy: []string{"M0801"}})
		_, errs["TryCandidates"] = s.TryCandidates(ctx)
		_, errs["Around"] = s.Around(ctx, "T0855", 1)
		_, _, errs["ShortestPath"] = s.ShortestPath(ctx, "T0855", "M0801")
		for _, err := range s.Paths(ctx, "T0855", "M0801", 2) {
			errs["Paths"] = err
		}
		assert.Empty(t, s.Warnings())
		assert.Empty(t, s.Skipped())
		assert.Empty(t, s.Sources())
		assert.Empty(t, s.Drafts())
		assert.Empty(t, s.Whole().Nodes)
		assert.Nil(t, s.Catalog())
		assert.Empty(t, s.At(time.Now()).Sources())
		for range s.Quads() {
			t.Error("a quad of nothing")
		}
		return errs
	}
	got := ask(nil)
	assert.Equal(t, ask(&Snapshot{}), got)
	for name, err := range got {
		assert.Error(t, err, name)
	}
}

func TestStreamOfNothing(t *testing.T) {
	s := newGraph(t).Snapshot()
	_, err := s.Stream(t.Context(), nil, func(*FindingResult) error { return nil })
	assert.ErrorContains(t, err, "nil")
	_, err = s.Stream(t.Context(), func(func(finding.Finding, error) bool) {}, nil)
	assert.ErrorContains(t, err, "nil")
}

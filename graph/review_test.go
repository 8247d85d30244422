package graph

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

func drafted(t testing.TB, kept *strictStore) *Graph {
	t.Helper()
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge(), Findings(finding.Finding{ID: "F", Weaknesses: []string{"CWE-798"}}))
	require.NoError(t, err)
	a := assess(t, g)
	a.Drafts = []Draft{{ID: "D", Status: StatusDraft, Text: claim("old")}, {ID: "E", Gap: 1, Status: StatusDraft, Text: claim("other")}}
	require.NoError(t, g.Add(t.Context(), Drafts(a)))
	return g
}

func claim(text string) DraftText {
	return DraftText{{Name: "summary", Single: true, Claims: []Claim{{Text: text, Evidence: []string{"E1"}}}}}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// The life of a draft: what a person decided outlives the next run's drafts
// and the process.
func TestReview(t *testing.T) {
	kept := &strictStore{}
	g := drafted(t, kept)
	d, err := g.Review(t.Context(), "D", Review{Status: StatusInReview, By: "Ann", At: noon}, nil)
	require.NoError(t, err)
	assert.Equal(t, StatusInReview, d.Status)
	d, err = g.Review(t.Context(), "D", Review{Status: StatusAccepted, By: "Ben", At: noon.Add(time.Hour), Why: "fits"}, claim("new"))
	require.NoError(t, err)
	want := []Review{
		{Status: StatusInReview, By: "Ann", At: noon},
		{Status: StatusAccepted, By: "Ben", At: noon.Add(time.Hour), Why: "fits", Was: claim("old")},
	}
	assert.Equal(t, want, d.Reviews)
	assert.Equal(t, claim("new"), d.Text)

	// Another run makes the same draft again, and no more of the other.
	a := assess(t, g)
	a.Drafts = []Draft{{ID: "D", Status: StatusDraft, Text: claim("old")}}
	require.NoError(t, g.Add(t.Context(), Replace(Drafts(a))))
	again, err := Open(t.Context(), kept)
	require.NoError(t, err)
	for _, g := range []*Graph{g, again} {
		got, ok := g.Snapshot().Draft("D")
		require.True(t, ok)
		assert.Equal(t, d, got)
		require.Len(t, g.Snapshot().Drafts(), 1)
		assert.Equal(t, d, g.Snapshot().Drafts()[0])
		assert.NotEmpty(t, got.About)
		assert.Equal(t, a.Gaps[0].Kind, got.GapKind)
	}
	// Accepted or not, it is no mitigation.
	same(t, asJSON(t, assess(t, drafted(t, &strictStore{})).Gaps), asJSON(t, assess(t, g).Gaps))

	require.NoError(t, g.Remove(t.Context(), "source:drafts"))
	_, ok := g.Snapshot().Draft("D")
	assert.True(t, ok, "drafts are taken out, the reviewed ones stay")
	require.NoError(t, g.Remove(t.Context(), "source:reviewed-drafts"))
	assert.Empty(t, g.Snapshot().Drafts())
}

func TestReviewRefused(t *testing.T) {
	g := drafted(t, &strictStore{})
	ok := Review{Status: StatusAccepted, By: "Ann", At: noon}
	with := func(change func(*Review)) Review { r := ok; change(&r); return r }
	before := asJSON(t, g.Snapshot().Drafts())
	for name, c := range map[string]struct {
		r    Review
		says string
	}{
		"no name":               {with(func(r *Review) { r.By = " " }), "name of a person"},
		"escape in the name":    {with(func(r *Review) { r.By = "A\x1b[31m" }), "name of a person"},
		"no time":               {with(func(r *Review) { r.At = time.Time{} }), "a time"},
		"unknown state":         {with(func(r *Review) { r.Status = "done" }), `"done" is no state`},
		"rejected without why":  {with(func(r *Review) { r.Status = StatusRejected }), "needs a reason"},
		"draft again":           {with(func(r *Review) { r.Status = StatusDraft }), "that is draft can become in_review or accepted"},
		"control in the reason": {with(func(r *Review) { r.Why = "\x00" }), "control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := g.Review(t.Context(), "D", c.r, nil)
			assert.ErrorIs(t, err, ErrReview)
			assert.ErrorContains(t, err, c.says)
		})
	}
	for says, text := range map[string]DraftText{
		"U+001B": claim("\x1b[2J"), "U+202E": claim("a\u202eb"), "U+FFFD": claim("\xff"), "is empty": claim(" "),
		"more than 1048576 bytes": claim(strings.Repeat("x", maxReviewText+1)),
	} {
		_, err := g.Review(t.Context(), "D", ok, text)
		assert.ErrorIs(t, err, ErrReview)
		assert.ErrorContains(t, err, says)
	}
	_, err := g.Review(t.Context(), "X", ok, nil)
	assert.ErrorIs(t, err, ErrUnknownDraft)
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = g.Review(ended, "D", ok, nil)
	assert.ErrorIs(t, err, context.Canceled)
	same(t, before, asJSON(t, g.Snapshot().Drafts()))
}

// What a caller does with a draft changes nothing in the graph.
func TestDraftsAreTheCallers(t *testing.T) {
	g := drafted(t, &strictStore{})
	d, _ := g.Snapshot().Draft("D")
	d.Text[0].Claims[0].Text = "spoilt"
	d.About[0] = "spoilt"
	got, _ := g.Snapshot().Draft("D")
	assert.Equal(t, claim("old"), got.Text)
	assert.NotContains(t, got.About, "spoilt")
}

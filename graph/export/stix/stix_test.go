package stix_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/export/stix"
	"github.com/mitigraph/mitigraph/mitre"
)

func accepted(id string, about ...string) graph.Draft {
	return graph.Draft{
		ID: id, Task: "mitigation", Gap: 1, GapKind: graph.GapNoMitigation, About: about, Generator: "ollama:x", Status: graph.StatusAccepted,
		Text:     graph.DraftText{{Name: "summary", Single: true, Claims: []graph.Claim{{Text: "Keep <b>the</b> layer.", Evidence: []string{"E1"}}}}},
		Evidence: []graph.Evidence{{Handle: "E1", Text: "T0837 is one.", IDs: []string{"T0837"}, Provenance: "official", Source: "test"}},
		Checks:   graph.Checks{Passed: []string{}},
		Reviews:  []graph.Review{{Status: graph.StatusAccepted, By: "Ann", At: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}},
	}
}

func TestWriteAndRead(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	drafts := []graph.Draft{accepted("D-1", "attack:T0837", "finding:F-1"), accepted("D-2", "attack:T0855")} // T0855 was revoked
	var b, again bytes.Buffer
	require.NoError(t, stix.Write(&b, c, drafts...))
	require.NoError(t, stix.Write(&again, c, drafts...))
	assert.Equal(t, b.String(), again.String())
	back, err := stix.Read(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	assert.Equal(t, drafts, back)

	var bundle struct {
		Objects []map[string]any `json:"objects"`
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &bundle))
	var targets []any
	identity := bundle.Objects[0]["id"]
	for _, o := range bundle.Objects[1:] {
		assert.Equal(t, identity, o["created_by_ref"], "never MITRE's")
		if o["type"] == "relationship" {
			assert.Equal(t, "mitigates", o["relationship_type"])
			targets = append(targets, o["target_ref"])
		}
		if o["type"] != "marking-definition" {
			assert.Len(t, o["object_marking_refs"], 1)
		}
	}
	t0837, _ := c.Lookup("T0837")
	message, _ := c.Lookup("T1692.001")
	assert.Equal(t, []any{t0837.Common().STIXID, message.Common().STIXID}, targets)

	if dir := os.Getenv("MITIGRAPH_WRITE_DIR"); dir != "" { // for .ci/run, which has another library read it
		require.NoError(t, os.WriteFile(filepath.Join(dir, "drafts.json"), b.Bytes(), 0o600))
	}
}

func TestOnlyAcceptedDraftsGoOut(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	draft, nameless := accepted("D-1", "attack:T0837"), accepted("D-2", "attack:T0837")
	draft.Status = graph.StatusDraft
	nameless.Reviews = nil
	for want, d := range map[error][]graph.Draft{
		stix.ErrNotAccepted: {draft, nameless},
		stix.ErrNoTechnique: {accepted("D-3"), accepted("D-4", "attack:M0812"), accepted("D-5", "finding:T0837")},
	} {
		for _, d := range d {
			var b strings.Builder
			err := stix.Write(&b, c, accepted("D-0", "attack:T0837"), d)
			assert.ErrorIs(t, err, want)
			assert.ErrorContains(t, err, d.ID)
			assert.Empty(t, b.String(), "nothing is half written")
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for in, says := range map[string]string{
		"":                                "unexpected end",
		"{}":                              `type is ""`,
		`{"type":"bundle","objects":1}`:   "objects",
		`{"type":"bundle","objects":[1]}`: "objects[0]",
		`{"type":"bundle","objects":[{"type":"course-of-action","x_mitigraph_draft":7}]}`:                                               "x_mitigraph_draft",
		`{"type":"bundle","objects":[{"type":"course-of-action","x_mitigraph_draft":{"id":"a"},"x_mitigraph_draft_id":"b"}]}`:           `the ID "a"`,
		`{"type":"bundle","objects":[{"type":"course-of-action","x_mitigraph_draft":{"id":"a","text":[]},"x_mitigraph_draft_id":"a"}]}`: "no JSON object",
	} {
		_, err := stix.Read(strings.NewReader(in))
		assert.ErrorContains(t, err, says, in)
	}
	drafts, err := stix.Read(strings.NewReader(`{"type":"bundle","objects":[{"type":"tool","x":1}]}`))
	require.NoError(t, err)
	assert.Empty(t, drafts)
}

// What a person accepted is not said to be nobody's, and whoever changed it is
// named.
func TestWhoStandsForADraft(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	d := accepted("D-1", "attack:T0837")
	d.Text[0].Claims[0].Text = "Keep the layer. This draft is assembled from the graph, not written by a person or a model."
	d.Reviews = append([]graph.Review{{Status: graph.StatusInReview, By: "Bea", At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Was: d.Text}}, d.Reviews...)
	var b bytes.Buffer
	require.NoError(t, stix.Write(&b, c, d))
	assert.Contains(t, b.String(), `"description": "Keep the layer. This draft is assembled from the graph."`)
	assert.Contains(t, b.String(), "Written by ollama:x, changed by Bea on 2026-11-23, accepted by Ann on 2026-11-24.")
	d.Reviews = d.Reviews[1:]
	b.Reset()
	require.NoError(t, stix.Write(&b, c, d))
	assert.Contains(t, b.String(), "Written by ollama:x, accepted by Ann on 2026-11-24.")
}

package stix_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	export "github.com/mitigraph/mitigraph/graph/export/stix"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report/stix"
	"github.com/mitigraph/mitigraph/mitre"
)

type object = map[string]any

// written assesses findings, lets change look at the assessment, and returns
// the bundle and its objects by type.
func written(t *testing.T, change func(*graph.Assessment), fs ...finding.Finding) (string, map[string][]object) {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	site := graph.SiteDescription{Site: "s", Devices: []graph.Device{{ID: "plc-1", Name: "Pump controller"}}}
	g, err := graph.New(t.Context(), graph.Attack(c), graph.Knowledge(), graph.SiteFacts(site), graph.Findings(fs...))
	require.NoError(t, err)
	defer g.Close()
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	if change != nil {
		change(a)
	}
	var b bytes.Buffer
	require.NoError(t, stix.Write(&b, a, c))
	var bundle struct{ Objects []object }
	require.NoError(t, json.Unmarshal(b.Bytes(), &bundle))
	out := map[string][]object{}
	for _, o := range bundle.Objects {
		out[o["type"].(string)] = append(out[o["type"].(string)], o)
	}
	return b.String(), out
}

var one = finding.Finding{ID: "F-1", Title: "A password in the firmware", Device: "plc-1", Weaknesses: []string{"CWE-798"}, CVEs: []string{"CVE-2024-1234"}, Source: "f.json"}

func TestWrite(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	bundle, objects := written(t, nil, one)
	again, _ := written(t, nil, one)
	assert.Equal(t, bundle, again)

	require.Len(t, objects["identity"], 1)
	for kind, list := range objects {
		for _, o := range list {
			if kind != "identity" {
				assert.Equal(t, objects["identity"][0]["id"], o["created_by_ref"], "never MITRE's")
			}
			if kind != "identity" && kind != "marking-definition" {
				assert.NotEmpty(t, o["object_marking_refs"], kind)
			}
		}
	}
	assert.NotContains(t, objects, "attack-pattern", "MITRE's own objects are not repeated")
	assert.NotContains(t, objects, "course-of-action")

	require.Len(t, objects["vulnerability"], 1)
	flaw := objects["vulnerability"][0]
	assert.Equal(t, "A password in the firmware", flaw["name"])
	assert.Equal(t, []any{object{"source_name": "cve", "external_id": "CVE-2024-1234"}, object{"source_name": "cwe", "external_id": "CWE-798"}}, flaw["external_references"])
	require.Len(t, objects["infrastructure"], 1)
	assert.Equal(t, "Pump controller (plc-1)", objects["infrastructure"][0]["name"])

	hardcoded, _ := c.Lookup("T1694.002")
	has, targets := 0, 0
	for _, r := range objects["relationship"] {
		assert.Equal(t, flaw["id"], r["target_ref"])
		switch r["relationship_type"] {
		case "has":
			has++
			assert.Equal(t, objects["infrastructure"][0]["id"], r["source_ref"])
		case "targets":
			targets++
			if r["source_ref"] == hardcoded.Common().STIXID {
				assert.Equal(t, "analyst", r["x_mitigraph_provenance"].(object)["kind"])
				assert.Equal(t, "CWE-798", r["x_mitigraph_provenance"].(object)["weakness"])
				assert.NotEmpty(t, r["description"])
				assert.Greater(t, r["confidence"], 50.0)
			}
		}
	}
	assert.Equal(t, 1, has)
	assert.Equal(t, 3, targets)
	var gaps, steps int
	for _, n := range objects["note"] {
		switch n["labels"].([]any)[0] {
		case "mitigraph-gap":
			gaps++
			assert.NotEmpty(t, n["x_mitigraph_gap"].(object)["kind"])
		case "mitigraph-plan":
			steps++
		}
	}
	assert.Equal(t, 3, gaps)
	assert.Positive(t, steps)
}

// The same words have the same ID in every bundle, other words another one.
func TestIDs(t *testing.T) {
	_, before := written(t, nil, one)
	two := one
	two.ID = "F-2"
	_, after := written(t, nil, one, two)
	assert.Equal(t, before["vulnerability"][0]["id"], after["vulnerability"][0]["id"])
	assert.NotEqual(t, after["vulnerability"][0]["id"], after["vulnerability"][1]["id"])
	assert.Equal(t, before["infrastructure"], after["infrastructure"])
}

// Only what a named person accepted is a course of action.
func TestDraftsNeverLookOfficial(t *testing.T) {
	text := graph.DraftText{{Name: "summary", Single: true, Claims: []graph.Claim{{Text: "Keep the layer.", Evidence: []string{"E1"}}}}}
	bundle, objects := written(t, func(a *graph.Assessment) {
		a.Drafts = []graph.Draft{
			{ID: "D-1", Gap: 0, Generator: "template", Status: graph.StatusDraft, Text: text},
			{ID: "D-2", Gap: 1, Generator: "ollama:m", Status: graph.StatusAccepted, Text: text, Reviews: []graph.Review{{Status: graph.StatusAccepted, By: "Ann", At: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}}},
			{ID: "D-3", Gap: 2, Generator: "template", Status: graph.StatusRejected, Text: text},
			{ID: "D-4", Gap: -1, Generator: "template", Status: graph.StatusDraft, Text: text},
		}
	}, one)
	require.Len(t, objects["course-of-action"], 1)
	assert.Equal(t, "D-2", objects["course-of-action"][0]["x_mitigraph_draft_id"])
	var drafts []object
	for _, n := range objects["note"] {
		if n["labels"].([]any)[0] == "mitigraph-draft" {
			drafts = append(drafts, n)
		}
	}
	require.Len(t, drafts, 1)
	assert.True(t, strings.HasPrefix(drafts[0]["abstract"].(string), "DRAFT, not official for T"))
	assert.Equal(t, []any{"template"}, drafts[0]["authors"])
	marked := false
	for _, m := range objects["marking-definition"] {
		if m["id"] == drafts[0]["object_marking_refs"].([]any)[0] {
			marked = true
			assert.Contains(t, m["definition"].(object)["statement"], "DRAFT, written by template for a person to judge.")
		}
	}
	assert.True(t, marked)
	back, err := export.Read(strings.NewReader(bundle))
	require.NoError(t, err)
	require.Len(t, back, 1, "and it can be read back")
	assert.Equal(t, "D-2", back[0].ID)
}

// Two findings whose IDs look the same are two.
func TestFindingsThatLookAlike(t *testing.T) {
	other := one
	other.ID = "F\u200b-1"
	bundle, objects := written(t, nil, one, other)
	assert.Len(t, objects["vulnerability"], 2)
	assert.Contains(t, bundle, `"id":"F\u200b-1"`)
	assert.NotContains(t, bundle, "\u200b")
}

package graph_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/mitre"
)

// What any text about a technique and a device may cite.
func ExampleSnapshot_EvidenceAbout() {
	g := pumpHouse()
	defer g.Close()
	a, err := g.Snapshot().Assess(context.Background())
	check(err)
	evidence, err := g.Snapshot().EvidenceAbout(a, "T1694.002", "plc-1")
	check(err)
	for _, e := range evidence {
		fmt.Println(e.Handle, e.Provenance, e.IDs)
	}
	// Output:
	// E1 official [T1694.002]
	// E2 analyst []
	// E3 site [T1694.002]
	// E4 official [M0801 T1694.002]
	// E5 official [T1694.002 DC0067 DC0085]
	// E6 site [A0003]
	// E7 site []
}

// A draft is kept beside what it is for, and never counts as a mitigation.
func ExampleDrafts() {
	ctx := context.Background()
	g := pumpHouse()
	defer g.Close()
	a, err := g.Snapshot().Assess(ctx)
	check(err)
	before := len(a.Gaps)
	a.Drafts = []graph.Draft{{ID: "draft--1", Gap: 0, Generator: "by hand", Status: graph.StatusDraft, Text: graph.DraftText{
		{Name: "summary", Single: true, Claims: []graph.Claim{{Text: "Change the password."}}},
	}}}
	check(g.Add(ctx, graph.Drafts(a)))
	d, ok := g.Snapshot().Draft("draft--1")
	fmt.Println(ok, d.Status, d.GapKind, d.About)
	a, err = g.Snapshot().Assess(ctx)
	check(err)
	fmt.Println("gaps closed by it:", before-len(a.Gaps))
	// Output:
	// true draft not_deployed [attack:T1694.002 finding:F-1]
	// gaps closed by it: 0
}

// A text keeps the order of its sections, in JSON too.
func ExampleDraftText() {
	var text graph.DraftText
	check(json.Unmarshal([]byte(`{
		"summary": {"text": "The password is fixed.", "evidence": ["E1"]},
		"steps": [{"text": "Ask the maker.", "evidence": ["E2"]}, {"text": "Close the port.", "evidence": ["E3", "E4"]}]}`), &text))
	for place, claim := range text.Claims() {
		fmt.Println(place, claim.Text, claim.Evidence)
	}
	fmt.Println(len(text.Section("steps")), "steps,", len(text.Section("limits")), "limits")
	// Output:
	// summary The password is fixed. [E1]
	// steps[0] Ask the maker. [E2]
	// steps[1] Close the port. [E3 E4]
	// 2 steps, 0 limits
}

// Who wrote a draft, where the template gave a claim that the model's words
// did not hold for.
func ExampleDraft_By() {
	d := graph.Draft{Generator: "ollama:llama3.1", Checks: graph.Checks{TemplateClaims: []string{"limits"}}}
	check(json.Unmarshal([]byte(`{
		"summary": {"text": "The password is fixed.", "evidence": ["E1"]},
		"limits": {"text": "The device remains as it is.", "evidence": ["E2"]}}`), &d.Text))
	fmt.Println(d.By())
	// Output: ollama:llama3.1, 1 of 2 claims; the other 1 by template
}

// How good the candidates for a gap are, measured where ATT&CK has an answer
// that was hidden, and beside what the mitigations that most techniques have
// would give.
func ExampleSnapshot_TryCandidates() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	check(err)
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge())
	check(err)
	defer g.Close()
	t, err := g.Snapshot().TryCandidates(ctx)
	check(err)
	fmt.Printf("%d techniques: %.2f of the mitigations are found, %.2f by frequency alone\n", t.Techniques, t.Recall5, t.PriorRecall5)
}

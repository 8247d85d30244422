package genai_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// ATT&CK for ICS 19.1 has no mitigation for T0837. The template writer says
// so, and what could be weighed instead; a model takes its place with
// ollama.New("", "llama3.1").
func Example() {
	ctx := context.Background()
	attack, err := mitre.Embedded()
	if err != nil {
		log.Fatal(err)
	}
	g, err := graph.New(ctx, graph.Attack(attack), graph.Knowledge(), graph.Findings(
		finding.Finding{ID: "F-1", Device: "sis-1", Techniques: []string{"T0837"}}))
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	known := g.Snapshot()
	assessment, err := known.Assess(ctx)
	if err != nil {
		log.Fatal(err)
	}
	draft, err := genai.Draft(ctx, known, assessment, genai.Mitigation(0), template.Writer{}, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(draft.Generator, draft.Status)
	fmt.Println(draft.Text.Section("summary")[0].Text)
	// Output:
	// template draft
	// ATT&CK lists no mitigation for T0837 Loss of Protection, which the findings open on sis-1. The controls named below answer similar techniques and are proposals. This draft is assembled from the graph, not written by a person or a model.
}

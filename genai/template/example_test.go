package template_test

import (
	"context"
	"fmt"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// A draft without a model: the same words each time, each with its evidence.
func Example() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(), graph.Findings(finding.Finding{ID: "F-1", Techniques: []string{"T0837"}}))
	if err != nil {
		panic(err)
	}
	a, err := g.Snapshot().Assess(ctx)
	if err != nil {
		panic(err)
	}
	d, err := genai.Draft(ctx, g.Snapshot(), a, genai.Mitigation(0), template.Writer{}, genai.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(d.Generator, d.Status)
	summary := d.Text[0].Claims[0]
	fmt.Println(summary.Text)
	fmt.Println(summary.Evidence)
	// Output:
	// template draft
	// ATT&CK lists no mitigation for T0837 Loss of Protection, which the findings open. The controls named below answer similar techniques and are proposals. This draft is assembled from the graph, not written by a person or a model.
	// [E1 E3 E4]
}

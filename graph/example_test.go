package graph_test

import (
	"context"
	"fmt"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// From findings on a site to what is missing, the most urgent first.
func Example() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(),
		graph.SiteFacts(graph.SiteDescription{Devices: []graph.Device{
			{ID: "rtu-1", Asset: "A0004", Constraints: []string{"no_agent"}},
		}}),
		graph.Findings(
			finding.Finding{ID: "F-1", Device: "rtu-1", Techniques: []string{"T0834"}},
			finding.Finding{ID: "F-2", Device: "rtu-1"},
		))
	if err != nil {
		panic(err)
	}
	defer g.Close()
	assessment, err := g.Snapshot().Assess(ctx)
	if err != nil {
		panic(err)
	}
	for _, gap := range assessment.Gaps {
		fmt.Println(gap.Kind, gap.Technique, gap.Findings)
	}
	// Output:
	// not_feasible T0834 [F-1]
	// no_technique  [F-2]
}

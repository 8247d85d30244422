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

// What generative AI can do for the mitigations, and what is left to research.
func ExampleSnapshot_Coverage() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(),
		graph.Findings(finding.Finding{ID: "F-1", Techniques: []string{"T0814"}}))
	if err != nil {
		panic(err)
	}
	defer g.Close()
	c, err := g.Snapshot().Coverage(ctx)
	if err != nil {
		panic(err)
	}
	for _, m := range c.Mitigations {
		if m.ID == "M0917" || m.ID == "M0815" {
			fmt.Println(m.ID, m.Name, m.Reach)
			for _, h := range m.Helps {
				fmt.Println(" ", h.Area, h.Reach, h.Confidence)
			}
		}
	}
	for _, o := range c.Open {
		if len(o.Findings) > 0 {
			fmt.Println(o.ID, o.FullName, o.Reason, o.Mitigations, o.Findings)
		}
	}
	for _, q := range c.Questions {
		if len(q.Findings) > 0 {
			fmt.Println(q.Question)
		}
	}
	// Output:
	// M0815 Watchdog Timers unreached
	// M0917 User Training direct
	//   user_training direct 0.75
	//   threat_intelligence supporting 0.5
	// T0814 Denial of Service unreached [M0815] [F-1]
	// What text of a language model, if any, helps with M0815 Watchdog Timers, so that T0814 Denial of Service would not be left open?
}

// Command quickstart is the library in one page: from one finding on one
// device to the techniques it opens, the gaps, and a draft.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) error {
	catalog, err := mitre.Embedded() // or mitre.Open(ctx, "ics-attack.json")
	if err != nil {
		return err
	}
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(),
		graph.SiteFacts(graph.SiteDescription{Site: "pump house", Devices: []graph.Device{
			{ID: "plc-1", Asset: "A0003", Constraints: []string{"no_patch"}},
		}}),
		graph.Findings(finding.Finding{ID: "F-1", Device: "plc-1", Weaknesses: []string{"CWE-798"}}))
	if err != nil {
		return err
	}
	defer g.Close()

	known := g.Snapshot()
	assessment, err := known.Assess(ctx)
	if err != nil {
		return err
	}
	for _, technique := range assessment.Techniques {
		fmt.Fprintf(w, "%.2f %s %s\n", technique.Score, technique.ID, technique.FullName)
	}
	for i, gap := range assessment.Gaps {
		draft, err := genai.Draft(ctx, known, assessment, genai.Mitigation(i), template.Writer{}, genai.Options{})
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s %s: %s\n  draft: %s\n", gap.Kind, gap.Technique, gap.Why, draft.Text.Section("summary")[0].Text)
	}
	return nil
}

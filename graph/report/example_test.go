package report_test

import (
	"context"
	"os"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/mitre"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// assessed is a small site: one finding on one controller.
func assessed() (*graph.Snapshot, *graph.Assessment) {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	must(err)
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(),
		graph.SiteFacts(graph.SiteDescription{Site: "pump house", Devices: []graph.Device{{ID: "plc-1", Asset: "A0003"}}}),
		graph.Findings(finding.Finding{ID: "F-1", Title: "Fixed password", Device: "plc-1", Weaknesses: []string{"CWE-798"}}))
	must(err)
	a, err := g.Snapshot().Assess(ctx)
	must(err)
	return g.Snapshot(), a
}

// first prints the first lines of what a format writes.
func first(lines int, write func(*strings.Builder) error) {
	var b strings.Builder
	must(write(&b))
	for i, line := range strings.Split(b.String(), "\n") {
		if i == lines {
			break
		}
		os.Stdout.WriteString(line + "\n")
	}
}

// What a person reads in a terminal.
func ExampleText() {
	_, a := assessed()
	first(3, func(w *strings.Builder) error { return report.Text(w, a) })
	// Output:
	// 1 finding on 1 device, seen through ATT&CK ics-attack 19.1 (embedded facts)
	// 1 finding leads to 3 techniques
	// 0 of 3 techniques have a deployed mitigation on each of their devices; 3 gaps
}

// What a person reads in an issue or a wiki.
func ExampleMarkdown() {
	_, a := assessed()
	first(5, func(w *strings.Builder) error { return report.Markdown(w, a) })
	// Output:
	// # Assessment of pump house
	//
	// - 1 finding on 1 device, seen through ATT&CK ics-attack 19.1 (embedded facts)
	// - 1 finding leads to 3 techniques
	// - 0 of 3 techniques have a deployed mitigation on each of their devices; 3 gaps
}

// A page to hand on: one file that asks nothing of the network.
func ExampleHTML() {
	s, a := assessed()
	first(2, func(w *strings.Builder) error { return report.HTML(w, a, s) })
	// Output:
	// <!DOCTYPE html>
	// <html lang="en">
}

// A layer that ATT&CK Navigator shows.
func ExampleNavigator() {
	s, a := assessed()
	first(3, func(w *strings.Builder) error { return report.Navigator(w, a, s.Catalog()) })
	// Output:
	// {
	//   "name": "Assessment of pump house",
	//   "versions": {"attack":"19.1","navigator":"4.9.0","layer":"4.5"},
}

// Everything, for programs; data/schema/assessment.json describes it.
func ExampleJSON() {
	_, a := assessed()
	first(2, func(w *strings.Builder) error { return report.JSON(w, a) })
	// Output:
	// {
	//   "attack": {
}

// A fleet's findings, a line each, and what there is to say of all.
func ExampleLines() {
	s, _ := assessed()
	ctx := context.Background()
	out := report.NewLines(os.Stdout)
	fleet := strings.NewReader(`{"id":"F-1","device":"plc-1","weaknesses":["CWE-0"]}`)
	sum, err := s.Stream(ctx, finding.Read(ctx, "fleet.jsonl", fleet, finding.JSON), out.Finding)
	must(err)
	must(out.Flush())
	_ = sum // out.Summary(sum) writes the last line
	// Output: {"id":"F-1","title":"","source":"fleet.jsonl","device":"plc-1","weaknesses":["CWE-0"],"techniques":[],"status":"unknown_weakness","score":0.0712,"why":"No catalogue here has CWE-0."}
}

// The kinds of gaps as people read them.
func ExampleGapTitle() {
	_, a := assessed()
	os.Stdout.WriteString(report.GapTitle(a.Gaps[0].Kind) + "\n")
	// Output: mitigations exist, none is known to be deployed
}

// The last line says that the assessment came to its end, and what it is of
// all findings together.
func ExampleLines_Summary() {
	s, _ := assessed()
	ctx := context.Background()
	fleet := strings.NewReader(`{"id":"F-1","device":"plc-1","weaknesses":["CWE-798"]}`)
	var b strings.Builder
	out := report.NewLines(&b)
	sum, err := s.Stream(ctx, finding.Read(ctx, "fleet.jsonl", fleet, finding.JSON), out.Finding)
	must(err)
	must(out.Summary(sum))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	os.Stdout.WriteString(lines[len(lines)-1][:86] + "\n")
	// Output: {"summary":{"attack":{"domain":"ics-attack","version":"19.1","source":"embedded"},"sit
}

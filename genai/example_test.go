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

// plant is a controller whose level can be set by anyone on its network.
func plant(ctx context.Context) (*graph.Graph, *graph.Snapshot, *graph.Assessment) {
	attack, err := mitre.Embedded()
	if err != nil {
		log.Fatal(err)
	}
	g, err := graph.New(ctx, graph.Attack(attack), graph.Knowledge(), graph.SiteFacts(graph.SiteDescription{
		Site:    "plant",
		Devices: []graph.Device{{ID: "plc-1", Asset: "A0003", Deployed: []string{"M0930"}}, {ID: "hmi-1", Asset: "A0002"}},
	}), graph.Findings(finding.Finding{
		ID: "F-1", Title: "Anyone may write set values", Device: "plc-1", Techniques: []string{"T1692.001"}, KEV: true,
		CVSS: "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H",
	}))
	if err != nil {
		log.Fatal(err)
	}
	known := g.Snapshot()
	assessment, err := known.Assess(ctx)
	if err != nil {
		log.Fatal(err)
	}
	return g, known, assessment
}

// A plan begins with the process, not with the computers.
func ExampleIncidentResponse() {
	ctx := context.Background()
	g, known, assessment := plant(ctx)
	defer g.Close()
	d, err := genai.Draft(ctx, known, assessment, genai.IncidentResponse(), template.Writer{}, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range d.Text {
		fmt.Println(s.Name, len(s.Claims))
	}
	fmt.Println(d.Text.Section("safe_state")[1].Text)
	// Output:
	// summary 1
	// safe_state 3
	// decisions 3
	// preparation 4
	// detection_analysis 3
	// containment_eradication_recovery 3
	// post_incident 3
	// limits 1
	// While T1692.001 Command Message may be going on, set values and readings may be false: compare them with the equipment itself, and change to manual operation as soon as they differ.
}

// Each requirement says for which mitigation it is.
func ExampleSecurityPolicy() {
	ctx := context.Background()
	g, known, assessment := plant(ctx)
	defer g.Close()
	d, err := genai.Draft(ctx, known, assessment, genai.SecurityPolicy(), template.Writer{}, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range d.Text.Section("requirements") {
		fmt.Println(c.Subject, c.Evidence)
		fmt.Println(c.Text)
	}
	// Output:
	// M0930 [E1 E2]
	// M0930 Network Segmentation is deployed and stays so; taking it out of service is a change that the owner of the process approves. Controllers, safety system, operator stations and the office are in zones of their own, and what passes between them is listed. It is asked for by IEC 62443-3-3:2013 - SR 5.1 and NIST SP 800-53 Rev. 5 - AC-3.
}

// The graph asks and knows the answer; the writer only explains it.
func ExampleTraining() {
	ctx := context.Background()
	g, known, assessment := plant(ctx)
	defer g.Close()
	d, err := genai.Draft(ctx, known, assessment, genai.Training(), template.Writer{}, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	q := d.Text.Section("quiz")[0].Quiz
	fmt.Println(q.Text)
	for i, o := range q.Options {
		fmt.Println(i == q.Right, o)
	}
	fmt.Println(genai.CheckQuiz(known, assessment, d))
	// Output:
	// Which of these does ATT&CK list as a mitigation of T1692.001 Command Message?
	// false M0800 Authorization Enforcement
	// false M0801 Access Management
	// true M0802 Communication Authenticity
	// false M0803 Data Loss Prevention
	// <nil>
}

// What was found in a report is the caller's to say; a sentence that is not
// the report's is an error.
func ExampleThreatReport() {
	ctx := context.Background()
	g, known, assessment := plant(ctx)
	defer g.Close()
	text := "At night the pumps got commands that nobody had given. Then the screens froze."
	d, err := genai.Draft(ctx, known, assessment, genai.ThreatReport("news", text, []genai.Found{
		{Technique: "T1692.001", Sentence: "At night the pumps got commands that nobody had given.", Score: 0.7},
		{Technique: "T0815", Sentence: "Then the screens froze.", Score: 0.4},
	}), template.Writer{}, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range d.Text.Section("techniques") {
		fmt.Println(c.Subject+":", c.Text)
	}
	// Output:
	// T1692.001: T1692.001 Command Message is what the quoted sentence shows; it serves Evasion and Impair Process Control. A finding opens it at this site on plc-1. Check that it is in order: M0930 Network Segmentation. Controllers, safety system, operator stations and the office are in zones of their own, and what passes between them is listed.
	// T0815: T0815 Denial of View is what the quoted sentence shows; it serves Impact. No finding opens it at this site, so ask whether that was looked at.
}

// The verdicts are codes of the graph's; the words around them explain.
func ExampleTriage() {
	ctx := context.Background()
	g, known, assessment := plant(ctx)
	defer g.Close()
	d, err := genai.Draft(ctx, known, assessment, genai.Triage("F-1"), template.Writer{}, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Text.Section("affected")[0].Verdict, d.Text.Section("reachable")[0].Verdict)
	fmt.Println(d.Text.Section("first")[0].Text)
	// Output:
	// yes adjacent
	// Treat it before others: the flaw is known to be exploited. Close the ways in to the device today, at a firewall or a switch, as far as operations can do without them.
}

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

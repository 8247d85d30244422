package genai_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"
	"time"

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

// password is the plant with a fixed password on its panel, which no control
// answers yet.
func password(ctx context.Context) (*graph.Graph, *graph.Snapshot, *graph.Assessment) {
	g, _, _ := plant(ctx)
	if err := g.Add(ctx, graph.Findings(finding.Finding{ID: "F-2", Title: "Fixed password", Device: "hmi-1", Techniques: []string{"T1694.002"}})); err != nil {
		log.Fatal(err)
	}
	known := g.Snapshot()
	assessment, err := known.Assess(ctx)
	if err != nil {
		log.Fatal(err)
	}
	return g, known, assessment
}

// A draft for each gap. What a model answered is kept, so that the same run
// again asks it nothing; the template writer needs no keeping.
func ExampleDraftAll() {
	ctx := context.Background()
	g, known, assessment := password(ctx)
	defer g.Close()
	w := genai.Cached(template.Writer{}, "drafts") // or of ollama.New
	drafts, err := genai.DraftAll(ctx, known, assessment, genai.Mitigations(assessment), w, genai.Options{
		Parallel: 2,
		Progress: func(done, total int) { fmt.Println(done, "of", total) },
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range drafts {
		fmt.Println(assessment.Gaps[d.Gap].Kind, d.Generator)
	}
	// Output:
	// 1 of 1
	// not_deployed template
}

// A draft for a terminal; Markdown writes the same for a wiki.
func ExampleText() {
	ctx := context.Background()
	g, known, assessment := plant(ctx)
	defer g.Close()
	d, err := genai.Draft(ctx, known, assessment, genai.Triage("F-1"), template.Writer{}, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, page := range []string{genai.Text(d, 72), genai.Markdown(d)} {
		lines := strings.FieldsFunc(page, func(r rune) bool { return r == '\n' })
		fmt.Println(strings.Join(lines[:2], "\n"))
	}
	// Output:
	// Triage
	// DRAFT, not reviewed; written by template; status draft
	// # Triage
	// **DRAFT, not reviewed; written by template; status draft**
}

// How large a context the tasks ask for, before a model is chosen.
func ExampleNeeds() {
	ctx := context.Background()
	g, known, assessment := plant(ctx)
	defer g.Close()
	tasks := []genai.Task{genai.IncidentResponse(), genai.Training(), genai.Triage("F-1")}
	need, err := genai.Needs(ctx, known, assessment, tasks, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(need.Tasks, "tasks; the most room is asked for by the", need.LeastOf)
	fmt.Println("more with all of the evidence:", need.Whole > need.Least)
	// Output:
	// 3 tasks; the most room is asked for by the triage F-1
	// more with all of the evidence: true
}

// Which sections a kind of task has, and the prompt that its drafts name.
func ExampleTask() {
	task := genai.SecurityPolicy()
	fmt.Println(task.Name(), task.Prompt())
	for _, section := range task.Form() {
		fmt.Println(section.Name, section.Min, section.Max)
	}
	// Output:
	// security-policy security-policy-v1
	// scope 0 0
	// requirements 1 8
	// exceptions 1 6
	// review 1 3
}

// writer is a writer of one's own.
type writer func(genai.Request) (graph.DraftText, error)

func (writer) Name() string { return "house style" }

func (write writer) Write(_ context.Context, r genai.Request) (genai.Answer, error) {
	text, err := write(r)
	if err != nil {
		return genai.Answer{}, err
	}
	b, err := json.Marshal(text)
	return genai.Answer{Text: string(b)}, err
}

// A writer that begins with the fixed sentences of the template, and says one
// thing in its own way.
func ExampleRequest_Compose() {
	ctx := context.Background()
	g, known, assessment := plant(ctx)
	defer g.Close()
	house := writer(func(r genai.Request) (graph.DraftText, error) {
		text, err := r.Compose()
		if err == nil {
			text.Section("limits")[0].Text = "What else the plant knows of this flaw is not in the evidence."
		}
		return text, err
	})
	d, err := genai.Draft(ctx, known, assessment, genai.Triage("F-1"), house, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Generator, d.Checks.Attempts, d.Checks.Rejections)
	fmt.Println(d.Text.Section("limits")[0].Text)
	// Output:
	// house style 1 []
	// What else the plant knows of this flaw is not in the evidence.
}

// An accepted draft whose evidence changed is due again.
func ExampleSupersede() {
	ctx := context.Background()
	g, known, assessment := password(ctx)
	defer g.Close()
	d, err := genai.Draft(ctx, known, assessment, genai.Mitigation(0), template.Writer{}, genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	assessment.Drafts = []graph.Draft{d}
	if err := g.Add(ctx, graph.Drafts(assessment)); err != nil {
		log.Fatal(err)
	}
	day := time.Date(2027, 1, 31, 9, 0, 0, 0, time.UTC)
	if _, err := g.Review(ctx, d.ID, graph.Review{Status: graph.StatusAccepted, By: "J. Doe", At: day}, nil); err != nil {
		log.Fatal(err)
	}
	if err := g.Add(ctx, graph.SiteFacts(graph.SiteDescription{ // with access management at last
		Site: "plant", Deployed: []string{"M0801"},
		Devices: []graph.Device{{ID: "plc-1", Asset: "A0003", Deployed: []string{"M0930"}}, {ID: "hmi-1", Asset: "A0002"}},
	})); err != nil {
		log.Fatal(err)
	}
	assessment, err = g.Snapshot().Assess(ctx)
	if err != nil {
		log.Fatal(err)
	}
	marked, err := genai.Supersede(ctx, g, assessment, day.AddDate(0, 1, 0))
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range marked {
		last := d.Reviews[len(d.Reviews)-1]
		fmt.Println(d.Status, last.By, last.Why)
	}
	// Output: superseded mitigraph what it was written for is closed: the assessment has no such gap any more
}

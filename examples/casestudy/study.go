package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/examples/internal/reported"
	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

//go:embed camera water hospital
var files embed.FS

// A study is a folder with site.json, narrative.md, remarks.json and what was
// observed, in the formats that people hand it over in.
type study struct {
	name, line string
	observed   []string // files with findings
	kev        string   // known exploited vulnerabilities; empty for none
	drafts     []wanted
}

// wanted is a draft that a study shows.
type wanted struct {
	area    string // of generative AI, as graph.Area has it; empty for a mitigation
	title   string
	finding string        // for triage
	report  string        // file, for a threat report
	gap     graph.GapKind // for a mitigation: the first gap of this kind
	task    func() genai.Task
}

var studies = []study{
	{
		name: "camera", line: "cameras, their gateway and their cloud at a housing cooperative",
		observed: []string{"firmware.sarif", "installer.csaf.json"}, kev: "kev.json",
		drafts: []wanted{
			{area: "vulnerability_detection", title: "Triage of the gateway's flaw that is known to be exploited", finding: "NL-2026-03/CVE-2018-4063"},
			{area: "policy_generation", title: "Security policy", task: genai.SecurityPolicy},
			{title: "What to do where no measure of ATT&CK can be used", gap: graph.GapNotFeasible},
		},
	},
	{
		name: "water", line: "a small waterworks whose controllers can be reached from the internet",
		observed: []string{"integrator.csaf.json", "findings.json"}, kev: "kev.json",
		drafts: []wanted{
			{area: "threat_intelligence", title: "What a neighbour's report means here", report: "report.txt"},
			{area: "incident_response", title: "Plan for an incident", task: genai.IncidentResponse},
			{title: "What to do where ATT&CK has no measure", gap: graph.GapNoMitigation},
		},
	},
	{
		name: "hospital", line: "a hospital with devices that nobody may change",
		observed: []string{"infusion.vex.cdx.json", "rounds.csv"},
		drafts: []wanted{
			{area: "user_training", title: "Training with a quiz", task: genai.Training},
			{area: "vulnerability_detection", title: "Triage of the oxygen controller's flaw", finding: "H-01"},
			{title: "What to do where no measure of ATT&CK can be used", gap: graph.GapNotFeasible},
		},
	},
}

func (s *study) read(name string) ([]byte, error) { return files.ReadFile(s.name + "/" + name) }

// findings reads what one file says was observed.
func (s *study) findings(ctx context.Context, name string, kev *finding.KEV) ([]finding.Finding, []*finding.RecordError, error) {
	b, err := s.read(name)
	if err != nil {
		return nil, nil, err
	}
	return finding.Collect(finding.Enrich(finding.Read(ctx, name, bytes.NewReader(b), cli.Formats...), kev, nil))
}

// A walk is a study that was assessed.
type walk struct {
	*study
	site   graph.SiteDescription
	graph  *graph.Graph
	now    *graph.Snapshot
	a      *graph.Assessment
	notes  []*finding.RecordError // what the readers had to say
	drafts []shownDraft
	said   map[string]spoken // by the file of a threat report
}

// spoken is how many sentences a report has, and in how many of them a technique
// was found.
type spoken struct{ all, with int }

// shownDraft is a draft with what it was asked for.
type shownDraft struct {
	wanted
	graph.Draft
}

// assess loads the study into a graph and asks the main question.
func (s *study) assess(ctx context.Context, attack string) (*walk, error) {
	catalog, err := cli.LoadAttack(ctx, attack)
	if err != nil {
		return nil, err
	}
	w := &walk{study: s, said: map[string]spoken{}}
	var kev *finding.KEV
	if s.kev != "" {
		b, err := s.read(s.kev)
		if err != nil {
			return nil, err
		}
		var notes []*finding.RecordError
		if kev, notes, err = finding.ReadKEV(ctx, s.kev, bytes.NewReader(b)); err != nil {
			return nil, err
		}
		w.notes = append(w.notes, notes...)
	}
	b, err := s.read("site.json")
	if err != nil {
		return nil, err
	}
	if w.site, err = graph.ReadSite(ctx, "site.json", bytes.NewReader(b)); err != nil {
		return nil, err
	}
	sources := []graph.Source{graph.Attack(catalog), graph.Knowledge(), graph.SiteFacts(w.site)}
	for _, name := range s.observed {
		found, notes, err := s.findings(ctx, name, kev)
		if err != nil {
			return nil, err
		}
		w.notes = append(w.notes, notes...)
		sources = append(sources, graph.FindingsFrom(name, found...))
	}
	if w.graph, err = graph.New(ctx, sources...); err != nil {
		if attack != "" { // the files fit the embedded release
			err = fmt.Errorf("-attack %s: the study does not fit this release: %w", attack, err)
		}
		return nil, cli.UnlessEnded(ctx, err)
	}
	w.now = w.graph.Snapshot()
	if w.a, err = w.now.Assess(ctx); err != nil {
		w.graph.Close()
		return nil, err
	}
	w.a.UnreadRecords, w.a.UnreadMembers = cli.Unread(w.notes)
	w.a.Warnings = append(cli.Warnings(catalog, w.notes), w.a.Warnings...)
	return w, nil
}

// write drafts what the study shows. What another release gives nothing to
// write about is left out.
func (w *walk) write(ctx context.Context, by genai.Writer) error {
	var tasks []genai.Task
	var shown []wanted
	for _, d := range w.study.drafts {
		t, ok, err := w.taskFor(ctx, d)
		if err != nil {
			return err
		}
		if ok {
			tasks, shown = append(tasks, t), append(shown, d)
		}
	}
	drafts, err := genai.DraftAll(ctx, w.now, w.a, tasks, by, genai.Options{})
	if err != nil {
		return err
	}
	for i, d := range drafts {
		w.drafts = append(w.drafts, shownDraft{shown[i], d})
	}
	return nil
}

func (w *walk) taskFor(ctx context.Context, d wanted) (genai.Task, bool, error) {
	switch {
	case d.finding != "":
		return genai.Triage(d.finding), true, nil
	case d.report != "":
		b, err := w.read(d.report)
		if err != nil {
			return genai.Task{}, false, err
		}
		r, err := reported.Techniques(ctx, w.now.Catalog(), string(b))
		with := map[string]bool{}
		for _, f := range r.Found {
			with[f.Sentence] = true
		}
		w.said[d.report] = spoken{len(reported.Sentences(string(b))), len(with)}
		return genai.ThreatReport(d.report, string(b), r.Found), len(r.Found) > 0, err
	case d.gap != "":
		i := slices.IndexFunc(w.a.Gaps, func(g graph.Gap) bool { return g.Kind == d.gap })
		return genai.Mitigation(max(i, 0)), i >= 0, nil
	}
	return d.task(), true, nil
}

// A remark is what a reader of the template's drafts thinks of one of them.
type remark struct {
	Draft string `json:"draft"` // the task's name
	Good  bool   `json:"good"`
	Quote string `json:"quote"` // words of the draft
	Say   string `json:"say"`
}

func (s *study) remarks() ([]remark, error) {
	b, err := s.read("remarks.json")
	if err != nil {
		return nil, err
	}
	var rs []remark
	if err := json.Unmarshal(b, &rs); err != nil {
		return nil, fmt.Errorf("%s/remarks.json: %w", s.name, err)
	}
	return rs, nil
}

var advisory = regexp.MustCompile(`ICSA-\d\d-\d\d\d-\d\d`)

// advisories are the IDs of public advisories that findings name, in order.
func (w *walk) advisories(of ...string) []string {
	var ids []string
	for _, f := range w.a.Findings {
		if len(of) == 0 || slices.Contains(of, f.ID) {
			known, _ := w.now.Finding(f.ID)
			ids = append(ids, advisory.FindAllString(f.Title+" "+known.Description, -1)...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

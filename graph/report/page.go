package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// pageData is what the template is given.
type pageData struct {
	Policy                    string
	Style                     template.CSS
	Script                    template.JS
	Title, Release            string
	Headline                  []string
	Incomplete, Unasked, Next string
	Numbers                   []number
	First                     []planRow
	Plan                      []planRow
	PlanMeans                 string
	Gaps                      []gapRows
	GapCount                  int
	Devices                   []string // for the filters
	Findings                  []findingRow
	Matrix                    matrix
	WholeMatrix               bool
	Shades                    []string
	Picture                   *picture
	OpenedMeans               string
	Techniques                []techniqueRow
	DraftsMean, Rejected      string
	Drafts                    []draftRow
	Sources                   []pageSource
	Provenances               []pageProvenance
	ConfidenceMeans, Notice   string
	Warnings                  []string
}

type number struct{ Value, Label string }

// ref is something that may have a place in the page and a page of ATT&CK.
type ref struct{ ID, Name, Anchor, URL string }

type planRow struct {
	Step       int
	Mitigation ref
	Means      string
	Adds, Left float64
	Width      int // of 100
	Closes     []ref
	On         string
	Standards  []string
}

type gapRows struct {
	Kind, Title string
	Gaps        []gapRow
}

type gapRow struct {
	Anchor, Kind    string
	Score           float64
	Technique       ref
	About, Why      string
	Accepted        string
	Places          string
	Filter          string // indices of devices
	Official        bool
	Candidates      []candidateRow
	Draft, DraftBy  string
	DraftIsAccepted bool
}

type candidateRow struct {
	Mitigation ref
	Because    []string
}

type findingRow struct {
	Anchor, ID, Title, Source string
	Score                     float64
	Places, Filter, Status    string
	Weaknesses, CVEs          []string
	Severity                  string
	KEV                       bool
	EPSS                      string
	Techniques                []ref
	Via                       []viaRow
	Why, Maker                string
	Suggested                 []string
}

type viaRow struct {
	Technique                     ref
	Confidence                    float64
	Weakness, Provenance          string
	Source, Rationale, Doubt, Was string
}

type techniqueRow struct {
	ref
	Summary, Standing, Places, Why, Reason string
	Tactics                                []string
	Score                                  float64
	Findings                               []ref
	MoreFindings                           int
	Mitigations                            []mitigationRow
}

type mitigationRow struct {
	ref
	State, Why string
}

type draftRow struct {
	Anchor, Mark, About, By, Status, Kind, Gap string
	Accepted                                   bool
	Sections                                   []draftSection
	Evidence                                   []graph.Evidence
}

type draftSection struct {
	Name   string
	Single bool
	Claims []graph.Claim
}

type pageSource struct{ Kind, Source string }

type pageProvenance struct{ Kind, Means string }

// pageBuilder knows what is where.
type pageBuilder struct {
	*shown
	devices map[string]int // in the filters' list
	found   map[string]int // findings in the page, by ID
}

func newPage(sh *shown, now *graph.Snapshot) *pageData {
	b := &pageBuilder{shown: sh, devices: map[string]int{}, found: map[string]int{}}
	p := &pageData{
		Policy: policy, Style: template.CSS(pageStyle), Script: template.JS(pageScript),
		Title: sh.title(), Headline: sh.headline(), Incomplete: sh.incomplete(), Unasked: sh.unasked(), Next: sh.nextStep(), Numbers: sh.numbers(),
		PlanMeans: planMeans, OpenedMeans: openedMeans, DraftsMean: draftsMean, Rejected: sh.rejected(),
		ConfidenceMeans: confidenceMeans, Notice: notice,
		Shades: []string{"below 0.10", "0.10", "0.20", "0.30", "0.40 and above"},
	}
	var catalog *mitre.Catalog
	name := func(string) string { return "" }
	if now != nil {
		catalog = now.Catalog()
		name = func(id string) string {
			n, _ := now.Node(id)
			return n.Name
		}
	}
	urgent := sh.urgent()
	for _, f := range urgent {
		for _, d := range devicesOf(f) {
			if _, ok := b.devices[d]; !ok {
				b.devices[d] = 0
				p.Devices = append(p.Devices, d)
			}
		}
	}
	slices.Sort(p.Devices)
	for i, d := range p.Devices {
		b.devices[d] = i
	}
	for i, f := range urgent {
		b.found[f.ID] = i
	}
	for i, f := range urgent {
		p.Findings = append(p.Findings, b.finding(i, f))
	}
	for i, s := range sh.a.Plan {
		p.Plan = append(p.Plan, b.step(i, s))
	}
	p.First = p.Plan[:min(3, len(p.Plan))]
	drafts := map[int]int{} // by gap
	for i, d := range sh.a.Drafts {
		p.Drafts = append(p.Drafts, b.draft(i, d))
		if _, ok := drafts[d.Gap]; !ok {
			drafts[d.Gap] = i
		}
	}
	b.missing(p, drafts)
	for i, t := range sh.a.Techniques {
		p.Techniques = append(p.Techniques, b.technique(i, t))
	}
	p.Matrix, p.WholeMatrix = sh.matrix(catalog), catalog != nil
	var tactics []string
	for _, c := range p.Matrix {
		tactics = append(tactics, c.Name)
	}
	p.Picture = sh.picture(tactics, name)
	for _, s := range sh.sources() {
		p.Sources = append(p.Sources, pageSource{s.kind, s.source})
	}
	for _, x := range provenances {
		p.Provenances = append(p.Provenances, pageProvenance{string(x.kind), x.means})
	}
	for _, w := range sh.a.Warnings {
		p.Warnings = append(p.Warnings, w.String())
	}
	return p
}

// numbers are those that a reader wants first.
func (sh *shown) numbers() []number {
	out := []number{
		{fmt.Sprint(len(sh.a.Findings)), "findings"},
		{fmt.Sprint(len(sh.a.Techniques)), "attack techniques that they open"},
		{fmt.Sprintf("%d of %d", sh.addressed(), len(sh.a.Techniques)), "of these with a deployed mitigation wherever they are open"},
		{fmt.Sprint(sh.open()), "gaps to decide on" + sh.acceptedOf()},
	}
	if n := len(sh.a.Plan); n > 0 {
		out = append(out, number{fmt.Sprintf("%.0f %%", 100*(1-sh.a.Plan[n-1].Left)), fmt.Sprintf("of the risk would have a mitigation with the plan's %s", count(n, "step", "steps"))})
	}
	return out
}

func (b *pageBuilder) ref(id string) ref {
	if i, ok := b.place[id]; ok {
		t := b.a.Techniques[i]
		return ref{ID: id, Name: cmp.Or(t.FullName, t.Name), Anchor: fmt.Sprintf("t%d", i), URL: attackPage(t.URL)}
	}
	return ref{ID: id}
}

func mitigation(id, name string) ref {
	return ref{ID: id, Name: name, URL: mitigationPage(id)}
}

// filter names devices as the filters know them.
func (b *pageBuilder) filter(devices []string) string {
	var out []string
	for _, d := range devices {
		if i, ok := b.devices[d]; ok {
			out = append(out, fmt.Sprint(i))
		}
	}
	return strings.Join(out, " ")
}

func (b *pageBuilder) step(i int, s graph.PlanStep) planRow {
	row := planRow{Step: i + 1, Mitigation: mitigation(s.ID, s.Name), Adds: s.Adds, Left: s.Left, Width: int(100*s.Adds + 0.5), Standards: s.Standards}
	row.Means, _ = mitre.Summary(s.ID)
	devices := map[string]bool{}
	for _, c := range s.Closes {
		row.Closes = append(row.Closes, b.ref(c.Technique))
		for _, d := range c.Devices {
			devices[d] = true
		}
	}
	row.On = b.named(sortedKeys(devices))
	return row
}

func (b *pageBuilder) missing(p *pageData, drafts map[int]int) {
	for _, kind := range b.gaps() {
		rows := gapRows{Kind: string(kind.kind), Title: kind.title}
		for _, at := range kind.gaps {
			i, g := at.index, at.Gap
			row := gapRow{
				Anchor: fmt.Sprintf("g%d", i), Kind: string(g.Kind), Score: g.Score, Technique: b.ref(g.Technique), About: b.about(g), Why: g.Why,
				Accepted: strings.TrimSpace(acceptance(g)), Places: b.named(g.Devices), Filter: b.filter(g.Devices), Official: official(g),
			}
			for _, c := range g.Candidates {
				row.Candidates = append(row.Candidates, candidateRow{mitigation(c.ID, c.Name), c.Because})
			}
			if d, ok := drafts[i]; ok {
				row.Draft, row.DraftBy, row.DraftIsAccepted = fmt.Sprintf("d%d", d), b.a.Drafts[d].Generator, b.a.Drafts[d].Status == graph.StatusAccepted
			}
			rows.Gaps = append(rows.Gaps, row)
			p.GapCount++
		}
		p.Gaps = append(p.Gaps, rows)
	}
}

func (b *pageBuilder) finding(i int, f graph.FindingResult) findingRow {
	row := findingRow{
		Anchor: fmt.Sprintf("f%d", i), ID: f.ID, Title: called(f), Source: f.Source, Score: f.Score, Places: b.named(devicesOf(f)),
		Filter: b.filter(devicesOf(f)), Status: string(f.Status), Weaknesses: f.Weaknesses, CVEs: f.CVEs, KEV: f.KEV, Why: f.Why, Maker: makersWord(f.Remedies),
	}
	if f.Severity != nil {
		row.Severity = fmt.Sprintf("%.1f", *f.Severity)
	}
	if f.EPSS > 0 {
		row.EPSS = fmt.Sprintf("%.2f", f.EPSS)
	}
	for _, t := range f.Techniques {
		r := b.ref(t.ID)
		r.Name = cmp.Or(r.Name, t.Name)
		row.Techniques = append(row.Techniques, r)
		for _, v := range t.Via {
			path := v.Weakness
			if len(v.Path) > 1 {
				path = strings.Join(v.Path, " → ")
			}
			row.Via = append(row.Via, viaRow{Technique: r, Confidence: v.Confidence, Weakness: path, Provenance: string(v.Provenance), Source: v.Source,
				Rationale: v.Rationale, Doubt: v.Doubt, Was: v.Weakened})
		}
	}
	for _, s := range f.Suggested {
		row.Suggested = append(row.Suggested, suggested(s))
	}
	return row
}

func (b *pageBuilder) technique(i int, t graph.TechniqueResult) techniqueRow {
	row := techniqueRow{ref: b.ref(t.ID), Summary: t.Summary, Standing: b.standing(t), Places: b.named(t.Devices), Why: t.Why, Tactics: t.Tactics, Score: t.Score}
	row.ref = ref{ID: t.ID, Name: cmp.Or(t.FullName, t.Name), Anchor: fmt.Sprintf("t%d", i), URL: attackPage(t.URL)}
	const shown = 12
	for _, id := range t.Findings[:min(shown, len(t.Findings))] {
		r := ref{ID: id}
		if j, ok := b.found[id]; ok {
			r.Anchor = fmt.Sprintf("f%d", j)
		}
		row.Findings = append(row.Findings, r)
	}
	row.MoreFindings = max(0, len(t.Findings)-shown)
	if len(t.Findings) > 0 {
		row.Reason = b.reason(t.Findings[0], t.ID)
	}
	for _, m := range t.Mitigations {
		state := "not deployed"
		switch {
		case m.Deployed:
			state = "deployed"
		case !m.Feasible:
			state = "not feasible"
		}
		row.Mitigations = append(row.Mitigations, mitigationRow{mitigation(m.ID, m.Name), state, m.Why})
	}
	return row
}

func (b *pageBuilder) draft(i int, d graph.Draft) draftRow {
	g := b.gapFor(d)
	row := draftRow{Anchor: fmt.Sprintf("d%d", i), Mark: draftMark(d), About: draftAbout(g), By: writtenBy(d), Status: d.Status, Kind: string(g.Kind),
		Accepted: d.Status == graph.StatusAccepted, Evidence: citedEvidence(d)}
	if d.Gap >= 0 && d.Gap < len(b.a.Gaps) {
		row.Gap = fmt.Sprintf("g%d", d.Gap)
	}
	for _, s := range d.Text {
		row.Sections = append(row.Sections, draftSection{sectionTitle(s.Name), s.Single, s.Claims})
	}
	return row
}

// sectionTitle is the name of a draft's section for people.
func sectionTitle(name string) string {
	switch name {
	case "limits":
		return "What stays open"
	}
	return sentence(strings.ReplaceAll(finding.Plain(name, 0), "_", " "))
}

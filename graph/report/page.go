package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
	"github.com/mitigraph/mitigraph/mitre"
)

// page is the page of an assessment while it is written, from the top down.
type page struct {
	hypertext
	*shown
	catalog *mitre.Catalog         // nil where it is not known
	name    func(id string) string // of a weakness; empty where it is not known
	urgent  []*graph.FindingResult // the riskiest first
	found   map[string]int         // the indices of those that are listed, by ID
	devices []string               // that the filters offer, in order
	offered map[string]int         // their indices
	drafts  map[int]int            // the first draft for a gap
	gapsIn  map[int]bool           // the gaps that are listed
}

func newPage(w io.Writer, sh *shown, now *graph.Snapshot) *page {
	p := &page{hypertext: hypertext{w: w}, shown: sh, name: func(string) string { return "" }, found: map[string]int{}, offered: map[string]int{}, drafts: map[int]int{}, gapsIn: map[int]bool{}}
	if now != nil {
		p.catalog = now.Catalog()
		p.name = func(id string) string {
			n, _ := now.Node(id)
			return n.Name
		}
	}
	p.urgent = sh.urgent()
	for i, f := range listed(p.urgent) {
		p.found[f.ID] = i
		for _, d := range devicesOf(f) {
			if _, ok := p.offered[d]; !ok && len(p.devices) < maxListed {
				p.offered[d] = 0
				p.devices = append(p.devices, d)
			}
		}
	}
	slices.Sort(p.devices)
	for i, d := range p.devices {
		p.offered[d] = i
	}
	for i, d := range listed(sh.a.Drafts) {
		if _, ok := p.drafts[d.Gap]; !ok {
			p.drafts[d.Gap] = i
		}
	}
	return p
}

func (p *page) write() error {
	p.head()
	p.first()
	p.changed()
	p.plan()
	p.missing()
	p.findings()
	p.opened()
	p.drafted()
	p.end()
	p.flush()
	return p.err
}

func (p *page) head() {
	p.put(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{}</title>
<style>{}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<h1><bdi>{}</bdi></h1>
<p class="quiet"><bdi>{}</bdi></p>`, policy, p.title(), pageStyle, p.title(), p.scope())
	p.given("\n<p class=\"alert\"><strong>{}</strong></p>", p.incomplete())
	p.given("\n<p class=\"alert\">{}: there can be fewer gaps than these.</p>", p.unasked())
	p.put("\n<nav aria-label=\"Parts of the report\">\n<ul>")
	for _, part := range []struct {
		is         bool
		id, called markup
	}{
		{true, "first", "What to do first"}, {p.a.Changes != nil, "changed", "What changed"}, {len(p.a.Plan)+len(p.a.RestsOnOne) > 0, "plan", "Plan"}, {len(p.a.Gaps) > 0, "gaps", "Gaps"}, {len(p.a.Findings) > 0, "findings", "Findings"},
		{len(p.a.Techniques) > 0, "matrix", "Matrix"}, {len(p.a.Techniques) > 0, "ways", "Ways of an attack"}, {len(p.a.Techniques) > 0, "techniques", "Techniques"},
		{len(p.a.Drafts) > 0, "drafts", "Drafts"}, {true, "sources", "Sources"},
	} {
		if part.is {
			p.put("\n<li><a href=\"#{}\">{}</a></li>", part.id, part.called)
		}
	}
	p.put(`
</ul>
</nav>
<p><button type="button" data-unfold hidden>Unfold everything</button></p>
</header>
<main id="main" tabindex="-1">
`)
}

func (p *page) first() {
	p.put("\n<section aria-labelledby=\"first\">\n<h2 id=\"first\">What to do first</h2>\n<ul class=\"numbers\">")
	for _, n := range p.numbers() {
		p.put("\n<li><strong>{}</strong> <span>{}</span></li>", n.value, n.label)
	}
	p.put("\n</ul>\n<p class=\"quiet\">{}</p>\n<p class=\"next\">{}</p>", numbersMean, p.nextStep())
	p.said()
	if len(p.a.Plan) > 0 {
		if len(p.remedies) > 0 {
			p.put("\n<h3>Then: official mitigations</h3>")
		}
		p.put("\n<ol class=\"first\">")
		for _, s := range p.a.Plan[:min(3, len(p.a.Plan))] {
			p.put("\n<li><strong>")
			p.mitigation(s.ID, s.Name)
			p.put("</strong> answers {} of the unanswered risk", percent(s.Adds))
			p.given(", on <bdi>{}</bdi>", p.named(stepDevices(s)))
			p.put(".")
			means, _ := mitre.Summary(s.ID)
			p.given(" {}", means)
			p.put("</li>")
		}
		p.put("\n</ol>")
	}
	p.put("\n<details>\n<summary>How these numbers came to be</summary>\n<ul>")
	for _, s := range p.headline() {
		p.put("\n<li>{}</li>", s)
	}
	p.put("\n</ul>\n</details>\n</section>")
}

// said is what the sources of the findings say, in their words.
func (p *page) said() {
	if len(p.remedies) == 0 {
		return
	}
	p.put("\n<h3>First: {}</h3>\n<ul class=\"said\">", sayFirst)
	for _, r := range listed(p.remedies) {
		p.put("\n<li><strong>{}</strong>: ", r.Kind())
		if q := r.Quote(); q != "" {
			p.put("<q><bdi>{}</bdi></q>", q)
		} else {
			p.put("no details")
		}
		p.put(` <span class="quiet">(<bdi>{}</bdi>)</span>`, r.By())
		p.given(" <strong>{}</strong>", p.note(r))
		p.put("</li>")
	}
	p.put("\n</ul>")
	p.more(rest(len(p.remedies)-maxListed, "remedy", "remedies"))
}

// one is what rests on one deployed mitigation.
func (p *page) one() {
	for i, o := range p.ones() {
		if i == 0 {
			p.put("\n<h3>Rests on one deployed mitigation</h3>\n<p>{}.</p>\n<ul class=\"ones\">", sentence(onesMean))
		}
		p.put("\n<li>")
		p.risk(o.Score)
		p.put(" ")
		p.technique(o.Technique, o.technique)
		p.put(": rests on <bdi>{}</bdi>", o.deployed)
		p.given(", on <bdi>{}</bdi>", p.named(o.Devices))
		p.put("; <bdi>{}</bdi></li>", o.beside())
	}
	if len(p.a.RestsOnOne) > 0 {
		p.put("\n</ul>")
	}
	p.more(p.onesLeft())
}

func (p *page) changed() {
	if p.a.Changes == nil {
		return
	}
	p.put("\n\n<section aria-labelledby=\"changed\">\n<h2 id=\"changed\">What changed</h2>")
	p.given("\n<p>{}.</p>", sentence(p.changedFrom()))
	p.put("\n<ul>")
	for _, c := range p.changes() {
		p.put("\n<li>{}</li>", c.words)
	}
	p.put("\n<li>{}</li>\n</ul>\n</section>", p.changedGaps())
}

// number is one that a reader wants first.
type number struct{ value, label string }

func (sh *shown) numbers() []number {
	out := []number{
		{fmt.Sprint(len(sh.a.Findings)), noun(len(sh.a.Findings), "finding", "findings")},
		{fmt.Sprint(len(sh.a.Techniques)), noun(len(sh.a.Techniques), "attack technique that is open", "attack techniques that are open")},
	}
	if sh.a.Site != nil {
		out = append(out, number{fmt.Sprintf("%d of %d", sh.addressed(), len(sh.a.Techniques)), "of these with a deployed mitigation on every device where they are open"})
	}
	accepted := ""
	if n := len(sh.a.Gaps) - sh.open(); n > 0 {
		accepted = fmt.Sprintf("; %d more %s accepted", n, noun(n, "is", "are"))
	}
	out = append(out, number{fmt.Sprint(sh.open()), noun(sh.open(), "gap", "gaps") + " to decide on" + accepted})
	if n := len(sh.a.Plan); n > 0 && sh.a.Plan[0].Adds > 0 {
		out = append(out, number{fmt.Sprintf("%.0f %%", 100*(1-sh.a.Plan[n-1].Left)), fmt.Sprintf("of the unanswered risk would have a mitigation with the plan's %s: less risk, not none", count(n, "step", "steps"))})
	}
	return out
}

func noun(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// heads begins a table.
func (p *page) heads(names ...markup) {
	p.put("\n<thead><tr role=\"row\">")
	for _, name := range names {
		p.put(`<th scope="col" role="columnheader">{}</th>`, name)
	}
	p.put("</tr></thead>\n<tbody>")
}

func (p *page) plan() {
	if len(p.a.Plan)+len(p.a.RestsOnOne) == 0 {
		return
	}
	p.put("\n\n<section aria-labelledby=\"plan\">\n<h2 id=\"plan\">Plan: what to deploy, in this order</h2>")
	if len(p.a.Plan) > 0 {
		p.steps()
	}
	p.one()
	p.put("\n</section>")
}

func (p *page) steps() {
	p.put(`
<p>{}.</p>
<table role="table">
<caption>The plan, the step that answers the most risk first</caption>`, sentence(p.planWords()))
	p.heads("Step", "Mitigation", "Adds", "Left unanswered", "Techniques it answers", "Asked for by")
	for i, s := range p.a.Plan {
		p.put("\n<tr role=\"row\"><td role=\"cell\" data-label=\"Step\" class=\"n\">{}</td><th scope=\"row\" role=\"rowheader\">", i+1)
		p.mitigation(s.ID, s.Name)
		p.put(`</th><td role="cell" data-label="Adds" class="n">{} <svg class="bar" width="100" height="8" aria-hidden="true"><rect class="back" width="100" height="8"/><rect class="fill" width="{}" height="8"/></svg></td>`,
			percent(s.Adds), int(100*s.Adds+0.5))
		p.put(`<td role="cell" data-label="Left unanswered" class="n">{}</td><td role="cell" data-label="Techniques it answers">`, percent(s.Left))
		for j, c := range s.Closes {
			p.comma(j)
			p.technique(c.Technique, c.Technique)
		}
		p.given(" on <bdi>{}</bdi>", p.named(stepDevices(s)))
		p.put(`</td><td role="cell" data-label="Asked for by">`)
		if len(s.Standards) > 0 {
			p.put("{}", s.Standards)
		} else {
			p.put("no standard named")
		}
		p.put("</td></tr>")
	}
	p.put("\n</tbody>\n</table>")
}

// stepDevices are those on which a step closes something, in order.
func stepDevices(s graph.PlanStep) []string {
	devices := map[string]bool{}
	for _, c := range s.Closes {
		for _, d := range c.Devices {
			devices[d] = true
		}
	}
	return sortedKeys(devices)
}

func (p *page) comma(i int) {
	if i > 0 {
		p.put(", ")
	}
}

// link is a name that leads to a place in the page, by its letter and index;
// just the name where the place is not there.
func (p *page) link(letter markup, i int, there bool, name string) {
	if !there {
		p.put("<bdi>{}</bdi>", name)
		return
	}
	p.put(`<a href="#{}{}"><bdi>{}</bdi></a>`, letter, i, name)
}

// technique is what a technique is called here, as a link to it.
func (p *page) technique(id, called string) {
	i, there := p.place[id]
	p.link("t", i, there, called)
}

func (p *page) mitigation(id, name string) {
	if url := mitigationPage(id); url != "" {
		p.put(`<a href="{}" rel="noreferrer"><bdi>{}</bdi></a> <bdi>{}</bdi>`, url, id, name)
		return
	}
	p.put("<bdi>{}</bdi> <bdi>{}</bdi>", id, name)
}

func (p *page) risk(score float64) {
	p.put(`<span class="risk s{}">{}</span>`, shade(score), score)
}

// mark names who stands behind something.
func (p *page) mark(kind string) {
	if slices.ContainsFunc(provenances, func(x provenanceWords) bool { return string(x.kind) == kind }) {
		p.put(`<span class="tag p-{}">{}</span>`, kind, kind)
		return
	}
	p.put(`<span class="tag">{}</span>`, kind)
}

// more says what a list leaves out.
func (p *page) more(words string) { p.given("\n<p class=\"quiet\">{}</p>", words) }

// filter is a form that filters a list by text, device and kind.
func (p *page) filter(list markup, kinds func()) {
	p.put(`
<form class="filter" data-filters="{}" hidden>
<label>Text <input type="search" name="text"></label>
<label>Device <select name="on"><option value="">all</option>`, list)
	for i, d := range p.devices {
		p.put(`<option value="{}">{}</option>`, i, d)
	}
	p.put("</select></label>\n<label>Kind <select name=\"kind\"><option value=\"\">all</option>")
	kinds()
	p.put("</select></label>\n<output aria-live=\"polite\"></output>\n</form>")
}

// on names devices as the filters know them.
func (p *page) on(devices []string) {
	first := true
	for _, d := range devices {
		if i, ok := p.offered[d]; ok {
			if !first {
				p.put(" ")
			}
			first = false
			p.put("{}", i)
		}
	}
}

func (p *page) missing() {
	if len(p.a.Gaps) == 0 {
		return
	}
	groups := p.gaps()
	p.put("\n\n<section aria-labelledby=\"gaps\">\n<h2 id=\"gaps\">Gaps: where ATT&amp;CK is silent or the site is uncovered</h2>")
	p.filter("gap-list", func() {
		for _, g := range groups {
			p.put(`<option value="{}">{}</option>`, string(g.kind), sentence(g.title))
		}
	})
	p.put("\n<div id=\"gap-list\">")
	for _, g := range groups {
		p.put("\n<div data-group>\n<h3>{} <span class=\"count\">{}</span></h3>\n<ul class=\"cards\">", sentence(g.title), count(len(g.gaps), "gap", "gaps"))
		for _, at := range listed(g.gaps) {
			p.gap(at)
		}
		p.put("\n</ul>")
		p.more(calmer(g.gaps, "gap", "gaps", gapRisk))
		p.put("\n</div>")
	}
	p.put("\n</div>\n</section>")
}

func (p *page) gap(g gapAt) {
	p.gapsIn[g.index] = true
	p.put("\n<li id=\"g{}\" class=\"card gap\" data-item data-kind=\"{}\" data-on=\"", g.index, string(g.Kind))
	p.on(g.Devices)
	p.put("\">\n<p class=\"lead\">")
	p.risk(g.Score)
	p.put(" <strong>")
	p.technique(g.Technique, p.about(g.Gap))
	p.put("</strong></p>\n<p>{}</p>", g.Why)
	p.given("\n<p class=\"quiet\">On <bdi>{}</bdi></p>", p.named(g.Devices))
	p.given("\n<p class=\"accepted\">{}</p>", strings.TrimSpace(acceptance(g.Gap)))
	if len(g.Candidates) > 0 {
		said := markup("Suggestions of this project, not ATT&amp;CK's")
		switch {
		case official(g.Gap) && len(g.Candidates) == 1:
			said = "Official mitigation"
		case leads(g.Gap):
			said = "Official mitigations, first that which by itself answers the most risk of the site"
		case official(g.Gap):
			said = "Official mitigations"
		}
		p.put("\n<details>\n<summary>{} <span class=\"count\">({})</span></summary>\n<ol>", said, len(g.Candidates))
		for _, c := range g.Candidates {
			p.put("\n<li>")
			if !official(g.Gap) {
				p.put(`<span class="tag suggestion">suggestion</span> `)
			}
			p.mitigation(c.ID, c.Name)
			p.given(": {}", strings.Join(c.Because, "; "))
			p.put("</li>")
		}
		p.put("\n</ol>\n</details>")
	}
	if i, ok := p.drafts[g.index]; ok {
		d := p.a.Drafts[i]
		p.put("\n<p><span class=\"tag draft\">{}</span> <a class=\"todraft\" href=\"#d{}\">Draft text for this gap, by <bdi>{}</bdi></a></p>", draftMark(d), i, d.Generator)
	}
	p.put("\n</li>")
}

func (p *page) findings() {
	if len(p.a.Findings) == 0 {
		return
	}
	p.put("\n\n<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>")
	p.filter("finding-list", func() {
		p.put(`<option value="mapped">leads to a technique</option><option value="no_weakness">no weakness known</option><option value="unknown_weakness">weakness in no catalogue</option><option value="unmapped_weakness">weakness not mapped</option><option value="judged">judged to lead to none</option>`)
	})
	p.put("\n<table role=\"table\" id=\"finding-list\">\n<caption>Findings, the riskiest first, with the techniques that they open by falling confidence</caption>")
	p.heads("Risk", "Finding", "Device", "Weaknesses", "Techniques")
	for i, f := range listed(p.urgent) {
		p.finding(i, f)
	}
	p.put("\n</tbody>\n</table>")
	p.more(calmer(p.urgent, "finding", "findings", findingRisk))
	p.put("\n</section>")
}

func (p *page) finding(i int, f *graph.FindingResult) {
	kind := string(f.Status)
	if f.Judged {
		kind = "judged"
	}
	p.put("\n<tr role=\"row\" id=\"f{}\" data-item data-kind=\"{}\" data-on=\"", i, kind)
	p.on(devicesOf(f))
	p.put(`"><td role="cell" data-label="Risk" class="n">`)
	p.risk(f.Score)
	p.put(`</td><th scope="row" role="rowheader"><bdi>{}</bdi> <span class="title"><bdi>{}</bdi></span>`, f.ID, called(f))
	p.given(` <span class="maker">The source says: <bdi>{}</bdi></span>`, p.makersWord(f))
	for i, s := range f.Suggested {
		if i == 0 {
			p.put(` <span class="maker"><span class="tag suggestion">suggestion</span> From its words, for you to judge: {}`, suggested(s))
			continue
		}
		p.put("; {}", suggested(s))
	}
	if len(f.Suggested) > 0 {
		p.put("</span>")
	}
	p.put("\n<details><summary>Why</summary><div class=\"why\">\n<p>Severity ")
	if f.Severity != nil {
		p.put("{} of 10", fmt.Sprintf("%.1f", *f.Severity))
	} else {
		p.put("unknown")
	}
	if f.KEV {
		p.put(", known to be exploited")
	}
	if f.EPSS > 0 {
		p.put(", EPSS {}", f.EPSS)
	}
	p.put(".")
	p.given(" {}.", strings.Join(f.CVEs, ", "))
	p.given(" From <bdi>{}</bdi>.", escape.Base(f.Source))
	p.put("</p>")
	p.given("<p>{}</p>", f.Why)
	p.reasons(f)
	p.put(`</div></details></th><td role="cell" data-label="Device">`)
	if on := p.named(devicesOf(f)); on != "" {
		p.put("<bdi>{}</bdi>", on)
	} else {
		p.put("not named")
	}
	p.given(` <span class="maker">Affected: <bdi>{}</bdi></span>`, affected(f))
	p.put(`</td><td role="cell" data-label="Weaknesses">{}</td><td role="cell" data-label="Techniques">`, cmp.Or(strings.Join(f.Weaknesses, ", "), "none named"))
	for j, t := range f.Techniques {
		p.comma(j)
		p.technique(t.ID, t.ID)
	}
	switch {
	case f.Judged:
		p.put("none, by a judgement of this project")
	case len(f.Techniques) == 0:
		p.put("none")
	}
	p.put("</td></tr>")
}

// reasons says by which ways a finding opens its techniques.
func (p *page) reasons(f *graph.FindingResult) {
	begun := false
	for _, t := range f.Techniques {
		for _, v := range t.Via {
			if !begun {
				p.put("<ul>")
				begun = true
			}
			p.put("\n<li>")
			p.technique(t.ID, t.ID)
			name := t.Name
			if known := p.techniques[t.ID]; known != nil {
				name = cmp.Or(known.FullName, known.Name, name)
			}
			p.put(" {}, {} ", name, v.Confidence)
			p.mark(string(v.Provenance))
			path := v.Weakness
			if len(v.Path) > 1 {
				path = strings.Join(v.Path, " → ")
			}
			p.given(" from {}", path)
			p.given(", weakened by {}", v.Weakened)
			p.given(", doubted for {}", v.Doubt)
			p.put(": {}</li>", v.Rationale)
		}
	}
	if begun {
		p.put("\n</ul>")
	}
}

func (p *page) opened() {
	if len(p.a.Techniques) == 0 {
		return
	}
	m := p.matrix(p.catalog)
	p.heat(m)
	var tactics []string
	for _, c := range m {
		tactics = append(tactics, c.Name)
	}
	p.ways(p.picture(tactics, p.name))
	p.put("\n\n<section aria-labelledby=\"techniques\">\n<h2 id=\"techniques\">Techniques that are open</h2>\n<p>{}</p>", openedMeans)
	for i, t := range p.a.Techniques {
		p.openedOne(i, t)
	}
	p.put("\n</section>")
}

func (p *page) heat(m matrix) {
	p.put(`

<section aria-labelledby="matrix">
<h2 id="matrix">The ATT&amp;CK matrix as a heat map</h2>
<p>Each column is a goal of an attacker, each entry a technique that serves it. A shaded entry is open here: its number is the risk, 0 to 1, and the words say what is deployed against it.`)
	if p.catalog == nil {
		p.put(" Only techniques that are open are shown.")
	}
	p.put("</p>\n<ul class=\"scale\" aria-label=\"Shades\">")
	for i, from := range []markup{"below 0.10", "0.10", "0.20", "0.30", "0.40 and above"} {
		p.put("\n<li class=\"s{}\">{}</li>", i+1, from)
	}
	p.put("\n<li class=\"none\">not open</li>\n</ul>\n<div class=\"matrix\">")
	for _, c := range m {
		calm := markup("")
		if c.Open == 0 {
			calm = " calm"
		}
		p.put("\n<section class=\"tactic{}\" aria-label=\"{}\">\n<h3>{}</h3>\n<p class=\"quiet\">{} open", calm, c.Name, c.Name, c.Open)
		if c.Quiet > 0 {
			p.put(", {} not", c.Quiet)
		}
		p.put("</p>\n<ul>")
		for _, x := range c.Cells {
			p.cell(x)
			if len(x.Sub) > 0 {
				p.put("\n<ul>")
				for _, sub := range x.Sub {
					p.cell(sub)
					p.put("</li>")
				}
				p.put("\n</ul>")
			}
			p.put("</li>")
		}
		p.put("\n</ul>\n</section>")
	}
	p.put("\n</div>\n</section>")
}

// cell begins a list's item.
func (p *page) cell(c cell) {
	lit := markup("dark")
	if c.Lit() {
		lit = "lit"
	}
	p.put("\n<li class=\"{}\">", lit)
	if c.Anchor == "" {
		p.put(`<span class="cell">{}</span>`, c.Name)
		return
	}
	p.put(`<a class="cell s{}" href="#{}"><span class="name">{}</span> <span class="id">{}</span> <span class="how"><strong>{}</strong> {}</span></a>`,
		c.Shade, c.Anchor, c.Name, c.ID, c.Score, c.Standing)
}

func (p *page) ways(pic *picture) {
	p.put("\n\n<section aria-labelledby=\"ways\">\n<h2 id=\"ways\">Ways of an attack: from weakness to goal</h2>\n<p>Read from left to right: a weakness that was found opens a technique, which serves a goal. A wider line has more risk behind it. Shown ")
	if pic.TechniquesLeft > 0 {
		p.put("are the {} most urgent of {} techniques", len(pic.Rows), pic.AllTechniques)
	} else {
		p.put("are all {} techniques", pic.AllTechniques)
	}
	if pic.WeaknessesLeft > 0 {
		p.put("; of {} weaknesses {} have no box of their own", pic.AllWeaknesses, pic.WeaknessesLeft)
	}
	if pic.LinesLeft > 0 {
		p.put("; {} drawn from the box of the others", count(pic.LinesLeft, "thin line is", "thin lines are"))
	}
	p.put(".")
	if pic.TechniquesLeft > 0 {
		p.put(" {} techniques are left out here and listed below.", pic.TechniquesLeft)
	}
	p.put(`</p>
<ul class="key">
<li><svg width="40" height="10" aria-hidden="true"><path class="line h0" d="M0 5H40" stroke-width="5"/></svg> mitigations exist, on some device none is known to be deployed (the colours only tell techniques apart)</li>
<li><svg width="40" height="10" aria-hidden="true"><path class="line silent" d="M0 5H40" stroke-width="5"/></svg> no usable mitigation (long dashes)</li>
<li><svg width="40" height="10" aria-hidden="true"><path class="line answered" d="M0 5H40" stroke-width="5"/></svg> a mitigation is deployed on every device (dots)</li>
</ul>
<div class="scroll" role="region" aria-label="Picture of the ways of an attack" tabindex="0">
<svg class="picture" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-labelledby="ways-title ways-desc">
<title id="ways-title">Ways of an attack, from weakness over technique to tactic</title>
<desc id="ways-desc">The table behind this picture says the same in words.</desc>`, pic.Width, pic.Height, pic.Width, pic.Height)
	for _, h := range pic.Heads {
		p.put("\n<text class=\"head\" x=\"{}\" y=\"18\">{}</text>", h.X, h.Name)
	}
	for _, l := range pic.Lines {
		p.put("\n<path class=\"line {}\" d=\"{}\" stroke-width=\"{}\"><title>{}</title></path>", l.Class, l.D(), fmt.Sprintf("%.1f", l.Width), l.Title)
	}
	for _, b := range pic.Boxes {
		p.put("\n<g class=\"box {}\"><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/><text x=\"{}\" y=\"{}\">", b.Class, b.Full, b.X, b.Y, b.W, b.H, b.TextX(), b.TextY())
		p.given(`<tspan class="id">{}</tspan> `, b.ID)
		p.put("{}</text></g>", b.Name)
	}
	p.put("\n</svg>\n</div>\n<details>\n<summary>The same in words</summary>\n<table role=\"table\">\n<caption>Ways of an attack</caption>")
	p.heads("Technique", "Opened by", "Serves", "Answered")
	for _, w := range pic.Rows {
		p.put("\n<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}</th><td role=\"cell\" data-label=\"Opened by\">{}</td><td role=\"cell\" data-label=\"Serves\">{}</td><td role=\"cell\" data-label=\"Answered\">{}</td></tr>",
			w.Technique, w.From, w.To, w.Standing)
	}
	p.put("\n</tbody>\n</table>\n</details>\n</section>")
}

func (p *page) openedOne(i int, t graph.TechniqueResult) {
	p.put("\n<article id=\"t{}\" class=\"card\" aria-labelledby=\"t{}-name\">\n<h3 id=\"t{}-name\">", i, i, i)
	p.risk(t.Score)
	p.put(" <bdi>{} {}</bdi></h3>", t.ID, cmp.Or(t.FullName, t.Name))
	p.given("\n<p>{}</p>", t.Summary)
	p.put("\n<dl>\n<div><dt>Serves</dt><dd>{}</dd></div>\n<div><dt>Answered</dt><dd>{}</dd></div>", t.Tactics, p.standing(t))
	p.given("\n<div><dt>On</dt><dd><bdi>{}</bdi></dd></div>", p.named(t.Devices))
	if len(t.Findings) > 0 {
		p.put("\n<div><dt>Opened by</dt><dd>")
		const shown = 12
		for j, id := range t.Findings[:min(shown, len(t.Findings))] {
			p.comma(j)
			k, there := p.found[id]
			p.link("f", k, there, id)
		}
		if n := len(t.Findings) - shown; n > 0 {
			p.put(" and {} more", n)
		}
		p.put("</dd></div>")
		p.given("\n<div><dt>Why</dt><dd>{}</dd></div>", p.reason(t.Findings[0], t.ID))
	}
	p.put("\n<div><dt>Risk</dt><dd>{} = {}</dd></div>\n</dl>", t.Score, t.Why)
	if len(t.Mitigations) > 0 {
		p.put("\n<details>\n<summary>Official mitigations <span class=\"count\">({})</span></summary>\n<ul>", len(t.Mitigations))
		for _, m := range t.Mitigations {
			state := markup("not deployed")
			switch {
			case m.Deployed:
				state = "deployed"
			case m.Partly:
				state = "deployed on some of the devices"
			case !m.Feasible:
				state = "not feasible"
			case p.a.Site == nil:
				state = "not told whether it is deployed"
			}
			p.put("\n<li>")
			p.mitigation(m.ID, m.Name)
			p.put(": <strong>{}</strong>", state)
			p.given(", {}", m.Why)
			p.put("</li>")
		}
		p.put("\n</ul>\n</details>")
	}
	if url := attackPage(t.URL); url != "" {
		p.put("\n<p><a href=\"{}\" rel=\"noreferrer\">{} at attack.mitre.org</a></p>", url, t.ID)
	}
	p.put("\n</article>")
}

func (p *page) drafted() {
	if len(p.a.Drafts) == 0 {
		return
	}
	p.put("\n\n<section aria-labelledby=\"drafts\" class=\"drafts\">\n<h2 id=\"drafts\">Drafts: not official</h2>\n<p class=\"alert\"><strong>{}</strong></p>", p.draftsMean())
	p.given("\n<p>{}</p>", p.rejected())
	for i, d := range listed(p.a.Drafts) {
		p.draft(i, d)
	}
	p.more(calmer(p.a.Drafts, "draft", "drafts", func(d graph.Draft) float64 { return p.gapFor(d).Score }))
	p.put("\n</section>")
}

func (p *page) draft(i int, d graph.Draft) {
	g, taken := p.gapFor(d), markup("")
	if d.Status == graph.StatusAccepted {
		taken = " taken"
	}
	p.put("\n<article id=\"d{}\" class=\"card draft{}\" aria-labelledby=\"d{}-name\">\n<h3 id=\"d{}-name\"><span class=\"tag draft\">{}</span> <bdi>{}</bdi></h3>\n<p>Written <bdi>{}</bdi>",
		i, taken, i, i, draftMark(d), draftAbout(g), writtenBy(d))
	if p.gapsIn[d.Gap] {
		p.put(", for <a href=\"#g{}\">this gap</a> ({})", d.Gap, string(g.Kind))
	}
	p.put(". Status: {}.</p>\n<details>\n<summary>Read the draft</summary>", d.Status)
	for _, s := range d.Text {
		p.put("\n<h4>{}</h4>", sectionTitle(s.Name))
		open, end := markup("\n<p>"), markup("</p>")
		if !s.Single {
			p.put("\n<ol>")
			open, end = "\n<li>", "</li>"
		}
		for _, c := range s.Claims {
			p.put("{}{}", open, c.Text)
			if len(c.Evidence) > 0 {
				p.put(` <span class="cites">[{}]</span>`, c.Evidence)
			}
			p.put("{}", end)
		}
		if !s.Single {
			p.put("\n</ol>")
		}
	}
	for j, e := range citedEvidence(d) {
		if j == 0 {
			p.put("\n<h4>Evidence</h4>\n<ul class=\"evidence\">")
		}
		p.put("\n<li><bdi>{}</bdi> ", e.Handle)
		p.mark(e.Provenance)
		p.put(" <bdi>{}</bdi>", e.Text)
		p.given(` <span class="quiet">({})</span>`, evidenceSource(e))
		p.put("</li>")
	}
	if len(citedEvidence(d)) > 0 {
		p.put("\n</ul>")
	}
	p.put("\n</details>\n</article>")
}

// sectionTitle is the name of a draft's section for people.
func sectionTitle(name string) string {
	switch name {
	case "limits":
		return "What stays open"
	}
	return sentence(strings.ReplaceAll(finding.Plain(name, 0), "_", " "))
}

func (p *page) end() {
	p.put("\n\n<section aria-labelledby=\"sources\">\n<h2 id=\"sources\">Sources, and who says what</h2>\n<h3>Who says it</h3>\n<dl class=\"legend\">")
	for _, x := range provenances {
		p.put("\n<div><dt>")
		p.mark(string(x.kind))
		p.put("</dt><dd>{}</dd></div>", x.means)
	}
	p.put("\n</dl>\n<h3>How sure, and how much</h3>\n<p>{}</p>\n<h3>Where it comes from</h3>\n<ul>", confidenceMeans)
	all := p.sources()
	for _, s := range listed(all) {
		p.put("\n<li>")
		p.mark(s.kind)
		p.put(" <bdi>{}</bdi></li>", s.source)
	}
	p.put("\n</ul>")
	p.more(rest(len(all)-maxListed, "source", "sources"))
	if len(p.a.Warnings) > 0 {
		p.put("\n<h3>Warnings</h3>\n<ul>")
		for _, w := range p.warnings() {
			p.put("\n<li>{}</li>", w)
		}
		p.put("\n</ul>")
		p.more(rest(len(p.a.Warnings)-maxListed, "warning", "warnings"))
	}
	p.put("\n</section>\n</main>\n<footer>\n<p>{}</p>\n</footer>\n<script>{}</script>\n</body>\n</html>\n", notice, pageScript)
}

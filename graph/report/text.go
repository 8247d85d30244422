package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/remedy"
)

const (
	width        = 100 // columns
	maxRows      = 8   // of each list; what is left out is counted
	maxGapsShown = 3   // of each kind
)

// Text writes the assessment for the person who asked for it: what was found,
// what to do first, by the findings' sources and by ATT&CK,
// the most urgent techniques with the reason for each, the gaps by kind, and
// drafts apart from what is official. It shows the first of each list and
// counts the rest. Lines are at most 100 columns wide. An assessment that is
// nil, or whose parts don't fit together, is written as far as it goes.
func Text(w io.Writer, a *graph.Assessment) error {
	t := &text{Writer: bufio.NewWriter(w), shown: newShown(a)}
	t.atCommand = true
	for _, s := range t.headline() {
		t.wrapped("", s)
	}
	t.found()
	t.actions()
	t.opened()
	t.missing()
	t.drafts()
	t.heading("NEXT STEP", "")
	t.wrapped("  ", t.nextStep())
	t.changed()
	return t.Flush()
}

type text struct {
	*bufio.Writer
	*shown
}

// line writes one line. It is the one place where text leaves, so whatever a
// caller put in is made inert here.
func (t *text) line(format string, args ...any) {
	t.WriteString(strings.TrimRight(inert(fmt.Sprintf(format, args...)), " "))
	t.WriteByte('\n')
}

// inert keeps what is printable on one line, and the spaces that align it.
func inert(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func (t *text) heading(title, words string) {
	t.line("")
	if words == "" {
		t.line("%s", title)
		return
	}
	t.wrapped(title+"  ", words)
}

// wrapped writes words after a prefix; further lines are indented as far as
// the prefix is wide.
func (t *text) wrapped(prefix, s string) {
	prefix, s = inert(prefix), finding.Plain(s, 0)
	indent := strings.Repeat(" ", uniseg.StringWidth(prefix))
	line, column := prefix, uniseg.StringWidth(prefix)
	empty := true
	for _, word := range strings.Fields(s) {
		word = cut(word, width-len(indent))
		n := uniseg.StringWidth(word)
		if !empty && column+1+n > width {
			t.line("%s", line)
			line, column, empty = indent, len(indent), true
		}
		if !empty {
			line += " "
			column++
		}
		line += word
		column += n
		empty = false
	}
	t.line("%s", line)
}

// pad makes s inert and fills or cuts it to n columns.
func pad(s string, n int) string {
	s = cut(finding.Plain(s, 0), n)
	return s + strings.Repeat(" ", n-uniseg.StringWidth(s))
}

// cut shortens s to n columns, at least one; an ellipsis stands for the rest.
func cut(s string, n int) string {
	if len(s) <= n { // no character is wider than its bytes
		return s
	}
	if i := strings.IndexFunc(s[:n+1], func(r rune) bool { return r < ' ' || r > '~' }); i < 0 {
		return s[:n-1] + "…"
	}
	if uniseg.StringWidth(s) <= n {
		return s
	}
	end, used := 0, 0
	for left, state := s, -1; left != ""; {
		var one string
		var columns int
		one, left, columns, state = uniseg.FirstGraphemeClusterInString(left, state)
		if used+columns >= n {
			break
		}
		end, used = end+len(one), used+columns
	}
	return s[:end] + "…"
}

// more says how many rows a list has beyond those shown.
func (t *text) more(shown, all int, one, many string) {
	if n := all - shown; n > 0 {
		t.line("  … and %s (%s has all)", count(n, "more "+one, "more "+many), t.json())
	}
}

// found lists the findings, the riskiest first.
func (t *text) found() {
	if len(t.a.Findings) == 0 {
		return
	}
	sorted := t.urgent()
	const shown = 12
	rows := sorted[:min(shown, len(sorted))]
	ids, devices := 2, 0
	for _, f := range rows {
		ids = max(ids, min(uniseg.StringWidth(finding.Plain(f.ID, 0)), 32))
		devices = max(devices, uniseg.StringWidth(finding.Plain(strings.Join(devicesOf(f), ", "), 0)))
	}
	// A product's long name is cut short: the techniques below name it.
	devices = min(devices, max(12, 40-ids))
	t.heading("FINDINGS", "the riskiest first, with the technique of the highest confidence")
	const leads = 16
	for _, f := range rows {
		where := ""
		if devices > 0 {
			where = pad(strings.Join(devicesOf(f), ", "), devices) + "  "
		}
		to := "no technique"
		if f.Judged {
			to = "judged: none"
		}
		if len(f.Techniques) > 0 {
			if to = f.Techniques[0].ID; len(f.Techniques) > 1 {
				to += fmt.Sprintf(" +%d", len(f.Techniques)-1)
			}
		}
		head := fmt.Sprintf("  %.2f  %s  %s", f.Score, pad(f.ID, ids), where)
		t.line("%s%s  %s", head, pad(called(f), width-uniseg.StringWidth(head)-2-leads), cut(finding.Plain(to, 0), leads))
		if a := affected(f); a != "" {
			t.wrapped("        affected: ", a)
		}
	}
	t.more(shown, len(sorted), "finding", "findings")
	t.suggestions(sorted)
}

// suggestions names what the words of findings without a technique speak of.
func (t *text) suggestions(findings []*graph.FindingResult) {
	findings = slices.DeleteFunc(slices.Clone(findings), func(f *graph.FindingResult) bool { return len(f.Suggested) == 0 })
	const shown = 5
	for i, f := range findings[:min(shown, len(findings))] {
		if i == 0 {
			t.line("  Suggested from the words of findings that lead to no technique; for you to judge, nothing counts it:")
		}
		t.wrapped("    ", fmt.Sprintf("%s: %s", finding.Plain(f.ID, 0), suggested(f.Suggested[0])))
	}
	t.more(shown, len(findings), "suggestion", "suggestions")
}

// remedy writes one whole: a word that is wider than a line goes on in the next.
func (t *text) remedy(r remedy.Said) {
	lead := "  " + r.Kind() + ": "
	var b strings.Builder
	for _, word := range strings.Fields(r.Quote()) {
		for column := 0; word != ""; {
			one, rest, n, _ := uniseg.FirstGraphemeClusterInString(word, -1)
			if column += n; column > width-len(lead) {
				b.WriteByte(' ')
				column = n
			}
			b.WriteString(one)
			word = rest
		}
		b.WriteByte(' ')
	}
	t.wrapped(lead, fmt.Sprintf("%s(%s) %s", b.String(), r.By(), t.note(r)))
}

func (t *text) actions() {
	plan := "DO FIRST"
	if len(t.remedies) > 0 {
		t.heading(plan, sayFirst)
		const shown = 12
		for _, r := range t.remedies[:min(shown, len(t.remedies))] {
			t.remedy(r)
		}
		t.more(shown, len(t.remedies), "remedy", "remedies")
		plan = "THEN"
	}
	t.plan(plan)
	for i, o := range t.ones() {
		if i == 0 {
			t.heading("RESTS ON ONE", onesMean)
		}
		t.line("  %.2f  %s", o.Score, cut(finding.Plain(o.technique, 0), width-8))
		t.wrapped("        ", fmt.Sprintf("rests on %s%s", o.deployed, after(", on ", t.named(o.Devices)))+"; "+o.beside())
	}
	if s := t.onesLeft(); s != "" {
		t.line("  %s", s)
	}
}

// after is a text behind another one; empty where it is.
func after(lead, s string) string {
	if s == "" {
		return ""
	}
	return lead + s
}

func (t *text) plan(title string) {
	if len(t.a.Plan) == 0 {
		return
	}
	t.heading(title, t.planWords())
	const shown = 5
	t.line("   ADDS  %s  %s  ASKED FOR BY", pad("MITIGATION", 48), pad("TECHNIQUES", 10))
	for _, p := range t.a.Plan[:min(shown, len(t.a.Plan))] {
		standard := ""
		if len(p.Standards) > 0 {
			standard = p.Standards[0]
		}
		t.line("  %3.0f %%  %s  %10d  %s", 100*p.Adds, pad(p.ID+" "+p.Name, 48), len(p.Closes), cut(finding.Plain(standard, 0), 29))
	}
	if rest := t.a.Plan[min(shown, len(t.a.Plan)):]; len(rest) > 0 {
		t.line("  … and %s (-format json has all), after which %.0f %% of it is unanswered",
			count(len(rest), "more mitigation", "more mitigations"), 100*rest[len(rest)-1].Left)
	}
}

func (t *text) opened() {
	if len(t.a.Techniques) == 0 {
		return
	}
	t.heading("TECHNIQUES", "what the findings open, the most urgent first (risk 0 to 1), and how much is deployed; [analyst] marks a judgement of this project, [site] what the findings say")
	for _, tech := range t.a.Techniques[:min(maxRows, len(t.a.Techniques))] {
		t.line("  %.2f  %s %s  %s", tech.Score, pad(tech.ID, 9), pad(tech.FullName, 48), t.standing(tech))
		if len(tech.Devices) > 0 {
			t.wrapped("        on ", t.named(tech.Devices))
		}
		if tech.Summary != "" {
			t.wrapped("        ", tech.Summary)
		}
		if len(tech.Findings) > 0 {
			t.wrapped("        ", t.reason(tech.Findings[0], tech.ID))
		}
		t.wrapped("        ", fmt.Sprintf("%.2f = %s", tech.Score, tech.Why))
	}
	t.more(maxRows, len(t.a.Techniques), "technique", "techniques")
}

func (t *text) missing() {
	if len(t.a.Gaps) == 0 {
		return
	}
	t.heading("GAPS", "where ATT&CK is silent or the site is uncovered")
	for _, kind := range t.gaps() {
		t.line("  %s: %s (%s in JSON)", kind.title, count(len(kind.gaps), "gap", "gaps"), kind.kind)
		for _, g := range kind.gaps[:min(maxGapsShown, len(kind.gaps))] {
			t.gap(g.Gap)
		}
		t.more(maxGapsShown, len(kind.gaps), "of these gaps", "of these gaps")
	}
}

func (t *text) gap(g graph.Gap) {
	say := t.about(g) + ": " + g.Why + acceptance(g)
	if len(g.Candidates) > 0 && g.Accepted == nil {
		c := g.Candidates[0]
		switch {
		case official(g) && len(g.Candidates) == 1:
			say += fmt.Sprintf(" The one to deploy is %s %s.", c.ID, c.Name)
		case leads(g):
			say += fmt.Sprintf(" Of them %s %s by itself answers the most risk of the site.", c.ID, c.Name)
		case official(g):
			say += fmt.Sprintf(" One is %s %s.", c.ID, c.Name)
		case len(c.Because) > 0:
			say += fmt.Sprintf(" Consider: %s %s (%s).", c.ID, c.Name, c.Because[0])
		default:
			say += fmt.Sprintf(" Consider: %s %s.", c.ID, c.Name)
		}
	}
	t.wrapped(fmt.Sprintf("    %.2f  ", g.Score), say)
}

// drafts tells what people decided of drafts, and shows one of the others whole.
func (t *text) drafts() {
	var judged []graph.Draft
	for _, d := range t.a.Drafts {
		if decided(d) {
			judged = append(judged, d)
		}
	}
	if len(judged) > 0 {
		t.heading("DECIDED DRAFTS", "not official; what is accepted a person stands for, and it counts as no mitigation")
		for _, d := range judged[:min(maxRows, len(judged))] {
			t.wrapped("  ", fmt.Sprintf("%s %s: %s (%s), %s", d.ID, d.Status, draftAbout(t.gapFor(d)), t.gapFor(d).Kind, writtenBy(d)))
		}
		t.more(maxRows, len(judged), "decided draft", "decided drafts")
	}
	first := t.firstDraft()
	if first < 0 {
		return
	}
	t.heading("DRAFTS", "not official: written for the gaps from the evidence in the graph, for a person to judge")
	if s := t.rejected(); s != "" {
		t.wrapped("  ", s)
	}
	t.draft(t.a.Drafts[first])
	t.more(1, len(t.a.Drafts)-len(judged), "draft", "drafts")
}

func (t *text) changed() {
	if t.a.Changes == nil {
		return
	}
	t.heading("WHAT CHANGED", t.changedFrom())
	all := t.changes()
	for _, c := range all[:min(maxRows, len(all))] {
		t.wrapped("  "+c.mark+" ", c.words)
	}
	t.more(maxRows, len(all), "technique", "techniques")
	t.line("  %s", t.changedGaps())
}

func (t *text) draft(d graph.Draft) {
	g := t.gapFor(d)
	t.wrapped("  ", fmt.Sprintf("%s (%s), %s", draftAbout(g), g.Kind, writtenBy(d)))
	for _, s := range d.Text {
		for i, c := range s.Claims {
			lead := "    "
			switch {
			case !s.Single:
				lead += fmt.Sprintf("%d. ", i+1)
			case s.Name == "limits":
				lead += "Remains: "
			}
			t.wrapped(lead, cited(c))
		}
	}
	for _, e := range citedEvidence(d) {
		t.line("%s", "    "+cut(finding.Plain(fmt.Sprintf("%s [%s] %s", e.Handle, e.Provenance, e.Text), 0), width-4))
	}
}

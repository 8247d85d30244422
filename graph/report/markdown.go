package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// Markdown writes the assessment as CommonMark with the tables of GitHub's
// dialect, for a wiki or a merge request: what [Text] has, and of each list, such
// as the findings and the gaps of one kind, the 2,000 with the most risk, the
// rest counted. Of the drafts it has those for gaps to which ATT&CK has no answer,
// each marked as a draft, and counts the others. What the input wrote is text
// in it, as [finding.Markdown] makes it; links lead to attack.mitre.org only.
// Nil, and parts that don't fit together, are as in Text.
func Markdown(w io.Writer, a *graph.Assessment) error {
	m := &markdown{Writer: bufio.NewWriter(w), shown: newShown(a)}
	m.summary()
	m.changed()
	m.plan()
	m.missing()
	m.found()
	m.opened()
	m.drafts()
	m.legend()
	return m.Flush()
}

type markdown struct {
	*bufio.Writer
	*shown
}

// line writes a line of Markdown. Its arguments are escaped but for numbers and
// what is Markdown already.
func (m *markdown) line(format string, args ...any) {
	for i, a := range args {
		switch a := a.(type) {
		case string:
			args[i] = finding.Markdown(a)
		case raw:
			args[i] = string(a)
		case int, float64:
		default:
			args[i] = finding.Markdown(fmt.Sprint(a))
		}
	}
	fmt.Fprintf(m, format+"\n", args...)
}

// raw is Markdown that needs no escaping.
type raw string

// linked is an ATT&CK ID as a link to its page, where there is one.
func linked(id, url string) raw {
	if url = attackPage(url); url == "" {
		return raw(finding.Markdown(id))
	}
	return raw(fmt.Sprintf("[%s](%s)", finding.Markdown(id), url))
}

func mitigationLink(id string) raw { return linked(id, mitigationPage(id)) }

func (m *markdown) technique(id string) raw {
	if t := m.techniques[id]; t != nil {
		return linked(id, t.URL)
	}
	return linked(id, "")
}

func (m *markdown) summary() {
	m.line("# %s\n", m.title())
	for _, s := range m.headline() {
		m.line("- %s", s)
	}
	m.line("\n**What to do first.** %s", m.nextStep())
}

func (m *markdown) changed() {
	if m.a.Changes == nil {
		return
	}
	m.line("\n## What changed\n")
	if from := m.changedFrom(); from != "" {
		m.line("%s.\n", sentence(from))
	}
	for _, c := range m.changes() {
		m.line("- %s", c.words)
	}
	m.line("- %s", m.changedGaps())
}

func (m *markdown) plan() {
	if len(m.remedies) > 0 {
		m.line("\n## First: %s\n", sayFirst)
		for _, r := range listed(m.remedies) {
			m.line("- **%s**: %s (%s)%s", r.Kind(), cmp.Or(r.Quote(), "no details"), r.By(), after(" ", m.note(r)))
		}
		m.more(rest(len(m.remedies)-maxListed, "remedy", "remedies"))
	}
	m.steps()
	for i, o := range m.ones() {
		if i == 0 {
			m.line("\n## Rests on one deployed mitigation\n\n%s.\n", sentence(onesMean))
		}
		m.line("- **%.2f %s**: rests on %s%s; %s", o.Score, o.technique, o.deployed, after(", on ", m.named(o.Devices)), o.beside())
	}
	m.more(m.onesLeft())
}

func (m *markdown) steps() {
	if len(m.a.Plan) == 0 {
		return
	}
	m.line("\n## Which mitigations to deploy, in this order\n\n%s.\n", sentence(m.planWords()))
	m.line("| Step | Mitigation | Adds | Left unanswered | Techniques | Asked for by |\n|---:|---|---:|---:|---|---|")
	for i, p := range m.a.Plan {
		var closes []string
		for _, c := range p.Closes {
			closes = append(closes, string(m.technique(c.Technique)))
		}
		m.line("| %d | %s %s | %.0f %% | %.0f %% | %s | %s |", i+1, mitigationLink(p.ID), p.Name, 100*p.Adds, 100*p.Left,
			raw(strings.Join(closes, ", ")), some(p.Standards))
	}
}

func (m *markdown) missing() {
	if len(m.a.Gaps) == 0 {
		return
	}
	m.line("\n## Gaps\n\nWhere ATT&CK is silent or the site is uncovered.")
	for _, kind := range m.gaps() {
		m.line("\n### %s: %s\n\n%s\n", sentence(kind.title), count(len(kind.gaps), "gap", "gaps"), raw("`"+string(kind.kind)+"` in JSON."))
		for _, g := range listed(kind.gaps) {
			m.gap(g.Gap)
		}
		m.more(calmer(kind.gaps, "gap", "gaps", gapRisk))
	}
}

func (m *markdown) gap(g graph.Gap) {
	m.line("- **%.2f %s**: %s", g.Score, m.about(g), g.Why+acceptance(g))
	if g.Accepted != nil {
		return
	}
	for i, c := range g.Candidates {
		what := "Suggestion, not official"
		switch {
		case i == 0 && leads(g):
			what = "Official mitigation, the one of these that by itself answers the most risk of the site"
		case official(g):
			what = "Official mitigation"
		}
		m.line("  - %s: %s %s (%s)", what, mitigationLink(c.ID), c.Name, strings.Join(c.Because, "; "))
	}
}

// more says what a list leaves out.
func (m *markdown) more(words string) {
	if words != "" {
		m.line("\n%s", words)
	}
}

func (m *markdown) found() {
	if len(m.a.Findings) == 0 {
		return
	}
	m.line("\n## Findings\n\nThe riskiest first, with the technique of the highest confidence.\n")
	m.line("| Risk | Finding | Title | Device | Weaknesses | Techniques | The source says |\n|---:|---|---|---|---|---|---|")
	all := m.urgent()
	for _, f := range listed(all) {
		to := raw(finding.Markdown(cmp.Or(f.Why, "no technique")))
		if len(f.Techniques) > 0 {
			if to = m.technique(f.Techniques[0].ID); len(f.Techniques) > 1 {
				to += raw(fmt.Sprintf(" +%d", len(f.Techniques)-1))
			}
		}
		if len(f.Suggested) > 0 {
			to += raw(finding.Markdown("; suggested from its words, for you to judge: " + suggested(f.Suggested[0])))
		}
		on := m.named(devicesOf(f))
		if a := affected(f); a != "" {
			on = strings.TrimPrefix(on+"; affected: "+a, "; ")
		}
		m.line("| %.2f | %s | %s | %s | %s | %s | %s |", f.Score, finding.Plain(f.ID, 80), finding.Plain(called(f), 160), on,
			some(f.Weaknesses), to, m.makersWord(f))
	}
	m.more(calmer(all, "finding", "findings", findingRisk))
}

func (m *markdown) opened() {
	if len(m.a.Techniques) == 0 {
		return
	}
	m.line("\n## Techniques\n\n%s", openedMeans)
	for _, t := range m.a.Techniques {
		m.line("\n### %s %s\n", t.ID, t.FullName)
		page := raw("")
		if attackPage(t.URL) != "" {
			page = linked("Page of ATT&CK.", t.URL) + " "
		}
		m.line("%sTactics: %s. Mitigations: %s.", page, strings.Join(t.Tactics, ", "), m.standing(t))
		if len(t.Devices) > 0 {
			m.line("\nOn %s.", m.named(t.Devices))
		}
		if t.Summary != "" {
			m.line("\n%s", t.Summary)
		}
		if len(t.Findings) > 0 {
			m.line("\n- Why: %s", m.reason(t.Findings[0], t.ID))
			if n := len(t.Findings) - 1; n > 0 {
				m.line("- %s it too", count(n, "other finding opens", "other findings open"))
			}
		}
		m.line("- Risk: %.2f = %s", t.Score, t.Why)
	}
}

func (m *markdown) drafts() {
	if len(m.a.Drafts) == 0 {
		return
	}
	m.line("\n## Drafts\n\n**%s**", m.draftsMean())
	if s := m.rejected(); s != "" {
		m.line("\n%s", s)
	}
	left := 0
	for i, d := range m.a.Drafts {
		g := m.gapFor(d)
		if i >= maxListed || !decided(d) && (official(g) || g.Kind == graph.GapNoDetection || g.Kind == graph.GapNoTechnique) {
			left++
			continue
		}
		m.line("\n### %s: %s\n\n%s\n", draftMark(d), draftAbout(g), sentence(writtenBy(d)+", for the gap "+string(g.Kind)+"."))
		for _, s := range d.Text {
			for i, c := range s.Claims {
				switch {
				case s.Single:
					m.line("%s\n", cited(c))
				default:
					m.line("%d. %s", i+1, cited(c))
				}
			}
			if !s.Single && len(s.Claims) > 0 {
				m.line("")
			}
		}
		for _, e := range citedEvidence(d) {
			m.line("- %s (%s, %s): %s", e.Handle, e.Provenance, evidenceSource(e), e.Text)
		}
	}
	if left > 0 {
		m.line("\n%s for other gaps: the HTML and JSON forms have all.", count(left, "more draft", "more drafts"))
	}
}

func (m *markdown) legend() {
	m.line("\n## Sources, and who says what\n")
	all := m.sources()
	for _, s := range listed(all) {
		m.line("- %s: %s", s.kind, s.source)
	}
	m.more(rest(len(all)-maxListed, "source", "sources"))
	m.line("")
	for _, p := range provenances {
		m.line("- **%s**: %s", string(p.kind), p.means)
	}
	m.line("\n%s", confidenceMeans)
	if len(m.a.Warnings) > 0 {
		m.line("\n### Warnings\n")
		for _, w := range m.warnings() {
			m.line("- %s", w)
		}
		m.more(rest(len(m.a.Warnings)-maxListed, "warning", "warnings"))
	}
	m.line("\n%s", notice)
}

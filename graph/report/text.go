package report

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

const (
	width        = 100 // columns
	maxRows      = 8   // of each list; what is left out is counted
	maxGapsShown = 3   // of each kind
)

// Text writes the assessment for a person: what to do first, the most urgent
// techniques with the reason for each, the gaps by kind, and drafts apart
// from what is official. It shows the first of each list and counts the rest.
// Lines are at most 100 columns wide.
func Text(w io.Writer, a *graph.Assessment) error {
	t := &text{Writer: bufio.NewWriter(w), a: a}
	t.summary()
	t.actions()
	t.techniques()
	t.gaps()
	t.drafts()
	t.next()
	return t.Flush()
}

type text struct {
	*bufio.Writer
	a *graph.Assessment
}

func (t *text) line(format string, args ...any) {
	t.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	t.WriteByte('\n')
}

func (t *text) heading(s string) { t.line("\n%s", s) }

// wrapped writes words after a prefix; further lines are indented as far as
// the prefix is wide.
func (t *text) wrapped(prefix, s string) {
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

// cut shortens s to n columns; an ellipsis stands for the rest.
func cut(s string, n int) string {
	if uniseg.StringWidth(s) <= n {
		return s
	}
	short, used := "", 0
	for g := uniseg.NewGraphemes(s); g.Next() && used+g.Width() < n; used += g.Width() {
		short += g.Str()
	}
	return short + "…"
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// more says how many rows a list has beyond those shown.
func (t *text) more(shown, all int, noun string) {
	if all > shown {
		t.line("  … and %d more %s (-format json has all)", all-shown, noun)
	}
}

func (t *text) summary() {
	status := map[graph.Status]int{}
	devices := map[string]bool{}
	for _, f := range t.a.Findings {
		status[f.Status]++
		if f.Device != "" {
			devices[f.Device] = true
		}
	}
	release := "ATT&CK " + strings.TrimSpace(t.a.Attack.Domain+" "+t.a.Attack.Version)
	source := t.a.Attack.Source
	if source == "embedded" {
		source = "embedded facts"
	}
	t.wrapped("", fmt.Sprintf("%s on %s, seen through %s (%s)", count(len(t.a.Findings), "finding", "findings"),
		count(len(devices), "device", "devices"), release, finding.Plain(source, 0)))
	var parts []string
	for _, s := range []struct {
		status graph.Status
		words  string
	}{
		{graph.Mapped, "open techniques"}, {graph.NoWeakness, "without a weakness"},
		{graph.UnknownWeakness, "with a weakness no catalogue has"}, {graph.UnmappedWeakness, "with a weakness nobody mapped yet"},
	} {
		if n := status[s.status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s.words))
		}
	}
	if len(parts) > 0 {
		t.line("%s", strings.Join(parts, ", "))
	}
	covered := 0
	for _, tech := range t.a.Techniques {
		if t.standing(tech) == "covered" {
			covered++
		}
	}
	t.line("%s opened, %d of them covered by deployed mitigations; %s", count(len(t.a.Techniques), "technique", "techniques"),
		covered, count(len(t.a.Gaps), "gap", "gaps"))
}

// standing says in two words how a technique is answered: by its worst gap,
// the missing detection aside.
func (t *text) standing(tech graph.TechniqueResult) string {
	kinds := map[graph.GapKind]bool{}
	for _, g := range t.a.Gaps {
		if g.Technique == tech.ID {
			kinds[g.Kind] = true
		}
	}
	switch {
	case kinds[graph.GapNoMitigation]:
		return "no mitigation"
	case kinds[graph.GapPlaceholderOnly]:
		return "placeholder"
	case kinds[graph.GapNotFeasible]:
		return "not feasible"
	case kinds[graph.GapNotDeployed]:
		return "not deployed"
	}
	return "covered"
}

func (t *text) actions() {
	var useful []graph.MitigationResult
	for _, m := range t.a.Mitigations {
		if m.Score > 0 {
			useful = append(useful, m)
		}
	}
	if len(useful) == 0 {
		return
	}
	t.heading("DO FIRST  official mitigations not deployed yet, by the share of the open risk that each covers")
	const shown = 5
	for _, m := range useful[:min(shown, len(useful))] {
		standard := ""
		if len(m.Standards) > 0 {
			standard = m.Standards[0]
		}
		t.line("  %3.0f %%  %s %s  %s  %s", 100*m.Score, m.ID, pad(m.Name, 38),
			pad(count(len(m.Covers), "technique", "techniques"), 13), standard)
	}
	t.more(shown, len(useful), "mitigations")
}

func (t *text) techniques() {
	if len(t.a.Techniques) == 0 {
		return
	}
	byID := map[string]*graph.FindingResult{}
	for i := range t.a.Findings {
		byID[t.a.Findings[i].ID] = &t.a.Findings[i]
	}
	t.heading("TECHNIQUES  what the findings open, the most urgent first (risk 0 to 1)")
	for _, tech := range t.a.Techniques[:min(maxRows, len(t.a.Techniques))] {
		t.line("  %.2f  %s %s  %s", tech.Score, pad(tech.ID, 9), pad(tech.FullName, 58), t.standing(tech))
		if tech.Summary != "" {
			t.wrapped("        ", finding.Plain(tech.Summary, 0))
		}
		t.wrapped("        ", finding.Plain(tech.Why, 0)+t.reason(byID[tech.Findings[0]], tech.ID))
	}
	t.more(maxRows, len(t.a.Techniques), "techniques")
}

// reason gives the strongest reason why a finding opens a technique.
func (t *text) reason(f *graph.FindingResult, technique string) string {
	if f == nil {
		return ""
	}
	i := slices.IndexFunc(f.Techniques, func(ft graph.FindingTechnique) bool { return ft.ID == technique })
	if i < 0 {
		return ""
	}
	v := f.Techniques[i].Via[0]
	from := v.Weakness
	if len(v.Path) > 1 {
		from = strings.Join(v.Path, " < ")
	}
	if from != "" {
		from = ", from " + from
	}
	if v.Weakened != "" {
		from += ", weakened by " + v.Weakened
	}
	return fmt.Sprintf("%s [%s]: %s", finding.Plain(from, 0), v.Provenance, v.Rationale)
}

// What each kind of gap means to a reader.
var gapTitles = []struct {
	kind  graph.GapKind
	title string
}{
	{graph.GapNoMitigation, "ATT&CK has no mitigation"},
	{graph.GapPlaceholderOnly, "ATT&CK says that mitigation is limited or not effective"},
	{graph.GapNotFeasible, "the device rules every mitigation out"},
	{graph.GapNotDeployed, "mitigations exist, none is deployed"},
	{graph.GapNoDetection, "ATT&CK names nothing to collect for detection"},
	{graph.GapNoTechnique, "the finding leads to no technique"},
}

func (t *text) gaps() {
	if len(t.a.Gaps) == 0 {
		return
	}
	t.heading("GAPS  where ATT&CK is silent or the site is uncovered")
	for _, kind := range gapTitles {
		var gaps []graph.Gap
		for _, g := range t.a.Gaps {
			if g.Kind == kind.kind {
				gaps = append(gaps, g)
			}
		}
		if len(gaps) == 0 {
			continue
		}
		t.line("  %s (%s, %d)", kind.title, kind.kind, len(gaps))
		for _, g := range gaps[:min(maxGapsShown, len(gaps))] {
			t.gap(g)
		}
		t.more(maxGapsShown, len(gaps), string(kind.kind)+" gaps")
	}
}

func (t *text) gap(g graph.Gap) {
	what := g.Technique + " " + g.Name
	for _, tech := range t.a.Techniques {
		if tech.ID == g.Technique {
			what = g.Technique + " " + tech.FullName
		}
	}
	if g.Technique == "" {
		what = some(g.Findings)
	}
	say := finding.Plain(what+": "+g.Why, 0)
	if len(g.Candidates) > 0 {
		c := g.Candidates[0]
		verb := "Consider"
		if g.Kind == graph.GapNotDeployed {
			verb = "Most useful"
		}
		say += fmt.Sprintf(" %s: %s %s (%s).", verb, c.ID, c.Name, c.Because[0])
	}
	t.wrapped(fmt.Sprintf("    %.2f  ", g.Score), say)
}

// drafts shows one draft whole: of the most urgent gap where ATT&CK has
// nothing to offer, or else of the most urgent gap.
func (t *text) drafts() {
	if len(t.a.Drafts) == 0 {
		return
	}
	t.heading("DRAFTS  not official: written for the gaps from the evidence in the graph, for a person to judge")
	t.rejected()
	silent := slices.IndexFunc(t.a.Drafts, func(d graph.Draft) bool {
		k := t.a.Gaps[d.Gap].Kind
		return k == graph.GapNoMitigation || k == graph.GapPlaceholderOnly || k == graph.GapNotFeasible
	})
	t.draft(t.a.Drafts[max(silent, 0)])
	t.more(1, len(t.a.Drafts), "drafts")
}

// rejected says how often a model's answers were not kept, and why.
func (t *text) rejected() {
	n, model, checks := 0, "", map[string]int{}
	for _, d := range t.a.Drafts {
		if d.Checks.Fallback {
			n, model = n+1, d.Checks.Asked
		}
		for _, r := range d.Checks.Rejections {
			checks[r.Check]++
		}
	}
	if n == 0 {
		return
	}
	var why []string
	for _, c := range slices.Sorted(maps.Keys(checks)) {
		why = append(why, fmt.Sprintf("%s %d", c, checks[c]))
	}
	t.wrapped("  ", fmt.Sprintf("%d of %d are the template's: the answers of %s were rejected (%s; -format json says each reason).",
		n, len(t.a.Drafts), finding.Plain(model, 0), strings.Join(why, ", ")))
}

func (t *text) draft(d graph.Draft) {
	g := t.a.Gaps[d.Gap]
	about := g.Technique + " " + g.Name
	if g.Technique == "" {
		about = some(g.Findings)
	}
	note := ""
	if d.Checks.Fallback {
		note = ", after the model's answers were rejected"
	}
	t.wrapped("  ", fmt.Sprintf("%s (%s), by %s%s", finding.Plain(about, 0), g.Kind, finding.Plain(d.Generator, 0), note))
	t.wrapped("    ", cited(d.Text.Summary))
	for i, s := range d.Text.Steps {
		t.wrapped(fmt.Sprintf("    %d. ", i+1), cited(s))
	}
	t.wrapped("    Remains: ", cited(d.Text.Limits))
}

// some names the first few of a list.
func some(ids []string) string {
	out := strings.Join(ids[:min(3, len(ids))], ", ")
	if n := len(ids) - 3; n > 0 {
		out += fmt.Sprintf(" and %d more", n)
	}
	return out
}

func cited(c graph.Claim) string {
	return fmt.Sprintf("%s [%s]", finding.Plain(c.Text, 0), strings.Join(c.Evidence, ", "))
}

func (t *text) next() {
	t.heading("NEXT STEP")
	switch {
	case len(t.a.Findings) == 0:
		t.wrapped("  ", "There is nothing to assess. Give a CSAF 2.0 advisory or findings in this project's JSON, or no file for the sample site.")
	case len(t.a.Techniques) == 0:
		t.wrapped("  ", "No finding leads to a technique. Add the weakness (CWE-…, OWASP-IOT-2018-I…) or the technique to the findings named above.")
	case len(t.a.Gaps) == 0:
		t.wrapped("  ", "Every technique is covered by a deployed mitigation. Keep the controls file current and run this again with each new advisory.")
	default:
		t.wrapped("  ", t.firstStep())
	}
}

func (t *text) firstStep() string {
	for _, m := range t.a.Mitigations {
		if m.Score > 0 {
			return fmt.Sprintf("Plan %s %s: it mitigates %s opened here and covers %.0f %% of the open risk. Write what is deployed and what a device can't do into a -controls file, and run this again.",
				m.ID, m.Name, count(len(m.Covers), "technique", "techniques"), 100*m.Score)
		}
	}
	return "No official mitigation can be added. Read the drafts and the candidates of the gaps, and decide which to accept."
}

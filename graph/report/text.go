package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

const (
	width        = 100 // columns
	maxRows      = 8   // of each list; what is left out is counted
	maxGapsShown = 3   // of each kind
)

// Text writes the assessment for a person: what was found, what to do first,
// the most urgent techniques with the reason for each, the gaps by kind, and
// drafts apart from what is official. It shows the first of each list and
// counts the rest. Lines are at most 100 columns wide. An assessment that is
// nil, or whose parts don't fit together, is written as far as it goes.
func Text(w io.Writer, a *graph.Assessment) error {
	if a == nil {
		a = &graph.Assessment{}
	}
	t := &text{Writer: bufio.NewWriter(w), a: a, findings: map[string]*graph.FindingResult{}, devices: map[string]string{}}
	for i := range a.Findings {
		t.findings[a.Findings[i].ID] = &a.Findings[i]
	}
	if a.Site != nil {
		for _, d := range a.Site.Devices {
			t.devices[d.ID] = d.Name
		}
	}
	t.summary()
	t.found()
	t.actions()
	t.techniques()
	t.gaps()
	t.drafts()
	t.next()
	return t.Flush()
}

type text struct {
	*bufio.Writer
	a        *graph.Assessment
	findings map[string]*graph.FindingResult // by ID
	devices  map[string]string               // names by ID
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
func (t *text) more(shown, all int, one, many string) {
	if all > shown {
		t.line("  … and %s (-format json has all)", count(all-shown, "more "+one, "more "+many))
	}
}

func (t *text) summary() {
	devices := map[string]bool{}
	for _, f := range t.a.Findings {
		for _, d := range devicesOf(f) {
			devices[d] = true
		}
	}
	release := "ATT&CK " + strings.TrimSpace(t.a.Attack.Domain+" "+t.a.Attack.Version)
	source := t.a.Attack.Source
	if source == "embedded" {
		source = "embedded facts"
	}
	where := ""
	if len(devices) > 0 {
		where = " on " + count(len(devices), "device", "devices")
	}
	t.wrapped("", fmt.Sprintf("%s%s, seen through %s (%s)", count(len(t.a.Findings), "finding", "findings"), where, release, source))
	if n, m := t.a.UnreadRecords, t.a.UnreadMembers; n > 0 || m > 0 {
		var parts []string
		if n > 0 {
			parts = append(parts, count(n, "record of the input could not be read and is missing here", "records of the input could not be read and are missing here"))
		}
		if m > 0 {
			parts = append(parts, count(m, "part of a record could not be read", "parts of records could not be read"))
		}
		t.wrapped("", "INCOMPLETE: "+strings.Join(parts, ", ")+"; the warnings name each")
	}
	t.wrapped("", t.leads())
	addressed := 0
	for _, tech := range t.a.Techniques {
		if t.gapOf(tech) == "" {
			addressed++
		}
	}
	if n := len(t.a.Techniques); n > 0 {
		t.wrapped("", fmt.Sprintf("%d of %s; %s", addressed,
			count(n, "technique has a deployed mitigation wherever it is open", "techniques have a deployed mitigation wherever they are open"),
			count(len(t.a.Gaps), "gap", "gaps")+t.acceptedOf()))
	}
	if t.a.Site == nil && len(t.a.Findings) > 0 {
		t.wrapped("", "No -controls given: every mitigation is treated as not deployed")
	}
}

// open counts the gaps that nobody accepted.
func (t *text) open() (n int) {
	for _, g := range t.a.Gaps {
		if g.Accepted == nil {
			n++
		}
	}
	return n
}

func (t *text) acceptedOf() string {
	if n := len(t.a.Gaps) - t.open(); n > 0 {
		return fmt.Sprintf(", %d of them accepted", n)
	}
	return ""
}

// leads says how many findings lead to techniques, and why others don't.
func (t *text) leads() string {
	status := map[graph.Status]int{}
	for _, f := range t.a.Findings {
		status[f.Status]++
	}
	parts := []string{count(status[graph.Mapped], "finding leads", "findings lead") + " to " + count(len(t.a.Techniques), "technique", "techniques")}
	for _, s := range []struct {
		status graph.Status
		why    string
	}{
		{graph.NoWeakness, "no weakness or technique is known of it"}, {graph.UnknownWeakness, "its weakness is in no catalogue here"},
		{graph.UnmappedWeakness, "its weakness is not in this project's mapping"},
	} {
		if n := status[s.status]; n > 0 {
			why := s.why
			if n > 1 {
				why = strings.NewReplacer("of it", "of them", "its weakness is", "their weaknesses are").Replace(why)
			}
			parts = append(parts, fmt.Sprintf("%s to none (%s)", count(n, "leads", "lead"), why))
		}
	}
	return strings.Join(parts, ", ")
}

// gapOf is the kind of gap that says worst how a technique is answered, the
// missing detection aside; empty where a mitigation is deployed on each device.
func (t *text) gapOf(tech graph.TechniqueResult) graph.GapKind {
	kinds := map[graph.GapKind]bool{}
	for _, g := range t.a.Gaps {
		if g.Technique == tech.ID {
			kinds[g.Kind] = true
		}
	}
	for _, k := range []graph.GapKind{graph.GapNoMitigation, graph.GapPlaceholderOnly, graph.GapNotFeasible, graph.GapNotDeployed} {
		if kinds[k] {
			return k
		}
	}
	return ""
}

// standing says in a few words how a technique is answered. What is deployed
// is counted, not judged: one of nine mitigations may be the least of them.
func (t *text) standing(tech graph.TechniqueResult) string {
	deployed := 0
	for _, m := range tech.Mitigations {
		if m.Deployed {
			deployed++
		}
	}
	switch t.gapOf(tech) {
	case graph.GapNoMitigation:
		return "no mitigation"
	case graph.GapPlaceholderOnly:
		return "hard to mitigate"
	case graph.GapNotFeasible:
		return "not feasible"
	case graph.GapNotDeployed:
		return fmt.Sprintf("0 of %d deployed", len(tech.Mitigations))
	}
	if deployed == 0 {
		return "deployed, differing" // another one on each device
	}
	return fmt.Sprintf("%d of %d deployed", deployed, len(tech.Mitigations))
}

// found lists the findings, the riskiest first.
func (t *text) found() {
	if len(t.a.Findings) == 0 {
		return
	}
	sorted := slices.Clone(t.a.Findings)
	slices.SortStableFunc(sorted, func(a, b graph.FindingResult) int { return cmp.Compare(b.Score, a.Score) })
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
		if len(f.Techniques) > 0 {
			if to = f.Techniques[0].ID; len(f.Techniques) > 1 {
				to += fmt.Sprintf(" +%d", len(f.Techniques)-1)
			}
		}
		title := f.Title
		if title == "" {
			title = strings.Join(slices.Concat(f.Weaknesses, f.CVEs), ", ")
		}
		head := fmt.Sprintf("  %.2f  %s  %s", f.Score, pad(f.ID, ids), where)
		t.line("%s%s  %s", head, pad(title, width-uniseg.StringWidth(head)-2-leads), cut(finding.Plain(to, 0), leads))
		if word := makersWord(f.Remedies); word != "" {
			t.line("%s", cut("        the maker says: "+finding.Plain(word, 0), width))
		}
	}
	t.more(shown, len(sorted), "finding", "findings")
	t.suggested(sorted)
}

// suggested names what the words of findings without a technique speak of.
func (t *text) suggested(findings []graph.FindingResult) {
	findings = slices.DeleteFunc(slices.Clone(findings), func(f graph.FindingResult) bool { return len(f.Suggested) == 0 })
	const shown = 5
	for i, f := range findings[:min(shown, len(findings))] {
		if i == 0 {
			t.line("  Suggested from the words of findings that lead to no technique; for you to judge, nothing counts it:")
		}
		s := f.Suggested[0]
		why := ""
		if len(s.Because) > 0 {
			why = ", since " + s.Because[0]
		}
		t.wrapped("    ", fmt.Sprintf("%s: %s %s (likely to %.0f %%)%s", finding.Plain(f.ID, 0), s.ID, finding.Plain(s.Name, 0), 100*s.Score, finding.Plain(why, 0)))
	}
	t.more(shown, len(findings), "suggestion", "suggestions")
}

// devicesOf is what a finding is on: devices of the site, or what the source
// says.
func devicesOf(f graph.FindingResult) []string {
	if len(f.Devices) == 0 && f.Device != "" {
		return []string{f.Device}
	}
	return f.Devices
}

// What each category of remedy means, the one that says most first.
var remedyWords = []struct{ category, words string }{
	{"vendor_fix", "fix"},
	{"no_fix_planned", "no fix is planned"},
	{"none_available", "no fix is available"},
	{"workaround", "work around"},
	{"mitigation", "mitigate"},
}

// makersWord is the remedy that says most, and whether there is none for some
// products.
func makersWord(remedies []finding.Remedy) string {
	word, without := "", ""
	for _, kind := range remedyWords {
		i := slices.IndexFunc(remedies, func(r finding.Remedy) bool { return r.Category == kind.category })
		switch {
		case i < 0:
		case word == "":
			word = fmt.Sprintf("%s: %s", kind.words, cmp.Or(remedies[i].Text, "(no details)"))
		case without == "" && strings.HasPrefix(kind.words, "no fix") && !strings.HasPrefix(word, "no fix"):
			without = kind.words + " for some products; "
		}
	}
	return without + word
}

func (t *text) actions() {
	if len(t.a.Plan) == 0 {
		return
	}
	t.heading("DO FIRST", "official mitigations that can be deployed and are not, each by the share of the risk left that it adds to those above it")
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
		t.line("  … and %s (-format json has all), after which %.0f %% of the risk is left",
			count(len(rest), "more mitigation", "more mitigations"), 100*rest[len(rest)-1].Left)
	}
}

func (t *text) techniques() {
	if len(t.a.Techniques) == 0 {
		return
	}
	t.heading("TECHNIQUES", "what the findings open, the most urgent first (risk 0 to 1); [analyst] marks a judgement of this project, [site] what the findings say")
	for _, tech := range t.a.Techniques[:min(maxRows, len(t.a.Techniques))] {
		t.line("  %.2f  %s %s  %s", tech.Score, pad(tech.ID, 9), pad(tech.FullName, 56), t.standing(tech))
		if len(tech.Devices) > 0 {
			t.wrapped("        on ", t.places(tech.Devices))
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

// places names devices for people: "Camera gateway at the gate (cam-gw)".
func (t *text) places(ids []string) string {
	const shown = 3
	var out []string
	for _, id := range ids {
		name := cut(finding.Plain(id, 0), 60)
		if n := t.devices[id]; n != "" {
			name = fmt.Sprintf("%s (%s)", cut(finding.Plain(n, 0), 60), name)
		}
		if len(out) < shown && !slices.Contains(out, name) { // two that look alike when cut are counted
			out = append(out, name)
		}
	}
	s := strings.Join(out, ", ")
	if n := len(ids) - len(out); n > 0 {
		s += " and " + count(n, "more device", "more devices")
	}
	return s
}

// reason gives the strongest reason why a finding opens a technique.
func (t *text) reason(id, technique string) string {
	f := t.findings[id]
	if f == nil {
		return id
	}
	say := id
	if f.Title != "" {
		say += " " + cut(finding.Plain(f.Title, 0), 90)
	}
	i := slices.IndexFunc(f.Techniques, func(ft graph.FindingTechnique) bool { return ft.ID == technique })
	if i < 0 || len(f.Techniques[i].Via) == 0 {
		return say
	}
	v := f.Techniques[i].Via[0]
	if v.Weakness != "" {
		say += ", from " + v.Weakness
	}
	switch n := len(v.Path); {
	case n > 1 && strings.HasPrefix(v.Weakness, "PID-"):
		say += " by way of " + strings.Join(v.Path[1:], " and ")
	case v.Narrowed:
		say += " by its more special weakness " + v.Path[n-1]
	case n > 1:
		say += " by its more general weakness " + v.Path[n-1]
	}
	if v.Weakened != "" {
		say += ", weakened by " + v.Weakened
	}
	if v.Doubt != "" {
		say += ", doubted for " + v.Doubt
	}
	return fmt.Sprintf("%s [%s]: %s", say, v.Provenance, v.Rationale)
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
	{graph.GapNoDetection, "ATT&CK names nothing to collect for detection; half the risk counts"},
	{graph.GapNoTechnique, "the finding leads to no technique"},
}

func (t *text) gaps() {
	if len(t.a.Gaps) == 0 {
		return
	}
	t.heading("GAPS", "where ATT&CK is silent or the site is uncovered")
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
		slices.SortStableFunc(gaps, func(a, b graph.Gap) int { // what is accepted last
			return cmp.Compare(min(1, len(acceptance(a))), min(1, len(acceptance(b))))
		})
		t.line("  %s: %s (%s in JSON)", kind.title, count(len(gaps), "gap", "gaps"), kind.kind)
		for _, g := range gaps[:min(maxGapsShown, len(gaps))] {
			t.gap(g)
		}
		t.more(maxGapsShown, len(gaps), "of these gaps", "of these gaps")
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
	say := what + ": " + g.Why + acceptance(g)
	if len(g.Candidates) > 0 && g.Accepted == nil {
		c := g.Candidates[0]
		verb := "Consider"
		if g.Kind == graph.GapNotDeployed {
			verb = "Most useful"
		}
		say += fmt.Sprintf(" %s: %s %s", verb, c.ID, c.Name)
		if len(c.Because) > 0 && g.Kind != graph.GapNotDeployed { // there it is official, as all are
			say += fmt.Sprintf(" (%s)", c.Because[0])
		}
		say += "."
	}
	t.wrapped(fmt.Sprintf("    %.2f  ", g.Score), say)
}

// acceptance says who lives with a gap; empty where nobody does.
func acceptance(g graph.Gap) string {
	if g.Accepted == nil {
		return ""
	}
	until := ""
	if g.Accepted.Until != "" {
		until = " until " + g.Accepted.Until
	}
	return fmt.Sprintf(" ACCEPTED by %s%s: %s", g.Accepted.By, until, g.Accepted.Why)
}

// drafts shows one draft whole: of the most urgent gap where ATT&CK has
// nothing to offer, or else of the most urgent gap.
func (t *text) drafts() {
	if len(t.a.Drafts) == 0 {
		return
	}
	t.heading("DRAFTS", "not official: written for the gaps from the evidence in the graph, for a person to judge")
	t.rejected()
	silent := slices.IndexFunc(t.a.Drafts, func(d graph.Draft) bool {
		k := t.gapFor(d).Kind
		return k == graph.GapNoMitigation || k == graph.GapPlaceholderOnly || k == graph.GapNotFeasible
	})
	t.draft(t.a.Drafts[max(silent, 0)])
	t.more(1, len(t.a.Drafts), "draft", "drafts")
}

// gapFor is the gap that a draft is for; the zero value where there is none.
func (t *text) gapFor(d graph.Draft) graph.Gap {
	if d.Gap < 0 || d.Gap >= len(t.a.Gaps) {
		return graph.Gap{}
	}
	return t.a.Gaps[d.Gap]
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
	g := t.gapFor(d)
	about := g.Technique + " " + g.Name
	if g.Technique == "" {
		about = some(g.Findings)
	}
	note := ""
	if d.Checks.Fallback {
		note = ", after the model's answers were rejected"
	}
	if n := len(d.Reviews); n > 0 {
		r := d.Reviews[n-1]
		note += fmt.Sprintf("; %s by %s on %s", d.Status, finding.Plain(r.By, 60), r.At.Format(time.DateOnly))
	}
	t.wrapped("  ", fmt.Sprintf("%s (%s), by %s%s", about, g.Kind, d.Generator, note))
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
	t.evidence(d)
}

// evidence lists what the marks in a draft stand for, one line each.
func (t *text) evidence(d graph.Draft) {
	used := map[string]bool{}
	for _, c := range d.Text.Claims() {
		for _, h := range c.Evidence {
			used[h] = true
		}
	}
	for _, e := range d.Evidence {
		if used[e.Handle] {
			t.line("%s", "    "+cut(finding.Plain(fmt.Sprintf("%s [%s] %s", e.Handle, e.Provenance, e.Text), 0), width-4))
		}
	}
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
	return fmt.Sprintf("%s [%s]", c.Text, strings.Join(c.Evidence, ", "))
}

func (t *text) next() {
	t.heading("NEXT STEP", "")
	switch {
	case len(t.a.Findings) == 0 && t.a.UnreadRecords > 0:
		t.wrapped("  ", "Nothing of the input could be read. Mend what the warnings name, and run this again.")
	case len(t.a.Findings) == 0:
		t.wrapped("  ", "There is nothing to assess. Give a CSAF 2.0 advisory or findings in this project's JSON, or no file for the sample site.")
	case len(t.a.Techniques) == 0:
		t.wrapped("  ", "No finding leads to a technique. Add the weakness (CWE-…, OWASP-IOT-2018-I…) or the technique to the findings named above.")
	case t.open() == 0 && len(t.a.Gaps) > 0:
		t.wrapped("  ", "Every gap is accepted. Look at each again before its acceptance ends, keep the controls file current, and run this again with each new advisory.")
	case len(t.a.Gaps) == 0:
		t.wrapped("  ", "Every technique has a deployed mitigation. Ask whether it is enough on each device, keep the controls file current, and run this again with each new advisory.")
	default:
		t.wrapped("  ", t.firstStep())
	}
}

func (t *text) firstStep() string {
	then := "Write what is deployed and what a device can't do into a -controls file, and run this again."
	if t.a.Site != nil {
		then = "Add it to the -controls file once it is deployed, and run this again."
	}
	for _, p := range t.a.Plan {
		return fmt.Sprintf("Plan %s %s: it answers %s where nothing is deployed yet, with %.0f %% of the risk left. %s",
			p.ID, p.Name, count(len(p.Closes), "technique", "techniques"), 100*p.Adds, then)
	}
	return "No official mitigation can be added. Read the drafts and the candidates of the gaps, and decide which to accept."
}

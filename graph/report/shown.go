package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// shown is an assessment as people are shown it: what Text, Markdown and HTML
// say alike, and in which order. Its sentences hold what the input wrote, as it
// was written; each of the three makes that inert in its own way.
type shown struct {
	a          *graph.Assessment
	findings   map[string]*graph.FindingResult   // by ID
	techniques map[string]*graph.TechniqueResult // by ID
	devices    map[string]string                 // names by ID
	place      map[string]int                    // indices of techniques by ID
}

func newShown(a *graph.Assessment) *shown {
	if a == nil {
		a = &graph.Assessment{}
	}
	sh := &shown{a: a, findings: map[string]*graph.FindingResult{}, techniques: map[string]*graph.TechniqueResult{}, devices: map[string]string{}, place: map[string]int{}}
	for i := range a.Findings {
		sh.findings[a.Findings[i].ID] = &a.Findings[i]
	}
	for i := range a.Techniques {
		if _, twice := sh.place[a.Techniques[i].ID]; !twice {
			sh.techniques[a.Techniques[i].ID], sh.place[a.Techniques[i].ID] = &a.Techniques[i], i
		}
	}
	if a.Site != nil {
		for _, d := range a.Site.Devices {
			sh.devices[d.ID] = d.Name
		}
	}
	return sh
}

// title is the report's.
func (sh *shown) title() string {
	if sh.a.Site != nil && sh.a.Site.Name != "" {
		return "Assessment of " + sh.a.Site.Name
	}
	return "Assessment of " + count(len(sh.a.Findings), "finding", "findings")
}

// sources lists the release, then what the findings' links rest on, then the
// files of findings, each once and in order.
func (sh *shown) sources() []sourceOf {
	links, files := map[sourceOf]bool{}, map[sourceOf]bool{}
	for _, f := range sh.a.Findings {
		if f.Source != "" {
			files[sourceOf{"findings", f.Source}] = true
		}
		for _, t := range f.Techniques {
			for _, v := range t.Via {
				if v.Provenance != graph.Site { // which are the files
					links[sourceOf{string(v.Provenance), v.Source}] = true
				}
			}
		}
	}
	out := []sourceOf{{string(graph.Official), sh.release()}}
	byName := func(a, b sourceOf) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.source, b.source)) }
	out = append(out, slices.SortedFunc(maps.Keys(links), byName)...)
	return append(out, slices.SortedFunc(maps.Keys(files), byName)...)
}

// headline says what was found, through which release, and how sure the counts
// are, one sentence each.
func (sh *shown) headline() []string {
	out := []string{sh.scope()}
	if s := sh.incomplete(); s != "" {
		out = append(out, s)
	}
	out = append(out, sh.leads())
	if n := len(sh.a.Techniques); n > 0 {
		out = append(out, fmt.Sprintf("%d of %s; %s", sh.addressed(),
			count(n, "technique has a deployed mitigation wherever it is open", "techniques have a deployed mitigation wherever they are open"),
			count(len(sh.a.Gaps), "gap", "gaps")+sh.acceptedOf()))
	}
	if s := sh.unasked(); s != "" {
		out = append(out, s)
	}
	return out
}

// unasked says that nobody said what is deployed; empty where somebody did.
func (sh *shown) unasked() string {
	if sh.a.Site != nil || len(sh.a.Findings) == 0 {
		return ""
	}
	return "No -controls given: every mitigation is treated as not deployed"
}

func (sh *shown) scope() string {
	where := ""
	if n := sh.places(); n > 0 {
		where = " on " + count(n, "device", "devices")
	}
	return fmt.Sprintf("%s%s, seen through %s", count(len(sh.a.Findings), "finding", "findings"), where, sh.release())
}

// release names the release and where it came from.
func (sh *shown) release() string {
	source := sh.a.Attack.Source
	if source == "embedded" {
		source = "embedded facts"
	}
	return fmt.Sprintf("ATT&CK %s (%s)", strings.TrimSpace(sh.a.Attack.Domain+" "+sh.a.Attack.Version), source)
}

// places counts the devices that the findings are on.
func (sh *shown) places() int {
	devices := map[string]bool{}
	for i := range sh.a.Findings {
		for _, d := range devicesOf(&sh.a.Findings[i]) {
			devices[d] = true
		}
	}
	return len(devices)
}

// incomplete says what of the input is missing; empty where nothing is.
func (sh *shown) incomplete() string {
	var parts []string
	if n := sh.a.UnreadRecords; n > 0 {
		parts = append(parts, count(n, "record of the input could not be read and is missing here", "records of the input could not be read and are missing here"))
	}
	if n := sh.a.UnreadMembers; n > 0 {
		parts = append(parts, count(n, "part of a record could not be used", "parts of records could not be used"))
	}
	if len(parts) == 0 {
		return ""
	}
	return "INCOMPLETE: " + strings.Join(parts, ", ") + "; the warnings name each"
}

// addressed counts the techniques that have a deployed mitigation wherever they
// are open.
func (sh *shown) addressed() (n int) {
	for _, tech := range sh.a.Techniques {
		if sh.gapOf(tech) == "" {
			n++
		}
	}
	return n
}

// urgent is the findings, the riskiest first, of equals by ID.
func (sh *shown) urgent() []*graph.FindingResult {
	sorted := make([]*graph.FindingResult, len(sh.a.Findings))
	for i := range sorted {
		sorted[i] = &sh.a.Findings[i]
	}
	slices.SortStableFunc(sorted, func(a, b *graph.FindingResult) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return sorted
}

// gapGroup is the gaps of one kind.
type gapGroup struct {
	kind  graph.GapKind
	title string
	gaps  []gapAt // the most urgent first, what is accepted last
}

// gapAt is a gap and its place in the assessment.
type gapAt struct {
	graph.Gap
	index int
}

// gaps is what is missing, by kind; a kind without a gap is left out.
func (sh *shown) gaps() (out []gapGroup) {
	var kinds []graph.GapKind
	for _, k := range gapTitles {
		kinds = append(kinds, k.kind)
	}
	known := len(kinds)
	for _, g := range sh.a.Gaps {
		if !slices.Contains(kinds, g.Kind) {
			kinds = append(kinds, g.Kind)
		}
	}
	slices.Sort(kinds[known:])
	for _, kind := range kinds {
		group := gapGroup{kind: kind, title: cmp.Or(GapTitle(kind), "of no kind")}
		for i, g := range sh.a.Gaps {
			if g.Kind == kind {
				group.gaps = append(group.gaps, gapAt{g, i})
			}
		}
		slices.SortStableFunc(group.gaps, func(a, b gapAt) int {
			return cmp.Compare(min(1, len(acceptance(a.Gap))), min(1, len(acceptance(b.Gap))))
		})
		if len(group.gaps) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// about names what a gap is a gap of.
func (sh *shown) about(g graph.Gap) string {
	if g.Technique == "" {
		return some(g.Findings)
	}
	if t := sh.techniques[g.Technique]; t != nil {
		return g.Technique + " " + t.FullName
	}
	return g.Technique + " " + g.Name
}

// rejected says how often a model's answers were not kept, and why; empty where
// all were.
func (sh *shown) rejected() string {
	n, model, checks := 0, "", map[string]int{}
	for _, d := range sh.a.Drafts {
		if d.Checks.Fallback {
			n, model = n+1, d.Checks.Asked
		}
		for _, r := range d.Checks.Rejections {
			checks[r.Check]++
		}
	}
	if n == 0 {
		return ""
	}
	var why []string
	for _, c := range slices.Sorted(maps.Keys(checks)) {
		why = append(why, fmt.Sprintf("%s %d", c, checks[c]))
	}
	return fmt.Sprintf("%d of %d are the template's: the answers of %s were rejected (%s; -format json says each reason).",
		n, len(sh.a.Drafts), finding.Plain(model, 0), strings.Join(why, ", "))
}

// firstDraft is the index of the draft to show where there is room for one: of
// those that nobody decided yet that of the most urgent gap where ATT&CK has
// nothing to offer, or else of the most urgent gap; below 0 where all are decided.
func (sh *shown) firstDraft() int {
	first := slices.IndexFunc(sh.a.Drafts, func(d graph.Draft) bool {
		k := sh.gapFor(d).Kind
		return !decided(d) && (k == graph.GapNoMitigation || k == graph.GapPlaceholderOnly || k == graph.GapNotFeasible)
	})
	if first < 0 {
		first = slices.IndexFunc(sh.a.Drafts, func(d graph.Draft) bool { return !decided(d) })
	}
	return first
}

// nextStep says what to do now.
func (sh *shown) nextStep() string {
	switch {
	case len(sh.a.Findings) == 0 && sh.a.UnreadRecords > 0:
		return "Nothing of the input could be read. Mend what the warnings name, and run this again."
	case len(sh.a.Findings) == 0:
		return "There is nothing to assess. Give a CSAF 2.0 advisory or findings in this project's JSON, or no file for the sample site."
	case len(sh.a.Techniques) == 0:
		return "No finding leads to a technique. Add the weakness (CWE-…, OWASP-IOT-2018-I…) or the technique to the findings named above."
	case sh.open() == 0 && len(sh.a.Gaps) > 0:
		return "Every gap is accepted. Look at each again before its acceptance ends, keep the controls file current, and run this again with each new advisory."
	case len(sh.a.Gaps) == 0:
		return "Every technique has a deployed mitigation. Ask whether it is enough on each device, keep the controls file current, and run this again with each new advisory."
	}
	return sh.firstStep()
}

// open counts the gaps that nobody accepted.
func (sh *shown) open() (n int) {
	for _, g := range sh.a.Gaps {
		if g.Accepted == nil {
			n++
		}
	}
	return n
}

func (sh *shown) acceptedOf() string {
	if n := len(sh.a.Gaps) - sh.open(); n > 0 {
		return fmt.Sprintf(", %d of them accepted", n)
	}
	return ""
}

// leads says how many findings lead to techniques, and why others don't.
func (sh *shown) leads() string {
	status := map[graph.Status]int{}
	for _, f := range sh.a.Findings {
		status[f.Status]++
	}
	parts := []string{count(status[graph.Mapped], "finding leads", "findings lead") + " to " + count(len(sh.a.Techniques), "technique", "techniques")}
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
func (sh *shown) gapOf(tech graph.TechniqueResult) graph.GapKind {
	kinds := map[graph.GapKind]bool{}
	for _, g := range sh.a.Gaps {
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
func (sh *shown) standing(tech graph.TechniqueResult) string {
	deployed := 0
	for _, m := range tech.Mitigations {
		if m.Deployed {
			deployed++
		}
	}
	switch sh.gapOf(tech) {
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

// named names devices for people: "Camera gateway at the gate (cam-gw)".
func (sh *shown) named(ids []string) string {
	const shown = 3
	var out []string
	for _, id := range ids {
		if len(out) == shown {
			break
		}
		name := cut(finding.Plain(id, 0), 60)
		if n := sh.devices[id]; n != "" {
			name = fmt.Sprintf("%s (%s)", cut(finding.Plain(n, 0), 60), name)
		}
		if !slices.Contains(out, name) { // two that look alike when cut are counted
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
func (sh *shown) reason(id, technique string) string {
	f := sh.findings[id]
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

// gapFor is the gap that a draft is for; the zero value where there is none.
func (sh *shown) gapFor(d graph.Draft) graph.Gap {
	if d.Gap < 0 || d.Gap >= len(sh.a.Gaps) {
		return graph.Gap{}
	}
	return sh.a.Gaps[d.Gap]
}

// planWords says by which order the plan goes.
func (sh *shown) planWords() string {
	if sh.a.Plan[0].Adds == 0 {
		return riskless
	}
	return planMeans
}

func (sh *shown) firstStep() string {
	then := "Write what is deployed and what a device can't do into a -controls file, and run this again."
	if sh.a.Site != nil {
		then = "Add it to the -controls file once it is deployed, and run this again."
	}
	if len(sh.a.Plan) > 0 {
		p := sh.a.Plan[0]
		if p.Adds == 0 {
			return sentence(riskless) + ". Mend what is wrong, and run this again."
		}
		return fmt.Sprintf("Plan %s %s: it answers %s where nothing is deployed yet, with %.0f %% of the unanswered risk. %s",
			p.ID, p.Name, count(len(p.Closes), "technique", "techniques"), 100*p.Adds, then)
	}
	return "No official mitigation can be added. Read the drafts and the candidates of the gaps, and decide which to accept."
}

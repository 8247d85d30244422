package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
	"github.com/mitigraph/mitigraph/graph/internal/remedy"
)

// shown is an assessment as people are shown it: what Text, Markdown and HTML
// say alike, and in which order. Its sentences hold what the input wrote, as it
// was written; each of the three makes that inert in its own way.
type shown struct {
	a          *graph.Assessment
	atCommand  bool                              // the reader has a command line, and ran the program
	findings   map[string]*graph.FindingResult   // by ID
	techniques map[string]*graph.TechniqueResult // by ID
	devices    map[string]string                 // names by ID
	place      map[string]int                    // indices of techniques by ID
	remedies   []remedy.Said                     // those that say most first
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
	sh.remedies = remedy.Gather(sh.a.Site, sh.urgent())
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
	for _, f := range slices.SortedFunc(maps.Keys(files), byName) {
		out = append(out, sourceOf{f.kind, escape.Base(f.source)})
	}
	return out
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
		gaps := count(len(sh.a.Gaps), "gap", "gaps") + sh.acceptedOf()
		if sh.a.Site == nil {
			out = append(out, gaps)
		} else {
			partly := ""
			if n := sh.partlyAddressed(); n > 0 {
				partly = fmt.Sprintf(", %d on some only", n)
			}
			out = append(out, fmt.Sprintf("%d of %s%s; %s", sh.addressed(),
				count(n, "technique has a deployed mitigation on each of its devices", "techniques have a deployed mitigation on each of their devices"), partly, gaps))
		}
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
	if sh.atCommand {
		return "No -controls given: nobody said what is deployed, so every mitigation is treated as not deployed"
	}
	return "Nobody said what is deployed, so every mitigation is treated as not deployed"
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
	source := sh.file(sh.a.Attack.Source)
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

// file names a file: as it was given to whoever gave it, and without its folder
// to all others.
func (sh *shown) file(source string) string {
	if sh.atCommand {
		return source
	}
	return escape.Base(source)
}

// json names the form of the report that has everything.
func (sh *shown) json() string {
	if sh.atCommand {
		return "-format json"
	}
	return "the JSON form"
}

// warnings are the first of them, with the names of files for their folders.
func (sh *shown) warnings() (out []string) {
	folders := map[string]bool{}
	folder := func(source string) {
		if base := escape.Base(source); base != source {
			folders[source] = true
		}
	}
	for _, f := range sh.a.Findings {
		folder(f.Source)
	}
	for _, w := range listed(sh.a.Warnings) {
		folder(w.Source)
	}
	names := make([]string, 0, 2*len(folders))
	for _, source := range slices.SortedFunc(maps.Keys(folders), func(a, b string) int { // of two that begin alike the longer
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	}) {
		names = append(names, source, escape.Base(source))
	}
	short := strings.NewReplacer(names...)
	for _, w := range listed(sh.a.Warnings) {
		out = append(out, short.Replace(w.String()))
	}
	return out
}

// partlyAddressed counts the others that have one on some of the devices where
// they are open.
func (sh *shown) partlyAddressed() (n int) {
	for _, tech := range sh.a.Techniques {
		if sh.gapOf(tech) != "" && slices.ContainsFunc(tech.Mitigations, func(m graph.TechniqueMitigation) bool { return m.Partly }) {
			n++
		}
	}
	return n
}

// addressed counts the techniques that have a deployed mitigation on every
// device where they are open.
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
	return fmt.Sprintf("%d of %d are the template's: the answers of %s were rejected (%s; %s says each reason).",
		n, len(sh.a.Drafts), finding.Plain(model, 0), strings.Join(why, ", "), sh.json())
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

// nextStep says what to do now: first what the sources of the findings say.
func (sh *shown) nextStep() string {
	words := sh.ownStep()
	if slices.ContainsFunc(sh.remedies, remedy.Said.Helps) {
		if p, plan := strings.CutPrefix(words, "Plan "); plan {
			words = "Then plan " + p
		}
		return "Begin with what the advisories and findings themselves say. " + words
	}
	return words
}

func (sh *shown) ownStep() string {
	current := "the list of what is deployed"
	if sh.atCommand {
		current = "the controls file"
	}
	switch {
	case len(sh.a.Findings) == 0 && sh.a.UnreadRecords > 0:
		return "Nothing of the input could be read. Mend what the warnings name, and run this again."
	case len(sh.a.Findings) == 0:
		return "There is nothing to assess. Give a CSAF 2.0 advisory or findings in this project's JSON, or no file for the sample site."
	case len(sh.a.Techniques) == 0:
		return "No finding leads to a technique. Add the weakness (CWE-…, OWASP-IOT-2018-I…) or the technique to the findings named above."
	case sh.open() == 0 && len(sh.a.Gaps) > 0:
		return "Every gap is accepted. Look at each again before its acceptance ends, keep " + current + " current, and run this again with each new advisory."
	case len(sh.a.Gaps) == 0:
		return "Every technique has a deployed mitigation. Ask whether it is enough on each device, keep " + current + " current, and run this again with each new advisory."
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
	status, judged := map[graph.Status]int{}, 0
	for _, f := range sh.a.Findings {
		if f.Judged {
			judged++
			continue
		}
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
	if judged > 0 {
		parts = append(parts, count(judged, "leads to none (judged: none follows from its weakness)", "lead to none (judged: none follows from their weaknesses)"))
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
	deployed, partly, all := 0, 0, len(tech.Mitigations)
	for _, m := range tech.Mitigations {
		switch {
		case m.Deployed:
			deployed++
		case m.Partly:
			partly++
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
		switch {
		case sh.a.Site == nil:
			return fmt.Sprintf("%d exist, deployed: not told", all)
		case partly > 0:
			return fmt.Sprintf("%d of %d, on some devices only", partly, all)
		}
		return fmt.Sprintf("none of %d deployed", all)
	}
	switch {
	case deployed == 0: // another one on each device
		return fmt.Sprintf("each device has some of %d", all)
	case partly > 0:
		return fmt.Sprintf("%d of %d on all, %d on some", deployed, all, partly)
	}
	return fmt.Sprintf("%d of %d deployed", deployed, all)
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
	then := "Once it is deployed, have this assessed again with it."
	switch {
	case sh.atCommand && sh.a.Site == nil:
		then = "Write what is deployed and what a device can't do into a -controls file, and run this again."
	case sh.atCommand:
		then = "Add it to the -controls file once it is deployed, and run this again."
	case sh.a.Site == nil:
		then = "Tell whoever assessed this what is deployed and what a device can't do, and have it assessed again."
	}
	if len(sh.a.Plan) > 0 {
		p := sh.a.Plan[0]
		if p.Adds == 0 {
			return sentence(riskless) + ". Mend what is wrong, and run this again."
		}
		if r := sh.a.RestsOnOne; len(r) > 0 && len(sh.a.Gaps) > 0 && r[0].Score > sh.a.Gaps[0].Score {
			then = fmt.Sprintf("Ask whether %s is enough against %s, a higher risk (%.2f) that rests on it alone. %s", r[0].Mitigation, r[0].Technique, r[0].Score, then)
		}
		return fmt.Sprintf("Plan %s %s: it answers %s where nothing is deployed yet, with %.0f %% of the risk that no deployed mitigation answers. %s",
			p.ID, p.Name, count(len(p.Closes), "technique", "techniques"), 100*p.Adds, then)
	}
	return "No official mitigation can be added. Read the drafts and the candidates of the gaps, and decide which to accept."
}

// one is a technique that rests on one deployed mitigation, in words.
type one struct {
	graph.RestsOnOne
	technique, deployed, next string // named; next is empty where there is none
}

const maxOnes = 5

// ones are the riskiest of them.
func (sh *shown) ones() (out []one) {
	for _, r := range sh.a.RestsOnOne[:min(maxOnes, len(sh.a.RestsOnOne))] {
		o := one{r, r.Technique, r.Mitigation, r.Next}
		if t := sh.techniques[r.Technique]; t != nil {
			o.technique = t.ID + " " + t.FullName
			for _, m := range t.Mitigations {
				switch m.ID {
				case r.Mitigation:
					o.deployed = m.ID + " " + m.Name
				case r.Next:
					o.next = m.ID + " " + m.Name
				}
			}
		}
		out = append(out, o)
	}
	return out
}

// onesLeft tells of the others; empty where there are none.
func (sh *shown) onesLeft() string {
	n := len(sh.a.RestsOnOne) - maxOnes
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("… and %s of a risk of %.2f or less (%s has all)", count(n, "more", "more"), sh.a.RestsOnOne[maxOnes].Score, sh.json())
}

// beside says what can be deployed beside the one.
func (o one) beside() string {
	if o.next == "" {
		return "no other can be deployed there"
	}
	return "next: " + o.next
}

package sarif

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/internal/document"
)

// run is one run of a scanner, its rules decoded.
type run struct {
	*runMembers
	device     string
	components [][]*rule         // of the driver, then of the extensions
	byID       map[string]*rule  // the first of an ID
	byGUID     map[string]*rule  // by GUID in small letters
	taxonIDs   map[string]string // likewise
	// Where a component stands in components, and a taxonomy in Taxonomies, by
	// "name NAME" and "guid GUID".
	componentAt, taxonomyAt map[string]int
}

// keys are what a component can be found by.
func keys(name, guid string) (out []string) {
	if guid != "" {
		out = append(out, "guid "+strings.ToLower(guid))
	}
	if name != "" {
		out = append(out, "name "+name)
	}
	return out
}

// note keeps the first place of each key.
func note(at map[string]int, c component, i int) {
	for _, k := range keys(c.Name, c.GUID) {
		if _, twice := at[k]; !twice {
			at[k] = i
		}
	}
}

// rule is what a rule says of every result.
type rule struct {
	*ruleMembers
	facts
	title string
}

// facts is what tags, properties and taxa say.
type facts struct {
	weaknesses, cves, techniques []string
	cvss                         string
}

func newRun(place string, raw json.RawMessage) (*run, []document.Problem) {
	m, problems := document.Pick[runMembers](place, raw, "tool", "taxonomies", "artifacts", "results", "automationDetails", "externalPropertyFileReferences", "properties")
	for i := range problems { // without its results nothing of a run is left
		if problems[i].Place == place || strings.HasPrefix(problems[i].Place, place+".results") {
			problems[i].Lost = finding.LostRecord
		}
	}
	if len(m.Elsewhere.Results) > 0 {
		problems = append(problems, document.Trouble(place+".externalPropertyFileReferences", finding.LostRecord, "results in another file are not read"))
	}
	r := &run{runMembers: m, byID: map[string]*rule{}, byGUID: map[string]*rule{}, taxonIDs: map[string]string{}, componentAt: map[string]int{}, taxonomyAt: map[string]int{}}
	for i, t := range append([]component{m.Tool.Driver}, m.Taxonomies...) {
		if i > 0 {
			note(r.taxonomyAt, t, i-1)
		}
		for _, x := range t.Taxa {
			if x.GUID != "" {
				r.taxonIDs[strings.ToLower(x.GUID)] = x.ID
			}
		}
	}
	category, _ := cutLast(m.Automation.ID)
	r.device = finding.Plain(cmp.Or(m.Properties.text("device"), strings.TrimSpace(category)), document.MaxText)
	for i, c := range append([]component{m.Tool.Driver}, m.Tool.Extensions...) {
		at := place + ".tool.driver"
		if i > 0 {
			at = fmt.Sprintf("%s.tool.extensions[%d]", place, i-1)
		}
		note(r.componentAt, c, i)
		rules := make([]*rule, len(c.Rules))
		for j, raw := range c.Rules {
			at := fmt.Sprintf("%s.rules[%d]", at, j)
			members, faults := decode[ruleMembers](at, raw, "id", "name", "guid", "shortDescription", "fullDescription", "messageStrings", "relationships", "defaultConfiguration", "properties")
			x := &rule{ruleMembers: members}
			x.title = finding.Plain(cmp.Or(members.Short.words(), members.Name, firstSentence(members.Full.words())), document.MaxText)
			faults = append(faults, x.read(at, members.Properties)...)
			for _, rel := range members.Relationships {
				if !slices.Contains(rel.Kinds, "disjoint") && !slices.Contains(rel.Kinds, "incomparable") {
					r.taxon(&x.facts, rel.Target)
				}
			}
			if cve, ok := leadingCVE(members.ID); ok {
				x.cves = add(x.cves, cve)
			}
			problems = append(problems, faults...)
			rules[j] = x
			if _, twice := r.byID[members.ID]; !twice && members.ID != "" {
				r.byID[members.ID] = x
			}
			if members.GUID != "" {
				r.byGUID[strings.ToLower(members.GUID)] = x
			}
		}
		r.components = append(r.components, rules)
	}
	return r, problems
}

// cutLast cuts at the last "/"; without one nothing is before it.
func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '/')
	return s[:max(i, 0)], s[i+1:]
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i >= 0 {
		return s[:i+1]
	}
	return s
}

// finding makes one of a result. Without an ID it is none.
func (r *run) finding(place string, x *result) (f finding.Finding, problems []document.Problem) {
	rule, problems := r.ruleOf(place, x)
	id, level, title := x.RuleID, x.Level, ""
	var all facts
	problems = append(problems, all.read(place, x.Properties)...)
	for _, ref := range x.Taxa {
		r.taxon(&all, ref)
	}
	text := x.Message.words()
	if rule != nil {
		id, level, title = cmp.Or(id, rule.ID), cmp.Or(level, rule.Configuration.Level), rule.title
		if text == "" && x.Message.ID != "" {
			text = filled(rule.Strings[x.Message.ID].words(), x.Message.Arguments)
		}
		all.join(rule.facts)
	}
	if cve, ok := leadingCVE(id); ok {
		all.cves = add(all.cves, cve)
	}
	where, file, faults := r.where(place, x)
	problems = append(problems, faults...)
	title = cmp.Or(title, finding.Plain(text, document.MaxText), finding.Plain(id, document.MaxText))
	if title == "" {
		return finding.Finding{}, problems
	}
	f = finding.Finding{
		ID: finding.Plain(cmp.Or(id, "result"), document.MaxText), Title: title, Device: r.device, CVSS: all.cvss,
		Weaknesses: all.weaknesses, CVEs: all.cves, Techniques: all.techniques,
	}
	if d := finding.Plain(x.Properties.text("device"), document.MaxText); d != "" {
		f.Device = d
	}
	if where != "" {
		f.ID += "@" + where
	}
	if file {
		f.Place = where
	}
	f.Description = describe(cmp.Or(level, "warning"), where, len(x.Locations), text)
	return f, problems
}

// describe puts the level and the place before the message.
func describe(level, where string, locations int, text string) string {
	s := finding.Plain(level, 40)
	if where != "" {
		s += " at " + where
	}
	if locations > 1 {
		s += fmt.Sprintf(" and at %d more", locations-1)
	}
	if text != "" {
		s += ": " + text
	}
	return s
}

// ruleOf finds a result's rule: by its index where that does not contradict
// its ID, else by its ID, or by what stands before a "/" in it; nil where the
// log describes none.
func (r *run) ruleOf(place string, x *result) (*rule, []document.Problem) {
	component, index := 0, x.RuleIndex
	if ref := x.Rule; ref != nil {
		if x.RuleID == "" {
			x.RuleID = ref.ID
		}
		if ref.Index != nil {
			index = ref.Index
		}
		if c := ref.Component; c != nil {
			component = r.component(c)
		}
		if rule := r.byGUID[strings.ToLower(ref.GUID)]; rule != nil {
			return rule, nil
		}
	}
	var problems []document.Problem
	if index != nil && *index != -1 && component >= 0 { // -1 is "none"
		if *index < 0 || *index >= len(r.components[component]) {
			problems = append(problems, document.Trouble(place+".ruleIndex", finding.LostMember, "%d is not among the %d rules; it is left out", *index, len(r.components[component])))
		} else if rule := r.components[component][*index]; x.RuleID == "" || rule.ID == "" || x.RuleID == rule.ID || strings.HasPrefix(x.RuleID, rule.ID+"/") {
			return rule, problems
		}
	}
	for id := x.RuleID; id != ""; id, _ = cutLast(id) {
		if rule, ok := r.byID[id]; ok {
			return rule, problems
		}
	}
	return nil, problems
}

// component is the place of a tool component among those with rules; -1 where
// the log has none such.
func (r *run) component(c *componentReference) int {
	if c.Index != nil {
		if *c.Index >= 0 && *c.Index < len(r.Tool.Extensions) {
			return *c.Index + 1
		}
		return -1
	}
	for _, k := range keys(c.Name, c.GUID) {
		if i, ok := r.componentAt[k]; ok {
			return i
		}
	}
	return -1
}

// where names the first location: a file and its line, or a logical one. It
// says whether it is a file's whole name.
func (r *run) where(place string, x *result) (name string, file bool, problems []document.Problem) {
	for i, l := range x.Locations {
		a := l.Physical.Artifact
		uri := a.URI
		if uri == "" && a.Index != nil && *a.Index >= 0 && *a.Index < len(r.Artifacts) {
			uri = r.Artifacts[*a.Index].Location.URI
		}
		if uri = finding.Plain(uri, 0); uri != "" {
			short := []rune(uri)
			if file = len(short) <= document.MaxText; !file { // the end says more
				uri = "…" + string(short[len(short)-document.MaxText:])
			}
			line := l.Physical.Region.Line
			if line.number > 0 {
				uri += fmt.Sprintf(":%d", line.number)
			}
			if line.wrong != "" {
				problems = append(problems, document.Trouble(fmt.Sprintf("%s.locations[%d].physicalLocation.region.startLine", place, i), finding.LostMember,
					"%s is not the number of a line; it is left out", line.wrong))
			}
			return uri, file, problems
		}
		for _, n := range l.Logical {
			if name := finding.Plain(cmp.Or(n.Full, n.Name), document.MaxText); name != "" {
				return name, false, nil
			}
		}
	}
	return "", false, nil
}

var (
	technique = regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
	digits    = regexp.MustCompile(`^[0-9]{1,6}$`)
	startsCVE = regexp.MustCompile(`(?i)^CVE-[0-9]{4}-[0-9]{4,19}`)
)

// leadingCVE: some scanners call their rules "CVE-2021-44228-log4j".
func leadingCVE(s string) (string, bool) { return finding.ParseCVE(startsCVE.FindString(s)) }

// taxon adds what a reference to a taxonomy means.
func (r *run) taxon(f *facts, ref reference) {
	name, id := "", ref.ID
	var in *component
	if c := ref.Component; c != nil {
		name = c.Name
		names := keys(c.Name, c.GUID)
		for _, k := range names {
			if i, ok := r.taxonomyAt[k]; ok && in == nil {
				in = &r.Taxonomies[i]
			}
		}
		if len(names) == 0 && c.Index != nil && *c.Index >= 0 && *c.Index < len(r.Taxonomies) {
			in = &r.Taxonomies[*c.Index]
		}
	} else {
		in = &r.Tool.Driver // whose taxa a bare reference means
	}
	if in != nil {
		name = cmp.Or(name, in.Name)
		if id == "" && ref.Index != nil && *ref.Index >= 0 && *ref.Index < len(in.Taxa) {
			id = in.Taxa[*ref.Index].ID
		}
		if id == "" {
			id = r.taxonIDs[strings.ToLower(ref.GUID)]
		}
	}
	name = strings.ToUpper(name)
	if w, ok := finding.ParseWeakness(id); ok {
		f.weaknesses = add(f.weaknesses, w)
	} else if strings.HasPrefix(name, "CWE") && digits.MatchString(id) {
		f.number(id)
	} else if t := strings.ToUpper(id); technique.MatchString(t) && strings.Contains(name, "ATT&CK") {
		f.techniques = add(f.techniques, t)
	}
}

// number adds a CWE of which only the number is given.
func (f *facts) number(n string) {
	if w, ok := finding.ParseWeakness("CWE-" + n); ok {
		f.weaknesses = add(f.weaknesses, w)
	}
}

// read looks through a bag of properties.
func (f *facts) read(place string, p properties) (problems []document.Problem) {
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch plain := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name)); {
		case plain == "tags":
			for _, tag := range texts(p[name]) {
				_, last := cutLast(tag)
				if w, ok := finding.ParseWeakness(last); ok {
					f.weaknesses = add(f.weaknesses, w)
				} else if cve, ok := finding.ParseCVE(last); ok {
					f.cves = add(f.cves, cve)
				}
			}
		case plain == "cwe", plain == "cwes", plain == "cweid", plain == "cweids":
			for _, s := range texts(p[name]) {
				if digits.MatchString(s) {
					f.number(s)
				} else if w, ok := finding.ParseWeakness(s); ok {
					f.weaknesses = add(f.weaknesses, w)
				}
			}
		case plain == "cve", plain == "cves", plain == "cveid", plain == "cveids":
			for _, s := range texts(p[name]) {
				if cve, ok := finding.ParseCVE(s); ok {
					f.cves = add(f.cves, cve)
				}
			}
		case plain == "securityseverity", strings.HasPrefix(plain, "cvss"):
			for _, s := range texts(p[name]) {
				if !f.severity(s) {
					problems = append(problems, document.Trouble(place+".properties."+finding.Plain(name, 40), finding.LostMember,
						"%q is neither a CVSS vector nor a score from 0 to 10; it is left out", finding.Plain(s, 40)))
				}
			}
		}
	}
	return problems
}

// severity takes a vector, the newest version's and of one version the
// highest, before a score alone; false for anything else.
func (f *facts) severity(s string) bool {
	if _, err := finding.BaseScore(s); err == nil {
		if f.cvss == "" || finding.CompareCVSS(s, f.cvss) > 0 {
			f.cvss = s
		}
		return true
	}
	return s == ""
}

// join adds what a rule says; of the severity the result's own word counts.
func (f *facts) join(o facts) {
	for _, w := range o.weaknesses {
		f.weaknesses = add(f.weaknesses, w)
	}
	for _, c := range o.cves {
		f.cves = add(f.cves, c)
	}
	for _, t := range o.techniques {
		f.techniques = add(f.techniques, t)
	}
	f.cvss = cmp.Or(f.cvss, o.cvss)
}

// maxFacts bounds each list, since every result of a rule repeats the rule's.
const maxFacts = 50

func add(list []string, s string) []string {
	if len(list) >= maxFacts || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

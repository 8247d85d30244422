package graph

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
	"github.com/mitigraph/mitigraph/mitre"
)

const (
	maxEvidenceFindings = 3   // of one gap; the riskiest come first
	maxTitle            = 160 // characters of a finding's title
)

var idPattern = regexp.MustCompile(`(?i)\b(?:CWE-\d+|CVE-\d{4}-\d{4,}|OWASP-IOT-\d{4}-I\d+|TID-\d+|PID-\d+|` +
	`TA\d{4}|T\d{4}(?:\.\d{3})?|M\d{4}|A\d{4}|G\d{4}|S\d{4}|C\d{4}|DET\d{4}|AN\d{4}|DC\d{4}|DS\d{4})\b`)

// IDsIn returns the ATT&CK, CWE, CVE, OWASP IoT and EMB3D IDs that a text
// names, in upper case, each once, in the order of their first occurrence.
func IDsIn(text string) []string {
	var out []string
	for _, id := range idPattern.FindAllString(text, -1) {
		if id = strings.ToUpper(id); !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// Evidence returns what the graph knows about a gap of an assessment, as
// numbered statements: what is missing, where, by which weakness, what the
// devices allow, and the candidates with their reasons. The assessment must
// have been made from this snapshot. The error says that the gap does not
// exist.
//
// Titles come from the input: control characters are removed and they are
// cut to 160 characters, but nothing vouches for what they say.
func (s *Snapshot) Evidence(a *Assessment, gap int) ([]Evidence, error) {
	if a == nil {
		return nil, errors.New("graph: Evidence: the assessment is nil")
	}
	if gap < 0 || gap >= len(a.Gaps) {
		return nil, fmt.Errorf("graph: gap %d does not exist; the assessment has %d", gap, len(a.Gaps))
	}
	g := a.Gaps[gap]
	e := evidence{}
	release := "ATT&CK " + strings.TrimSpace(a.Attack.Domain+" "+a.Attack.Version)
	if t, ok := doc[*mitre.Technique](s.index(), "attack:"+g.Technique); ok {
		e.technique(s.Catalog(), t, release)
	}
	switch g.Kind {
	case GapNotDeployed:
		if a.Site == nil { // nobody said anything of the site
			e.add(Official, release, "%s", g.Why)
			break
		}
		e.add(Site, "findings and site", "%s", g.Why)
	case GapNoTechnique:
		e.add(Site, "findings and site", "%s", g.Why)
	case GapNotFeasible:
		e.add(Analyst, "mitigraph constraints", "%s", g.Why)
	default:
		e.add(Official, release, "%s", g.Why)
	}
	// A device that is called like an ID does not make it one.
	why := &e.list[len(e.list)-1]
	for _, d := range g.Devices {
		why.IDs = slices.DeleteFunc(why.IDs, func(id string) bool { return strings.Contains(strings.ToUpper(d), id) })
	}
	s.findingEvidence(&e, a, g)
	told := map[string]bool{} // constraints
	for i, id := range g.Devices {
		limits := s.limits(id)
		if i >= maxEvidenceFindings && !slices.ContainsFunc(limits, func(c *constraint) bool { return !told[c.ID] }) {
			continue
		}
		for _, c := range limits {
			told[c.ID] = true
		}
		s.deviceEvidence(&e, id, limits)
	}
	for i, c := range g.Candidates {
		kind, source, standing, first := Analyst, "mitigraph", "ATT&CK does not list it for this technique", ""
		if g.Kind == GapNotDeployed {
			kind, source, standing = Official, release, "it is not deployed"
			if a.Site == nil {
				standing = "nobody said whether it is deployed"
			}
			if i == 0 && g.leads() {
				first = ", which of those listed by itself answers the most risk of the site"
			}
		}
		e.add(kind, source, "Candidate %s %s%s: %s; %s.", c.ID, c.Name, first, strings.Join(c.Because, "; "), standing)
	}
	return e.list, nil
}

// leads reports whether the first candidate has a higher score than any other.
func (g Gap) leads() bool {
	return len(g.Candidates) > 1 && g.Candidates[0].Score > g.Candidates[1].Score
}

type evidence struct{ list []Evidence }

func (e *evidence) add(kind Kind, source, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	e.list = append(e.list, Evidence{
		Handle: fmt.Sprintf("E%d", len(e.list)+1), Text: text, IDs: IDsIn(text), Provenance: string(kind), Source: source,
	})
}

func (e *evidence) technique(c *mitre.Catalog, t *mitre.Technique, release string) {
	var tactics []string
	for tactic := range c.TacticsOf(t) {
		tactics = append(tactics, tactic.Name)
	}
	noun := "tactic"
	if len(tactics) > 1 {
		noun = "tactics"
	}
	e.add(Official, release, "%s %s serves the %s %s.", t.ID, t.Name, noun, strings.Join(tactics, ", "))
	// Ours, also where the release has MITRE's: that is long, and cites.
	if text, ok := mitre.Summary(t.ID); ok {
		e.add(Analyst, "mitigraph summary", "%s", text)
	}
}

func (s *Snapshot) findingEvidence(e *evidence, a *Assessment, g Gap) {
	for _, id := range g.Findings[:min(len(g.Findings), maxEvidenceFindings)] {
		f, ok := doc[*finding.Finding](s.index(), findingKey(id))
		if !ok {
			continue
		}
		e.add(Site, escape.Base(f.Source), "%s", findingStatement(f)) // a draft is handed on
		i := slices.IndexFunc(a.Findings, func(r FindingResult) bool { return r.ID == id })
		if i < 0 {
			continue
		}
		for _, t := range a.Findings[i].Techniques {
			if t.ID != g.Technique || len(t.Via) == 0 || t.Via[0].Weakness == "" {
				continue
			}
			v := t.Via[0]
			w, _ := s.Weakness(v.Weakness)
			e.add(v.Provenance, v.Source, "%s (%s) opens %s: %s", v.Weakness, w.Name, t.ID, v.Rationale)
		}
	}
	if n := len(g.Findings) - maxEvidenceFindings; n > 0 {
		e.add(Site, "findings", "%s the same gap.", plural(n, "further finding has", "further findings have"))
	}
}

// findingStatement puts what strangers may have chosen in quotation marks.
func findingStatement(f *finding.Finding) string {
	d, _ := dangerOf(f)
	text := fmt.Sprintf("Finding %q", finding.Plain(f.ID, maxTitle))
	if on := namedDevices(f); len(on) > 0 {
		text += " on " + quotedNames(on)
	}
	if f.Title != "" {
		text += fmt.Sprintf(": %q", finding.Plain(f.Title, maxTitle))
	}
	return fmt.Sprintf("%s (%s).", text, d.words)
}

// limits are the constraints of a device.
func (s *Snapshot) limits(id string) (out []*constraint) {
	for n := range s.index().from(deviceKey(id), predLimited) {
		if c, ok := n.doc.(*constraint); ok {
			out = append(out, c)
		}
	}
	return out
}

func (s *Snapshot) deviceEvidence(e *evidence, id string, constraints []*constraint) {
	d, ok := doc[*Device](s.index(), deviceKey(id))
	if !ok {
		return
	}
	text := fmt.Sprintf("Device %q", finding.Plain(d.ID, maxTitle))
	for n := range s.index().from(deviceKey(id), predOf) {
		if asset, ok := n.doc.(*mitre.Asset); ok {
			text += fmt.Sprintf(" is of the asset type %s %s", asset.ID, asset.Name)
		}
	}
	var limits []string
	for _, c := range constraints {
		limits = append(limits, fmt.Sprintf("%s (%s)", c.ID, strings.TrimSuffix(c.Meaning, ".")))
	}
	if len(limits) > 0 {
		text += "; constraints: " + strings.Join(limits, ", ")
	}
	e.add(Site, "site", "%s.", text)
}

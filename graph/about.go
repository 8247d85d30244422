package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

const (
	maxComponents = 5 // data components of one statement
	maxRemedies   = 4 // of one finding
	maxNamed      = 4 // devices, findings or techniques in one statement
	maxOpened     = 3 // techniques that one finding's evidence explains
)

// EvidenceAbout returns what the graph and an assessment know about
// techniques, mitigations, findings and devices, as numbered statements in
// the order in which they are asked for. IDs are those of [Snapshot.Node]; one
// that was revoked stands for its successor. The assessment must have been
// made from this snapshot.
//
// Of a technique it says which tactics it serves, what it is in this
// project's words, where it is open, each mitigation with whether it is
// deployed and feasible there, or that there is none, and what shows it. Of a
// mitigation what it is, which of the opened techniques it answers, whether it
// is deployed or feasible, and the standards that ask for it. Of a finding
// what [Snapshot.Evidence] says, what [Assessment.Standing] decides, and what
// the maker says can be done. Of a device its type, its constraints and what
// is deployed there. No statement stands there twice.
//
// What strangers wrote is plain, cut and in quotation marks, and such a
// statement has the provenance "site". The error wraps [ErrUnknownNode] when
// nothing is known under an ID; it also says so when the assessment is nil or
// an ID is that of something else.
func (s *Snapshot) EvidenceAbout(a *Assessment, ids ...string) ([]Evidence, error) {
	if a == nil {
		return nil, errors.New("graph: EvidenceAbout: the assessment is nil")
	}
	e := &aboutEvidence{Snapshot: s, a: a, release: "ATT&CK " + strings.TrimSpace(a.Attack.Domain+" "+a.Attack.Version)}
	for _, id := range ids {
		i, ok := s.place(s.successor(id))
		if !ok {
			return nil, s.unknown(id)
		}
		n := s.index().nodes[i]
		switch d := n.doc.(type) {
		case *mitre.Technique:
			e.technique(d)
		case *mitre.Mitigation:
			e.mitigation(d)
		case *finding.Finding:
			e.finding(d)
		case *Device:
			e.device(d)
		default:
			shown := s.index().show(i)
			if !strings.HasPrefix(shown.Key, "device:") {
				return nil, fmt.Errorf("graph: EvidenceAbout: %q is no technique, mitigation, finding or device", id)
			}
			e.add(Site, "findings", "Device %q is named by findings; the site does not describe it, so what it allows is not known.", finding.Plain(shown.ID, maxTitle))
		}
	}
	return e.once(), nil
}

type aboutEvidence struct {
	*Snapshot
	evidence
	a       *Assessment
	release string
}

// once leaves out what was said before, and numbers the rest.
func (e *aboutEvidence) once() []Evidence {
	seen := map[string]bool{}
	out := []Evidence{}
	for _, x := range e.list {
		if !seen[x.Text] {
			seen[x.Text] = true
			x.Handle = fmt.Sprintf("E%d", len(out)+1)
			out = append(out, x)
		}
	}
	return out
}

func (e *aboutEvidence) technique(t *mitre.Technique) {
	e.evidence.technique(e.Catalog(), t, e.release)
	i := slices.IndexFunc(e.a.Techniques, func(r TechniqueResult) bool { return r.ID == t.ID })
	if i < 0 {
		e.add(Site, "findings", "No finding of this site opens %s.", t.ID)
		e.unopened(t)
	} else {
		e.opened(t, e.a.Techniques[i])
	}
	var names []string
	for d := range e.Catalog().DataComponents(t) {
		names = append(names, strings.TrimSpace(d.ID+" "+d.Name))
	}
	if len(names) == 0 {
		e.add(Official, e.release, "ATT&CK names nothing to collect that shows %s %s.", t.ID, t.Name)
		return
	}
	e.add(Official, e.release, "%s %s can be seen in %s.", t.ID, t.Name, enough(names, maxComponents))
}

// unopened says the mitigations of a technique that is not open here.
func (e *aboutEvidence) unopened(t *mitre.Technique) {
	n := 0
	for m := range e.Mitigations(t.ID) {
		n++
		e.add(Official, e.release, "%s %s mitigates %s %s.", m.ID, m.Name, t.ID, t.Name)
	}
	if n == 0 {
		e.unmitigated(t)
	}
}

func (e *aboutEvidence) unmitigated(t *mitre.Technique) {
	if e.PlaceholderOnly(t.ID) {
		e.add(Official, e.release, "For %s %s ATT&CK only says that mitigation is limited or not effective.", t.ID, t.Name)
		return
	}
	e.add(Official, e.release, "ATT&CK lists no mitigation for %s %s.", t.ID, t.Name)
}

func (e *aboutEvidence) opened(t *mitre.Technique, r TechniqueResult) {
	where := ""
	if len(r.Devices) > 0 {
		where = " on " + quotedNames(r.Devices)
	}
	e.add(Site, "findings", "%s is open%s through %s; its score is %.2f of 1.", t.ID, where, quotedNames(r.Findings), r.Score)
	say := func(source, format string, keep func(TechniqueMitigation) bool) {
		for _, m := range r.Mitigations {
			if keep(m) {
				e.add(Official, source, format, m.ID, m.Name, t.ID, t.Name, strings.TrimSuffix(m.Why, "."))
			}
		}
	}
	if e.a.Site == nil && len(r.Mitigations) > 0 { // nobody said anything of the site
		say(e.release, "%s %s mitigates %s %s; it is feasible, and nobody said whether it is deployed.%.0s", func(TechniqueMitigation) bool { return true })
		return
	}
	both := e.release + " and site"
	say(both, "%s %s mitigates %s %s and is deployed wherever it is open.%.0s", func(m TechniqueMitigation) bool { return m.Deployed })
	say(both, "%s %s mitigates %s %s; it is feasible and not deployed everywhere it is open.%.0s", func(m TechniqueMitigation) bool { return !m.Deployed && m.Feasible })
	say(both, "%s %s mitigates %s %s; the devices do not allow it (%s).", func(m TechniqueMitigation) bool { return !m.Deployed && !m.Feasible })
	if len(r.Mitigations) == 0 {
		e.unmitigated(t)
	}
}

func (e *aboutEvidence) mitigation(m *mitre.Mitigation) {
	name := strings.TrimSpace(m.ID + " " + m.Name)
	i := slices.IndexFunc(e.a.Mitigations, func(r MitigationResult) bool { return r.ID == m.ID })
	if i < 0 {
		e.add(Official, e.release, "%s mitigates no technique that is open here.", name)
	} else {
		r := e.a.Mitigations[i]
		covers := make([]string, len(r.Covers))
		feasible, why := false, ""
		for j, id := range r.Covers {
			covers[j] = id
			for _, t := range e.a.Techniques {
				if t.ID != id {
					continue
				}
				covers[j] = strings.TrimSpace(id + " " + t.Name)
				for _, x := range t.Mitigations {
					if x.ID == m.ID {
						feasible = feasible || x.Feasible
						why = x.Why
					}
				}
			}
		}
		state := "it is feasible and not deployed everywhere it is needed"
		switch {
		case r.Deployed:
			state = "it is deployed wherever it is needed"
		case !feasible:
			state = fmt.Sprintf("the devices do not allow it (%s)", strings.TrimSuffix(why, "."))
		}
		e.add(Official, e.release+" and site", "%s mitigates %s, which %s open here; %s.", name, enough(covers, maxNamed), isOrAre(len(covers)), state)
	}
	if len(m.Standards) > 0 {
		e.add(Official, e.release, "%s is asked for by %s.", name, strings.Join(m.Standards, "; "))
	}
	if text, ok := mitre.Summary(m.ID); ok {
		e.add(Analyst, "mitigraph summary", "%s: %s", name, text)
	}
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func (e *aboutEvidence) finding(f *finding.Finding) {
	e.add(Site, f.Source, "%s", findingStatement(f))
	id := finding.Plain(f.ID, maxTitle)
	standing, err := e.a.Standing(f.ID)
	if err != nil {
		return // the assessment is of another snapshot, and knows nothing of it
	}
	on := ""
	if len(standing.Devices) > 0 {
		on = " (" + quotedNames(standing.Devices) + ")"
	}
	e.add(Site, "findings and site", "Affected by %q: %s%s; %s.", id, standing.Affected, on, standing.WhyAffected)
	e.add(Site, f.Source, "Reach of %q: %s; %s. The graph holds no map of the network, so it does not know what stands in between.", id, standing.Reachable, standing.WhyReachable)
	if f.KEV {
		e.add(Site, f.Source, "The flaw of %q is known to be exploited.", id)
	}
	r := e.a.Findings[slices.IndexFunc(e.a.Findings, func(r FindingResult) bool { return r.ID == f.ID })]
	if len(r.Techniques) == 0 {
		e.add(Site, "findings", "%q leads to no technique: %s", id, finding.Plain(r.Why, 400))
	}
	for _, t := range r.Techniques[:min(len(r.Techniques), maxOpened)] {
		if v := t.Via[0]; v.Weakness != "" {
			w, _ := e.Weakness(v.Weakness)
			e.add(v.Provenance, v.Source, "%s (%s) opens %s: %s", v.Weakness, w.Name, t.ID, v.Rationale)
		}
	}
	for _, m := range r.Remedies[:min(len(r.Remedies), maxRemedies)] {
		e.add(Site, f.Source, "The maker says about %q (%q): %q.", id, finding.Plain(m.Category, 40), finding.Plain(m.Text, finding.MaxRemedy))
	}
	if n := len(r.Remedies) - maxRemedies; n > 0 {
		e.add(Site, f.Source, "The maker says %s about %q.", plural(n, "thing more", "things more"), id)
	}
}

func (e *aboutEvidence) device(d *Device) {
	e.deviceEvidence(&e.evidence, d.ID, e.limits(d.ID))
	var here []string
	for n := range e.index().from(deviceKey(d.ID), predDeployed) {
		if m, ok := n.doc.(*mitre.Mitigation); ok && !m.Placeholder() {
			here = append(here, m.ID+" "+m.Name)
		}
	}
	for site := range e.index().from(deviceKey(d.ID), predAt) {
		for n := range e.index().from(site.key, predDeployed) {
			if m, ok := n.doc.(*mitre.Mitigation); ok && !m.Placeholder() {
				here = append(here, m.ID+" "+m.Name)
			}
		}
	}
	slices.Sort(here)
	here = slices.Compact(here)
	if len(here) == 0 {
		e.add(Site, "site", "No mitigation is said to be deployed on device %q.", finding.Plain(d.ID, maxTitle))
		return
	}
	e.add(Site, "site", "Deployed on device %q: %s.", finding.Plain(d.ID, maxTitle), enough(here, 2*maxNamed))
}

// quotedNames writes what the input named in quotation marks.
func quotedNames(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", finding.Plain(n, maxTitle))
	}
	return enough(out, maxNamed)
}

// enough joins the first texts and counts the rest.
func enough(texts []string, most int) string {
	if n := len(texts) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), n)
	}
	return strings.Join(texts, ", ")
}

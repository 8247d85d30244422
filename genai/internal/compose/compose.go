// Package compose writes the drafts of all tasks without a model: fixed
// sentences around the graph's IDs, names and reasons. Package template offers it as a
// writer; package genai falls back to it.
//
// What it writes passes package verify, because each sentence that would not
// is replaced by a plainer one. The general advice in it rests on no evidence:
// the forms register it as their own, see [verify.Section.Advice], and take it
// from the code that writes it, so that the two can't differ.
package compose

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// Name is the generator's name in drafts.
const Name = "template"

// ErrNoEvidence says that there is nothing to rest a draft on.
var ErrNoEvidence = errors.New("genai: no evidence to rest a draft on")

// Mitigation is the form of a mitigation draft.
var Mitigation = verify.Form{
	{Name: "summary", Single: true, Advice: advice("summary")},
	{Name: "steps", Min: 1, Max: maxSteps, Advice: advice("steps")},
	{Name: "limits", Single: true, Open: true, Advice: advice("limits")},
}

const maxSteps = 6

// advice returns the sentences that this package may write in a section,
// whatever the evidence, with a * for what they take from it.
func advice(section string) []string {
	var claims []string
	for _, kind := range append(slices.Collect(maps.Values(kinds)), otherKind) {
		for _, w := range []*writer{{}, {named: 1}, {named: 2}, {gap: graph.Gap{Candidates: make([]graph.Candidate, 1)}}} {
			w.subject = "*"
			say := kind(w)
			switch section {
			case "summary":
				claims = append(claims, say.summary("")+note, say.summary(" on *")+note, say.plain+note)
				claims = append(claims, say.summary(" on *, * and other devices"), say.summary(" on * and one more device"), say.summary(" on * and other devices"), say.summary(" on *, * and one more device"))
			case "steps":
				claims = append(claims, say.step.forms...)
			default:
				claims = append(claims, say.limits.forms...)
			}
		}
	}
	if section == "steps" {
		for n, opening := range openings {
			for _, kind := range []graph.GapKind{graph.GapNoMitigation, graph.GapNotDeployed} {
				w := &writer{gap: graph.Gap{Kind: kind}}
				for because := range 3 {
					claims = append(claims, opening+" *"+w.reason([]string{"*", "*"}[:because])+"."+w.howTo(n))
				}
			}
		}
		claims = append(claims, probe+"*.", checkFirst, keepTo, keepToThese, until)
		for _, c := range constraintAdvice {
			claims = append(claims, c.advice+".")
		}
	}
	slices.Sort(claims)
	return slices.Compact(claims)
}

const (
	probe       = "This draft is about " // asks whether a name may stand in a sentence
	note        = " This draft is assembled from the graph, not written by a person or a model."
	checkFirst  = "Check what the devices allow before any work: a change to a device that controls a process belongs in a planned outage, with a way back and the safety function in place."
	keepTo      = "Keep to the constraints that the site has named for the devices; what they rule out is not an option here, however good it looks."
	keepToThese = "Keep to the constraints of the devices."
	until       = "Until then, limit who and what can reach the affected devices, watch their traffic passively, and make sure that operators know how to bring the process to a safe state by hand."
)

// maxCandidates bounds the steps that name a candidate.
const maxCandidates = 4

// Write writes the draft for a gap. The evidence is what
// [graph.Snapshot.Evidence] returned for it, whole or with its end left out;
// a candidate of the gap is named only where evidence holds its ID. The error
// is [ErrNoEvidence] for empty evidence; there is no other.
func Write(g graph.Gap, evidence []graph.Evidence) (graph.DraftText, error) {
	if len(evidence) == 0 {
		return nil, ErrNoEvidence
	}
	w := newWriter(g, evidence)
	words := kinds[g.Kind]
	if words == nil {
		words = otherKind
	}
	steps := w.candidates()
	w.named = len(steps)
	say := words(w)
	for _, s := range []sentence{say.step, w.constraints(), w.around()} {
		if len(steps) < maxSteps {
			steps = append(steps, w.claim(s))
		}
	}
	return graph.DraftText{
		{Name: "summary", Single: true, Claims: []graph.Claim{w.summary(say)}},
		{Name: "steps", Claims: steps},
		{Name: "limits", Single: true, Claims: []graph.Claim{w.claim(say.limits)}},
	}, nil
}

// sentence is a claim in several forms, the richest first. The last must hold
// for any gap and name nothing.
type sentence struct {
	forms []string
	cites []string
}

type writer struct {
	gap      graph.Gap
	evidence []graph.Evidence
	subject  string   // "T0837 Loss of Protection", or what stands for it
	basis    []string // handles of what the gap itself rests on, never empty
	site     []string // handles of statements about findings and devices
	named    int      // candidates that the steps name
	check    func(graph.Claim) []graph.Rejection
}

func newWriter(g graph.Gap, evidence []graph.Evidence) *writer {
	w := &writer{gap: g, evidence: evidence, subject: "this technique", check: verify.Claims(evidence, Mitigation...)}
	for _, e := range evidence {
		switch {
		case e.Text == g.Why, g.Technique != "" && e.Provenance == string(graph.Official) && slices.Contains(e.IDs, g.Technique) && len(w.basis) == 0:
			w.basis = append(w.basis, e.Handle)
		case e.Provenance == string(graph.Site):
			w.site = append(w.site, e.Handle)
		}
	}
	if len(w.basis) == 0 {
		w.basis = []string{evidence[0].Handle}
	}
	w.basis = w.basis[:min(len(w.basis), 2)]
	if g.Technique != "" {
		for _, s := range []string{strings.TrimSpace(g.Technique + " " + g.Name), g.Technique} {
			if w.fits(graph.Claim{Text: probe + s + ".", Evidence: w.basis}) {
				w.subject = s
				break
			}
		}
	}
	return w
}

func (w *writer) fits(c graph.Claim) bool { return len(w.check(c)) == 0 }

// claim takes the richest form that passes.
func (w *writer) claim(s sentence) graph.Claim {
	cites := s.cites
	if len(cites) == 0 {
		cites = w.basis
	}
	for _, form := range s.forms {
		if c := (graph.Claim{Text: form, Evidence: cites}); w.fits(c) {
			return c
		}
	}
	return graph.Claim{Text: s.forms[len(s.forms)-1], Evidence: cites}
}

// citing returns handles for a sentence: the basis, and the first of the
// others given.
func (w *writer) citing(others []string) []string {
	out := slices.Clone(w.basis)
	for _, h := range others {
		if len(out) < verify.MaxCited && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

func (w *writer) summary(k kind) graph.Claim {
	where := ""
	if d := w.devices(); d != "" {
		where = " on " + d
	}
	return w.claim(sentence{
		forms: []string{k.summary(where) + note, k.summary("") + note, k.plain + note},
		cites: w.citing(w.site),
	})
}

// devices names the gap's devices, as far as their names may stand in a
// sentence; empty when none may.
func (w *writer) devices() string {
	var cited strings.Builder // what names a device: a fleet's gap has thousands that nothing cited does
	for _, e := range w.evidence {
		if slices.Contains(w.citing(w.site), e.Handle) {
			cited.WriteString(e.Text + "\n")
		}
	}
	var names []string
	for _, d := range w.gap.Devices {
		if len(names) == 2 {
			break
		}
		if !strings.Contains(cited.String(), d) || len(d) > 40 || strings.ContainsAny(d, " \t\"'`()[]<>,;!?") || !w.fits(graph.Claim{Text: probe + d + ".", Evidence: w.citing(w.site)}) {
			continue
		}
		names = append(names, d)
	}
	more := len(w.gap.Devices) - len(names)
	switch {
	case len(names) == 0:
		return ""
	case more == 0:
		return strings.Join(names, " and ")
	case more == 1:
		return strings.Join(names, ", ") + " and one more device"
	default:
		return strings.Join(names, ", ") + " and other devices"
	}
}

// openings begin the steps that name a candidate, so that a list of them
// reads like one.
var openings = [maxCandidates]string{"Begin with", "Then weigh", "Also consider", "Where the first ones don't fit, look at"}

// leads is what the evidence says of the first candidate where no other answers
// as much.
const leads = ", which of those listed by itself answers the most risk of the site"

func (w *writer) candidates() []graph.Claim {
	var out []graph.Claim
	for _, c := range w.gap.Candidates {
		if len(out) == maxCandidates {
			break
		}
		i := slices.IndexFunc(w.evidence, func(e graph.Evidence) bool {
			return e.Provenance != string(graph.Site) && slices.Contains(e.IDs, c.ID) && strings.Contains(e.Text, "Candidate "+c.ID)
		})
		if i < 0 {
			continue
		}
		s, named := sentence{cites: []string{w.evidence[i].Handle}}, strings.TrimSpace(c.ID+" "+c.Name)
		subjects := []string{named, c.ID}
		if strings.Contains(w.evidence[i].Text, named+leads) {
			subjects = []string{named + leads, named, c.ID}
		}
		for _, subject := range subjects {
			for n := min(2, len(c.Because)); n >= 0; n-- {
				s.forms = append(s.forms, fmt.Sprintf("%s %s%s.%s", openings[len(out)], subject, w.reason(c.Because[:n]), w.howTo(len(out))))
			}
		}
		claim := w.claim(s)
		if w.fits(claim) {
			out = append(out, claim)
		}
	}
	return out
}

// reason says why a candidate is one.
func (w *writer) reason(because []string) string {
	if len(because) == 0 {
		return ""
	}
	if w.gap.Kind == graph.GapNotDeployed {
		return ": " + strings.Join(because, "; ")
	}
	return " as a compensating control: it " + strings.Join(because, ", and it ")
}

// howTo ends the first two candidates with what to decide about them; the
// others need no repetition.
func (w *writer) howTo(n int) string {
	official := w.gap.Kind == graph.GapNotDeployed
	switch {
	case n == 0 && official:
		return " Agree with operations on an outage window for it and on how to go back."
	case n == 0:
		return " It is a proposal: let the owner of the process and the person in charge of safety judge whether it fits."
	case n == 1 && official:
		return " Try it on a spare device or a test stand first."
	default:
		return ""
	}
}

// constraintAdvice says what a device constraint means for the work.
var constraintAdvice = []struct{ id, advice string }{
	{"safety_certified", "Change nothing that the safety certificate covers without the vendor and a new assessment"},
	{"no_downtime", "Do nothing that needs a restart outside a planned outage"},
	{"no_patch", "Don't count on a patch, and plan controls around the device instead"},
	{"no_agent", "Install nothing on the device, and watch it from the network"},
	{"no_auth", "Put the access check in front of the device, as it has none itself"},
	{"no_crypto", "Protect its traffic by equipment in front of it, as it can't encrypt itself"},
	{"legacy_protocol", "Treat its protocol as readable and changeable by anyone on the same network"},
	{"no_network_change", "Leave the network as it is, and look at procedures and access instead"},
	{"no_physical_access", "Plan for work without anyone at the device"},
	{"vendor_managed", "Agree on every step with the vendor who runs the device"},
}

// mostAdvice bounds what one step says of constraints.
const mostAdvice = 3

// constraints is the step that keeps to what the devices allow.
func (w *writer) constraints() sentence {
	var cites, advice []string
	cite := func(handle string) {
		if !slices.Contains(cites, handle) && len(cites) < verify.MaxCited {
			cites = append(cites, handle)
		}
	}
	limits := map[string]string{} // by handle
	for _, e := range w.evidence {
		if _, l, ok := strings.Cut(e.Text, "; constraints: "); ok && e.Provenance == string(graph.Site) {
			limits[e.Handle] = l
		}
	}
	for _, c := range constraintAdvice { // the safety first, whatever the order of the devices
		for _, e := range w.evidence {
			if strings.Contains(limits[e.Handle], c.id+" ") && len(advice) < mostAdvice {
				cite(e.Handle)
				advice = append(advice, c.advice)
				break
			}
		}
	}
	for _, e := range w.evidence {
		if limits[e.Handle] != "" {
			cite(e.Handle)
		}
	}
	s := sentence{forms: []string{checkFirst}, cites: cites}
	if len(cites) > 0 {
		s.forms = []string{keepTo}
		if len(advice) > 0 {
			rich := keepToThese + " " + strings.Join(advice, ". ") + "."
			s.forms = []string{rich, keepTo}
		}
	}
	return s
}

// around is the step that helps whatever the technique is.
func (w *writer) around() sentence {
	cites := w.site
	if len(cites) > verify.MaxCited {
		cites = cites[:verify.MaxCited]
	}
	return sentence{
		forms: []string{until},
		cites: cites,
	}
}

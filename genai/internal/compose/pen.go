package compose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// pen writes claims over evidence. Each claim is offered in several forms, the
// richest first; the last must hold for any evidence, name nothing, and be
// like no other last form of the draft.
type pen struct {
	evidence []graph.Evidence
	check    func(graph.Claim) []graph.Rejection
	used     map[string]bool
	plain    bool // take the last form of each
	sketch   *sketch
}

// written runs a template over evidence. Where the whole does not pass, as it
// may when two names differ only in how they are written, it is written again
// with the last forms alone.
func written(form verify.Form, evidence []graph.Evidence, template func(*pen) graph.DraftText) (graph.DraftText, error) {
	if len(evidence) == 0 {
		return nil, ErrNoEvidence
	}
	p := &pen{evidence: evidence, check: verify.Claims(evidence, append(form[:len(form):len(form)], verify.Section{Advice: probes})...), used: map[string]bool{}}
	text := template(p)
	if len(verify.Draft(text, form, evidence)) == 0 {
		return text, nil
	}
	return template(&pen{evidence: evidence, check: p.check, used: map[string]bool{}, plain: true}), nil
}

// claim takes the richest form that passes and that no earlier claim has.
func (p *pen) claim(cites []string, forms ...string) graph.Claim {
	if p.sketch != nil {
		p.sketch.note(forms)
		return graph.Claim{}
	}
	var handles []string
	for _, h := range cites {
		if len(handles) < verify.MaxCited && !slices.Contains(handles, h) {
			handles = append(handles, h)
		}
	}
	if len(handles) == 0 {
		handles = p.any()
	}
	for i := range forms {
		forms[i] = strings.TrimSpace(forms[i])
	}
	last := graph.Claim{Text: forms[len(forms)-1], Evidence: handles}
	if p.plain {
		return last
	}
	for _, f := range forms {
		c := graph.Claim{Text: f, Evidence: handles}
		key := strings.ToUpper(strings.Join(strings.Fields(f), " "))
		if !p.used[key] && len(p.check(c)) == 0 {
			p.used[key] = true
			return c
		}
	}
	return last
}

// fits reports whether words may stand in a claim that cites these handles.
func (p *pen) fits(words string, cites []string) bool {
	return len(p.check(graph.Claim{Text: fmt.Sprintf(meant, words), Evidence: cites[:min(len(cites), verify.MaxCited)]})) == 0
}

// about returns the handles of statements that are not the site's, name an ID
// and hold all of the words.
func (p *pen) about(id string, words ...string) []string {
	if p.sketch != nil {
		return p.sketch.find(words...)
	}
	return p.find(func(e graph.Evidence) bool {
		return id != "" && e.Provenance != string(graph.Site) && slices.Contains(e.IDs, id) && has(e.Text, words)
	})
}

// site returns the handles of statements about the site that hold all of the
// words.
func (p *pen) site(words ...string) []string {
	if p.sketch != nil {
		return p.sketch.find(words...)
	}
	return p.find(func(e graph.Evidence) bool { return e.Provenance == string(graph.Site) && has(e.Text, words) })
}

func has(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

func (p *pen) find(keep func(graph.Evidence) bool) []string {
	if p.sketch != nil {
		return p.sketch.find("")
	}
	var out []string
	for _, e := range p.evidence {
		if keep(e) {
			out = append(out, e.Handle)
		}
	}
	return out
}

// text returns the text behind a handle.
func (p *pen) text(handle string) string {
	if p.sketch != nil {
		return barriers[0] + " "
	}
	for _, e := range p.evidence {
		if e.Handle == handle {
			return e.Text
		}
	}
	return ""
}

// unnamed stands for a name that may not be in a sentence: no form that holds
// it passes.
const unnamed = "\x00"

// first keeps the first handle, so that a claim has room for others.
func first(handles []string) []string { return handles[:min(1, len(handles))] }

func both(lists ...[]string) []string { return slices.Concat(lists...) }

// named is "T0837 Loss of Protection" where a claim that cites the handles may
// say so, else the ID alone, else what stands for it.
func (p *pen) named(id, name, other string, cites []string) string {
	switch {
	case p.sketch == nil:
	case p.sketch.named:
		return taken
	default:
		return other
	}
	for _, s := range []string{strings.TrimSpace(id + " " + name), id} {
		if s != "" && p.fits(s, cites) {
			return s
		}
	}
	return other
}

// devices names at most two devices, as far as their names may stand in a
// sentence; empty when none may.
func (p *pen) devices(ids []string) string {
	if p.sketch != nil {
		return namings[p.sketch.devices]
	}
	var names []string
	for _, d := range ids {
		if len(names) < 2 && d != "" && len(d) <= 40 && !strings.ContainsAny(d, " \t\"'`()[]<>,;!?") && p.fits("the device "+d, p.find(func(e graph.Evidence) bool { return strings.Contains(e.Text, d) })) {
			names = append(names, d)
		}
	}
	switch more := len(ids) - len(names); {
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

// any is what advice rests on that holds on every site: why it is given here.
func (p *pen) any() []string {
	if p.sketch != nil {
		return []string{"E1"}
	}
	for _, words := range []string{" is open", "Finding ", "Device "} {
		if h := first(p.site(words)); len(h) > 0 {
			return h
		}
	}
	return []string{p.evidence[0].Handle}
}

// seenIn is what a technique can be seen in, as its evidence says; empty where
// none is cited.
func (p *pen) seenIn(handles []string) string {
	if p.sketch != nil {
		return taken
	}
	for _, h := range handles {
		if _, list, ok := strings.Cut(p.text(h), " can be seen in "); ok {
			return strings.TrimSuffix(list, ".")
		}
	}
	return ""
}

// open are the techniques of an assessment that evidence speaks of.
func (p *pen) open(a *graph.Assessment, most int) []graph.TechniqueResult {
	var out []graph.TechniqueResult
	for _, t := range a.Techniques {
		if p.sketch != nil || len(out) < most && len(p.about(t.ID)) > 0 {
			t.Mitigations = ranked(a, t.Mitigations)
			out = append(out, t)
		}
	}
	return out
}

// ranked orders the mitigations of a technique by what they do for the site.
func ranked(a *graph.Assessment, ms []graph.TechniqueMitigation) []graph.TechniqueMitigation {
	at := func(m graph.TechniqueMitigation) int {
		i := slices.IndexFunc(a.Mitigations, func(r graph.MitigationResult) bool { return r.ID == m.ID })
		if i < 0 {
			return len(a.Mitigations)
		}
		return i
	}
	ms = slices.Clone(ms)
	slices.SortStableFunc(ms, func(x, y graph.TechniqueMitigation) int { return cmp.Compare(at(x), at(y)) })
	return ms
}

// constraint returns the handles of devices that have a constraint.
func (p *pen) constraint(id string) []string {
	if p.sketch != nil {
		return p.sketch.find(id)
	}
	return p.find(func(e graph.Evidence) bool {
		_, limits, ok := strings.Cut(e.Text, "; constraints: ")
		return ok && e.Provenance == string(graph.Site) && strings.Contains(limits, id+" ")
	})
}

var ordinals = []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"}

// nth makes the last forms of a list differ. No list is longer than the
// ordinals.
func (p *pen) nth(i int) string {
	if p.sketch != nil {
		return anyOrdinal
	}
	return ordinals[min(i, len(ordinals)-1)]
}

// how is what a mitigation means on site.
func (p *pen) how(id string) string {
	if p.sketch != nil {
		return "" // its sentences are noted once, not behind all others
	}
	return howTo[id]
}

// tactics are at most two, for a sentence.
func (p *pen) tactics(names []string) string {
	names = names[:min(2, len(names))]
	if p.sketch != nil {
		names = slices.Repeat([]string{taken}, len(names))
	}
	return strings.Join(names, " and ")
}

// word is what a sentence takes from evidence as it is.
func (p *pen) word(s string) string {
	if p.sketch != nil {
		return taken
	}
	return s
}

// before is what a statement says in front of some words.
func (p *pen) before(handle, words string) string {
	if p.sketch != nil {
		return taken
	}
	s, _, _ := strings.Cut(p.text(handle), words)
	return s
}

func single(name string, c graph.Claim) graph.DraftSection {
	return graph.DraftSection{Name: name, Single: true, Claims: []graph.Claim{c}}
}

func list(name string, most int, claims ...graph.Claim) graph.DraftSection {
	return graph.DraftSection{Name: name, Claims: claims[:min(most, len(claims))]}
}

const unwritten = " This text is assembled from the graph, not written by a person or a model."

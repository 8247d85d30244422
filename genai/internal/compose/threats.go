package compose

import (
	"slices"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// MaxThreats bounds the techniques of a threat report.
const MaxThreats = 12

// ThreatsForm is the form of a threat report about n techniques.
func ThreatsForm(n int) verify.Form {
	return verify.Form{
		{Name: "summary", Single: true, Advice: threatsAdvice},
		{Name: "techniques", Min: n, Max: n, Advice: threatsAdvice},
		{Name: "limits", Single: true, Open: true, Advice: threatsAdvice},
	}
}

// Threat is a technique that a report shows.
type Threat struct {
	ID, Name string
	Tactics  []string
	Open     *graph.TechniqueResult // nil where no finding opens it here
	Cites    []string               // handles: the quotation, and what the technique is
}

// Threats writes what a report means for the site.
func Threats(a *graph.Assessment, threats []Threat, evidence []graph.Evidence) (graph.DraftText, error) {
	return written(ThreatsForm(len(threats)), evidence, func(p *pen) graph.DraftText { return p.threats(a, threats) })
}

var threatsAdvice = sketched(func(p *pen, w world) {
	t := w.assessment.Techniques[0]
	open, not := Threat{ID: t.ID, Name: t.Name, Tactics: t.Tactics, Open: &t}, Threat{ID: t.ID, Name: t.Name, Tactics: t.Tactics}
	for _, threats := range [][]Threat{{open}, {not}, {open, open}, {open, not}, {not, not}} {
		p.threats(w.assessment, threats)
	}
})

func (p *pen) threats(a *graph.Assessment, threats []Threat) graph.DraftText {
	claims := make([]graph.Claim, len(threats))
	open := 0
	for i, t := range threats {
		if t.Open != nil {
			open++
		}
		claims[i] = p.threat(a, i, t)
	}
	return graph.DraftText{
		single("summary", p.threatSummary(threats, open)),
		list("techniques", MaxThreats, claims...),
		single("limits", p.claim(p.any(),
			"The sentences are the report's and nobody here has checked them. A technique that was not recognised is missing, one may be recognised wrongly, and that a finding opens one does not mean that it was used here.")),
	}
}

func (p *pen) threatSummary(threats []Threat, open int) graph.Claim {
	var cites []string
	for _, t := range threats {
		cites = append(cites, first(t.Cites)...)
	}
	begin := "The report shows one technique"
	if len(threats) > 1 {
		begin = "The report shows several techniques"
	}
	switch {
	case open == 0:
		begin += ", and no finding of this site opens it or any of them: that is a reason to look, since an assessment sees only what it was given."
	case open == len(threats):
		begin += ", and findings of this site open all that it shows: what the report tells could be done here."
	default:
		begin += ", and findings of this site open a part of them; these come first."
	}
	return p.claim(cites, begin+unwritten, "The report shows techniques that are named below."+unwritten)
}

func (p *pen) threat(a *graph.Assessment, i int, t Threat) graph.Claim {
	name := p.named(t.ID, t.Name, unnamed, t.Cites)
	begin := name + " is what the quoted sentence shows. "
	if len(t.Tactics) > 0 {
		begin = name + " is what the quoted sentence shows; it serves " + p.tactics(t.Tactics) + ". "
	}
	state := "No finding opens it at this site, so ask whether that was looked at."
	deeds := ""
	var at []string // where it is open
	if t.Open != nil {
		at = first(p.site(t.ID, " is open on "))
		state = "A finding opens it at this site"
		if d := p.devices(t.Open.Devices); d != "" {
			state += " on " + d
		}
		state += "."
		// What is deployed is to be checked before more is weighed.
		all := ranked(a, t.Open.Mitigations)
		slices.SortStableFunc(all, func(x, y graph.TechniqueMitigation) int {
			switch {
			case x.Deployed == y.Deployed:
				return 0
			case x.Deployed:
				return -1
			}
			return 1
		})
		for _, m := range all {
			h := first(p.about(m.ID, m.ID, " mitigates ", t.ID))
			if len(h) == 0 || !m.Deployed && !m.Feasible {
				continue
			}
			verb := " Weigh "
			if m.Deployed {
				verb = " Check that it is in order: "
			}
			cites := both(t.Cites[:min(2, len(t.Cites))], h, at)
			deeds = verb + p.named(m.ID, m.Name, "what mitigates it", cites) + ". " + p.how(m.ID)
			if c := p.claim(cites, begin+state+deeds, "-"); c.Text != "-" {
				return c
			}
			break
		}
	}
	return p.claim(both(t.Cites[:min(2, len(t.Cites))], at), begin+state, name+" is what the quoted sentence shows.",
		"The "+p.nth(i)+" technique is what the sentence that is quoted for it shows; look at the evidence before acting on it.")
}

package compose

import (
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// MaxThreats bounds the techniques of a threat report.
const MaxThreats = 12

// ThreatsForm is the form of a threat report about n techniques.
func ThreatsForm(n int) verify.Form {
	return verify.Form{
		{Name: "summary", Single: true},
		{Name: "techniques", Min: n, Max: n},
		{Name: "limits", Single: true, Open: true},
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
	return written(ThreatsForm(len(threats)), evidence, func(p *pen) graph.DraftText {
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
	})
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
		begin = name + " is what the quoted sentence shows; it serves " + strings.Join(t.Tactics[:min(2, len(t.Tactics))], " and ") + ". "
	}
	state := "No finding opens it at this site, so ask whether that was looked at."
	deeds := ""
	if t.Open != nil {
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
			cites := both(t.Cites[:min(2, len(t.Cites))], h)
			deeds = verb + p.named(m.ID, m.Name, "what mitigates it", cites) + ". " + howTo[m.ID]
			if c := p.claim(cites, begin+state+deeds, "-"); c.Text != "-" {
				return c
			}
			break
		}
	}
	return p.claim(t.Cites, begin+state, name+" is what the quoted sentence shows.",
		"The "+nth(i)+" technique is what the sentence that is quoted for it shows; look at the evidence before acting on it.")
}

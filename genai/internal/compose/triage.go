package compose

import (
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// TriageForm is the form of the triage of a finding.
var TriageForm = verify.Form{
	{Name: "affected", Single: true, Advice: triageAdvice},
	{Name: "reachable", Single: true, Advice: triageAdvice},
	{Name: "first", Min: 1, Max: 5, Advice: triageAdvice},
	{Name: "limits", Single: true, Open: true, Advice: triageAdvice},
}

// Triage writes what to do first about a finding.
func Triage(f graph.FindingResult, standing graph.Standing, a *graph.Assessment, evidence []graph.Evidence) (graph.DraftText, error) {
	return written(TriageForm, evidence, func(p *pen) graph.DraftText { return p.triage(f, standing, a) })
}

var triageAdvice = sketched(func(p *pen, w world) {
	f := graph.FindingResult{KEV: true, Techniques: []graph.FindingTechnique{{ID: w.assessment.Techniques[0].ID}}}
	for _, affected := range []string{"yes", "likely", "unknown"} {
		p.affected(graph.Standing{Affected: affected})
	}
	for how := range reach {
		p.reachable(f, graph.Standing{Reachable: how})
	}
	p.triage(f, graph.Standing{Devices: []string{taken}}, w.assessment)
	f.KEV, f.EPSS = false, 1
	p.triage(f, graph.Standing{}, w.assessment)
	// With something deployed, and with nothing.
	p.control(f, w.assessment)
	p.control(f, &graph.Assessment{Techniques: w.assessment.Techniques[1:], Mitigations: w.assessment.Mitigations})
})

func (p *pen) triage(f graph.FindingResult, standing graph.Standing, a *graph.Assessment) graph.DraftText {
	return graph.DraftText{
		single("affected", p.affected(standing)),
		single("reachable", p.reachable(f, standing)),
		list("first", 5, p.firstSteps(f, standing, a)...),
		single("limits", p.claim(p.site("Affected by"),
			"The graph knows what was written down about the finding and the site. It has not looked at the device, and has no map of what the network lets through; both are to be checked by people before anything is changed.")),
	}
}

func (p *pen) affected(s graph.Standing) graph.Claim {
	cites := both(first(p.site("Affected by")), first(p.site("Finding ")))
	on := p.devices(s.Devices)
	switch s.Affected {
	case "yes":
		plain := "Affected: yes. The finding names a device of this site; confirm its model and version on the type plate or in the drawings, not by a scan." + unwritten
		if on == "" {
			return p.claim(cites, plain)
		}
		return p.claim(cites, "Affected: yes, "+on+". The finding names it as a device of this site; confirm its model and version on the type plate or in the drawings, not by a scan."+unwritten, plain)
	case "likely":
		plain := "Affected: likely. Devices of this site are called like the product; compare their versions with those of the finding, from drawings or the type plate." + unwritten
		if on == "" {
			return p.claim(cites, plain)
		}
		return p.claim(cites, "Affected: likely, "+on+". What the site has is called like the product of the finding; compare the versions, from drawings or the type plate."+unwritten, plain)
	}
	return p.claim(cites, "Affected: unknown; "+p.word(s.WhyAffected)+". Look for the product in drawings, purchase lists and passive captures before taking it for absent."+unwritten,
		"Affected: unknown. Look for the product in drawings, purchase lists and passive captures before taking it for absent."+unwritten)
}

var reach = map[string]string{
	"network":  "Reachable: from the network. Whoever can reach the device over the network can use the flaw; ask which zones, remote accesses and gateways lead to it.",
	"adjacent": "Reachable: from the device's own network. Someone has to be in the zone of the device already, or near by; ask who and what else is in it.",
	"local":    "Reachable: only from the device itself. It takes a session there, or somebody who opens a file; ask who has accounts and which files come in.",
	"physical": "Reachable: only by hand at the device. Ask who comes to it, whether the cabinet is locked, and who would notice.",
	"unknown":  "Reachable: unknown. Nothing says from where the flaw can be used, so treat it as usable from the network until the maker says otherwise.",
}

func (p *pen) reachable(f graph.FindingResult, s graph.Standing) graph.Claim {
	cites := both(first(p.site("Reach of")), first(p.site("Deployed on device")), first(p.site("Device ")))
	text, ok := reach[s.Reachable]
	if !ok {
		text = reach["unknown"]
	}
	// A barrier that is deployed counts only where evidence says so.
	for _, h := range p.site("Deployed on device") {
		for _, b := range barriers {
			if _, name, ok := strings.Cut(p.text(h), b+" "); ok {
				held := both(first(p.site("Reach of")), []string{h})
				if end := strings.IndexAny(name, ",."); end >= 0 {
					name = name[:end]
				}
				return p.claim(held,
					text+" The site says that a barrier is deployed at the device: "+p.named(b, name, unnamed, held)+". Check that it holds for this way in.",
					text+" The site says that a barrier is deployed at the device; check that it holds for this way in.", text)
			}
		}
	}
	return p.claim(cites, text)
}

func (p *pen) firstSteps(f graph.FindingResult, s graph.Standing, a *graph.Assessment) []graph.Claim {
	var out []graph.Claim
	about := first(p.site("Finding "))
	if known := p.site("known to be exploited"); f.KEV && len(known) > 0 {
		out = append(out, p.claim(both(first(known), about), "Treat it before others: the flaw is known to be exploited. Close the ways in to the device today, at a firewall or a switch, as far as operations can do without them."))
	} else if f.EPSS >= 0.1 && len(about) > 0 {
		out = append(out, p.claim(about, "Treat it early: the estimate that it will be exploited is high. Narrow the ways in to the device, at a firewall or a switch, as far as operations can do without them."))
	}
	if len(s.Devices) == 0 {
		out = append(out, p.claim(first(p.site("Affected by")), "Find out first whether the product is here at all, and note the answer in the description of the site, so that the next finding is on the right device."))
	}
	says := func(category string) []string { return first(p.site("The maker says about", `("`+category+`")`)) }
	noPatch := p.constraint("no_patch")
	switch fix, none := says("vendor_fix"), both(says("none_available"), says("no_fix_planned")); {
	case len(fix) > 0 && len(noPatch) > 0:
		out = append(out, p.claim(both(fix, noPatch), "The maker offers a fix, and the device takes no patch by the site's word: ask the maker which of the two holds, and keep a barrier in front of the device until then."))
	case len(fix) > 0:
		out = append(out, p.claim(fix, "The maker offers a fix, quoted in the evidence: try it on a spare device, plan it for an outage with a way back, and test the safety functions before the unit runs again. Patch no controller that runs the process."))
	case len(none) > 0:
		out = append(out, p.claim(none, "The maker offers no fix: what is done has to be done around the device, and the owner of the process has to know that the flaw stays."))
	}
	if w := both(says("mitigation"), says("workaround")); len(w) > 0 {
		out = append(out, p.claim(w, "Compare what the maker advises, quoted in the evidence, with what is deployed here, and do what is missing as far as it takes nothing from a safety function."))
	}
	out = append(out, p.control(f, a)...)
	if len(out) > 4 {
		out = out[:4]
	}
	return append(out, p.claim(p.site("Device "), "Until this is settled make sure that the shift knows how to run the process by hand without the device, and watch its traffic passively. Don't scan the device to find out more."))
}

// control is the mitigation to look at first, a deployed one before others.
func (p *pen) control(f graph.FindingResult, a *graph.Assessment) []graph.Claim {
	for _, deployed := range []bool{true, false} {
		for _, ft := range f.Techniques {
			i := slices.IndexFunc(a.Techniques, func(t graph.TechniqueResult) bool { return t.ID == ft.ID })
			if i < 0 {
				continue
			}
			for _, m := range ranked(a, a.Techniques[i].Mitigations) {
				cites := first(p.about(m.ID, m.ID, " mitigates ", ft.ID))
				if len(cites) == 0 || m.Deployed != deployed || !m.Deployed && !m.Feasible {
					continue
				}
				name, against := p.named(m.ID, m.Name, unnamed, cites), p.named(ft.ID, ft.Name, "the technique that the finding opens", cites)
				if deployed {
					return []graph.Claim{p.claim(cites, name+" is deployed against "+against+": check first that it is in order at this device. "+p.how(m.ID),
						"What is deployed against the technique that the finding opens comes first: check that it is in order at this device.")}
				}
				return []graph.Claim{p.claim(cites, "Weigh "+name+" against "+against+" for the next planned outage. "+p.how(m.ID),
					"Weigh a mitigation of the technique that the finding opens, which the evidence names, for the next planned outage.")}
			}
		}
	}
	return nil
}

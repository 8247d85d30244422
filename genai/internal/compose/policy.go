package compose

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// MaxRequirements bounds the requirements of a policy.
const MaxRequirements = 8

// PolicyForm is the form of a security policy with n requirements, at least
// one.
func PolicyForm(n int) verify.Form {
	return verify.Form{
		{Name: "scope", Single: true, Advice: policyAdvice},
		{Name: "requirements", Min: n, Max: n, Advice: policyAdvice},
		{Name: "exceptions", Min: 1, Max: 6, Advice: policyAdvice},
		{Name: "review", Min: 1, Max: 3, Open: true, Advice: policyAdvice},
	}
}

// Policy writes a security policy with one requirement for each mitigation.
func Policy(a *graph.Assessment, mitigations []graph.MitigationResult, evidence []graph.Evidence) (graph.DraftText, error) {
	return written(PolicyForm(len(mitigations)), evidence, func(p *pen) graph.DraftText { return p.policy(a, mitigations) })
}

var policyAdvice = sketched(func(p *pen, w world) { p.policy(w.assessment, w.assessment.Mitigations) })

func (p *pen) policy(a *graph.Assessment, mitigations []graph.MitigationResult) graph.DraftText {
	requirements := make([]graph.Claim, len(mitigations))
	for i, m := range mitigations {
		requirements[i] = p.requirement(i, m)
	}
	return graph.DraftText{
		single("scope", p.scope(a)),
		list("requirements", MaxRequirements, requirements...),
		list("exceptions", 6, p.exceptions(a)...),
		list("review", 3, p.review(a)...),
	}
}

func (p *pen) scope(a *graph.Assessment) graph.Claim {
	what := "This policy is for the control systems of the site and for everyone who operates, changes or maintains them. Where it and a safety function can't both be kept, the safety function goes first."
	cites := p.site("Device ")
	if d := p.devices(p.deviceNames()); d != "" {
		return p.claim(cites, "This policy is for the control systems of the site, among them "+d+", and for everyone who operates, changes or maintains them. Where it and a safety function can't both be kept, the safety function goes first."+unwritten, what+unwritten)
	}
	return p.claim(cites, what+unwritten)
}

// byLabel takes the first label of each of two kinds of standards.
var byLabel = []*regexp.Regexp{regexp.MustCompile(`^IEC 62443`), regexp.MustCompile(`^NIST `)}

// standards are the handle and the labels that a statement of a mitigation's
// standards holds; empty where there is none.
func (p *pen) standards(id string) (handles []string, labels []string) {
	handles = first(p.about(id, id, " is asked for by "))
	if p.sketch != nil {
		return handles, slices.Repeat([]string{taken}, min(p.sketch.devices, len(byLabel)))
	}
	for _, h := range handles {
		_, list, _ := strings.Cut(p.text(h), " is asked for by ")
		all := strings.Split(strings.TrimSuffix(list, "."), "; ")
		for _, kind := range byLabel {
			for _, l := range all {
				if kind.MatchString(l) {
					labels = append(labels, l)
					break
				}
			}
		}
	}
	return handles, labels
}

func (p *pen) requirement(i int, m graph.MitigationResult) graph.Claim {
	handles, labels := p.standards(m.ID)
	cites := both(first(p.about(m.ID, m.ID, " mitigates ")), handles)
	if len(cites) == 0 {
		cites = first(p.about(m.ID))
	}
	name := p.named(m.ID, m.Name, unnamed, cites)
	begin := name + " is required wherever the techniques that it answers are open. "
	if m.Deployed {
		begin = name + " is deployed and stays so; taking it out of service is a change that the owner of the process approves. "
	}
	asked := ""
	if len(labels) > 0 {
		asked = " It is asked for by " + strings.Join(labels, " and ") + "."
	}
	how := p.how(m.ID)
	return p.claim(cites, begin+how+asked, begin+how, begin,
		"The "+p.nth(i)+" of the mitigations is required wherever the techniques that it answers are open, as far as the safety function allows it.")
}

func (p *pen) exceptions(a *graph.Assessment) []graph.Claim {
	var out []graph.Claim
	done := map[string]bool{}
	for _, t := range a.Techniques {
		for _, m := range t.Mitigations {
			cites := first(p.about(m.ID, m.ID, "the devices do not allow it"))
			if m.Feasible || m.Deployed || done[m.ID] || len(cites) == 0 || len(out) == 2 {
				continue
			}
			done[m.ID] = true
			out = append(out, p.claim(cites,
				p.named(m.ID, m.Name, "A mitigation", cites)+" is not asked of devices that do not allow it. The exception ends when the device is replaced or its constraint falls, and a barrier in front of the device takes its place until then.",
				"The "+p.nth(len(out))+" mitigation that devices do not allow is not asked of them until they are replaced; a barrier in front of them takes its place."))
		}
	}
	for _, c := range constraintAdvice {
		if cites := p.constraint(c.id); len(cites) > 0 && (len(out) < 4 || p.sketch != nil) {
			out = append(out, p.claim(cites, "Where a device has the constraint "+c.id+", this holds in place of a rule that it can't keep: "+strings.ToLower(c.advice[:1])+c.advice[1:]+"."))
		}
	}
	for _, t := range a.Techniques {
		if cites := first(p.about(t.ID, "lists no mitigation")); len(cites) > 0 {
			out = append(out, p.claim(cites,
				"ATT&CK lists no mitigation for "+p.named(t.ID, t.Name, "one of the techniques", cites)+": an independent layer answers it, or the owner of the process accepts the risk in writing.",
				"Where ATT&CK lists no mitigation, an independent layer answers the technique, or the owner of the process accepts the risk in writing."))
			break
		}
	}
	return append(out, p.claim(nil, "An exception is granted in writing, for a stated time, by the owner of the process and the person in charge of safety. It names the control that takes its place, and none may weaken a safety function."))
}

func (p *pen) review(a *graph.Assessment) []graph.Claim {
	out := []graph.Claim{p.claim(nil, "This policy is looked at again each year, after every incident, and whenever a device, a connection or the ATT&CK release that it rests on changes.")}
	if n := p.site(" leads to no technique"); len(n) > 0 {
		out = append(out, p.claim(n, "Findings that lead to no technique are judged by an analyst before the next review; that the graph is silent about them does not make them harmless."))
	}
	return append(out, p.claim(nil, "Whether a requirement is met is checked on drawings, copies and spare devices and in planned outages. No check scans or loads a controller that runs the process."))
}

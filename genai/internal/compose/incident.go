package compose

import (
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// IncidentForm is the form of an incident-response plan: the phases of NIST SP
// 800-61 Revision 2, and what a plant needs before them.
var IncidentForm = verify.Form{
	{Name: "summary", Single: true, Advice: incidentAdvice},
	{Name: "safe_state", Min: 1, Max: 4, Open: true, Advice: incidentAdvice},
	{Name: "decisions", Min: 1, Max: 4, Open: true, Advice: incidentAdvice},
	{Name: "preparation", Min: 1, Max: 5, Advice: incidentAdvice},
	{Name: "detection_analysis", Min: 1, Max: 5, Advice: incidentAdvice},
	{Name: "containment_eradication_recovery", Min: 1, Max: 6, Advice: incidentAdvice},
	{Name: "post_incident", Min: 1, Max: 4, Open: true, Advice: incidentAdvice},
	{Name: "limits", Single: true, Open: true, Advice: incidentAdvice},
}

// Incident writes an incident-response plan for what an assessment found.
func Incident(a *graph.Assessment, evidence []graph.Evidence) (graph.DraftText, error) {
	return written(IncidentForm, evidence, func(p *pen) graph.DraftText { return p.incident(a) })
}

var incidentAdvice = sketched(func(p *pen, w world) { p.incident(w.assessment) })

func (p *pen) incident(a *graph.Assessment) graph.DraftText {
	techniques := p.open(a, 6)
	return graph.DraftText{
		single("summary", p.incidentSummary(techniques)),
		list("safe_state", 4, p.safeState(techniques)...),
		list("decisions", 4, p.decisions()...),
		list("preparation", 5, p.preparation(techniques)...),
		list("detection_analysis", 5, p.detection(techniques)...),
		list("containment_eradication_recovery", 6, p.containment(techniques)...),
		list("post_incident", 4, p.afterwards(techniques)...),
		single("limits", p.claim(p.any(),
			"The graph knows the findings and what ATT&CK says of them; it knows neither the process nor the people on shift. Whoever runs the plant checks and rehearses each step before the plan counts.")),
	}
}

func (p *pen) incidentSummary(techniques []graph.TechniqueResult) graph.Claim {
	plain := "This plan is for an incident that begins from what the findings open." + unwritten
	if len(techniques) == 0 {
		return p.claim(nil, plain)
	}
	t := techniques[0]
	cites := both(first(p.about(t.ID)), first(p.site(t.ID, " is open")))
	name := p.named(t.ID, t.Name, "the most urgent technique", cites)
	serves := ""
	if len(t.Tactics) > 0 {
		serves = ", which serves " + p.tactics(t.Tactics)
	}
	where := ""
	if d := p.devices(t.Devices); d != "" {
		where = " on " + d
	}
	begin := "This plan is for an incident that begins from what the findings open; the most urgent is "
	return p.claim(cites, begin+name+where+serves+"."+unwritten, begin+name+serves+"."+unwritten, begin+name+"."+unwritten, plain)
}

// consequences are the tactics whose techniques touch the process itself.
var consequences = []string{"Impact", "Inhibit Response Function", "Impair Process Control"}

func (p *pen) safeState(techniques []graph.TechniqueResult) []graph.Claim {
	out := []graph.Claim{p.claim(p.site("Device "), "Bring the process to its safe state, by the safety system or by hand, before anyone works on a device. People and plant come first; traces of the attack come after them.")}
	n := 0
	for _, t := range techniques {
		if n == 2 || !slices.ContainsFunc(t.Tactics, func(s string) bool { return slices.Contains(consequences, s) }) {
			continue
		}
		cites := both(first(p.about(t.ID)), first(p.site(t.ID, " is open")))
		name := p.named(t.ID, t.Name, unnamed, cites)
		advice := byHand(t)
		out = append(out, p.claim(cites,
			"While "+name+" may be going on, "+advice,
			"While the "+p.nth(n)+" of the open techniques that touch the process may be going on, "+advice,
			"While the "+p.nth(n)+" of the open techniques that touch the process may be going on, operate by what is seen and heard at the equipment."))
		n++
	}
	units := "Write down how the process runs by hand: who goes where, what they read at local gauges, which valve or switch they use, and for how long that can be kept up."
	all := p.site("Device ")
	if d := p.devices(p.deviceNames()); d != "" {
		units = "Write down how the process runs by hand without " + d + ": who goes where, what they read at local gauges, which valve or switch they use, and for how long that can be kept up."
	}
	out = append(out, p.claim(all, units, "Write down how the process runs by hand: who goes where, what they read at local gauges, which valve or switch they use, and for how long."))
	if far := p.constraint("no_physical_access"); len(far) > 0 {
		out = slices.Insert(out, 1, p.claim(far, "Nobody may reach some of the devices in time, so plan how the process there comes to its safe state from elsewhere, such as by closing a supply or opening a breaker upstream."))
	}
	return out
}

// byHand is what to do about a technique that touches the process.
func byHand(t graph.TechniqueResult) string {
	is := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(t.Name, w) })
	}
	switch {
	case is("View"):
		return "don't steer by the screens: read levels, pressures and positions at local gauges and report them by voice."
	case is("Safety", "Protection"):
		return "don't count on the protection that it touches: stop the process in the planned order, or keep it where an independent mechanical or hard-wired layer is enough."
	case is("Control"):
		return "orders may not arrive or not be obeyed: operate valves, breakers and drives at the equipment, two people together, and read the result back to the control room."
	case is("Firmware", "Program", "Logic", "Mode"):
		return "the device may not run what was approved: treat its outputs as unknown, and keep its loops in manual operation until the program was compared with the offline copy."
	case is("Alarm"):
		return "silence is no proof of safety: station people where the process can be watched, with the limits at which they stop it by hand."
	case slices.Contains(t.Tactics, "Inhibit Response Function"):
		return "alarms and safeguards may not act: station people where the process can be watched, with the limits at which they stop it by hand."
	case slices.Contains(t.Tactics, "Impair Process Control"):
		return "set values and readings may be false: compare them with the equipment itself, and change to manual operation as soon as they differ."
	}
	return "judge by what is seen and heard at the equipment, and go to manual operation before the process leaves its limits."
}

// deviceNames are those that statements about devices begin with.
func (p *pen) deviceNames() []string {
	var out []string
	for _, h := range p.site(`Device "`) {
		name, _, ok := strings.Cut(strings.TrimPrefix(p.text(h), `Device "`), `"`)
		if ok && strings.HasPrefix(p.text(h), `Device "`) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (p *pen) decisions() []graph.Claim {
	out := []graph.Claim{
		p.claim(nil, "The shift supervisor may go to manual operation and to the safe state at any time without asking. Nobody has to justify having stopped a process for safety."),
		p.claim(nil, "The owner of the process decides together with the person in charge of safety whether a unit is shut down. The security team advises; it disconnects, powers off and restarts no controller by its own decision."),
	}
	third := "Name the role that informs management, the authorities and the makers of the devices, who stands in for it at night, and what the shift may do when nobody answers."
	if v := p.constraint("vendor_managed"); len(v) > 0 {
		return append(out, p.claim(v, "Devices that their vendor runs are touched only as agreed with the vendor: name the role that calls, and what the shift may do to keep the process safe when nobody answers.", third))
	}
	return append(out, p.claim(nil, third))
}

func (p *pen) preparation(techniques []graph.TechniqueResult) []graph.Claim {
	var out []graph.Claim
	done := map[string]bool{}
	add := func(t graph.TechniqueResult, m graph.TechniqueMitigation, words, begin, end, other string) {
		cites := first(p.about(m.ID, m.ID, " mitigates ", t.ID, words))
		if len(cites) == 0 || done[m.ID] {
			return
		}
		done[m.ID] = true
		name := p.named(m.ID, m.Name, "a mitigation", cites)
		out = append(out, p.claim(cites, begin+name+" against "+p.named(t.ID, t.Name, "an open technique", cites)+end+" "+p.how(m.ID), begin+name+end, other))
	}
	for _, t := range techniques {
		for _, m := range t.Mitigations {
			if m.Deployed && len(out) == 0 {
				add(t, m, "is deployed", "Keep ", ": this plan counts on it, so test it in planned outages and never during an incident.", "Keep what is deployed in order: this plan counts on it.")
			}
		}
	}
	kept := len(out)
	for _, t := range techniques {
		for _, m := range t.Mitigations {
			if !m.Deployed && m.Feasible && len(out) < kept+2 {
				add(t, m, "feasible", "Put ", " in place before it is needed, in a planned outage and with a way back.", "Put the "+p.nth(len(out))+" mitigation in place before it is needed, in a planned outage and with a way back.")
				if len(out) > kept {
					break // one for a technique
				}
			}
		}
	}
	return append(out,
		p.claim(p.about("M0953"), "Keep copies of controller logic, set values and device settings offline, note which version runs where, and load one on a test stand at set times to know that it works."),
		p.claim(nil, "Keep this plan, the drawings of the network and the numbers to call on paper, where the shift reaches them without the network."))
}

func (p *pen) detection(techniques []graph.TechniqueResult) []graph.Claim {
	var out []graph.Claim
	for _, t := range techniques {
		if len(out) == 3 {
			break
		}
		effect := "look for its effects instead: readings that do not fit the local gauges, orders that nobody gave, alarms that should have come."
		if cites := first(p.about(t.ID, t.ID, " can be seen in ")); len(cites) > 0 {
			name := p.named(t.ID, t.Name, "an open technique", cites)
			out = append(out, p.claim(cites,
				"Look for "+name+" in "+p.seenIn(cites)+", from passive taps, historians and logs that are kept anyway.",
				"Look for "+name+" in passive captures, historians and logs that are kept anyway.",
				"Look for the "+p.nth(len(out))+" technique in passive captures, historians and logs that are kept anyway."))
		} else if cites := first(p.about(t.ID, "names nothing to collect")); len(cites) > 0 {
			name := p.named(t.ID, t.Name, "an open technique", cites)
			out = append(out, p.claim(cites,
				"ATT&CK names nothing to collect for "+name+", so "+effect,
				"ATT&CK names nothing to collect for the "+p.nth(len(out))+" technique, so "+effect))
		}
	}
	return append(out,
		p.claim(nil, "Take a strange process for a possible attack and a possible attack for a possible fault: ask operations first what they did and saw, and compare the screens with the equipment."),
		p.claim(nil, "To find out what happened, copy logs, historian data and passive captures. Don't scan, restart or read out a controller that runs the process; compare its program with the offline copy in an outage."))
}

// barriers are the mitigations that keep an intruder from moving on, and can
// be tightened without a change to a controller.
var barriers = []string{"M0930", "M0807", "M0937", "M0935", "M0801", "M0932", "M0918", "M0936"}

func (p *pen) containment(techniques []graph.TechniqueResult) []graph.Claim {
	out := []graph.Claim{p.claim(nil, "Before a device or a link is cut off, ask operations what fails without it. What a safety function needs stays, and the cut is made at a switch or a firewall, not in the controller.")}
	for _, t := range techniques {
		for _, m := range t.Mitigations {
			cites := first(p.about(m.ID, m.ID, " mitigates ", t.ID))
			if len(out) < 2 && m.Feasible && slices.Contains(barriers, m.ID) && len(cites) > 0 {
				name := p.named(m.ID, m.Name, unnamed, cites)
				out = append(out, p.claim(cites,
					"To contain "+p.named(t.ID, t.Name, "an open technique", cites)+", tighten "+name+": close remote access first, then what passes into the zone of the device, and leave the orders of operators to the end.",
					"To contain the attack, tighten "+name+": close remote access first, and leave the orders of operators to the end.",
					"To contain the attack, close remote access first, then what passes into the zone of the device, and leave the orders of operators to the end."))
			}
		}
	}
	n, removed := 0, map[string]bool{}
	for _, t := range techniques {
		cites := first(p.about(t.ID, " opens "+t.ID))
		if n == 2 || len(cites) == 0 {
			continue
		}
		weakness := p.before(cites[0], " opens ")
		if removed[weakness] {
			continue
		}
		removed[weakness] = true
		cites = both(cites, first(p.about(t.ID, t.ID+" "+t.Name)))
		if cites[len(cites)-1] == cites[0] {
			cites = cites[:1]
		}
		name := p.named(t.ID, t.Name, "a technique", cites)
		out = append(out, p.claim(cites,
			"Remove the cause of "+name+": "+weakness+". Do it in a planned outage, with what the maker offers and after a trial on a spare device; until then keep the barrier in front of it.",
			"Remove the weakness behind "+name+" in a planned outage, after a trial on a spare device; until then keep the barrier in front of it.",
			"Remove the "+p.nth(n)+" weakness in a planned outage, after a trial on a spare device; until then keep the barrier in front of it."))
		n++
	}
	if c := p.constraint("no_patch"); len(c) > 0 && len(out) < 5 {
		out = append(out, p.claim(c, "Where a device takes no patch the cause stays: keep the barrier in front of it for good, and say so when the incident is closed."))
	}
	return append(out, p.claim(nil, "Restore from offline copies made before the incident, compare programs and set values with the approved ones, test every safety function and interlock, and go back to automatic operation unit by unit."))
}

func (p *pen) afterwards(techniques []graph.TechniqueResult) []graph.Claim {
	out := []graph.Claim{p.claim(nil, "Within a week, while people remember, write down what was seen when, who decided what, and which step of this plan did not work; then change the plan.")}
	for _, t := range techniques {
		if cites := first(p.about(t.ID, "lists no mitigation")); len(cites) > 0 {
			name := p.named(t.ID, t.Name, "one of the techniques", cites)
			out = append(out, p.claim(cites,
				"Ask what would have stopped "+name+", for which ATT&CK lists no mitigation: an independent layer, a procedure, or an accepted risk with a name under it.",
				"Ask what would have stopped the technique for which ATT&CK lists no mitigation: an independent layer, a procedure, or an accepted risk with a name under it."))
			break
		}
	}
	return append(out,
		p.claim(nil, "Assess the site again with what the incident showed: a technique that was used and that no finding opens is a hole in the assessment, not a surprise."),
		p.claim(nil, "Keep copies, captures and logs unchanged, with a note of who held them and when, until it is decided that nobody needs them as proof."))
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// updating is the mitigation that an advisory's fix amounts to.
const updating = "M0951"

// A point is something that the advisories alone don't say: in one sentence,
// and with the handles that it rests on.
type point struct{ short, long string }

// missed computes what a reader of the advisories alone would have missed. What
// a study has nothing of is left out.
func (w *walk) missed(ctx context.Context) ([]point, error) {
	var points []point
	for _, ask := range []func(context.Context) (*point, error){w.unusable, w.mended, w.effects, w.shared, w.first, w.hard, w.order, w.users} {
		p, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		if p != nil {
			points = append(points, *p)
		}
	}
	return points, nil
}

// ruledOut says of each device that can't be updated what is in the way, as the
// constraint with its provenance.
func (w *walk) ruledOut(ctx context.Context) (map[string]graph.Edge, error) {
	out := map[string]graph.Edge{}
	for _, d := range w.site.Devices {
		for _, c := range d.Constraints {
			near, err := w.now.Around(ctx, c, 1)
			if err != nil {
				return nil, err
			}
			for _, e := range near.Edges {
				if _, twice := out[d.ID]; !twice && e.Predicate == "rules-out" && e.From.ID == c && e.To.ID == updating {
					out[d.ID] = e
				}
			}
		}
	}
	return out, nil
}

// unusable are the weaknesses whose fix, an update, can't be installed.
func (w *walk) unusable(ctx context.Context) (*point, error) {
	barred, err := w.ruledOut(ctx)
	if err != nil {
		return nil, err
	}
	var hit []string
	on, offered := map[string]bool{}, []string{}
	for _, f := range w.a.Findings {
		devices := devicesOf(f)
		all := len(devices) > 0
		for _, d := range devices {
			_, is := barred[d]
			all = all && is
		}
		if !all || len(w.advisories(f.ID)) == 0 {
			continue
		}
		hit = append(hit, f.ID)
		for _, d := range devices {
			on[d] = true
		}
		for _, r := range f.Remedies {
			if r.Category == "vendor_fix" {
				offered = append(offered, fmt.Sprintf("%s says %q", f.ID, r.Text))
				break
			}
		}
	}
	if len(hit) == 0 {
		return nil, nil
	}
	known := 0
	for _, f := range w.a.Findings {
		known += min(1, len(w.advisories(f.ID)))
	}
	var say []string
	for _, d := range slices.Sorted(maps.Keys(on)) {
		e := barred[d]
		left := "the plan has nothing else for it"
		if p, closes, ok := w.planFor(d); ok {
			left = fmt.Sprintf("the plan's first answer there is %s %s, for %s", p.ID, p.Name, w.techniques(closes))
		}
		say = append(say, fmt.Sprintf("On the %s, %s rules out %s %s [%s]; %s.", w.device(d), e.From.ID, updating, e.To.Name, e.Link.Kind, left))
	}
	if len(offered) > 0 {
		say = append(say, fmt.Sprintf("The advisory offers an update all the same: %s.", offered[0]))
	}
	return &point{
		short: fmt.Sprintf("%d of %s with an advisory can't be answered by an update on this site.", len(hit), count(known, "weakness", "weaknesses")),
		long:  strings.Join(say, " "),
	}, nil
}

// planFor is the first step of the plan that closes something on a device.
func (w *walk) planFor(device string) (graph.PlanStep, []string, bool) {
	for _, p := range w.a.Plan {
		var closes []string
		for _, c := range p.Closes {
			if slices.Contains(c.Devices, device) {
				closes = append(closes, c.Technique)
			}
		}
		if len(closes) > 0 {
			return p, closes, true
		}
	}
	return graph.PlanStep{}, nil, false
}

// mended is the site on the day on which every weakness with an advisory is
// mended: what nobody publishes stays.
func (w *walk) mended(ctx context.Context) (*point, error) {
	var own []finding.Finding
	for _, f := range w.a.Findings {
		if known, ok := w.now.Finding(f.ID); ok && len(w.advisories(f.ID)) == 0 {
			own = append(own, known)
		}
	}
	if len(own) == 0 || len(own) == len(w.a.Findings) {
		return nil, nil
	}
	g, err := graph.New(ctx, graph.Attack(w.now.Catalog()), graph.Knowledge(), graph.SiteFacts(w.site), graph.Findings(own...))
	if err != nil {
		return nil, err
	}
	defer g.Close()
	after, err := g.Snapshot().Assess(ctx)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, g := range after.Gaps {
		if g.Technique != "" && !slices.Contains(open, g.Technique) {
			open = append(open, g.Technique)
		}
	}
	mended := len(w.a.Findings) - len(own)
	return &point{
		short: fmt.Sprintf("If all %s with an advisory were mended overnight, %d of the %s would stay open.", count(mended, "weakness", "weaknesses"), len(after.Gaps), count(len(w.a.Gaps), "gap", "gaps")),
		long: fmt.Sprintf("They come from the %s that people of this house made themselves [site]; the most urgent are %s. Nor is %s a general answer: ATT&CK lists it for %d of the %s that are open here [official].",
			count(len(own), "observation", "observations"), w.techniques(open[:min(3, len(open))]), updating, w.answered(updating), count(len(w.a.Techniques), "technique", "techniques")),
	}, nil
}

// answered counts the open techniques that a mitigation mitigates.
func (w *walk) answered(mitigation string) int {
	n := 0
	for t := range w.now.Techniques(mitigation) {
		if slices.ContainsFunc(w.a.Techniques, func(r graph.TechniqueResult) bool { return r.ID == t.ID }) {
			n++
		}
	}
	return n
}

// felt are the tactics that change what a device does.
var felt = []string{"Inhibit Response Function", "Impair Process Control", "Impact"}

// effects are weaknesses that end in a device that stops or does the wrong
// thing.
func (w *walk) effects(context.Context) (*point, error) {
	type effect struct {
		f       graph.FindingResult
		t       graph.FindingTechnique
		tactics []string
		score   float64
	}
	var all []effect
	reach := map[string]bool{}
	for _, f := range w.a.Findings {
		for _, t := range f.Techniques {
			i := slices.IndexFunc(w.a.Techniques, func(r graph.TechniqueResult) bool { return r.ID == t.ID })
			if i < 0 || len(t.Via) == 0 || t.Via[0].Weakness == "" {
				continue
			}
			tactics := slices.DeleteFunc(slices.Clone(w.a.Techniques[i].Tactics), func(s string) bool { return !slices.Contains(felt, s) })
			if len(tactics) > 0 {
				reach[f.ID] = true
				all = append(all, effect{f, t, tactics, t.Confidence})
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(all, func(a, b effect) int { return cmp.Compare(b.score, a.score) })
	var say []string
	seen := map[string]bool{}
	for _, e := range all {
		via := e.t.Via[0]
		if len(say) == 3 || seen[e.t.ID] || seen[e.f.ID] {
			continue
		}
		seen[e.t.ID], seen[e.f.ID] = true, true
		say = append(say, fmt.Sprintf("%q on the %s opens %s (%s), from %s [%s, confidence %.2f]: %s", strings.TrimSuffix(e.f.Title, "."), w.devices(devicesOf(e.f)), w.techniques([]string{e.t.ID}),
			strings.Join(e.tactics, ", "), via.Weakness, via.Provenance, e.t.Confidence, via.Rationale))
	}
	return &point{
		short: fmt.Sprintf("%d of %s can end in a device that stops or does the wrong thing, not only in lost data.", len(reach), count(len(w.a.Findings), "finding", "findings")),
		long:  strings.Join(say, " "),
	}, nil
}

// shared is the technique that comes up on most devices, from the most
// advisories: each advisory sees its own product only.
func (w *walk) shared(context.Context) (*point, error) {
	var best graph.TechniqueResult
	var from []string
	for _, t := range w.a.Techniques {
		if a := w.advisories(t.Findings...); len(a) >= 2 && (len(t.Devices) > len(best.Devices) || len(t.Devices) == len(best.Devices) && len(a) > len(from)) {
			best, from = t, a
		}
	}
	if len(best.Devices) < 2 {
		return nil, nil
	}
	var weak []string
	for _, f := range w.a.Findings {
		if slices.Contains(best.Findings, f.ID) {
			weak = append(weak, f.Weaknesses...)
		}
	}
	slices.Sort(weak)
	weak = slices.Compact(weak)
	return &point{
		short: fmt.Sprintf("One technique, %s, is open on %s through %s.", w.techniques([]string{best.ID}), count(len(best.Devices), "device", "devices"), count(len(weak), "different weakness", "different weaknesses")),
		long: fmt.Sprintf("On the %s, from %s; %s speak of their own product each, and none of the others. %s",
			w.devices(best.Devices), enumerate(weak), enumerate(from), answeredBy(best)),
	}, nil
}

func answeredBy(t graph.TechniqueResult) string {
	deployed, feasible := 0, 0
	for _, m := range t.Mitigations {
		switch {
		case m.Deployed:
			deployed++
		case m.Feasible:
			feasible++
		}
	}
	return fmt.Sprintf("ATT&CK lists %s for it [official]; %d deployed on all of these devices, and %d that could be.", count(len(t.Mitigations), "mitigation", "mitigations"), deployed, feasible)
}

// first is what the plan begins with, and what that changes.
func (w *walk) first(ctx context.Context) (*point, error) {
	if len(w.a.Plan) == 0 {
		return nil, nil
	}
	p := w.a.Plan[0]
	then, err := w.now.Suppose(graph.Supposition{Deploy: []string{p.ID}})
	if err != nil {
		return nil, err
	}
	after, err := then.Assess(ctx)
	if err != nil {
		return nil, err
	}
	var closes, findings, devices []string
	for _, c := range p.Closes {
		closes, devices = append(closes, c.Technique), append(devices, c.Devices...)
		for _, t := range w.a.Techniques {
			if t.ID == c.Technique {
				findings = append(findings, t.Findings...)
			}
		}
	}
	slices.Sort(devices)
	devices = slices.Compact(devices)
	return &point{
		short: fmt.Sprintf("One measure, %s %s, would mitigate %.0f %% of the risk that nothing mitigates yet, on %s at once.", p.ID, p.Name, 100*p.Adds, count(len(devices), "device", "devices")),
		long: fmt.Sprintf("It answers %s [official] on the %s, whose findings come from %s. Deployed on the whole site it would take the gaps from %d to %d.",
			w.techniques(closes), w.devices(devices), count(len(w.advisories(findings...)), "advisory", "advisories"), len(w.a.Gaps), len(after.Gaps)),
	}, nil
}

// hard are measures of the plan that a constraint makes hard on a device that
// they are for.
func (w *walk) hard(ctx context.Context) (*point, error) {
	steps, say := 0, []string{}
	for _, p := range w.a.Plan {
		is := false
		for _, d := range w.site.Devices {
			if !slices.ContainsFunc(p.Closes, func(c graph.PlanClosed) bool { return slices.Contains(c.Devices, d.ID) }) {
				continue
			}
			var limits []string
			why := ""
			for _, c := range d.Constraints {
				near, err := w.now.Around(ctx, c, 1)
				if err != nil {
					return nil, err
				}
				for _, e := range near.Edges {
					if e.Predicate == "makes-hard" && e.From.ID == c && e.To.ID == p.ID {
						limits = append(limits, c)
						why = cmp.Or(why, fmt.Sprintf("[%s] %s", e.Link.Kind, e.Link.Rationale))
					}
				}
			}
			if len(limits) > 0 && !is {
				is = true
				verb := "makes"
				if len(limits) > 1 {
					verb = "make"
				}
				say = append(say, fmt.Sprintf("%s %s on the %s, which %s %s hard: %s", p.ID, p.Name, w.device(d.ID), enumerate(limits), verb, why))
			}
		}
		if is {
			steps++
		}
	}
	if steps == 0 {
		return nil, nil
	}
	return &point{
		short: fmt.Sprintf("%d of the plan's %s are hard to put in place on a device that they are for.", steps, count(len(w.a.Plan), "measure", "measures")),
		long:  strings.Join(say[:min(3, len(say))], " "),
	}, nil
}

// order compares the order of the base scores with that of the risks.
func (w *walk) order(context.Context) (*point, error) {
	rated := slices.DeleteFunc(slices.Clone(w.a.Findings), func(f graph.FindingResult) bool { return f.Severity == nil })
	if len(rated) < 2 {
		return nil, nil
	}
	slices.SortStableFunc(rated, func(a, b graph.FindingResult) int { return cmp.Compare(*b.Severity, *a.Severity) })
	worst := rated[0]
	byRisk := slices.Clone(w.a.Findings)
	slices.SortStableFunc(byRisk, func(a, b graph.FindingResult) int { return cmp.Compare(b.Score, a.Score) })
	top := byRisk[0]
	place := 1 + slices.IndexFunc(byRisk, func(f graph.FindingResult) bool { return f.ID == worst.ID })
	if place == 1 || top.Severity == nil {
		return nil, nil
	}
	return &point{
		short: fmt.Sprintf("The highest CVSS score, %.1f, is number %d here; number 1 has %.1f.", *worst.Severity, place, *top.Severity),
		long: fmt.Sprintf("%q comes first by CVSS, %q on the %s by risk: %s. For the other: %s.",
			worst.Title, top.Title, w.devices(devicesOf(top)), w.why(top), w.why(worst)),
	}, nil
}

// why is the product behind a finding's score.
func (w *walk) why(f graph.FindingResult) string {
	for _, t := range w.a.Techniques {
		if len(t.Findings) > 0 && t.Findings[0] == f.ID {
			return fmt.Sprintf("%.2f = %s for %s", t.Score, t.Why, w.techniques([]string{t.ID}))
		}
	}
	return fmt.Sprintf("%.2f", f.Score)
}

// users is the campaign whose ways are open here the most, where a way that few
// campaigns went counts more, and how many others went some of them.
func (w *walk) users(context.Context) (*point, error) {
	c := w.now.Catalog()
	ways := map[string]int{} // how many campaigns use a technique
	for campaign := range mitre.Live[*mitre.Campaign](c) {
		for t := range mitre.Outgoing[*mitre.Technique](c, campaign, mitre.Uses) {
			ways[t.ID]++
		}
	}
	var best *mitre.Campaign
	var open, others []string
	total, most := 0, 0.0
	for campaign := range mitre.Live[*mitre.Campaign](c) {
		var same []string
		n, part, all := 0, 0.0, 0.0
		for t := range mitre.Outgoing[*mitre.Technique](c, campaign, mitre.Uses) {
			n, all = n+1, all+1/float64(ways[t.ID])
			if slices.ContainsFunc(w.a.Techniques, func(r graph.TechniqueResult) bool { return r.ID == t.ID }) {
				same, part = append(same, t.ID), part+1/float64(ways[t.ID])
			}
		}
		if len(same) < 2 { // one way is common to very many
			continue
		}
		others = append(others, campaign.ID+" "+campaign.Name)
		if part/all > most {
			best, open, total, most = campaign, same, n, part/all
		}
	}
	if best == nil {
		return nil, nil
	}
	others = slices.DeleteFunc(others, func(s string) bool { return s == best.ID+" "+best.Name })
	return &point{
		short: fmt.Sprintf("%d of the %s that ATT&CK records for the %s are open here.", len(open), count(total, "technique", "techniques"), best.Name),
		long: fmt.Sprintf("%s: %s [official]. It does not follow that anybody is here, only that these ways were used before. More than one of the ways of %s is open too: %s.",
			best.ID, w.techniques(open), count(len(others), "other campaign", "other campaigns"), enumerate(others)),
	}, nil
}

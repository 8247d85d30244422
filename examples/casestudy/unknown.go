package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
)

// lowConfidence is below what the mapping's scale calls the typical case.
const lowConfidence = 0.5

// unknown computes what the system could not know, from what is missing in the
// data.
func (w *walk) unknown() []string {
	var say []string
	for _, f := range w.a.Findings {
		switch f.Status {
		case graph.NoWeakness, graph.UnknownWeakness, graph.UnmappedWeakness:
			if len(f.Techniques) == 0 {
				say = append(say, fmt.Sprintf("Where %s (%q) leads: %s", f.ID, f.Title, sentence(f.Why)))
			}
		}
	}
	say = append(say, w.unsure()...)
	var unrated, unseen []string
	for _, f := range w.a.Findings {
		if f.Severity == nil {
			unrated = append(unrated, f.ID)
		}
		if !f.KEV && f.EPSS == 0 {
			unseen = append(unseen, f.ID)
		}
	}
	all := count(len(w.a.Findings), "finding", "findings")
	if len(unrated) > 0 {
		say = append(say, fmt.Sprintf("How bad %d of %s are: nobody gave %s a CVSS score, so a half counts.", len(unrated), all, enumerate(unrated)))
	}
	if len(unseen) > 0 {
		say = append(say, fmt.Sprintf("Whether %d of %s are being exploited: neither a list of exploited weaknesses nor an EPSS score was given for them, so a half counts.", len(unseen), all))
	}
	var strange []string
	for _, d := range w.site.Devices {
		if d.Asset == "" {
			strange = append(strange, d.Name)
		}
	}
	if len(strange) > 0 {
		say = append(say, fmt.Sprintf("What kind of asset the %s would be: ATT&CK for ICS has none like that, so what it says of assets is not used there.", enumerate(strange)))
	}
	if !w.now.Catalog().HasTexts() {
		say = append(say, "MITRE's own descriptions: this run has the facts of the release and this project's summaries; -attack FILE or VERSION brings the texts.")
	}
	for _, d := range w.drafts {
		if s, ok := w.said[d.report]; ok {
			say = append(say, fmt.Sprintf("What most of %s tells: a technique was found in %d of its %s. The others may tell of none, or of one that was not recognised.", d.report, s.with, count(s.all, "sentence", "sentences")))
		}
	}
	if p, weak := w.lumped(); len(weak) > 1 {
		say = append(say, fmt.Sprintf("Whether a measure helps against the very weakness: ATT&CK links measures to techniques, so %s %s counts against %s alike.", p.ID, p.Name, enumerate(weak)))
	}
	return append(say, "What the network lets through, and whether what the site calls deployed works: the graph has no map of the network and takes the site at its word.")
}

// lumped are the weaknesses that the first step of the plan counts against,
// whatever they are.
func (w *walk) lumped() (first graph.PlanStep, weak []string) {
	if len(w.a.Plan) == 0 {
		return first, nil
	}
	first = w.a.Plan[0]
	for _, c := range first.Closes {
		for _, f := range w.a.Findings {
			on := slices.ContainsFunc(devicesOf(f), func(d string) bool { return slices.Contains(c.Devices, d) })
			for _, t := range f.Techniques {
				if on && t.ID == c.Technique && len(t.Via) > 0 && t.Via[0].Weakness != "" {
					weak = append(weak, t.Via[0].Weakness)
				}
			}
		}
	}
	slices.Sort(weak)
	return first, slices.Compact(weak)
}

// unsure are techniques that only weak links lead to, and links that the data
// itself speaks against.
func (w *walk) unsure() []string {
	best := map[string]float64{}
	weakened, example := 0, ""
	links, low := 0, 0
	for _, f := range w.a.Findings {
		for _, t := range f.Techniques {
			best[t.ID] = max(best[t.ID], t.Confidence)
			if links++; t.Confidence < lowConfidence {
				low++
			}
			if len(t.Via) > 0 && t.Via[0].Weakened != "" {
				if weakened++; example == "" {
					example = fmt.Sprintf("%s for %s: %s", f.ID, t.ID, sentence(t.Via[0].Weakened))
				}
			}
		}
	}
	var weak []string
	for _, t := range w.a.Techniques {
		if best[t.ID] < lowConfidence {
			weak = append(weak, t.ID)
		}
	}
	var say []string
	if len(weak) > 0 {
		say = append(say, fmt.Sprintf("Whether %d of %s really follow: only links of a confidence below %.1f lead to %s (%d of all %s are that weak).",
			len(weak), count(len(w.a.Techniques), "technique", "techniques"), lowConfidence, enumerate(weak), low, count(links, "link", "links")))
	}
	if weakened > 0 {
		say = append(say, fmt.Sprintf("Whether %s hold: the finding's own data speaks against them, so they count less. The first is %s", count(weakened, "link", "links"), example))
	}
	return say
}

func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || slices.Contains([]string{".", "!", "?"}, s[len(s)-1:]) {
		return s
	}
	return s + "."
}

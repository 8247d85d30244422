package graph

import (
	"fmt"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// The order of priority rests on one product:
//
//	risk = severity × exploitation × confidence × consequence
//
// severity is the CVSS base score divided by 10. Exploitation is 1 for a
// known exploited vulnerability (KEV), otherwise half of 1 + EPSS.
// Confidence is that of the link from weakness to technique. Consequence
// depends on the technique's tactics. A technique's score is the risk of its
// riskiest finding. The weights are judgements of this project.
const (
	unknownSeverity     = 0.5 // of a finding without a CVSS vector
	unknownExploitation = 0.5 // of a finding with neither KEV nor EPSS
)

// consequence is how near a technique of this tactic is to physical harm.
var consequence = map[string]float64{
	"impact":                    1,
	"impair-process-control":    1,
	"inhibit-response-function": 1,
	"initial-access":            0.9,
	"execution":                 0.9,
	"lateral-movement":          0.9,
	"privilege-escalation":      0.9,
	"persistence":               0.9,
}

// otherConsequence is that of tactics which prepare or hide: discovery,
// collection, command and control, evasion.
const otherConsequence = 0.7

// danger is what a finding brings into the product, whatever the technique.
type danger struct {
	severity, exploitation float64
	words                  string // for people: "CVSS 9.8, known exploited"
	cause, chance          string // the two apart: "CVSS 9.8", "known exploited"
}

func dangerOf(f *finding.Finding) (danger, *float64) {
	d := danger{severity: unknownSeverity, exploitation: unknownExploitation, cause: "unknown", chance: "unknown"}
	words := "severity unknown"
	var base *float64
	if f.CVSS != "" {
		if score, err := finding.BaseScore(f.CVSS); err == nil {
			d.severity, base = score/10, &score
			d.cause = fmt.Sprintf("CVSS %.1f", score)
			words = d.cause
		}
	}
	switch {
	case f.KEV:
		d.exploitation, d.chance = 1, "known exploited"
	case f.EPSS > 0 && f.EPSS <= 1: // any other value is no probability
		d.exploitation, d.chance = (1+f.EPSS)/2, fmt.Sprintf("EPSS %.0f %%", 100*f.EPSS)
	}
	if d.words = words; d.chance != "unknown" {
		d.words += ", " + d.chance
	}
	return d, base
}

// product writes the factors of a risk out, so that a reader can multiply.
func (d danger) product(confidence, weight float64, tactic string) string {
	return fmt.Sprintf("severity %.2f (%s) × exploitation %.2f (%s) × confidence %.2f × consequence %.1f (%s)",
		d.severity, d.cause, d.exploitation, d.chance, confidence, weight, tactic)
}

// consequenceOf returns the weight of the technique's worst tactic and that
// tactic's name.
func consequenceOf(c *mitre.Catalog, t *mitre.Technique) (float64, string) {
	best, name := 0.0, ""
	for tactic := range c.TacticsOf(t) {
		w, ok := consequence[tactic.Shortname]
		if !ok {
			w = otherConsequence
		}
		if w > best {
			best, name = w, tactic.Name
		}
	}
	if name == "" {
		return otherConsequence, "no tactic"
	}
	return best, name
}

package graph

import (
	"fmt"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// The order of priority rests on one product:
//
//	risk = severity × exploitation × confidence × consequence × asset
//
// severity is the CVSS base score divided by 10. Exploitation is 1 for a
// known exploited vulnerability (KEV), otherwise half of 1 + EPSS or what the
// vector's exploit maturity (E) counts for, the higher of the two.
// Confidence is that of the link from weakness to technique. Consequence says
// how far the technique's tactics are from impact, asset what the device is to
// the process. A technique's score is the risk of its riskiest finding. Each
// factor is at most 1 and none depends on another, so that more of one never
// lowers a risk. The weights are judgements of this project.
const (
	unknownSeverity     = 0.5 // of a finding without a CVSS vector
	unknownExploitation = 0.5 // of a finding with neither KEV, EPSS nor exploit maturity
)

// maturities says what the exploit maturity of a CVSS vector counts for, by its
// value in any version. CVSS 2.0 and 3.x put nearly equal steps between their
// four values (0.91, 0.94, 0.97 and 1 in 3.1), which 4.0 joins to three; so the
// steps are equal here too, from what counts where nobody knows to just below
// what counts where the flaw is known to be exploited, which no value says: that
// of 4.0 for attacks is also given where there is only a tool for them. A value
// that is not given (X, ND) is unknown.
var maturities = map[string]struct {
	counts float64
	means  string
}{
	"U":   {unknownExploitation, "no exploit known"}, // unproven, unreported
	"P":   {0.6, "a proof of concept"},
	"POC": {0.6, "a proof of concept"}, // version 2.0
	"F":   {0.7, "a working exploit"},  // functional
	"H":   {0.8, "an exploit that needs no skill"},
	"A":   {0.9, "attacks or tools for them"}, // attacked, version 4.0
}

// stepsToImpact is how many steps lie between a tactic and physical harm, at
// the least. A step takes stepWeight off the consequence.
var stepsToImpact = map[string]int{
	// The process itself is hit, or what would keep it from harm.
	"impact":                    0,
	"impair-process-control":    0,
	"inhibit-response-function": 0,
	// The attacker commands a device, and can go on to hit the process.
	"execution":            1,
	"lateral-movement":     1,
	"privilege-escalation": 1,
	// The attacker is in, and has yet to command anything.
	"initial-access": 2,
	"persistence":    2,
}

const (
	stepWeight = 0.1
	// otherSteps is for tactics which prepare or hide: discovery, collection,
	// command and control, evasion.
	otherSteps = 3
)

// assetWeights says what a device of an ATT&CK asset is to the process.
var assetWeights = map[string]float64{
	// The last barrier before harm to people; when it fails nothing stands
	// behind it.
	"A0010": 1, // Safety Controller
	// These move the process, and what they do wrong happens.
	"A0003": 0.95, // Programmable Logic Controller
	"A0004": 0.95, // Remote Terminal Unit
	"A0005": 0.95, // Intelligent Electronic Device
	"A0013": 0.95, // Field I/O
	"A0017": 0.95, // Distributed Control System Controller
	"A0018": 0.95, // Programmable Automation Controller
	// These command controllers, or are what an operator sees of them.
	"A0002": 0.9, // Human-Machine Interface
	"A0007": 0.9, // Control Server
	// Traffic to controllers passes here, and outsiders come in.
	"A0009": 0.85, // Data Gateway
	"A0011": 0.85, // VPN Server
	"A0012": 0.85, // Jump Host
	"A0014": 0.85, // Routers
	"A0015": 0.85, // Switch
	"A0016": 0.85, // Firewall
	// From here others can be reached, but the process runs without it.
	"A0001": 0.8, // Workstation
	"A0008": 0.8, // Application Server
	// It records: its loss is noticed later, and stops nothing.
	"A0006": 0.7, // Data Historian
}

// unknownAsset is a controller's weight: what nobody described must not look
// harmless.
const unknownAsset = 0.95

// assetWeight returns the weight of what a device is, and its name.
func (d *deviceNow) assetWeight() (float64, string) {
	if d.asset == nil {
		return unknownAsset, "kind of device not told, counted as a controller"
	}
	if w, ok := assetWeights[d.asset.ID]; ok {
		return w, d.asset.Name
	}
	return unknownAsset, d.asset.Name
}

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
	value := contextOf(f.CVSS)["E"]
	if m, ok := maturities[value]; ok && (m.counts > d.exploitation || d.chance == "unknown") {
		d.exploitation, d.chance = m.counts, fmt.Sprintf("CVSS E:%s, %s", value, m.means)
	}
	if d.words = words; d.chance != "unknown" {
		d.words += ", " + d.chance
	}
	return d, base
}

// risk is the product, but for the asset of each device.
func (d danger) risk(confidence, weight float64) float64 {
	return d.severity * d.exploitation * confidence * weight
}

// product writes the factors of a risk out, so that a reader can multiply.
func (d danger) product(confidence, weight float64, tactic string, on *deviceNow) string {
	asset, kind := on.assetWeight()
	return fmt.Sprintf("severity %.2f (%s) × exploitation %.2f (%s) × confidence %.2f × consequence %.1f (%s) × asset %.2f (%s)",
		d.severity, d.cause, d.exploitation, d.chance, confidence, weight, tactic, asset, kind)
}

// consequenceOf returns the weight of the technique's tactic that is nearest
// to impact and, in words, that tactic and its distance.
func consequenceOf(c *mitre.Catalog, t *mitre.Technique) (float64, string) {
	nearest, name := otherSteps+1, ""
	for tactic := range c.TacticsOf(t) {
		steps, ok := stepsToImpact[tactic.Shortname]
		if !ok {
			steps = otherSteps
		}
		if steps < nearest {
			nearest, name = steps, tactic.Name
		}
	}
	switch {
	case name == "":
		nearest, name = otherSteps, "no tactic"
	case nearest > 0:
		name = fmt.Sprintf("%s, %s from impact", name, plural(nearest, "step", "steps"))
	}
	return 1 - stepWeight*float64(nearest), name
}

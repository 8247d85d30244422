package compose

import (
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
)

// A sketch stands for evidence, and notes what a pen would write over it: so
// the forms learn which sentences are this package's own from the code that
// writes them.
type sketch struct {
	named   bool   // IDs and names may be written
	lacks   string // no statement holds these words; everything means any
	devices int    // of namings
	noted   map[string]bool
}

const (
	taken      = "*"    // words of the evidence
	anyOrdinal = "\x01" // one of the ordinals
	everything = "\x02"
	meant      = "What is meant here is %s and nothing else." // asks whether words may stand in a sentence
)

// probes are the sentences by which a pen asks; no form allows them.
var probes = []string{strings.ReplaceAll(meant, "%s", taken), strings.ReplaceAll(meant, "%s", "the device "+taken)}

// namings are the ways to name devices, see [pen.devices].
var namings = []string{"", "*", "* and *", "* and one more device", "*, * and one more device", "* and other devices", "*, * and other devices"}

// world is what a template is sketched for.
type world struct{ assessment *graph.Assessment }

// sketched returns the sentences that a template may write whatever the
// evidence, sorted, with a * for what it takes from that.
func sketched(template func(*pen, world)) []string {
	noted := map[string]bool{}
	for _, s := range howTo {
		noted[s] = true
	}
	lacking := []string{everything, " can be seen in ", "vendor_fix", "workaround", "no_patch", "is deployed", "Deployed on device"}
	for _, named := range []bool{true, false} {
		for devices := range namings {
			for _, tactics := range [][]string{{"Impact", "Evasion"}, {"Impact"}, nil} {
				template(&pen{sketch: &sketch{named, "", devices, noted}}, sketchWorld("", tactics...))
			}
		}
		for _, lacks := range lacking {
			template(&pen{sketch: &sketch{named, lacks, 0, noted}}, sketchWorld("", "Impact"))
			template(&pen{sketch: &sketch{named, lacks, 1, noted}}, sketchWorld("", "Impact"))
		}
		for _, name := range touching {
			template(&pen{sketch: &sketch{named: named, noted: noted}}, sketchWorld(name, consequences[0]))
		}
		for tactic := range seen {
			template(&pen{sketch: &sketch{named: named, noted: noted}}, sketchWorld("", tactic))
		}
		template(&pen{sketch: &sketch{named: named, noted: noted}}, sketchWorld("", "unheard of"))
	}
	var out []string
	for s := range noted {
		if !strings.Contains(s, anyOrdinal) {
			out = append(out, s)
			continue
		}
		for _, o := range ordinals {
			out = append(out, strings.ReplaceAll(s, anyOrdinal, o))
		}
	}
	slices.Sort(out)
	return out
}

// touching are parts of names of techniques by which [byHand] advises.
var touching = []string{"View", "Safety", "Control", "Firmware", "Alarm"}

func sketchWorld(name string, tactics ...string) world {
	mitigation := func(deployed, feasible bool) graph.TechniqueMitigation {
		id := barriers[0]
		switch {
		case !feasible:
			id = barriers[2]
		case !deployed:
			id = barriers[1]
		}
		return graph.TechniqueMitigation{ID: id, Deployed: deployed, Feasible: feasible}
	}
	one := func(ms ...graph.TechniqueMitigation) graph.TechniqueResult {
		return graph.TechniqueResult{ID: "T", Name: name, Summary: "", Tactics: tactics, Devices: []string{taken}, Mitigations: ms}
	}
	return world{&graph.Assessment{
		Techniques:  []graph.TechniqueResult{one(mitigation(true, true)), one(mitigation(false, true)), one(mitigation(false, false))},
		Mitigations: []graph.MitigationResult{{ID: barriers[0], Deployed: true}, {ID: barriers[0]}},
	}}
}

// find returns a handle unless the words are lacking.
func (s *sketch) find(words ...string) []string {
	if s.lacks == everything || s.lacks != "" && strings.Contains(strings.Join(words, " "), s.lacks) {
		return nil
	}
	return []string{"E1"}
}

// note keeps the forms of a claim.
func (s *sketch) note(forms []string) {
	for _, f := range forms {
		f = strings.TrimSpace(f)
		if len(f) > 1 && !strings.Contains(f, unnamed) {
			s.noted[f] = true
		}
	}
}

package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// Standing is what the graph decides about a finding before anyone writes a
// word about it. It holds codes of fixed lists, and the reasons in words.
type Standing struct {
	// Affected is "yes" where the finding names a device that the site
	// describes, "likely" where a device of the site is one of the finding's
	// products, whatever its version, and "unknown" otherwise. There is no
	// "no": a list of devices may be incomplete.
	Affected string
	Devices  []string // that are affected, in order; empty where unknown
	// Reachable is the attack vector of the finding's CVSS vector: "network",
	// "adjacent", "local" or "physical"; "unknown" where there is none. It says
	// from where the flaw can be used, not whether the site's network lets
	// anyone come there.
	Reachable string
	// WhyAffected and WhyReachable are a sentence each and hold nothing that
	// the input wrote.
	WhyAffected, WhyReachable string
}

var attackVectors = map[string][2]string{
	"N": {"network", "its attack vector is the network: whoever can send packets to the device can use it"},
	"A": {"adjacent", "its attack vector is adjacent: it can be used from the device's own network or from near by"},
	"L": {"local", "its attack vector is local: it needs a session on the device, or someone there who opens a file"},
	"P": {"physical", "its attack vector is physical: it needs a hand at the device"},
}

// Standing returns what is decided about a finding, by its ID. The error
// wraps [ErrUnknownNode] when the assessment has no such finding, which is
// also so when it is nil.
func (a *Assessment) Standing(id string) (Standing, error) {
	var findings []FindingResult
	if a != nil {
		findings = a.Findings
	}
	i := slices.IndexFunc(findings, func(f FindingResult) bool { return f.ID == id })
	if i < 0 {
		return Standing{}, fmt.Errorf("%w: the assessment has no finding %q%s", ErrUnknownNode, id, finding.Meant(id, func(yield func(string) bool) {
			for _, f := range findings {
				if !yield(f.ID) {
					return
				}
			}
		}))
	}
	f := findings[i]
	out := Standing{Affected: "unknown", Reachable: "unknown"}
	described := func(d string) bool {
		return a.Site != nil && slices.ContainsFunc(a.Site.Devices, func(x DeviceResult) bool { return x.ID == d })
	}
	switch {
	case a.Site == nil:
		out.WhyAffected = "no site was described, so whether a device here has it is not known"
	case f.Device != "" && described(f.Device):
		out.Affected, out.Devices = "yes", []string{f.Device}
		out.WhyAffected = "the finding names a device that the site describes"
	case len(f.Devices) > 0 && described(f.Devices[0]):
		out.Affected, out.Devices = "likely", slices.Clone(f.Devices)
		out.WhyAffected = "devices of the site are called like the product that the finding names; whether their versions are among the affected ones has to be looked up"
	case f.Device == "" && len(f.Devices) == 0:
		out.WhyAffected = "the finding names no device, and none of the site's devices is called like its products"
	default:
		out.WhyAffected = "the site describes neither the device that the finding names nor one of its products; a list of devices that is incomplete looks the same"
	}
	if v, ok := attackVectors[strings.ToUpper(contextOf(f.CVSS)["AV"])]; ok {
		out.Reachable, out.WhyReachable = v[0], v[1]
	} else {
		out.WhyReachable = "it has no CVSS vector that says from where it can be used"
	}
	return out, nil
}

package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// Acceptance says that somebody at a site decided to live with a gap. The gap
// stays in the assessment and names its acceptance.
type Acceptance struct {
	Kind      GapKind `json:"kind"`                // of the gap
	Technique string  `json:"technique,omitempty"` // ATT&CK ID; one that was revoked stands for its successor
	// Finding takes Technique's place for [GapNoTechnique].
	Finding string `json:"finding,omitempty"`
	// Device is where the gap is accepted, one that the site describes; empty
	// for wherever it is.
	Device string `json:"device,omitempty"`
	By     string `json:"by"` // who accepts it
	// Until is the last day on which this holds, such as 2027-01-31; empty for
	// without end. See [Snapshot.At].
	Until string `json:"until,omitempty"`
	Why   string `json:"why"`
}

// At returns the same knowledge seen on a day, that of t in its own time zone:
// what was accepted until an earlier day is accepted no more. Without it no
// acceptance ends. Nothing is written.
func (s *Snapshot) At(t time.Time) *Snapshot {
	s = s.told()
	return &Snapshot{layers: s.layers, known: s.known, today: t.Format(time.DateOnly)}
}

// wrong says what is wrong with an acceptance, as the member and the reason;
// empty where nothing is. Without a release no technique is looked up.
func (a Acceptance) wrong(c *mitre.Catalog, devices map[string]int) (member, why string) {
	if !slices.Contains(gapOrder, a.Kind) {
		var kinds []string
		for _, k := range gapOrder {
			kinds = append(kinds, string(k))
		}
		return "kind", fmt.Sprintf("unknown kind of gap %q; known are %s%s", a.Kind, strings.Join(kinds, ", "), finding.Meant(string(a.Kind), slices.Values(kinds)))
	}
	switch {
	case a.Kind == GapNoTechnique && a.Finding == "":
		return "finding", "a gap of the kind no_technique is accepted by its finding"
	case a.Kind == GapNoTechnique && a.Technique != "":
		return "technique", "a gap of the kind no_technique has none"
	case a.Kind != GapNoTechnique && a.Finding != "":
		return "finding", "only gaps of the kind no_technique are accepted by their finding"
	case a.Kind != GapNoTechnique && c != nil:
		r, err := c.Resolve(a.Technique)
		if err != nil {
			return "technique", fmt.Sprintf("technique %q is not in %s%s", a.Technique, c.Info(), meant[*mitre.Technique](c, a.Technique))
		}
		if _, ok := r.Object.(*mitre.Technique); !ok {
			return "technique", fmt.Sprintf("%s is %s, not a technique", a.Technique, r.Object.Common().Name)
		}
	}
	if _, ok := devices[a.Device]; a.Device != "" && !ok {
		return "device", fmt.Sprintf("the site describes no device %q%s", a.Device, finding.Meant(a.Device, slices.Values(sorted(devices))))
	}
	if strings.TrimSpace(a.By) == "" {
		return "by", "somebody has to accept it: want a name"
	}
	if strings.TrimSpace(a.Why) == "" {
		return "why", "want a reason"
	}
	if _, err := time.Parse(time.DateOnly, a.Until); a.Until != "" && err != nil {
		return "until", fmt.Sprintf("%q is no day such as 2027-01-31", a.Until)
	}
	return "", ""
}

// accepted is an acceptance in an assessment.
type accepted struct {
	Acceptance
	site    string // its key
	source  string
	place   int  // in its list
	expired bool // before today
	used    bool // it matches a gap
}

// acceptances collects what the sites accept, in the order of the sites.
func (w *assessor) acceptances() {
	for key, d := range all[*SiteDescription](w.index()) {
		for i, a := range d.Accepted {
			if r, err := w.catalog.Resolve(a.Technique); err == nil && a.Technique != "" {
				a.Technique = r.Object.Common().ID
			}
			w.accepted = append(w.accepted, &accepted{
				Acceptance: a, site: key, source: cmp.Or(d.Source, d.Site), place: i, expired: a.Until != "" && w.today != "" && a.Until < w.today,
			})
		}
		w.sites++
	}
}

// accepts returns the first acceptance of a gap on a device; nil where nobody
// accepts it. There must be such a gap: the acceptance counts as used.
func (w *assessor) accepts(kind GapKind, technique, finding string, d *deviceNow) *accepted {
	for _, a := range w.accepted {
		if a.Kind != kind || a.Technique != technique || a.Finding != finding {
			continue
		}
		// A device that no site describes is at the only site.
		here := slices.Contains(d.sites, a.site) || len(d.sites) == 0 && w.sites == 1
		if !here || a.Device != "" && a.Device != d.id {
			continue
		}
		a.used = true
		if !a.expired {
			return a
		}
	}
	return nil
}

// share is a part of what a gap is about.
type share struct {
	by       []openedBy  // never empty
	accepted *Acceptance // nil where nobody accepts it
}

// shares splits what a gap is about by who accepts it, what nobody accepts
// first.
func (w *assessor) shares(kind GapKind, technique string, by []openedBy) []share {
	parts := map[*accepted][]openedBy{}
	for _, b := range by {
		a := w.accepts(kind, technique, "", b.device)
		parts[a] = append(parts[a], b)
	}
	var out []share
	if rest := parts[nil]; len(rest) > 0 {
		out = append(out, share{by: rest})
	}
	for _, a := range w.accepted {
		if part := parts[a]; len(part) > 0 {
			out = append(out, share{part, &a.Acceptance})
		}
	}
	return out
}

// unaccepted warns of acceptances that do nothing.
func (w *assessor) unaccepted() []Warning {
	var out []Warning
	for _, a := range w.accepted {
		where, of := fmt.Sprintf("accepted[%d]", a.place), cmp.Or(a.Technique, a.Finding)
		switch {
		case a.expired && a.used:
			out = append(out, Warning{Source: a.source, Where: where, Message: fmt.Sprintf("the acceptance of %s (%s) by %s ended on %s; the gap is open again", of, a.Kind, a.By, a.Until)})
		case !a.used:
			out = append(out, Warning{Source: a.source, Where: where, Message: fmt.Sprintf("it matches no gap: %s (%s)", of, a.Kind)})
		}
	}
	return out
}

package graph

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

const (
	// silentConfidence stands in for a link's confidence where a finding led
	// to no technique: low, but a severe finding must not sink to the end.
	silentConfidence = 0.3
	// detectionWeight makes a missing detection less urgent than a missing
	// mitigation of the same technique.
	detectionWeight = 0.5
	// maxCandidates bounds the candidates of one gap.
	maxCandidates = 5
)

// gapOrder breaks ties between gaps of one technique.
var gapOrder = []GapKind{GapNoMitigation, GapPlaceholderOnly, GapNotFeasible, GapNotDeployed, GapNoDetection, GapNoTechnique}

// gaps finds what is missing, the most urgent first.
func (w *assessor) gaps(ctx context.Context, a *Assessment) ([]gapOf, error) {
	var out []gapOf
	gain := map[string]MitigationResult{}
	for _, m := range a.Mitigations {
		gain[m.ID] = m
	}
	for _, t := range a.Techniques {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out = append(out, w.mitigationGaps(w.opened[t.ID], gain)...)
		out = append(out, w.detectionGaps(w.opened[t.ID])...)
	}
	out = append(out, w.silentGaps()...)
	slices.SortStableFunc(out, func(a, b gapOf) int {
		return cmp.Or(
			cmp.Compare(b.Score, a.Score),
			cmp.Compare(slices.Index(gapOrder, a.Kind), slices.Index(gapOrder, b.Kind)),
			cmp.Compare(a.Technique, b.Technique),
			cmp.Compare(a.first(), b.first()),
			cmp.Compare(w.firstDevice(a), w.firstDevice(b)), // one finding, accepted on one of two devices
		)
	})
	return out, nil
}

// gapOf is a gap without the lists that grow with the findings, and where these
// come from: groups of findings, or findings without a technique.
type gapOf struct {
	Gap
	by     []openedBy
	silent *silent
}

// first is the lowest ID of the riskiest findings.
func (g gapOf) first() string {
	if g.silent != nil {
		return g.silent.first
	}
	return g.by[0].first
}

func (g gapOf) devices() bitmap {
	if g.silent != nil {
		return g.silent.devices
	}
	return devicesIn(g.by)
}

// firstDevice is the first ID of a gap's devices; empty where it has none.
func (w *assessor) firstDevice(g gapOf) string {
	for id := range w.deviceIDs.of(g.devices()) {
		return id
	}
	return ""
}

// gap starts a gap of a technique; its share's first has the highest risk.
func gap(kind GapKind, o *opened, s share) gapOf {
	return gapOf{Gap: Gap{
		Kind: kind, Technique: o.technique.ID, Name: o.technique.Name, Accepted: s.accepted,
		Findings: []string{}, Devices: []string{}, Score: s.by[0].risk, Candidates: []Candidate{},
	}, by: s.by}
}

func (w *assessor) mitigationGaps(o *opened, gain map[string]MitigationResult) []gapOf {
	var usable []*mitre.Mitigation
	for m := range w.Mitigations(o.technique.ID) {
		usable = append(usable, m)
	}
	if len(usable) == 0 {
		kind, why := GapNoMitigation, fmt.Sprintf("%s lists no mitigation for %s.", w.catalog.Info(), o.technique.ID)
		if w.PlaceholderOnly(o.technique.ID) {
			kind = GapPlaceholderOnly
			why = fmt.Sprintf("%s lists only M0816, which says that mitigation is limited or not effective.", w.catalog.Info())
		}
		var out []gapOf
		for _, s := range w.shares(kind, o.technique.ID, o.by) {
			g := gap(kind, o, s)
			g.Why, g.Candidates = why, w.alike(o.technique, s.by)
			out = append(out, g)
		}
		return out
	}
	var undeployed, infeasible []openedBy
	for _, b := range o.by {
		switch {
		case w.coveredOn(o.technique.ID, b.device):
		case slices.ContainsFunc(usable, func(m *mitre.Mitigation) bool { return b.device.ruledOut[m.ID] == "" }):
			undeployed = append(undeployed, b)
		default:
			infeasible = append(infeasible, b)
		}
	}
	var out []gapOf
	for _, s := range w.shares(GapNotDeployed, o.technique.ID, undeployed) {
		g := gap(GapNotDeployed, o, s)
		deployed := ", none deployed"
		if w.described == nil {
			deployed = "; nobody said what is deployed"
		}
		g.Why = plural(len(usable), "mitigation exists", "mitigations exist") + deployed + w.on(g.devices()) + "."
		g.Candidates = w.official(usable, s.by, gain, o.technique)
		out = append(out, g)
	}
	for _, s := range w.shares(GapNotFeasible, o.technique.ID, infeasible) {
		g := gap(GapNotFeasible, o, s)
		var reasons []string
		for _, m := range usable[:min(3, len(usable))] {
			reasons = append(reasons, fmt.Sprintf("%s %s (%s)", m.ID, m.Name, strings.TrimSuffix(s.by[0].device.ruledOut[m.ID], ".")))
		}
		if n := len(usable) - len(reasons); n > 0 {
			reasons = append(reasons, fmt.Sprintf("%d more", n))
		}
		g.Why = fmt.Sprintf("The device's constraints rule out every mitigation%s: %s.", w.on(g.devices()), strings.Join(reasons, "; "))
		g.Candidates = w.alike(o.technique, s.by)
		out = append(out, g)
	}
	return out
}

func (w *assessor) on(devices bitmap) string {
	names := slices.Collect(firstFew(w.deviceIDs.of(devices)))
	switch n := devices.count(); {
	case n == 0:
		return ""
	case n <= 3:
		return " on " + strings.Join(names, ", ")
	default:
		return fmt.Sprintf(" on %s and %d more devices", strings.Join(names[:2], ", "), n-2)
	}
}

// official ranks the technique's own mitigations that some device allows.
func (w *assessor) official(usable []*mitre.Mitigation, by []openedBy, gain map[string]MitigationResult, t *mitre.Technique) []Candidate {
	out := []Candidate{}
	for _, m := range usable {
		if !slices.ContainsFunc(by, func(b openedBy) bool { return b.device.ruledOut[m.ID] == "" }) {
			continue
		}
		c := Candidate{ID: m.ID, Name: m.Name, Score: gain[m.ID].Score, Because: []string{
			fmt.Sprintf("official mitigation of %s %s", t.ID, t.Name),
		}}
		if not := w.ruledOutOn(m.ID, by); not != "" {
			c.Because = append(c.Because, not)
		}
		if n := len(gain[m.ID].Covers) - 1; n > 0 {
			c.Because = append(c.Because, "also mitigates "+plural(n, "other technique opened here", "other techniques opened here"))
		}
		if len(m.Standards) > 0 {
			c.Because = append(c.Because, "asked for by "+m.Standards[0])
		}
		out = append(out, c)
	}
	return best(out)
}

// best orders candidates and keeps the first few.
func best(out []Candidate) []Candidate {
	slices.SortStableFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(len(out), maxCandidates)]
}

func (w *assessor) detectionGaps(o *opened) []gapOf {
	for range w.catalog.LogSources(o.technique) {
		return nil
	}
	why := fmt.Sprintf("%s has no detection strategy for %s.", w.catalog.Info(), o.technique.ID)
	for r := range w.catalog.To(o.technique, mitre.Detects) {
		if r.Live() {
			why = fmt.Sprintf("The detection strategy %s names no log source to collect from.", r.Source.Common().ID)
		}
	}
	var out []gapOf
	for _, s := range w.shares(GapNoDetection, o.technique.ID, o.by) {
		g := gap(GapNoDetection, o, s)
		g.Score, g.Why = round(g.Score*detectionWeight), why
		out = append(out, g)
	}
	return out
}

// acceptsSilent returns the acceptance of a finding that led to no technique,
// on the devices that it is on, none for any other; nil where it is open on one
// of them.
func (w *assessor) acceptsSilent(finding string, devices []*deviceNow) (by *accepted) {
	if len(w.accepted) == 0 {
		return nil
	}
	if len(devices) == 0 {
		devices = []*deviceNow{w.elsewhere}
	}
	for _, d := range devices {
		if by = w.accepts(GapNoTechnique, "", finding, d); by == nil {
			return nil
		}
	}
	return by
}

// silentGaps joins the findings that lead to no technique for the same reason.
func (w *assessor) silentGaps() []gapOf {
	var out []gapOf
	for _, s := range w.silent {
		out = append(out, gapOf{Gap: Gap{
			Kind: GapNoTechnique, Findings: []string{}, Devices: []string{}, Score: s.score, Why: s.why, Candidates: []Candidate{}, Accepted: s.accepted,
		}, silent: s})
	}
	slices.SortFunc(out, func(a, b gapOf) int { return cmp.Or(cmp.Compare(a.Why, b.Why), cmp.Compare(a.first(), b.first())) })
	return out
}

package graph

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// opened is a technique and the findings that open it. These are held in
// groups, so that what is asked of them later costs by what differs among
// them, not by their number.
type opened struct {
	technique *mitre.Technique
	findings  int // how many open it
	groups    map[groupKey]*openedBy
	on        map[*deviceNow]*place // by the first device of its like
	by        []openedBy            // once settled, the riskiest first
}

// groupKey is what the findings of one group share.
type groupKey struct {
	device *deviceNow
	risk   float64
}

// openedBy is a group of findings: of one risk, on devices that are alike.
type openedBy struct {
	device   *deviceNow // the first of the devices that are alike
	risk     float64
	planned  float64 // what the risk counts for when mitigations are compared
	findings numbers
	place    *place

	// Of the finding with the lowest ID:
	first      string
	confidence float64
	said       *dangerKey
}

// place is where a technique is open, on devices that are alike.
type place struct {
	devices  bitmap // numbers
	nowhere  bool   // also findings without a device
	examples examples
}

// count is how many devices there are, those of findings without one as one.
func (p *place) count() int {
	n := p.devices.count()
	if p.nowhere {
		n++
	}
	return n
}

// silent are findings that led to no technique for the same reason.
type silent struct {
	why      string
	accepted *Acceptance
	score    float64 // of the worst
	first    string  // the lowest ID
	findings numbers
	place
}

// silentKey is what findings share that led to no technique.
type silentKey struct {
	why      string
	accepted *accepted // nil where nobody accepts it
}

// example is a finding that a draft may cite.
type example struct {
	finding finding.Finding
	result  FindingResult
}

// examples are the first few findings of a list, as many as a draft cites.
type examples []exampleOf

type exampleOf struct {
	*example
	risk float64
}

// add takes a finding in, which is copied for the first list that takes it.
func (e *examples) add(copied **example, f *finding.Finding, r *FindingResult, risk float64) {
	before := func(x exampleOf) bool { return risk > x.risk || risk == x.risk && f.ID < x.finding.ID }
	if n := len(*e); n == maxEvidenceFindings && !before((*e)[n-1]) {
		return
	}
	if *copied == nil {
		*copied = &example{*f, *r}
	}
	at := 0
	for at < len(*e) && !before((*e)[at]) {
		at++
	}
	*e = slices.Insert(*e, at, exampleOf{*copied, risk})
	*e = (*e)[:min(len(*e), maxEvidenceFindings)]
}

// template is what findings have in common that name the same weaknesses and
// techniques, have the same vector and are on the same kinds of devices.
type template struct {
	techniques []FindingTechnique // shared by their results
	openings   []openingOf
	status     Status
	why        string
	judged     bool // see FindingResult
	unknown    []string
}

type openingOf struct {
	*opened
	confidence float64
	weight     float64 // of the technique's tactics
	doubted    bool
}

// What is looked up again for each finding is bounded; it only saves time.
const (
	maxTemplates = 1 << 13
	maxDangers   = 1 << 13
)

// dangerKey is all of a finding that its danger rests on.
type dangerKey struct {
	cvss string
	kev  bool
	epss float64
}

type dangerous struct {
	danger
	base *float64
	said *dangerKey
}

func (w *assessor) dangerOf(f *finding.Finding) *dangerous {
	key := dangerKey{f.CVSS, f.KEV, f.EPSS}
	d := w.dangers[key]
	if d == nil {
		if len(w.dangers) == maxDangers {
			clear(w.dangers)
		}
		if len(w.vectors) == maxDangers {
			clear(w.vectors)
		}
		vector, ok := w.vectors[key.cvss]
		if !ok {
			vector = key.cvss
			w.vectors[vector] = vector
		}
		key.cvss = vector // one text for all that have it
		d = &dangerous{said: &key}
		d.danger, d.base = dangerOf(f)
		w.dangers[key] = d
	}
	return d
}

// danger is that of the group's first finding.
func (b openedBy) danger() danger {
	d, _ := dangerOf(&finding.Finding{CVSS: b.said.cvss, KEV: b.said.kev, EPSS: b.said.epss})
	return d
}

// named returns the techniques that the graph holds a finding to name.
func (w *assessor) named(f *finding.Finding) (out []*mitre.Technique) {
	for n := range w.index().from(findingKey(f.ID), predStates) {
		if t, ok := n.doc.(*mitre.Technique); ok {
			out = append(out, t)
		}
	}
	return out
}

// finding maps one finding and notes what it opens. The value goes with its
// ID. What the result shares with other results must not be changed.
func (w *assessor) finding(f *finding.Finding, named []*mitre.Technique, value uint64) (FindingResult, error) {
	number := uint32(w.ids.n)
	if err := w.ids.add(f.ID, value); err != nil {
		return FindingResult{}, err
	}
	risk := w.dangerOf(f)
	base := risk.base
	if base != nil {
		score := *base
		base = &score
	}
	r := FindingResult{
		ID: f.ID, Title: f.Title, Source: f.Source, Place: f.Place, Device: f.Device, Weaknesses: append([]string{}, f.Weaknesses...),
		CVEs: f.CVEs, CVSS: f.CVSS, Severity: base, KEV: f.KEV, EPSS: f.EPSS, Affected: f.Affected, Remedies: f.Remedies,
	}
	devices, byProduct := w.devicesOf(f)
	if byProduct {
		for _, d := range devices {
			r.Devices = append(r.Devices, d.id)
		}
		r.Affected, r.Remedies = affectedOn(f, devices), remediesOn(f, devices)
	}
	r.Remedies = byUse(r.Remedies)
	t := w.template(f, named, devices)
	r.Techniques, r.Status, r.Why, r.Judged = t.techniques, t.status, t.why, t.judged
	for _, id := range t.unknown {
		w.unknown[id]++
	}
	// The devices that are alike, each with the numbers of those it stands for.
	var strays []uint32
	if len(devices) == 0 {
		named := namedDevices(f)
		if f.Device == "" {
			r.Devices = named
		}
		for _, d := range named {
			stray, err := w.stray(d)
			if err != nil {
				return FindingResult{}, err
			}
			strays = append(strays, stray)
		}
	}
	note := func(p *place, like *deviceNow) {
		switch {
		case like != w.elsewhere:
		case len(strays) > 0:
			for _, stray := range strays {
				p.devices.set(stray)
			}
		default:
			p.nowhere = true
		}
		for _, d := range devices {
			if d.alike == like {
				p.devices.set(d.number)
			}
		}
	}
	likes := make([]*deviceNow, 0, 4)
	for _, d := range devices {
		if !slices.Contains(likes, d.alike) {
			likes = append(likes, d.alike)
		}
	}
	if len(devices) == 0 {
		likes = append(likes, w.elsewhere)
	}
	asset := 0.0 // the greatest weight
	for _, like := range likes {
		weight, _ := like.assetWeight()
		asset = max(asset, weight)
	}
	for _, o := range t.openings {
		r.Score = max(r.Score, round(risk.risk(o.confidence, o.weight)*asset))
	}
	if r.Status != Mapped {
		r.Score = round(risk.risk(silentConfidence, 1) * asset)
	}
	var kept *example
	for _, o := range t.openings {
		o.findings++
		for _, like := range likes {
			weight, _ := like.assetWeight()
			by := o.group(groupKey{like, round(risk.risk(o.confidence, o.weight) * weight)})
			planned := by.risk
			if o.doubted {
				planned *= doubtful
			}
			if by.planned = max(by.planned, planned); by.findings.n == 0 || f.ID < by.first {
				by.first, by.said, by.confidence = f.ID, risk.said, o.confidence
			}
			by.findings.add(number)
			note(by.place, like)
			if w.examples {
				by.place.examples.add(&kept, f, &r, by.risk)
			}
		}
	}
	if r.Status != Mapped {
		accepted := w.acceptsSilent(f.ID, devices)
		key := silentKey{r.Why, accepted}
		s := w.silent[key]
		if s == nil {
			s = &silent{why: r.Why, first: f.ID}
			if accepted != nil {
				s.accepted = &accepted.Acceptance
			}
			w.silent[key] = s
		}
		s.score, s.first = max(s.score, r.Score), min(s.first, f.ID)
		s.findings.add(number)
		for _, like := range likes {
			note(&s.place, like)
		}
		if w.examples {
			s.examples.add(&kept, f, &r, 0) // by their IDs
		}
	}
	return r, nil
}

// group returns the group of a key, which may be new.
func (o *opened) group(key groupKey) *openedBy {
	by := o.groups[key]
	if by == nil {
		p := o.on[key.device]
		if p == nil {
			p = &place{}
			o.on[key.device] = p
		}
		by = &openedBy{device: key.device, risk: key.risk, place: p}
		o.groups[key] = by
	}
	return by
}

// template looks up, or makes, what a finding has in common with others.
func (w *assessor) template(f *finding.Finding, named []*mitre.Technique, devices []*deviceNow) *template {
	key := w.key[:0]
	text := func(s string) {
		key = binary.AppendUvarint(key, uint64(len(s)))
		key = append(key, s...)
	}
	text(f.CVSS)
	key = binary.AppendUvarint(key, uint64(len(f.Weaknesses)))
	for _, id := range f.Weaknesses {
		text(id)
	}
	source := cmp.Or(f.Source, f.ID)
	if len(f.Techniques)+len(named) > 0 {
		text(source)
		key = binary.AppendUvarint(key, uint64(len(f.Techniques)))
		for _, id := range f.Techniques {
			text(id)
		}
		for _, t := range named {
			text(t.ID)
		}
	}
	for _, d := range devices {
		key = binary.AppendUvarint(key, uint64(d.alike.number))
	}
	w.key = key
	t := w.templates[string(key)]
	if t == nil {
		if len(w.templates) == maxTemplates {
			clear(w.templates)
		}
		t = w.newTemplate(f, named, devices, source)
		w.templates[string(key)] = t
	}
	return t
}

func (w *assessor) newTemplate(f *finding.Finding, named []*mitre.Technique, devices []*deviceNow, source string) *template {
	if len(devices) == 0 {
		devices = []*deviceNow{w.elsewhere}
	}
	t := &template{techniques: []FindingTechnique{}, status: Mapped}
	via := map[string][]Via{}
	for _, n := range named {
		via[n.ID] = []Via{{ // once, also where two files have the finding
			Confidence: 1, Provenance: Site, Source: source, Relation: "performs",
			Rationale: "The finding itself names this technique.",
		}}
	}
	vector := contextOf(f.CVSS)
	var unmapped []string
	asked := make(map[string]bool, len(f.Weaknesses))
	for _, id := range f.Weaknesses {
		if asked[id] {
			continue
		}
		asked[id] = true
		o, ok := w.opens[id]
		if !ok {
			if len(w.opens) == maxTemplates {
				clear(w.opens)
			}
			o.list, o.status = w.Opens(id)
			w.opens[id] = o
		}
		switch o.status {
		case UnknownWeakness:
			t.unknown = append(t.unknown, id)
		case UnmappedWeakness:
			unmapped = append(unmapped, id)
		}
		for _, op := range o.list {
			factor, why := vector.weaken(op.Technique.ID)
			// Devices that are the same product are of one kind; where the site
			// says otherwise, the worst of them counts.
			least, other := devices[0].weaken(op.Link)
			for _, d := range devices[1:] {
				if f, o := d.weaken(op.Link); f > least {
					least, other = f, o
				}
			}
			if least < factor {
				factor, why = least, other
			}
			v := Via{
				Weakness: id, Relation: op.Link.Relation, Confidence: round(op.Confidence * factor), Weakened: why, Doubt: vector.doubt(op.Technique.ID),
				Provenance: op.Link.Kind, Source: op.Link.Source, Rationale: op.Link.Rationale,
			}
			if len(op.Path) > 1 {
				v.Path, v.Narrowed = op.Path, op.Narrowed
			}
			via[op.Technique.ID] = append(via[op.Technique.ID], v)
		}
	}
	for _, id := range sorted(via) {
		technique, _ := mitre.Find[*mitre.Technique](w.catalog, id)
		slices.SortStableFunc(via[id], func(a, b Via) int { return cmp.Compare(b.Confidence, a.Confidence) })
		best := via[id][0]
		t.techniques = append(t.techniques, FindingTechnique{ID: id, Name: technique.Name, Confidence: best.Confidence, Via: via[id]})
		if w.opened[id] == nil {
			w.opened[id] = &opened{technique: technique, groups: map[groupKey]*openedBy{}, on: map[*deviceNow]*place{}}
		}
		weight, _ := consequenceOf(w.catalog, technique)
		t.openings = append(t.openings, openingOf{w.opened[id], best.Confidence, weight, best.Doubt != ""})
	}
	// Of equals that comes first whose weakness the finding names first, then
	// the lower ID.
	slices.SortStableFunc(t.techniques, func(a, b FindingTechnique) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence),
			cmp.Compare(slices.Index(f.Weaknesses, a.Via[0].Weakness), slices.Index(f.Weaknesses, b.Via[0].Weakness)))
	})
	switch {
	case len(t.techniques) > 0:
	case len(f.Weaknesses) == 0 && len(f.Techniques) > 0:
		t.status = NoWeakness
		t.why = fmt.Sprintf("The finding names no weakness, and no technique that %s has: %s.", w.catalog.Info(), strings.Join(f.Techniques, ", "))
	case len(f.Weaknesses) == 0:
		t.status = NoWeakness
		t.why = "The finding names neither a weakness nor a technique."
	case len(unmapped) == 0:
		t.status = UnknownWeakness
		t.why = fmt.Sprintf("No catalogue here has %s.", few(t.unknown, " or "))
	default:
		t.status = UnmappedWeakness
		t.why, t.judged = w.unmapped(unmapped)
		t.judged = t.judged && len(t.unknown) == 0
	}
	return t
}

// techniques orders what was opened and looks at its mitigations. The lists of
// findings and devices stay empty.
func (w *assessor) techniques() []TechniqueResult {
	out := make([]TechniqueResult, 0, len(w.opened))
	for _, id := range sorted(w.opened) {
		o := w.opened[id]
		o.by = make([]openedBy, 0, len(o.groups))
		for _, by := range o.groups {
			o.by = append(o.by, *by)
		}
		slices.SortFunc(o.by, func(a, b openedBy) int {
			return cmp.Or(cmp.Compare(b.risk, a.risk), cmp.Compare(a.first, b.first), cmp.Compare(a.device.id, b.device.id))
		})
		o.groups = nil
		worst := o.by[0]
		weight, tactic := consequenceOf(w.catalog, o.technique)
		r := TechniqueResult{
			ID: id, Name: o.technique.Name, FullName: w.catalog.FullName(o.technique), URL: o.technique.URL, Tactics: []string{},
			Findings: []string{}, Devices: []string{}, Score: worst.risk,
			Why:         worst.danger().product(worst.confidence, weight, tactic, worst.device),
			Mitigations: []TechniqueMitigation{},
		}
		r.Summary, _ = mitre.Summary(id)
		for t := range w.catalog.TacticsOf(o.technique) {
			r.Tactics = append(r.Tactics, t.Name)
		}
		for m := range w.Mitigations(id) {
			r.Mitigations = append(r.Mitigations, w.onDevices(m, o.by))
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b TechniqueResult) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(w.opened[b.ID].findings, w.opened[a.ID].findings), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// findingIDs iterates over the IDs of some groups' findings, the riskiest
// first, then by ID. The groups are in this order already.
func (w *assessor) findingIDs(by []openedBy) iter.Seq[string] {
	return func(yield func(string) bool) {
		var seen bitmap // a finding may be on devices which differ, and in several groups
		for len(by) > 0 {
			n := 1
			for n < len(by) && by[n].risk == by[0].risk {
				n++
			}
			var ranks []uint32
			for _, b := range by[:n] {
				ranks = slices.Grow(ranks, int(b.findings.n))
				for i := range b.findings.all() {
					ranks = append(ranks, w.ids.rank[i])
				}
			}
			by = by[n:]
			slices.Sort(ranks)
			for _, r := range ranks {
				if seen.has(r) {
					continue
				}
				if seen.set(r); !yield(w.ids.text(r)) {
					return
				}
			}
		}
	}
}

// devicesIn returns the numbers of the devices of some groups.
func devicesIn(by []openedBy) bitmap {
	var out bitmap
	seen := map[*place]bool{}
	for _, b := range by {
		if !seen[b.place] {
			seen[b.place] = true
			out.join(b.place.devices)
		}
	}
	return out
}

// firstFew iterates over the first three of a sequence.
func firstFew(seq iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		n := 0
		for s := range seq {
			if n++; !yield(s) || n == 3 {
				return
			}
		}
	}
}

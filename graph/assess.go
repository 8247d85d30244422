package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// Assess answers for all findings of the snapshot which techniques they open,
// what mitigates these, and where the gaps are. Its answer depends on nothing
// but the snapshot.
//
// Techniques are ordered by the risk of their riskiest finding: severity
// (CVSS base score / 10, 0.5 where unknown) × exploitation (1 if known
// exploited, else (1 + EPSS) / 2) × confidence of the link × consequence of
// the technique's tactics × asset. Consequence is 1 for impact, impair process
// control and inhibit response function and 0.1 less for each step away from
// them: 0.9 for execution, lateral movement and privilege escalation, 0.8 for
// initial access and persistence, 0.7 for those that prepare or hide. Asset is
// 1 for a safety controller, 0.95 for other controllers and for a device of
// which nothing is known, 0.9 for what commands them, 0.85 for what carries
// traffic, 0.8 for a workstation or application server, 0.7 for a historian.
// A link's confidence is less where the finding's CVSS
// vector speaks against the technique, as AV:L does against exploiting a
// remote service; [Via] then says so.
//
// Mitigations are compared by the risk that they touch, where a technique
// that a vector casts doubt on ([Via]) counts for less than its score.
//
// A technique is covered on a device when one of its mitigations is deployed
// there or site-wide. The error is the context's, or says that the snapshot
// holds no ATT&CK release.
func (s *Snapshot) Assess(ctx context.Context) (*Assessment, error) {
	catalog := s.Catalog()
	if catalog == nil {
		return nil, errors.New("graph: Assess needs an ATT&CK release: add Attack first")
	}
	w := &assessor{Snapshot: s, catalog: catalog, opened: map[string]*opened{}, opens: map[string]openings{}}
	w.site()
	w.acceptances()
	a := &Assessment{
		Attack: releaseOf(catalog), Findings: []FindingResult{}, Techniques: []TechniqueResult{},
		Mitigations: []MitigationResult{}, Gaps: []Gap{}, Drafts: []Draft{}, Warnings: append([]Warning{}, s.Warnings()...),
	}
	n := 0
	for f := range s.findings() {
		if n++; n%256 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		a.Findings = append(a.Findings, w.finding(f))
	}
	a.Site = w.described
	a.Techniques = w.techniques()
	a.Mitigations = w.mitigationResults(a.Techniques)
	var err error
	if a.Gaps, err = w.gaps(ctx, a); err != nil {
		return nil, err
	}
	if a.Plan, err = w.plan(ctx); err != nil {
		return nil, err
	}
	a.Warnings = append(a.Warnings, w.warnings()...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return a, nil
}

// assessor is one run of Assess.
type assessor struct {
	*Snapshot
	catalog    *mitre.Catalog
	everywhere map[string]bool       // mitigation IDs deployed at each site, as a whole
	devices    map[string]*deviceNow // by device ID; "" is a finding without one
	opens      map[string]openings
	accepted   []*accepted
	sites      int                // how many are described
	opened     map[string]*opened // by technique ID
	silent     []silentFinding
	unknown    map[string]int          // weaknesses in no catalogue, with the number of findings
	proposer   *proposer               // made when it is needed
	described  *SiteResult             // nil without a site description
	strays     []string                // devices that findings name and the site does not
	products   map[string][]*deviceNow // the site's devices by productKey
}

type openings struct {
	list   []Opening
	status Status
}

// deviceNow is what is deployed and possible on a device.
type deviceNow struct {
	id       string
	known    bool         // the site describes it
	sites    []string     // keys of the sites that it is at
	products []string     // by productKey
	kinds    []string     // of device; empty where it is not known
	asset    *mitre.Asset // what it is; nil where that is not known
	deployed map[string]bool
	ruledOut map[string]string // mitigation ID to reason
}

// opened is a technique and the findings that open it.
type opened struct {
	technique *mitre.Technique
	by        []openedBy
}

type openedBy struct {
	finding    *finding.Finding
	device     *deviceNow
	danger     danger
	confidence float64
	risk       float64
	planned    float64 // what the risk counts for when mitigations are compared
}

// silentFinding led to no technique.
type silentFinding struct {
	finding *finding.Finding
	devices []*deviceNow
	danger  danger
	why     string
}

func (w *assessor) site() {
	w.devices, w.unknown = map[string]*deviceNow{}, map[string]int{}
	siteWide, names := map[string]map[string]bool{}, map[string]bool{}
	w.products = map[string][]*deviceNow{}
	for key, d := range all[*SiteDescription](w.index()) {
		names[d.Site] = true
		siteWide[key] = map[string]bool{}
		for n := range w.index().from(key, predDeployed) {
			if m, ok := n.doc.(*mitre.Mitigation); ok && !m.Placeholder() {
				siteWide[key][m.ID] = true
			}
		}
	}
	if len(names) > 0 {
		w.described = &SiteResult{Name: strings.Join(sorted(names), " and "), Devices: []DeviceResult{}}
	}
	// What is at no site that is described has what all of them have.
	for i, key := range sorted(siteWide) {
		if i == 0 {
			w.everywhere = maps.Clone(siteWide[key])
			continue
		}
		maps.DeleteFunc(w.everywhere, func(m string, _ bool) bool { return !siteWide[key][m] })
	}
	for key, d := range all[*Device](w.index()) {
		now := &deviceNow{id: d.ID, known: true, deployed: map[string]bool{}, ruledOut: map[string]string{}}
		for site := range w.index().from(key, predAt) {
			maps.Copy(now.deployed, siteWide[site.key])
			now.sites = append(now.sites, site.key)
		}
		for n := range w.index().from(key, predDeployed) {
			if m, ok := n.doc.(*mitre.Mitigation); ok && !m.Placeholder() {
				now.deployed[m.ID] = true
			}
		}
		for asset := range w.index().from(key, predOf) {
			if is, ok := asset.doc.(*mitre.Asset); ok && now.asset == nil {
				now.asset = is
			}
			for kind := range w.index().to(asset.key, predCovers) {
				now.kinds = append(now.kinds, kind.name)
			}
		}
		for c := range w.index().from(key, predLimited) {
			for n, link := range w.index().from(c.key, predRulesOut) {
				m, ok := n.doc.(*mitre.Mitigation)
				if !ok {
					continue
				}
				if _, twice := now.ruledOut[m.ID]; !twice {
					now.ruledOut[m.ID] = fmt.Sprintf("%s: %s", c.name, link.Rationale)
				}
			}
		}
		w.devices[d.ID] = now
		for _, p := range d.Products {
			key := productKey(p)
			now.products = append(now.products, key)
			if !slices.Contains(w.products[key], now) {
				w.products[key] = append(w.products[key], now)
			}
		}
		if w.described != nil {
			w.described.Devices = append(w.described.Devices, DeviceResult{ID: d.ID, Name: d.Name})
		}
	}
}

// otherKind is what is left of a link's confidence on a device of a kind that
// it is not said to hold for.
const otherKind = 0.3

// weaken returns the factor for a link, 1 where nothing speaks against it, and
// the reason in words.
func (d *deviceNow) weaken(l *Link) (float64, string) {
	if len(d.kinds) == 0 || len(l.Devices) == 0 || slices.ContainsFunc(d.kinds, func(k string) bool { return slices.Contains(l.Devices, k) }) {
		return 1, ""
	}
	return otherKind, fmt.Sprintf("device kind %s: the link is about %s", strings.Join(d.kinds, ", "), strings.Join(l.Devices, ", "))
}

// device returns what is known of a device; one that the site does not
// describe has no constraints and only what is deployed site-wide.
func (w *assessor) device(id string) *deviceNow {
	d, ok := w.devices[id]
	if !ok {
		d = &deviceNow{id: id}
		if id != "" && w.described != nil && len(w.described.Devices) > 0 {
			w.strays = append(w.strays, id)
		}
		w.devices[id] = d
	}
	return d
}

// devicesOf returns the devices that a finding is on, at least one: the one
// that it names, where the site describes it, or else those that are one of
// its products.
func (w *assessor) devicesOf(f *finding.Finding) (on []*deviceNow, byProduct bool) {
	if d, ok := w.devices[f.Device]; ok && d.known {
		return []*deviceNow{d}, false
	}
	if len(w.products) > 0 {
		for _, p := range append([]string{f.Device}, f.Products...) {
			for _, d := range w.products[productKey(p)] {
				if !slices.Contains(on, d) {
					on = append(on, d)
				}
			}
		}
	}
	if len(on) > 0 {
		slices.SortFunc(on, func(a, b *deviceNow) int { return cmp.Compare(a.id, b.id) })
		return on, true
	}
	return []*deviceNow{w.device(f.Device)}, false
}

// remediesOn leaves out the remedies that are for other products than the
// devices are.
func remediesOn(f *finding.Finding, devices []*deviceNow) []finding.Remedy {
	var out []finding.Remedy
	for _, r := range f.Remedies {
		if len(r.Products) == 0 || slices.ContainsFunc(r.Products, func(p string) bool {
			return slices.ContainsFunc(devices, func(d *deviceNow) bool { return slices.Contains(d.products, productKey(p)) })
		}) {
			out = append(out, r)
		}
	}
	return out
}

func (w *assessor) isDeployed(m string, d *deviceNow) bool {
	return d.deployed[m] || d.deployed == nil && w.everywhere[m]
}

// finding maps one finding and notes what it opens.
func (w *assessor) finding(f *finding.Finding) FindingResult {
	risk, base := dangerOf(f)
	r := FindingResult{
		ID: f.ID, Title: f.Title, Source: f.Source, Device: f.Device, Weaknesses: append([]string{}, f.Weaknesses...),
		CVEs: f.CVEs, CVSS: f.CVSS, Severity: base, KEV: f.KEV, EPSS: f.EPSS, Techniques: []FindingTechnique{}, Remedies: f.Remedies,
	}
	devices, byProduct := w.devicesOf(f)
	if byProduct {
		for _, d := range devices {
			r.Devices = append(r.Devices, d.id)
		}
		r.Remedies = remediesOn(f, devices)
	}
	via := map[string][]Via{}
	for n := range w.index().from(findingKey(f.ID), predStates) {
		if t, ok := n.doc.(*mitre.Technique); ok {
			source := f.Source
			if source == "" {
				source = f.ID
			}
			if len(via[t.ID]) > 0 {
				continue // two files have this finding
			}
			via[t.ID] = append(via[t.ID], Via{
				Confidence: 1, Provenance: Site, Source: source, Relation: "performs",
				Rationale: "The finding itself names this technique.",
			})
		}
	}
	vector := contextOf(f.CVSS)
	var unknown, unmapped []string
	asked := make(map[string]bool, len(f.Weaknesses))
	for _, id := range f.Weaknesses {
		if asked[id] {
			continue
		}
		asked[id] = true
		o, ok := w.opens[id]
		if !ok {
			o.list, o.status = w.Opens(id)
			w.opens[id] = o
		}
		switch o.status {
		case UnknownWeakness:
			unknown = append(unknown, id)
			w.unknown[id]++
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
				v.Path = op.Path
			}
			via[op.Technique.ID] = append(via[op.Technique.ID], v)
		}
	}
	for _, id := range sorted(via) {
		t, _ := mitre.Find[*mitre.Technique](w.catalog, id)
		slices.SortStableFunc(via[id], func(a, b Via) int { return cmp.Compare(b.Confidence, a.Confidence) })
		ft := FindingTechnique{ID: id, Name: t.Name, Confidence: via[id][0].Confidence, Via: via[id]}
		r.Techniques = append(r.Techniques, ft)
		weight, _ := consequenceOf(w.catalog, t)
		if w.opened[id] == nil {
			w.opened[id] = &opened{technique: t}
		}
		by := openedBy{finding: f, danger: risk, confidence: ft.Confidence}
		for _, by.device = range devices {
			asset, _ := by.device.assetWeight()
			by.risk = round(risk.risk(ft.Confidence, weight) * asset)
			if by.planned = by.risk; via[id][0].Doubt != "" {
				by.planned *= doubtful
			}
			w.opened[id].by = append(w.opened[id].by, by)
			r.Score = max(r.Score, by.risk)
		}
	}
	slices.SortStableFunc(r.Techniques, func(a, b FindingTechnique) int { return cmp.Compare(b.Confidence, a.Confidence) })
	switch {
	case len(r.Techniques) > 0:
		r.Status = Mapped
	case len(f.Weaknesses) == 0 && len(f.Techniques) > 0:
		r.Status = NoWeakness
		r.Why = fmt.Sprintf("The finding names no weakness, and no technique that %s has: %s.", w.catalog.Info(), strings.Join(f.Techniques, ", "))
	case len(f.Weaknesses) == 0:
		r.Status = NoWeakness
		r.Why = "The finding names neither a weakness nor a technique."
	case len(unmapped) == 0:
		r.Status = UnknownWeakness
		r.Why = fmt.Sprintf("No catalogue here has %s.", few(unknown, " or "))
	default:
		r.Status = UnmappedWeakness
		r.Why = w.unmapped(unmapped)
	}
	if r.Status != Mapped {
		r.Score = silentRisk(risk, devices)
		w.silent = append(w.silent, silentFinding{f, devices, risk, r.Why})
	}
	return r
}

// techniques orders what was opened and looks at its mitigations.
func (w *assessor) techniques() []TechniqueResult {
	out := make([]TechniqueResult, 0, len(w.opened))
	for _, id := range sorted(w.opened) {
		o := w.opened[id]
		slices.SortStableFunc(o.by, func(a, b openedBy) int {
			return cmp.Or(cmp.Compare(b.risk, a.risk), cmp.Compare(a.finding.ID, b.finding.ID), cmp.Compare(a.device.id, b.device.id))
		})
		worst := o.by[0]
		weight, tactic := consequenceOf(w.catalog, o.technique)
		r := TechniqueResult{
			ID: id, Name: o.technique.Name, FullName: w.catalog.FullName(o.technique), URL: o.technique.URL, Tactics: []string{},
			Findings: findingIDs(o.by), Devices: deviceIDs(o.by), Score: worst.risk,
			Why:         worst.danger.product(worst.confidence, weight, tactic, worst.device),
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
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(len(b.Findings), len(a.Findings)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// onDevices says of a mitigation whether it is deployed and possible where a
// technique is open.
func (w *assessor) onDevices(m *mitre.Mitigation, by []openedBy) TechniqueMitigation {
	r := TechniqueMitigation{ID: m.ID, Name: m.Name, Deployed: true}
	for _, b := range by {
		if !w.isDeployed(m.ID, b.device) {
			r.Deployed = false
		}
		reason, out := b.device.ruledOut[m.ID]
		if !out || w.isDeployed(m.ID, b.device) {
			r.Feasible = true
		} else {
			r.Why = reason
		}
	}
	if r.Feasible {
		r.Why = ""
	}
	return r
}

// mitigationResults turns the view round: what does each mitigation answer?
func (w *assessor) mitigationResults(techniques []TechniqueResult) []MitigationResult {
	byID := map[string]*MitigationResult{}
	open, gain := 0.0, map[string]float64{}
	for _, t := range techniques {
		uncovered := 0.0
		for _, b := range w.opened[t.ID].by {
			uncovered = max(uncovered, b.planned)
		}
		if w.covered(t.ID) {
			uncovered = 0
		}
		open += uncovered
		for _, m := range t.Mitigations {
			r := byID[m.ID]
			if r == nil {
				full, _ := mitre.Find[*mitre.Mitigation](w.catalog, m.ID)
				r = &MitigationResult{
					ID: m.ID, Name: m.Name, URL: full.URL, Covers: []string{},
					Standards: append([]string{}, full.Standards...), Deployed: true,
				}
				byID[m.ID] = r
			}
			r.Covers = append(r.Covers, t.ID)
			r.Deployed = r.Deployed && m.Deployed
			if m.Feasible && !m.Deployed {
				gain[m.ID] += uncovered
			}
		}
	}
	out := make([]MitigationResult, 0, len(byID))
	for _, id := range sorted(byID) {
		r := byID[id]
		if open > 0 {
			r.Score = round(gain[id] / open)
		}
		out = append(out, *r)
	}
	slices.SortStableFunc(out, func(a, b MitigationResult) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(len(b.Covers), len(a.Covers)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// covered reports whether a mitigation of the technique is deployed wherever
// it is open.
func (w *assessor) covered(technique string) bool {
	for _, b := range w.opened[technique].by {
		if !w.coveredOn(technique, b.device) {
			return false
		}
	}
	return true
}

func (w *assessor) coveredOn(technique string, d *deviceNow) bool {
	for m := range w.Mitigations(technique) {
		if w.isDeployed(m.ID, d) {
			return true
		}
	}
	return false
}

// warnings tells of what findings name and nobody knows.
func (w *assessor) warnings() []Warning {
	out := w.unaccepted()
	for _, id := range sorted(w.unknown) {
		out = append(out, Warning{Where: id, Message: fmt.Sprintf("no catalogue here has this weakness; %s", plural(w.unknown[id], "finding names it", "findings name it"))})
	}
	if len(w.strays) > 0 {
		slices.Sort(w.strays)
		shown := w.strays[:min(3, len(w.strays))]
		more := ""
		if len(w.strays) > len(shown) {
			more = fmt.Sprintf(" and %d more", len(w.strays)-len(shown))
		}
		out = append(out, Warning{Message: fmt.Sprintf("findings name devices that the site does not describe, so only site-wide controls count there: %s%s", strings.Join(shown, ", "), more)})
	}
	return out
}

// unmapped says why weaknesses lead to no technique. The judgement that
// nothing follows says more than that nobody judged.
func (w *assessor) unmapped(ids []string) string {
	for _, id := range ids {
		if link, ok := w.OpensNothing(id); ok {
			return fmt.Sprintf("No technique follows from %s: %s", id, link.Rationale)
		}
	}
	return fmt.Sprintf("Neither %s nor a weakness above it is mapped to a technique.", few(ids, " nor "))
}

// few joins at most five texts and counts the rest.
func few(texts []string, with string) string {
	const most = 5
	if n := len(texts) - most; n > 0 {
		texts = append(slices.Clone(texts[:most]), fmt.Sprintf("%d more", n))
	}
	return strings.Join(texts, with)
}

func findingIDs(by []openedBy) []string {
	out := make([]string, 0, len(by))
	seen := make(map[string]bool, len(by))
	for _, b := range by {
		if !seen[b.finding.ID] { // one finding may be on several devices
			seen[b.finding.ID] = true
			out = append(out, b.finding.ID)
		}
	}
	return out
}

func deviceIDs(by []openedBy) []string {
	set := map[string]bool{}
	for _, b := range by {
		if b.device.id != "" {
			set[b.device.id] = true
		}
	}
	return sorted(set)
}

// round keeps four decimals: more would only show how floats are added.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
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
// exploited, else (1 + EPSS) / 2 or, where that is higher, 0.5 to 0.9 by the
// vector's exploit maturity: E:U, P, F, H, A) × confidence of the link × consequence of
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
	w := newAssessor(s, catalog)
	results := []FindingResult{}
	for f := range s.findings() {
		if len(results)%256 == 255 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		r, err := w.finding(f, w.named(f), 0)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	sum, err := w.summary(ctx)
	if err != nil {
		return nil, err
	}
	a := sum.Assessment
	for _, e := range s.Skipped() {
		a.count(e.Lost)
	}
	a.Findings, a.Warnings = results, append(append([]Warning{}, s.Warnings()...), w.warnings()...)
	for i := range a.Techniques {
		a.Techniques[i].Findings = append(a.Techniques[i].Findings, slices.Collect(sum.TechniqueFindings(i))...)
		a.Techniques[i].Devices = append(a.Techniques[i].Devices, slices.Collect(sum.TechniqueDevices(i))...)
	}
	for i := range a.Gaps {
		a.Gaps[i].Findings = append(a.Gaps[i].Findings, slices.Collect(sum.GapFindings(i))...)
		a.Gaps[i].Devices = append(a.Gaps[i].Devices, slices.Collect(sum.GapDevices(i))...)
	}
	for i, step := range a.Plan {
		for j := range step.Closes {
			step.Closes[j].Devices = append(step.Closes[j].Devices, slices.Collect(sum.PlanDevices(i, j))...)
		}
	}
	for i := range a.RestsOnOne {
		a.RestsOnOne[i].Devices = append(a.RestsOnOne[i].Devices, slices.Collect(sum.RestsOnOneDevices(i))...)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return a, nil
}

// count counts what was not used.
func (a *Assessment) count(lost finding.Loss) {
	switch lost {
	case finding.LostRecord:
		a.UnreadRecords++
	case finding.LostMember:
		a.UnreadMembers++
	}
}

// assessor is one run of Assess or Stream.
type assessor struct {
	*Snapshot
	catalog    *mitre.Catalog
	everywhere map[string]bool       // mitigation IDs deployed at each site, as a whole
	devices    map[string]*deviceNow // that the site describes, by device ID
	elsewhere  *deviceNow            // any device that it does not describe, or none
	products   map[string][]*deviceNow
	described  *SiteResult // nil without a site description
	deviceIDs  names       // of all devices, with their numbers
	strays     bitmap      // numbers of devices that findings name and the site does not

	opens     map[string]openings
	templates map[string]*template
	dangers   map[dangerKey]*dangerous
	vectors   map[string]string // each by itself
	key       []byte            // of the template, while it is looked up

	accepted []*accepted
	sites    int // how many are described

	ids      names              // of findings; a number of a finding is the place in their order
	opened   map[string]*opened // by technique ID
	silent   map[silentKey]*silent
	unknown  map[string]int // weaknesses in no catalogue, with the number of findings
	covers   map[coverKey]bool
	examples bool // keep the findings that a draft cites
}

type openings struct {
	list   []Opening
	status Status
}

// deviceNow is what is deployed and possible on a device.
type deviceNow struct {
	id       string
	number   uint32
	alike    *deviceNow   // the first device that is like this one in all that follows
	sites    []string     // keys of the sites that it is at
	products []string     // by productKey
	kinds    []string     // of device; empty where it is not known
	asset    *mitre.Asset // what it is; nil where that is not known
	deployed map[string]bool
	ruledOut map[string]string // mitigation ID to reason
}

func newAssessor(s *Snapshot, catalog *mitre.Catalog) *assessor {
	w := &assessor{
		Snapshot: s, catalog: catalog, devices: map[string]*deviceNow{}, products: map[string][]*deviceNow{},
		opens: map[string]openings{}, templates: map[string]*template{}, dangers: map[dangerKey]*dangerous{}, vectors: map[string]string{},
		opened: map[string]*opened{}, silent: map[silentKey]*silent{}, unknown: map[string]int{},
		covers: map[coverKey]bool{},
	}
	w.deviceIDs.indexed = true
	w.elsewhere = &deviceNow{}
	w.elsewhere.alike = w.elsewhere
	w.acceptances()
	w.site()
	return w
}

func (w *assessor) site() {
	siteWide, names := map[string]map[string]bool{}, map[string]bool{}
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
	alike := map[string]*deviceNow{}
	for key, d := range all[*Device](w.index()) {
		now := &deviceNow{id: d.ID, deployed: map[string]bool{}, ruledOut: map[string]string{}}
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
		var constraints []string
		for c := range w.index().from(key, predLimited) {
			if limit, ok := c.doc.(*constraint); ok {
				constraints = append(constraints, limit.ID)
			}
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
		now.number = uint32(w.deviceIDs.n)
		if err := w.deviceIDs.add(d.ID, uint64(now.number)); err != nil {
			return // four billion bytes of devices, which no description has
		}
		like := w.likeness(now)
		if alike[like] == nil {
			alike[like] = now
		}
		now.alike = alike[like]
		for _, p := range d.Products {
			key := productKey(p)
			now.products = append(now.products, key)
			if !slices.Contains(w.products[key], now) {
				w.products[key] = append(w.products[key], now)
			}
		}
		if w.described != nil {
			w.described.Devices = append(w.described.Devices, DeviceResult{ID: d.ID, Name: d.Name, Constraints: constraints})
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

// likeness is the same for devices on which the same is deployed and possible.
func (w *assessor) likeness(d *deviceNow) string {
	asset, alone := "", ""
	if d.asset != nil {
		asset = d.asset.ID
	}
	for _, a := range w.accepted {
		if a.Device == d.id { // what is accepted here need not be elsewhere
			alone = d.id
		}
	}
	return fmt.Sprintf("%q %v %q %q %q %q", d.kinds, d.deployed, d.ruledOut, asset, d.sites, alone) // maps are written in the order of their keys
}

// devicesOf returns the devices of the site that a finding is on: the one that
// it names, where the site describes it, or else those that are one of its
// products. What it names and the site does not describe has no constraints and
// only what is deployed site-wide, and neither has nil, which is none.
func (w *assessor) devicesOf(f *finding.Finding) (on []*deviceNow, byProduct bool) {
	if d, ok := w.devices[f.Device]; ok {
		return []*deviceNow{d}, false
	}
	if len(w.devices) == 0 {
		return nil, false
	}
	add := func(d *deviceNow) {
		if !slices.Contains(on, d) {
			on = append(on, d)
		}
	}
	named := namedDevices(f)
	for _, p := range named {
		if d, ok := w.devices[p]; ok {
			add(d)
		}
	}
	if len(w.products) > 0 {
		for _, p := range slices.Concat(named, f.Products) {
			for _, d := range w.products[productKey(p)] {
				add(d)
			}
		}
	}
	if len(on) > 0 {
		slices.SortFunc(on, func(a, b *deviceNow) int { return cmp.Compare(a.id, b.id) })
	}
	return on, len(on) > 0
}

// stray returns the number of a device that the site does not describe.
func (w *assessor) stray(id string) (uint32, error) {
	if n, ok := w.deviceIDs.find(id); ok {
		return uint32(n), nil
	}
	n := uint32(w.deviceIDs.n)
	if w.described != nil && len(w.described.Devices) > 0 {
		w.strays.set(n)
	}
	return n, w.deviceIDs.add(id, uint64(n))
}

// remedyOrder is how much a category of remedy helps, the most first.
var remedyOrder = []string{"vendor_fix", "mitigation", "workaround", "no_fix_planned", "none_available"}

// byUse orders remedies by their categories and, within one, those for some
// products before those for all, which tend to be what a maker always says. Of
// a category that is not known here a remedy comes last, and equals stay as
// they are.
func byUse(remedies []finding.Remedy) []finding.Remedy {
	rank := func(r finding.Remedy) int {
		n := 2 * len(remedyOrder)
		if i := slices.Index(remedyOrder, r.Category); i >= 0 {
			n = 2 * i
		}
		if len(r.Products) == 0 {
			n++
		}
		return n
	}
	compare := func(a, b finding.Remedy) int { return cmp.Compare(rank(a), rank(b)) }
	if slices.IsSortedFunc(remedies, compare) {
		return remedies
	}
	remedies = slices.Clone(remedies)
	slices.SortStableFunc(remedies, compare)
	return remedies
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

// affectedOn leaves out the products that none of the devices is; where none is, all stay.
func affectedOn(f *finding.Finding, devices []*deviceNow) []finding.Affected {
	var out []finding.Affected
	for _, a := range f.Affected {
		name := productKey(a.Product)
		if slices.ContainsFunc(devices, func(d *deviceNow) bool {
			return name == productKey(d.id) || slices.ContainsFunc(d.products, func(p string) bool {
				return strings.HasSuffix(" "+name, " "+p) // with or without its maker before it
			})
		}) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return f.Affected
	}
	return out
}

func (w *assessor) isDeployed(m string, d *deviceNow) bool {
	return d.deployed[m] || d.deployed == nil && w.everywhere[m]
}

// onDevices says of a mitigation whether it is deployed and possible where a
// technique is open.
func (w *assessor) onDevices(m *mitre.Mitigation, by []openedBy) TechniqueMitigation {
	r := TechniqueMitigation{ID: m.ID, Name: m.Name, Deployed: true}
	for _, b := range by {
		if w.isDeployed(m.ID, b.device) {
			r.Partly = true
		} else {
			r.Deployed = false
		}
		reason, out := b.device.ruledOut[m.ID]
		if !out || w.isDeployed(m.ID, b.device) {
			r.Feasible = true
		} else {
			r.Why = reason
		}
	}
	r.Partly = r.Partly && !r.Deployed
	if r.Feasible && r.Why != "" {
		r.Why = w.ruledOutOn(m.ID, by) + " (" + r.Why + ")"
	}
	return r
}

// ruledOutOn says on how many of the devices constraints rule a mitigation out;
// empty where they do on none.
func (w *assessor) ruledOutOn(m string, by []openedBy) string {
	var out []openedBy
	names := map[string]bool{}
	for _, b := range by {
		if reason := b.device.ruledOut[m]; reason != "" && !w.isDeployed(m, b.device) {
			name, _, _ := strings.Cut(reason, ":")
			out, names[name] = append(out, b), true
		}
	}
	if len(out) == 0 {
		return ""
	}
	return fmt.Sprintf("ruled out on %d of %s by %s", devicesIn(out).count(), plural(devicesIn(by).count(), "device", "devices"),
		strings.Join(slices.Sorted(maps.Keys(names)), ", "))
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
	key := coverKey{technique, d}
	covered, ok := w.covers[key]
	if !ok {
		for m := range w.Mitigations(technique) {
			covered = covered || w.isDeployed(m.ID, d)
		}
		w.covers[key] = covered
	}
	return covered
}

type coverKey struct {
	technique string
	device    *deviceNow
}

// maxMaybe is how many unknown weaknesses are held against all that are known.
const maxMaybe = 100

// warnings tells of what findings name and nobody knows.
func (w *assessor) warnings() []Warning {
	out := w.unaccepted()
	for i, id := range sorted(w.unknown) {
		maybe := ""
		if i < maxMaybe {
			maybe = finding.Meant(id, weaknessIDs(w.index()))
		}
		out = append(out, Warning{Where: id, Message: fmt.Sprintf("no catalogue here has this weakness; %s%s", plural(w.unknown[id], "finding names it", "findings name it"), maybe)})
	}
	if n := w.strays.count(); n > 0 {
		shown := slices.Collect(firstFew(w.deviceIDs.of(w.strays)))
		more := ""
		if n > len(shown) {
			more = fmt.Sprintf(" and %d more", n-len(shown))
		}
		for i, id := range shown {
			if maybe := finding.Meant(id, slices.Values(sorted(w.devices))); maybe != "" {
				shown[i] += fmt.Sprintf(" (%s)", strings.TrimPrefix(maybe, "; "))
			}
		}
		out = append(out, Warning{Message: fmt.Sprintf("findings name devices that the site does not describe, so only site-wide controls count there: %s%s", strings.Join(shown, ", "), more)})
	}
	return out
}

func weaknessIDs(x *index) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, k := range all[*Weakness](x) {
			if !yield(k.ID) {
				return
			}
		}
	}
}

// unmapped says why weaknesses lead to no technique, and whether it was judged
// of each that nothing follows: then nothing is missing in the mapping.
func (w *assessor) unmapped(ids []string) (why string, judged bool) {
	var rest []string
	for _, id := range ids {
		link, ok := w.OpensNothing(id)
		switch {
		case !ok:
			rest = append(rest, id)
		case why == "":
			why = fmt.Sprintf("No technique follows from %s: %s", id, link.Rationale)
		}
	}
	if len(rest) == 0 {
		return why, true
	}
	if why != "" {
		why += " "
	}
	return why + fmt.Sprintf("Neither %s nor a weakness above it is mapped to a technique.", few(rest, " nor ")), false
}

// few joins at most five texts and counts the rest.
func few(texts []string, with string) string {
	const most = 5
	if n := len(texts) - most; n > 0 {
		texts = append(slices.Clone(texts[:most]), fmt.Sprintf("%d more", n))
	}
	return strings.Join(texts, with)
}

// round keeps four decimals: more would only show how floats are added.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

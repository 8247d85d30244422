package mitre

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// builder makes a catalogue while it reads a bundle. Fields that changed
// their type between releases, such as x_mitre_data_sources, it leaves alone.
type builder struct {
	decoder
	c        *Catalog
	entries  []entry
	byID     map[string]int32 // place in entries, of all that have an ID
	counting map[int32][]byte // canonical, of entries that others have the ID and time of
	chains   map[string]int   // how often a kill chain is named
	attack   bool             // an object has an ATT&CK ID
	slab     []Relationship   // where relationships are cut from
}

// entry is an object or a relationship of the bundle.
type entry struct {
	object         Object // or else
	rel            *Relationship
	source, target string // of rel, STIX IDs
	span           span   // in the document
	index          int32  // in objects of the bundle
}

func (e *entry) modified() time.Time {
	if e.rel != nil {
		return e.rel.Modified
	}
	return e.object.Common().Modified
}

// What a file may make of the memory that it takes. No STIX object, with its
// type and ID, and no list in one is as small as what is refused; up to the
// free number sizes do not matter.
const (
	freeObjects  = 100_000
	minObject    = 200 // mean bytes for each object
	freeElements = 100_000
	minElement   = 24 // mean bytes for each element of a list in an object
	maxProblems  = 1000
)

// build reads a bundle, without a byte order mark.
func build(name string, original []byte) (*Catalog, error) {
	if len(bytes.TrimSpace(original)) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	b := squeeze(original)
	n := len(b) / 700
	x := &builder{
		decoder: decoder{b: b},
		c:       &Catalog{info: Info{Source: name}, document: b},
		entries: make([]entry, 0, n),
		byID:    make(map[string]int32, n),
		chains:  map[string]int{},
	}
	var kind string
	objects, at := 0, 0
	for m := x.object(); m.next(); {
		switch m.name {
		case "type":
			if !x.null() {
				kind = x.text()
			}
		case "objects":
			if x.null() {
				continue
			}
			for e := x.list(); e.next(); {
				x.space()
				objects, at = e.n, x.i
				if e.n > freeObjects && e.n > len(b)/minObject {
					x.fail(fmt.Errorf("%w: more than %d objects in %d bytes", ErrNotSTIX, e.n-1, len(b)))
				}
				x.element(e.n - 1)
			}
		default:
			x.skip()
		}
	}
	if x.space(); x.err == nil && x.i < len(b) {
		x.syntax(x.i, "nothing after the bundle")
	}
	switch {
	case x.err != nil:
		return nil, x.explain(name, original, at)
	case kind != "bundle":
		return nil, fmt.Errorf("%s: %w: its type is %q", name, ErrNotSTIX, kind)
	case !x.attack:
		return nil, fmt.Errorf("%s: %w: none of its %d objects has an ATT&CK ID", name, ErrNotATTACK, objects)
	}
	return x.catalog(), nil
}

// squeeze copies a bundle without its indentation, which is a third of some
// releases and would be held with the catalogue. A line break is never part of
// a JSON string.
func squeeze(b []byte) string {
	if n := bytes.Count(b, []byte("\n")); n < len(b)/1000 {
		return string(b)
	}
	// How much will be left, told from samples.
	const samples, sample = 32, 4 << 10
	size := len(b)
	if len(b) > 4*samples*sample {
		left := 0
		for i := range samples {
			from := i * (len(b) / samples)
			for rest := b[from : from+sample]; len(rest) > 0; {
				line, next := cutLine(rest)
				left, rest = left+len(line), next
			}
		}
		if left > samples*sample*15/16 {
			return string(b)
		}
		size = min(len(b), int(float64(len(b))*float64(left)/(samples*sample))+len(b)/32)
	}
	var out strings.Builder
	out.Grow(size)
	for len(b) > 0 {
		line, rest := cutLine(b)
		out.Write(line)
		b = rest
	}
	if out.Cap()-out.Len() > out.Len()/8 {
		return strings.Clone(out.String())
	}
	return out.String()
}

// unsqueezed is where in b the byte at a place of squeeze(b) is.
func unsqueezed(b []byte, at int) int {
	if len(squeeze(b)) == len(b) {
		return at
	}
	for rest := b; len(rest) > 0; {
		line, next := cutLine(rest)
		if at < len(line) {
			return len(b) - len(rest) + at
		}
		at, rest = at-len(line), next
	}
	return len(b)
}

// cutLine returns the first line with its end, and what is behind the
// indentation of the next one.
func cutLine(b []byte) (line, rest []byte) {
	end := bytes.IndexByte(b, '\n') + 1
	if end == 0 {
		return b, nil
	}
	i := end
	for i+8 <= len(b) && binary.LittleEndian.Uint64(b[i:]) == 0x2020202020202020 {
		i += 8
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return b[:end], b[i:]
}

// element reads one of the bundle's objects.
func (x *builder) element(index int) {
	if x.err != nil {
		return
	}
	if x.null() {
		x.c.problem("objects[%d]: null; it is left out", index)
		return
	}
	var (
		typ, id                                string
		created, modified, firstSeen, lastSeen string
		p                                      Properties
		own                                    Reference
		aliases, labels, tactics               []string
		shortname, component                   string
		sectors, tacticRefs, analyticRefs      []string
		related                                []RelatedAsset
		sources, sourceRefs                    []LogSource
		subtechnique                           bool
		relation, source, target               string
	)
	x.space()
	from := x.i
	for m := x.object(); m.next(); {
		if x.null() {
			continue
		}
		switch m.name {
		case "type":
			typ = x.text()
		case "id":
			id = x.text()
		case "name":
			p.Name = x.text()
		case "description":
			p.Description = x.text()
		case "created":
			created = x.text()
		case "modified":
			modified = x.text()
		case "revoked":
			p.Revoked = x.flag()
		case "x_mitre_deprecated":
			p.Deprecated = x.flag()
		case "x_mitre_version":
			p.Version = x.text()
		case "x_mitre_domains":
			p.Domains = x.words("")
		case "x_mitre_platforms":
			p.Platforms = x.words("None")
		case "aliases":
			aliases = x.words("")
		case "x_mitre_aliases":
			p.Aliases = x.words("")
		case "labels":
			labels = x.words("")
		case "external_references":
			own, p.References = x.citations()
		case "kill_chain_phases":
			tactics = x.phases()
		case "x_mitre_is_subtechnique":
			subtechnique = x.flag()
		case "x_mitre_shortname":
			shortname = x.text()
		case "tactic_refs":
			tacticRefs = x.words("")
		case "x_mitre_sectors":
			sectors = x.words("")
		case "x_mitre_related_assets":
			related = x.related()
		case "first_seen":
			firstSeen = x.text()
		case "last_seen":
			lastSeen = x.text()
		case "x_mitre_data_source_ref":
			component = x.text()
		case "x_mitre_analytic_refs":
			analyticRefs = x.words("")
		case "x_mitre_log_sources":
			sources = x.logSources()
		case "x_mitre_log_source_references":
			sourceRefs = x.logSources()
		case "relationship_type":
			relation = x.text()
		case "source_ref":
			source = x.text()
		case "target_ref":
			target = x.text()
		default:
			x.skip()
		}
	}
	if x.err != nil {
		return
	}
	e := entry{span: span{int32(from), int32(x.i)}, index: int32(index)}
	p.STIXID, p.STIXType = id, typ
	p.Created, p.Modified = x.time(id, "created", created), x.time(id, "modified", modified)
	if p.STIXType == "relationship" {
		if x.attack = x.attack || own.ID != ""; len(id) == 0 {
			x.c.problem("objects[%d]: a relationship without an id; it is left out", index)
			return
		}
		if len(x.slab) == 0 {
			x.slab = make([]Relationship, 256)
		}
		e.rel, x.slab = &x.slab[0], x.slab[1:]
		*e.rel = Relationship{
			STIXID: p.STIXID, Type: RelationshipType(relation), Description: p.Description,
			Created: p.Created, Modified: p.Modified, Revoked: p.Revoked, Deprecated: p.Deprecated, References: p.References,
		}
		e.source, e.target = source, target
		x.add(e)
		return
	}
	x.attack = x.attack || own.ID != ""
	if len(id) == 0 {
		x.c.problem("objects[%d]: no id; it is left out", index)
		return
	}
	if len(p.Aliases) == 0 {
		p.Aliases = aliases
	}
	p.ID, p.URL = own.ID, own.URL
	p.References = slices.DeleteFunc(p.References, isOwnPage)
	p.References = slices.Clip(p.References)
	if len(p.References) == 0 {
		p.References = nil
	}
	switch p.STIXType {
	case "x-mitre-tactic":
		e.object = &Tactic{p, shortname}
	case "attack-pattern":
		e.object = &Technique{Properties: p, Tactics: tactics, IsSubtechnique: subtechnique}
	case "course-of-action":
		e.object = &Mitigation{p, labels}
	case "x-mitre-asset":
		e.object = &Asset{Properties: p, Sectors: sectors, Related: related}
	case "intrusion-set":
		e.object = &Group{p}
	case "malware", "tool":
		e.object = &Software{p, p.STIXType == "tool"}
	case "campaign":
		e.object = &Campaign{p, x.time(id, "first_seen", firstSeen), x.time(id, "last_seen", lastSeen)}
	case "x-mitre-data-source":
		e.object = &DataSource{p}
	case "x-mitre-data-component":
		e.object = &DataComponent{p, component, sources}
	case "x-mitre-detection-strategy":
		e.object = &DetectionStrategy{p, analyticRefs}
	case "x-mitre-analytic":
		e.object = &Analytic{p, sourceRefs}
	case "x-mitre-matrix":
		e.object = &Matrix{p, tacticRefs}
	default:
		e.object = &Other{p}
	}
	x.add(e)
}

// add takes an entry in, unless another one with its ID counts: of several
// with one ID that is the one modified last, and of these one that does not
// depend on their order.
func (x *builder) add(e entry) {
	id := ""
	if e.rel != nil {
		id = e.rel.STIXID
	} else {
		id = e.object.Common().STIXID
	}
	at, twice := x.byID[id]
	if !twice {
		x.byID[id] = int32(len(x.entries))
		x.entries = append(x.entries, e)
		return
	}
	x.c.problem("objects[%d]: %s occurs twice; the one modified last counts", e.index, id)
	other := &x.entries[at]
	switch n := e.modified().Compare(other.modified()); {
	case n > 0:
		delete(x.counting, at)
		*other = e
	case n == 0 && e.span.of(x.b) != other.span.of(x.b):
		best, ok := x.counting[at]
		if !ok {
			best = canonical(other.span.of(x.b))
		}
		if now := canonical(e.span.of(x.b)); bytes.Compare(now, best) > 0 {
			best, *other = now, e
		}
		if x.counting == nil {
			x.counting = map[int32][]byte{}
		}
		x.counting[at] = best
	}
}

// canonical is an object as the same bytes, however it was spelt and however
// its members were ordered, but for what [Catalog.Write] adds to STIX 2.0.
func canonical(object string) []byte {
	var m map[string]any
	d := json.NewDecoder(strings.NewReader(object))
	d.UseNumber()
	if d.Decode(&m) != nil {
		return nil // it was read before
	}
	delete(m, "spec_version")
	delete(m, "is_family")
	out, _ := json.Marshal(m)
	return out
}

// phases returns the tactics that an object is of.
func (x *builder) phases() (tactics []string) {
	for e := x.list(); e.next(); {
		x.bound()
		if x.null() {
			continue
		}
		var chain, phase string
		for m := x.object(); m.next(); {
			if x.null() {
				continue
			}
			switch m.name {
			case "kill_chain_name":
				chain = x.text()
			case "phase_name":
				phase = x.text()
			default:
				x.skip()
			}
		}
		if strings.HasPrefix(chain, "mitre-") {
			tactics = append(tactics, phase)
			x.chains[chain]++
		}
	}
	return slices.Clip(tactics)
}

func (x *builder) related() (out []RelatedAsset) {
	for e := x.list(); e.next(); {
		x.bound()
		var r RelatedAsset
		if !x.null() {
			for m := x.object(); m.next(); {
				if x.null() {
					continue
				}
				switch m.name {
				case "name":
					r.Name = x.text()
				case "related_asset_sectors":
					r.Sectors = x.words("")
				case "description":
					r.Description = x.text()
				default:
					x.skip()
				}
			}
		}
		out = append(out, r)
	}
	return slices.Clip(out)
}

func (x *builder) logSources() (out []LogSource) {
	for e := x.list(); e.next(); {
		x.bound()
		var s LogSource
		if !x.null() {
			for m := x.object(); m.next(); {
				if x.null() {
					continue
				}
				switch m.name {
				case "name":
					s.Name = x.text()
				case "channel":
					if s.Channel = x.text(); s.Channel == "None" {
						s.Channel = ""
					}
				case "x_mitre_data_component_ref":
					s.DataComponentRef = x.text()
				default:
					x.skip()
				}
			}
		}
		out = append(out, s)
	}
	return slices.Clip(out)
}

// time parses a STIX timestamp; the empty string gives the zero time.
func (x *builder) time(id, property, v string) time.Time {
	if v == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		x.c.problem("%s: %s: %q is not a time as in %q", id, property, v, "2006-01-02T15:04:05.999Z")
		return time.Time{}
	}
	return t
}

// catalog links what was read.
func (x *builder) catalog() *Catalog {
	c := x.c
	n := 0
	for i := range x.entries {
		if x.entries[i].object != nil {
			n++
		}
	}
	c.objects = make([]Object, 0, n)
	c.byType = map[string][]Object{}
	c.bySTIX = make(map[string]Object, n)
	c.byID = make(map[string]Object, n)
	c.sameID = map[string][]Object{}
	for i := range x.entries {
		if e := &x.entries[i]; e.object != nil {
			c.objects = append(c.objects, e.object)
		}
	}
	ranked := c.index()
	c.spans = make([]span, n)
	for i := range x.entries {
		if e := &x.entries[i]; e.object != nil {
			c.spans[e.object.Common().place] = e.span
		}
	}
	c.byName = sync.OnceValue(func() map[string][]Object { return names(c.objects) })
	c.arrange(ranked, append(x.link(len(x.entries)-n), c.properties()...))
	c.describe(x.chains)
	for _, o := range c.objects {
		if p := o.Common(); p.Revoked {
			if next, several := c.successor(o); several {
				c.problem("%s is revoked by several; %s counts", p.STIXID, next.Common().STIXID)
			}
		}
	}
	return c
}

func (c *Catalog) problem(format string, args ...any) {
	if len(c.problems) == maxProblems {
		c.unnamed++
		return
	}
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// index sorts the objects and makes them findable. It returns them in the
// order of their ATT&CK IDs, whatever their type.
func (c *Catalog) index() []Object {
	ranked := slices.Clone(c.objects)
	slices.SortFunc(ranked, compareObjects)
	for _, o := range ranked {
		t := o.Common().STIXType
		c.byType[t] = append(c.byType[t], o)
	}
	c.objects = c.objects[:0]
	for _, t := range slices.Sorted(maps.Keys(c.byType)) {
		c.objects = append(c.objects, c.byType[t]...)
	}
	for i, o := range c.objects {
		p := o.Common()
		p.place = int32(i)
		c.bySTIX[p.STIXID] = o
		if id := strings.ToUpper(p.ID); id != "" {
			other, taken := c.byID[id]
			if !taken || !other.Common().Live() && p.Live() {
				c.byID[id] = o
			}
			if taken {
				if c.sameID[id] == nil {
					c.sameID[id] = []Object{other}
				}
				c.sameID[id] = append(c.sameID[id], o)
			}
		}
	}
	for _, same := range c.sameID {
		slices.SortStableFunc(same, func(a, b Object) int { // live ones first
			switch x, y := a.Common().Live(), b.Common().Live(); {
			case x == y:
				return 0
			case x:
				return -1
			}
			return 1
		})
	}
	return ranked
}

// names makes objects findable by name and alias, in lower case.
func names(objects []Object) map[string][]Object {
	byName := make(map[string][]Object, len(objects))
	for _, o := range objects {
		for _, name := range append([]string{o.Common().Name}, o.Common().Aliases...) {
			name = strings.ToLower(name)
			if named := byName[name]; name != "" && (len(named) == 0 || named[len(named)-1] != o) {
				byName[name] = append(named, o)
			}
		}
	}
	return byName
}

// link finds the ends of the n relationships; one of which an end is missing
// is a problem.
func (x *builder) link(n int) []*Relationship {
	c, rels := x.c, make([]*Relationship, 0, n)
	for i := range x.entries {
		e := &x.entries[i]
		if e.rel == nil {
			continue
		}
		var ok bool
		if e.rel.Source, ok = c.bySTIX[e.source]; !ok {
			c.problem("objects[%d]: %s starts at %s, which is not in the bundle", e.index, e.rel.STIXID, e.source)
			continue
		}
		if e.rel.Target, ok = c.bySTIX[e.target]; !ok {
			c.problem("objects[%d]: %s ends at %s, which is not in the bundle", e.index, e.rel.STIXID, e.target)
			continue
		}
		rels = append(rels, e.rel)
	}
	return rels
}

// properties returns the links that STIX keeps as properties, each once.
func (c *Catalog) properties() []*Relationship {
	var links []*Relationship
	add := func(source Object, t RelationshipType, refs ...string) {
		slices.Sort(refs)
		for _, ref := range slices.Compact(refs) {
			if ref == "" {
				continue
			}
			if target, ok := c.bySTIX[ref]; ok {
				links = append(links, &Relationship{Type: t, Source: source, Target: target})
			} else {
				c.problem("%s: %s names %s, which is not in the bundle", source.Common().STIXID, t, ref)
			}
		}
	}
	for _, o := range c.objects {
		switch o := o.(type) {
		case *DetectionStrategy:
			add(o, HasAnalytic, slices.Clone(o.AnalyticRefs)...)
		case *Analytic:
			refs := make([]string, len(o.LogSources))
			for i, s := range o.LogSources {
				refs[i] = s.DataComponentRef
			}
			add(o, ReadsComponent, refs...)
		case *DataComponent:
			add(o, InDataSource, o.DataSourceRef)
		}
	}
	return links
}

// describe finds the release's name and the order of its tactics. The kill
// chain tells the domain in every release; the matrix's ID and
// x_mitre_domains do so only in later ones.
func (c *Catalog) describe(chains map[string]int) {
	for _, o := range c.byType["x-mitre-collection"] {
		c.info.Version = cmp.Or(c.info.Version, o.Common().Version)
	}
	most := 0
	for _, chain := range slices.Sorted(maps.Keys(chains)) {
		if chains[chain] > most {
			most = chains[chain]
			c.info.Domain = strings.TrimPrefix(chain, "mitre-")
		}
	}
	if c.info.Domain == "attack" {
		c.info.Domain = "enterprise-attack"
	}
	byRef := map[string]bool{}
	for m := range All[*Matrix](c) {
		for _, ref := range m.TacticRefs {
			t, ok := c.bySTIX[ref].(*Tactic)
			if !ok {
				c.problem("%s names the tactic %s, which is not in the bundle", m.STIXID, ref)
			} else if t.Live() && !byRef[ref] {
				byRef[ref] = true
				c.tactics = append(c.tactics, t)
			}
		}
	}
	for t := range Live[*Tactic](c) {
		if !byRef[t.STIXID] {
			c.tactics = append(c.tactics, t)
		}
	}
}

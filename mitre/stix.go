package mitre

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// The STIX forms, as far as a catalogue holds them. Fields that changed their
// type between releases, such as x_mitre_data_sources, are not among them.
type (
	stixBundle struct {
		Type    string        `json:"type"`
		Objects []*stixObject `json:"objects"`
	}
	stixObject struct {
		Type        string      `json:"type"`
		ID          string      `json:"id"`
		Name        string      `json:"name"`
		Description string      `json:"description"`
		Created     string      `json:"created"`
		Modified    string      `json:"modified"`
		Revoked     bool        `json:"revoked"`
		Deprecated  bool        `json:"x_mitre_deprecated"`
		Version     string      `json:"x_mitre_version"`
		Domains     []string    `json:"x_mitre_domains"`
		Platforms   []string    `json:"x_mitre_platforms"`
		Aliases     []string    `json:"aliases"`
		MITREAlias  []string    `json:"x_mitre_aliases"`
		Labels      []string    `json:"labels"`
		References  []Reference `json:"external_references"`

		KillChain    []stixPhase `json:"kill_chain_phases"`
		Subtechnique bool        `json:"x_mitre_is_subtechnique"`
		Shortname    string      `json:"x_mitre_shortname"`
		TacticRefs   []string    `json:"tactic_refs"`
		Sectors      []string    `json:"x_mitre_sectors"`
		Related      []struct {
			Name        string   `json:"name"`
			Sectors     []string `json:"related_asset_sectors"`
			Description string   `json:"description"`
		} `json:"x_mitre_related_assets"`
		FirstSeen     string          `json:"first_seen"`
		LastSeen      string          `json:"last_seen"`
		DataSourceRef string          `json:"x_mitre_data_source_ref"`
		AnalyticRefs  []string        `json:"x_mitre_analytic_refs"`
		LogSources    []stixLogSource `json:"x_mitre_log_sources"`
		LogSourceRefs []stixLogSource `json:"x_mitre_log_source_references"`

		RelationshipType string `json:"relationship_type"`
		SourceRef        string `json:"source_ref"`
		TargetRef        string `json:"target_ref"`
	}
	stixPhase struct {
		Chain string `json:"kill_chain_name"`
		Phase string `json:"phase_name"`
	}
	stixLogSource struct {
		Name    string `json:"name"`
		Channel string `json:"channel"`
		Ref     string `json:"x_mitre_data_component_ref"`
	}
)

// attackID returns the reference to an object's own page, which has its
// ATT&CK ID, or nil. It is named mitre-attack since 2021 and mitre-ics-attack
// or the like before.
func (o *stixObject) attackID() *Reference {
	for i := range o.References {
		if r := &o.References[i]; isOwnPage(*r) {
			return r
		}
	}
	return nil
}

func isOwnPage(r Reference) bool {
	return r.ID != "" && strings.HasPrefix(r.Source, "mitre-") && strings.HasSuffix(r.Source, "attack")
}

// build links the objects of a bundle.
func build(name string, objects []*stixObject) *Catalog {
	relationships := 0
	for _, s := range objects {
		if s != nil && s.Type == "relationship" {
			relationships++
		}
	}
	n := len(objects) - relationships
	c := &Catalog{
		info:    Info{Source: name},
		objects: make([]Object, 0, n),
		byType:  map[string][]Object{},
		bySTIX:  make(map[string]Object, n),
		byID:    make(map[string]Object, n),
		sameID:  map[string][]Object{},
	}
	seen := make(map[string]int, n)
	for i, s := range objects {
		switch {
		case s == nil:
			c.problem("objects[%d]: null; it is left out", i)
			continue
		case s.Type == "relationship":
			continue
		case s.ID == "":
			c.problem("objects[%d]: no id; it is left out", i)
			continue
		}
		if at, ok := seen[s.ID]; ok {
			c.problem("objects[%d]: %s occurs twice; the one modified last counts", i, s.ID)
			if c.objects[at].Common().Modified.Before(c.time(s, s.Modified)) {
				c.objects[at] = c.object(s)
			}
			continue
		}
		seen[s.ID] = len(c.objects)
		c.objects = append(c.objects, c.object(s))
	}
	ranked := c.index()
	c.byName = sync.OnceValue(func() map[string][]Object { return names(c.objects) })
	c.arrange(ranked, append(c.link(objects, relationships), c.properties()...))
	c.describe(objects)
	return c
}

func (c *Catalog) problem(format string, args ...any) {
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

// link resolves the n relationships; one whose end is missing is a problem.
func (c *Catalog) link(objects []*stixObject, n int) []*Relationship {
	rels := make([]*Relationship, 0, n)
	slab := make([]Relationship, n) // one allocation for all
	for i, s := range objects {
		if s == nil || s.Type != "relationship" {
			continue
		}
		source, ok := c.bySTIX[s.SourceRef]
		if !ok {
			c.problem("objects[%d]: %s starts at %s, which is not in the bundle", i, s.ID, s.SourceRef)
			continue
		}
		target, ok := c.bySTIX[s.TargetRef]
		if !ok {
			c.problem("objects[%d]: %s ends at %s, which is not in the bundle", i, s.ID, s.TargetRef)
			continue
		}
		if s.ID == "" {
			c.problem("objects[%d]: a relationship without an id; it is left out", i)
			continue
		}
		r := &slab[len(rels)]
		*r = Relationship{
			STIXID: s.ID, Type: RelationshipType(s.RelationshipType), Source: source, Target: target,
			Description: s.Description, Created: c.time(s, s.Created), Modified: c.time(s, s.Modified),
			Revoked: s.Revoked, Deprecated: s.Deprecated, References: s.References,
		}
		rels = append(rels, r)
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

// describe finds the release's name and the order of its tactics.
func (c *Catalog) describe(objects []*stixObject) {
	for _, o := range objects {
		if o != nil && o.Type == "x-mitre-collection" && c.info.Version == "" {
			c.info.Version = o.Version
		}
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
	// The kill chain tells the domain in every release; the matrix's ID and
	// x_mitre_domains do so only in later ones.
	for _, o := range objects {
		if o == nil {
			continue
		}
		for _, k := range o.KillChain {
			switch {
			case k.Chain == "mitre-attack":
				c.info.Domain = "enterprise-attack"
			case strings.HasPrefix(k.Chain, "mitre-"):
				c.info.Domain = strings.TrimPrefix(k.Chain, "mitre-")
			}
		}
	}
}

// object makes the typed object.
func (c *Catalog) object(s *stixObject) Object {
	var own Reference
	if r := s.attackID(); r != nil {
		own = *r // references moves it
	}
	p := Properties{
		STIXID: s.ID, STIXType: s.Type, ID: own.ID, Name: s.Name, Description: s.Description, URL: own.URL,
		Aliases: s.Aliases, Domains: s.Domains, Version: s.Version,
		Created: c.time(s, s.Created), Modified: c.time(s, s.Modified),
		Revoked: s.Revoked, Deprecated: s.Deprecated, References: references(s),
	}
	for _, platform := range s.Platforms {
		if platform != "None" {
			p.Platforms = append(p.Platforms, platform)
		}
	}
	if len(s.MITREAlias) > 0 {
		p.Aliases = s.MITREAlias
	}
	switch s.Type {
	case "x-mitre-tactic":
		return &Tactic{p, s.Shortname}
	case "attack-pattern":
		t := &Technique{Properties: p, IsSubtechnique: s.Subtechnique}
		for _, k := range s.KillChain {
			if strings.HasPrefix(k.Chain, "mitre-") {
				t.Tactics = append(t.Tactics, k.Phase)
			}
		}
		return t
	case "course-of-action":
		return &Mitigation{p, s.Labels}
	case "x-mitre-asset":
		a := &Asset{Properties: p, Sectors: s.Sectors}
		for _, r := range s.Related {
			a.Related = append(a.Related, RelatedAsset{r.Name, r.Sectors, r.Description})
		}
		return a
	case "intrusion-set":
		return &Group{p}
	case "malware", "tool":
		return &Software{p, s.Type == "tool"}
	case "campaign":
		return &Campaign{p, c.time(s, s.FirstSeen), c.time(s, s.LastSeen)}
	case "x-mitre-data-source":
		return &DataSource{p}
	case "x-mitre-data-component":
		return &DataComponent{p, s.DataSourceRef, logSources(s.LogSources)}
	case "x-mitre-detection-strategy":
		return &DetectionStrategy{p, s.AnalyticRefs}
	case "x-mitre-analytic":
		return &Analytic{p, logSources(s.LogSourceRefs)}
	case "x-mitre-matrix":
		return &Matrix{p, s.TacticRefs}
	}
	return &Other{p}
}

func logSources(in []stixLogSource) []LogSource {
	var out []LogSource
	for _, s := range in {
		if s.Channel == "None" {
			s.Channel = ""
		}
		out = append(out, LogSource{s.Name, s.Channel, s.Ref})
	}
	return out
}

// references returns what the object cites. It reuses the decoded slice.
func references(s *stixObject) []Reference {
	if s.References = slices.DeleteFunc(s.References, isOwnPage); len(s.References) == 0 {
		return nil
	}
	return s.References
}

// time parses a STIX timestamp; the empty string gives the zero time.
func (c *Catalog) time(s *stixObject, t string) time.Time {
	if t == "" {
		return time.Time{}
	}
	v, err := time.Parse(time.RFC3339Nano, t)
	if err != nil {
		c.problem("%s: %v", s.ID, err)
	}
	return v
}

package mitre

import (
	"fmt"
	"slices"
	"strings"
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
		Type        string          `json:"type"`
		ID          string          `json:"id"`
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Created     string          `json:"created"`
		Modified    string          `json:"modified"`
		Revoked     bool            `json:"revoked"`
		Deprecated  bool            `json:"x_mitre_deprecated"`
		Version     string          `json:"x_mitre_version"`
		Domains     []string        `json:"x_mitre_domains"`
		Platforms   []string        `json:"x_mitre_platforms"`
		Aliases     []string        `json:"aliases"`
		MITREAlias  []string        `json:"x_mitre_aliases"`
		Labels      []string        `json:"labels"`
		References  []stixReference `json:"external_references"`

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
	stixReference struct {
		SourceName  string `json:"source_name"`
		ExternalID  string `json:"external_id"`
		URL         string `json:"url"`
		Description string `json:"description"`
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

// attackID returns the ATT&CK ID and page of an object. Its reference is named
// mitre-attack since 2021 and mitre-ics-attack or the like before.
func (o *stixObject) attackID() (id, url string, ok bool) {
	for _, r := range o.References {
		if isAttackReference(r) {
			return r.ExternalID, r.URL, true
		}
	}
	return "", "", false
}

func (o *stixObject) hasAttackID() bool {
	_, _, ok := o.attackID()
	return ok
}

func isAttackReference(r stixReference) bool {
	return r.ExternalID != "" && strings.HasPrefix(r.SourceName, "mitre-") && strings.HasSuffix(r.SourceName, "attack")
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
		byID:    make(map[string]Object, 2*n),
		sameID:  map[string][]Object{},
		byName:  make(map[string][]Object, n),
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
	c.index()
	c.arrange(c.link(objects, relationships), c.properties())
	c.describe(objects)
	return c
}

func (c *Catalog) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// index sorts the objects and makes them findable.
func (c *Catalog) index() {
	slices.SortFunc(c.objects, func(a, b Object) int {
		if n := strings.Compare(a.Common().STIXType, b.Common().STIXType); n != 0 {
			return n
		}
		return compareObjects(a, b)
	})
	first := 0
	for i, o := range c.objects {
		p := o.Common()
		p.place = int32(i)
		if i+1 == len(c.objects) || c.objects[i+1].Common().STIXType != p.STIXType {
			c.byType[p.STIXType] = c.objects[first : i+1 : i+1]
			first = i + 1
		}
		c.byID[p.STIXID] = o
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
		c.byName[strings.ToLower(p.Name)] = append(c.byName[strings.ToLower(p.Name)], o)
		for _, alias := range p.Aliases {
			if named := c.byName[strings.ToLower(alias)]; len(named) == 0 || named[len(named)-1] != o {
				c.byName[strings.ToLower(alias)] = append(named, o)
			}
		}
	}
	delete(c.byName, "")
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
}

// link resolves the relationships; one whose end is missing is a problem.
func (c *Catalog) link(objects []*stixObject, n int) []*Relationship {
	rels := make([]*Relationship, 0, n)
	slab := make([]Relationship, n) // one allocation for all
	seen := make(map[string]bool, n)
	for i, s := range objects {
		if s == nil || s.Type != "relationship" {
			continue
		}
		source, ok := c.byID[s.SourceRef]
		if !ok {
			c.problem("objects[%d]: %s starts at %s, which is not in the bundle", i, s.ID, s.SourceRef)
			continue
		}
		target, ok := c.byID[s.TargetRef]
		if !ok {
			c.problem("objects[%d]: %s ends at %s, which is not in the bundle", i, s.ID, s.TargetRef)
			continue
		}
		if s.ID == "" || seen[s.ID] {
			c.problem("objects[%d]: the relationship %s occurs twice or has no id; the first counts", i, s.ID)
			continue
		}
		seen[s.ID] = true
		r := &slab[len(rels)]
		*r = Relationship{
			STIXID: s.ID, Type: RelationshipType(s.RelationshipType), Source: source, Target: target,
			Description: s.Description, Created: c.time(s, s.Created), Modified: c.time(s, s.Modified),
			Revoked: s.Revoked, Deprecated: s.Deprecated, References: references(s),
		}
		rels = append(rels, r)
	}
	return rels
}

// properties returns the links that STIX keeps as properties, each once.
func (c *Catalog) properties() []*Relationship {
	var links []*Relationship
	type ends struct{ source, target Object }
	seen := map[ends]bool{}
	add := func(source Object, t RelationshipType, ref string) {
		if ref == "" {
			return
		}
		target, ok := c.byID[ref]
		if !ok {
			c.problem("%s: %s names %s, which is not in the bundle", source.Common().STIXID, t, ref)
		} else if e := (ends{source, target}); !seen[e] {
			seen[e] = true
			links = append(links, &Relationship{Type: t, Source: source, Target: target})
		}
	}
	for _, o := range c.objects {
		switch o := o.(type) {
		case *DetectionStrategy:
			for _, ref := range o.AnalyticRefs {
				add(o, HasAnalytic, ref)
			}
		case *Analytic:
			for _, s := range o.LogSources {
				add(o, ReadsComponent, s.DataComponentRef)
			}
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
			t, ok := Find[*Tactic](c, ref)
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
	id, url, _ := s.attackID()
	p := Properties{
		STIXID: s.ID, STIXType: s.Type, ID: id, Name: s.Name, Description: s.Description, URL: url,
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

func references(s *stixObject) []Reference {
	var out []Reference
	for i, r := range s.References {
		if !isAttackReference(r) {
			if out == nil {
				out = make([]Reference, 0, len(s.References)-i)
			}
			out = append(out, Reference{r.SourceName, r.Description, r.URL})
		}
	}
	return out
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

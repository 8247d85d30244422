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
		Type    string       `json:"type"`
		Objects []stixObject `json:"objects"`
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

func isAttackReference(r stixReference) bool {
	return r.ExternalID != "" && strings.HasPrefix(r.SourceName, "mitre-") && strings.HasSuffix(r.SourceName, "attack")
}

// build links the objects of a bundle.
func build(name string, objects []stixObject) *Catalog {
	c := &Catalog{
		info:   Info{Source: name},
		byType: map[string][]Object{},
		byID:   make(map[string]Object, 2*len(objects)),
		byName: make(map[string][]Object, len(objects)),
		from:   make(map[string][]*Relationship, len(objects)),
		to:     make(map[string][]*Relationship, len(objects)),
	}
	seen := make(map[string]int, len(objects))
	for i := range objects {
		s := &objects[i]
		if s.Type == "relationship" || s.ID == "" {
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
	c.link(objects)
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
	for _, o := range c.objects {
		p := o.Common()
		c.byType[p.STIXType] = append(c.byType[p.STIXType], o)
		c.byID[p.STIXID] = o
		if p.ID != "" {
			if other, ok := c.byID[p.ID]; !ok || !other.Common().Live() && p.Live() {
				c.byID[p.ID] = o
			}
		}
		names := append([]string{p.Name}, p.Aliases...)
		for i, n := range names {
			if n = strings.ToLower(n); n != "" && !slices.ContainsFunc(names[:i], func(s string) bool { return strings.EqualFold(s, n) }) {
				c.byName[n] = append(c.byName[n], o)
			}
		}
	}
}

// link resolves the relationships; one whose end is missing is a problem.
func (c *Catalog) link(objects []stixObject) {
	seen := map[string]bool{}
	for i := range objects {
		s := &objects[i]
		if s.Type != "relationship" {
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
		if seen[s.ID] {
			c.problem("objects[%d]: %s occurs twice; the first counts", i, s.ID)
			continue
		}
		seen[s.ID] = true
		c.rels = append(c.rels, &Relationship{
			STIXID: s.ID, Type: RelationshipType(s.RelationshipType), Source: source, Target: target,
			Description: s.Description, Created: c.time(s, s.Created), Modified: c.time(s, s.Modified),
			Revoked: s.Revoked, Deprecated: s.Deprecated, References: references(s),
		})
	}
	slices.SortFunc(c.rels, func(a, b *Relationship) int {
		if n := strings.Compare(string(a.Type), string(b.Type)); n != 0 {
			return n
		}
		if n := compareObjects(a.Source, b.Source); n != 0 {
			return n
		}
		if n := compareObjects(a.Target, b.Target); n != 0 {
			return n
		}
		return strings.Compare(a.STIXID, b.STIXID)
	})
	for _, r := range c.rels {
		s, t := r.Source.Common().STIXID, r.Target.Common().STIXID
		c.from[s] = append(c.from[s], r)
		c.to[t] = append(c.to[t], r)
	}
}

// describe finds the release's name and the order of its tactics.
func (c *Catalog) describe(objects []stixObject) {
	for i := range objects {
		if o := &objects[i]; o.Type == "x-mitre-collection" && c.info.Version == "" {
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
	for i := range objects {
		for _, k := range objects[i].KillChain {
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
	for _, r := range s.References {
		if !isAttackReference(r) {
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

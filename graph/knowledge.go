package graph

import (
	"errors"
	"fmt"
	"sync"

	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/mitre"
)

// Knowledge is the source of what this module carries about weaknesses and
// devices: the CWE and OWASP IoT catalogues (cited), the mapping from
// weaknesses to techniques and the effect of device constraints on mitigations
// (both analyst). It needs [Attack] before it.
func Knowledge() Source { return knowledge{} }

// Weakness is an entry of a weakness catalogue.
type Weakness struct {
	ID   string `json:"id"` // CWE-798, OWASP-IOT-2018-I1
	Name string `json:"name"`
	// Kind is "category" or "view" for an entry that groups weaknesses and is
	// none itself; empty for a weakness.
	Kind    string   `json:"kind,omitempty"`
	Parents []string `json:"parents,omitempty"` // more general entries, nearest view first
}

// Constraint is something that can't be done on a device.
type Constraint struct {
	ID      string `json:"id"` // no_agent
	Meaning string `json:"meaning"`
	Effects []struct {
		Mitigation string `json:"mitigation"`
		Effect     string `json:"effect"` // rules_out or makes_hard
		Why        string `json:"why"`
	} `json:"effects"`
}

type (
	knowledge         struct{}
	weaknessCatalogue struct {
		Catalogue  string      `json:"catalogue"`
		Version    string      `json:"version"`
		Weaknesses []*Weakness `json:"weaknesses"`
	}
	mapping struct {
		Version string `json:"version"`
		Links   []struct {
			Weakness   string  `json:"weakness"`
			Technique  string  `json:"technique"`
			Relation   string  `json:"relation"`
			Confidence float64 `json:"confidence"`
			Rationale  string  `json:"rationale"`
		} `json:"links"`
	}
	constraints struct {
		Version     string        `json:"version"`
		Constraints []*Constraint `json:"constraints"`
	}
)

func (knowledge) write(*batch, *index) error { return errors.New("graph: Knowledge was not expanded") }

// parts are the sources that the embedded files hold.
func (knowledge) parts() ([]Source, error) { return embeddedKnowledge() }

var embeddedKnowledge = sync.OnceValues(func() ([]Source, error) {
	var (
		cwe, owasp weaknessCatalogue
		links      mapping
		limits     constraints
	)
	for name, v := range map[string]any{
		data.CWE: &cwe, data.OWASPIoT: &owasp, data.Mapping: &links, data.Constraints: &limits,
	} {
		b, err := data.FS.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(b, v)
		}
		if err != nil {
			return nil, fmt.Errorf("graph: embedded %s: %w", name, err)
		}
	}
	return []Source{&cwe, &owasp, &links, &limits}, nil
})

func (c *weaknessCatalogue) write(b *batch, _ *index) error {
	b.from(Cited, c.Catalogue+" "+c.Version, "weakness/"+label(c.Catalogue)+"/"+label(c.Version))
	for _, w := range c.Weaknesses {
		b.node(weaknessKey(w.ID), "Weakness", w.Name, w)
		for _, p := range w.Parents {
			b.edge(weaknessKey(w.ID), predParent, weaknessKey(p))
		}
	}
	return nil
}

func (m *mapping) write(b *batch, known *index) error {
	b.from(Analyst, "mitigraph mapping "+m.Version, "mapping/"+label(m.Version))
	catalog, err := catalogOf(known, "Knowledge")
	if err != nil {
		return err
	}
	missing := map[string]bool{}
	for _, l := range m.Links {
		if l.Confidence <= 0 || l.Confidence > 1 {
			return fmt.Errorf("graph: mapping %s to %s: confidence %v is not in (0, 1]", l.Weakness, l.Technique, l.Confidence)
		}
		t, ok := techniqueIn(catalog, l.Technique)
		if !ok {
			missing[l.Technique] = true
			continue
		}
		b.linkEdge(weaknessKey(l.Weakness), predOpens, attackKey(catalog, t), &Link{
			Provenance: b.provenance, Confidence: l.Confidence, Rationale: l.Rationale, Relation: l.Relation,
		})
	}
	for _, id := range sorted(missing) {
		b.warn(b.provenance.Source, id, "the mapping names this technique, but %s has none like it; its links are left out", catalog.Info())
	}
	return nil
}

// techniqueIn finds the live technique that an ID of the embedded release
// stands for in another release: itself, what replaced it, what it replaced
// (T0855 in releases before T1692.001), or the parent of a sub-technique that
// the release does not have yet.
func techniqueIn(c *mitre.Catalog, id string) (*mitre.Technique, bool) {
	if t, ok := liveTechnique(c, id); ok {
		return t, true
	}
	facts, err := mitre.Embedded()
	if err != nil {
		return nil, false
	}
	t, ok := mitre.Find[*mitre.Technique](facts, id)
	if !ok {
		return nil, false
	}
	for r := range facts.To(t, mitre.RevokedBy) {
		if old, ok := liveTechnique(c, r.Source.Common().ID); ok {
			return old, true
		}
	}
	for r := range facts.From(t, mitre.SubtechniqueOf) {
		if parent, ok := liveTechnique(c, r.Target.Common().ID); ok {
			return parent, true
		}
	}
	return nil, false
}

// liveTechnique resolves an ID within one release.
func liveTechnique(c *mitre.Catalog, id string) (*mitre.Technique, bool) {
	r, err := c.Resolve(id)
	if err != nil {
		return nil, false
	}
	t, ok := r.Object.(*mitre.Technique)
	return t, ok && t.Live()
}

func (c *constraints) write(b *batch, known *index) error {
	b.from(Analyst, "mitigraph constraints "+c.Version, "constraints/"+label(c.Version))
	catalog, err := catalogOf(known, "Knowledge")
	if err != nil {
		return err
	}
	for _, limit := range c.Constraints {
		b.node(constraintKey(limit.ID), "Constraint", limit.ID, limit)
		for _, e := range limit.Effects {
			m, ok := mitre.Find[*mitre.Mitigation](catalog, e.Mitigation)
			if !ok {
				continue // an older release without it has nothing to rule out
			}
			p := predRulesOut
			if e.Effect == "makes_hard" {
				p = predMakesHard
			}
			b.linkEdge(constraintKey(limit.ID), p, attackKey(catalog, m), &Link{
				Provenance: b.provenance, Confidence: 1, Rationale: e.Why,
			})
		}
	}
	return nil
}

// catalogOf returns the release that the graph holds.
func catalogOf(x *index, who string) (*mitre.Catalog, error) {
	for _, r := range all[*release](x) {
		return r.catalog, nil
	}
	return nil, fmt.Errorf("graph: %s needs an ATT&CK release: add Attack first", who)
}

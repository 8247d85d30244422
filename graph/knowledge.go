package graph

import (
	"errors"
	"fmt"
	"sync"

	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/data"
)

// Knowledge is the source of what this module carries about weaknesses and
// devices: the CWE, OWASP IoT and EMB3D catalogues (cited), the mappings from
// weaknesses and from EMB3D's threats to techniques, the effect of device
// constraints on mitigations and what areas of generative AI do for mitigations
// (all analyst). It needs [Attack] before it.
func Knowledge() Source { return knowledge{} }

// Weakness is an entry of a weakness catalogue.
type Weakness struct {
	ID   string `json:"id"` // CWE-798, OWASP-IOT-2018-I1, TID-311, PID-12
	Name string `json:"name"`
	// Kind is "category" or "view" for an entry that groups weaknesses and is
	// none itself, and "threat" or "property" for one of EMB3D; empty for a
	// weakness.
	Kind    string   `json:"kind,omitempty"`
	Parents []string `json:"parents,omitempty"` // more general entries, nearest view first
}

// emb3dMitigation is what EMB3D advises the maker of a device against a threat.
// It is no mitigation of ATT&CK and answers no technique.
type emb3dMitigation struct {
	ID       string   `json:"id"` // MID-001
	Name     string   `json:"name"`
	Maturity string   `json:"maturity"`                // foundational, intermediate or leading
	IEC62443 []string `json:"iec_62443_4_2,omitempty"` // requirements of part 4-2: "CR 1.1 RE 2"
}

// deviceKind is a kind of device, as far as the mapping tells them apart: a
// technique that follows from a weakness of a controller need not follow from
// the same weakness of a camera.
type deviceKind struct {
	ID     string   `json:"id"` // controller, operator, server, network, iot, cloud
	Means  string   `json:"means"`
	Assets []string `json:"assets"` // ATT&CK assets of this kind; none for iot and cloud
}

// constraint is something that can't be done on a device.
type constraint struct {
	ID      string     `json:"id"`      // no_agent
	Meaning string     `json:"meaning"` // in words for people
	Effects []struct { // on mitigations by ATT&CK ID; what is not there is as feasible as ever
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
	emb3dCatalogue struct {
		Catalogue  string `json:"catalogue"`
		Version    string `json:"version"`
		Properties []struct {
			Weakness
			Threats []string `json:"threats"`
		} `json:"properties"`
		Threats []struct {
			Weakness
			CWEs        []string `json:"cwes"`
			Mitigations []string `json:"mitigations"`
		} `json:"threats"`
		Mitigations []*emb3dMitigation `json:"mitigations"`
	}
	mapping struct {
		of      string // the catalogue, where another mapping has the rest
		Version string `json:"version"`
		Links   []struct {
			Weakness   string   `json:"weakness"`
			Technique  string   `json:"technique"`
			Relation   string   `json:"relation"`
			Confidence float64  `json:"confidence"`
			Devices    []string `json:"devices"`
			Rationale  string   `json:"rationale"`
		} `json:"links"`
		// None holds weaknesses from which nothing follows, also not what
		// follows from a more general one.
		None []struct {
			Weakness  string `json:"weakness"`
			Rationale string `json:"rationale"`
		} `json:"none"`
		DeviceKinds map[string]*deviceKind `json:"device_kinds"`
	}
	constraints struct {
		Version     string        `json:"version"`
		Constraints []*constraint `json:"constraints"`
	}
)

func (knowledge) origin() (origin, error)    { return origin{}, errNotExpanded }
func (knowledge) write(*batch, *index) error { return errNotExpanded }

var errNotExpanded = errors.New("graph: a source of several parts was not expanded")

// parts are the sources that the embedded files hold.
func (knowledge) parts() ([]Source, error) { return embeddedKnowledge() }

var embeddedKnowledge = sync.OnceValues(func() ([]Source, error) {
	var (
		cwe, owasp weaknessCatalogue
		emb3d      emb3dCatalogue
		links      mapping
		ofEMB3D    = mapping{of: "EMB3D"}
		limits     constraints
		reach      areas
	)
	for name, v := range map[string]any{
		data.CWE: &cwe, data.OWASPIoT: &owasp, data.EMB3D: &emb3d,
		data.Mapping: &links, data.MappingEMB3D: &ofEMB3D, data.Constraints: &limits, data.Coverage: &reach,
	} {
		b, err := data.FS.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(b, v)
		}
		if err != nil {
			return nil, fmt.Errorf("graph: embedded %s: %w", name, err)
		}
	}
	return []Source{&cwe, &owasp, &emb3d, &links, &ofEMB3D, &limits, &reach}, nil
})

func (c *weaknessCatalogue) origin() (origin, error) {
	o := originOf(Cited, c.Catalogue+" "+c.Version, "weakness/"+label(c.Catalogue)+"/"+label(c.Version))
	o.whole = true
	return o, nil
}

func (c *weaknessCatalogue) write(b *batch, _ *index) error {
	for _, w := range c.Weaknesses {
		b.node(weaknessKey(w.ID), "Weakness", w.Name, w)
		for _, p := range w.Parents {
			b.edge(weaknessKey(w.ID), predParent, weaknessKey(p))
		}
	}
	return nil
}

func (c *emb3dCatalogue) origin() (origin, error) {
	return (&weaknessCatalogue{Catalogue: c.Catalogue, Version: c.Version}).origin()
}

func (c *emb3dCatalogue) write(b *batch, _ *index) error {
	for i := range c.Properties {
		p := c.Properties[i].Weakness
		p.Kind = "property"
		b.node(weaknessKey(p.ID), "Weakness", p.Name, &p)
		for _, parent := range p.Parents {
			b.edge(weaknessKey(p.ID), predParent, weaknessKey(parent))
		}
		for _, t := range c.Properties[i].Threats {
			b.edge(weaknessKey(p.ID), predExposes, weaknessKey(t))
		}
	}
	for i := range c.Threats {
		t := c.Threats[i].Weakness
		t.Kind = "threat"
		b.node(weaknessKey(t.ID), "Weakness", t.Name, &t)
		for _, cwe := range c.Threats[i].CWEs {
			b.edge(weaknessKey(t.ID), predNames, weaknessKey(cwe))
		}
		for _, m := range c.Threats[i].Mitigations {
			b.edge(emb3dKey(m), predCounters, weaknessKey(t.ID))
		}
	}
	for _, m := range c.Mitigations {
		b.node(emb3dKey(m.ID), "EMB3DMitigation", m.Name, m)
	}
	return nil
}

func (m *mapping) origin() (origin, error) {
	source, name := "mitigraph mapping ", "mapping/"
	if m.of != "" {
		source, name = "mitigraph "+m.of+" mapping ", name+label(m.of)+"/"
	}
	o := originOf(Analyst, source+m.Version, name+label(m.Version))
	o.whole = true
	return o, nil
}

func (m *mapping) write(b *batch, known *index) error {
	if _, err := known.release("Knowledge"); err != nil {
		return err
	}
	for _, id := range sorted(m.DeviceKinds) {
		k := *m.DeviceKinds[id]
		k.ID = id
		b.node(kindKey(id), "DeviceKind", id, &k)
		for _, asset := range k.Assets {
			b.edge(kindKey(id), predCovers, "attack:"+asset)
		}
	}
	for _, n := range m.None {
		key := weaknessKey(n.Weakness)
		b.linkEdge(key, predNothing, key, &Link{Provenance: b.Provenance, Confidence: 1, Rationale: n.Rationale})
	}
	for _, l := range m.Links {
		if l.Confidence <= 0 || l.Confidence > 1 {
			return fmt.Errorf("graph: mapping %s to %s: confidence %v is not in (0, 1]", l.Weakness, l.Technique, l.Confidence)
		}
		b.linkEdge(weaknessKey(l.Weakness), predOpens, "attack:"+l.Technique, &Link{
			Provenance: b.Provenance, Confidence: l.Confidence, Rationale: l.Rationale, Relation: l.Relation, Devices: l.Devices,
		})
	}
	return nil
}

func (c *constraints) origin() (origin, error) {
	o := originOf(Analyst, "mitigraph constraints "+c.Version, "constraints/"+label(c.Version))
	o.whole = true
	return o, nil
}

func (c *constraints) write(b *batch, known *index) error {
	if _, err := known.release("Knowledge"); err != nil {
		return err
	}
	for _, limit := range c.Constraints {
		b.node(constraintKey(limit.ID), "Constraint", limit.ID, limit)
		for _, e := range limit.Effects {
			p := predRulesOut
			if e.Effect == "makes_hard" {
				p = predMakesHard
			}
			b.linkEdge(constraintKey(limit.ID), p, "attack:"+e.Mitigation, &Link{
				Provenance: b.Provenance, Confidence: 1, Rationale: e.Why,
			})
		}
	}
	return nil
}

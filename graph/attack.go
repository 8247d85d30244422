package graph

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// Attack is the source of everything that an ATT&CK release says: objects
// and relationships, revoked and deprecated ones too. Several releases of one
// domain may be in a graph; the newest is in force, and [Snapshot.On] looks
// through another. The same version again, such as the official bundle after
// the embedded facts, takes the place of the one before.
func Attack(c *mitre.Catalog) Source { return attack{c} }

type attack struct{ catalog *mitre.Catalog }

// release is the document of the release itself.
type release struct{ mitre.Info }

func (a attack) origin() (origin, error) {
	if a.catalog == nil {
		return origin{}, errors.New("graph: Attack: the catalogue is nil")
	}
	info := a.catalog.Info()
	o := originOf(Official, info.String(), attackLabel(info))
	o.whole = true
	return o, nil
}

func (a attack) write(b *batch, known *index) error {
	c := a.catalog
	info := c.Info()
	for _, r := range all[*release](known) {
		if r.Domain != info.Domain {
			return fmt.Errorf("graph: Attack: the graph holds %s; a graph has one domain, so %s needs a graph of its own", r.Info, info)
		}
	}
	b.catalog = c
	b.node("release:"+attackLabel(info), "Release", info.String(), &release{info})
	for o := range mitre.All[mitre.Object](c) {
		b.node(attackKey(c, o), class(o), o.Common().Name, o)
	}
	for t := range mitre.All[*mitre.Technique](c) {
		for tactic := range c.TacticsOf(t) {
			b.edge(attackKey(c, t), predInTactic, attackKey(c, tactic))
		}
	}
	for d := range mitre.All[*mitre.DetectionStrategy](c) {
		for _, ref := range d.AnalyticRefs {
			if o, ok := c.Lookup(ref); ok {
				b.edge(attackKey(c, d), predAnalytic, attackKey(c, o))
			}
		}
	}
	for an := range mitre.All[*mitre.Analytic](c) {
		for _, s := range an.LogSources {
			if o, ok := c.Lookup(s.DataComponentRef); ok {
				b.edge(attackKey(c, an), predLogSource, attackKey(c, o))
			}
		}
	}
	for r := range c.Relationships() {
		b.edge(attackKey(c, r.Source), relationPredicate(r), attackKey(c, r.Target))
	}
	return nil
}

func attackLabel(i mitre.Info) string {
	return strings.TrimSuffix("attack/"+i.Domain+"/"+i.Version, "/")
}

// attackKey is attack:T0855 for the object that the ATT&CK ID stands for, and
// the STIX ID for everything else.
func attackKey(c *mitre.Catalog, o mitre.Object) string {
	p := o.Common()
	if p.ID != "" {
		if named, ok := c.Lookup(p.ID); ok && named == o {
			return "attack:" + p.ID
		}
	}
	return "stix:" + p.STIXID
}

// relationPredicate keeps retired relationships apart from live ones of the
// same type, so that no question walks them by accident.
func relationPredicate(r *mitre.Relationship) predicate {
	if r.Revoked || r.Deprecated {
		return predicate("rel:retired-" + string(r.Type))
	}
	return predicate("rel:" + string(r.Type))
}

func class(o mitre.Object) string {
	switch o.(type) {
	case *mitre.Tactic:
		return "Tactic"
	case *mitre.Technique:
		return "Technique"
	case *mitre.Mitigation:
		return "Mitigation"
	case *mitre.Asset:
		return "Asset"
	case *mitre.Group:
		return "Group"
	case *mitre.Software:
		return "Software"
	case *mitre.Campaign:
		return "Campaign"
	case *mitre.DataSource:
		return "DataSource"
	case *mitre.DataComponent:
		return "DataComponent"
	case *mitre.DetectionStrategy:
		return "DetectionStrategy"
	case *mitre.Analytic:
		return "Analytic"
	case *mitre.Matrix:
		return "Matrix"
	}
	return "Other"
}

package graph

import (
	"fmt"
	"iter"
	"slices"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// Supposition is a change to a site that was not made yet.
type Supposition struct {
	// Device is the device that it is about; empty for the whole site.
	Device string   `json:"device,omitempty"`
	Deploy []string `json:"deploy,omitempty"` // mitigations to deploy, by ATT&CK ID
	// Lift holds the constraints that no longer hold; without a device those
	// of all devices.
	Lift []string `json:"lift,omitempty"`
}

// supposed is the origin of what is only supposed.
var supposed = Provenance{Site, "supposed"}

// Suppose answers "what if": it returns the snapshot as it would be with the
// changes made, in their order. Nothing is written; s stays as it is. [Snapshot.Since] tells
// what they change. An unknown mitigation, device or constraint is an error
// that names it, and so is lifting a constraint that the device does not have.
// Without a release ([Attack]) nothing can be supposed.
func (s *Snapshot) Suppose(changes ...Supposition) (*Snapshot, error) {
	catalog, err := s.index().release("Suppose")
	if err != nil {
		return nil, err
	}
	next := s.index().clone()
	for i, c := range changes {
		b := &batch{origin: origin{Provenance: supposed}}
		at := func(format string, args ...any) error {
			return fmt.Errorf("graph: Suppose: change %d: %s", i, fmt.Sprintf(format, args...))
		}
		target := deviceKey(c.Device)
		if c.Device == "" {
			target = siteKey("site")
			for key := range all[*SiteDescription](next) {
				target = key
				break
			}
			if _, ok := doc[*SiteDescription](next, target); !ok {
				b.node(target, "Site", "site", &SiteDescription{Site: "site"})
			}
		} else if _, ok := doc[*Device](next, target); !ok {
			return nil, at("the site describes no device %q%s", c.Device, finding.Meant(c.Device, deviceNames(next)))
		}
		for _, id := range c.Deploy {
			r, err := catalog.Resolve(id)
			if err != nil {
				return nil, at("mitigation %q is not in %s%s", id, catalog.Info(), meant[*mitre.Mitigation](catalog, id))
			}
			m, ok := r.Object.(*mitre.Mitigation)
			if !ok {
				return nil, at("%s is %s, not a mitigation", id, r.Object.Common().Name)
			}
			b.edge(target, predDeployed, attackKey(catalog, m))
		}
		next.add(b)
		for _, id := range c.Lift {
			if _, ok := doc[*constraint](next, constraintKey(id)); !ok {
				return nil, at("unknown constraint %q%s", id, finding.Meant(id, slices.Values(constraintIDs(next))))
			}
			lifted := false
			for key, d := range all[*Device](next) {
				if c.Device == "" || d.ID == c.Device {
					lifted = next.remove(key, predLimited, constraintKey(id)) || lifted
				}
			}
			if !lifted {
				return nil, at("no device in question is limited by %q", id)
			}
		}
	}
	was := s.told()
	return &Snapshot{layers: was.layers, known: next, today: was.today}, nil
}

func deviceNames(x *index) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, d := range all[*Device](x) {
			if !yield(d.ID) {
				return
			}
		}
	}
}

// remove takes the edges with one predicate between two nodes out, whatever
// their source; false when there is none.
func (x *index) remove(from string, p predicate, to string) bool {
	i, ok := x.ids[from]
	j, is := x.ids[to]
	if !ok || !is {
		return false
	}
	without := func(edges []edge, other int32) []edge {
		return slices.DeleteFunc(slices.Clone(edges), func(e edge) bool { return e.pred == p && e.node == other })
	}
	out := without(x.out[i], j)
	removed := len(out) < len(x.out[i])
	x.out[i], x.in[j] = out, without(x.in[j], i)
	return removed
}

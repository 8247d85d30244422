package mitre

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
)

// Outgoing iterates over the objects of type T that relationships of the given
// type lead to from o, each with its relationship, in order of their ATT&CK
// IDs. Relationships and objects that are revoked or deprecated are left out;
// o itself may be either. An object comes once for each relationship to it.
// Nothing is allocated. Nil, and an object that the catalogue lacks, has no
// relationships.
//
//	for technique, r := range mitre.Outgoing[*mitre.Technique](c, group, mitre.Uses)
func Outgoing[T Object](c *Catalog, o Object, t RelationshipType) iter.Seq2[T, *Relationship] {
	return func(yield func(T, *Relationship) bool) {
		for _, r := range c.ofType(c.out, o, t) {
			if other, ok := r.Target.(T); ok && r.live(r.Target) && !yield(other, r) {
				return
			}
		}
	}
}

// Incoming is [Outgoing] against the direction of the relationships: it
// iterates over the objects of type T from which one leads to o.
//
//	for mitigation, r := range mitre.Incoming[*mitre.Mitigation](c, technique, mitre.Mitigates)
func Incoming[T Object](c *Catalog, o Object, t RelationshipType) iter.Seq2[T, *Relationship] {
	return func(yield func(T, *Relationship) bool) {
		for _, r := range c.ofType(c.in, o, t) {
			if other, ok := r.Source.(T); ok && r.live(r.Source) && !yield(other, r) {
				return
			}
		}
	}
}

// live reports whether neither the relationship nor the given end is retired.
func (r *Relationship) live(end Object) bool {
	return !r.Revoked && !r.Deprecated && end.Common().Live()
}

// From iterates over all relationships of the given type that start at o, in
// order of the target's ATT&CK ID: also those that are revoked or deprecated
// or end at such an object. [Outgoing] leaves these out.
func (c *Catalog) From(o Object, t RelationshipType) iter.Seq[*Relationship] {
	return slices.Values(c.ofType(c.out, o, t))
}

// To iterates over all relationships of the given type that end at o, in
// order of the source's ATT&CK ID: also those that are revoked or deprecated
// or start at such an object. [Incoming] leaves these out.
func (c *Catalog) To(o Object, t RelationshipType) iter.Seq[*Relationship] {
	return slices.Values(c.ofType(c.in, o, t))
}

// ofType returns the relationships of one type of an object.
func (c *Catalog) ofType(side [][]*Relationship, o Object, t RelationshipType) []*Relationship {
	if o == nil {
		return nil
	}
	p := o.Common()
	if i := int(p.place); i >= len(c.objects) || c.objects[i] != o {
		// Of another catalogue, a copy, or made by hand.
		own, ok := c.byID[p.STIXID]
		if !ok {
			return nil
		}
		p = own.Common()
	}
	all := side[p.place]
	from := sort.Search(len(all), func(i int) bool { return all[i].Type >= t })
	n := sort.Search(len(all)-from, func(i int) bool { return all[from+i].Type > t })
	return all[from : from+n]
}

// Attributed iterates over the objects of type T, software or techniques,
// that a group uses, itself or in a campaign that is attributed to it, in
// order of their ATT&CK IDs. With each come the relationships that show it: a
// use by the group, or a use by a campaign and the campaign's attribution.
// What is revoked or deprecated is left out.
func Attributed[T Object](c *Catalog, g *Group) iter.Seq2[T, []*Relationship] {
	if g == nil {
		return func(func(T, []*Relationship) bool) {}
	}
	shown := map[Object][]*Relationship{}
	for o, r := range Outgoing[T](c, g, Uses) {
		shown[o] = append(shown[o], r)
	}
	for campaign, attribution := range Incoming[*Campaign](c, g, AttributedTo) {
		for o, r := range Outgoing[T](c, campaign, Uses) {
			shown[o] = append(shown[o], r, attribution)
		}
	}
	return ordered[T](shown)
}

// GroupsUsing iterates over the groups that use a technique or software,
// themselves or in a campaign that is attributed to them: [Attributed] in the
// other direction, with the same relationships.
func (c *Catalog) GroupsUsing(o Object) iter.Seq2[*Group, []*Relationship] {
	shown := map[Object][]*Relationship{}
	for g, r := range Incoming[*Group](c, o, Uses) {
		shown[g] = append(shown[g], r)
	}
	for campaign, r := range Incoming[*Campaign](c, o, Uses) {
		for g, attribution := range Outgoing[*Group](c, campaign, AttributedTo) {
			shown[g] = append(shown[g], r, attribution)
		}
	}
	return ordered[*Group](shown)
}

// ordered iterates over a map by its keys' ATT&CK IDs.
func ordered[T Object](m map[Object][]*Relationship) iter.Seq2[T, []*Relationship] {
	keys := make([]Object, 0, len(m))
	for o := range m {
		keys = append(keys, o)
	}
	slices.SortFunc(keys, compareObjects)
	return func(yield func(T, []*Relationship) bool) {
		for _, o := range keys {
			if !yield(o.(T), m[o]) {
				return
			}
		}
	}
}

// FullName returns the technique's name, and for a sub-technique the parent's
// name before it, as ATT&CK writes it: "Insecure Credentials: Hardcoded
// Credentials".
func (c *Catalog) FullName(t *Technique) string {
	for r := range c.From(t, SubtechniqueOf) {
		if !r.Revoked && !r.Deprecated {
			return r.Target.Common().Name + ": " + t.Name
		}
	}
	return t.Name
}

// LogSources iterates over the log sources by which a technique can be
// detected: those of the live analytics of its live detection strategies or,
// before release 18, the names of the data components that detect it. It
// yields nothing where ATT&CK names no place to collect from.
func (c *Catalog) LogSources(t *Technique) iter.Seq[LogSource] {
	return func(yield func(LogSource) bool) {
		for r := range c.To(t, Detects) {
			if !r.Live() {
				continue
			}
			switch d := r.Source.(type) {
			case *DataComponent:
				if !yield(LogSource{Name: d.Name, DataComponentRef: d.STIXID}) {
					return
				}
			case *DetectionStrategy:
				for _, ref := range d.AnalyticRefs {
					a, ok := Find[*Analytic](c, ref)
					if !ok || !a.Live() {
						continue
					}
					for _, s := range a.LogSources {
						if !yield(s) {
							return
						}
					}
				}
			}
		}
	}
}

// arrange builds the adjacency of relationships and of links that are
// properties, and sorts the relationships.
func (c *Catalog) arrange(rels, properties []*Relationship) {
	c.rels = rels
	// Objects in the order of their ATT&CK IDs, whatever their type.
	order := slices.Clone(c.objects)
	slices.SortFunc(order, compareObjects)
	rank := make([]uint64, len(order))
	for i, o := range order {
		rank[o.Common().place] = uint64(i)
	}
	types := map[RelationshipType]uint64{}
	for _, list := range [][]*Relationship{c.rels, properties} {
		for _, r := range list {
			types[r.Type] = 0
		}
	}
	names := make([]RelationshipType, 0, len(types))
	for t := range types {
		names = append(names, t)
	}
	slices.Sort(names)
	for i, t := range names {
		types[t] = uint64(i)
	}
	// Sorting small keys, not strings, saves a third of the loading time of
	// a large release.
	type keyed struct {
		typ, ends uint64 // ends: the rank of source and target
		r         *Relationship
	}
	keys := make([]keyed, 0, len(c.rels)+len(properties))
	for _, list := range [][]*Relationship{c.rels, properties} {
		for _, r := range list {
			keys = append(keys, keyed{types[r.Type], rank[r.Source.Common().place]<<32 | rank[r.Target.Common().place], r})
		}
	}
	slices.SortFunc(keys, func(a, b keyed) int {
		if a.typ != b.typ {
			return cmp.Compare(a.typ, b.typ)
		}
		if a.ends != b.ends {
			return cmp.Compare(a.ends, b.ends)
		}
		return strings.Compare(a.r.STIXID, b.r.STIXID)
	})
	// One array for each direction, cut into the objects' parts.
	c.out = cut(len(c.objects), keys, func(k keyed) (int32, *Relationship) { return k.r.Source.Common().place, k.r })
	c.in = cut(len(c.objects), keys, func(k keyed) (int32, *Relationship) { return k.r.Target.Common().place, k.r })
	c.rels = c.rels[:0]
	for _, k := range keys {
		if k.r.STIXID != "" {
			c.rels = append(c.rels, k.r)
		}
	}
}

// cut distributes the links to n objects, keeping their order.
func cut[K any](n int, keys []K, of func(K) (int32, *Relationship)) [][]*Relationship {
	sizes := make([]int32, n)
	for _, k := range keys {
		at, _ := of(k)
		sizes[at]++
	}
	parts, array := make([][]*Relationship, n), make([]*Relationship, len(keys))
	for i, size := range sizes {
		parts[i], array = array[:0:size], array[size:]
	}
	for _, k := range keys {
		at, r := of(k)
		parts[at] = append(parts[at], r)
	}
	return parts
}

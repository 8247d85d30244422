package mitre

import (
	"iter"
	"maps"
	"reflect"
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

// isNil reports whether there is no object, also where an interface holds a
// nil pointer.
func isNil(o Object) bool {
	if o == nil {
		return true
	}
	v := reflect.ValueOf(o)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// own returns what the catalogue has of an object, which may be of another
// one, a copy, or made by hand.
func (c *Catalog) own(o Object) (*Properties, bool) {
	if isNil(o) {
		return nil, false
	}
	p := o.Common()
	if i := int(p.place); i < len(c.objects) && c.objects[i] == o {
		return p, true
	}
	own, ok := c.bySTIX[p.STIXID]
	if !ok {
		return nil, false
	}
	return own.Common(), true
}

// ofType returns the relationships of one type of an object.
func (c *Catalog) ofType(side [][]*Relationship, o Object, t RelationshipType) []*Relationship {
	p, ok := c.own(o)
	if !ok {
		return nil
	}
	all := side[p.place]
	from := sort.Search(len(all), func(i int) bool { return all[i].Type >= t })
	n := sort.Search(len(all)-from, func(i int) bool { return all[from+i].Type > t })
	return all[from : from+n]
}

// Attributed iterates over the objects of type T, software or techniques,
// that a group uses, itself or in a campaign that is attributed to it, in
// order of their ATT&CK IDs. With each come the relationships that show it:
// the group's own uses, then of each campaign the use and after it the
// campaign's attribution. What is revoked or deprecated is left out. All is
// found when Attributed is called, not when the answer is gone through.
//
// What a group's software can do is not among its techniques;
// [Catalog.SoftwareTechniques] adds it.
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

// SoftwareTechniques iterates over the techniques of the software that a group
// uses, itself or in a campaign that is attributed to it, in order of their
// ATT&CK IDs, whether or not the group is known to use them. With each come
// the software's uses of it. What is revoked or deprecated is left out.
func (c *Catalog) SoftwareTechniques(g *Group) iter.Seq2[*Technique, []*Relationship] {
	shown := map[Object][]*Relationship{}
	for software := range Attributed[*Software](c, g) {
		for t, r := range Outgoing[*Technique](c, software, Uses) {
			shown[t] = append(shown[t], r)
		}
	}
	return ordered[*Technique](shown)
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

// FullName returns the object's name, and for a sub-technique the parent's
// name before it, as ATT&CK writes it: "Insecure Credentials: Hardcoded
// Credentials". Nil has none.
func (c *Catalog) FullName(o Object) string {
	if isNil(o) {
		return ""
	}
	name := o.Common().Name
	for r := range c.From(o, SubtechniqueOf) {
		if !r.Revoked && !r.Deprecated {
			return r.Target.Common().Name + ": " + name
		}
	}
	return name
}

// DataComponents iterates over the data components by which a technique can be
// detected, each once, in order of their ATT&CK IDs: those that detect it or,
// since release 18, those that the analytics of its detection strategies read.
// What is revoked or deprecated is left out.
func (c *Catalog) DataComponents(t *Technique) iter.Seq[*DataComponent] {
	found := map[Object][]*Relationship{}
	for d := range Incoming[*DataComponent](c, t, Detects) {
		found[d] = nil
	}
	for strategy := range Incoming[*DetectionStrategy](c, t, Detects) {
		for analytic := range Outgoing[*Analytic](c, strategy, HasAnalytic) {
			for d := range Outgoing[*DataComponent](c, analytic, ReadsComponent) {
				found[d] = nil
			}
		}
	}
	return func(yield func(*DataComponent) bool) {
		for d := range ordered[*DataComponent](found) {
			if !yield(d) {
				return
			}
		}
	}
}

// LogSources iterates over the log sources by which a technique can be
// detected: those of the live analytics of its live detection strategies or,
// before release 18, the names of the data components that detect it. They
// come by strategy or component in order of ATT&CK IDs, then as the bundle
// lists analytics and their log sources, and one may come again. It yields
// nothing where ATT&CK names no place to collect from.
// [Catalog.DataComponents] gives the components themselves.
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

// arrange sorts the links, those that are properties among them, and gives
// each object its part of them. The objects come in the order of their ATT&CK
// IDs.
func (c *Catalog) arrange(ranked []Object, links []*Relationship) {
	types := map[RelationshipType]int32{}
	for _, r := range links {
		types[r.Type] = 0
	}
	for i, t := range slices.Sorted(maps.Keys(types)) {
		types[t] = int32(i)
	}
	rank := make([]int32, len(ranked)) // by place
	for i, o := range ranked {
		rank[o.Common().place] = int32(i)
	}
	keys := make([]linkKey, len(links))
	for i, r := range links {
		keys[i] = linkKey{types[r.Type], r.Source.Common().place, r.Target.Common().place, r}
	}
	// Sorted by the least important number first: each step keeps the order
	// of the one before, and takes time in proportion to the links.
	n := len(ranked)
	keys = sorted(keys, n, func(k *linkKey) int32 { return rank[k.target] })
	keys = sorted(keys, n, func(k *linkKey) int32 { return rank[k.source] })
	keys = sorted(keys, len(types), func(k *linkKey) int32 { return k.typ })
	settle(keys)

	c.out, c.in = make([][]*Relationship, n), make([][]*Relationship, n)
	share(c.out, keys, func(k *linkKey) int32 { return k.source })
	share(c.in, keys, func(k *linkKey) int32 { return k.target })
	c.rels = make([]*Relationship, 0, len(keys))
	for _, k := range keys {
		if k.r.STIXID != "" {
			c.rels = append(c.rels, k.r)
		}
	}
}

// linkKey is what links are sorted by: the type's place in the alphabet, the
// ends' places.
type linkKey struct {
	typ, source, target int32
	r                   *Relationship
}

// sorted returns the keys in the order of a number from 0 to n-1. Keys with
// the same number keep their order.
func sorted(keys []linkKey, n int, number func(*linkKey) int32) []linkKey {
	next := make([]int32, n+1) // where the next key with that number goes
	for i := range keys {
		next[number(&keys[i])+1]++
	}
	for i := 1; i < len(next); i++ {
		next[i] += next[i-1]
	}
	out := make([]linkKey, len(keys))
	for i := range keys {
		at := &next[number(&keys[i])]
		out[*at] = keys[i]
		*at++
	}
	return out
}

// settle orders links of the same type and ends by STIX ID.
func settle(keys []linkKey) {
	for i := 0; i < len(keys); {
		j := i + 1
		for j < len(keys) && keys[i].source == keys[j].source && keys[i].target == keys[j].target && keys[i].typ == keys[j].typ {
			j++
		}
		if j > i+1 {
			slices.SortFunc(keys[i:j], func(a, b linkKey) int { return strings.Compare(a.r.STIXID, b.r.STIXID) })
		}
		i = j
	}
}

// share gives each object its part of the links, in their order.
func share(parts [][]*Relationship, keys []linkKey, at func(*linkKey) int32) {
	sizes := make([]int32, len(parts))
	for i := range keys {
		sizes[at(&keys[i])]++
	}
	array := make([]*Relationship, len(keys)) // one for all
	for i, size := range sizes {
		parts[i], array = array[:0:size], array[size:]
	}
	for i := range keys {
		place := at(&keys[i])
		parts[place] = append(parts[place], keys[i].r)
	}
}

package mitre

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Errors of [Catalog.Resolve].
var (
	// ErrNotFound says that the catalogue has no object with that ID.
	ErrNotFound = errors.New("not in this ATT&CK release")
	// ErrRevokedCycle says that a chain of revoked-by links bites its tail.
	ErrRevokedCycle = errors.New("revoked in a circle")
	// ErrNoSuccessor says that an object is revoked but the release does not
	// say, or does not hold, what replaced it.
	ErrNoSuccessor = errors.New("revoked without a successor")
)

// Catalog is one release of ATT&CK. It never changes and is safe for
// concurrent use. The zero value is an empty catalogue.
type Catalog struct {
	info     Info
	objects  []Object                   // by STIX type, then ATT&CK ID, then STIX ID
	byType   map[string][]Object        // parts of objects
	bySTIX   map[string]Object          // by STIX ID
	byID     map[string]Object          // the best by ATT&CK ID, in upper case
	sameID   map[string][]Object        // where several objects have one ATT&CK ID
	byName   func() map[string][]Object // made when first asked for; nil in the zero value
	out, in  [][]*Relationship          // of each object, by type, then the other end
	rels     []*Relationship            // without those that are properties
	tactics  []*Tactic                  // in the matrix's order
	problems []error
	unnamed  int    // problems beyond those
	spans    []span // of each object, where it lies in the document
	// document is the bundle as it was read, but for indentation. It holds
	// what the typed objects do not: unknown types and properties, and how a
	// value was spelt. Their strings are parts of it.
	document string
}

// Info says which release a catalogue holds and where it came from.
type Info struct {
	Domain  string `json:"domain"`  // "ics-attack", "enterprise-attack" or "mobile-attack"
	Version string `json:"version"` // "19.1"; empty where the bundle does not say, as in STIX 2.0
	Source  string `json:"source"`  // "embedded", or the name of the file
}

// String returns, for example, "ATT&CK ics-attack 19.1".
func (i Info) String() string {
	return strings.Join(slices.DeleteFunc([]string{"ATT&CK", i.Domain, i.Version}, func(s string) bool { return s == "" }), " ")
}

// Info returns which release this is.
func (c *Catalog) Info() Info { return c.info }

// HasTexts tells an official release from facts, such as [Embedded], in which
// every description, of objects and relationships, is empty.
func (c *Catalog) HasTexts() bool {
	return slices.ContainsFunc(c.objects, func(o Object) bool { return o.Common().Description != "" })
}

// Problems returns what was wrong with the bundle and could be worked around:
// references to objects that are not there, IDs that occur twice, objects
// without an ID or null in place of one, times that are none, and objects that
// several others replaced. After a thousand it only says how many more there
// are. It is empty for the official releases known to the project's tests,
// except where a test says so.
func (c *Catalog) Problems() []error {
	out := slices.Clone(c.problems)
	if c.unnamed > 0 {
		out = append(out, fmt.Errorf("and %d more", c.unnamed))
	}
	return out
}

// All iterates over every object of type T, revoked and deprecated ones too,
// ordered by ATT&CK ID, then STIX ID. With T = Object it gives all objects,
// grouped by STIX type.
func All[T Object](c *Catalog) iter.Seq[T] {
	return func(yield func(T) bool) {
		objects := c.objects
		if t := stixTypesOf[T](); t != nil {
			objects = nil
			for _, s := range t {
				objects = append(objects, c.byType[s]...)
			}
			if len(t) > 1 {
				slices.SortStableFunc(objects, compareObjects)
			}
		}
		for _, o := range objects {
			if o, ok := o.(T); ok && !yield(o) {
				return
			}
		}
	}
}

// stixTypesOf returns the STIX types that T stands for; nil means that all
// must be looked at.
func stixTypesOf[T Object]() []string {
	var zero T
	switch any(zero).(type) {
	case *Tactic:
		return []string{"x-mitre-tactic"}
	case *Technique:
		return []string{"attack-pattern"}
	case *Mitigation:
		return []string{"course-of-action"}
	case *Asset:
		return []string{"x-mitre-asset"}
	case *Group:
		return []string{"intrusion-set"}
	case *Software:
		return []string{"malware", "tool"}
	case *Campaign:
		return []string{"campaign"}
	case *DataSource:
		return []string{"x-mitre-data-source"}
	case *DataComponent:
		return []string{"x-mitre-data-component"}
	case *DetectionStrategy:
		return []string{"x-mitre-detection-strategy"}
	case *Analytic:
		return []string{"x-mitre-analytic"}
	case *Matrix:
		return []string{"x-mitre-matrix"}
	}
	return nil
}

// Live is [All] without revoked and deprecated objects.
func Live[T Object](c *Catalog) iter.Seq[T] {
	return func(yield func(T) bool) {
		for o := range All[T](c) {
			if o.Common().Live() && !yield(o) {
				return
			}
		}
	}
}

// Find looks an object of type T up by ATT&CK ID (in any case, with or without
// space around it) or STIX ID. Of
// several such objects of type T with one ATT&CK ID a live one wins. It does
// not follow revoked objects; [Catalog.Resolve] does.
func Find[T Object](c *Catalog, id string) (T, bool) {
	o, ok := c.Lookup(id)
	t, is := o.(T)
	if is || !ok {
		return t, is
	}
	// Early releases gave a mitigation the ID of its technique.
	for _, o := range c.sameID[strings.ToUpper(o.Common().ID)] {
		if t, is = o.(T); is {
			return t, true
		}
	}
	return t, false
}

// Lookup finds an object by ATT&CK ID (in any case, with or without space
// around it) or else STIX ID. Of several objects with one ATT&CK ID a live one wins, then the first in the order of
// [All]. It does not follow revoked objects; [Catalog.Resolve] does.
func (c *Catalog) Lookup(id string) (Object, bool) {
	if o, ok := c.byID[id]; ok {
		return o, true
	}
	if o, ok := c.bySTIX[id]; ok {
		return o, true
	}
	o, ok := c.byID[strings.ToUpper(strings.TrimSpace(id))]
	return o, ok
}

// Named iterates over the objects of type T whose name or one of whose
// aliases equals name, regardless of case and of space around it, ordered as in
// [All].
func Named[T Object](c *Catalog, name string) iter.Seq[T] {
	return func(yield func(T) bool) {
		if c.byName == nil {
			return
		}
		named := c.byName()[strings.ToLower(strings.TrimSpace(name))]
		if len(stixTypesOf[T]()) > 1 {
			named = slices.Clone(named)
			slices.SortStableFunc(named, compareObjects)
		}
		for _, o := range named {
			if t, ok := o.(T); ok && !yield(t) {
				return
			}
		}
	}
}

// Resolution is the answer of [Catalog.Resolve].
type Resolution struct {
	Object Object // what the ID stands for in this release
	// Followed holds the revoked objects on the way, the one that was asked
	// for first; nil when the ID is not revoked.
	Followed []Object
}

// Resolve looks an ATT&CK ID or STIX ID up and follows revoked objects to the
// one that replaced them. A deprecated object resolves to itself. Where several
// replaced one, which [Catalog.Problems] then says, a live one counts before
// others, and then the first in order of ATT&CK IDs; a revoked-by link that is
// itself revoked or deprecated counts only where there is no other. The error
// wraps [ErrNotFound], [ErrRevokedCycle] or [ErrNoSuccessor].
func (c *Catalog) Resolve(id string) (Resolution, error) {
	o, ok := c.Lookup(id)
	if !ok {
		return Resolution{}, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	var followed []Object
	seen := map[Object]bool{}
	for o.Common().Revoked {
		if seen[o] {
			return Resolution{}, fmt.Errorf("%s: %w", id, ErrRevokedCycle)
		}
		seen[o] = true
		followed = append(followed, o)
		next, _ := c.successor(o)
		if next == nil {
			return Resolution{}, fmt.Errorf("%s: %w", id, ErrNoSuccessor)
		}
		o = next
	}
	return Resolution{Object: o, Followed: followed}, nil
}

// successor returns what replaced an object, nil if nothing did, and whether
// there are others.
func (c *Catalog) successor(o Object) (next Object, several bool) {
	var best int
	for r := range c.From(o, RevokedBy) {
		rank := 1
		if !r.Revoked && !r.Deprecated {
			rank += 2
		}
		if r.Target.Common().Live() {
			rank++
		}
		several = several || next != nil && next != r.Target && rank >= 3 && best >= 3
		if rank > best {
			next, best = r.Target, rank
		}
	}
	return next, several
}

// Relationships iterates over all relationships, revoked and deprecated ones
// too, ordered by type, then the source's and the target's ATT&CK ID, then
// STIX ID. Links that STIX keeps as properties are not among them.
func (c *Catalog) Relationships() iter.Seq[*Relationship] { return slices.Values(c.rels) }

// Tactics iterates over the live tactics in the order of the matrix, or by
// ATT&CK ID where the bundle has no matrix.
func (c *Catalog) Tactics() iter.Seq[*Tactic] { return slices.Values(c.tactics) }

// TacticsOf iterates over the tactics of a technique in the matrix's order;
// nil has none.
func (c *Catalog) TacticsOf(t *Technique) iter.Seq[*Tactic] {
	return func(yield func(*Tactic) bool) {
		if t == nil {
			return
		}
		for _, tactic := range c.tactics {
			if slices.Contains(t.Tactics, tactic.Shortname) && !yield(tactic) {
				return
			}
		}
	}
}

func compareObjects(a, b Object) int {
	x, y := a.Common(), b.Common()
	if n := strings.Compare(x.ID, y.ID); n != 0 {
		return n
	}
	return strings.Compare(x.STIXID, y.STIXID)
}

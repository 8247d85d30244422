package mitre

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Changes is what differs between two releases. [Diff] makes it.
type Changes struct {
	Old Info `json:"old"`
	New Info `json:"new"`
	// Objects holds the objects that differ, by STIX type, then ATT&CK ID,
	// then STIX ID. They are matched by STIX ID.
	Objects []Change `json:"objects"`
	// Added and Removed hold the live links that only one release has, in the
	// order of [Catalog.Relationships]. They are matched by type and ends.
	Added   []*Relationship `json:"-"`
	Removed []*Relationship `json:"-"`
	// Edited holds the live links that both have but with another text or
	// other citations, in the same order.
	Edited []LinkChange `json:"-"`
	// FactsOnly says that one of the two releases has no texts, so that only
	// facts were compared: not descriptions, citations and log sources.
	FactsOnly bool `json:"facts_only"`

	older, newer *Catalog
}

// ChangeKind says what happened to an object.
type ChangeKind string

// The kinds of changes. An object can have several.
const (
	Added      ChangeKind = "added"
	Removed    ChangeKind = "removed"    // it is gone, without a word
	Revoked    ChangeKind = "revoked"    // another object replaced it
	Deprecated ChangeKind = "deprecated" // withdrawn, it stays for reference
	Restored   ChangeKind = "restored"   // it was revoked or deprecated
	Renumbered ChangeKind = "renumbered" // it has another ATT&CK ID
	Renamed    ChangeKind = "renamed"
	Moved      ChangeKind = "moved"  // a technique is of other tactics
	Edited     ChangeKind = "edited" // any other property
)

var changeKinds = []ChangeKind{Added, Removed, Revoked, Deprecated, Restored, Renumbered, Renamed, Moved, Edited}

// Change is what happened to one object.
type Change struct {
	Old   Object       // nil if added
	New   Object       // nil if removed
	Kinds []ChangeKind // at least one, in the order of the constants
	// Successor is the live object that a revoked one stands for in the new
	// release; nil where it names none, and for all others.
	Successor Object
	// Fields holds the properties that differ, by name. It is nil for what
	// was added or removed.
	Fields []FieldChange
}

// Object returns the object as it is in the new release, or was in the old
// one if it was removed.
func (c Change) Object() Object {
	if !isNil(c.New) {
		return c.New
	}
	return c.Old
}

// FieldChange is a property, under its name in STIX, with both values as
// encoding/json decodes them, numbers as json.Number; nil where it has none.
type FieldChange struct {
	Name string `json:"name"`
	Old  any    `json:"old,omitempty"`
	New  any    `json:"new,omitempty"`
}

// LinkChange is what happened to a link that both releases have.
type LinkChange struct {
	Old, New *Relationship
	Fields   []FieldChange // description, external_references; at least one
}

// Of iterates over the changes of one kind.
func (d *Changes) Of(kind ChangeKind) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		if d == nil {
			return
		}
		for _, change := range d.Objects {
			if slices.Contains(change.Kinds, kind) && !yield(change) {
				return
			}
		}
	}
}

// Properties that change with every release without saying anything, and
// those that may do so without anything else having changed.
var (
	neverCompared = []string{"spec_version", "x_mitre_attack_spec_version"}
	bookkeeping   = []string{"modified", "x_mitre_version", "x_mitre_modified_by_ref", "created_by_ref", "object_marking_refs"}
	// texts are not in facts, or only in part.
	texts = []string{"description", "external_references", "x_mitre_log_sources", "x_mitre_log_source_references", "x_mitre_related_assets"}
)

// Diff compares two releases. A property that is absent equals one that is
// null, false or empty, and the order of a list of strings counts only for a
// matrix. Properties of bookkeeping (modified, x_mitre_version and the like)
// are given where they differ, but an object in which nothing else differs is
// no change. The collection object of a release is not compared. Of links,
// whether they are there, their texts and their citations are compared.
//
// Any two catalogues can be compared: those of two domains share next to
// nothing, so that nearly all is added or removed.
//
// Diff decodes both bundles again, to see properties that [Catalog] does not
// know; with Enterprise that takes about a second. The context ends it
// between two objects. It fails only for the zero catalogue ([ErrEmpty]) and
// when the context ends.
func Diff(ctx context.Context, older, newer *Catalog) (*Changes, error) {
	if older == nil || newer == nil {
		return nil, fmt.Errorf("a catalogue to compare is nil: %w", ErrEmpty)
	}
	if ctx == nil {
		ctx = context.Background()
	}
	before, err := older.documents(ctx)
	if err != nil {
		return nil, fmt.Errorf("the older catalogue: %w", err)
	}
	after, err := newer.documents(ctx)
	if err != nil {
		return nil, fmt.Errorf("the newer catalogue: %w", err)
	}
	d := &Changes{Old: older.info, New: newer.info, FactsOnly: !older.HasTexts() || !newer.HasTexts(), older: older, newer: newer}
	skip := neverCompared
	if d.FactsOnly {
		skip = slices.Concat(neverCompared, texts)
		// What no object of the facts has, they leave out.
		for _, side := range [][2]map[string]map[string]any{{before, after}, {after, before}} {
			have := map[string]bool{}
			for _, o := range side[0] {
				for name := range o {
					have[name] = true
				}
			}
			for _, o := range side[1] {
				for name := range o {
					if !have[name] && !slices.Contains(skip, name) {
						skip = append(skip, name)
					}
				}
			}
		}
	}
	for _, o := range newer.objects {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("comparing %s with %s: %w", newer.info, older.info, err)
		}
		p := o.Common()
		if p.STIXType == "x-mitre-collection" {
			continue
		}
		was := older.bySTIX[p.STIXID]
		change := Change{Old: was, New: o}
		if was != nil {
			change.Fields = differences(before[p.STIXID], after[p.STIXID], p.STIXType, skip)
		}
		change.Kinds = kinds(was, o, change.Fields)
		if slices.Contains(change.Kinds, Revoked) {
			if r, err := newer.Resolve(p.STIXID); err == nil {
				change.Successor = r.Object
			}
		}
		if len(change.Kinds) > 0 {
			d.Objects = append(d.Objects, change)
		}
	}
	for _, o := range older.objects {
		if p := o.Common(); newer.bySTIX[p.STIXID] == nil && p.STIXType != "x-mitre-collection" {
			d.Objects = append(d.Objects, Change{Old: o, Kinds: []ChangeKind{Removed}})
		}
	}
	slices.SortStableFunc(d.Objects, func(a, b Change) int {
		x, y := a.Object(), b.Object()
		return cmp.Or(strings.Compare(x.Common().STIXType, y.Common().STIXType), compareObjects(x, y))
	})
	d.Added, d.Removed = onlyIn(newer, older), onlyIn(older, newer)
	if !d.FactsOnly {
		d.Edited = editedLinks(older, newer)
	}
	return d, nil
}

// documents decodes the objects once more: their properties by their STIX
// IDs.
func (c *Catalog) documents(ctx context.Context) (map[string]map[string]any, error) {
	if c.document == "" {
		return nil, fmt.Errorf("%s: %w", c.info, ErrEmpty)
	}
	out := make(map[string]map[string]any, len(c.objects))
	for i, o := range c.objects {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("comparing %s: %w", c.info, err)
		}
		var m map[string]any
		d := json.NewDecoder(strings.NewReader(c.spans[i].of(c.document)))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			return nil, fmt.Errorf("%s: %w", c.info.Source, err)
		}
		out[o.Common().STIXID] = m
	}
	return out, nil
}

func differences(before, after map[string]any, stixType string, skip []string) []FieldChange {
	var out []FieldChange
	names := slices.Sorted(maps.Keys(before))
	for name := range after {
		if _, ok := before[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if slices.Contains(skip, name) {
			continue
		}
		a, b := before[name], after[name]
		if same(a, b, stixType != "x-mitre-matrix") {
			continue
		}
		out = append(out, FieldChange{name, a, b})
	}
	return out
}

func same(a, b any, anyOrder bool) bool {
	if reflect.DeepEqual(a, b) || isAbsent(a) && isAbsent(b) {
		return true
	}
	x, ok := wordList(a)
	y, is := wordList(b)
	if !ok || !is || !anyOrder {
		return false
	}
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// isAbsent reports whether a value says no more than its absence.
func isAbsent(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// wordList returns a list of strings; false for every other value. An absent
// one is empty.
func wordList(v any) ([]string, bool) {
	if v == nil {
		return nil, true
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, len(list))
	for i, e := range list {
		if out[i], ok = e.(string); !ok {
			return nil, false
		}
	}
	return out, true
}

// kinds says what happened between was, nil if it was not there, and is.
func kinds(was, is Object, fields []FieldChange) []ChangeKind {
	n := is.Common()
	if was == nil {
		out := []ChangeKind{Added}
		if n.Revoked {
			out = append(out, Revoked)
		}
		if n.Deprecated {
			out = append(out, Deprecated)
		}
		return out
	}
	var out []ChangeKind
	o := was.Common()
	add := func(kind ChangeKind, happened bool) {
		if happened {
			out = append(out, kind)
		}
	}
	add(Revoked, n.Revoked && !o.Revoked)
	add(Deprecated, n.Deprecated && !o.Deprecated)
	add(Restored, n.Live() && !o.Live())
	add(Renumbered, n.ID != o.ID)
	add(Renamed, n.Name != o.Name)
	moved := false
	if a, ok := was.(*Technique); ok {
		if b, ok := is.(*Technique); ok {
			x, y := slices.Sorted(slices.Values(a.Tactics)), slices.Sorted(slices.Values(b.Tactics))
			moved = !slices.Equal(x, y)
		}
	}
	add(Moved, moved)
	add(Edited, slices.ContainsFunc(fields, func(f FieldChange) bool {
		switch f.Name {
		case "revoked", "x_mitre_deprecated", "name":
			return false
		case "kill_chain_phases":
			return !moved
		}
		return !slices.Contains(bookkeeping, f.Name)
	}))
	return out
}

// linkEnds is what a link is without its texts.
type linkEnds struct {
	t              RelationshipType
	source, target string
}

func endsOf(r *Relationship) linkEnds {
	return linkEnds{r.Type, r.Source.Common().STIXID, r.Target.Common().STIXID}
}

// onlyIn returns the live links of a that b lacks.
func onlyIn(a, b *Catalog) []*Relationship {
	has := make(map[linkEnds]bool, len(b.rels))
	for _, r := range b.rels {
		if r.Live() {
			has[endsOf(r)] = true
		}
	}
	var out []*Relationship
	for _, r := range a.rels {
		if r.Live() && !has[endsOf(r)] {
			has[endsOf(r)] = true // once, if a has it twice
			out = append(out, r)
		}
	}
	return out
}

// editedLinks compares the links that both have: those with one STIX ID, or
// else those that are the only ones left with their type and ends.
func editedLinks(older, newer *Catalog) []LinkChange {
	ids := make(map[string]*Relationship, len(older.rels))
	for _, r := range older.rels {
		if r.Live() {
			ids[r.STIXID] = r
		}
	}
	matched := make(map[*Relationship]*Relationship, len(newer.rels))
	for _, r := range newer.rels {
		if was := ids[r.STIXID]; was != nil && r.Live() && endsOf(was) == endsOf(r) {
			matched[r] = was
			delete(ids, r.STIXID)
		}
	}
	left := map[linkEnds]*Relationship{}
	for _, r := range older.rels {
		if ids[r.STIXID] == r {
			ends := endsOf(r)
			if _, several := left[ends]; several {
				r = nil
			}
			left[ends] = r
		}
	}
	var out []LinkChange
	for _, r := range newer.rels {
		was := matched[r]
		if was == nil && r.Live() {
			was = left[endsOf(r)]
			delete(left, endsOf(r))
		}
		if was == nil {
			continue
		}
		change := LinkChange{Old: was, New: r}
		if was.Description != r.Description {
			change.Fields = append(change.Fields, FieldChange{"description", textOrNil(was.Description), textOrNil(r.Description)})
		}
		if !slices.Equal(was.References, r.References) {
			change.Fields = append(change.Fields, FieldChange{"external_references", citations(was.References), citations(r.References)})
		}
		if change.Fields != nil {
			out = append(out, change)
		}
	}
	return out
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// citations are references as encoding/json decodes them.
func citations(refs []Reference) any {
	if len(refs) == 0 {
		return nil
	}
	var out []any
	for _, r := range refs {
		m := map[string]any{}
		for name, value := range map[string]string{"source_name": r.Source, "external_id": r.ID, "description": r.Description, "url": r.URL} {
			if value != "" {
				m[name] = value
			}
		}
		out = append(out, m)
	}
	return out
}

// MarshalJSON writes the object's ID, name and type instead of the whole of
// both objects.
func (c Change) MarshalJSON() ([]byte, error) {
	if isNil(c.Object()) {
		return []byte("null"), nil
	}
	p := c.Object().Common()
	v := struct {
		ID        string        `json:"id"`
		Name      string        `json:"name"`
		Type      string        `json:"type"`
		STIXID    string        `json:"stix_id"`
		Kinds     []ChangeKind  `json:"kinds"`
		OldName   string        `json:"old_name,omitempty"`
		Successor string        `json:"successor,omitempty"`
		Fields    []FieldChange `json:"fields,omitempty"`
	}{p.ID, p.Name, p.STIXType, p.STIXID, c.Kinds, "", "", c.Fields}
	if slices.Contains(c.Kinds, Renamed) && !isNil(c.Old) {
		v.OldName = c.Old.Common().Name
	}
	if !isNil(c.Successor) {
		v.Successor = c.Successor.Common().ID
	}
	return json.Marshal(v)
}

// MarshalJSON writes the links with their ends' IDs.
func (d Changes) MarshalJSON() ([]byte, error) {
	type plain Changes // without this method
	edited := make([]linkJSON, len(d.Edited))
	for i, e := range d.Edited {
		edited[i] = linkOf(e.New)
		edited[i].Fields = e.Fields
	}
	return json.Marshal(struct {
		plain
		Added   []linkJSON `json:"links_added"`
		Removed []linkJSON `json:"links_removed"`
		Edited  []linkJSON `json:"links_edited"`
	}{plain(d), linksJSON(d.Added), linksJSON(d.Removed), edited})
}

type linkJSON struct {
	Type   RelationshipType `json:"type"`
	Source string           `json:"source"`
	Target string           `json:"target"`
	Fields []FieldChange    `json:"fields,omitempty"`
}

func linksJSON(rels []*Relationship) []linkJSON {
	out := make([]linkJSON, len(rels))
	for i, r := range rels {
		out[i] = linkOf(r)
	}
	return out
}

func linkOf(r *Relationship) linkJSON {
	if r == nil {
		return linkJSON{}
	}
	id := func(o Object) string {
		if isNil(o) {
			return ""
		}
		return cmp.Or(o.Common().ID, o.Common().STIXID)
	}
	return linkJSON{Type: r.Type, Source: id(r.Source), Target: id(r.Target)}
}

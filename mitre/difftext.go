package mitre

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteText writes the changes for people: a table of how many there are,
// then each kind with its objects, then the links.
//
// Changes made by hand, such as some of those that [Diff] gave, are written
// too; then the names of sub-techniques lack those of their parents.
func (d *Changes) WriteText(w io.Writer) error {
	if d == nil {
		d = &Changes{}
	}
	if w == nil {
		return errors.New("mitre: there is no writer")
	}
	out := writer{to: w}
	out.printf("%s compared with %s\n", d.New, d.Old)
	if d.FactsOnly {
		out.printf("One of the two has facts only: texts, citations and log sources are not compared.\n")
	}
	out.printf("\n")
	for _, kind := range changeKinds {
		counts := map[string]int{}
		for change := range d.Of(kind) {
			if o := change.Object(); !isNil(o) {
				counts[o.Common().STIXType]++
			}
		}
		var parts []string
		for _, t := range slices.Sorted(maps.Keys(counts)) {
			parts = append(parts, fmt.Sprintf("%d %s", counts[t], noun(t, counts[t])))
		}
		out.printf("%-14s %s\n", kind, cmp.Or(strings.Join(parts, ", "), "none"))
	}
	edited := make([]*Relationship, len(d.Edited))
	for i, e := range d.Edited {
		edited[i] = e.New
	}
	for _, side := range []struct {
		name  string
		links []*Relationship
	}{{"links added", d.Added}, {"links removed", d.Removed}, {"links edited", edited}} {
		counts := map[RelationshipType]int{}
		for _, r := range side.links {
			if r != nil {
				counts[r.Type]++
			}
		}
		var parts []string
		for _, t := range slices.Sorted(maps.Keys(counts)) {
			parts = append(parts, fmt.Sprintf("%d %s", counts[t], t))
		}
		out.printf("%-14s %s\n", side.name, cmp.Or(strings.Join(parts, ", "), "none"))
	}
	for _, kind := range changeKinds {
		title := "\n" + strings.ToUpper(string(kind[:1])) + string(kind[1:]) + "\n"
		for change := range d.Of(kind) {
			out.printf("%s  %s\n", title, d.line(change, kind))
			title = ""
		}
	}
	for _, side := range []struct {
		name  string
		links []*Relationship
	}{{"Links added", d.Added}, {"Links removed", d.Removed}} {
		if len(side.links) > 0 {
			out.printf("\n%s\n", side.name)
		}
		for _, r := range side.links {
			out.printf("  %s\n", d.link(r))
		}
	}
	if len(d.Edited) > 0 {
		out.printf("\nLinks edited\n")
	}
	for _, e := range d.Edited {
		var parts []string
		for _, f := range e.Fields {
			parts = append(parts, f.String())
		}
		out.printf("  %s: %s\n", d.link(e.New), strings.Join(parts, "; "))
	}
	out.flush()
	return out.err
}

func (d *Changes) link(r *Relationship) string {
	if r == nil {
		return "no link"
	}
	return fmt.Sprintf("%s %s %s", d.label(r.Source), r.Type, d.label(r.Target))
}

// label is an object's ID and name, the parent's before a sub-technique's.
func (d *Changes) label(o Object) string {
	if isNil(o) {
		return "nothing"
	}
	p := *o.Common()
	for _, c := range []*Catalog{d.newer, d.older} {
		if c != nil && c.bySTIX[p.STIXID] != nil {
			p.Name = c.FullName(o)
			break
		}
	}
	return p.String()
}

// line says what a change of one kind is.
func (d *Changes) line(c Change, kind ChangeKind) string {
	s := d.label(c.Object())
	if isNil(c.Old) || isNil(c.New) {
		switch kind { // what follows needs both
		case Renumbered, Renamed, Moved:
			return s
		}
	}
	switch kind {
	case Revoked:
		if !isNil(c.Successor) {
			return s + " -> " + d.label(c.Successor)
		}
		return s + " -> no successor named"
	case Renumbered:
		return s + ", before " + cmp.Or(c.Old.Common().ID, "without an ID")
	case Renamed:
		return s + ", before " + c.Old.Common().Name
	case Moved:
		older, _ := c.Old.(*Technique)
		newer, _ := c.New.(*Technique)
		if older == nil || newer == nil {
			return s
		}
		return s + ": " + listChange(older.Tactics, newer.Tactics)
	case Edited:
		var parts []string
		for _, f := range c.Fields {
			switch {
			case slices.Contains(bookkeeping, f.Name), slices.Contains([]string{"name", "revoked", "x_mitre_deprecated"}, f.Name):
			case f.Name == "kill_chain_phases" && slices.Contains(c.Kinds, Moved):
			default:
				parts = append(parts, f.String())
			}
		}
		return strings.TrimSuffix(s+": "+strings.Join(parts, "; "), ": ")
	}
	return s
}

// String says in short what changed: a list by what came and went, a short
// value whole, a long one by its size.
func (f FieldChange) String() string {
	if x, ok := wordList(f.Old); ok {
		if y, ok := wordList(f.New); ok && f.Name != "tactic_refs" {
			return f.Name + " " + listChange(x, y)
		}
	}
	value := func(v any) string {
		if s, ok := v.(string); ok && (len(s) > 40 || strings.Contains(s, "\n")) {
			return fmt.Sprintf("%d words", len(strings.Fields(s)))
		}
		switch v := v.(type) {
		case nil:
			return "none"
		case []any:
			return fmt.Sprintf("%d entries", len(v))
		case map[string]any:
			return fmt.Sprintf("%d members", len(v))
		}
		return fmt.Sprint(v)
	}
	a, b := value(f.Old), value(f.New)
	if a == b {
		return f.Name + " (" + a + ")"
	}
	return f.Name + " " + a + " -> " + b
}

func listChange(before, after []string) string {
	var parts []string
	for _, s := range before {
		if !slices.Contains(after, s) {
			parts = append(parts, "-"+s)
		}
	}
	for _, s := range after {
		if !slices.Contains(before, s) {
			parts = append(parts, "+"+s)
		}
	}
	return cmp.Or(strings.Join(parts, " "), "order")
}

// noun names n objects of a STIX type as ATT&CK does.
func noun(stixType string, n int) string {
	names := [2]string{stixType, stixType}
	switch stixType {
	case "attack-pattern":
		names = [2]string{"technique", "techniques"}
	case "course-of-action":
		names = [2]string{"mitigation", "mitigations"}
	case "intrusion-set":
		names = [2]string{"group", "groups"}
	case "x-mitre-detection-strategy":
		names = [2]string{"detection strategy", "detection strategies"}
	case "x-mitre-matrix":
		names = [2]string{"matrix", "matrices"}
	case "malware":
	default:
		name := strings.ReplaceAll(strings.TrimPrefix(stixType, "x-mitre-"), "-", " ")
		names = [2]string{name, name + "s"}
	}
	return names[min(1, n-1)]
}

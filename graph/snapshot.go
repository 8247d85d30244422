package graph

import (
	"iter"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// Snapshot is what a graph knew at one moment. It never changes and is safe
// for concurrent use. The zero value and nil know nothing.
type Snapshot struct {
	layers []*layer // one for each source, in the order in which they came
	known  *index   // nil in the zero value
	today  string   // 2006-01-02; empty where no day is given, see At
}

var nothing = newIndex()

func (s *Snapshot) index() *index {
	if s == nil || s.known == nil {
		return nothing
	}
	return s.known
}

// told is the snapshot itself, or one that knows nothing in place of nil.
func (s *Snapshot) told() *Snapshot {
	if s == nil {
		return &Snapshot{}
	}
	return s
}

// Warnings returns what could not be used as it stood, in the order of the
// sources that said it; nil when there was nothing.
func (s *Snapshot) Warnings() []Warning {
	var out []Warning
	for _, l := range s.told().layers {
		for _, b := range l.parts {
			out = append(out, b.warnings...)
		}
	}
	return append(out, s.index().warnings...)
}

// Catalog returns the ATT&CK release that is in force; nil when none was
// added.
func (s *Snapshot) Catalog() *mitre.Catalog { return s.index().catalog }

// Weakness looks a weakness up by its canonical ID, such as CWE-798. It must
// not be changed.
func (s *Snapshot) Weakness(id string) (*Weakness, bool) {
	return doc[*Weakness](s.index(), weaknessKey(id))
}

// Finding returns a finding by its ID, as it was added. It shares its lists
// with the snapshot: they must not be changed.
func (s *Snapshot) Finding(id string) (finding.Finding, bool) {
	f, ok := doc[*finding.Finding](s.index(), findingKey(id))
	if !ok {
		return finding.Finding{}, false
	}
	return *f, true
}

// Status says what became of a finding, or of one weakness.
type Status string

// The statuses. All but Mapped explain an empty answer.
const (
	Mapped           Status = "mapped"
	NoWeakness       Status = "no_weakness"       // the finding names none
	UnknownWeakness  Status = "unknown_weakness"  // no catalogue has it
	UnmappedWeakness Status = "unmapped_weakness" // known, but neither it nor what it leads to is mapped
)

// Opening is a technique that a weakness opens, and why.
type Opening struct {
	Technique *mitre.Technique
	Link      *Link // must not be changed
	// Path leads from the weakness asked for to the one that the link is
	// about: one element when the weakness is mapped itself.
	Path []string
	// Narrowed says that Path leads down, to a child of the weakness.
	Narrowed bool
	// Confidence is the link's, less a part for each step of the path; 0 to 1.
	Confidence float64
}

const (
	// parentDecay is what a parent's link loses for each step up: what holds
	// of a general weakness holds less surely of a special one.
	parentDecay = 0.8
	// childDecay is what a child's link loses: who names a general weakness may
	// mean this special one, or one of its siblings.
	childDecay = 0.4
	// threatDecay is what a link loses on the way from a property to its
	// threat: a device that has a USB port may well be safe from it.
	threatDecay = 0.5
	// partDecay is what it loses from a property to a more special one, which
	// the device may lack.
	partDecay = 0.8
	// maxSteps bounds the way. Upwards, weaknesses beyond it are so general
	// that nothing specific follows; downwards no property of EMB3D needs more.
	maxSteps = 3
)

// way is how far a search came.
type way struct {
	path []string
	keep float64 // the part of a link's confidence that is left
}

// Opens returns the techniques that a weakness opens, by falling confidence,
// then ATT&CK ID. A weakness without links of its own gets those of its
// nearest parents that have some or, where none has, with far less confidence
// those of its children; a property of a device those of the threats that it
// exposes the device to or, where it has none, of those of the more special
// properties below it. The status says why the answer is empty when it
// is. Where this project judged that nothing follows from a weakness, the
// search does not go on from it: [Snapshot.OpensNothing].
func (s *Snapshot) Opens(weakness string) ([]Opening, Status) {
	if _, ok := s.Weakness(weakness); !ok {
		return nil, UnknownWeakness
	}
	best := s.nearest([]way{{[]string{weakness}, 1}}, maxSteps)
	if len(best) == 0 {
		best = s.nearest(s.children(weakness), 0)
		for id, o := range best {
			o.Narrowed = true
			best[id] = o
		}
	}
	if len(best) == 0 {
		return nil, UnmappedWeakness
	}
	out := make([]Opening, 0, len(best))
	for _, o := range best {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Opening) int {
		if a.Confidence != b.Confidence {
			if a.Confidence > b.Confidence {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Technique.ID, b.Technique.ID)
	})
	return out, Mapped
}

// nearest returns the links of what is nearest to the beginnings of a search,
// and at most some steps away, by technique.
func (s *Snapshot) nearest(level []way, steps int) map[string]Opening {
	best := map[string]Opening{}
	seen := map[string]bool{}
	for _, w := range level {
		seen[w.path[len(w.path)-1]] = true
	}
	for depth := 0; depth <= steps && len(level) > 0 && len(best) == 0; depth++ {
		var next []way
		for _, w := range level {
			id := w.path[len(w.path)-1]
			if _, nothing := s.OpensNothing(id); nothing {
				continue
			}
			for n, link := range s.index().from(weaknessKey(id), predOpens) {
				t, ok := n.doc.(*mitre.Technique)
				if !ok {
					continue
				}
				o := Opening{Technique: t, Link: link, Path: w.path, Confidence: link.Confidence * w.keep}
				if old, ok := best[t.ID]; !ok || o.Confidence > old.Confidence {
					best[t.ID] = o
				}
			}
			for to, decay := range s.onward(id) {
				if !seen[to] {
					seen[to] = true
					next = append(next, way{append(slices.Clone(w.path), to), w.keep * decay})
				}
			}
		}
		level = next
	}
	return best
}

// children are the ways to the weaknesses right below one, in the order of
// their IDs. There are none below a property, whose search goes down anyway,
// nor below what this project judged to open nothing.
func (s *Snapshot) children(id string) []way {
	w, ok := s.Weakness(id)
	if _, nothing := s.OpensNothing(id); !ok || nothing || w.Kind == "property" {
		return nil
	}
	var out []way
	for n := range s.index().to(weaknessKey(id), predParent) {
		if child, ok := n.doc.(*Weakness); ok {
			out = append(out, way{[]string{id, child.ID}, childDecay})
		}
	}
	slices.SortFunc(out, func(a, b way) int { return strings.Compare(a.path[1], b.path[1]) })
	return out
}

// OpensNothing returns the judgement that no technique follows from a
// weakness, also not what follows from a more general one; false where there
// is none. The link must not be changed.
func (s *Snapshot) OpensNothing(weakness string) (*Link, bool) {
	for _, link := range s.index().from(weaknessKey(weakness), predNothing) {
		return link, true
	}
	return nil, false
}

// onward iterates over where the search for the links of a weakness goes next,
// and what is lost on the way. From a property it goes down only: an assessor
// who uses EMB3D names the general ones too, and the other kinds of a general
// property may be what this one rules out.
func (s *Snapshot) onward(id string) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		w, ok := s.Weakness(id)
		if !ok {
			return
		}
		if w.Kind != "property" {
			for _, p := range w.Parents {
				if !yield(p, parentDecay) {
					return
				}
			}
			return
		}
		for _, down := range []struct {
			to    iter.Seq2[node, *Link]
			decay float64
		}{
			{s.index().from(weaknessKey(id), predExposes), threatDecay},
			{s.index().to(weaknessKey(id), predParent), partDecay},
		} {
			for n := range down.to {
				if d, ok := n.doc.(*Weakness); ok && !yield(d.ID, down.decay) {
					return
				}
			}
		}
	}
}

// Mitigations iterates over the live mitigations of a technique in order of
// their IDs. A placeholder (M0816) is not one of them; see
// [Snapshot.PlaceholderOnly].
func (s *Snapshot) Mitigations(technique string) iter.Seq[*mitre.Mitigation] {
	return func(yield func(*mitre.Mitigation) bool) {
		for m := range s.mitigations(technique) {
			if !m.Placeholder() && !yield(m) {
				return
			}
		}
	}
}

// PlaceholderOnly reports whether ATT&CK gives the technique nothing but the
// placeholder "Mitigation Limited or Not Effective".
func (s *Snapshot) PlaceholderOnly(technique string) bool {
	found := false
	for m := range s.mitigations(technique) {
		if !m.Placeholder() {
			return false
		}
		found = true
	}
	return found
}

func (s *Snapshot) mitigations(technique string) iter.Seq[*mitre.Mitigation] {
	return func(yield func(*mitre.Mitigation) bool) {
		for n := range s.index().to("attack:"+technique, predMitigates) {
			if m, ok := n.doc.(*mitre.Mitigation); ok && m.Live() && !yield(m) {
				return
			}
		}
	}
}

// Techniques iterates over the live techniques that a mitigation mitigates,
// in order of their IDs.
func (s *Snapshot) Techniques(mitigation string) iter.Seq[*mitre.Technique] {
	return func(yield func(*mitre.Technique) bool) {
		for n := range s.index().from("attack:"+mitigation, predMitigates) {
			if t, ok := n.doc.(*mitre.Technique); ok && t.Live() && !yield(t) {
				return
			}
		}
	}
}

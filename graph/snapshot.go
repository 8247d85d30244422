package graph

import (
	"iter"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// Snapshot is what a graph knew at one moment. It never changes and is safe
// for concurrent use. The zero value knows nothing.
type Snapshot struct {
	layers []*layer // one for each source, in the order in which they came
	known  *index   // nil in the zero value
}

var nothing = newIndex()

func (s *Snapshot) index() *index {
	if s.known == nil {
		return nothing
	}
	return s.known
}

// Warnings returns what could not be used as it stood, in the order of the
// sources that said it; nil when there was nothing.
func (s *Snapshot) Warnings() []Warning {
	var out []Warning
	for _, l := range s.layers {
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

// Status says what became of a finding, or of one weakness.
type Status string

// The statuses. All but Mapped explain an empty answer.
const (
	Mapped           Status = "mapped"
	NoWeakness       Status = "no_weakness"       // the finding names none
	UnknownWeakness  Status = "unknown_weakness"  // no catalogue has it
	UnmappedWeakness Status = "unmapped_weakness" // known, but neither it nor a parent is mapped
)

// Opening is a technique that a weakness opens, and why.
type Opening struct {
	Technique *mitre.Technique
	Link      *Link // must not be changed
	// Path leads from the weakness asked for to the one that the link is
	// about: one element when the weakness is mapped itself.
	Path []string
	// Confidence is the link's, less a part for each step of the path; 0 to 1.
	Confidence float64
}

const (
	// parentDecay is what a parent's link loses for each step up: what holds
	// of a general weakness holds less surely of a special one.
	parentDecay = 0.8
	// maxParents bounds the way up. Beyond it weaknesses are so general that
	// nothing specific follows.
	maxParents = 3
)

// Opens returns the techniques that a weakness opens, by falling confidence,
// then ATT&CK ID. A weakness without links of its own gets those of its
// nearest parents that have some. The status says why the answer is empty
// when it is.
func (s *Snapshot) Opens(weakness string) ([]Opening, Status) {
	if _, ok := s.Weakness(weakness); !ok {
		return nil, UnknownWeakness
	}
	best := map[string]Opening{}
	level := [][]string{{weakness}}
	seen := map[string]bool{weakness: true}
	decay := 1.0
	for depth := 0; depth <= maxParents && len(level) > 0 && len(best) == 0; depth++ {
		var up [][]string
		for _, path := range level {
			id := path[len(path)-1]
			for n, link := range s.index().from(weaknessKey(id), predOpens) {
				t, ok := n.doc.(*mitre.Technique)
				if !ok {
					continue
				}
				o := Opening{t, link, path, link.Confidence * decay}
				if old, ok := best[t.ID]; !ok || o.Confidence > old.Confidence {
					best[t.ID] = o
				}
			}
			w, ok := s.Weakness(id)
			if !ok {
				continue
			}
			for _, p := range w.Parents {
				if !seen[p] {
					seen[p] = true
					up = append(up, append(slices.Clone(path), p))
				}
			}
		}
		level = up
		decay *= parentDecay
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

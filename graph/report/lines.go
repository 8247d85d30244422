package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

// Lines writes an assessment as JSON Lines, while it goes on: one line for each
// finding and a last one for all the rest,
//
//	{"id":"F-1",...}
//	{"summary":{"attack":{...},...}}
//
// of which the first are the elements of "findings" in what [JSON] writes, and
// the summary holds its other members. It gives whole lines to its writer, many
// at a time: [Lines.Flush] when the next may be long in coming. After the error
// of a write nothing more is written, and each call returns that error. Where the
// summary is missing, the assessment did not come to its end. A Lines is not
// safe for concurrent use; its memory does not grow.
type Lines struct {
	w      io.Writer
	failed error // of the first write that failed
	buffer []byte
	// What findings write of the techniques that they share, by the first of
	// these. A caller may have changed them since.
	techniques map[*graph.FindingTechnique]written
}

// written is a list of techniques as it was, and what was written of it.
type written struct {
	techniques []graph.FindingTechnique
	text       []byte
}

const (
	linesBuffer   = 64 << 10 // bytes
	maxTechniques = 1 << 10  // how many lists of techniques are kept
)

// NewLines makes a Lines that writes to w.
func NewLines(w io.Writer) *Lines {
	return &Lines{w: w, techniques: map[*graph.FindingTechnique]written{}}
}

// Finding writes the line of one finding.
func (l *Lines) Finding(r *graph.FindingResult) error {
	if l.failed != nil {
		return l.failed
	}
	if r == nil {
		return errors.New("report: Lines: the finding is nil")
	}
	if len(r.Techniques) == 0 {
		b, err := plain(r)
		if err != nil {
			return err
		}
		l.buffer = append(append(l.buffer, b...), '\n')
		return l.some()
	}
	shared, ok := l.techniques[&r.Techniques[0]]
	if !ok || !slices.EqualFunc(shared.techniques, r.Techniques, sameTechnique) {
		if len(l.techniques) == maxTechniques {
			clear(l.techniques)
		}
		b, err := plain(r.Techniques)
		if err != nil {
			return err
		}
		shared = written{copied(r.Techniques), b}
		l.techniques[&r.Techniques[0]] = shared
	}
	rest := *r
	rest.Techniques = []graph.FindingTechnique{}
	b, err := plain(rest)
	if err != nil {
		return err
	}
	before, after, err := around(b, "techniques")
	if err != nil {
		return err
	}
	l.buffer = append(append(append(append(l.buffer, before...), shared.text...), after...), '\n')
	return l.some()
}

func sameTechnique(a, b graph.FindingTechnique) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Confidence == b.Confidence && (a.Via == nil) == (b.Via == nil) && slices.EqualFunc(a.Via, b.Via, sameVia)
}

func sameVia(a, b graph.Via) bool {
	return a.Weakness == b.Weakness && slices.Equal(a.Path, b.Path) && a.Narrowed == b.Narrowed && a.Relation == b.Relation &&
		a.Confidence == b.Confidence && a.Weakened == b.Weakened && a.Doubt == b.Doubt && a.Provenance == b.Provenance &&
		a.Source == b.Source && a.Rationale == b.Rationale
}

// copied is a list that nobody else changes.
func copied(list []graph.FindingTechnique) []graph.FindingTechnique {
	list = slices.Clone(list)
	for i := range list {
		list[i].Via = slices.Clone(list[i].Via)
		for j := range list[i].Via {
			list[i].Via[j].Path = slices.Clone(list[i].Via[j].Path)
		}
	}
	return list
}

// Summary writes the last line, with the drafts of the summary's assessment,
// and flushes.
func (l *Lines) Summary(s *graph.Summary) error {
	if l.failed != nil {
		return l.failed
	}
	if s == nil || s.Assessment == nil {
		return errors.New("report: Lines: the summary is nil")
	}
	a := *s.Assessment
	a.Findings, a.Techniques, a.Plan, a.Gaps = []graph.FindingResult{}, []graph.TechniqueResult{}, []graph.PlanStep{}, []graph.Gap{}
	a.RestsOnOne = []graph.RestsOnOne{}
	b, err := plain(a)
	if err != nil {
		return err
	}
	l.buffer = append(l.buffer, `{"summary":`...)
	before, b, err := around(b, "findings")
	if err != nil {
		return err
	}
	l.buffer = append(l.buffer, bytes.TrimSuffix(before, []byte(`"findings":`))...)
	if before, b, err = around(bytes.TrimPrefix(b, []byte(",")), "techniques"); err != nil {
		return err
	}
	l.buffer = append(append(l.buffer, before...), '[')
	for i := range s.Techniques {
		if err := l.listed(i, s.Techniques[i], list{"findings", s.TechniqueFindings(i)}, list{"devices", s.TechniqueDevices(i)}); err != nil {
			return err
		}
	}
	l.buffer = append(l.buffer, ']')
	if before, b, err = around(b, "plan"); err != nil {
		return err
	}
	l.buffer = append(append(l.buffer, before...), '[')
	for i := range s.Plan {
		if err := l.step(s, i); err != nil {
			return err
		}
	}
	l.buffer = append(l.buffer, ']')
	if before, b, err = around(b, "rests_on_one"); err != nil {
		return err
	}
	l.buffer = append(append(l.buffer, before...), '[')
	for i := range s.RestsOnOne {
		if err := l.listed(i, s.RestsOnOne[i], list{"devices", s.RestsOnOneDevices(i)}); err != nil {
			return err
		}
	}
	l.buffer = append(l.buffer, ']')
	if before, b, err = around(b, "gaps"); err != nil {
		return err
	}
	l.buffer = append(append(l.buffer, before...), '[')
	for i := range s.Gaps {
		if err := l.listed(i, s.Gaps[i], list{"findings", s.GapFindings(i)}, list{"devices", s.GapDevices(i)}); err != nil {
			return err
		}
	}
	l.buffer = append(append(append(l.buffer, ']'), b...), "}\n"...)
	return l.Flush()
}

// step writes a step of the plan.
func (l *Lines) step(s *graph.Summary, i int) error {
	step := s.Plan[i]
	step.Closes = []graph.PlanClosed{}
	b, err := plain(step)
	if err != nil {
		return err
	}
	before, after, err := around(b, "closes")
	if err != nil {
		return err
	}
	if i > 0 {
		l.buffer = append(l.buffer, ',')
	}
	l.buffer = append(append(l.buffer, before...), '[')
	for j, closed := range s.Plan[i].Closes {
		if err := l.listed(j, closed, list{"devices", s.PlanDevices(i, j)}); err != nil {
			return err
		}
	}
	l.buffer = append(append(l.buffer, ']'), after...)
	return nil
}

// list is a member that is an empty list until it is written.
type list struct {
	name string
	ids  iter.Seq[string]
}

// listed writes an element with some lists, in the order in which it has them.
func (l *Lines) listed(i int, v any, lists ...list) error {
	b, err := plain(v)
	if err != nil {
		return err
	}
	if i > 0 {
		l.buffer = append(l.buffer, ',')
	}
	for _, list := range lists {
		before, after, err := around(b, list.name)
		if err != nil {
			return err
		}
		l.buffer = append(append(l.buffer, before...), '[')
		first := true
		for id := range list.ids {
			if !first {
				l.buffer = append(l.buffer, ',')
			}
			first = false
			if l.buffer, err = appendText(l.buffer, id); err != nil {
				return err
			}
			if err := l.some(); err != nil {
				return err
			}
		}
		l.buffer = append(l.buffer, ']')
		b = after
	}
	l.buffer = append(l.buffer, b...)
	return nil
}

// some writes when enough has come together.
func (l *Lines) some() error {
	if len(l.buffer) < linesBuffer {
		return nil
	}
	return l.Flush()
}

// Flush writes what was not written yet.
func (l *Lines) Flush() error {
	if len(l.buffer) == 0 {
		return l.failed
	}
	if l.failed == nil {
		l.failed = escape.Write(l.w, escape.JSON(l.buffer))
	}
	l.buffer = l.buffer[:0]
	return l.failed
}

// plain encodes on one line as [JSON] does.
func plain(v any) ([]byte, error) { return json.MarshalWithOption(v, json.DisableHTMLEscape()) }

// around returns what is before and behind the first empty list that a member
// with the given name has. No text can look like it, for in a text a quotation
// mark has a backslash before it.
func around(object []byte, name string) (before, after []byte, err error) {
	member := `"` + name + `":`
	i := bytes.Index(object, []byte(member+"[]"))
	if i < 0 {
		return nil, nil, fmt.Errorf("report: no empty list %s in %.80s", name, object)
	}
	at := i + len(member)
	return object[:at], object[at+len("[]"):], nil
}

// appendText encodes a text; most need no escape.
func appendText(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			quoted, err := plain(s)
			return append(b, quoted...), err
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

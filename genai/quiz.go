package genai

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// The kinds of questions, see graph.Question.
const (
	askMitigates = "mitigates"
	askTactic    = "tactic"
	askOpen      = "open"
)

const maxOptions = 4

// quizzer makes questions from a graph and answers them.
type quizzer struct {
	s *graph.Snapshot
	a *graph.Assessment
}

// questions asks about techniques in turn, in another way each time, as far
// as evidence holds the answer.
func (q quizzer) questions(techniques []string, evidence []graph.Evidence) []compose.Asked {
	var out []compose.Asked
	kinds := []string{askMitigates, askTactic, askOpen}
	for round := range kinds {
		for i, id := range techniques {
			if len(out) == compose.MaxQuestions {
				return out
			}
			t, ok := mitre.Find[*mitre.Technique](q.s.Catalog(), id)
			if !ok {
				continue
			}
			if asked, ok := q.ask(kinds[(round+i)%len(kinds)], t, evidence); ok {
				out = append(out, asked)
			}
		}
	}
	return out
}

// ask makes a question with one option that is right and others that are not;
// false where there are none, or no evidence for the answer.
func (q quizzer) ask(kind string, t *mitre.Technique, evidence []graph.Evidence) (compose.Asked, bool) {
	right, cites := "", []string(nil)
	var wrong []string
	for _, o := range q.candidates(kind, t) {
		switch holds, err := q.holds(kind, t, o); {
		case err != nil:
		case !holds:
			wrong = append(wrong, o)
		case right == "":
			if h := q.answered(kind, t, o, evidence); len(h) > 0 {
				right, cites = o, h
			}
		}
	}
	wrong = wrong[:min(len(wrong), maxOptions-1)]
	if right == "" || len(wrong) == 0 {
		return compose.Asked{}, false
	}
	options := append(wrong, right)
	slices.Sort(options) // where the right one stands says nothing
	return compose.Asked{Question: graph.Question{
		Kind: kind, Subject: t.ID, Text: wording(kind, t), Options: options, Right: slices.Index(options, right),
	}, Cites: cites}, true
}

func wording(kind string, t *mitre.Technique) string {
	name := strings.TrimSpace(t.ID + " " + t.Name)
	switch kind {
	case askMitigates:
		return "Which of these does ATT&CK list as a mitigation of " + name + "?"
	case askTactic:
		return "Which of these tactics does " + name + " serve?"
	default:
		return "On which of these devices is " + name + " open?"
	}
}

// candidates are what may be an option, each once, those that make a question
// hard first.
func (q quizzer) candidates(kind string, t *mitre.Technique) []string {
	var out []string
	add := func(o string) {
		if o != "" && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	switch kind {
	case askMitigates:
		for _, m := range q.a.Mitigations {
			if full, ok := mitre.Find[*mitre.Mitigation](q.s.Catalog(), m.ID); ok {
				add(mitigationLabel(full))
			}
		}
		for m := range mitre.Live[*mitre.Mitigation](q.s.Catalog()) {
			add(mitigationLabel(m))
		}
	case askTactic:
		for tactic := range mitre.Live[*mitre.Tactic](q.s.Catalog()) {
			add(tactic.Name)
		}
		// Neighbours in the matrix are harder to tell apart than its begin.
		if n := len(out); n > 0 {
			at := 0
			for tactic := range q.s.Catalog().TacticsOf(t) {
				at = max(0, slices.Index(out, tactic.Name))
				break
			}
			shift := (at + n - 1) % n
			out = append(slices.Clone(out[shift:]), out[:shift]...)
		}
	case askOpen:
		if q.a.Site != nil {
			for _, d := range q.a.Site.Devices {
				// A device that is called like an ID, or can't be shown as it is
				// called, confuses more than it asks.
				if finding.Plain(d.ID, 60) == d.ID && len(graph.IDsIn(d.ID)) == 0 {
					add(d.ID)
				}
			}
		}
	}
	return out
}

func mitigationLabel(m *mitre.Mitigation) string {
	if m.ID == "" || m.Placeholder() || !m.Live() {
		return ""
	}
	return strings.TrimSpace(m.ID + " " + m.Name)
}

// holds asks the graph whether an option is right. The error says that the
// graph does not know it.
func (q quizzer) holds(kind string, t *mitre.Technique, option string) (bool, error) {
	switch kind {
	case askMitigates:
		id, _, _ := strings.Cut(option, " ")
		m, ok := mitre.Find[*mitre.Mitigation](q.s.Catalog(), id)
		if !ok || mitigationLabel(m) != option {
			return false, fmt.Errorf("%q is no mitigation of this release", option)
		}
		for x := range q.s.Mitigations(t.ID) {
			if x.ID == id {
				return true, nil
			}
		}
		return false, nil
	case askTactic:
		known := false
		for x := range mitre.Live[*mitre.Tactic](q.s.Catalog()) {
			known = known || x.Name == option
		}
		if !known {
			return false, fmt.Errorf("%q is no tactic of this release", option)
		}
		for x := range q.s.Catalog().TacticsOf(t) {
			if x.Name == option {
				return true, nil
			}
		}
		return false, nil
	case askOpen:
		if q.a.Site == nil || !slices.ContainsFunc(q.a.Site.Devices, func(d graph.DeviceResult) bool { return d.ID == option }) {
			return false, fmt.Errorf("%q is no device of this site", option)
		}
		return slices.ContainsFunc(q.a.Techniques, func(r graph.TechniqueResult) bool {
			return r.ID == t.ID && slices.Contains(r.Devices, option)
		}), nil
	}
	return false, fmt.Errorf("%q is no kind of question", kind)
}

// answered are the handles of what says that an option is right.
func (q quizzer) answered(kind string, t *mitre.Technique, option string, evidence []graph.Evidence) []string {
	switch kind {
	case askMitigates:
		id, _, _ := strings.Cut(option, " ")
		h := vouching(evidence, id, id, " mitigates "+t.ID+" ")
		return h[:min(1, len(h))]
	case askTactic:
		h := vouching(evidence, t.ID, t.ID, " serves ")
		return h[:min(1, len(h))]
	}
	// The site's word vouches for no technique, so the technique's own
	// statement stands beside it.
	for _, e := range evidence {
		if e.Provenance == string(graph.Site) && strings.HasPrefix(e.Text, t.ID+" is open on ") && strings.Contains(e.Text, fmt.Sprintf("%q", option)) {
			if h := vouching(evidence, t.ID, t.ID, " serves "); len(h) > 0 {
				return []string{e.Handle, h[0]}
			}
		}
	}
	return nil
}

// CheckQuiz holds each question of a training draft against the graph: its
// words are the graph's own, the option that is said to be right is right by
// an edge, every other option exists and is wrong. Other drafts, and a draft
// whose graph could ask nothing, have no questions and no error. The snapshot
// and the assessment are those of the draft; with others, a draft may well be
// wrong. The error names the question: "quiz[2]: ...".
func CheckQuiz(s *graph.Snapshot, a *graph.Assessment, d graph.Draft) error {
	if s == nil || a == nil || s.Catalog() == nil {
		return errors.New("genai: CheckQuiz needs a snapshot with an ATT&CK release, and an assessment")
	}
	q := quizzer{s, a}
	for where, c := range d.Text.Claims() {
		if c.Quiz == nil {
			if strings.HasPrefix(where, "quiz[") {
				return fmt.Errorf("genai: %s: an explanation without a question", where)
			}
			continue
		}
		if err := q.check(*c.Quiz); err != nil {
			return fmt.Errorf("genai: %s: %w", where, err)
		}
	}
	return nil
}

func (q quizzer) check(x graph.Question) error {
	t, ok := mitre.Find[*mitre.Technique](q.s.Catalog(), x.Subject)
	switch {
	case !ok || t.ID != x.Subject:
		return fmt.Errorf("%q is no technique of this release", x.Subject)
	case len(x.Options) < 2:
		return fmt.Errorf("there are %d options; a question needs two", len(x.Options))
	case x.Right < 0 || x.Right >= len(x.Options):
		return fmt.Errorf("the right option is %d of %d", x.Right, len(x.Options))
	}
	for i, o := range x.Options {
		holds, err := q.holds(x.Kind, t, o)
		switch {
		case err != nil:
			return err
		case slices.Contains(x.Options[:i], o):
			return fmt.Errorf("the option %q stands there twice", o)
		case holds && i != x.Right:
			return fmt.Errorf("the option %q is right too", o)
		case !holds && i == x.Right:
			return fmt.Errorf("the option %q is said to be right, and is wrong", o)
		}
	}
	if x.Text != wording(x.Kind, t) {
		return errors.New("the question is not in the graph's words")
	}
	return nil
}

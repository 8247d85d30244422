package genai

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// Task is one text to write. A function for each kind of task makes it, such
// as [Mitigation]; the zero value can't be done. A task names what it is
// about; what is known of that is asked when it is done.
type Task struct {
	kind   *kind
	gap    int    // index into Assessment.Gaps; -1 where the task is about none
	id     string // of what else it is about
	report *report
}

// Name returns the name of the kind of task, which drafts carry; empty for
// the zero value.
func (t Task) Name() string {
	if t.kind == nil {
		return ""
	}
	return t.kind.name
}

// Form returns which sections the task's drafts have, and between which bounds
// their numbers of claims are for any assessment; nil for the zero value.
func (t Task) Form() verify.Form {
	if t.kind == nil {
		return nil
	}
	return slices.Clone(t.kind.form)
}

// Prompt returns the version of the prompt that a model is given for the task,
// such as "mitigation-v1"; empty for the zero value.
func (t Task) Prompt() string {
	if t.kind == nil {
		return ""
	}
	return t.kind.version
}

// String says for people what is asked for: "mitigation for gap 3".
func (t Task) String() string {
	switch {
	case t.kind == nil:
		return "no task"
	case t.gap >= 0:
		return fmt.Sprintf("%s for gap %d", t.kind.name, t.gap)
	default:
		return strings.TrimSpace(t.kind.name + " " + finding.Plain(t.id, 80))
	}
}

// kind is a kind of task.
type kind struct {
	name    string
	version string // of the prompt
	prompt  *template.Template
	form    verify.Form // of any draft of this kind
	// tokens bounds the answer; maxAnswerTokens where it is zero.
	tokens  int
	collect func(context.Context, *graph.Snapshot, *graph.Assessment, Task) (job, error)
}

// job is a task with what the graph knows for it.
type job struct {
	evidence []graph.Evidence // by value for the task, the best first
	about    []string         // node keys, see graph.Draft
	subject  any              // plain data that names what it is about, for the draft's ID
	// plan says what is to be written over evidence, of which the end may be
	// left out; false when too little is left of it.
	plan func([]graph.Evidence) (plan, bool)
}

// plan is what is asked for over certain evidence.
type plan struct {
	form    verify.Form
	words   map[string]string // what the prompt says besides the evidence
	asks    []string          // what it lists for the writer, one for a claim that it is to write
	compose func() (graph.DraftText, error)
	// check rejects what contradicts the graph; nil where nothing can.
	check func(graph.DraftText) []graph.Rejection
	// decide writes into an accepted text what the graph decides; nil for
	// nothing. It changes the claims.
	decide func(graph.DraftText)
}

// verified are the reasons against a text that the graph has.
func (p plan) verified(t graph.DraftText) []graph.Rejection {
	out := dismissals(t)
	if p.check != nil {
		out = append(out, p.check(t)...)
	}
	return out
}

// dismissive are words that call off what a draft is there for: there is a gap,
// a finding or an open technique, or there would be no task. Strangers' titles
// like to order them.
var dismissive = regexp.MustCompile(`(?i)\bno (?:further |other |more )?(?:action|measure|mitigation|response|step|work|review|change)s? (?:is|are|was|were) (?:needed|required|necessary|called for)\b|\bnothing (?:needs to|has to|must|is to) be done\b|\b(?:may|can|should|must|is to|are to) (?:safely )?be ignored\b|\bneeds? no (?:action|mitigation|response|attention)\b`)

func dismissals(t graph.DraftText) []graph.Rejection {
	var out []graph.Rejection
	for where, c := range t.Claims() {
		texts := []string{c.Text}
		if c.Quiz != nil {
			texts = append(texts, c.Quiz.Text) // its wrong options may be wrong
		}
		for _, s := range texts {
			if m := dismissive.FindString(s); m != "" {
				out = append(out, graph.Rejection{Check: CheckGraph, Where: where + ".text", Why: fmt.Sprintf("the graph found something to do; this says %q", m)})
			}
		}
	}
	return out
}

func (p plan) decided(t graph.DraftText) graph.DraftText {
	if p.decide != nil {
		p.decide(t)
	}
	return t
}

var mitigation = &kind{
	name: "mitigation", version: "mitigation-v1", prompt: prompt("mitigation-v1"),
	form: compose.Mitigation,
	collect: func(_ context.Context, s *graph.Snapshot, a *graph.Assessment, t Task) (job, error) {
		evidence, err := s.Evidence(a, t.gap)
		if err != nil {
			return job{}, err
		}
		g := a.Gaps[t.gap]
		subject := iter.Seq[string](func(yield func(string) bool) {
			if yield(string(g.Kind)) && yield(g.Technique) {
				slices.Values(g.Findings)(yield)
			}
		})
		words := map[string]string{"missing": missing[g.Kind]}
		if words["missing"] == "" {
			words["missing"] = "an answer"
		}
		var about []string
		if g.Technique != "" {
			about = []string{attackKey(g.Technique)}
		}
		return job{
			evidence: evidence, about: about, subject: subject,
			plan: func(e []graph.Evidence) (plan, bool) {
				return plan{
					form: compose.Mitigation, words: words,
					compose: func() (graph.DraftText, error) { return compose.Write(g, e) },
				}, true
			},
		}, nil
	},
}

// missing says for a writer what a kind of gap lacks.
var missing = map[graph.GapKind]string{
	graph.GapNoMitigation:    "a mitigation: ATT&CK lists none",
	graph.GapPlaceholderOnly: "a mitigation: ATT&CK only says that mitigation is limited or not effective",
	graph.GapNotFeasible:     "a mitigation that the devices allow: their constraints rule the official ones out",
	graph.GapNotDeployed:     "a deployed mitigation: official ones exist, none is in place",
	graph.GapNoDetection:     "a way to notice the technique: ATT&CK names nothing to collect",
	graph.GapNoTechnique:     "a technique: the findings lead to none",
}

// Mitigation is the task to write what can be done about one gap of an
// assessment, an index into its Gaps: a summary, steps, and what remains open.
func Mitigation(gap int) Task { return Task{kind: mitigation, gap: gap} }

// Mitigations is a [Mitigation] task for each gap of an assessment, in their
// order. A nil assessment has none.
func Mitigations(a *graph.Assessment) []Task {
	if a == nil {
		return nil
	}
	out := make([]Task, len(a.Gaps))
	for i := range a.Gaps {
		out[i] = Mitigation(i)
	}
	return out
}

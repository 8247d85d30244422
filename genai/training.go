package genai

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

var training = &kind{
	name: "training", version: "training-v1", prompt: prompt("training-v1"),
	form: without(compose.TrainingForm(compose.MaxQuestions), "quiz"), tokens: longAnswer,
	collect: func(_ context.Context, s *graph.Snapshot, a *graph.Assessment, _ Task) (job, error) {
		techniques := urgent(a, compose.MaxQuestions)
		ids := append(keys(techniques, attackKey), keys(risky(a, planFindings), findingKey)...)
		evidence, err := s.EvidenceAbout(a, ids...)
		if err != nil {
			return job{}, err
		}
		q := quizzer{s: s, a: a}
		return job{
			evidence: arranged(evidence, " serves ", "; its score is ", summaries, "is deployed wherever", "it is feasible"),
			about:    keys(techniques, attackKey), subject: techniques,
			plan: func(e []graph.Evidence) (plan, bool) {
				questions := q.questions(techniques, e)
				p := plan{
					form:    compose.TrainingForm(len(questions)),
					compose: func() (graph.DraftText, error) { return compose.Training(a, questions, e) },
				}
				if len(questions) == 0 {
					return p, len(e) > 0
				}
				for _, x := range questions {
					p.asks = append(p.asks, fmt.Sprintf("%s Right is: %s (%s).", x.Text, x.Options[x.Right], strings.Join(x.Cites, ", ")))
				}
				p.check = func(t graph.DraftText) []graph.Rejection { return explains(t, questions) }
				p.decide = func(t graph.DraftText) {
					for i, c := range t.Section("quiz") {
						q := questions[i].Question
						q.Options = slices.Clone(q.Options)
						c.Quiz = &q
						t.Section("quiz")[i] = c
					}
				}
				return p, true
			},
		}, nil
	},
}

// explains rejects explanations that cite none of what answers their question,
// or that name a wrong option and not the right one.
func explains(t graph.DraftText, questions []compose.Asked) []graph.Rejection {
	handles, subjects := make([][]string, len(questions)), make([]string, len(questions))
	for i, q := range questions {
		handles[i], subjects[i] = q.Cites, fmt.Sprintf("question %d", i+1)
	}
	out := eachCites("quiz", subjects, handles)(t)
	for i, c := range t.Section("quiz") {
		if i >= len(questions) {
			break
		}
		q := questions[i]
		text := strings.ToUpper(c.Text)
		names := func(o string) bool {
			id, name, _ := strings.Cut(o, " ")
			return strings.Contains(text, strings.ToUpper(o)) || q.Kind == askMitigates && (strings.Contains(text, id) || strings.Contains(text, strings.ToUpper(name)))
		}
		wrong := slices.IndexFunc(q.Options, func(o string) bool { return o != q.Options[q.Right] && names(o) })
		if wrong >= 0 && !names(q.Options[q.Right]) {
			out = append(out, graph.Rejection{Check: CheckGraph, Where: fmt.Sprintf("quiz[%d].text", i),
				Why: fmt.Sprintf("this names %q, which is wrong, and not %q, which is right", q.Options[wrong], q.Options[q.Right])})
		}
	}
	return out
}

// Training is the task to write material for operators and a quiz about the
// most urgent techniques of the site: "material", and "quiz" with at most six
// questions, or without that section where the graph can ask nothing. The graph
// makes the questions and the options, and knows which is right, see
// [graph.Claim.Quiz]; a writer explains the answers. [CheckQuiz] holds a draft
// against the graph again. An assessment without findings gives [ErrNothing].
func Training() Task { return Task{kind: training, gap: -1} }

// without lets a section of a form be missing, for the form of a whole kind of
// task.
func without(f verify.Form, section string) verify.Form {
	f = slices.Clone(f)
	for i := range f {
		if f[i].Name == section {
			f[i].Min = 0
		}
	}
	return f
}

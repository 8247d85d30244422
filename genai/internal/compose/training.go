package compose

import (
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// MaxQuestions bounds the questions of a quiz.
const MaxQuestions = 6

// TrainingForm is the form of training material with n questions, maybe none.
func TrainingForm(n int) verify.Form {
	f := verify.Form{{Name: "material", Min: 1, Max: 8, Advice: trainingAdvice}}
	if n > 0 {
		f = append(f, verify.Section{Name: "quiz", Min: n, Max: n, Advice: trainingAdvice})
	}
	return f
}

// Asked is a question and the handles of the statements that answer it.
type Asked struct {
	graph.Question
	Cites []string
}

// Training writes material for operators and explains the answers.
func Training(a *graph.Assessment, questions []Asked, evidence []graph.Evidence) (graph.DraftText, error) {
	return written(TrainingForm(len(questions)), evidence, func(p *pen) graph.DraftText { return p.training(a, questions) })
}

var trainingAdvice = sketched(func(p *pen, w world) {
	var questions []Asked
	for _, kind := range []string{"mitigates", "tactic", "open"} {
		options := append(slices.Clone(w.assessment.Techniques[0].Tactics), taken)
		questions = append(questions, Asked{Question: graph.Question{Kind: kind, Options: options}})
	}
	p.training(w.assessment, questions)
})

func (p *pen) training(a *graph.Assessment, questions []Asked) graph.DraftText {
	out := graph.DraftText{list("material", 8, p.material(a)...)}
	if len(questions) == 0 {
		return out
	}
	answers := make([]graph.Claim, len(questions))
	for i, q := range questions {
		answers[i] = p.answer(i, q)
	}
	return append(out, list("quiz", MaxQuestions, answers...))
}

func (p *pen) material(a *graph.Assessment) []graph.Claim {
	out := []graph.Claim{p.claim(nil, "You are the first to notice an attack on the process. You need not be sure and you need no computer for it: what you see, hear and smell at the plant counts more than a screen.")}
	for _, t := range p.open(a, 3) {
		cites := first(p.about(t.ID, t.ID, " serves "))
		if len(cites) == 0 {
			cites = first(p.about(t.ID))
		}
		name := p.named(t.ID, t.Name, unnamed, cites)
		what := t.Summary
		if h := p.find(func(e graph.Evidence) bool { return what != "" && e.Text == what }); len(h) > 0 {
			cites = both(cites, first(h))
		} else {
			what = ""
		}
		watch := "watch for what does not fit, say so aloud, and call."
		for _, tactic := range t.Tactics {
			if s, ok := seen[tactic]; ok {
				watch = s + "."
			}
		}
		out = append(out, p.claim(cites,
			strings.TrimSpace(name+" is open at this site. "+what)+" What you can do: "+watch,
			name+" is open at this site. What you can do: "+watch,
			"For the "+p.nth(len(out)-1)+" technique that is open at this site, watch for what does not fit, say so aloud, and call."))
	}
	return append(out,
		p.claim(nil, "When screen and gauge disagree, believe the gauge: say so aloud, go to manual operation as you have practised it, and call the shift supervisor. Nobody is blamed for a false alarm."),
		p.claim(p.about("M0934"), "Put no memory stick, phone or laptop to a panel or a controller, not even to charge it. Files come in by the checked station only."),
		p.claim(nil, "Don't restart, reload or switch off a controller on suspicion. It may stop the process, and it wipes the traces; leave it as it is unless safety needs it, and write down the time."),
		p.claim(nil, "When someone calls and asks for a password or a remote session, or wants an interlock set aside, say that you call back, and use the number in the plan, whoever it is."))
}

func (p *pen) answer(i int, q Asked) graph.Claim {
	right := q.Options[q.Right]
	named, subject := p.word(right), p.word(q.Subject)
	var rich string
	switch q.Kind {
	case "mitigates":
		id, _, _ := strings.Cut(right, " ")
		rich = named + " is right: ATT&CK lists it as a mitigation of " + subject + ", and none of the others. " + p.how(id)
	case "tactic":
		rich = named + " is right: " + subject + " serves it, and none of the other options. "
		if s, ok := seen[right]; ok {
			rich += "At the plant that means: " + s + "."
		}
	default:
		rich = named + " is right: a finding opens " + subject + " there, and none opens it on the others. Being on the list says where to look first, not that the others are safe."
	}
	short := named + " is right, by what the graph holds about " + subject + "."
	return p.claim(q.Cites, strings.TrimSpace(rich), short,
		"The answer to the "+p.nth(i)+" question follows from what the graph holds, and none of the other options does.")
}

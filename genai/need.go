package genai

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/mitigraph/mitigraph/graph"
)

// Need is what tasks ask of a writer's context, in tokens, rather too many: a
// token is taken for three bytes of a prompt, where English has about four.
type Need struct {
	// Tasks are how many there are.
	Tasks int
	// Least is the smallest context in which each of the tasks can be asked
	// for, be it with little of its evidence, and LeastOf the task that needs
	// it, the first of several.
	Least   int
	LeastOf Task
	// Whole is the smallest context in which nothing is left out.
	Whole int
	// Prompt and Answer are of all tasks together, in a context of the given
	// size: what is to be read, and at most to be written, at the first
	// attempt. A task that does not fit counts for nothing.
	Prompt, Answer int
}

// Needs says what tasks need before they are asked of a writer with a context
// of some tokens; 0 for a context without a limit. It costs about as much as
// drafting them with the template writer. The errors are those of [Draft],
// but tasks that there is nothing to write about need nothing.
func Needs(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, tasks []Task, context int) (Need, error) {
	var n Need
	for _, t := range tasks {
		if err := ctx.Err(); err != nil {
			return Need{}, fmt.Errorf("genai: %w", err)
		}
		j, evidence, err := collected(ctx, s, a, t)
		switch {
		case errors.Is(err, ErrNothing):
			continue
		case err != nil:
			return Need{}, err
		}
		n.Tasks++
		bound := cmp.Or(t.kind.tokens, maxAnswerTokens)
		for few := 1; few <= len(evidence); few++ {
			p, ok := j.plan(evidence[:few:few])
			if !ok {
				continue
			}
			prompt := newRequestOf(t.kind, p, evidence, few).tokens()
			// Half of a small context, rounded down, is the answer's.
			if least := prompt + min(prompt-1, bound); least > n.Least {
				n.Least, n.LeastOf = least, t
			}
			break
		}
		whole, _, _ := newRequest(t.kind, j, evidence, 0)
		n.Whole = max(n.Whole, whole.tokens())
		if r, _, ok := newRequest(t.kind, j, evidence, context); ok {
			n.Prompt += r.tokens() - r.MaxTokens
			n.Answer += r.MaxTokens
		}
	}
	return n, nil
}

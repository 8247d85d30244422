// Package template answers the question: what can be said without a model?
//
// [Writer] puts a draft together from the evidence of its task, in fixed
// sentences around the graph's IDs, names and reasons. It costs some
// milliseconds, for a long task tens of them, and gives the same text for the
// same input. What it says about ATT&CK and the site is in its evidence; advice that holds on every site is
// this project's own, and cites why it is given here.
//
// The advice is of the kind that suits a plant: controls around a device
// before changes to it, changes in a planned outage, the safety function
// first. It never proposes to scan or to patch a controller that runs.
package template

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/internal/compose"
)

// Writer is the writer that needs no model. The zero value is ready to use,
// and safe for concurrent use.
type Writer struct{}

var _ genai.Writer = Writer{}

// Name returns "template".
func (Writer) Name() string { return compose.Name }

// Write writes the request's draft from its evidence; the prompt plays no
// part. It passes verification for any task and any evidence. The
// error says that there is no evidence, or is that of the context.
func (Writer) Write(ctx context.Context, r genai.Request) (genai.Answer, error) {
	if err := ctx.Err(); err != nil {
		return genai.Answer{}, err
	}
	text, err := r.Compose()
	if err != nil {
		return genai.Answer{}, err
	}
	raw, err := json.Marshal(text)
	if err != nil {
		return genai.Answer{}, fmt.Errorf("template: %w", err)
	}
	return genai.Answer{Text: string(raw)}, nil
}

package genai

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/mitigraph/mitigraph/graph"
)

// Writer writes answers. An implementation may also have
//
//	Ready(ctx context.Context) error  // can it write at all? asked before the first request
//	ContextTokens() int               // how much it can read and write together; 0 for no limit
//	Parameters() int64                // how many weights its model has; 0 where that is not known
//
// of which the last two are asked after Ready. A model with fewer than a billion
// parameters is not asked for a whole draft, only for claims, see [Draft].
type Writer interface {
	// Name is the generator's name in drafts: "template", or
	// "ollama:smollm2:135m".
	Name() string
	// Write answers a request. An [*AnswerError] says that this answer is
	// of no use, any other error that the writer is not. Write ends when
	// its context does.
	Write(ctx context.Context, r Request) (Answer, error)
}

// Request is all that a writer is told.
type Request struct {
	Task string // the task's name, such as "mitigation"
	// Evidence is what may be cited, as far as the writer's context holds
	// it. Of the ATT&CK IDs in it only those count that the release knows.
	Evidence []graph.Evidence
	// System and Prompt are the instructions and the task, with the
	// evidence in words.
	System, Prompt string
	// Schema is the JSON Schema that the answer must match.
	Schema json.RawMessage
	// MaxTokens bounds the answer.
	MaxTokens int
	// Repair says in words for the writer why its last answer to the same
	// request was rejected; empty where it is not told.
	Repair string
	// Seed counts the answers to the same request that were rejected before; a
	// writer is to answer otherwise than it did then.
	Seed int
	// Streaming may be told how many tokens of the answer have come so far,
	// while Write runs; it is nil where nobody listens. It changes nothing
	// about the answer.
	Streaming func(tokens int)

	plan plan
}

// Compose writes the answer without a model, from fixed sentences around the
// evidence. It passes verification for any evidence. The error says that there
// is no evidence, or that the request is not one of this package's.
func (r Request) Compose() (graph.DraftText, error) {
	if r.plan.compose == nil {
		return nil, errors.New("genai: this request is for no task")
	}
	return r.plan.compose()
}

// Answer is what a writer wrote, unverified.
type Answer struct {
	Text string // JSON, if all went well
	// Digest identifies the model's weights; empty where there are none or
	// they are not known.
	Digest string
	// PromptTokens and OutputTokens are as the writer counts them; 0 where
	// it does not.
	PromptTokens, OutputTokens int
}

// AnswerError says why one answer is of no use, though another may be. The
// pipeline treats it like a rejection.
type AnswerError struct {
	Check string // what was looked at, such as "cut off" or "server"
	Why   string // in words for people, free of control characters
	Err   error  // what errors.Is shall find; may be nil
}

// Error returns the check and the reason.
func (e *AnswerError) Error() string { return e.Check + ": " + e.Why }

// Unwrap returns Err.
func (e *AnswerError) Unwrap() error { return e.Err }

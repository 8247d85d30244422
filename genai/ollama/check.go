package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ollama/ollama/api"

	"github.com/mitigraph/mitigraph/genai"
)

// Errors of [Writer.Check] and [Writer.Probe], beside those of [Writer.Ready].
var (
	ErrContext = errors.New("the model's context is too small")  // for a task, with the least of its evidence
	ErrSchema  = errors.New("the model does not keep to a form") // which every task asks for
)

// Report says what a model is, and how fast it is where it runs.
type Report struct {
	Model        string
	Digest       string // of the weights
	Parameters   string // how many, as the server writes it, such as "134.52M"; empty where it does not tell
	Quantization string // such as "Q4_1"; empty where the server does not tell
	// Context is how many tokens of its context are used, see
	// [Writer.ContextTokens], and MostContext how many it has; 0 where the
	// server does not tell.
	Context, MostContext int
	Needs                genai.Need // of the tasks, with this context
	// Read and Write are its speed in tokens a second; 0 before
	// [Writer.Probe].
	Read, Write float64
}

// usual is which part of the longest answer one is taken to have: a guess, so
// that an estimate has an order of magnitude.
const usual = 3

// Seconds estimates how long the tasks take, one after the other: usually,
// where each answer is accepted at the first attempt and takes a third of what
// it may, and at most, where each of two attempts takes all. Both are 0 where
// the speed is not known.
func (r Report) Seconds() (usually, most float64) {
	if r.Read <= 0 || r.Write <= 0 {
		return 0, 0
	}
	prompt, answer := float64(r.Needs.Prompt)/r.Read, float64(r.Needs.Answer)/r.Write
	return prompt + answer/usual, 2 * (prompt + answer)
}

// String is one line for people.
func (r Report) String() string {
	var parts []string
	for _, s := range []string{r.Parameters, r.Quantization} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	parts = append(parts, fmt.Sprintf("context %d", r.Context))
	if r.Read > 0 && r.Write > 0 {
		parts = append(parts, fmt.Sprintf("reads %.0f and writes %.0f tokens a second", r.Read, r.Write))
		if n := r.Needs.Tasks; n > 0 {
			usually, most := r.Seconds()
			parts = append(parts, fmt.Sprintf("about %.0f s a draft, %v for %d, at most %v", usually/float64(n), seconds(usually), n, seconds(most)))
		}
	}
	return r.Model + ": " + strings.Join(parts, ", ")
}

func seconds(s float64) time.Duration { return time.Duration(s+0.5) * time.Second }

// Check asks the server whether the model can do tasks over an assessment,
// without having it write anything. The error is one of [Writer.Ready], of
// [genai.Needs], or wraps [ErrContext], which says how large a context is
// needed and by what.
func (w *Writer) Check(ctx context.Context, needs func(context int) (genai.Need, error)) (Report, error) {
	if err := w.Ready(ctx); err != nil {
		return Report{}, err
	}
	w.mu.Lock()
	a := *w.about
	w.mu.Unlock()
	r := Report{Model: w.model, Digest: a.digest, Parameters: a.parameters, Quantization: a.quantization, Context: a.context, MostContext: a.most}
	if needs != nil {
		var err error
		if r.Needs, err = needs(a.context); err != nil {
			return Report{}, err
		}
	}
	if n := r.Needs; n.Least > r.Context {
		return Report{}, fmt.Errorf("%w: %s on %s has %d tokens, and %s needs %d, or %d for all of the evidence",
			ErrContext, clean(w.model), w.base, r.Context, n.LeastOf, n.Least, n.Whole)
	}
	return r, nil
}

const (
	probeWords   = 300 // of the prompt that a model reads to show its speed
	probeMarks   = 12  // that it writes
	probeTimeout = 2 * time.Minute
)

// Probe is [Writer.Check] and has the model do a small piece of work: to read
// some hundred words and to write a few dozen tokens in a form. It takes
// seconds, with a model that is not loaded yet as much longer as loading it
// takes, and two minutes at most. The error may also wrap [ErrSchema].
func (w *Writer) Probe(ctx context.Context, needs func(context int) (genai.Need, error)) (Report, error) {
	r, err := w.Check(ctx, needs)
	if err != nil {
		return Report{}, err
	}
	limited, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	read, written, err := w.probe(limited)
	switch {
	case err == nil:
		r.Read, r.Write = read, written
		return r, nil
	case ctx.Err() != nil:
		return Report{}, fmt.Errorf("ollama: %w", ctx.Err())
	case limited.Err() != nil:
		return Report{}, fmt.Errorf("%w: %s on %s wrote no small answer within %v", ErrServer, clean(w.model), w.base, probeTimeout)
	}
	return Report{}, err
}

// probe measures how many tokens a second the model reads and writes.
func (w *Writer) probe(ctx context.Context) (read, written float64, err error) {
	w.mu.Lock()
	a := *w.about
	w.mu.Unlock()
	marks := []string{"red", "green", "blue"}
	form, err := json.Marshal(map[string]any{
		"type": "object", "required": []string{"marks"}, "additionalProperties": false,
		"properties": map[string]any{"marks": map[string]any{
			"type": "array", "minItems": probeMarks, "maxItems": probeMarks, "items": map[string]any{"enum": marks},
		}},
	})
	if err != nil {
		return 0, 0, fmt.Errorf("ollama: %w", err)
	}
	no := false
	// A server remembers the beginning of what it read last, which would make
	// it look fast: so each prompt begins with the time.
	prompt := fmt.Sprintf("%d is the number of this list of lamps:%s\nWrite the colours of %d of these lamps as JSON: {\"marks\": [...]}",
		time.Now().UnixNano(), strings.Repeat(" red green blue", min(probeWords, a.context/8)/3), probeMarks)
	req := &api.ChatRequest{
		Model: w.model, Messages: []api.Message{{Role: "user", Content: prompt}}, Format: form, Stream: &no, KeepAlive: &api.Duration{Duration: keepAlive},
		// The context is that of the tasks, so that the model is loaded once.
		Options: map[string]any{"temperature": 0.0, "seed": seed, "num_ctx": a.context, "num_predict": 16 * probeMarks},
	}
	if a.thinks {
		req.Think = &api.ThinkValue{Value: false}
	}
	var last api.ChatResponse
	if err := w.client.Chat(ctx, req, func(part api.ChatResponse) error { last = part; return nil }); err != nil {
		return 0, 0, w.failure(err)
	}
	var answer struct {
		Marks []string `json:"marks"`
	}
	if err := json.Unmarshal([]byte(last.Message.Content), &answer); err != nil || len(answer.Marks) != probeMarks ||
		slices.ContainsFunc(answer.Marks, func(s string) bool { return !slices.Contains(marks, s) }) {
		return 0, 0, fmt.Errorf("%w: %s on %s was asked for JSON with %d marks and answered %q", ErrSchema, clean(w.model), w.base, probeMarks, clean(last.Message.Content))
	}
	rate := func(n int, d time.Duration) float64 {
		if n <= 0 || d <= 0 {
			return 0
		}
		return float64(n) / d.Seconds()
	}
	return rate(last.PromptEvalCount, last.PromptEvalDuration), rate(last.EvalCount, last.EvalDuration), nil
}

// nearest is the installed model whose name is most like another, the first of
// several; empty where none is like it.
func nearest(name string, there []api.ListModelResponse) string {
	best, most := "", 0.5
	for _, m := range there {
		if l := likeness(base(name), base(m.Name)); l > most {
			best, most = m.Name, l
		}
	}
	return best
}

// base is a model's name without its tag.
func base(name string) string {
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		name = name[:i]
	}
	return strings.ToLower(name)
}

// likeness is the share of pairs of letters that two words have in common, 0
// to 1 (Dice's coefficient).
func likeness(a, b string) float64 {
	pairs := func(s string) (out []string) {
		s = "^" + s + "$"
		for i := 0; i+2 <= len(s); i++ {
			out = append(out, s[i:i+2])
		}
		return out
	}
	x, y := pairs(a), pairs(b)
	total, both := len(x)+len(y), 0
	for _, p := range x {
		if i := slices.Index(y, p); i >= 0 {
			both++
			y = slices.Delete(y, i, i+1)
		}
	}
	return float64(2*both) / float64(total)
}

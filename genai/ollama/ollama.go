// Package ollama answers the question: what does a local model write about a
// gap?
//
// [Writer] is a writer for package genai that asks a model on an Ollama
// server. Answers are bound to the request's JSON Schema, with a fixed seed and,
// but for a repair, at temperature 0, so that a model answers alike as far as
// it can.
// Everything that a server sends is bounded in size, and every call ends with
// its context.
//
// Nothing leaves for another machine than the one that the host names, unless
// the model itself is one that the server runs elsewhere.
package ollama

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/types/model"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/verify"
)

// Errors that concern the server or the model, and so every answer.
var (
	ErrUnreachable = errors.New("no Ollama server")      // nothing answers at the address
	ErrNoModel     = errors.New("no such model")         // the server lacks it, or it can't write
	ErrServer      = errors.New("Ollama server trouble") // an answer that is an error, or none of Ollama's
)

// ErrCutOff concerns one answer: the model did not finish it, or did not read
// all of the prompt. It comes inside a [*genai.AnswerError].
var ErrCutOff = errors.New("cut off")

const (
	// maxContext bounds the context, in tokens: more memory than it takes is
	// not asked of a server for a prompt that needs half of it.
	maxContext = 8192
	// unknownContext is assumed of a model that does not tell.
	unknownContext = 4096
	seed           = 1
	// Small models say everything twice without a penalty.
	repeatPenalty     = 1.15
	repeatWindow      = 256 // tokens
	shortAnswer       = 200 // tokens
	shortPenalty      = 1.05
	repairTemperature = 0.7
	keepAlive         = 10 * time.Minute // between gaps the model stays loaded
	readyTimeout      = 30 * time.Second
)

// Writer asks one model on one server. [New] makes it; it is safe for
// concurrent use.
type Writer struct {
	model  string
	base   *url.URL
	client *api.Client
	// readyTimeout bounds Ready, which asks for nothing that takes long.
	readyTimeout time.Duration

	mu sync.Mutex
	// about is what the server says of the model; nil before Ready.
	about *about
}

type about struct {
	digest       string
	context      int    // tokens that are used of it
	most         int    // tokens that it has; 0 where the server does not tell
	parameters   string // how many, as the server writes it
	quantization string
	thinks       bool // unless told not to
	noSystem     bool // its template drops system messages
}

var _ genai.Writer = (*Writer)(nil)

// New makes a writer for a model, such as "llama3.1" or "smollm2:135m". The
// host is an address such as "127.0.0.1:11434" or "https://host/path"; when
// empty, the environment's OLLAMA_HOST, and when that is empty,
// 127.0.0.1:11434. The error says what is wrong with either; the server is
// not asked yet.
func New(host, model string) (*Writer, error) {
	if strings.TrimSpace(model) == "" {
		return nil, errors.New("ollama: no model named; want one such as llama3.1 or smollm2:135m")
	}
	base, err := parseHost(host)
	if err != nil {
		return nil, err
	}
	return &Writer{
		model: model, base: base, client: api.NewClient(base, newHTTPClient()), readyTimeout: readyTimeout,
	}, nil
}

// Name returns "ollama:" and the model's name.
func (w *Writer) Name() string { return "ollama:" + w.model }

// ContextTokens returns how many tokens prompt and answer may have together:
// what the model can, up to 8,192; 4,096 before [Writer.Ready].
func (w *Writer) ContextTokens() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.about == nil {
		return unknownContext
	}
	return w.about.context
}

// Parameters returns how many weights the model has, as far as its server tells
// (134,520,000 for "134.52M"); 0 where it does not, and before [Writer.Ready].
func (w *Writer) Parameters() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.about == nil {
		return 0
	}
	return parameters(w.about.parameters)
}

// parameters reads what a server writes: a number and K, M, B or T.
func parameters(s string) int64 {
	unit := map[byte]float64{'K': 1e3, 'M': 1e6, 'B': 1e9, 'T': 1e12}
	if s == "" {
		return 0
	}
	times, ok := unit[s[len(s)-1]]
	if ok {
		s = s[:len(s)-1]
	} else {
		times = 1
	}
	n, err := strconv.ParseFloat(s, 64)
	if n *= times; err != nil || !(n >= 1 && n < math.MaxInt64) {
		return 0
	}
	return int64(n + 0.5)
}

// Fingerprint names the model's weights and the options that it runs with, for
// a cache of answers; empty before [Writer.Ready].
func (w *Writer) Fingerprint() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.about == nil || w.about.digest == "" {
		return ""
	}
	return fmt.Sprintf("%s context %d seed %d repeat %v/%d below %d tokens %v, repair %v", w.about.digest, w.about.context, seed, repeatPenalty, repeatWindow, shortAnswer, shortPenalty, repairTemperature)
}

// Ready asks the server about the model. It returns nil when both are there,
// otherwise an error that wraps [ErrUnreachable], [ErrNoModel] or
// [ErrServer], or that of the context. It waits 30 seconds at most, and
// remembers success.
func (w *Writer) Ready(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.about != nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, w.readyTimeout)
	defer cancel()
	a, err := w.ask(limited)
	switch {
	case err == nil:
		w.about = a
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("ollama: %w", ctx.Err())
	case limited.Err() != nil:
		return fmt.Errorf("%w: %s did not answer within %v; is that an Ollama server?", ErrUnreachable, w.base, w.readyTimeout)
	default:
		return err
	}
}

func (w *Writer) ask(ctx context.Context) (*about, error) {
	list, err := w.client.List(ctx)
	if err != nil {
		return nil, w.failure(err)
	}
	i := slices.IndexFunc(list.Models, func(m api.ListModelResponse) bool { return sameModel(m.Name, w.model) })
	if i < 0 {
		return nil, w.noModel(list.Models)
	}
	show, err := w.client.Show(ctx, &api.ShowRequest{Model: w.model})
	if err != nil {
		return nil, w.failure(err)
	}
	if len(show.Capabilities) > 0 && !slices.Contains(show.Capabilities, model.CapabilityCompletion) {
		return nil, fmt.Errorf("%w: %s on %s does not write text (it is for %s)", ErrNoModel, clean(w.model), w.base, clean(fmt.Sprint(show.Capabilities)))
	}
	a := &about{
		digest: clean(list.Models[i].Digest), context: unknownContext,
		parameters: clean(list.Models[i].Details.ParameterSize), quantization: clean(list.Models[i].Details.QuantizationLevel),
		thinks:   slices.Contains(show.Capabilities, model.CapabilityThinking),
		noSystem: show.Template != "" && show.Renderer == "" && !strings.Contains(show.Template, ".System") && !strings.Contains(show.Template, ".Messages"),
	}
	if arch, ok := show.ModelInfo["general.architecture"].(string); ok {
		if n, ok := show.ModelInfo[arch+".context_length"].(float64); ok && n >= 1 {
			a.context, a.most = int(min(n, maxContext)), int(min(n, math.MaxInt32))
		}
	}
	return a, nil
}

// sameModel compares names as the server does: no tag means ":latest".
func sameModel(a, b string) bool {
	tagged := func(s string) string {
		if !strings.Contains(s[strings.LastIndex(s, "/")+1:], ":") {
			s += ":latest"
		}
		return s
	}
	return strings.EqualFold(tagged(a), tagged(b))
}

func (w *Writer) noModel(there []api.ListModelResponse) error {
	names := make([]string, 0, 10)
	for _, m := range there[:min(len(there), cap(names))] {
		names = append(names, clean(m.Name))
	}
	has := "has none"
	if len(names) > 0 {
		has = "has " + strings.Join(names, ", ")
	}
	if n := len(there) - len(names); n > 0 {
		has += fmt.Sprintf(" and %d more", n)
	}
	meant := ""
	if near := nearest(w.model, there); near != "" {
		meant = "did you mean " + clean(near) + "? "
	}
	return fmt.Errorf("%w: %s; the server at %s %s; %s\"ollama pull %s\" fetches it", ErrNoModel, clean(w.model), w.base, has, meant, clean(w.model))
}

// Write asks the model. The errors are those of [Writer.Ready], that of the
// context, and [*genai.AnswerError] for an answer that did not end well, also
// because the server is gone meanwhile: it may be back for the next.
func (w *Writer) Write(ctx context.Context, r genai.Request) (genai.Answer, error) {
	if err := w.Ready(ctx); err != nil {
		return genai.Answer{}, err
	}
	w.mu.Lock()
	a := *w.about
	w.mu.Unlock()

	no := false
	req := &api.ChatRequest{
		Model:     w.model,
		Messages:  messages(r, a.noSystem),
		Format:    r.Schema,
		KeepAlive: &api.Duration{Duration: keepAlive},
		// Without these two a prompt that is too long loses its beginning,
		// and an answer that is too long what it rests on, both in silence.
		Truncate: &no, Shift: &no,
		Options: map[string]any{
			"temperature": temperature(r), "seed": seed + r.Seed, "repeat_penalty": penalty(r), "repeat_last_n": repeatWindow,
			"num_ctx": a.context, "num_predict": max(1, r.MaxTokens),
		},
	}
	if a.thinks {
		req.Think = &api.ThinkValue{Value: false}
	}
	var text strings.Builder
	var last api.ChatResponse
	thought, heard := 0, 0
	err := w.client.Chat(ctx, req, func(part api.ChatResponse) error {
		last = part
		if part.Message.Content != "" || part.Message.Thinking != "" {
			heard++ // a server sends one token at a time
			if r.Streaming != nil {
				r.Streaming(heard)
			}
		}
		thought += len(part.Message.Thinking)
		if text.WriteString(part.Message.Content); text.Len()+thought > verify.MaxAnswer {
			return errEndless
		}
		if part.Done { // what a server sends after it, or waits for, is not the answer's
			return errDone
		}
		return nil
	})
	switch {
	case errors.Is(err, errDone):
		err = nil
	case ctx.Err() != nil:
		return genai.Answer{}, fmt.Errorf("ollama: %w", ctx.Err())
	}
	switch {
	case errors.Is(err, errEndless):
		return genai.Answer{}, cutOff("the answer did not end within %d KiB", verify.MaxAnswer>>10)
	case errors.Is(err, errDial): // it was there before, and may come back
		return genai.Answer{}, &genai.AnswerError{Check: genai.CheckServer, Why: w.failure(err).Error(), Err: ErrUnreachable}
	case err != nil:
		return genai.Answer{}, w.failure(err)
	case !last.Done: // as when it is killed; a model that has no more to say is done
		return genai.Answer{}, serverError("the server ended the answer before it was done")
	case last.DoneReason == "length":
		return genai.Answer{}, cutOff("the answer did not end within its %d tokens", r.MaxTokens)
	case last.PromptEvalCount >= a.context:
		return genai.Answer{}, cutOff("the prompt filled the context of %d tokens, so that the model may not have read all of it", a.context)
	}
	return genai.Answer{
		Text: text.String(), Digest: a.digest, PromptTokens: last.PromptEvalCount, OutputTokens: last.EvalCount,
	}, nil
}

// temperature is 0, but for another try: there 0 would make the same answer again.
func temperature(r genai.Request) float64 {
	if r.Repair != "" || r.Seed > 0 {
		return repairTemperature
	}
	return 0
}

// penalty is less in a short answer, where it would cost the IDs and names that
// a small model has to repeat from its prompt.
func penalty(r genai.Request) float64 {
	if r.MaxTokens <= shortAnswer {
		return shortPenalty
	}
	return repeatPenalty
}

var (
	errEndless = errors.New("endless answer")
	errDone    = errors.New("the answer is done")
)

func cutOff(format string, args ...any) error {
	return &genai.AnswerError{Check: ErrCutOff.Error(), Why: fmt.Sprintf(format, args...), Err: ErrCutOff}
}

func messages(r genai.Request, noSystem bool) []api.Message {
	out := []api.Message{{Role: "system", Content: r.System}, {Role: "user", Content: r.Prompt}}
	if noSystem {
		out = []api.Message{{Role: "user", Content: r.System + "\n\n" + r.Prompt}}
	}
	if r.Repair != "" { // two messages of the same role confuse templates
		out[len(out)-1].Content += "\n\n" + r.Repair
	}
	return out
}

// failure turns an error of the client into one of this package's. What may
// concern one answer only becomes a [*genai.AnswerError].
func (w *Writer) failure(err error) error {
	var status api.StatusError
	var denied api.AuthorizationError
	var wire *url.Error
	switch {
	case errors.As(err, &denied):
		return fmt.Errorf("%w: %s asks for a login (status %d)", ErrServer, w.base, denied.StatusCode)
	case errors.As(err, &status) && status.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: %s; %s says: %s; \"ollama pull %s\" fetches it", ErrNoModel, clean(w.model), w.base, clean(status.ErrorMessage), clean(w.model))
	case errors.As(err, &status):
		return serverError("status %d: %s", status.StatusCode, clean(status.ErrorMessage))
	case errors.As(err, &wire) && errors.Is(err, errDial):
		return fmt.Errorf("%w at %s (%s); start it with \"ollama serve\", or set OLLAMA_HOST to where it is", ErrUnreachable, w.base, clean(wire.Err.Error()))
	default:
		return serverError("%s", clean(err.Error()))
	}
}

func serverError(format string, args ...any) error {
	why := fmt.Sprintf(format, args...)
	return &genai.AnswerError{Check: genai.CheckServer, Why: why, Err: ErrServer}
}

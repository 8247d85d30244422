package ollama_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
)

const (
	listed = `{"models":[{"name":"stand-in:1b","digest":"sha256:42","details":{"parameter_size":"1.2B","quantization_level":"Q4_0"}},{"name":"other:latest"},{"name":"smollm2:135m"}]}`
	shownX = `{"template":"{{ .Messages }}","capabilities":["completion"],"model_info":{"general.architecture":"x","x.context_length":%CONTEXT%}}`
)

// timed is an answer to the probe, with 100 tokens read in a second and 20
// written in two.
func timed(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{
			"message": map[string]string{"role": "assistant", "content": content}, "done": true, "done_reason": "stop",
			"prompt_eval_count": 100, "prompt_eval_duration": int64(time.Second), "eval_count": 20, "eval_duration": 2 * int64(time.Second),
		})
	}
}

var lamps = `{"marks":[` + strings.TrimSuffix(strings.Repeat(`"red",`, 12), ",") + `]}`

func TestProbe(t *testing.T) {
	s, a, i := gap(t)
	tasks := []genai.Task{genai.Mitigation(i), genai.IncidentResponse()}
	needs := func(context int) (genai.Need, error) { return genai.Needs(t.Context(), s, a, tasks, context) }
	server := &standIn{tags: say(listed), show: say(strings.Replace(shownX, "%CONTEXT%", "32768", 1)), chat: timed(lamps)}
	w, err := ollama.New(server.start(t), model)
	require.NoError(t, err)

	r, err := w.Check(t.Context(), needs)
	require.NoError(t, err)
	assert.Empty(t, server.asked, "a check asks for no answer")
	want, err := needs(8192)
	require.NoError(t, err)
	assert.Equal(t, ollama.Report{
		Model: model, Digest: "sha256:42", Parameters: "1.2B", Quantization: "Q4_0", Context: 8192, MostContext: 32768, Needs: want,
	}, r)
	usually, most := r.Seconds()
	assert.Zero(t, usually+most, "the speed is not known yet")
	assert.Equal(t, "stand-in:1b: 1.2B, Q4_0, context 8192", r.String())

	r, err = w.Probe(t.Context(), needs)
	require.NoError(t, err)
	require.Len(t, server.asked, 1)
	assert.Equal(t, 8192.0, server.asked[0]["options"].(map[string]any)["num_ctx"], "as the tasks have it")
	assert.Equal(t, []float64{100, 10}, []float64{r.Read, r.Write})
	usually, most = r.Seconds()
	assert.InDelta(t, float64(want.Prompt)/100+float64(want.Answer)/30, usually, 0.01)
	assert.InDelta(t, 2*(float64(want.Prompt)/100+float64(want.Answer)/10), most, 0.01)
	assert.Contains(t, r.String(), "reads 100 and writes 10 tokens a second, about ")
	assert.Contains(t, r.String(), " for 2, at most ")

	r, err = w.Probe(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "stand-in:1b: 1.2B, Q4_0, context 8192, reads 100 and writes 10 tokens a second", r.String())
}

// What speaks against a model is said before a long run, in words that help.
func TestProbeFinds(t *testing.T) {
	s, a, i := gap(t)
	tasks := []genai.Task{genai.Mitigation(i), genai.IncidentResponse()}
	for name, c := range map[string]struct {
		model         string
		context       string
		show, chat    http.HandlerFunc
		want          error
		words, absent string
	}{
		"a misspelt model":     {model: "smolm2", want: ollama.ErrNoModel, words: "did you mean smollm2:135m? "},
		"another model":        {model: "llama3.1", want: ollama.ErrNoModel, words: "has stand-in:1b", absent: "did you mean"},
		"another's path":       {model: "me/smollm2:7b", want: ollama.ErrNoModel, words: "did you mean smollm2:135m? "},
		"for embeddings":       {show: say(`{"capabilities":["embedding"]}`), want: ollama.ErrNoModel, words: "does not write text"},
		"a small context":      {context: "1000", want: ollama.ErrContext, words: "stand-in:1b on "},
		"prose":                {chat: timed("Red, green \x1b[31mand blue."), want: ollama.ErrSchema, words: "Red, green [31mand blue."},
		"other words":          {chat: timed(strings.Replace(lamps, "red", "mauve", 1)), want: ollama.ErrSchema},
		"too few":              {chat: timed(`{"marks":["red"]}`), want: ollama.ErrSchema, words: "12 marks"},
		"a server that breaks": {chat: fail(500, `{"error":"out of memory"}`), want: ollama.ErrServer, words: "out of memory"},
		"no Ollama":            {chat: say("<html>"), want: ollama.ErrServer},
	} {
		t.Run(name, func(t *testing.T) {
			if c.context == "" {
				c.context = "8192"
			}
			server := &standIn{tags: say(listed), show: or(c.show, say(strings.Replace(shownX, "%CONTEXT%", c.context, 1))), chat: or(c.chat, timed(lamps))}
			if c.model == "" {
				c.model = model
			}
			w, err := ollama.New(server.start(t), c.model)
			require.NoError(t, err)
			r, err := w.Probe(t.Context(), func(context int) (genai.Need, error) { return genai.Needs(t.Context(), s, a, tasks, context) })
			require.ErrorIs(t, err, c.want)
			assert.Zero(t, r)
			assert.ErrorContains(t, err, c.words)
			assert.NotContains(t, err.Error(), "\x1b")
			if c.absent != "" {
				assert.NotContains(t, err.Error(), c.absent)
			}
		})
	}
}

// The context that a check asks for is enough for a whole draft, and one token
// less is only for claims.
func TestContextThatIsAskedForIsEnough(t *testing.T) {
	s, a, i := gap(t)
	for _, task := range []genai.Task{genai.Mitigation(i), genai.IncidentResponse(), genai.Training(), genai.Triage("F-1")} {
		need, err := genai.Needs(t.Context(), s, a, []genai.Task{task}, 0)
		require.NoError(t, err)
		assert.Equal(t, task, need.LeastOf)
		for context, asked := range map[int]int{need.Least: 1, need.Least - 1: 0} {
			w := &counting{context: context}
			d, err := genai.Draft(t.Context(), s, a, task, w, genai.Options{})
			require.NoError(t, err)
			assert.Equal(t, asked, min(w.asked, 1), "%s with %d tokens: %v", task, context, d.Checks.Rejections)
		}
		w := &counting{context: need.Whole}
		_, err = genai.Draft(t.Context(), s, a, task, w, genai.Options{})
		require.NoError(t, err)
		assert.Zero(t, w.leftOut, task)
		need2, err := genai.Needs(t.Context(), s, a, []genai.Task{task, task}, need.Whole)
		require.NoError(t, err)
		assert.Equal(t, 2, need2.Tasks)
		assert.Equal(t, need.Whole, need2.Whole)
		assert.LessOrEqual(t, need2.Prompt+need2.Answer, 2*need.Whole)
		assert.Greater(t, need2.Prompt+need2.Answer, need.Whole)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := genai.Needs(ctx, s, a, []genai.Task{genai.Training()}, 0)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = genai.Needs(t.Context(), s, a, []genai.Task{genai.Mitigation(999)}, 0)
	assert.Error(t, err)
	nothing, err := genai.Needs(t.Context(), s, a, nil, 0)
	require.NoError(t, err)
	assert.Zero(t, nothing)
}

// counting is a writer that says nothing of use. It counts how often it is
// asked for a whole draft, and how often evidence was left out there.
type counting struct{ context, asked, leftOut int }

func (*counting) Name() string         { return "counting" }
func (c *counting) ContextTokens() int { return c.context }
func (c *counting) Write(_ context.Context, r genai.Request) (genai.Answer, error) {
	if strings.Contains(string(r.Schema), `"evidence"`) {
		c.asked++
	}
	if strings.Contains(r.Prompt, "did not fit") {
		c.leftOut++
	}
	return genai.Answer{Text: "{}"}, nil
}

// Tokens are told as they come, in order, for the right task and attempt.
func TestStreaming(t *testing.T) {
	n := 0
	server := &standIn{chat: func(w http.ResponseWriter, r *http.Request) {
		step := good
		if n++; n == 1 {
			step = "Apply M9999 against T0837 Loss of Protection."
		}
		stream(claims(step), done)(w, r)
	}}
	w, err := ollama.New(server.start(t), model)
	require.NoError(t, err)
	s, a, i := gap(t)
	type told struct{ task, attempt, tokens int }
	var got []told
	last := map[int]int{} // tokens by attempt
	o := genai.Options{Streaming: func(task, attempt, tokens int) {
		got = append(got, told{task, attempt, tokens})
		last[attempt] = tokens
	}}
	_, err = genai.DraftAll(t.Context(), s, a, []genai.Task{genai.Mitigation(i)}, w, o)
	require.NoError(t, err)
	parts := func(step string) int { return (len(claims(step)) + 6) / 7 } // as the stand-in sends them
	require.Greater(t, len(last), 1, "claims are asked for after the whole")
	assert.Equal(t, parts("Apply M9999 against T0837 Loss of Protection."), last[1])
	for attempt := range len(last) - 1 {
		assert.Equal(t, parts(good), last[attempt+2])
	}
	for k, x := range got {
		assert.Zero(t, x.task)
		if k > 0 && got[k-1].attempt == x.attempt {
			assert.Equal(t, got[k-1].tokens+1, x.tokens)
		} else {
			assert.Equal(t, 1, x.tokens)
		}
	}
}

// A server that is gone for a while, after it was there, costs no run.
func TestServerGoneForAWhile(t *testing.T) {
	s, a, i := gap(t)
	server := &standIn{chat: stream(claims(good), done)}
	first := server.start(t)
	w, err := ollama.New(first, model)
	require.NoError(t, err)
	require.NoError(t, w.Ready(t.Context()))
	gone := &restarting{url: first}
	r, err := ollama.New(gone.start(t), model)
	require.NoError(t, err)
	require.NoError(t, r.Ready(t.Context()))
	gone.stop()
	d, err := genai.Draft(t.Context(), s, a, genai.Mitigation(i), r, genai.Options{Patience: -1})
	require.NoError(t, err)
	require.True(t, d.Checks.Fallback)
	assert.Equal(t, genai.CheckServer, d.Checks.Rejections[0].Check)
	assert.Contains(t, d.Checks.Rejections[0].Why, "no Ollama server at ")

	back := time.AfterFunc(300*time.Millisecond, func() { gone.again(t) })
	defer back.Stop()
	d, err = genai.Draft(t.Context(), s, a, genai.Mitigation(i), r, genai.Options{Patience: time.Minute})
	require.NoError(t, err)
	assert.Equal(t, "ollama:stand-in:1b", d.Generator)
	assert.Equal(t, 1, d.Checks.Attempts, "waiting is no attempt")
	assert.Empty(t, d.Checks.Rejections)
}

// TestRealServerProbe measures a real model.
func TestRealServerProbe(t *testing.T) {
	if os.Getenv("OLLAMA_HOST") == "" {
		t.Skip("needs OLLAMA_HOST, the address of a running Ollama server (and MITIGRAPH_OLLAMA_MODEL for another model than smollm2:135m)")
	}
	name := os.Getenv("MITIGRAPH_OLLAMA_MODEL")
	if name == "" {
		name = "smollm2:135m"
	}
	w, err := ollama.New("", name)
	require.NoError(t, err)
	s, a, _ := gap(t)
	r, err := w.Probe(t.Context(), func(context int) (genai.Need, error) {
		return genai.Needs(t.Context(), s, a, genai.Mitigations(a), context)
	})
	require.NoError(t, err)
	assert.Positive(t, r.Read)
	assert.Positive(t, r.Write)
	t.Log(r)
}

package genai_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// claimed is the sentence that a request for one claim is about; empty for a
// request for a whole draft.
func claimed(r genai.Request) string {
	_, s, ok := strings.Cut(r.Prompt, "\nSentence: ")
	if !ok {
		return ""
	}
	s, _, _ = strings.Cut(s, "\nIn other words:")
	return s
}

// reworded says the same a little otherwise, where it knows how to.
func reworded(s string) string {
	for _, x := range [][2]string{
		{"none of them is ", "none of them are "}, {"lists no ", "has no "}, {" is right: ", " was right: "}, {"Look for ", "Now look for "}, {"doesn't", "does not"},
		{"can't", "can not"}, {" and ", " as well as "}, {", which ", ", that "}, {" is ", " was "}, {": ", ", "},
	} {
		if strings.Contains(s, x[0]) {
			return strings.Replace(s, x[0], x[1], 1)
		}
	}
	return s
}

func asText(s string) string {
	b, err := json.Marshal(map[string]string{"text": s})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// small is a writer that says how large its model is.
type small struct {
	*scripted
	parameters int64
}

func (w small) Parameters() int64   { return w.parameters }
func (w small) Fingerprint() string { return "sha256:1" }

// byClaim answers a whole draft with whole, and claims as told.
func byClaim(whole string, claim func(r genai.Request) string) *scripted {
	w := &scripted{}
	w.write = func(ctx context.Context, r genai.Request) (genai.Answer, error) {
		if err := ctx.Err(); err != nil {
			return genai.Answer{}, err
		}
		if claimed(r) == "" {
			return genai.Answer{Text: whole}, nil
		}
		return genai.Answer{Text: claim(r), Digest: "sha256:1"}, nil
	}
	return w
}

func rewording(r genai.Request) string { return asText(reworded(claimed(r))) }

// A whole answer that is rejected is followed by its claims, each with what it
// cites and no more; what the writer can't word stays the template's.
func TestClaimByClaim(t *testing.T) {
	s, a := site(t)
	task := genai.Mitigation(silent(t, a))
	plain, err := genai.Draft(t.Context(), s, a, task, &scripted{answers: []string{""}}, genai.Options{})
	require.NoError(t, err)
	require.True(t, plain.Checks.Fallback)

	w := byClaim(answer(t, badStep), rewording)
	d, err := genai.Draft(t.Context(), s, a, task, w, genai.Options{})
	require.NoError(t, err)
	clean(t, d)
	assert.Equal(t, "scripted", d.Generator, d.Checks.Rejections)
	assert.False(t, d.Checks.Fallback)
	assert.Equal(t, "mitigation-v1, claim-v1", d.Checks.Prompt)
	assert.Equal(t, "sha256:1", d.Checks.Model)
	assert.Equal(t, graph.Rejection{Attempt: 1, Check: "ids", Where: "steps[0].text", Why: "M9999 is not in the evidence"}, d.Checks.Rejections[0])
	assert.Len(t, w.asked, d.Checks.Attempts)
	assert.Equal(t, d.Checks.LeftOut, 0)

	of, by := map[string]string{}, 0
	for where, c := range plain.Text.Claims() {
		of[where] = c.Text
	}
	for where, c := range d.Text.Claims() {
		if assert.Contains(t, of, where, "the structure is the template's"); of[where] != c.Text {
			by++
			assert.NotContains(t, d.Checks.TemplateClaims, where)
			assert.NotContains(t, c.Text, "assembled from the graph")
		} else {
			assert.Contains(t, d.Checks.TemplateClaims, where)
		}
	}
	assert.Len(t, of, by+len(d.Checks.TemplateClaims))
	assert.GreaterOrEqual(t, 2*by, len(of))
	for _, r := range w.asked[1:] {
		require.NotEmpty(t, claimed(r))
		assert.LessOrEqual(t, len(r.Evidence), verify.MaxCited)
		for _, e := range r.Evidence {
			assert.Contains(t, r.Prompt, e.Handle+" (")
		}
		assert.Equal(t, 120, r.MaxTokens)
		assert.NotContains(t, string(r.Schema), "evidence")
		_, err := r.Compose()
		assert.Error(t, err)
	}
	_, err = json.Marshal(d)
	require.NoError(t, err)
	note := fmt.Sprintf("written by scripted, %d of %d claims; the other %d by template", by, len(of), len(of)-by)
	assert.Contains(t, genai.Text(d, 200), note)
	assert.Contains(t, genai.Markdown(d), note)
}

// What holds of a rejected answer is kept, and not asked for again.
func TestClaimsOfARejectedAnswerAreKept(t *testing.T) {
	s, a := site(t)
	task := genai.Mitigation(silent(t, a))
	var sentence string
	w := byClaim("", func(r genai.Request) string {
		if sentence == "" {
			sentence = claimed(r)
		}
		return rewording(r)
	})
	d, err := genai.Draft(t.Context(), s, a, task, w, genai.Options{})
	require.NoError(t, err)
	require.Equal(t, "scripted", d.Generator)
	first := d.Text.Section("summary")[0]
	whole, err := json.Marshal(graph.DraftText{
		{Name: "summary", Single: true, Claims: []graph.Claim{{Text: reworded(sentence), Evidence: first.Evidence, Verdict: "yes"}}},
		{Name: "steps", Claims: []graph.Claim{{Text: badStep, Evidence: []string{"E1"}}}},
	})
	require.NoError(t, err)
	w = byClaim(string(whole), rewording)
	d, err = genai.Draft(t.Context(), s, a, task, w, genai.Options{})
	require.NoError(t, err)
	clean(t, d)
	assert.Equal(t, first, d.Text.Section("summary")[0])
	for _, r := range w.asked {
		assert.NotEqual(t, sentence, claimed(r))
	}
}

// The template's words, an evidence line, words that lose or add something and
// words of another claim are not a writer's own.
func TestWordsThatAreNotOnesOwn(t *testing.T) {
	s, a := site(t)
	for name, say := range map[string]func(r genai.Request) string{
		"the template's":   func(r genai.Request) string { return claimed(r) },
		"fewer of them":    func(r genai.Request) string { return strings.Join(strings.Fields(claimed(r))[1:], " ") },
		"more around them": func(r genai.Request) string { return "In short: " + claimed(r) + " So it is." },
		"an evidence line": func(r genai.Request) string { return r.Evidence[0].Text },
		"about another":    func(genai.Request) string { return "T0837 Loss of Protection serves here the tactic Impact." },
		"what is not there": func(r genai.Request) string {
			return claimed(r) + " A consultant installs certified equipment everywhere."
		},
		"the other way": func(r genai.Request) string {
			return strings.Replace(reworded(claimed(r)), " is ", " is never ", 1) + " Not so."
		},
		"no words":           func(genai.Request) string { return "" },
		"hidden words":       func(r genai.Request) string { return reworded(claimed(r)) + "\u200b\u202e" },
		"what a title wants": func(genai.Request) string { return order },
	} {
		w := small{byClaim("", func(r genai.Request) string { return asText(say(r)) }), 1000}
		d, err := genai.Draft(t.Context(), s, a, genai.Mitigation(silent(t, a)), w, genai.Options{})
		require.NoError(t, err, name)
		clean(t, d)
		assert.True(t, d.Checks.Fallback, name)
		assert.Empty(t, d.Checks.TemplateClaims, name)
		assert.Equal(t, "claim-v1", d.Checks.Prompt, name)
	}
}

// A small model is asked for no whole draft, a large one, or one of which that
// is not known, is; one that does it at once is asked for nothing else.
func TestSmallModelsAreAskedForClaims(t *testing.T) {
	s, a := site(t)
	task := genai.Mitigation(silent(t, a))
	for parameters, whole := range map[int64]bool{0: true, 134_520_000: false, 999_999_999: false, 1_000_000_000: true} {
		w := small{byClaim(answer(t, goodStep), rewording), parameters}
		d, err := genai.Draft(t.Context(), s, a, task, genai.Cached(w, t.TempDir()), genai.Options{})
		require.NoError(t, err)
		assert.Equal(t, "scripted", d.Generator)
		assert.Equal(t, whole, claimed(w.asked[0]) == "", parameters)
		if whole {
			assert.Len(t, w.asked, 1)
			assert.Empty(t, d.Checks.TemplateClaims)
		}
	}
}

// Claims are asked for in a context that holds no whole draft, and told apart
// from what a context has no room for.
func TestClaimsInASmallContext(t *testing.T) {
	s, a := site(t)
	w := byClaim("", rewording)
	w.context = 1200
	d, err := genai.Draft(t.Context(), s, a, genai.Mitigation(silent(t, a)), w, genai.Options{})
	require.NoError(t, err)
	assert.Equal(t, "scripted", d.Generator, d.Checks.Rejections)
	for _, r := range w.asked {
		assert.LessOrEqual(t, (len(r.System)+len(r.Prompt)+len(r.Repair))/3+r.MaxTokens, w.context)
	}
}

// A writer that falls silent is asked no more; its claims so far stay where
// they are half of the draft. A context that ends leaves nothing.
func TestSilenceAmongClaims(t *testing.T) {
	s, a := site(t)
	task := genai.Mitigation(silent(t, a))
	for after, fallback := range map[int]bool{1: true, 4: false} {
		claims := byClaim("", rewording)
		w := small{claims, 1}
		answer := claims.write
		claims.write = func(ctx context.Context, r genai.Request) (genai.Answer, error) {
			if len(claims.asked) > after {
				<-ctx.Done()
				return genai.Answer{}, ctx.Err()
			}
			return answer(ctx, r)
		}
		d, err := genai.Draft(t.Context(), s, a, task, w, genai.Options{Timeout: 50 * time.Millisecond})
		require.NoError(t, err)
		clean(t, d)
		assert.Equal(t, fallback, d.Checks.Fallback, "%d: %v", after, d.Checks.Rejections)
		assert.Len(t, claims.asked, after+1)
		last := d.Checks.Rejections[len(d.Checks.Rejections)-1]
		assert.Equal(t, genai.CheckTimeout, last.Check)

		ctx, end := context.WithCancel(t.Context())
		claims.asked = nil
		claims.write = func(context.Context, genai.Request) (genai.Answer, error) {
			if len(claims.asked) > after {
				end()
			}
			return answer(t.Context(), claims.asked[len(claims.asked)-1])
		}
		d, err = genai.Draft(ctx, s, a, task, w, genai.Options{})
		assert.ErrorIs(t, err, context.Canceled)
		assert.Zero(t, d)
	}
}

// Answers for claims are kept, also the rejected ones, and a run that was
// interrupted among them goes on there.
func TestClaimsAreCached(t *testing.T) {
	s, a := site(t)
	dir := t.TempDir()
	var told []int
	o := genai.Options{Streaming: func(_, attempt, _ int) { told = append(told, attempt) }}
	run := func() (graph.Draft, *scripted) {
		w := byClaim("", func(r genai.Request) string {
			r.Streaming(3)
			if r.Seed == 0 {
				return asText(claimed(r)) // the second try has other words
			}
			return rewording(r)
		})
		d, err := genai.Draft(t.Context(), s, a, genai.Mitigation(silent(t, a)), genai.Cached(small{w, 1}, dir), o)
		require.NoError(t, err)
		return d, w
	}
	first, w := run()
	require.Equal(t, "scripted", first.Generator)
	assert.Len(t, w.asked, first.Checks.Attempts)
	require.NotEmpty(t, told)
	assert.Equal(t, first.Checks.Attempts, told[len(told)-1])
	again, w := run()
	assert.Empty(t, w.asked)
	assert.Equal(t, first, again)
}

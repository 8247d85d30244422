package genai_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
)

// printed is a scripted writer whose answers may be kept.
type printed struct {
	*scripted
	print string
}

func (w printed) Fingerprint() string { return w.print }

func TestTheSameRunAgainCostsNothing(t *testing.T) {
	s, a := site(t)
	dir := filepath.Join(t.TempDir(), "answers")
	answers := []string{answer(t, badStep), answer(t, goodStep)}
	first := printed{&scripted{answers: answers}, "sha256:1"}
	want, err := genai.DraftAll(t.Context(), s, a, genai.Mitigations(a), genai.Cached(first, dir), genai.Options{})
	require.NoError(t, err)
	require.NotEmpty(t, first.asked)

	again := printed{&scripted{answers: answers}, "sha256:1"}
	got, err := genai.DraftAll(t.Context(), s, a, genai.Mitigations(a), genai.Cached(again, dir), genai.Options{Parallel: 4})
	require.NoError(t, err)
	assert.Empty(t, again.asked)
	assert.Equal(t, want, got)

	other := printed{&scripted{answers: answers}, "sha256:2"}
	_, err = genai.DraftAll(t.Context(), s, a, genai.Mitigations(a), genai.Cached(other, dir), genai.Options{})
	require.NoError(t, err)
	assert.Len(t, other.asked, len(first.asked), "another model is asked itself")

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name()), []byte(`{"answer":{"Text":"M9999"},"request":"another"}`), 0o600))
	}
	damaged := printed{&scripted{answers: answers}, "sha256:1"}
	got, err = genai.DraftAll(t.Context(), s, a, genai.Mitigations(a), genai.Cached(damaged, dir), genai.Options{})
	require.NoError(t, err)
	assert.Len(t, damaged.asked, len(first.asked))
	assert.Equal(t, want, got)
}

func TestAnInterruptedRunTakesUpWhereItWas(t *testing.T) {
	s, a := site(t)
	dir := t.TempDir()
	ctx, end := context.WithCancel(t.Context())
	w := printed{&scripted{}, "sha256:1"}
	w.write = func(ctx context.Context, r genai.Request) (genai.Answer, error) {
		if len(w.asked) == 3 {
			end()
			return genai.Answer{}, ctx.Err()
		}
		return genai.Answer{Text: answer(t, goodStep)}, nil
	}
	_, err := genai.DraftAll(ctx, s, a, genai.Mitigations(a), genai.Cached(w, dir), genai.Options{})
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, w.asked, 3)

	plain, kept := printed{&scripted{answers: []string{answer(t, goodStep)}}, "sha256:1"}, printed{&scripted{answers: []string{answer(t, goodStep)}}, "sha256:1"}
	want, err := genai.DraftAll(t.Context(), s, a, genai.Mitigations(a), plain, genai.Options{})
	require.NoError(t, err)
	got, err := genai.DraftAll(t.Context(), s, a, genai.Mitigations(a), genai.Cached(kept, dir), genai.Options{})
	require.NoError(t, err)
	assert.Equal(t, len(plain.asked)-2, len(kept.asked), "two answers were kept")
	for i := range want {
		want[i].Checks.Model, got[i].Checks.Model = "", ""
	}
	assert.Equal(t, want, got)
}

func TestSilenceIsNotKept(t *testing.T) {
	dir := t.TempDir()
	for check, files := range map[string]int{genai.CheckServer: 0, genai.CheckTimeout: 0, "cut off": 1} {
		w := printed{&scripted{errs: []error{&genai.AnswerError{Check: check, Why: "so"}}}, "sha256:1"}
		_, err := genai.Cached(w, dir).Write(t.Context(), genai.Request{Prompt: check})
		var useless *genai.AnswerError
		require.ErrorAs(t, err, &useless)
		assert.Equal(t, check, useless.Check)
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(t, err)
		assert.Len(t, found, files, check)
		for _, f := range found {
			require.NoError(t, os.Remove(f))
		}
	}
}

func TestNothingIsKeptWithoutAFingerprint(t *testing.T) {
	dir := t.TempDir()
	w := &scripted{answers: []string{"a"}}
	assert.Same(t, w, genai.Cached(w, dir))
	unknown := printed{&scripted{answers: []string{"a"}}, ""}
	_, err := genai.Cached(unknown, dir).Write(t.Context(), genai.Request{})
	require.NoError(t, err)
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Empty(t, found)
	assert.Nil(t, genai.Cached(nil, dir))

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = genai.Cached(printed{&scripted{answers: []string{"a"}}, "x"}, file).Write(t.Context(), genai.Request{})
	assert.ErrorContains(t, err, "the cache of answers")
}

package identify

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

// TestSentences: each technique has as many sentences as any other, each is
// of one technique only, and none names who did it.
func TestSentences(t *testing.T) {
	var by map[string][]string
	require.NoError(t, json.Unmarshal(sentencesJSON, &by))
	c, err := mitre.Embedded()
	require.NoError(t, err)
	names := newCorpus(c)
	masks := newMasks(names.actors)
	seen := map[string]string{}
	for technique := range mitre.Live[*mitre.Technique](c) {
		assert.Len(t, by[technique.ID], 8, technique.ID)
		for _, s := range by[technique.ID] {
			assert.Empty(t, seen[s], "%s has it too: %s", technique.ID, s)
			seen[s] = technique.ID
			n := len(strings.Fields(s))
			assert.True(t, n >= 8 && n <= 30, "%d words: %s", n, s)
			assert.True(t, strings.HasSuffix(s, "."), s)
			ts := tokens(s)
			for i := range ts {
				assert.Zero(t, masks.at(ts[i:]), "%s names an actor: %s", technique.ID, s)
			}
		}
		delete(by, technique.ID)
	}
	assert.Empty(t, by, "of no technique")
	for _, s := range otherTexts() {
		assert.Empty(t, seen[s], "on something else: %s", s)
	}
}

// TestSentencesAreOwn: none is one of the release's, nor holds eight of its
// words in a row.
func TestSentencesAreOwn(t *testing.T) {
	const official = "../../../shared/data/attack/ics-attack-19.1.json.gz"
	if _, err := os.Stat(official); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-19.1.json.gz beside the repository")
	}
	c, err := mitre.Open(t.Context(), official)
	require.NoError(t, err)
	const run = 8
	runs := func(text string) (out []string) {
		words := strings.Fields(strings.ToLower(Plain(text)))
		for i := range max(len(words)-run+1, 0) {
			out = append(out, strings.Join(words[i:i+run], " "))
		}
		return out
	}
	theirs := map[string]bool{}
	for _, d := range newCorpus(c).documents {
		if d.kind == Description || d.kind == Procedure || d.kind == Detection {
			for _, r := range runs(d.text) {
				theirs[r] = true
			}
		}
	}
	require.Greater(t, len(theirs), 10_000)
	for id, list := range sentences() {
		for _, s := range list {
			for _, r := range runs(s) {
				assert.False(t, theirs[r], "%s: %q is the release's", id, r)
			}
		}
	}
}

// TestToday: an older release's technique has the sentences of what it became.
func TestToday(t *testing.T) {
	assert.Equal(t, "T1692.001", today("T0855"))
	assert.Equal(t, "T0807", today("T0807"))
	assert.Equal(t, "T1059", today("T1059"), "of another domain")
	assert.NotEmpty(t, sentences()[today("T0855")])
}

// TestEmbeddedModel: one model serves all who ask for that of the embedded
// facts; with options, or after a call that was given up, it is made as asked.
func TestEmbeddedModel(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = New(ended, c, Options{})
	require.ErrorIs(t, err, context.Canceled)
	one, err := New(t.Context(), c, Options{})
	require.NoError(t, err)
	another, err := New(t.Context(), c, Options{Settings: DefaultSettings})
	require.NoError(t, err)
	assert.Same(t, one, another)
	s := DefaultSettings
	s.Ridge *= 2
	other, err := New(t.Context(), c, Options{Settings: s})
	require.NoError(t, err)
	assert.NotSame(t, one, other)
	_, err = New(ended, c, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

package genai_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/verify"
)

// An answer whose words are read otherwise by people than by programs is
// rejected, and so is one that calls off what it is there for.
func TestDisguisedWordsAreRejected(t *testing.T) {
	s, a := site(t)
	for step, want := range map[string]string{
		"Keep an independent layer against T0837 Loss of Protection. \U0000FF2Eo action.":                               "U+FF2E is another form of N",
		"Keep an independent layer against T0837 Loss of Pro\u034ftection.":                                             "U+034F",
		"Keep an independent layer against T0837 Loss of Protection\U000e0150.":                                         "U+E0150",
		"Keep an independent layer against T0837 L\u043ess of Protection.":                                              "U+043E",
		"Keep an independent layer against T0837 Loss of Protection. No action is needed for T0837 Loss of Protection.": "no",
	} {
		w := &scripted{answers: []string{answer(t, step)}}
		d, err := genai.Draft(t.Context(), s, a, genai.Mitigation(silent(t, a)), w, genai.Options{})
		require.NoError(t, err)
		assert.True(t, d.Checks.Fallback, step)
		assert.NotEmpty(t, d.Checks.Rejections, step)
		for _, r := range d.Checks.Rejections {
			if r.Check == verify.CheckText {
				assert.Contains(t, r.Why, want)
			}
		}
	}
}

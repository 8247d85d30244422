package reported

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

func TestTechniques(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	got := func(text string) []string {
		r, err := Techniques(t.Context(), c, text)
		require.NoError(t, err)
		var out []string
		for _, f := range r.Found {
			assert.Contains(t, text, f.Sentence)
			assert.NotEmpty(t, f.Because)
			out = append(out, f.Technique)
		}
		return out
	}
	assert.Equal(t, []string{"T0859", "T0837"}, got("There was a loss-of PROTECTION. Then t0859! M0801 helps, T9999 does not, and screens."))
	assert.Equal(t, []string{"T1692.001"}, got("T0855 or T1692.001"))
	assert.Nil(t, got(""))
	assert.Equal(t, []string{"T1693.002"}, got("We had lunch at noon. Then the intruders installed modified firmware on a network module of the controller."), "by its words")
	r, err := Techniques(t.Context(), c, "T0800 T0801 T0802 T0803 T0804 T0805 T0806 T0807 T0809 T0811 T0812 T0813 T0814 T0815 T0816")
	require.NoError(t, err)
	assert.Len(t, r.Found, Most)
	assert.Positive(t, r.More)
	assert.Equal(t, []int{1, 0}, []int{r.Sentences, r.Silent})
	r, err = Techniques(t.Context(), c, "We had lunch at noon. T8055 and t8055 were used, M9999 and CWE-79 too. T0859!\n\nWe went home. T0859 came again.")
	require.NoError(t, err)
	assert.Equal(t, []int{5, 3}, []int{r.Sentences, r.Silent})
	assert.Equal(t, []string{"T8055"}, r.Unknown)
	assert.Equal(t, []string{"One.", "Two!", "Three"}, Sentences("One. Two!\n\nThree"))
}

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

func TestCandidates(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c, err := mitre.Embedded()
	require.NoError(t, err)
	r, err := candidates(t.Context(), input{catalog: c})
	require.NoError(t, err)
	got := r.(*candidateReport)
	assert.Equal(t, 90, got.Techniques)
	assert.Greater(t, got.Recall5, 0.66, "a plain prototype reached 0.66")
	assert.Greater(t, got.Recall5, got.PriorRecall5)
	var out strings.Builder
	got.writeText(&out)
	t.Log(out.String())
	assert.Contains(t, out.String(), "n      90 techniques in 72 families")
	assert.Contains(t, out.String(), "only the technique hidden")
	assert.Greater(t, got.AloneRecall5, got.Recall5)
	assert.Greater(t, got.PlainCeiling5, got.PlainRecall5)
}

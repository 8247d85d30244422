package compose

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/mitre"
)

// Each mitigation and tactic has words of its own, and these pass.
func TestWordsForEach(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	check := verify.Claims([]graph.Evidence{{Handle: "E1", Text: "Nothing.", Provenance: "site"}})
	live := map[string]bool{}
	for m := range mitre.Live[*mitre.Mitigation](c) {
		if !m.Placeholder() {
			live[m.ID] = true
			assert.NotEmpty(t, howTo[m.ID], "%s %s", m.ID, m.Name)
		}
	}
	for id, words := range howTo {
		assert.True(t, live[id], id)
		assert.Empty(t, check(graph.Claim{Text: words, Evidence: []string{"E1"}}), id)
	}
	for x := range mitre.Live[*mitre.Tactic](c) {
		assert.NotEmpty(t, seen[x.Name], x.Name)
		assert.Empty(t, check(graph.Claim{Text: seen[x.Name], Evidence: []string{"E1"}}), x.Name)
	}
}

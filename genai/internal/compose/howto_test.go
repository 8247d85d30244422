package compose

import (
	"strings"
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
	live := map[string]bool{}
	for m := range mitre.Live[*mitre.Mitigation](c) {
		if !m.Placeholder() {
			live[m.ID] = true
			assert.NotEmpty(t, howTo[m.ID], "%s %s", m.ID, m.Name)
		}
	}
	for id := range howTo {
		assert.True(t, live[id], id)
	}
	for x := range mitre.Live[*mitre.Tactic](c) {
		assert.NotEmpty(t, seen[x.Name], x.Name)
	}
}

// No sentence of advice is dangerous in the eyes of the checks that a form's
// advice is spared.
func TestAdviceIsSafe(t *testing.T) {
	evidence := []graph.Evidence{{Handle: "E1", Text: "Nothing.", Provenance: "site"}}
	known := map[string]bool{}
	for _, form := range []verify.Form{Mitigation, IncidentForm, PolicyForm(1), ThreatsForm(1), TrainingForm(1), TriageForm} {
		for _, section := range form {
			assert.NotEmpty(t, section.Advice, section.Name)
			for _, text := range section.Advice {
				if known[text] {
					continue
				}
				known[text] = true
				for _, s := range verify.Text(strings.ReplaceAll(text, taken, "it"), evidence) {
					for _, r := range s.Against {
						if r.Check == verify.CheckSafety || r.Check == verify.CheckSecrets || r.Check == verify.CheckOrders {
							t.Errorf("%s: %s: %s", s.Text, r.Check, r.Why)
						}
					}
				}
			}
		}
	}
	assert.Greater(t, len(known), 300)
}

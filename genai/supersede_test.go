package genai_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestSupersede(t *testing.T) {
	catalog, err := mitre.Embedded()
	require.NoError(t, err)
	g, err := graph.New(t.Context(), graph.Attack(catalog), graph.Knowledge(),
		graph.SiteFacts(graph.SiteDescription{Site: "s", Devices: []graph.Device{{ID: "plc-1"}}}),
		graph.Findings(finding.Finding{ID: "F-1", Device: "plc-1", Weaknesses: []string{"CWE-798"}, Techniques: []string{"T0837"}}, finding.Finding{ID: "F-2", Device: "plc-1"}))
	require.NoError(t, err)
	assess := func() *graph.Assessment {
		a, err := g.Snapshot().Assess(t.Context())
		require.NoError(t, err)
		return a
	}
	a := assess()
	a.Drafts, err = genai.DraftAll(t.Context(), g.Snapshot(), a, genai.Mitigations(a), template.Writer{}, genai.Options{})
	require.NoError(t, err)
	require.NoError(t, g.Add(t.Context(), graph.Drafts(a)))
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, d := range a.Drafts {
		_, err := g.Review(t.Context(), d.ID, graph.Review{Status: graph.StatusAccepted, By: "Ann", At: at}, nil)
		require.NoError(t, err)
	}

	gone, err := genai.Supersede(t.Context(), g, assess(), at)
	require.NoError(t, err)
	assert.Empty(t, gone, "nothing changed")

	// A control for T0859 closes its gap, and T0837 keeps its own.
	require.NoError(t, g.Add(t.Context(), graph.SiteFacts(graph.SiteDescription{Site: "s", Deployed: []string{"M0801"}, Devices: []graph.Device{{ID: "plc-1"}}})))
	a = assess()
	gone, err = genai.Supersede(t.Context(), g, a, at)
	require.NoError(t, err)
	byTechnique := map[string]string{}
	for _, d := range gone {
		assert.Equal(t, graph.StatusSuperseded, d.Status)
		last := d.Reviews[len(d.Reviews)-1]
		assert.Equal(t, "mitigraph", last.By)
		byTechnique[string(d.GapKind)+" "+d.About[0]] = last.Why
	}
	assert.Contains(t, byTechnique["not_deployed attack:T0859"], "closed")
	assert.NotContains(t, byTechnique, "no_detection attack:T0837")
	assert.NotContains(t, byTechnique, "no_technique finding:F-2")
	stays := 0
	for _, d := range g.Snapshot().Drafts() {
		if d.Status == graph.StatusAccepted {
			stays++
		}
	}
	assert.NotZero(t, stays)
	assert.Equal(t, len(g.Snapshot().Drafts()), stays+len(gone))

	again, err := genai.Supersede(t.Context(), g, a, at)
	require.NoError(t, err)
	assert.Empty(t, again)
	_, err = genai.Supersede(t.Context(), nil, a, at)
	assert.Error(t, err)
}

package postgres_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

func embedded(t testing.TB) *mitre.Catalog {
	t.Helper()
	b, err := data.FS.ReadFile(data.AttackICS)
	require.NoError(t, err)
	c, err := mitre.Read(t.Context(), data.AttackICS, bytes.NewReader(b))
	require.NoError(t, err)
	return c
}

// sample is the sample site, as the program assess takes it.
func sample(t testing.TB) []graph.Source {
	t.Helper()
	b, err := data.FS.ReadFile(data.SampleFindings)
	require.NoError(t, err)
	findings, _, err := finding.Collect(finding.Read(t.Context(), "sample site", bytes.NewReader(b), finding.JSON))
	require.NoError(t, err)
	b, err = data.FS.ReadFile(data.SampleControls)
	require.NoError(t, err)
	site, err := graph.ReadSite(t.Context(), "sample site", bytes.NewReader(b))
	require.NoError(t, err)
	return []graph.Source{graph.Attack(embedded(t)), graph.Knowledge(), graph.SiteFacts(site), graph.Findings(findings...)}
}

// The assessment of the sample site is the same to the byte, wherever the graph
// is kept and whether it was opened again.
func TestSameAssessment(t *testing.T) {
	server(t)
	ctx := t.Context()
	schema, path := newSchema(t), filepath.Join(t.TempDir(), "graph.db")
	assess := func(s store.Store, sources ...graph.Source) string {
		g, err := graph.Open(ctx, s, sources...)
		require.NoError(t, err)
		defer g.Close()
		a, err := g.Snapshot().Assess(ctx)
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, report.JSON(&b, a))
		return b.String()
	}
	file := func() store.Store {
		s, err := bolt.Open(ctx, path, bolt.Options{})
		require.NoError(t, err)
		return s
	}
	sources := sample(t)
	want := assess(nil, sources...)
	require.Contains(t, want, `"findings"`)
	assert.True(t, want == assess(file(), sources...), "bolt")
	assert.True(t, want == assess(file()), "bolt, opened again")
	assert.True(t, want == assess(open(t, schema), sources...), "PostgreSQL")
	assert.True(t, want == assess(open(t, schema)), "PostgreSQL, opened again")
	assert.True(t, want == assess(open(t, schema), sources...), "PostgreSQL, added again")
	t.Logf("%d bytes", len(want))
}

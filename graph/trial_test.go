package graph

import (
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

func known(t testing.TB, c *mitre.Catalog) *Snapshot {
	t.Helper()
	g, err := New(t.Context(), Attack(c), Knowledge())
	require.NoError(t, err)
	t.Cleanup(func() { g.Close() })
	return g.Snapshot()
}

func TestLearnedIsWhatIsLearned(t *testing.T) {
	p := newProposer(known(t, embedded(t)).index())
	assert.InDeltaSlice(t, p.learn(p.families(), -1), learned, 0.002, "%#v", p.learn(p.families(), -1))
}

func TestTryCandidates(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	try := func(t *testing.T, c *mitre.Catalog) {
		got, err := known(t, c).TryCandidates(t.Context())
		require.NoError(t, err)
		t.Logf("%+v", got)
		assert.Greater(t, got.Recall5, 0.66, "a plain prototype reached 0.66")
		assert.Greater(t, got.Recall5, got.PriorRecall5)
		assert.GreaterOrEqual(t, got.Hit5, got.Recall5)
		assert.Equal(t, 90, got.Techniques)
	}
	t.Run("facts", func(t *testing.T) { try(t, embedded(t)) })
	t.Run("official texts", func(t *testing.T) {
		f, err := os.Open(filepath.Join("..", "..", "shared", "data", "attack", "ics-attack-19.1.json.gz"))
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("needs ../shared/data/attack")
		}
		require.NoError(t, err)
		defer f.Close()
		z, err := gzip.NewReader(f)
		require.NoError(t, err)
		c, err := mitre.Read(t.Context(), "19.1", z)
		require.NoError(t, err)
		try(t, c)
	})
}

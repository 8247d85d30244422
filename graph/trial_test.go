package graph

import (
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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

// The mapping and the constraints go into the features, so that a change there
// moves the weights a little.
func TestLearnedHasNotDrifted(t *testing.T) {
	p := newProposer(known(t, embedded(t)).index())
	now := p.learn(p.families(), -1)
	assert.InDeltaSlice(t, now, learned, 0.3, "learned now: %v", now)
	assert.Equal(t, now, newProposer(known(t, embedded(t)).index()).learn(p.families(), -1), "the same each time")
}

// What a technique and its family have never counts for it.
func TestCandidatesIgnoreTheFamily(t *testing.T) {
	p := newProposer(known(t, embedded(t)).index())
	for _, id := range []string{"T0843", "T0843.001", "T0837"} {
		i, ok := p.at[id]
		require.True(t, ok)
		want := predict(p.rows(i, p.neighboursOf(i, nothingHidden)), learned)
		was := p.has
		p.has = slices.Clone(was)
		for u := range p.techniques {
			if p.family[u] == p.family[i] {
				p.has[u] = nil
			}
		}
		assert.Equal(t, want, predict(p.rows(i, p.neighboursOf(i, nothingHidden)), learned), id)
		p.has = was
	}
	assert.Equal(t, p.family[p.at["T0843"]], p.family[p.at["T0843.001"]])
}

// The shares solve what they are said to: nearness of all neighbours to each
// other, held back, times the shares is their nearness to the technique.
func TestSharesAreARegression(t *testing.T) {
	p := newProposer(known(t, embedded(t)).index())
	i := p.at["T0837"]
	near := p.neighboursOf(i, nothingHidden)
	require.Len(t, near, 90)
	shares := p.shares(i, near)
	for a, u := range near {
		sum := held * shares[a]
		for b, v := range near {
			sum += p.blendedTo(u.technique)[v.technique] * shares[b]
		}
		assert.InDelta(t, u.near, sum, 1e-9, p.techniques[u.technique].ID)
	}
	assert.Empty(t, p.shares(i, nil))
}

// A reason is said in words that need no knowledge of the graph.
func TestReasonsInWords(t *testing.T) {
	p := newProposer(known(t, embedded(t)).index())
	for _, c := range []struct{ a, b, want string }{
		{"T0837", "T0827", "serves the same tactic (Impact), was used by the same malware and is described in like words"},
		{"T0880", "T0845", "was used by the same malware"},
		{"T0880", "T0879", "serves the same tactic (Impact)"},
		{"T0823", "T0886", "targets 7 of the same asset types, was used by 2 of the same campaigns, shows in 4 of the same kinds of data and is described in like words"},
	} {
		assert.Equal(t, c.want, p.shared(p.at[c.a], p.at[c.b]), "%s %s", c.a, c.b)
	}
}

func TestTryCandidates(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	try := func(t *testing.T, c *mitre.Catalog) {
		p := newProposer(known(t, c).index())
		ceiling, n := 0.0, 0.0
		for _, has := range p.has {
			if k := float64(len(has)); k > 0 {
				ceiling, n = ceiling+min(5, k)/k, n+1
			}
		}
		ceiling = round(ceiling / n)
		got, err := known(t, c).TryCandidates(t.Context())
		require.NoError(t, err)
		t.Logf("%+v", got)
		assert.Greater(t, got.Recall5, 0.66, "a plain prototype reached 0.66")
		assert.Greater(t, got.Recall5, got.PriorRecall5)
		assert.GreaterOrEqual(t, got.Hit5, got.Recall5)
		assert.Greater(t, got.AloneRecall5, got.Recall5, "the family tells much")
		assert.GreaterOrEqual(t, got.AloneHit5, got.AloneRecall5)
		assert.Less(t, got.PlainRecall5, got.Recall5, "some techniques have more than five")
		assert.Less(t, got.PlainRecall5, got.PlainCeiling5)
		assert.Equal(t, ceiling, got.PlainCeiling5)
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

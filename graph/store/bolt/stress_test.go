package bolt

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/mitigraph/mitigraph/graph/store"
)

// Whatever is written, in whatever order, the file is sound, and what is read
// is what a plain list would hold.
func TestRandomWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	pool := quadsOf(0, 3000)
	var s store.Store
	var state store.State
	var want []quad.Quad
	for round := range rounds(60) {
		if s == nil {
			var err error
			s, err = Open(t.Context(), path, Options{})
			require.NoError(t, err, "round %d", round)
		}
		rand.Shuffle(len(want), func(i, j int) { want[i], want[j] = want[j], want[i] })
		remove := slices.Clone(want[:rand.IntN(1+len(want))])
		if rand.IntN(2) == 0 {
			remove = remove[:len(remove)/8]
		}
		gone := want[len(remove):]
		has := map[quad.Quad]bool{}
		for _, q := range append(slices.Clone(gone), remove...) {
			has[q] = true
		}
		var add []quad.Quad
		for range rand.IntN(400) {
			if q := pool[rand.IntN(len(pool))]; !has[q] {
				has[q] = true
				add = append(add, q)
			}
		}
		var err error
		state, err = s.Write(t.Context(), state, remove, add)
		require.NoError(t, err, "round %d", round)
		want = append(slices.Clone(gone), add...)
		got, now, err := s.Read(t.Context())
		if err != nil {
			_ = s.(*file).db.View(func(tx *bbolt.Tx) error {
				for e := range tx.Check() {
					t.Log(e)
				}
				return nil
			})
		}
		require.NoError(t, err, "round %d", round)
		require.Equal(t, state, now)
		require.ElementsMatch(t, want, got)
		if rand.IntN(8) == 0 {
			require.NoError(t, s.Close())
			s = nil
		}
	}
}

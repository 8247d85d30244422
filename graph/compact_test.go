package graph

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// names does what a map and a sorted list do, also for texts that are longer
// than what it keeps them in.
func TestNames(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		s, want, order := names{indexed: true}, map[string]uint64{}, []string{}
		for range r.IntN(3000) {
			text := fmt.Sprint(r.IntN(4000))
			if r.IntN(200) == 0 {
				text += strings.Repeat("é", r.IntN(100_000))
			}
			value, ok := s.find(text)
			was, is := want[text]
			require.Equal(t, is, ok)
			require.Equal(t, was, value)
			if ok {
				continue
			}
			want[text] = r.Uint64()
			require.NoError(t, s.add(text, want[text]))
			order = append(order, text)
			at, ok := s.position(text)
			require.True(t, ok)
			require.Equal(t, len(order)-1, at)
		}
		s.sort()
		sorted := slices.Sorted(maps.Keys(want))
		var some bitmap
		for i, text := range order {
			rank := s.rank[i]
			require.Equal(t, text, s.text(rank))
			require.Equal(t, text, sorted[rank])
			some.set(uint32(i))
		}
		assert.Equal(t, sorted, slices.Collect(s.of(some)))
	}
}

func TestNumbersAndBitmaps(t *testing.T) {
	var l numbers
	var a, b bitmap
	want := []uint32{0, 1, 5, 300, 70_000, 1 << 31, 1<<32 - 1}
	for _, i := range want {
		l.add(i)
		if i < 1<<20 {
			a.set(i)
		}
	}
	assert.Equal(t, want, slices.Collect(l.all()))
	b.set(6)
	b.join(a)
	assert.Equal(t, 6, b.count())
	assert.True(t, b.has(300) && b.has(6) && !b.has(7) && !b.has(1<<30))
}

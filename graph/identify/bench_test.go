package identify_test

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

// naive is what the model is compared with: the technique with the nearest
// text by the cosine of TF-IDF, words as they are.
type naive struct {
	frequency map[string]float64
	texts     []naiveText
}

type naiveText struct {
	id, source string
	words      map[string]float64
}

func count(text string) map[string]float64 {
	words := map[string]float64{}
	for w := range strings.FieldsSeq(strings.ToLower(identify.Plain(text))) {
		words[strings.Trim(w, ".,;:()'\"")]++
	}
	return words
}

func newNaive(c *mitre.Catalog) *naive {
	n := &naive{frequency: map[string]float64{}}
	add := func(id, source, text string) {
		t := naiveText{id, source, count(text)}
		n.texts = append(n.texts, t)
		for w := range t.words {
			n.frequency[w]++
		}
	}
	for t := range mitre.Live[*mitre.Technique](c) {
		add(t.ID, "", t.Name+" "+t.Description)
		for r := range c.To(t, mitre.Uses) {
			if r.Live() {
				add(t.ID, r.Source.Common().STIXID, r.Description)
			}
		}
	}
	return n
}

func (n *naive) best(text, without string) string {
	weigh := func(words map[string]float64) (map[string]float64, float64) {
		out, square := map[string]float64{}, 0.0
		for _, w := range slices.Sorted(keys(words)) {
			out[w] = words[w] * math.Log(float64(len(n.texts)+1)/(n.frequency[w]+0.5))
			square += out[w] * out[w]
		}
		return out, math.Sqrt(square)
	}
	q, length := weigh(count(text))
	best := slices.MaxFunc(n.texts, func(a, b naiveText) int {
		near := func(t naiveText) float64 {
			if t.source == without && without != "" {
				return -1
			}
			d, long := weigh(t.words)
			sum := 0.0
			for _, w := range slices.Sorted(keys(q)) {
				sum += q[w] * d[w]
			}
			return sum / max(length*long, 1e-9)
		}
		return cmp.Compare(near(a), near(b))
	})
	return best.id
}

func keys(m map[string]float64) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestBetterThanNaive takes every eighth source of the official release.
func TestBetterThanNaive(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and ten times as long under the race detector: without -short")
	}
	c := release(t)
	m, n := model(t, c), newNaive(c)
	ours, theirs, all, i := 0, 0, 0, 0
	for o := range mitre.Live[mitre.Object](c) {
		if !slices.ContainsFunc([]string{"malware", "intrusion-set", "campaign"}, func(s string) bool { return s == o.Common().STIXType }) {
			continue
		}
		if i++; i%8 != 0 {
			continue
		}
		for technique, r := range mitre.Outgoing[*mitre.Technique](c, o, mitre.Uses) {
			found := ask(t, m, r.Description, identify.Query{Top: 1, Exclude: []string{o.Common().STIXID}})
			if all++; len(found) > 0 && found[0].ID == technique.ID {
				ours++
			}
			if n.best(r.Description, o.Common().STIXID) == technique.ID {
				theirs++
			}
		}
	}
	t.Logf("first technique right: %d of %d, naive %d", ours, all, theirs)
	require.Greater(t, all, 10)
	assert.Greater(t, ours, theirs)
}

const sentence = "The adversary opened circuit breakers in three substations by means of the operators' workstations."

func BenchmarkNew(b *testing.B) {
	c := release(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := identify.New(b.Context(), c, identify.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIdentify(b *testing.B) {
	m := model(b, release(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Identify(b.Context(), sentence, identify.Query{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNaive(b *testing.B) {
	n := newNaive(release(b))
	b.ReportAllocs()
	for b.Loop() {
		n.best(sentence, "")
	}
}

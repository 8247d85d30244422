package identify

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// space gives texts their places: how much a feature weighs, and which
// documents have it.
type space struct {
	documents int
	number    map[feature]int32
	names     []feature
	weight    []float64 // inverse document frequency
	postings  [][]posting
	vectors   []vector // of the documents; nil once the model is made
}

type posting struct {
	document int32
	value    float32
}

// vector is sorted by feature. Words with pairs, and parts of words, are two
// halves of equal length one, so that the product of two vectors is the mean of
// two cosines.
type vector []component

type component struct {
	feature int32
	value   float64
}

func newSpace(documents []map[feature]float64) *space {
	s := &space{documents: len(documents), number: map[feature]int32{}}
	df := map[feature]int{}
	for _, d := range documents {
		for f := range d {
			df[f]++
		}
	}
	for f := range df {
		s.names = append(s.names, f)
	}
	slices.Sort(s.names)
	for i, f := range s.names {
		s.number[f] = int32(i)
		s.weight = append(s.weight, math.Log((float64(len(documents))+1)/(float64(df[f])+0.5)))
	}
	s.postings = make([][]posting, len(s.names))
	for i, d := range documents {
		v := s.vector(d)
		s.vectors = append(s.vectors, v)
		for _, c := range v {
			s.postings[c.feature] = append(s.postings[c.feature], posting{int32(i), float32(c.value)})
		}
	}
	return s
}

// vector places a text. What no document has counts for the length all the same,
// as the rarest of all: a text that is mostly about something unknown is like
// nothing. It is empty where nothing is known.
func (s *space) vector(fs map[feature]float64) vector {
	v := make(vector, 0, len(fs))
	unknown := map[float64]struct{ parts, whole float64 }{} // how many, by count
	for f, n := range fs {
		if i, ok := s.number[f]; ok {
			v = append(v, component{i, (1 + math.Log(n)) * s.weight[i]})
			continue
		}
		u := unknown[n]
		if isPart(f) {
			u.parts++
		} else {
			u.whole++
		}
		unknown[n] = u
	}
	slices.SortFunc(v, func(a, b component) int { return cmp.Compare(a.feature, b.feature) })
	var parts, whole float64
	for _, c := range v {
		if isPart(s.names[c.feature]) {
			parts += c.value * c.value
		} else {
			whole += c.value * c.value
		}
	}
	rarest := math.Log((float64(s.documents) + 1) / 0.5)
	for _, n := range slices.Sorted(maps.Keys(unknown)) { // sums depend on their order
		value := (1 + math.Log(n)) * rarest
		parts += unknown[n].parts * value * value
		whole += unknown[n].whole * value * value
	}
	for i, c := range v {
		square := whole
		if isPart(s.names[c.feature]) {
			square = parts
		}
		if square > 0 {
			v[i].value /= math.Sqrt(2 * square)
		}
	}
	return v
}

func isPart(f feature) bool { return f[0] == 'c' }

// likeness is the product of a vector with every document's: 0 to 1.
func (s *space) likeness(v vector, out []float64) {
	clear(out)
	for _, c := range v {
		for _, p := range s.postings[c.feature] {
			out[p.document] += c.value * float64(p.value)
		}
	}
}

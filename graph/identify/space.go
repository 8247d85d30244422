package identify

import (
	"cmp"
	"math"
	"slices"
)

// space gives texts their places: how much a feature weighs, and which
// documents have it.
type space struct {
	number   map[feature]int32
	names    []feature
	weight   []float64 // inverse document frequency
	postings [][]posting
	vectors  []vector // of the documents; nil once the model is made
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
	s := &space{number: map[feature]int32{}}
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

// vector places a text. Features that no document has count for nothing, also
// not for its length.
func (s *space) vector(fs map[feature]float64) vector {
	v := make(vector, 0, len(fs))
	for f, n := range fs {
		if i, ok := s.number[f]; ok {
			v = append(v, component{i, (1 + math.Log(n)) * s.weight[i]})
		}
	}
	slices.SortFunc(v, func(a, b component) int { return cmp.Compare(a.feature, b.feature) })
	var parts, whole float64
	for _, c := range v {
		if s.names[c.feature][0] == 'c' {
			parts += c.value * c.value
		} else {
			whole += c.value * c.value
		}
	}
	for i, c := range v {
		square := whole
		if s.names[c.feature][0] == 'c' {
			square = parts
		}
		if square > 0 {
			v[i].value /= math.Sqrt(2 * square)
		}
	}
	return v
}

// likeness is the product of a vector with every document's: 0 to 1.
func (s *space) likeness(v vector, out []float64) {
	clear(out)
	for _, c := range v {
		for _, p := range s.postings[c.feature] {
			out[p.document] += c.value * float64(p.value)
		}
	}
}

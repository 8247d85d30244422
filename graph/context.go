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
// value, so that raising one metric never lowers a risk. Of two vectors that
// differ in several, the one with the higher score may still say less of a
// technique. The table is a judgement of this project.
var contradictions = []struct {
	// metrics and their values, all of which must hold
	when   map[string]string
	factor float64
	means  string
	// techniques are ATT&CK IDs; sub-techniques are included.
	techniques []string
}{
	{map[string]string{"AV": "LP"}, 0.3, "the flaw can't be used over the network",
		[]string{"T0819", "T0822", "T0848", "T0866", "T0883", "T0886", "T0830", "T0842", "T0860", "T1692"}},
	{map[string]string{"AV": "LP"}, 0.6, "the flaw can't be used over the network",
		[]string{"T0814", "T0816"}},
	{map[string]string{"AV": "A"}, 0.6, "the flaw can't be used from outside the network",
		[]string{"T0819", "T0822", "T0883"}},
	{map[string]string{"UI": "RPA"}, 0.6, "the flaw needs a user who takes part, as attacks on a service don't",
		[]string{"T0819", "T0866"}},
	// Who has a login is inside already, and needs no flaw to reach the service;
	// an ordinary login is often weak or stolen, an administrator's less so, and
	// with it little is left to take over. Version 2 counts logins, and has Au.
	{map[string]string{"PR": "L"}, 0.6, "the flaw needs a login, and attacks on a service do without",
		[]string{"T0819", "T0866"}},
	{map[string]string{"PR": "H"}, 0.3, "the flaw needs an administrator's login, and attacks on a service do without",
		[]string{"T0819", "T0866"}},
	{map[string]string{"Au": "S"}, 0.6, "the flaw needs a login, and attacks on a service do without",
		[]string{"T0819", "T0866"}},
	{map[string]string{"Au": "M"}, 0.3, "the flaw needs several logins, and attacks on a service do without",
		[]string{"T0819", "T0866"}},
	{map[string]string{"A": "N"}, 0.3, "using the flaw does not impair availability",
		[]string{"T0814", "T0816", "T0881", "T1695", "T0813", "T0815", "T0826", "T0827", "T0829"}},
	{map[string]string{"C": "N"}, 0.3, "using the flaw discloses nothing",
		[]string{"T0801", "T0802", "T0811", "T0840", "T0842", "T0845", "T0846", "T0852", "T0861", "T0868", "T0877",
			"T0882", "T0887", "T0888", "T0893"}},
	{map[string]string{"I": "N"}, 0.3, "using the flaw changes nothing",
		[]string{"T0807", "T0821", "T0823", "T0831", "T0832", "T0834", "T0835", "T0836", "T0838", "T0843", "T0851", "T0853",
			"T0858", "T0867", "T0871", "T0873", "T0874", "T0878", "T0889", "T0892", "T1692", "T1693"}},
	// A flaw that only lets things be read may be how a program is made to run
	// later, by a password that it tells, but does not run one.
	{map[string]string{"I": "N"}, 0.6, "using the flaw changes nothing, as running a program would",
		[]string{"T0819", "T0820", "T0863", "T0866", "T0890"}},
	// Running one's own code or acting as somebody else shows in what is read
	// or written; a flaw that does neither only stops things.
	{map[string]string{"C": "N", "I": "N"}, 0.3, "using the flaw neither discloses nor changes anything",
		[]string{"T0817", "T0819", "T0820", "T0822", "T0830", "T0848", "T0859", "T0860", "T0863", "T0866", "T0884", "T0886", "T0890"}},
}

// A technique that lives on a user is not how a flaw without interaction is
// exploited. But UI:N is the higher value, so it must not lower a risk: the
// link is doubted, which the report says, and counts for less when mitigations
// are compared.
var (
	needsUser       = []string{"T0817", "T0863", "T0865"}
	doubtful        = 0.3 // what a doubted risk counts for
	nobodyTakesPart = "CVSS UI:N: the flaw needs no user who takes part"
)

// vectorContext is what a CVSS vector says of the way in, of the effect and, as
// E, of the exploits that there are; nil where there is no vector.
type vectorContext map[string]string

// contextOf reads the metrics. A vector that is none gives nil.
func contextOf(vector string) vectorContext {
	type metrics interface{ Get(string) (string, error) }
	var v metrics
	var err error
	names := map[string]string{"AV": "AV", "PR": "PR", "Au": "Au", "UI": "UI", "C": "C", "I": "I", "A": "A", "E": "E"}
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err = gocvss40.ParseVector(vector)
		names = map[string]string{"AV": "AV", "PR": "PR", "UI": "UI", "C": "VC", "I": "VI", "A": "VA", "sC": "SC", "sI": "SI", "sA": "SA", "E": "E"}
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
	// What version 4.0 says of systems behind the vulnerable one is part of
	// the effect, as a changed scope is in version 3.
	for _, m := range []string{"C", "I", "A"} {
		if later := out["s"+m]; later != "" && strings.Index("NLH", later) > strings.Index("NLH", out[m]) {
			out[m] = later
		}
		delete(out, "s"+m)
	}
	return out
}

// weaken returns the factor for a technique, 1 where nothing speaks against
// it, and the reason in words. Of several reasons the strongest counts.
func (c vectorContext) weaken(technique string) (factor float64, why string) {
	parent, _, _ := strings.Cut(technique, ".")
	factor = 1
	for _, x := range contradictions {
		if x.factor >= factor || !slices.Contains(x.techniques, parent) {
			continue
		}
		if said, ok := c.says(x.when); ok {
			factor, why = x.factor, fmt.Sprintf("CVSS %s: %s", said, x.means)
		}
	}
	return factor, why
}

// says reports whether the vector has one of the values of each metric, and
// quotes them.
func (c vectorContext) says(when map[string]string) (quote string, ok bool) {
	var said []string
	for _, metric := range sorted(when) {
		value := c[metric]
		if value == "" || !strings.Contains(when[metric], value) {
			return "", false
		}
		said = append(said, metric+":"+value)
	}
	return strings.Join(said, "/"), true
}

// doubt says why a technique is doubted; empty where it is not.
func (c vectorContext) doubt(technique string) string {
	parent, _, _ := strings.Cut(technique, ".")
	if c["UI"] == "N" && slices.Contains(needsUser, parent) {
		return nobodyTakesPart
	}
	return ""
}

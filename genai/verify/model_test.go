package verify_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

var (
	update  = flag.Bool("update", false, "fit the weights anew and write them")
	crossed = flag.Bool("crossed", false, "show what TestWeights finds, sentence by sentence of the dev parts")
)

// A sample is what the weights are fitted to.
type sample struct {
	x     []float64
	wrong bool
	part  string
	of    labelledSentence
	hard  []graph.Rejection
}

func samples(t *testing.T, packs map[string]labelledPack, part string) []sample {
	t.Helper()
	var out []sample
	for _, s := range readSentences(t, part) {
		x, hard := verify.Measure(graph.Claim{Text: s.Text, Evidence: s.Cites}, packs[s.Pack].Evidence)
		out = append(out, sample{x, s.Label == "wrong", part, s, hard})
	}
	return out
}

// fit is logistic regression with a penalty on the squares of the weights, by
// gradient descent: slow, but the same everywhere. A sentence that another
// check rejects counts less, since it is rejected whatever its support.
func fit(list []sample) (bias float64, weights []float64) {
	const (
		rounds  = 600
		rate    = 1.0
		penalty = 0.005
		settled = 0.2
	)
	n := len(list[0].x)
	// Features of a like size are found faster.
	scale := make([]float64, n)
	for i := range scale {
		for _, s := range list {
			scale[i] += s.x[i] * s.x[i]
		}
		scale[i] = math.Sqrt(scale[i]/float64(len(list))) + 1e-6
	}
	total := 0.0
	for _, s := range list {
		total += weigh(s, settled)
	}
	w := make([]float64, n+1)
	for range rounds {
		g := make([]float64, n+1)
		for _, s := range list {
			z := w[n]
			for i, x := range s.x {
				z += w[i] * x / scale[i]
			}
			e := 1 / (1 + math.Exp(-z))
			if s.wrong {
				e--
			}
			e *= weigh(s, settled)
			for i, x := range s.x {
				g[i] += e * x / scale[i]
			}
			g[n] += e
		}
		for i := range w {
			w[i] -= rate * g[i] / total
			if i < n {
				w[i] -= rate * penalty * w[i]
				if slices.Contains([]string{"domain", "other", "generic"}, verify.FeatureNames[i]) {
					w[i] = max(w[i], 0) // a word more that no evidence holds never speaks for a sentence
				}
			}
		}
	}
	for i := range scale {
		w[i] /= scale[i]
	}
	return w[n], w[:n]
}

func weigh(s sample, settled float64) float64 {
	if len(s.hard) > 0 {
		return settled
	}
	return 1
}

func score(bias float64, w, x []float64) float64 {
	for i := range w {
		bias += w[i] * x[i]
	}
	return bias
}

// shift is added to the bias, so that about as many right sentences are
// rejected as [rightRejected] allows, hard checks included.
func shift(list []sample, score func(sample) float64) float64 {
	const rightRejected = 0.13
	var right []float64
	n, hard := 0, 0
	for _, s := range list {
		switch {
		case s.wrong:
			continue
		case len(s.hard) > 0:
			hard++
		default:
			right = append(right, score(s))
		}
		n++
	}
	slices.Sort(right)
	allowed := max(int(rightRejected*float64(n))-hard, 0)
	return -right[max(len(right)-1-allowed, 0)]
}

// TestFeatures holds single features to what they are to see, and to pass over.
func TestFeatures(t *testing.T) {
	evidence := []graph.Evidence{
		ev("E1", graph.Official, "M0949 Antivirus/Antimalware is asked for by IEC 62443-3-3:2013 - SR 3.2, NIST SP 800-53 Rev. 4 - SI-3."),
		ev("E2", graph.Site, `Device "pump-2" is served by three firms, and six people have a key.`),
		ev("E3", graph.Official, "T0847 Replication Through Removable Media serves the tactic Initial Access."),
		ev("E4", graph.Official, "S0603 Stuxnet is known at pump-9."),
		ev("E5", graph.Site, `Device "pump-3" stands beside others.`),
	}
	for _, c := range []struct {
		name, feature, text string
		cited               []string
		want                float64
	}{
		{"numbers of labels", "misbound", "M0949 is asked for by SR 3.2 and by SI-3 in revision 4 of NIST SP 800-53.", []string{"E1"}, 0},
		{"number of something else", "misbound", "Six firms serve pump-2.", []string{"E2"}, 1},
		{"two of a kind", "loose", "Both pump-2 and pump-3 stand there.", []string{"E2", "E5"}, 0},
		{"two of two kinds", "loose", "M0949 is on pump-2.", []string{"E1", "E2"}, 1},
		{"ATT&CK's word for an ID", "domain", "This technique serves Initial Access.", []string{"E3"}, 0},
		{"its word for another ID", "domain", "This malware serves Initial Access.", []string{"E3"}, 1},
		{"not needed", "no need", "There is no need of a key at pump-2.", []string{"E2"}, 1},
		{"nobody says so", "no need", "Nobody says that there is no need of a key at pump-2.", []string{"E2"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, _ := verify.Measure(graph.Claim{Text: c.text, Evidence: c.cited}, evidence)
			if got := x[slices.Index(verify.FeatureNames, c.feature)]; got != c.want {
				t.Errorf("%s is %v, want %v", c.feature, got, c.want)
			}
		})
	}
}

// TestWeights holds the weights in the code to what the dev parts give.
func TestWeights(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and ten times as long under the race detector: without -short")
	}
	packs, parts := readPacks(t), devParts(t)
	var list []sample
	for _, part := range parts {
		list = append(list, samples(t, packs, part)...)
	}
	// Each part is judged by weights fitted to the others.
	scores := map[string]float64{}
	for _, part := range parts {
		b, w := fit(slices.DeleteFunc(slices.Clone(list), func(s sample) bool { return s.part == part }))
		for _, s := range list {
			if s.part == part {
				scores[s.of.ID] = score(b, w, s.x)
			}
		}
	}
	move := shift(list, func(s sample) float64 { return scores[s.of.ID] })
	var found, wrong, rejected, right int
	kinds := map[string][2]int{}
	for _, s := range list {
		bad := len(s.hard) > 0 || scores[s.of.ID]+move > 0
		k := kinds[s.of.Label+" "+s.of.Kind]
		k[1]++
		if bad {
			k[0]++
		}
		kinds[s.of.Label+" "+s.of.Kind] = k
		k = kinds[s.part+" "+s.of.Label]
		k[1]++
		if bad {
			k[0]++
		}
		kinds[s.part+" "+s.of.Label] = k
		switch {
		case s.wrong:
			wrong++
			if bad {
				found++
			}
		default:
			right++
			if bad {
				rejected++
			}
		}
		if *crossed && bad != s.wrong {
			t.Logf("%s %s %.2f %v %v | %s", s.of.Label, s.of.Kind, scores[s.of.ID]+move, s.of.Cites, s.hard, s.of.Text)
		}
	}
	t.Logf("each dev part by weights from the others: %d of %d wrong ones found, %d of %d right ones rejected", found, wrong, rejected, right)
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range kinds {
			if !yield(k) {
				return
			}
		}
	}) {
		t.Logf("  %-28s %d of %d", k, kinds[k][0], kinds[k][1])
	}
	b, w := fit(list)
	b += move
	var out bytes.Buffer
	fmt.Fprint(&out, "package verify\n\n// Made by TestWeights -update from the dev parts of the labelled sentences.\n\n")
	fmt.Fprintf(&out, "const bias = %.3f\n\nvar weights = [features]float64{\n", b)
	for i, v := range w {
		fmt.Fprintf(&out, "\t%.3f, // %s\n", v, verify.FeatureNames[i])
	}
	fmt.Fprint(&out, "}\n")
	want, err := format.Source(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("weights.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("weights.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("weights.go is not what the dev parts give; go test -run TestWeights -update writes it anew")
	}
}

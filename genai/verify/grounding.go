package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/mitigraph/mitigraph/graph"
)

const (
	minWord      = 4 // characters of a word that says something
	stem         = 5 // characters that two forms of a word share
	sharedNeeded = 2 // words that a claim shares with its evidence
)

// common words say nothing about what a sentence is about, here also those of
// the task itself.
var common = words4(`about above after against all also and another any are because been before being below between both
	but can could does each evidence every first for from further gap have here into its json line lines list lists made make
	more most must need needs never none not object one only other others over same shall should some step steps such than that
	the their them then there these they this those through under used using very was were what when where which while who will
	with within without would your missing summary draft text answer request limits`)

func words4(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[strings.ToUpper(w)] = true
	}
	return out
}

// talk matches a writer that speaks of itself or its task instead of the gap.
var talk = regexp.MustCompile(`(?i)\bI(?:['’]m|['’]ve|['’]ll| am| have| will| can| do| don| would| think)\b|\bJSON\b|\b(?:AI|language) model\b|\?\s*$`)

// Grounding checks that claims are about the evidence that they cite: they
// name one of its IDs, or share at least two of its words. Sections that the
// form calls open are exempt. No claim may speak of its writer, of JSON that no evidence names, or end in a
// question. It returns nil when there is nothing against the text.
//
// [Answer] does not ask for it, since a writer of fixed sentences would fail
// it where the evidence is thin. Sharing words is no proof of sense; not even
// sharing them is one of nonsense.
func Grounding(t graph.DraftText, form Form, evidence []graph.Evidence) []graph.Rejection {
	known := map[string]map[string]bool{}
	for _, e := range evidence {
		known[e.Handle] = stems(e.Text)
	}
	var out []graph.Rejection
	check := func(where string, open bool, c graph.Claim) {
		if m := talk.FindString(c.Text); m != "" && !held(evidence, m) {
			out = append(out, graph.Rejection{Check: CheckGrounding, Where: where + ".text",
				Why: fmt.Sprintf("this talks about itself or asks back (%q) instead of being about the gap", clip(m))})
			return
		}
		if open {
			return
		}
		shared := map[string]bool{}
		for w := range stems(c.Text) {
			for _, h := range c.Evidence {
				if known[h][w] {
					shared[w] = true
				}
			}
		}
		if len(shared) < sharedNeeded && !namesID(shared) {
			out = append(out, graph.Rejection{Check: CheckGrounding, Where: where + ".text",
				Why: "this says nothing that is in the evidence that it cites"})
		}
	}
	for where, c := range t.Claims() {
		name, _, _ := strings.Cut(where, "[")
		section, _ := form.section(name)
		check(where, section.Open, c)
	}
	return out
}

func held(evidence []graph.Evidence, s string) bool {
	return slices.ContainsFunc(evidence, func(e graph.Evidence) bool {
		return strings.Contains(strings.ToUpper(e.Text), strings.ToUpper(s))
	})
}

func namesID(shared map[string]bool) bool {
	for w := range shared {
		if strings.ContainsFunc(w, unicode.IsDigit) && strings.ContainsFunc(w, unicode.IsLetter) {
			return true
		}
	}
	return false
}

// stems returns the words of a text that say something, shortened so that
// forms of a word are alike; words with digits are kept whole.
func stems(s string) map[string]bool {
	out := map[string]bool{}
	split := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for w := range strings.FieldsFuncSeq(fold(s), split) {
		r := []rune(w)
		if len(r) < minWord || common[w] {
			continue
		}
		if len(r) > stem && !strings.ContainsFunc(w, unicode.IsDigit) {
			w = string(r[:stem])
		}
		out[w] = true
	}
	return out
}

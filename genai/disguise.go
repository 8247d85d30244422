package genai

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// disguised rejects words that people read as others than a program does, which
// would slip past every check of what a text says: with characters that show
// nothing, in letters that stand for others, or of two alphabets. Words of the
// evidence may be so; it is not the writer who chose them.
func disguised(t graph.DraftText, evidence []graph.Evidence) []graph.Rejection {
	var out []graph.Rejection
	for where, c := range t.Claims() {
		texts := []string{c.Text}
		if c.Quiz != nil {
			texts = append(append(texts, c.Quiz.Text), c.Quiz.Options...)
		}
		for _, text := range texts {
			for _, word := range strings.Fields(text) {
				why := disguise(word)
				if why == "" {
					continue
				}
				word = strings.TrimFunc(word, unicode.IsPunct)
				if !slices.ContainsFunc(evidence, func(e graph.Evidence) bool { return strings.Contains(e.Text, word) }) {
					out = append(out, graph.Rejection{Check: verify.CheckText, Where: where + ".text", Why: why})
					break
				}
			}
		}
	}
	return out
}

// disguise says what is odd about a word; empty for nothing.
func disguise(word string) string {
	latin, other := false, rune(0)
	for _, r := range word {
		switch {
		case r <= unicode.MaxLatin1:
			latin = latin || unicode.IsLetter(r)
		case finding.Plain(string(r), 0) == "":
			return fmt.Sprintf("the character U+%04X shows nothing", r)
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
		case norm.NFKC.String(string(r)) != string(r):
			return fmt.Sprintf("the character U+%04X is another form of %s", r, norm.NFKC.String(string(r)))
		case unicode.In(r, unicode.Cyrillic, unicode.Greek):
			other = r
		case unicode.Is(unicode.Latin, r):
			latin = true
		}
	}
	if latin && other != 0 {
		return fmt.Sprintf("the letter U+%04X is of another alphabet than the word that it is in", other)
	}
	return ""
}

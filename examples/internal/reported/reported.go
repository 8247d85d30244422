// Package reported finds the techniques that a report speaks of, for the programs
// that explain one.
package reported

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

const (
	Most    = 12  // techniques, as genai.ThreatReport takes
	byID    = 1.0 // scores: how surely a sentence means the technique
	byName  = 0.6
	byWords = 0.5 // the least that a sentence's words alone must reach
)

// Reading is what a report speaks of.
type Reading struct {
	// Found holds techniques, each with the sentence that shows it best, the
	// surest first; at most [Most].
	Found     []genai.Found
	More      int      // techniques beyond these
	Sentences int      // of the text
	Silent    int      // of these, in which nothing was recognised
	Unknown   []string // technique IDs that the release does not have, in order
}

// Techniques finds the techniques that a text names by ATT&CK ID or by name, or that
// a sentence of it speaks of. A name of one word is too common to count.
func Techniques(ctx context.Context, c *mitre.Catalog, text string) (Reading, error) {
	model, err := identify.New(ctx, c, identify.Options{})
	if err != nil {
		return Reading{}, err
	}
	var r Reading
	var found []genai.Found
	recognised := false
	add := func(id, sentence, because string, score float64) {
		recognised = true
		i := slices.IndexFunc(found, func(f genai.Found) bool { return f.Technique == id })
		switch {
		case i < 0:
			found = append(found, genai.Found{Technique: id, Sentence: sentence, Score: score, Because: []string{because}})
		case found[i].Score < score:
			found[i] = genai.Found{Technique: id, Sentence: sentence, Score: score, Because: []string{because}}
		}
	}
	for _, sentence := range Sentences(text) {
		recognised = false
		for _, id := range graph.IDsIn(sentence) {
			o, err := c.Resolve(id)
			if t, ok := o.Object.(*mitre.Technique); err == nil && ok {
				add(t.ID, sentence, fmt.Sprintf("it names %s", id), byID)
			} else if err != nil && techniqueID.MatchString(id) && !slices.Contains(r.Unknown, id) {
				r.Unknown = append(r.Unknown, id)
			}
		}
		folded := " " + strings.Join(words.FindAllString(strings.ToLower(sentence), -1), " ") + " "
		for t := range mitre.Live[*mitre.Technique](c) {
			name := words.FindAllString(strings.ToLower(t.Name), -1)
			if len(name) > 1 && strings.Contains(folded, " "+strings.Join(name, " ")+" ") {
				add(t.ID, sentence, fmt.Sprintf("it says %s", t.Name), byName)
			}
		}
		spoken, err := model.Identify(ctx, sentence, identify.Query{Top: 1})
		if err != nil {
			return Reading{}, err
		}
		for _, m := range spoken {
			if m.Score >= byWords && len(m.Because) > 0 {
				add(m.ID, sentence, "it is like "+m.Because[0].String(), m.Score)
			}
		}
		if r.Sentences++; !recognised {
			r.Silent++
		}
	}
	slices.SortStableFunc(found, func(a, b genai.Found) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	n := min(Most, len(found))
	r.Found, r.More = found[:n], len(found)-n
	return r, nil
}

var (
	techniqueID = regexp.MustCompile(`^T\d`)
	words       = regexp.MustCompile(`[\pL\pN]+`)
	sentenceEnd = regexp.MustCompile(`[.!?]["')\]]*\s+|\n\s*\n`)
)

// Sentences splits a text at the ends of sentences and at empty lines.
func Sentences(text string) []string {
	var out []string
	from := 0
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	for _, at := range sentenceEnd.FindAllStringIndex(text, -1) {
		add(text[from:at[1]])
		from = at[1]
	}
	add(text[from:])
	return out
}

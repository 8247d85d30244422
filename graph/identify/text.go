package identify

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"

	"github.com/mitigraph/mitigraph/mitre"
)

// What ATT&CK's texts hold besides words.
var (
	citations = regexp.MustCompile(`\(Citation: [^()]*(?:\([^()]*\)[^()]*)*\)`)
	pages     = regexp.MustCompile(`\[[^\[\]]*\]\(https?://attack\.mitre\.org/(?:software|groups|campaigns)/[^()\s]*\)`)
	links     = regexp.MustCompile(`\[([^\[\]]*)\]\([^()\s]*\)`)
	addresses = regexp.MustCompile(`https?://[^\s)\]]+`)
	tags      = regexp.MustCompile(`</?[a-z]{1,10}>`)
)

// Plain returns a text without citations, tags and addresses. Of a link its
// words stay, but where it leads to ATT&CK's page of a group, software or
// campaign: those are a name, and "the adversary" stands for them. Bytes that
// are no UTF-8 become spaces.
func Plain(text string) string {
	text = strings.ToValidUTF8(text, " ")
	text = citations.ReplaceAllString(text, " ")
	text = pages.ReplaceAllLiteralString(text, mask)
	text = links.ReplaceAllString(text, "$1")
	text = addresses.ReplaceAllString(text, " ")
	return tags.ReplaceAllString(text, " ")
}

// A token is a word where it stands in a text.
type token struct {
	start, end int
	word       string // as it is written
}

func tokens(text string) []token {
	var out []token
	start := -1
	for i := 0; i <= len(text); {
		r, n := rune(-1), 1
		if i < len(text) {
			r, n = utf8.DecodeRuneInString(text[i:])
		}
		if inside := r >= 0 && (unicode.IsLetter(r) || unicode.IsDigit(r)); inside && start < 0 {
			start = i
		} else if !inside && start >= 0 {
			out = append(out, token{start, i, text[start:i]})
			start = -1
		}
		i += n
	}
	return out
}

// masks are the names of groups, software and campaigns, which say who did
// something and not what: the words of each, under the first.
type masks map[string][][]string

func newMasks(actors []mitre.Object) masks {
	m := masks{}
	add := func(name string) {
		var words []string
		for _, t := range tokens(name) {
			words = append(words, t.word)
		}
		if len(words) > 0 && utf8.RuneCountInString(name) > 2 {
			m[words[0]] = append(m[words[0]], words)
		}
	}
	for _, a := range actors {
		add(a.Common().Name)
		for _, alias := range a.Common().Aliases {
			add(alias)
		}
	}
	return m
}

// at returns how many of the tokens, from the first on, are a name; the
// longest counts.
func (m masks) at(ts []token) int {
	longest := 0
	for _, words := range m[ts[0].word] {
		if len(words) <= longest || len(words) > len(ts) {
			continue
		}
		same := true
		for i, w := range words {
			same = same && ts[i].word == w
		}
		if same {
			longest = len(words)
		}
	}
	return longest
}

// mask is what stands for a name where a language model reads the text.
const mask = "the adversary"

// masked is a text without the names of actors: what is left of the words, and
// the text with a stand-in.
func (m masks) masked(text string) (words []string, readable string) {
	text = Plain(text)
	var b strings.Builder
	ts, from := tokens(text), 0
	for i := 0; i < len(ts); {
		if n := m.at(ts[i:]); n > 0 {
			b.WriteString(text[from:ts[i].start])
			b.WriteString(mask)
			i += n
			from = ts[i-1].end
			continue
		}
		words = append(words, ts[i].word)
		i++
	}
	b.WriteString(text[from:])
	return words, strings.Join(strings.Fields(b.String()), " ")
}

// Who did something, at the start with when, and elsewhere with the words that
// only carry the verb.
const who = `(?:the )*(?:the|an) (?:adversary|adversaries)`

var (
	setting = regexp.MustCompile(`(?i)^(?:during|in|for|as part of|throughout|with) ` + who + `(?: (?:attack|campaign|incident|operation|intrusion)s?)?,?\s*`)
	actor   = regexp.MustCompile(`(?i)\b` + who + `(?:['’]s)?(?: (?:malware|threat actors?|actors?|attackers?|group))?` +
		`(?: (?:(?:has|have) been|has the (?:ability|capability) to|have the ability to|is capable of|(?:is|was|are|were) able to|had|has|have|can|could|may|will))?\b`)
)

// bare is a masked text without who did it: what is left tells what was done. A
// text that tells little else stays as it is.
func bare(readable string) string {
	s := actor.ReplaceAllLiteralString(setting.ReplaceAllLiteralString(readable, ""), " ")
	words := strings.Fields(s)
	if len(words) < 3 {
		return readable
	}
	return strings.Trim(strings.Join(words, " "), " ,")
}

// stopwords say nothing of what happened.
var stopwords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a about after all also an and any are as at be been before being between both but
		by can could did do does during each for from had has have he her here his how if in include included
		includes including into is it its may might more no not of on one only or other over several she so some
		such than that the their them then there these they this those through to two under use used uses using via
		adversary was were what when where which while who whose will with within would`) {
		m[w] = true
	}
	return m
}()

// A feature is what two texts may share. The first byte tells the sorts
// apart: w a stem, b a pair of stems, c a part of a word.
type feature = string

// longestWord is more than any word has; what is longer is no word, and has no parts.
const longestWord = 40

// features counts the features of words. The map surface remembers for each
// stem the first word as it was written; it may be nil.
func features(words []string, surface map[feature]string) map[feature]float64 {
	out := map[feature]float64{}
	last := ""
	counts := map[string]float64{}
	var order []string
	for _, w := range words {
		low := strings.ToLower(w)
		if stopwords[low] || len(low) > longestWord {
			continue
		}
		if counts[low]++; counts[low] == 1 {
			order = append(order, low)
		}
		stem := stemmed(low)
		out["w"+stem]++
		if surface != nil && surface["w"+stem] == "" {
			surface["w"+stem] = w
		}
		if last != "" {
			out["b"+last+" "+stem]++
		}
		last = stem
	}
	for _, low := range order {
		runes := []rune("_" + low + "_")
		for n := 3; n <= 5; n++ {
			for i := 0; i+n <= len(runes); i++ {
				out["c"+string(runes[i:i+n])] += counts[low]
			}
		}
	}
	return out
}

// stemmed is the stem of a word in small letters. The stemmer is for ASCII.
func stemmed(low string) string {
	for i := range len(low) {
		if low[i] >= utf8.RuneSelf {
			return low
		}
	}
	return english.Stem(low, true)
}

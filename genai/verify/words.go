package verify

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// word is a word of a sentence or of a piece of evidence.
type word struct {
	raw    string // as written, without a possessive ending
	low    string // folded and in lower case
	stem   string
	at     int  // where raw begins, in bytes
	clause int  // counts from 0
	part   int  // counts sentences and what semicolons and colons divide
	digits bool // it holds a digit
	caps   bool // it begins with a capital
	halved bool // "half a" stands before it
	first  bool // of a sentence, a quotation or what follows a colon
	class  class
}

// class says how much a word weighs that no evidence holds.
type class uint8

const (
	classFunction class = iota // says nothing by itself
	classGeneric               // everyday words
	classOther
	classDomain // of security and of plants
)

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// joins reports whether a sign between two characters of a word is part of it.
func joins(r rune) bool {
	switch r {
	case '-', '.', '\'', '’', '/', '&', ':', '_', '\u2010', '\u2011':
		return true
	}
	return false
}

// wordsOf splits a text. Words that a hyphen or a slash joins count each for
// itself, unless there is a digit in them. It is linear in the text.
func wordsOf(s string) []word {
	var out []word
	clause, part, first := 0, 0, true
	begin := -1
	flush := func(end int) {
		if begin < 0 {
			return
		}
		out = appendWords(out, s[begin:end], begin, clause, part, first)
		first, begin = false, -1
	}
	for i, r := range s {
		if isWordRune(r) {
			if begin < 0 {
				begin = i
			}
			continue
		}
		if begin >= 0 && joins(r) {
			next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
			if isWordRune(next) && (r != ':' || unicode.IsDigit(next)) {
				continue
			}
		}
		flush(i)
		switch r {
		case ',', '(', ')', '\u2014':
			clause++
		case '.', '!', '?', ';', ':':
			clause++
			part++
			first = true
		case '"', '“', '”', '\u00ab', '\u00bb':
			clause++
			first = true
		}
	}
	flush(len(s))
	// Words that begin a clause of their own.
	shift := 0
	for i := range out {
		out[i].halved = i > 1 && out[i-1].low == "a" && out[i-2].low == "half"
		if i > 0 && out[i].clause+shift == out[i-1].clause && breaks[out[i].low] {
			shift++
		}
		out[i].clause += shift
	}
	return out
}

func appendWords(out []word, raw string, at, clause, part int, first bool) []word {
	low := strings.ToLower(fold(raw))
	low = strings.ReplaceAll(low, "’", "'")
	if l := strings.TrimSuffix(low, "'s"); l != low {
		low = l
		raw = raw[:max(len(raw)-len("'s"), 0)]
	}
	digits := strings.ContainsFunc(low, unicode.IsDigit)
	if a, b, ok := strings.Cut(low, "-"); ok && numerals[a] >= 20 && numerals[a] < 100 && numerals[b] > 0 && numerals[b] < 10 || ok && numerals[a] >= 20 && b == "one" {
		return appendWord(out, raw, strconv.Itoa(numerals[a]+max(numerals[b], 1)), at, clause, part, first, false)
	}
	if !digits && strings.ContainsAny(low, "-/:. ") && !strings.Contains(low, "&") {
		for p := range strings.FieldsFuncSeq(raw, func(r rune) bool { return !isWordRune(r) && r != '\'' && r != '’' }) {
			out = appendWord(out, p, strings.ToLower(fold(p)), at, clause, part, first, false)
			first = false
		}
		return out
	}
	return appendWord(out, raw, low, at, clause, part, first, digits)
}

func appendWord(out []word, raw, low string, at, clause, part int, first, digits bool) []word {
	r, _ := utf8.DecodeRuneInString(raw)
	w := word{raw: raw, low: low, at: at, clause: clause, part: part, digits: digits, caps: unicode.IsUpper(r), first: first}
	w.stem = stemOf(low)
	w.class = classOf(w)
	return append(out, w)
}

// stemOf shortens a word so that its forms are alike.
func stemOf(low string) string {
	const longest = 30
	if len(low) < 3 || len(low) > longest {
		return low
	}
	for i := range len(low) {
		if c := low[i]; (c < 'a' || c > 'z') && c != '\'' {
			return low
		}
	}
	return english.Stem(low, false)
}

func classOf(w word) class {
	t := lexicon()
	switch {
	case t.function[w.low]:
		return classFunction
	case w.digits:
		return classOther
	case t.domain[w.stem]:
		return classDomain
	case t.generic[w.stem], len(w.low) < 3:
		return classGeneric
	}
	return classOther
}

// where a word occurs in a piece of evidence.
type occurrence struct {
	polarity uint8 // of its clause; 1: affirmed, 2: denied, 3: both
	near     uint8 // the same, by the reach of negations
}

func (o *occurrence) join(p *occurrence) {
	o.polarity |= p.polarity
	o.near |= p.near
}

// deny marks the words in reach of a sign of negation: the next ones of the
// clause, more of them behind "neither" and "none" than behind "no".
func deny(words []word) []bool {
	out := make([]bool, len(words))
	for i, w := range words {
		if !negates(words, i) {
			continue
		}
		reach := 3
		switch w.low {
		case "neither", "none", "nobody", "nor", "nothing":
			reach = 6
		}
		for k := i + 1; k < len(words) && reach > 0 && words[k].part == w.part; k++ {
			if words[k].low == "but" || words[k].clause != w.clause && (words[k].low == "and" || words[k].low == "so" || words[k].low == "hence") {
				break
			}
			if words[k].class != classFunction {
				reach--
			}
			out[k] = !out[k]
		}
	}
	return out
}

// denied counts, for each clause of words, the signs of negation, and answers
// which clauses have an odd number.
func denied(words []word) map[int]bool {
	out := map[int]bool{}
	for i, w := range words {
		if negates(words, i) {
			out[w.clause] = !out[w.clause]
		}
	}
	return out
}

// negates reports whether the word turns its clause round.
func negates(words []word, i int) bool {
	w := words[i]
	if strings.HasSuffix(w.low, "n't") || negations[w.low] {
		// "not only" and "nothing but" affirm.
		if i+1 < len(words) && (words[i+1].low == "only" || words[i+1].low == "but") {
			return false
		}
		return true
	}
	return false
}

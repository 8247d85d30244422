package finding

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

const (
	maxMeant     = 3  // words that are asked about
	maxMeantWord = 64 // bytes of a word that may be misspelt
)

// Meant is what to put behind an error about a word that is none of those that
// are known, such as "; did you mean T0855?": the known words, at most three,
// from which it is the fewest slips away, in their order. A slip is a character
// left out, put in, changed, or swapped with the next; there may be one for
// each three characters of the word that are no digits, and one in any case,
// since nearly every number has a neighbour. A word that differs only by case,
// or by letters that look like digits (CWE-79O), is meant before others. It is
// empty where no word is near, where more than three are, and for a word of
// more than 64 bytes.
func Meant(word string, known iter.Seq[string]) string {
	if len(word) > maxMeantWord {
		return ""
	}
	var near []string
	x := []rune(strings.ToLower(word))
	letters := 0
	for _, r := range x {
		if r < '0' || r > '9' {
			letters++
		}
	}
	like, least, alike := lookAlike(word), max(1, letters/3), false
	for w := range known {
		if len(w) > 4*maxMeantWord {
			continue
		}
		if lookAlike(w) == like {
			if !alike {
				near, alike = nil, true
			}
		} else if alike {
			continue
		} else if d := slips(x, []rune(strings.ToLower(w)), least); d > least {
			continue
		} else if d < least {
			near, least = nil, d
		}
		if len(near) <= maxMeant && !slices.Contains(near, w) {
			near = append(near, w)
		}
	}
	switch n := len(near); {
	case n == 0 || n > maxMeant:
		return ""
	case n > 1:
		return fmt.Sprintf("; did you mean %s or %s?", strings.Join(near[:n-1], ", "), near[n-1])
	}
	return "; did you mean " + near[0] + "?"
}

var digits = strings.NewReplacer("o", "0", "l", "1", "i", "1")

func lookAlike(s string) string { return digits.Replace(strings.ToLower(s)) }

// slips is how many there are between two words; any number above most where
// there are more.
func slips(x, y []rune, most int) int {
	if max(len(x)-len(y), len(y)-len(x)) > most {
		return most + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		least := row[0]
		for j := range y {
			change := 1
			if x[i] == y[j] {
				change = 0
			}
			d := min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d = min(d, before[j-1]+1)
			}
			row[j+1], least = d, min(least, d)
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

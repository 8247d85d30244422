package verify

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// numerals are the words that count. One, first and the like say too little.
var numerals = map[string]int{
	"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
	"thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
	"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
	"twice": 2, "dozen": 12, "thrice": 3, "half": 50, "million": 1000000, "billion": 1000000000, "zero": 0,
}

// numberOf returns the number that a word is, in one way to write it.
func numberOf(w word) (string, bool) {
	if w.low == "dozen" && w.halved {
		return "6", true
	}
	if n, ok := numerals[w.low]; ok {
		return strconv.Itoa(n), true
	}
	if w.low == "" || w.low[0] < '0' || w.low[0] > '9' {
		return "", false
	}
	s := strings.TrimRight(w.low, ".:")
	for _, suffix := range []string{"th", "st", "nd", "rd", "s", "x", "h", "ms", "kb", "mb", "gb", "v"} {
		if t := strings.TrimSuffix(s, suffix); t != s && strings.Trim(t, "0123456789.") == "" {
			s = t
			break
		}
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) && strings.Trim(s, "0123456789.:") != "" {
		return "", false // a name with digits
	}
	if t := strings.TrimLeft(s, "0"); t != "" && t[0] != '.' && !strings.ContainsAny(s, ".:") {
		s = t
	}
	return strings.TrimSuffix(s, ".0"), true
}

func numbersIn(text string, words []word) map[string]bool {
	out := map[string]bool{}
	for _, w := range words {
		if n, ok := numberOf(w); ok {
			out[n] = true
		}
	}
	for _, m := range digitRun.FindAllString(text, -1) {
		out[strings.TrimSuffix(m, ".0")] = true
		if a, b, ok := strings.Cut(m, ":"); ok && len(a) > 2 { // a standard and its year
			out[a], out[b] = true, true
		}
	}
	return out
}

var digitRun = regexp.MustCompile(`\d+(?:[.:]\d+)*`)

// date is a day, a month or a year; what is not said is 0.
type date struct {
	year, month, day int
	text             string
}

const months = `january|february|march|april|may|june|july|august|september|october|november|december`

var (
	isoDate   = regexp.MustCompile(`\b((?:19|20)\d\d)-(\d\d)(?:-(\d\d))?\b`)
	dayMonth  = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th)? (?:of )?(` + months + `)(?:,? ((?:19|20)\d\d))?\b`)
	monthDay  = regexp.MustCompile(`(?i)\b(` + months + `) (\d{1,2})(?:st|nd|rd|th)?\b(?:,? ((?:19|20)\d\d))?`)
	monthYear = regexp.MustCompile(`(?i)\b(january|february|march|april|May|june|july|august|september|october|november|december)(?: (?:of )?((?:19|20)\d\d))?\b`)
	weekday   = regexp.MustCompile(`(?i)\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b`)
)

func monthOf(s string) int {
	for i, m := range strings.Split(months, "|") {
		if strings.EqualFold(m, s) {
			return i + 1
		}
	}
	return 0
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// datesIn finds dates; lone years only after a word that leads to a year.
func datesIn(text string) []date {
	var out []date
	cut := func(p *regexp.Regexp, read func(m []string) date) {
		text = p.ReplaceAllStringFunc(text, func(s string) string {
			d := read(p.FindStringSubmatch(s))
			if d.month == 5 && d.year == 0 && !strings.Contains(s, "May") {
				return s
			}
			d.text = s
			out = append(out, d)
			return strings.Repeat(" ", len(s))
		})
	}
	if strings.ContainsAny(text, "12") { // a year begins with one of them
		cut(isoDate, func(m []string) date { return date{year: number(m[1]), month: number(m[2]), day: number(m[3])} })
	}
	small := strings.ToLower(text)
	if !slices.ContainsFunc(strings.Split(months, "|"), func(m string) bool { return strings.Contains(small, m) }) {
		return out
	}
	cut(dayMonth, func(m []string) date { return date{year: number(m[3]), month: monthOf(m[2]), day: number(m[1])} })
	cut(monthDay, func(m []string) date { return date{year: number(m[3]), month: monthOf(m[1]), day: number(m[2])} })
	cut(monthYear, func(m []string) date { return date{year: number(m[2]), month: monthOf(m[1])} })
	return out
}

// within reports whether d says nothing that e does not say.
func (d date) within(e date) bool {
	return (d.year == 0 || d.year == e.year) && (d.month == 0 || d.month == e.month) && (d.day == 0 || d.day == e.day)
}

func (d date) time() (time.Time, bool) {
	if d.year == 0 || d.month == 0 || d.day == 0 {
		return time.Time{}, false
	}
	return time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC), true
}

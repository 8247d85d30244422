package verify

import (
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph"
)

// Sentence is a sentence of a text, with what is against it.
type Sentence struct {
	Text       string
	Start, End int      // its place in the text, in bytes: text[Start:End]
	Evidence   []string // handles that it is held against, in their order
	// Against says what is against it, in the order of [Checks]; empty
	// when nothing is. Where is always empty.
	Against []graph.Rejection
}

// Text judges each sentence of any text by the evidence. A sentence that
// names handles in brackets, as in "(E1, E3)", is held against these alone,
// any other one against all of the evidence. The sentences come in their
// order; a text without a word has none. Form, such as length, is not looked
// at. It costs some hundred microseconds a sentence, and is safe for
// concurrent use.
func Text(text string, evidence []graph.Evidence) []Sentence {
	c := newChecker(evidence)
	var out []Sentence
	for _, at := range sentences(text) {
		s := Sentence{Text: text[at[0]:at[1]], Start: at[0], End: at[1]}
		for _, m := range bracketed.FindAllString(s.Text, -1) {
			for _, h := range handle.FindAllString(m, -1) {
				if _, ok := c.pieces[h]; ok && !slices.Contains(s.Evidence, h) {
					s.Evidence = append(s.Evidence, h)
				}
			}
		}
		if len(s.Evidence) == 0 {
			s.Evidence = slices.Clone(c.order)
		}
		c.rejected, c.begin = nil, 0
		cited := c.handlesOf(s.Evidence)
		l := located{"", graph.Claim{Text: s.Text, Evidence: s.Evidence}}
		folded := fold(s.Text)
		c.ids(l, folded, cited)
		c.addresses(l, folded)
		c.standards(l, folded, cited)
		c.text(l)
		c.sentence("", s.Text, c.judgeFor(s.Evidence))
		order := sentenceChecks()
		slices.SortStableFunc(c.rejected, func(a, b graph.Rejection) int {
			return slices.Index(order, a.Check) - slices.Index(order, b.Check)
		})
		for i := range c.rejected {
			c.rejected[i].Where = ""
		}
		s.Against = c.rejected
		out = append(out, s)
	}
	return out
}

var bracketed = regexp.MustCompile(`[(\[]\s*E\d{1,3}(?:\s*[,;]\s*(?:and )?E\d{1,3})*\s*[)\]]`)

// sentences splits a text: at line breaks, and at a stop, a question mark or
// an exclamation mark that space and then a capital, a digit or a quotation
// follows. Abbreviations of one letter or with a stop inside don't end one.
func sentences(s string) [][2]int {
	var out [][2]int
	add := func(from, to int) {
		t := strings.TrimSpace(s[from:to])
		if strings.ContainsFunc(t, isWordRune) {
			from += strings.Index(s[from:to], t)
			out = append(out, [2]int{from, from + len(t)})
		}
	}
	from := 0
	for i, r := range s {
		switch r {
		case '\n', '\r', '\u2028', '\u2029':
			add(from, i)
			from = i
		case '.', '!', '?':
			rest := strings.TrimLeft(s[i+1:], `.!?)"'”’]`)
			end := len(s) - len(rest)
			trimmed := strings.TrimLeftFunc(rest, unicode.IsSpace)
			if i < from || trimmed == "" || len(trimmed) == len(rest) {
				continue
			}
			if next, _ := utf8.DecodeRuneInString(trimmed); r == '.' && (abbreviates(s[from:i]) || unicode.IsLower(next)) {
				continue
			}
			add(from, end)
			from = end
		}
	}
	add(from, len(s))
	return out
}

// abbreviates reports whether a stop behind the text is part of its last word.
func abbreviates(s string) bool {
	const longest = 12
	last := s[max(0, len(s)-longest):]
	if i := strings.LastIndexAny(last, " ("); i >= 0 {
		last = last[i+1:]
	}
	switch strings.ToLower(last) {
	case "e.g", "i.e", "etc", "rev", "no", "vs", "cf", "approx", "resp", "incl", "st", "dr", "mr", "mrs", "inc", "ltd", "co", "corp":
		return true
	}
	return utf8.RuneCountInString(last) == 1 && last[0] >= 'A'
}

// sentenceChecks are the names of the checks of a single sentence, in order.
func sentenceChecks() []string {
	return []string{
		CheckIDs, CheckURLs, CheckStandards, CheckText, CheckNames, CheckNumbers, CheckDates, CheckQuotes, CheckAuthority,
		CheckSafety, CheckSecrets, CheckOrders, CheckCertainty, CheckRelations, CheckGrounding,
	}
}

// judge holds sentences against the evidence that they cite.
type judge struct {
	cited, uncited []*piece
	named          map[string]string // of things by their names
	devices        []string
}

func (j *judge) any(f func(*piece) bool) bool { return slices.ContainsFunc(j.cited, f) }

// sentence says what is against a sentence.
func (c *checker) sentence(where, text string, j *judge) {
	words := wordsOf(text)
	if len(words) == 0 {
		return
	}
	if advised(text, c.advice, j) { // and so its names and numbers are in the evidence
		c.relations(where, text, words, j)
		return
	}
	c.names(where, text, words, j)
	c.numbers(where, text, words, j)
	c.dates(where, text, j)
	c.quotes(where, text, j)
	c.relations(where, text, words, j)
	c.cues(where, text, words, j)
	c.constraints(where, text, j)
	if m := talk.FindString(text); m != "" && !held(j, m) {
		c.reject(CheckGrounding, where, "this talks about itself or asks back (%q) instead of being about the gap", clip(m))
	}
	if c.open || c.unweighed {
		return
	}
	if len(c.rejected) == c.begin { // of a sentence with such faults, how well it is supported says little
		c.support(where, words, text, j)
	}
}

// A pattern is a sentence of advice, cut where a * stood.
type pattern []string

// patternsOf cuts advice into its sentences, each once.
func patternsOf(advice []string) []pattern {
	var out []pattern
	known := map[string]bool{}
	for _, text := range advice {
		for _, at := range sentences(text) {
			if s := text[at[0]:at[1]]; !known[s] {
				known[s] = true
				out = append(out, strings.Split(s, "*"))
			}
		}
	}
	return out
}

// advised reports whether a sentence is one of a form's own. A * in these
// stands for words of the cited evidence.
func advised(text string, advice []pattern, j *judge) bool {
	return slices.ContainsFunc(advice, func(p pattern) bool {
		if len(p) == 1 {
			return text == p[0]
		}
		return strings.HasPrefix(text, p[0]) && strings.HasSuffix(text, p[len(p)-1]) && j.fills(text[len(p[0]):], p[1:])
	})
}

// fills reports whether a text is some words of the evidence, then the first
// part, then words again, and so on to the last part.
func (j *judge) fills(text string, parts pattern) bool {
	for at := 1; at < len(text); at++ {
		next := strings.Index(text[at:], parts[0])
		if len(parts) == 1 {
			next = len(text) - len(parts[0]) - at
		}
		if next < 0 {
			return false
		}
		at += next
		if held(j, text[:at]) && (len(parts) == 1 || j.fills(text[at+len(parts[0]):], parts[1:])) {
			return true
		}
		if len(parts) == 1 {
			return false
		}
	}
	return false
}

func held(j *judge, s string) bool {
	return j.any(func(p *piece) bool { return strings.Contains(" "+p.quoted+" ", " "+plain(s)+" ") })
}

// freeNames are names that a sentence about such evidence may always use.
var freeNames = fieldsSet(`att&ck cvss epss cve cwe emb3d owasp iot ics ot it plc plcs hmi hmis rtu rtus i a mitre ok json revision rev pc pcs`)

// names rejects names that no cited evidence holds: of devices, findings,
// products, people and bodies.
func (c *checker) names(where, text string, words []word, j *judge) {
	seen := map[string]bool{}
	for _, w := range words {
		if seen[w.low] || freeNames[w.low] {
			continue
		}
		seen[w.low] = true
		switch {
		case w.digits:
			if _, ok := numberOf(w); ok || len(mentions(strings.ToUpper(w.low))) > 0 || handle.MatchString(strings.ToUpper(w.low)) {
				continue
			}
			if isoDate.MatchString(w.low) || j.any(func(p *piece) bool { return p.tokens[w.low] || strings.Contains(p.quoted, plain(w.low)) }) {
				continue
			}
			c.reject(CheckNames, where, "%q is in no evidence that it cites", clip(w.raw))
		case w.caps && (!w.first || mixed(w.raw)):
			if weekday.MatchString(w.raw) || monthOf(w.raw) > 0 || w.class == classFunction {
				continue
			}
			if j.holdsName(w) {
				continue
			}
			c.reject(CheckNames, where, "the name %q is in no evidence that it cites", clip(w.raw))
		case w.caps && w.class >= classOther:
			// The begin of a sentence: a name only if it is that of somebody or of
			// a program.
			if j.holdsName(w) || !slices.ContainsFunc(j.uncited, func(p *piece) bool { return p.users[w.low] && p.uncommon(w) }) {
				continue
			}
			c.reject(CheckNames, where, "the name %q is in other evidence than it cites", clip(w.raw))
		}
	}
}

// wordIn reports whether a text has a name that nothing goes on with.
func wordIn(text, name string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:from+i])
		after, _ := utf8.DecodeRuneInString(text[from+i+len(name):])
		if !isWordRune(before) && !isWordRune(after) {
			return true
		}
		from += i + len(name)
	}
}

// uncommon reports whether a piece has the word only with a capital.
func (p *piece) uncommon(w word) bool {
	found := false
	for _, x := range p.words {
		if x.low == w.low {
			if !x.caps {
				return false
			}
			found = found || !x.first
		}
	}
	return found && w.class == classOther
}

func (j *judge) holdsName(w word) bool {
	return j.any(func(p *piece) bool {
		if p.tokens[w.low] || p.source[w.low] || p.tokens[strings.TrimSuffix(w.low, "s")] || p.tokens[w.low+"s"] {
			return true
		}
		m, _ := p.match(w)
		return m == 1 || m > 0 && !mixed(w.raw)
	})
}

// mixed reports whether a word has a capital besides its first letter.
func mixed(s string) bool {
	n := 0
	for _, r := range s {
		if unicode.IsUpper(r) {
			n++
		}
	}
	return n > 1
}

// numbers rejects numbers that no cited evidence holds, and that don't count
// what it lists.
func (c *checker) numbers(where, text string, words []word, j *judge) {
	covered := ""
	for _, d := range datesIn(text) {
		covered += " " + d.text
	}
	held := func(n string) bool {
		return j.any(func(p *piece) bool { return p.numbers[n] || n == "0" && (p.tokens["none"] || p.tokens["no"]) })
	}
	for _, w := range words {
		n, ok := numberOf(w)
		if !ok || strings.Contains(covered, w.raw) || held(n) {
			continue
		}
		if _, spelt := numerals[w.low]; spelt && w.low == "half" || w.low == "thousand" && held("1000") {
			continue
		}
		if slices.ContainsFunc(mentions(fold(text)), func(m id) bool { return w.digits && strings.Contains(m.canonical, strings.ToUpper(w.low)) }) {
			continue
		}
		k := number(n)
		if strings.Contains(n, ".") || strings.Contains(n, ":") || !j.counts(k) {
			c.reject(CheckNumbers, where, "the number %q is in no evidence that it cites", clip(w.raw))
		}
	}
	for _, p := range []*regexp.Regexp{often, rated} {
		for _, m := range p.FindAllStringSubmatch(text, -1) {
			unit := strings.ToLower(m[1] + m[2])
			if !j.any(func(p *piece) bool {
				return p.tokens[unit] || p.stems[stemOf(unit)] != nil || p.stems[stemOf(perUnit[unit])] != nil || strings.HasPrefix(unit, "week") && weekday.MatchString(p.text)
			}) {
				c.reject(CheckNumbers, where, "%q is in no evidence that it cites", clip(m[0]))
			}
		}
	}
	c.owners(where, words, j)
}

var perUnit = map[string]string{
	"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year",
	"annually": "year", "hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly", "year": "yearly",
}

// counts reports whether the cited evidence makes a count plausible.
func (j *judge) counts(n int) bool {
	const most = 100
	if n < 2 || n > most {
		return false
	}
	if n == len(j.cited) {
		return true
	}
	total := 0
	for _, p := range j.cited {
		if p.lists[n] {
			return true
		}
		if p.title != nil {
			total++
		}
	}
	if n == total {
		return true
	}
	// The rest of a number, sums, and weeks between two dates.
	for _, p := range j.cited {
		for a := range p.numbers {
			for b := range p.numbers {
				if x, y := number(a), number(b); x > 0 && y > 0 && (x-y == n || a < b && x+y == n) {
					return true
				}
			}
		}
		for _, d := range p.dates {
			for _, e := range p.dates {
				x, ok1 := d.time()
				y, ok2 := e.time()
				if days := int(y.Sub(x).Hours() / 24); ok1 && ok2 && days > 0 && (days == n || days/7 == n || (days+3)/7 == n || days/30 == n) {
					return true
				}
			}
		}
	}
	return false
}

// owners rejects a number that the evidence gives to another finding or
// device than the sentence does.
func (c *checker) owners(where string, words []word, j *judge) {
	if len(j.cited) < 2 {
		return
	}
	var firstOwner, owner *word
	var its bool
	for i := range words {
		w := &words[i]
		n, isNumber := numberOf(*w)
		switch {
		case w.digits && !isNumber:
			if firstOwner == nil {
				firstOwner = w
			}
			owner, its = w, false
		case w.low == "its" || w.low == "it":
			its = true
		case w.low == "while" || w.low == "whereas":
			its = false
		case isNumber && owner != nil:
			o := owner
			if its {
				o = firstOwner
			}
			var holder *piece
			holders, together, owned := 0, false, false
			for _, p := range j.cited {
				has := p.numbers[n]
				owns := p.tokens[o.low]
				owned = owned || owns
				if has {
					holders++
					holder = p
				}
				together = together || has && owns
			}
			if holders == 1 && owned && !together && holder.title != nil && slices.ContainsFunc(words, func(x word) bool { return x.digits && x.low != o.low && holder.tokens[x.low] && x.low != n }) {
				c.reject(CheckRelations, where, "the evidence does not give %q to %s", clip(w.raw), clip(o.raw))
			}
		}
	}
}

// dates rejects days, months and years that no cited evidence holds.
func (c *checker) dates(where, text string, j *judge) {
	for _, d := range datesIn(text) {
		if !j.any(func(p *piece) bool { return slices.ContainsFunc(p.dates, d.within) }) {
			c.reject(CheckDates, where, "the date %q is in no evidence that it cites", clip(d.text))
		}
	}
	if m := weekday.FindString(text); m != "" && !j.any(func(p *piece) bool { return p.tokens[strings.ToLower(m)] }) {
		c.reject(CheckDates, where, "the day %q is in no evidence that it cites", clip(m))
	}
}

var quotation = regexp.MustCompile(`"([^"]*)"|“([^”]*)”|„([^“”]*)[“”]|«([^»]*)»|(?:^|[\s(])'([^']{4,}[^\s'])'(?:[\s.,;:)]|$)`)

// quotes rejects quotations that no cited evidence holds.
func (c *checker) quotes(where, text string, j *judge) {
	for _, m := range quotation.FindAllStringSubmatch(text, -1) {
		q := plain(strings.Join(m[1:], ""))
		if q == "" || j.any(func(p *piece) bool { return strings.Contains(" "+p.quoted+" ", " "+q+" ") }) {
			continue
		}
		c.reject(CheckQuotes, where, "the quotation %q is in no evidence that it cites", clip(strings.Join(m[1:], "")))
	}
}

// cues rejects sentences by the patterns of the table.
func (c *checker) cues(where, text string, words []word, j *judge) {
	away, small := attributed.MatchString(text), strings.ToLower(text)
	for _, q := range cues {
		if q.needs != nil && !slices.ContainsFunc(q.needs, func(s string) bool { return strings.Contains(small, s) }) {
			continue
		}
		at := q.pattern.FindStringIndex(text)
		if at == nil {
			continue
		}
		found := text[at[0]:at[1]]
		if q.warned && (warned(text[:at[0]]) || warnsInside.MatchString(found) || rueful.MatchString(text[at[1]:])) {
			continue
		}
		if q.check == CheckSafety && away && j.any(func(p *piece) bool { return p.title != nil }) {
			continue
		}
		if q.check == CheckCertainty && (hedges.MatchString(text) || warned(text[:at[0]]) || away) {
			continue
		}
		if q.evident {
			bare := plain(found)
			if j.any(func(p *piece) bool {
				return strings.Contains(p.quoted, bare) || p.tokens[strings.ToLower(found)] || p.source[strings.ToLower(found)]
			}) {
				continue
			}
			if q.check == CheckAuthority && found == strings.ToLower(found) && j.any(func(p *piece) bool { return p.stems[stemOf(found)] != nil }) {
				continue
			}
			if q.check == CheckAuthority && strings.EqualFold(found, "first") && found != "FIRST" {
				continue
			}
		}
		if len(c.rejected) > 0 && c.rejected[len(c.rejected)-1].Check == q.check {
			continue
		}
		c.reject(q.check, where, "%s (%q)", q.why, clip(strings.TrimSpace(found)))
	}
}

// constraints rejects advice that a constraint of a cited device rules out.
func (c *checker) constraints(where, text string, j *judge) {
	for _, l := range limits {
		if m := l.out.FindString(text); m != "" && !l.excusing.MatchString(text) && j.any(func(p *piece) bool {
			return p.site && p.tokens[strings.ReplaceAll(l.constraint, "_", " ")] || p.tokens[l.constraint]
		}) {
			c.reject(CheckSafety, where, "the constraint %s rules it out (%q)", l.constraint, clip(m))
			return
		}
	}
}

var (
	warnsInside = re(`\b(?:not|never|no longer|nobody|don['’]t|avoid\w*|instead of|rather than|only in|crashed|unless|planned outage)\b`)
	hedges      = re(`\b(?:may|might|could|perhaps|possibly|probably|not|nothing in the evidence|whether|doubt\w*|no (?:source|evidence|proof)|neither|nobody)\b`)
)

// obeys says how much a sentence does what a title orders: how many words it
// shares with an order, and 2 if it ends the matter; at most 3.
func obeys(words []word, text string, j *judge) (shares float64) {
	for _, p := range j.cited {
		if p.title == nil || len(p.orders) == 0 {
			continue
		}
		if dismissed.MatchString(text) {
			shares = max(shares, 2)
		}
		for _, order := range p.orders {
			shared := map[string]bool{}
			for _, w := range words {
				if order[w.stem] && w.class >= classGeneric {
					shared[w.stem] = true
				}
			}
			n := float64(len(shared))
			if n == 1 && len(order) <= 3 {
				n = 2
			}
			shares = max(shares, min(n, 3))
		}
	}
	return shares
}

// fromOrders returns the share of words that the cited evidence has in the
// orders of a title only.
func fromOrders(words []word, j *judge) float64 {
	n, ordered := 0, 0
	for _, w := range words {
		if w.class == classFunction || w.digits {
			continue
		}
		n++
		in, out := false, false
		for _, p := range j.cited {
			if len(p.demands) == 0 {
				m, _ := p.match(w)
				out = out || m > 0
				continue
			}
			for i, e := range p.words {
				if e.class == classFunction || e.stem != w.stem {
					continue
				}
				if p.demands[e.stem] && !p.tells[i] {
					in = true
				} else {
					out = true
				}
			}
		}
		if in && !out {
			ordered++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(ordered) / float64(n)
}

var obeysSaying = re(`\b(?:because|since|as) the (?:finding|title|report|note|ticket)\w* (?:says?|asks?|tells?|wants?|orders?|requests?)|nothing more is to be said`)

// relations rejects a sentence that joins what the evidence keeps apart.
func (c *checker) relations(where, text string, words []word, j *judge) {
	known := map[string]string{}
	owners := map[string]string{}
	for _, p := range append(slices.Clone(j.cited), j.uncited...) {
		for _, id := range slices.Sorted(maps.Keys(p.names)) {
			name := p.names[id]
			if _, ok := known[id]; !ok {
				known[id] = name
			}
			if _, ok := owners[name]; !ok {
				owners[name] = id
			}
		}
	}
	for _, p := range roles {
		if m := p.FindString(text); m != "" && !warns.MatchString(m) {
			c.reject(CheckRelations, where, "it takes a measure for an attack, or an attack for a measure (%q)", clip(m))
		}
	}
	if len(known) == 0 {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if !strings.ContainsRune("SGC", rune(id[0])) {
			continue
		}
		for at, m := range indexes(text, known[id]) {
			if protects.MatchString(text[at+m:]) {
				c.reject(CheckRelations, where, "%s is no measure", id)
				break
			}
		}
	}
	for _, at := range bareID.FindAllStringIndex(text, -1) {
		id := text[at[0]:at[1]]
		name, ok := known[id]
		if !ok {
			continue
		}
		before, after := text[:at[0]], text[at[1]:]
		if next := nameAt(after, owners); next != "" {
			if next != name && !strings.HasPrefix(next, name) && !strings.HasPrefix(name, next) {
				c.reject(CheckRelations, where, "%s is not called %q", id, clip(strings.ToLower(next)))
			}
			continue
		}
		tight := strings.HasSuffix(before, " (") || strings.HasSuffix(before, ", ") && (after == "" || strings.ContainsRune(",.;)", rune(after[0])) || strings.HasPrefix(after, " and ") || strings.HasPrefix(after, " is ") || strings.HasPrefix(after, " stands "))
		if !tight {
			continue
		}
		prev := plain(before)
		best := ""
		for n := range owners {
			if (prev == n || strings.HasSuffix(prev, " "+n)) && (len(n) > len(best) || len(n) == len(best) && n < best) {
				best = n
			}
		}
		if best != "" && best != name && owners[best] != id && owners[best][0] == id[0] && !strings.HasSuffix(name, best) && !strings.HasSuffix(best, name) {
			c.reject(CheckRelations, where, "%s is not called %q", id, clip(strings.ToLower(best)))
		}
	}
}

// indexes yields where a folded name stands in a text, and how long it is.
func indexes(text, name string) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i := range text {
			if i > 0 && text[i-1] != ' ' && text[i-1] != '(' || len(text)-i < len(name) {
				continue
			}
			if strings.EqualFold(text[i:i+len(name)], name) && !yield(i, len(name)) {
				return
			}
		}
	}
}

var bareID = regexp.MustCompile(`\b(?:(?:TA|[TMAGSC])\d{4}(?:\.\d{3})?|[TM]ID-\d{3})\b`)

// nameAt returns the known name that follows an ID.
func nameAt(after string, owners map[string]string) string {
	const longest = 120
	if len(after) < 2 || after[0] != ' ' {
		return ""
	}
	next := plain(after[:min(len(after), longest)])
	best := ""
	for n := range owners {
		if (next == n || strings.HasPrefix(next, n+" ")) && (len(n) > len(best) || len(n) == len(best) && n < best) {
			best = n
		}
	}
	// A name in small letters is no name.
	if r, _ := utf8.DecodeRuneInString(strings.TrimLeft(after, " (")); !unicode.IsUpper(r) && !unicode.IsDigit(r) {
		return ""
	}
	return best
}

// unjoined reports whether a clause has names that no chain of cited evidence
// joins. Pieces that share an ID or the name of a device hang together.
func unjoined(text string, words []word, j *judge) bool {
	if len(j.cited) < 2 {
		return false
	}
	pieces := j.cited[:min(len(j.cited), 64)]
	hang := make([]uint64, len(pieces)) // the pieces that each one reaches
	for i, p := range pieces {
		hang[i] = 1 << i
		for k, q := range pieces[:i] {
			for l := range p.linked {
				if q.linked[l] {
					hang[i] |= hang[k]
					for m := range hang[:i] {
						if hang[i]>>m&1 == 1 {
							hang[i] |= hang[m]
						}
					}
					break
				}
			}
		}
	}
	for i := range hang {
		for k := range hang {
			if hang[k]&hang[i] != 0 {
				hang[i] |= hang[k]
				hang[k] = hang[i]
			}
		}
	}
	reach := uint64(0)
	for i, next := 0, 0; i < len(words); i = next {
		w := words[i]
		next = i + 1
		if i > 0 && (w.part != words[i-1].part || parting[w.low] || w.low == "and" && w.clause != words[i-1].clause && strings.Contains(text[words[i-1].at:w.at], ",")) {
			reach = 0
		}
		if !w.caps && !w.digits || w.first && !w.digits && !mixed(w.raw) || freeNames[w.low] {
			continue
		}
		for next < len(words) && words[next].caps && !words[next].digits && !w.digits && words[next].clause == w.clause {
			next++
		}
		if _, isNumber := numberOf(w); isNumber {
			continue
		}
		name := plain(text[w.at:min(words[next-1].at+len(words[next-1].raw), len(text))])
		holds, site := uint64(0), true
		for n, p := range pieces {
			if strings.Contains(" "+p.quoted+" ", " "+name+" ") {
				holds |= hang[n]
				site = site && p.site
			}
		}
		if site {
			continue // advice may bring a device and a measure together
		}
		switch {
		case holds == 0:
		case reach != 0 && holds&reach == 0:
			return true
		default:
			reach |= holds
		}
	}
	return false
}

// parting are the words behind which a sentence may speak of something else.
var parting = fieldsSet(`while whereas but although though because since as so hence`)

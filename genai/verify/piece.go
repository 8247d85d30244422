package verify

import (
	"maps"
	"regexp"
	"strings"
	"unicode"

	"github.com/mitigraph/mitigraph/graph"
)

// piece is a piece of evidence, made ready to hold sentences against.
type piece struct {
	handle   string
	site     bool
	fact     bool   // from the release or the site, in the words of the graph
	title    []word // of a title that the site quotes
	orders   []map[string]bool
	quoted   string // folded text, for quotations
	words    []word
	stems    map[string]*occurrence
	concepts map[int]*occurrence
	prefixes map[string]*occurrence
	tokens   map[string]bool // folded words as written
	linked   map[string]bool // IDs and names of devices, by which pieces hang together
	numbers  map[string]bool
	lists    map[int]bool // how long its lists are
	dates    []date
	names    map[string]string // ID to name
	source   map[string]bool   // words of what it comes from
	denied   map[int]bool      // clauses
	text     string            // as given
	small    string            // in small letters
	segments []segment         // sentences, and what semicolons and colons divide
	clauses  []segment
	marked   []bool           // words in reach of a negation
	negative []bool           // words of a clause that denies or deprives
	at       map[string][]int // where each stem stands
	things   []string         // devices that it names, in small letters
	held     []thing          // of all that the evidence names; see nameThings
	users    map[string]bool  // words of the names of groups, software and campaigns
	demands  map[string]bool  // stems of what a title orders
	tells    []bool           // words outside of the orders of a title
}

const prefixLength = 5

func newPiece(e graph.Evidence) *piece {
	p := &piece{
		handle: e.Handle, site: e.Provenance == string(graph.Site), quoted: plain(e.Text),
		fact:  e.Provenance == string(graph.Site) || e.Provenance == string(graph.Official),
		stems: map[string]*occurrence{}, concepts: map[int]*occurrence{}, prefixes: map[string]*occurrence{},
		tokens: map[string]bool{}, linked: map[string]bool{}, source: map[string]bool{}, lists: map[int]bool{},
	}
	p.words = wordsOf(e.Text)
	p.denied = denied(p.words)
	p.segments = segmentsOf(p.words)
	p.clauses = clausesOf(p.words)
	p.text = e.Text
	p.small = strings.ToLower(e.Text)
	for _, m := range device.FindAllStringSubmatch(e.Text, -1) {
		p.things = append(p.things, strings.ToLower(m[1]))
	}
	p.marked, _ = reach(p.words)
	p.negative = make([]bool, len(p.words))
	p.at = map[string][]int{}
	for from := 0; from < len(p.words); {
		to, deny := from, false
		for to < len(p.words) && p.words[to].clause == p.words[from].clause {
			deny = deny || denies(p.words[to]) || takes(p.words[to])
			to++
		}
		for i := from; i < to; i++ {
			p.negative[i] = deny || p.marked[i]
		}
		from = to
	}
	for i, w := range p.words {
		if w.class != classFunction {
			p.at[w.stem] = append(p.at[w.stem], i)
		}
	}
	t := lexicon()
	near := deny(p.words)
	for i, w := range p.words {
		p.tokens[w.low] = true
		if w.digits {
			if _, ok := numberOf(w); !ok {
				p.linked[w.low] = true
			}
		}
		if w.class == classFunction {
			continue
		}
		o := occurrence{polarity: 1, near: 1}
		if p.denied[w.clause] {
			o.polarity = 2
		}
		if near[i] {
			o.near = 2
		}
		put(p.stems, w.stem, &o)
		for _, c := range t.concepts[w.stem] {
			put(p.concepts, c, &o)
		}
		if len(w.stem) >= prefixLength && !w.digits {
			put(p.prefixes, w.stem[:prefixLength], &o)
		}
	}
	for _, id := range append(graph.IDsIn(e.Text), e.IDs...) {
		for _, w := range wordsOf(kindWords[id[:max(strings.IndexAny(id, "-0123456789"), 0)]]) {
			put(p.stems, w.stem, &occurrence{}) // neither affirmed nor denied
		}
	}
	for _, w := range wordsOf(e.Source) {
		p.source[w.low] = true
	}
	p.numbers = numbersIn(e.Text, p.words)
	p.dates = datesIn(e.Text)
	p.names = namesIn(e.Text)
	p.users = map[string]bool{}
	for id, name := range p.names {
		if strings.ContainsRune("SGC", rune(id[0])) {
			for w := range strings.FieldsSeq(strings.ToLower(name)) {
				p.users[w] = true
			}
		}
	}
	p.countLists(e.Text)
	if p.site {
		p.readTitle(e.Text)
		p.readDemands(e.Text)
	}
	return p
}

func put[K comparable](m map[K]*occurrence, k K, o *occurrence) {
	if have, ok := m[k]; ok {
		have.join(o)
		return
	}
	c := *o
	m[k] = &c
}

// kindWords are what ATT&CK and the like call the objects with such an ID.
var kindWords = map[string]string{
	"T": "technique", "TA": "tactic", "M": "mitigation measure", "G": "group", "S": "software malware", "C": "campaign attack", "A": "asset",
	"CWE": "weakness", "CVE": "vulnerability", "MID": "mitigation measure", "TID": "threat",
}

// countLists learns how many things a piece lists, which a sentence may tell.
func (p *piece) countLists(text string) {
	kinds := map[byte]int{}
	for _, id := range graph.IDsIn(text) {
		kinds[id[0]]++
	}
	for _, n := range kinds {
		p.lists[n] = true
	}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '.' || r == ';' || r == ':' }) {
		p.lists[1+strings.Count(part, ", ")] = true
		p.lists[1+strings.Count(part, ", ")+strings.Count(part, " and ")] = true
	}
	levels := map[string]int{}
	for _, w := range p.words {
		if w.class >= classGeneric {
			levels[w.stem]++
		}
	}
	for _, n := range levels {
		p.lists[n] = true
	}
}

// match says how a piece holds a word: 0 not at all, 1 literally.
func (p *piece) match(w word) (float64, *occurrence) {
	if o, ok := p.stems[w.stem]; ok {
		return 1, o
	}
	if w.digits {
		return 0, nil
	}
	for _, c := range lexicon().concepts[w.stem] {
		if o, ok := p.concepts[c]; ok {
			return 0.8, o
		}
	}
	if len(w.stem) >= prefixLength {
		if o, ok := p.prefixes[w.stem[:prefixLength]]; ok {
			return 0.7, o
		}
	}
	return 0, nil
}

// plain folds a text to letters, digits and single spaces.
func plain(s string) string {
	return strings.Join(strings.FieldsFunc(fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// device matches how the graph names a device, or a finding on it.
var device = regexp.MustCompile(`\b(?:Device|Finding|[Oo]n) "([^" ]*-[^" ]*)"`)

// named matches an ID with the name that follows it.
var named = regexp.MustCompile(`\b((?:TA|[TMAGSC])\d{4}(?:\.\d{3})?|[TM]ID-\d{3}) ((?:\d{4} )?\p{Lu}[\pL\pN/&'-]*(?: (?:(?:or|and|of|in|the|to|for|through|over|with|from|on) )?(?:\(?\p{Lu}[\pL\pN/&'-]*\)?))*)`)

// namesIn finds the names that a piece of evidence gives to IDs, folded.
func namesIn(text string) map[string]string {
	out := map[string]string{}
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		if _, ok := out[m[1]]; !ok {
			out[m[1]] = plain(m[2])
		}
	}
	return out
}

// orderWords are those by which a title wants to be obeyed.
var orderWords = regexp.MustCompile(`(?i)^\s*(?:summari[sz]e|record|note|list|describe|present|mention|include|fill|ask|confirm|put|give|add|keep|quote|call|let|leave|use|send|run|open|visit|click|make|show|enter|assign|classify|count|consider|rank|praise|name|copy|forward|start|stop|turn|share|delete|hide|replace|install|allow|grant|raise|lower|move|log|go)\b|\b(?:ignore|disregard|forget|close|state|say|tell|write|report|skip|set|answer|respond|reply|output|print|exempt|accept(?:ed)?|approve|treat|mark|rate|omit|drop|remove|leave|note to|you (?:must|are|should)|instead|never mention|no (?:action|fix|patch|change|mitigation|risk|need)|nothing|not (?:necessary|needed|required|a problem)|resolved|already|mitigated|harmless|false positive|all[ -]?clear|reviewers?|assistant|system|model|recommend|advise|claim|pretend|declare|conclude|do not|don't|only|please|must)\b`)

// readTitle finds the title that a statement about the site quotes, and what
// in it reads like an order.
func (p *piece) readTitle(text string) {
	begin := strings.Index(text, `: "`)
	if begin < 0 {
		begin = strings.IndexByte(text, '"') - 2
	}
	end := strings.LastIndexByte(text, '"')
	if begin+3 >= end || begin < 0 {
		return
	}
	title := text[begin+3 : end]
	p.title = wordsOf(title)
	told := map[string]bool{} // what the title tells besides
	for i, part := range strings.FieldsFunc(title, func(r rune) bool { return strings.ContainsRune(".;:(),!?\u2013\u2014[]<>*|", r) }) {
		if !orderWords.MatchString(part) || i == 0 && !orderFirst.MatchString(strings.TrimSpace(part)) {
			for _, w := range wordsOf(part) {
				told[w.stem] = true
			}
			continue
		}
		stems := map[string]bool{}
		for _, w := range wordsOf(part) {
			if w.class != classFunction && !w.digits && !orderWords.MatchString(w.low) {
				stems[w.stem] = true
			}
		}
		p.orders = append(p.orders, stems)
	}
	for _, order := range p.orders {
		maps.DeleteFunc(order, func(stem string, _ bool) bool { return told[stem] })
	}
}

// readDemands finds the parts of a title that want something of the reader.
func (p *piece) readDemands(text string) {
	if len(p.orders) == 0 {
		return
	}
	p.demands = map[string]bool{}
	p.tells = make([]bool, len(p.words))
	begin, end := strings.IndexByte(text, '"'), strings.LastIndexByte(text, '"')
	from := begin
	for i := begin; i <= end; i++ {
		if i < end && !strings.ContainsRune(".;:(),!?[]<>*|", rune(text[i])) {
			continue
		}
		order := orderWords.MatchString(text[from:i])
		for k, w := range p.words {
			if w.at >= from && w.at < i {
				p.tells[k] = !order
				if order {
					p.demands[w.stem] = true
				}
			}
		}
		from = i
	}
	for k, w := range p.words {
		if w.at < begin || w.at > end {
			p.tells[k] = true
		}
	}
}

// orderFirst matches a title that begins with an order.
var orderFirst = regexp.MustCompile(`(?i)^(?:(?:assistant|auditor|reader|reviewer|analyst|maintainers?|editor|writer|system|model)s?\b|summari[sz]e|please|ignore|disregard|forget|close|state|say|tell|write|skip|set|answer|exempt|issue resolved|resolved|no action|do not|don't|mark|treat|accept|instruction)\b`)

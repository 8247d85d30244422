package verify

import (
	"slices"
	"strings"
)

// The features of a sentence by which [weights] say how likely it is wrong.
const (
	fDomain    = iota // words of security and plants that no cited evidence holds
	fOther            // other words that none holds
	fGeneric          // everyday words that none holds
	fShare            // share of the weight of words that is held
	fNearest          // the same by the nearest part of one piece for each clause
	fDistance         // how far apart neighbours stand in the evidence
	fSwaps            // other words between the same ones in the nearest part
	fElsewhere        // how much more an uncited piece holds of the words
	fForeign          // devices that only uncited pieces name
	fTied             // pairs of things that a cited piece names together
	fLoose            // pairs of two kinds that none does
	fApart            // the same within a clause
	fUnjoined         // names that no chain of cited pieces joins
	fAway             // share of words that only pieces hold which are not about the things of the clause
	fMisbound         // numbers that count something else in the evidence
	fTurned           // words whose clause is turned in the evidence
	fOpposite         // words for which the evidence has the opposite
	fParity           // clauses with an odd number of turns against the nearest clause
	fDropped          // negations of the nearest parts whose words the sentence affirms
	fAgreed           // negations that are in both
	fFree             // negations of words that the evidence does not have
	fAffirms          // it denies nothing, and each cited piece does
	fYields           // it denies nothing, and the clauses that it resembles do
	fNoNeed           // it says that something is not needed, which the evidence does not say
	fStill            // already, also, no longer and the like, which the evidence does not say
	fStrong           // all, every, never and the like, which the evidence does not say
	fHedged           // may, might, could
	fIf               // a condition that the evidence does not have
	fWarns            // it forbids something, and the evidence speaks of harm or of a limit
	fOrdered          // share of the words that only the orders of a title have
	fObeys            // words shared with an order of a title
	features
)

var featureNames = [features]string{
	"domain", "other", "generic", "share", "nearest", "distance", "swaps", "elsewhere", "foreign", "tied", "loose", "apart", "unjoined", "away",
	"misbound", "turned", "opposite", "parity", "dropped", "agreed", "free", "affirms", "yields", "no need", "still", "strong", "hedged", "if",
	"warns", "ordered", "obeys",
}

var (
	hedged  = re(`\b(?:may|might|could|perhaps|possibly|probably|seems?|suggests?|likely)\b`)
	strong  = re(`\b(?:all|every|always|never|any|entire|entirely|whole|complete|completely|total|totally|fully|nothing|impossible|zero|ensures?|guarantees?|solves?|ends?|sufficient|will|immediately|inevitably|permanently|only|everyone|everything|anything|no longer|at once|certain|certainly|bound to|whatever|whoever|wherever|no way|no matter|without exception|no chance|nobody|instantly|surely|absolutely|perfectly|for good|off the table|once and for all)\b`)
	forbids = re(`^(?:never|do not|don['’]t|nobody|no one|avoid|beware)\b|\b(?:must not|may not|shall not|should not|should never|nothing to)\b`)
	harm    = re(`\b(?:crash\w*|danger\w*|hazard\w*|harm\w*|only|halt\w*|lockout|hurt\w*|outage|without|quietly|yet|never|not|catch|however)\b`)
	still   = re(`\b(?:already|also|even|no longer|still|alone|each of|also|at all|intact|in common|any more|both|either)\b`)
	ifs     = re(`\b(?:if|when|unless|until|where|whether|provided)\b`)
	noNeed  = re(`\b(?:no need|(?:no longer|not|isn['’]t|aren['’]t) (?:needed|required|necessary|called for)|(?:need|do|does|don['’]t|doesn['’]t) not need|need not|needn['’]t|needs? no|do(?:es)?n['’]t need|do(?:es)? without|(?:can|may|could) be (?:left out|skipped|omitted|dispensed with|spared)|unnecessary|needless|superfluous|optional|dispensable|(?:is|are) no longer|no (?:reason|point)|not worth)\b`)
)

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// measure returns the features of a sentence, and the words that no cited
// evidence holds, the weightiest first.
func measure(words []word, text string, j *judge) (x [features]float64, missing []string) {
	words = undated(words, text)
	turned, near := denied(words), deny(words)
	seen := map[string]bool{}
	var total, held float64
	best := make([]float64, len(j.cited))
	other := make([]float64, len(j.uncited))
	var unheld [classDomain + 1][]string
	for at, w := range words {
		if w.class == classFunction || seen[w.stem] {
			continue
		}
		seen[w.stem] = true
		g := weightOf(w)
		_, number := numberOf(w)
		if number || w.digits {
			g = 0.6
		}
		total += g
		strongest := 0.0
		var polarity, flipped uint8
		for i, p := range j.cited {
			m, o := p.match(w)
			best[i] += g * m
			strongest = max(strongest, m)
			if o != nil && m == 1 {
				polarity |= o.polarity
			}
			flipped |= p.opposite(w)
		}
		for i, p := range j.uncited {
			m, _ := p.match(w)
			other[i] += g * m
		}
		if want := sign(turned[w.clause]); polarity != 0 && polarity&want == 0 {
			x[fTurned]++
		}
		if strongest < 1 && flipped != 0 && flipped&sign(near[at]) == 0 {
			x[fOpposite]++
		}
		held += g * strongest
		if strongest == 0 && !number && !w.digits {
			unheld[w.class] = append(unheld[w.class], w.raw)
		}
	}
	x[fDomain], x[fOther], x[fGeneric] = float64(len(unheld[classDomain])), float64(len(unheld[classOther])), float64(len(unheld[classGeneric]))
	if total > 0 {
		x[fShare] = held / total
		for i := range other {
			lead := other[i]
			for _, b := range best {
				lead = min(lead, other[i]-b)
			}
			x[fElsewhere] = max(x[fElsewhere], lead/total)
		}
	}
	b := compare(words, j)
	x[fNearest], x[fDistance], x[fSwaps], x[fParity] = b.share, b.distance, min(b.swaps, 3), min(b.parity, 2)
	x[fDropped], x[fAgreed], x[fFree], x[fYields] = min(b.dropped, 2)*b.share*b.share, min(b.agreed, 2), min(b.free, 2), flag(b.yields)
	k := tie(words, text, j)
	x[fTied], x[fLoose], x[fApart], x[fAway] = min(k.tied, 3), min(k.loose, 3), min(k.apart, 2), k.away
	x[fUnjoined], x[fMisbound], x[fForeign] = flag(unjoined(text, words, j)), min(misbound(words, j), 2), foreign(text, j)
	if !attributed.MatchString(text) || obeysSaying.MatchString(text) {
		x[fOrdered], x[fObeys] = fromOrders(words, j), obeys(words, text, j)
	}
	says := func(p *piece, m string) bool { return strings.Contains(p.small, strings.ToLower(m)) }
	if m := still.FindString(text); m != "" {
		x[fStill] = flag(!j.any(func(p *piece) bool { return says(p, m) }))
	}
	x[fHedged] = flag(hedged.MatchString(text))
	if x[fHedged] == 0 {
		for _, m := range strong.FindAllString(text, -1) {
			if !j.any(func(p *piece) bool { return p.tokens[strings.ToLower(m)] }) {
				x[fStrong] = min(x[fStrong]+1, 2)
			}
		}
	}
	x[fIf] = flag(ifs.MatchString(text) && !j.any(func(p *piece) bool { return ifs.MatchString(p.text) }))
	if at := noNeed.FindStringIndex(text); at != nil && !warned(text[:at[0]]) {
		x[fNoNeed] = flag(!j.any(func(p *piece) bool { return noNeed.MatchString(p.text) }))
	}
	x[fWarns] = flag(forbids.MatchString(text) && j.any(func(p *piece) bool { return harm.MatchString(p.text) }))
	x[fAffirms] = flag(len(turned) == 0 && !j.any(func(p *piece) bool { return len(p.denied) == 0 }))
	for _, i := range []int{fDomain, fOther, fGeneric, fTurned, fOpposite} {
		x[i] = min(x[i], 4)
	}
	return x, slices.Concat(unheld[classDomain], unheld[classOther], unheld[classGeneric])
}

// undated leaves out the words of dates, which have a check of their own.
func undated(words []word, text string) []word {
	dates := datesIn(text)
	if len(dates) == 0 {
		return words
	}
	out := slices.Clone(words)
	for _, d := range dates {
		at := strings.Index(text, d.text)
		if at < 0 {
			continue
		}
		out = slices.DeleteFunc(out, func(w word) bool { return w.at >= at && w.at < at+len(d.text) })
	}
	return out
}

// sign returns the bit of a polarity, as an occurrence has it.
func sign(denied bool) uint8 {
	if denied {
		return 2
	}
	return 1
}

// opposite returns the polarities that the word would have if the piece has
// its opposite.
func (p *piece) opposite(w word) uint8 {
	var out uint8
	if o := p.negated(w); o != nil {
		out |= flip(o.near)
	}
	t := lexicon()
	for _, k := range t.concepts[w.stem] {
		if opp, ok := t.opposite[k]; ok {
			if o := p.concepts[opp]; o != nil {
				out |= flip(o.near)
			}
		}
	}
	return out
}

// negated returns where the piece has the word with a prefix that denies it,
// or without the one that the word has.
func (p *piece) negated(w word) *occurrence {
	const shortest = 4
	if w.digits || len(w.low) < shortest {
		return nil
	}
	for _, prefix := range []string{"un", "in", "im", "dis", "non"} {
		if o := p.stems[prefix+w.stem]; o != nil {
			return o
		}
		if rest, ok := strings.CutPrefix(w.stem, prefix); ok && len(rest) >= shortest {
			if o := p.stems[rest]; o != nil {
				return o
			}
		}
	}
	return nil
}

func flip(polarity uint8) uint8 { return polarity>>1 | polarity&1<<1 }

// support rejects a sentence that the evidence that it cites does not carry.
func (c *checker) support(where string, words []word, text string, j *judge) {
	x, missing := measure(words, text, j)
	if !speaks(words, j) {
		c.reject(CheckGrounding, where, "this says nothing that is in the evidence that it cites")
		return
	}
	score := bias
	for i, w := range weights {
		score += w * x[i]
	}
	if score <= 0 {
		return
	}
	part := func(of ...int) float64 {
		sum := 0.0
		for _, i := range of {
			sum += weights[i] * x[i]
		}
		return sum
	}
	reasons := []struct {
		part  float64
		check string
		why   string
	}{
		{part(fDomain, fOther, fGeneric), CheckGrounding, "no evidence that it cites speaks of " + strings.Join(quoted(missing), ", ")},
		{part(fElsewhere, fForeign), CheckGrounding, "other evidence holds more of it than the evidence that it cites"},
		{part(fTurned, fOpposite, fParity, fDropped, fAffirms, fYields, fNoNeed), CheckGrounding, "it seems to say the opposite of the evidence that it cites"},
		{part(fLoose, fApart, fUnjoined, fAway, fMisbound), CheckRelations, "it joins what the evidence that it cites keeps apart"},
		{part(fOrdered, fObeys), CheckOrders, "it does what a title asks for"},
		{part(fStill, fStrong), CheckCertainty, "it says more than the evidence that it cites"},
	}
	top := 0
	for i, r := range reasons {
		if r.part > reasons[top].part {
			top = i
		}
	}
	check, why := reasons[top].check, reasons[top].why
	if reasons[top].part <= 0 || top == 0 && len(missing) == 0 {
		check, why = CheckGrounding, "the evidence that it cites does not carry it"
	}
	c.reject(check, where, "%s", why)
}

// speaks reports whether a sentence shares two words with the evidence, or a
// name with digits.
func speaks(words []word, j *judge) bool {
	shared := map[string]bool{}
	for _, w := range words {
		if w.class == classFunction || len(w.low) < 3 || w.class == classGeneric && len(w.low) < 4 || !j.any(func(p *piece) bool { m, _ := p.match(w); return m > 0 }) {
			continue
		}
		if _, number := numberOf(w); w.digits && !number {
			return true
		}
		if shared[w.stem] = true; len(shared) == 2 {
			return true
		}
	}
	return false
}

func quoted(words []string) []string {
	const most = 4
	var out []string
	for i, w := range words {
		if i == most {
			break
		}
		out = append(out, `"`+clip(w)+`"`)
	}
	return out
}

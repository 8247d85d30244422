package verify

import (
	"slices"
	"strings"
)

// The features of a sentence by which [weights] say how likely it is wrong.
const (
	fDomain      = iota // words of security and plants that no cited evidence holds
	fOther              // other words that none holds
	fGeneric            // everyday words that none holds
	fShare              // share of the weight of words that is held
	fSoft               // share of the held words that are held by a synonym only
	fApart              // share of near pairs of words that no part of the evidence holds together
	fClauseApart        // the same for clauses of the evidence
	fBest               // share of the words that the best cited piece holds alone
	fElsewhere          // how much more an uncited piece holds of the words
	fUncited            // share of words that only uncited pieces hold
	fTurned             // words whose clause is turned in the evidence
	fNearLost           // words of prose that the evidence denies and the sentence does not
	fNearAdded          // words of prose that the sentence denies and the evidence does not
	fFactLost           // the same for facts
	fFactAdded          // the same for facts
	fOpposite           // words for which the evidence has the opposite
	fClauses            // clauses that are turned against the part of the evidence that is nearest
	fHedged             // may, might, could
	fCertain            // must, always, all, only where the evidence has may, can, often
	fDemands            // it demands something of people: shall, must, ensure
	fLone               // no word is held
	fShort              // few words
	fTitle              // it cites a title
	fLost               // a negation of the part of the evidence that is nearest is lost
	fAdded              // a negation is added
	fCites              // pieces cited
	fWarns              // it forbids something, and the evidence speaks of harm or of a limit
	fStill              // already, also, no longer and the like, which the evidence does not say
	fDenies             // it denies something, and no cited evidence denies anything
	fAffirms            // it denies nothing, and each cited piece does
	fStatus             // how a thing stands, deployed or exploited or listed, is turned
	fStrong             // all, every, never and the like, which the evidence does not say
	features
)

var featureNames = [features]string{
	"domain", "other", "generic", "share", "soft", "apart", "clause apart", "best", "elsewhere", "uncited", "turned", "near lost", "near added", "fact lost", "fact added", "opposite",
	"clauses", "hedged", "certain", "demands", "lone", "short", "title", "lost", "added", "cites", "warns", "still", "denies", "affirms", "status", "strong",
}

var (
	hedged  = re(`\b(?:may|might|could|perhaps|possibly|probably|seems?|suggests?|likely)\b`)
	certain = re(`\b(?:must|always|all|only|every|each|will|any|whole|completely|never|cannot|impossible)\b`)
	vague   = re(`\b(?:may|might|can|could|often|typically|commonly|mostly|usually|rarely|some|many|much|sometimes|slow|limited)\b`)
	strong  = re(`\b(?:all|every|always|never|any|entire|entirely|whole|complete|completely|total|totally|fully|nothing|impossible|zero|ensures?|guarantees?|solves?|ends?|sufficient|will|immediately|inevitably|permanently|only|everyone|everything|anything|no longer|at once)\b`)
	forbids = re(`^(?:never|do not|don['’]t|nobody|no one|avoid|beware)\b|\b(?:must not|may not|shall not|should not|should never|nothing to)\b`)
	harm    = re(`\b(?:crash\w*|danger\w*|hazard\w*|harm\w*|only|halt\w*|lockout|hurt\w*|outage|without|quietly|yet|never|not|catch|however)\b`)
	still   = re(`\b(?:already|also|even|no longer|still|alone|each of|also|at all|intact|in common|any more|both|either)\b`)
	demands = re(`\b(?:shall|should|must|ensure|essential|regularly|implement|conduct|deploy|keep|rotate|collect)\b`)
)

// measure returns the features of a sentence, and the words that no cited
// evidence holds, the weightiest first.
func measure(words []word, text string, j *judge) (x [features]float64, missing []string) {
	weight := [...]float64{classFunction: 0, classGeneric: 0.4, classOther: 1, classDomain: 1}
	turned, near := denied(words), deny(words)
	t := lexicon()
	var content []word
	var seen = map[string]bool{}
	var total, held, heldSoft, onlyUncited float64
	best := make([]float64, len(j.cited))
	other := make([]float64, len(j.uncited))
	var domain, others, generic []string
	for at, w := range words {
		if w.class == classFunction || seen[w.stem] {
			continue
		}
		seen[w.stem] = true
		content = append(content, w)
		g := weight[w.class]
		if _, n := numerals[w.low]; n || w.digits {
			g = 0.6
		}
		total += g
		strongest := 0.0
		var mask, flipped, prose, fact uint8
		nearWant := uint8(1)
		if near[at] {
			nearWant = 2
		}
		for i, p := range j.cited {
			m, o := p.match(w)
			best[i] += g * m
			strongest = max(strongest, m)
			if o != nil && m == 1 {
				mask |= o.polarity
				if p.fact {
					fact |= o.near
				} else {
					prose |= o.near
				}
			}
			if q := p.negated(w); q != nil {
				flipped |= flip(q.near)
			}
			for _, k := range t.concepts[w.stem] {
				if opp, ok := t.opposite[k]; ok {
					if q := p.concepts[opp]; q != nil {
						flipped |= flip(q.near)
					}
				}
			}
		}
		away := 0.0
		for i, p := range j.uncited {
			m, _ := p.match(w)
			other[i] += g * m
			away = max(away, m)
		}
		want := uint8(1)
		if turned[w.clause] {
			want = 2
		}
		if mask != 0 && mask&want == 0 && w.class >= classGeneric {
			x[fTurned] += 1
		}
		if w.class >= classGeneric && (fact|prose) != 0 && (fact|prose)&nearWant == 0 {
			if states[w.stem] {
				x[fStatus] = 1
			}
			switch {
			case fact != 0 && nearWant == 1:
				x[fFactLost]++
			case fact != 0:
				x[fFactAdded]++
			case nearWant == 1:
				x[fNearLost]++
			default:
				x[fNearAdded]++
			}
		}
		if strongest < 1 && flipped != 0 && flipped&nearWant == 0 {
			x[fOpposite]++
		}
		held += g * strongest
		if strongest > 0 {
			if strongest < 1 {
				heldSoft += g
			}
			continue
		}
		if away > 0 {
			onlyUncited += g * away
		}
		if _, n := numerals[w.low]; n || w.digits {
			continue
		}
		switch w.class {
		case classDomain:
			domain = append(domain, w.raw)
		case classOther:
			others = append(others, w.raw)
		default:
			generic = append(generic, w.raw)
		}
	}
	x[fDomain], x[fOther], x[fGeneric] = float64(len(domain)), float64(len(others)), float64(len(generic))
	if total > 0 {
		x[fShare] = held / total
		x[fUncited] = onlyUncited / total
		if len(best) > 0 {
			x[fBest] = slices.Max(best) / total
		}
		for i := range other {
			lead := other[i]
			for _, b := range best {
				lead = min(lead, other[i]-b)
			}
			x[fElsewhere] = max(x[fElsewhere], lead/total)
		}
	}
	if held > 0 {
		x[fSoft] = heldSoft / held
	} else {
		x[fLone] = 1
	}
	x[fApart], x[fClauseApart] = apart(content, j)
	x[fClauses], x[fLost], x[fAdded] = turnedClauses(words, turned, j)
	if hedged.MatchString(text) {
		x[fHedged] = 1
	}
	if certain.MatchString(text) && !hedged.MatchString(text) && j.any(func(p *piece) bool { return vague.MatchString(p.quoted) }) {
		x[fCertain] = 1
	}
	if demands.MatchString(text) {
		x[fDemands] = 1
	}
	if len(content) < 5 {
		x[fShort] = 1
	}
	if j.any(func(p *piece) bool { return p.title != nil }) {
		x[fTitle] = 1
	}
	if forbids.MatchString(text) && j.any(func(p *piece) bool { return harm.MatchString(p.quoted) }) {
		x[fWarns] = 1
	}
	if m := still.FindString(text); m != "" && !j.any(func(p *piece) bool { return strings.Contains(p.quoted, strings.ToUpper(m)) }) {
		x[fStill] = 1
	}
	for _, m := range strong.FindAllString(text, -1) {
		if !hedged.MatchString(text) && !j.any(func(p *piece) bool { return p.tokens[strings.ToLower(m)] }) {
			x[fStrong] = min(x[fStrong]+1, 2)
		}
	}
	denies, denying := len(turned) > 0, 0
	for _, p := range j.cited {
		if len(p.denied) > 0 {
			denying++
		}
	}
	if denies && denying == 0 {
		x[fDenies] = 1
	}
	if !denies && denying == len(j.cited) {
		x[fAffirms] = 1
	}
	x[fCites] = float64(len(j.cited) - 1)
	for _, i := range []int{fDomain, fOther, fGeneric, fTurned, fNearLost, fNearAdded, fFactLost, fFactAdded, fOpposite} {
		x[i] = min(x[i], 4)
	}
	return x, slices.Concat(domain, others, generic)
}

// states are the stems of words that say how a thing stands.
var states = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq("deployed exploited known listed official updated update patched encrypt sign installed required needed available supported enabled reachable exposed included planned authenticated protected signed effective fitted restarted") {
		out[stemOf(w)] = true
	}
	return out
}()

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

// apart returns the share of neighbouring words of a clause that no part, and
// no clause, of cited evidence holds together.
func apart(content []word, j *judge) (parts, clauses float64) {
	n := 0
	for i := range content {
		for k := i + 1; k < len(content) && k <= i+2; k++ {
			a, b := content[i], content[k]
			if a.clause != b.clause {
				break
			}
			heldA, heldB, samePart, sameClause := false, false, false, false
			for _, p := range j.cited {
				_, o := p.match(a)
				_, q := p.match(b)
				heldA, heldB = heldA || o != nil, heldB || q != nil
				if o != nil && q != nil {
					samePart = samePart || o.parts.meets(q.parts)
					sameClause = sameClause || o.clauses.meets(q.clauses)
				}
			}
			if !heldA || !heldB {
				continue
			}
			n++
			if !samePart {
				parts++
			}
			if !sameClause {
				clauses++
			}
		}
	}
	if n == 0 {
		return 0, 0
	}
	return parts / float64(n), clauses / float64(n)
}

// turnedClauses holds each clause against the clause of cited evidence that
// shares most with it.
func turnedClauses(words []word, turned map[int]bool, j *judge) (differ, lost, added float64) {
	for from := 0; from < len(words); {
		to := from
		for to < len(words) && words[to].clause == words[from].clause {
			to++
		}
		clause := words[from:to]
		from = to
		bestShare, bestTurned := 0.0, false
		for _, p := range j.cited {
			var share [128]float64
			for _, w := range clause {
				if w.class == classFunction {
					continue
				}
				m, o := p.match(w)
				if o == nil {
					continue
				}
				for k := range share {
					if o.clauses[k/64]>>(k%64)&1 == 1 {
						share[k] += m
					}
				}
			}
			for k, s := range share {
				if s > bestShare {
					bestShare, bestTurned = s, p.denied[k]
				}
			}
		}
		if bestShare < 1.5 || bestTurned == turned[clause[0].clause] {
			continue
		}
		differ++
		if bestTurned {
			lost++
		} else {
			added++
		}
	}
	return differ, lost, added
}

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
	reasons := []struct {
		part float64
		why  string
	}{
		{weights[fDomain]*x[fDomain] + weights[fOther]*x[fOther] + weights[fGeneric]*x[fGeneric], "no evidence that it cites speaks of " + strings.Join(quoted(missing), ", ")},
		{weights[fElsewhere]*x[fElsewhere] + weights[fUncited]*x[fUncited], "other evidence holds more of it than the evidence that it cites"},
		{weights[fTurned]*x[fTurned] + weights[fNearLost]*x[fNearLost] + weights[fNearAdded]*x[fNearAdded] + weights[fFactLost]*x[fFactLost] + weights[fFactAdded]*x[fFactAdded] + weights[fOpposite]*x[fOpposite] + weights[fClauses]*x[fClauses] + weights[fLost]*x[fLost] + weights[fAdded]*x[fAdded], "it seems to say the opposite of the evidence that it cites"},
		{weights[fApart]*x[fApart] + weights[fClauseApart]*x[fClauseApart], "it joins words that stand apart in the evidence that it cites"},
	}
	top := 0
	for i, r := range reasons {
		if r.part > reasons[top].part {
			top = i
		}
	}
	why := reasons[top].why
	if reasons[top].part <= 0 || top == 0 && len(missing) == 0 {
		why = "the evidence that it cites does not carry it"
	}
	c.reject(CheckGrounding, where, "%s", why)
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

package verify

import (
	"slices"
	"strings"
)

// deprives are words that take away what the words beside them say.
var deprives = fieldsSet(`absent against avoid avoids ban banned bans bar barred bars block blocked blocks broken cease ceases dead denies deny
	disable disabled disables elsewhere elude eludes end ended ends evade evades except exclude excluded excludes exempt fail failed fails
	faked false forbid forbidden forbids gone hardly hinder hinders ignore ignores impossible instead keep keeps lack lacking lacks limited
	little lose loses lost missing off out prevent prevents prohibit prohibits rarely refuse refused refuses reject rejected rejects seldom
	spare spared spares stop stops unable unlikely untouched useless void voids withheld withhold barely scarcely`)

// deprived reports whether a word denies by its beginning or ending.
func deprived(w word) bool {
	const shortest = 6
	if len(w.low) < shortest || w.digits {
		return false
	}
	for _, p := range []string{"un", "non", "dis"} {
		if rest, ok := strings.CutPrefix(w.low, p); ok && rest[0] != 'i' && !plainUn[w.stem] {
			return true
		}
	}
	return strings.HasSuffix(w.low, "less")
}

// plainUn are the stems of words that only look as if.
var plainUn = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq("under understand understood undergo undertake undertaken universal university union united units unique unless until display distance distribute distribution distributed discuss discover discovery discovered discovers disk dispatch dispatcher dispatchers district distant distinct distinguish dismiss disaster discipline dispute display displays dispose") {
		out[stemOf(w)] = true
	}
	return out
}()

// comparison says how a sentence stands to the parts of cited evidence that
// are nearest to its clauses.
type comparison struct {
	share    float64 // share of the sentence that they hold
	swaps    float64 // places where they have other words between the same ones
	distance float64 // how far apart neighbours stand in the evidence, 0 to 1
	dropped  float64 // their negations whose words the sentence affirms
	free     float64 // negations of words that the evidence does not have
	agreed   float64 // negations that are in both
	yields   bool    // it denies nothing, and the clauses that it resembles do
	parity   float64 // clauses that are turned an odd number of times, weighed by what they share
}

// compare holds a sentence against the nearest parts of the cited evidence.
func compare(words []word, j *judge) comparison {
	var out comparison
	clauses := clausesOf(words)
	type place struct {
		p *piece
		s segment
	}
	var near []place // the nearest part of each clause
	total, held := 0.0, 0.0
	for _, c := range clauses {
		best, at := 0.0, place{}
		for i := c.from; i < c.to; i++ {
			total += weightOf(words[i])
		}
		for _, p := range j.cited {
			for _, s := range p.segments {
				share := 0.0
				for i := c.from; i < c.to; i++ {
					if g := weightOf(words[i]); g > 0 {
						share += g * p.holdsIn(words[i], s)
					}
				}
				if share > best {
					best, at = share, place{p, s}
				}
			}
		}
		held += best
		if best > 0 && !slices.Contains(near, at) {
			near = append(near, at)
		}
	}
	if total > 0 {
		out.share = held / total
	}
	marked, signs := reach(words)
	deny, take, beside := slices.ContainsFunc(words, denies), slices.ContainsFunc(words, takes), false
	for _, n := range near {
		part := n.p.words[n.s.from:n.s.to]
		out.swaps += swaps(words, part)
		beside = beside || n.p.deniesBeside(words, n.s)
		if take {
			continue
		}
		_, theirs := reach(part)
		for _, of := range theirs {
			hit, affirmed := 0, 0
			for _, k := range of {
				for i, w := range words {
					if w.class != classFunction && w.stem == part[k].stem {
						hit++
						if !marked[i] {
							affirmed++
						}
					}
				}
			}
			if hit > 0 && hit == affirmed {
				out.dropped++
			}
		}
	}
	out.yields = beside && !deny
	for _, of := range signs {
		hit, denied := false, false
		for _, k := range of {
			for _, p := range j.cited {
				for i, w := range p.words {
					if w.class != classFunction && kin(words[k], w) > 0 {
						hit, denied = true, denied || p.negative[i]
					}
				}
			}
		}
		switch {
		case !hit:
			out.free++
		case denied:
			out.agreed++
		}
	}
	out.distance = distance(words, j)
	out.parity = parity(words, clauses, j)
	return out
}

// denies and takes report whether a word alone turns what is said.
func denies(w word) bool {
	return strings.HasSuffix(w.low, "n't") || negations[w.low] && !deprives[w.low]
}

func takes(w word) bool { return deprives[w.low] || w.class != classFunction && deprived(w) }

// deniesBeside reports whether one of those clauses of a segment denies of
// which the sentence holds half or more.
func (p *piece) deniesBeside(words []word, s segment) bool {
	for from := s.from; from < s.to; {
		to := from
		total, held := 0.0, 0.0
		for to < s.to && p.words[to].clause == p.words[from].clause {
			if g := weightOf(p.words[to]); g > 0 {
				total += g
				if slices.ContainsFunc(words, func(w word) bool { return w.class != classFunction && kin(w, p.words[to]) > 0 }) {
					held += g
				}
			}
			to++
		}
		if held >= total/2 && slices.ContainsFunc(p.words[from:to], denies) {
			return true
		}
		from = to
	}
	return false
}

// segment is a run of words of one part of a text.
type segment struct {
	from, to int
}

// segmentsOf cuts words into their parts.
func segmentsOf(words []word) []segment {
	var out []segment
	for from := 0; from < len(words); {
		to := from
		for to < len(words) && words[to].part == words[from].part {
			to++
		}
		out = append(out, segment{from, to})
		from = to
	}
	return out
}

// clausesOf cuts words into clauses of at least two words that say something.
func clausesOf(words []word) []segment {
	var out []segment
	for from := 0; from < len(words); {
		to, content := from, 0
		for to < len(words) && words[to].part == words[from].part && (content < 3 || words[to].clause == words[to-1].clause) {
			if words[to].class != classFunction {
				content++
			}
			to++
		}
		if content < 2 && len(out) > 0 {
			out[len(out)-1].to = to
		} else {
			out = append(out, segment{from, to})
		}
		from = to
	}
	return out
}

// weightOf says how much a word counts.
func weightOf(w word) float64 {
	switch w.class {
	case classFunction:
		return 0
	case classGeneric:
		return 0.4
	}
	return 1
}

// kin says how alike two words are: 1 the same stem, less for a synonym or a
// common beginning.
func kin(a, b word) float64 {
	switch {
	case a.stem == b.stem:
		return 1
	case a.digits || b.digits:
		return 0
	}
	t := lexicon()
	for _, k := range t.concepts[a.stem] {
		if slices.Contains(t.concepts[b.stem], k) {
			return 0.8
		}
	}
	if len(a.stem) >= prefixLength && len(b.stem) >= prefixLength && a.stem[:prefixLength] == b.stem[:prefixLength] {
		return 0.7
	}
	return 0
}

// contrary reports whether one word denies the other.
func contrary(a, b word) bool {
	t := lexicon()
	for _, k := range t.concepts[a.stem] {
		if o, ok := t.opposite[k]; ok && slices.Contains(t.concepts[b.stem], o) {
			return true
		}
	}
	for _, p := range []string{"un", "in", "im", "dis", "non"} {
		if len(a.stem) > 3 && b.stem == p+a.stem || len(b.stem) > 3 && a.stem == p+b.stem {
			return true
		}
	}
	return false
}

// reach marks the words that a negation speaks of: the next two of its clause
// that say something, three behind a negative subject.
func reach(words []word) (marked []bool, signs [][]int) {
	marked = make([]bool, len(words))
	for i, w := range words {
		if !negates(words, i) {
			continue
		}
		left := 2
		switch w.low {
		case "neither", "none", "nobody", "nor", "nothing", "no":
			left = 3
		}
		var of []int
		switch w.low {
		case "no", "none", "nothing", "nobody", "neither", "without":
			// What is done to nothing is not done: "shares no equipment".
			if i > 0 && words[i-1].class != classFunction && words[i-1].clause == w.clause {
				marked[i-1] = true
				of = append(of, i-1)
			}
		}
		for k := i + 1; k < len(words) && left > 0 && words[k].part == w.part; k++ {
			if len(of) > 0 && words[k].clause != w.clause {
				break
			}
			if words[k].low == "but" {
				break
			}
			if words[k].class != classFunction {
				left--
				marked[k] = true
				of = append(of, k)
			}
		}
		signs = append(signs, of)
	}
	return marked, signs
}

// parity compares the number of turns, by negation, by words that deprive and
// by opposites, of each clause and the clause of evidence nearest to it.
func parity(words []word, clauses []segment, j *judge) float64 {
	out := 0.0
	for _, c := range clauses {
		clause := words[c.from:c.to]
		var best float64
		var odd bool
		total := 0.0
		for _, w := range clause {
			total += weightOf(w)
		}
		mine := oddTurns(clause)
		for _, p := range j.cited {
			for _, e := range p.clauses {
				share, turned := 0.0, mine != oddTurns(p.words[e.from:e.to])
				for _, w := range clause {
					if w.class == classFunction {
						continue
					}
					k := p.holdsIn(w, e)
					share += weightOf(w) * k
					if k < 1 {
						for i := e.from; i < e.to; i++ {
							if p.words[i].class != classFunction && contrary(w, p.words[i]) {
								turned = !turned
								share += weightOf(w)
								break
							}
						}
					}
				}
				if share > best {
					best, odd = share, turned
				}
			}
		}
		if odd && best > 0.8 {
			out += best / (total + 0.5)
		}
	}
	return out
}

// oddTurns reports whether the words turn what they say an odd number of times.
func oddTurns(words []word) bool {
	n := 0
	for i, w := range words {
		if negates(words, i) || takes(w) {
			n++
		}
	}
	return n%2 == 1
}

// holdsIn says how well a segment of the piece holds a word.
func (p *piece) holdsIn(w word, s segment) float64 {
	best := 0.0
	for i := s.from; i < s.to; i++ {
		if p.words[i].class != classFunction {
			best = max(best, kin(w, p.words[i]))
			if best == 1 {
				break
			}
		}
	}
	return best
}

// swaps counts the places at which two texts differ between words that they
// share in the same order.
func swaps(a, b []word) float64 {
	content := func(words []word) []word {
		var out []word
		for _, w := range words {
			if w.class != classFunction {
				out = append(out, w)
			}
		}
		return out[:min(len(out), 60)]
	}
	x, y := content(a), content(b)
	// The longest common subsequence.
	table := make([][]uint8, len(x)+1)
	for i := range table {
		table[i] = make([]uint8, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for k := len(y) - 1; k >= 0; k-- {
			if x[i].stem == y[k].stem {
				table[i][k] = table[i+1][k+1] + 1
			} else {
				table[i][k] = max(table[i+1][k], table[i][k+1])
			}
		}
	}
	n, gapX, gapY, before := 0.0, 0, 0, false
	for i, k := 0, 0; i < len(x) && k < len(y); {
		switch {
		case x[i].stem == y[k].stem:
			if before && gapX > 0 && gapX <= 2 && gapY > 0 && gapY <= 3 {
				n++
			}
			before, gapX, gapY = true, 0, 0
			i, k = i+1, k+1
		case table[i+1][k] >= table[i][k+1]:
			i, gapX = i+1, gapX+1
		default:
			k, gapY = k+1, gapY+1
		}
	}
	return n
}

// distance says how far apart the evidence has words that stand near each
// other in a clause: 0 side by side, 1 apart.
func distance(words []word, j *judge) float64 {
	var content []word
	for _, w := range words {
		if w.class != classFunction {
			content = append(content, w)
		}
	}
	const far = 12
	known, sum := 0.0, 0.0
	for i := range content {
		for k := i + 1; k < len(content) && k <= i+2; k++ {
			x, y := content[i], content[k]
			if x.part != y.part || x.stem == y.stem {
				continue
			}
			least, both := far, false
			for _, p := range j.cited {
				at, to := p.at[x.stem], p.at[y.stem]
				both = both || len(at) > 0 && len(to) > 0
				for _, m := range at {
					if least == 1 {
						break // nothing is nearer
					}
					for _, n := range to {
						least = min(least, max(n-m, m-n))
					}
				}
			}
			if both {
				known++
				sum += float64(least) / far
			}
		}
	}
	if known == 0 {
		return 0
	}
	return sum / known
}

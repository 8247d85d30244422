package verify

import (
	"slices"
	"strings"
)

// A thing is what has a name of its own: an object of ATT&CK, a device, a
// finding, a tactic, a label.
type thing = string

// tactics are the names that the graph gives without an ID.
var tactics = []string{
	"collection", "command and control", "discovery", "evasion", "execution", "impact", "impair process control", "inhibit response function",
	"initial access", "lateral movement", "persistence", "privilege escalation",
}

// thingsIn finds the things of a text. Names of objects count as their IDs.
func thingsIn(text, folded string, ids map[string]string, devices []string) []thing {
	var out []thing
	add := func(t thing) {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, m := range mentions(fold(text)) {
		add(m.canonical)
	}
	spaced := " " + folded + " "
	for name, id := range ids {
		if len(name) > 3 && strings.Contains(spaced, " "+name+" ") {
			add(id)
		}
	}
	small := strings.ToLower(text)
	for _, d := range devices {
		if wordIn(small, d) {
			add("device " + d)
		}
	}
	for _, t := range tactics {
		if strings.Contains(spaced, " "+strings.ToUpper(t)+" ") && strings.Contains(text, strings.ToUpper(t[:1])+t[1:2]) {
			add("tactic " + t)
		}
	}
	slices.Sort(out)
	return out
}

// nameThings learns which things the evidence names, and where.
func (c *checker) nameThings() {
	c.named = map[string]string{}
	for _, h := range c.order {
		p := c.pieces[h]
		for id, name := range p.names {
			if have, ok := c.named[name]; !ok || id < have {
				c.named[name] = id
			}
		}
		c.devices = append(c.devices, p.things...)
	}
	slices.Sort(c.devices)
	c.devices = slices.Compact(c.devices)
	for _, p := range c.pieces {
		p.held = thingsIn(p.text, p.quoted, c.named, c.devices)
	}
}

// knot is how the things of a sentence, and what it says of them, hang
// together in the cited evidence.
type knot struct {
	tied, loose float64 // pairs of things of a part that a piece names together, and pairs of two kinds that none does
	apart       float64 // the same for those of one clause
	away        float64 // share of words that only pieces hold which name none of the clause's things
}

// tie looks for the things of a sentence in the cited evidence.
func tie(words []word, text string, j *judge) knot {
	var out knot
	held := make([][]thing, len(j.cited))
	for i, p := range j.cited {
		held[i] = p.held
	}
	together := func(a, b thing) bool {
		return slices.ContainsFunc(held, func(h []thing) bool { return slices.Contains(h, a) && slices.Contains(h, b) })
	}
	named := func(s segment) []thing {
		end := len(text)
		if s.to < len(words) {
			end = words[s.to].at
		}
		part := text[words[s.from].at:max(end, words[s.from].at)]
		return thingsIn(part, plain(part), j.named, j.devices)
	}
	for _, s := range segmentsOf(words) {
		things := named(s)
		for i := range things {
			for k := range i {
				switch {
				case together(things[i], things[k]):
					out.tied++
				case kindOf(things[i]) != kindOf(things[k]):
					out.loose++
				}
			}
		}
	}
	total, away := 0.0, 0.0
	for _, s := range clausesOf(words) {
		things := named(s)
		for i := range things {
			for k := range i {
				if !together(things[i], things[k]) && kindOf(things[i]) != kindOf(things[k]) {
					out.apart++
				}
			}
		}
		for i := s.from; i < s.to; i++ {
			g := weightOf(words[i])
			if total += g; g == 0 || len(things) == 0 {
				continue
			}
			best, near := 0.0, 0.0
			for k, p := range j.cited {
				m, _ := p.match(words[i])
				best = max(best, m)
				if slices.ContainsFunc(things, func(t thing) bool { return slices.Contains(held[k], t) }) {
					near = max(near, m)
				}
			}
			away += g * (best - near)
		}
	}
	if total > 0 {
		out.away = away / total
	}
	return out
}

// kindOf returns what the things of one kind have in common. Two of a kind are
// mostly listed side by side: that no piece names both says little.
func kindOf(t thing) string {
	if i := strings.IndexAny(t, " 0123456789"); i >= 0 {
		return t[:i]
	}
	return t
}

// misbound counts the numbers that the cited evidence gives to something else
// than the sentence does: "six firms" where it has three firms.
func misbound(words []word, j *judge) float64 {
	out := 0.0
	for i, w := range words {
		n, ok := numberOf(w)
		if !ok || strings.Contains(n, ".") {
			continue // of scores and labels, or counted from what is there
		}
		head := headAfter(words, i)
		if head == nil {
			continue
		}
		same, other := false, false
		unit := units[head.stem]
		for _, p := range j.cited {
			for k, e := range p.words {
				m, ok := numberOf(e)
				if !ok || strings.Contains(m, ".") {
					continue
				}
				h := headAfter(p.words, k)
				switch {
				case h == nil:
				case unit && units[h.stem]:
					same = same || m == n && h.stem == head.stem
					other = other || m == n && h.stem != head.stem
				case m == n && slices.ContainsFunc(words, func(w word) bool { return w.stem == h.stem }):
					same = true
				case kin(*h, *head) >= 0.8:
					same = same || m == n
					other = other || m != n
				}
			}
		}
		if other && !same {
			out++
		}
	}
	return out
}

// units are the stems of units of time.
var units = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range []string{"second", "minute", "hour", "day", "week", "month", "quarter", "year", "night", "shift"} {
		out[stemOf(w)] = true
	}
	return out
}()

// headAfter returns what a number counts: the next word that says something.
func headAfter(words []word, i int) *word {
	for k := i + 1; k < min(i+5, len(words)) && words[k].part == words[i].part; k++ {
		if words[k].class != classFunction && !words[k].digits {
			return &words[k]
		}
	}
	return nil
}

// foreign counts the devices that only other evidence than the cited names.
func foreign(text string, j *judge) float64 {
	small := strings.ToLower(text)
	var found []string
	for _, p := range j.uncited {
		for _, name := range p.things {
			if !slices.Contains(found, name) && wordIn(small, name) && !j.any(func(q *piece) bool { return wordIn(q.small, name) }) {
				found = append(found, name)
			}
		}
	}
	return float64(len(found))
}

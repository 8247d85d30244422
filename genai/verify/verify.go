package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph"
)

// Answer checks a raw answer against the evidence that its writer was given.
// It returns the text when there is nothing against it; otherwise no
// text and every reason found, in the order of the checks. The rejections'
// Attempt is 0, since the package knows nothing of attempts.
//
// An ID passes only when it is in [graph.Evidence.IDs] of evidence that the
// same claim cites; a standard's label when the text of that evidence holds
// it; an address when the text of any evidence does. In evidence about the
// site (its provenance is "site") titles are the words of strangers: they
// vouch for no ATT&CK ID and for no address. Each sentence is then held
// against the evidence that its claim cites, as [Text] does.
func Answer(raw string, form Form, evidence []graph.Evidence) (graph.DraftText, []graph.Rejection) {
	reject := func(format string, args ...any) (graph.DraftText, []graph.Rejection) {
		return nil, []graph.Rejection{{Check: CheckSchema, Why: fmt.Sprintf(format, args...)}}
	}
	switch {
	case len(raw) > MaxAnswer:
		return reject("the answer has %d bytes; at most %d are read", len(raw), MaxAnswer)
	case !utf8.ValidString(raw):
		return reject("the answer is not valid UTF-8")
	}
	t, rejected, ok := decode(raw, form, evidence)
	if !ok {
		return nil, rejected
	}
	shaped := len(rejected) == 0
	rejected = append(rejected, Draft(t, form, evidence)...)
	if len(rejected) == 0 && shaped {
		return t, nil
	}
	return nil, rejected
}

// Draft checks a text as [Answer] does, for a writer that needs no JSON. It
// returns nil when there is nothing against it.
func Draft(t graph.DraftText, form Form, evidence []graph.Evidence) []graph.Rejection {
	c := newChecker(evidence)
	t = form.check(c, t)
	first := map[string]string{}
	var advice []string
	for where, x := range t.Claims() {
		claim := located{where, x}
		name, _, _ := strings.Cut(where, "[")
		section, _ := form.section(name)
		c.open = section.Open
		if !slices.Equal(section.Advice, advice) { // sections often share it
			c.advice, advice = patternsOf(section.Advice), section.Advice
		}
		c.claim(claim)
		key := strings.Join(strings.Fields(fold(claim.Text)), " ")
		if earlier, ok := first[key]; ok {
			c.reject(CheckLength, claim.where+".text", "this says the same as %s", earlier)
		} else {
			first[key] = claim.where
		}
	}
	order := Checks()
	slices.SortStableFunc(c.rejected, func(a, b graph.Rejection) int {
		return slices.Index(order, a.Check) - slices.Index(order, b.Check)
	})
	return c.rejected
}

// Claims returns a function that checks one claim as [Answer] does: for a
// writer that tries many over the same evidence. It returns nil when there is
// nothing against the claim; Where is a member of the claim. Where sections
// are given, their general advice needs no evidence, see [Section.Advice]. The
// function is not safe for concurrent use.
func Claims(evidence []graph.Evidence, sections ...Section) func(graph.Claim) []graph.Rejection {
	c := newChecker(evidence)
	var advice []string
	for _, s := range sections {
		advice = append(advice, s.Advice...)
	}
	c.advice = patternsOf(advice)
	return func(claim graph.Claim) []graph.Rejection {
		c.rejected = nil
		c.claim(located{"", claim})
		return c.rejected
	}
}

type located struct {
	where string
	graph.Claim
}

func (l located) at(member string) string {
	if l.where == "" {
		return member
	}
	return l.where + "." + member
}

type checker struct {
	evidence  map[string]facts  // by handle
	pieces    map[string]*piece // by handle
	order     []string          // handles
	named     map[string]string // of things by their names
	devices   []string          // in small letters
	open      bool              // the section is about what no evidence speaks of
	advice    []pattern         // of the section
	unweighed bool              // leave out the check that the weights decide
	begin     int               // how many rejections there were before this claim
	rejected  []graph.Rejection
}

func newChecker(evidence []graph.Evidence) *checker {
	c := &checker{evidence: make(map[string]facts, len(evidence)), pieces: make(map[string]*piece, len(evidence))}
	for _, e := range evidence {
		if _, twice := c.pieces[e.Handle]; !twice {
			c.order = append(c.order, e.Handle)
		}
		c.evidence[e.Handle] = factsOf(e)
		c.pieces[e.Handle] = newPiece(e)
	}
	c.vouch(evidence)
	c.nameThings()
	return c
}

// vouch lets statements about the site speak of the ATT&CK IDs that other
// evidence holds, outside of what they quote.
func (c *checker) vouch(evidence []graph.Evidence) {
	known := map[id]bool{}
	for _, e := range evidence {
		if e.Provenance != string(graph.Site) {
			for _, m := range c.evidence[e.Handle].ids {
				known[m] = true
			}
		}
	}
	for _, e := range evidence {
		if e.Provenance != string(graph.Site) {
			continue
		}
		f := c.evidence[e.Handle]
		for _, m := range mentions(fold(unquoted(e.Text))) {
			if m.attack && known[m] && !slices.Contains(f.ids, m) {
				f.ids = append(f.ids, m)
			}
		}
		c.evidence[e.Handle] = f
	}
}

func (c *checker) handlesOf(handles []string) []facts {
	out := make([]facts, len(handles))
	for i, h := range handles {
		out[i] = c.evidence[h]
	}
	return out
}

// judgeFor returns what holds sentences against the evidence with these
// handles; unknown ones count for nothing.
func (c *checker) judgeFor(handles []string) *judge {
	j := &judge{named: c.named, devices: c.devices}
	for _, h := range c.order {
		if slices.Contains(handles, h) {
			j.cited = append(j.cited, c.pieces[h])
		} else {
			j.uncited = append(j.uncited, c.pieces[h])
		}
	}
	return j
}

func (c *checker) reject(check, where, format string, args ...any) {
	c.rejected = append(c.rejected, graph.Rejection{Check: check, Where: where, Why: fmt.Sprintf(format, args...)})
}

func (c *checker) claim(l located) {
	c.begin = len(c.rejected)
	cited := c.handles(l)
	folded := fold(l.Text)
	c.ids(l, folded, cited)
	c.addresses(l, folded)
	c.standards(l, folded, cited)
	c.length(l)
	c.text(l)
	j := c.judgeFor(l.Evidence)
	for _, at := range sentences(l.Text) {
		c.sentence(l.at("text"), l.Text[at[0]:at[1]], j)
	}
}

// handles returns what the cited evidence vouches for.
func (c *checker) handles(l located) []facts {
	var cited []facts
	where := l.at("evidence")
	switch n := len(l.Evidence); {
	case n == 0:
		c.reject(CheckHandles, where, "this claim cites no evidence")
	case n > MaxCited:
		c.reject(CheckHandles, where, "this claim cites %d handles; at most %d are allowed", n, MaxCited)
	}
	for i, h := range l.Evidence[:min(len(l.Evidence), MaxCited)] {
		f, ok := c.evidence[h]
		switch {
		case !ok:
			c.reject(CheckHandles, where, "%q is not the handle of any evidence", clip(h))
		case slices.Contains(l.Evidence[:i], h):
			c.reject(CheckHandles, where, "%s is cited twice", clip(h))
		default:
			cited = append(cited, f)
		}
	}
	return cited
}

func (c *checker) ids(l located, folded string, cited []facts) {
	for _, m := range inText(l.Text, folded) {
		held := func(f facts) bool { return slices.Contains(f.ids, m) }
		switch {
		case slices.ContainsFunc(cited, held):
		case c.any(held):
			c.reject(CheckIDs, l.at("text"), "%s is not in the evidence that this claim cites", clip(m.canonical))
		default:
			c.reject(CheckIDs, l.at("text"), "%s is not in the evidence", clip(m.canonical))
		}
	}
	for _, m := range handle.FindAllStringSubmatch(folded, -1) {
		h := "E" + m[1]
		if _, ok := c.evidence[h]; !ok && !slices.ContainsFunc(cited, func(f facts) bool { return slices.Contains(f.handles, h) }) {
			c.reject(CheckHandles, l.at("text"), "%s is not the handle of any evidence", h)
		}
	}
}

func (c *checker) any(held func(facts) bool) bool {
	for _, f := range c.evidence {
		if held(f) {
			return true
		}
	}
	return false
}

func (c *checker) addresses(l located, folded string) {
	for _, a := range addresses(folded) {
		if !c.any(func(f facts) bool { return slices.Contains(f.addresses, a.canonical) }) {
			c.reject(CheckURLs, l.at("text"), "%q reads as %s that the evidence does not hold", clip(strings.ToLower(a.canonical)), a.kind)
		}
	}
}

func (c *checker) standards(l located, folded string, cited []facts) {
	for _, s := range labels(folded) {
		if !slices.ContainsFunc(cited, func(f facts) bool { return holds(f.labels, s) }) {
			c.reject(CheckStandards, l.at("text"), "%q is not in the evidence that this claim cites", clip(strings.Join(s, " ")))
		}
	}
}

func (c *checker) length(l located) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(l.Text)); {
	case n < minClaim:
		c.reject(CheckLength, l.at("text"), "%d characters; a claim needs at least %d", n, minClaim)
	case n > maxClaim:
		c.reject(CheckLength, l.at("text"), "%d characters; a claim has at most %d", n, maxClaim)
	}
}

var markup = []struct {
	what    string
	pattern *regexp.Regexp
}{
	{"an HTML tag", regexp.MustCompile(`<[/!?]?[A-Za-z]`)},
	{"an HTML entity", regexp.MustCompile(`&(?:#|[A-Za-z]{2,8};)`)},
	{"a Markdown link or image", regexp.MustCompile(`!\[|\][(\[:]`)},
	{"a code fence", regexp.MustCompile("```|~~~")},
}

func (c *checker) text(l located) {
	where := l.at("text")
	if !utf8.ValidString(l.Text) {
		c.reject(CheckText, where, "the text is not valid UTF-8")
	}
	var bad []rune
	for _, r := range l.Text {
		if (r == utf8.RuneError || !unicode.IsGraphic(r)) && !slices.Contains(bad, r) {
			bad = append(bad, r)
		}
	}
	for i, r := range bad {
		if i == 5 {
			c.reject(CheckText, where, "and %d more such characters", len(bad)-i)
			break
		}
		c.reject(CheckText, where, "the character U+%04X is not text", r)
	}
	for _, m := range markup {
		if m.pattern.MatchString(l.Text) || m.pattern.MatchString(fold(l.Text)) {
			c.reject(CheckText, where, "the text holds %s", m.what)
		}
	}
}

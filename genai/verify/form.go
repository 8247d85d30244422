package verify

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
)

// Form says which sections a draft has, in order.
type Form []Section

// Section is what a form asks of one section of a draft.
type Section struct {
	Name string // the member's name in an answer
	// Single asks for one claim, not a list: Min and Max are then both 1,
	// whatever they say.
	Single bool
	// Min and Max bound how many claims the section has.
	Min, Max int
	// Open says that the claims are about what no evidence speaks of, such as
	// what remains open: they need no support. The other checks stay.
	Open bool
	// Advice holds sentences of general advice that the form itself vouches
	// for, one or more in each string: no evidence needs to support them. A * in
	// one stands for one or more words that one piece of the cited evidence holds
	// as they are. IDs, addresses, labels of standards and what belongs together
	// are checked all the same.
	Advice []string
}

func (s Section) bounds() (least, most int) {
	if s.Single {
		return 1, 1
	}
	return s.Min, s.Max
}

func (f Form) section(name string) (Section, bool) {
	i := slices.IndexFunc(f, func(s Section) bool { return s.Name == name })
	if i < 0 {
		return Section{}, false
	}
	return f[i], true
}

// read takes from an answer the sections that the form has, in its order; ok
// is false where one can't be read.
func (f Form) read(raw string) (t graph.DraftText, ok bool) {
	var members map[string]json.RawMessage
	if json.NewDecoder(strings.NewReader(raw)).Decode(&members) != nil {
		return nil, false
	}
	for _, want := range f {
		b, there := members[want.Name]
		if !there {
			continue
		}
		s := graph.DraftSection{Name: want.Name, Single: want.Single}
		var err error
		if want.Single {
			s.Claims = make([]graph.Claim, 1)
			err = json.Unmarshal(b, &s.Claims[0])
		} else {
			err = json.Unmarshal(b, &s.Claims)
		}
		if err != nil {
			return nil, false
		}
		t = append(t, s)
	}
	return t, true
}

// check rejects what the form does not allow, and returns what of the text is
// worth reading.
func (f Form) check(c *checker, t graph.DraftText) graph.DraftText {
	for _, want := range f {
		if !slices.ContainsFunc(t, func(s graph.DraftSection) bool { return s.Name == want.Name }) {
			if least, _ := want.bounds(); least > 0 {
				c.reject(CheckLength, want.Name, "this section is missing")
			}
		}
	}
	var out graph.DraftText
	for i, s := range t {
		want, ok := f.section(s.Name)
		switch {
		case !ok:
			c.reject(CheckLength, clip(s.Name), "this section was not asked for")
			continue
		case slices.ContainsFunc(t[:i], func(e graph.DraftSection) bool { return e.Name == s.Name }):
			c.reject(CheckLength, s.Name, "this section is there twice")
			continue
		}
		least, most := want.bounds()
		switch n := len(s.Claims); {
		case n < least:
			c.reject(CheckLength, s.Name, "there are %d claims; at least %d are needed", n, least)
		case n > most:
			c.reject(CheckLength, s.Name, "there are %d claims; at most %d are allowed", n, most)
			s.Claims = s.Claims[:most] // the rest is not worth reading
		}
		out = append(out, s)
	}
	return out
}

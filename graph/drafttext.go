package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
)

// DraftText is the text of a draft: its sections in the order in which they
// are read. In JSON it is an object with a member for each section. Nil is a
// text without sections, and {} in JSON.
type DraftText []DraftSection

// DraftSection is one part of a draft's text.
type DraftSection struct {
	Name string // as the task names it: "summary", "steps", "limits"
	// Single says that the section is one claim by its nature: an object in
	// JSON, where others are lists.
	Single bool
	Claims []Claim
}

// Claim is one or two sentences and the handles that they rest on. The other
// members are the graph's word, never a generator's, and absent in most tasks.
type Claim struct {
	Text     string   `json:"text"`
	Evidence []string `json:"evidence"`
	// Subject is the ATT&CK ID that the claim is about, where the graph decided
	// that there is to be a claim about it.
	Subject string `json:"subject,omitempty"`
	// Verdict is a code of [Standing] in drafts of triage.
	Verdict string `json:"verdict,omitempty"`
	// Quiz is the question whose answer the claim explains.
	Quiz *Question `json:"quiz,omitempty"`
}

// Question is one question of a quiz. Its answer is an edge of the graph, so
// that it can be held against the graph.
type Question struct {
	// Kind says what is asked: "mitigates" (which of these mitigates Subject),
	// "tactic" (which of these tactics does Subject serve) or "open" (on which
	// of these devices is Subject open).
	Kind    string   `json:"kind"`
	Subject string   `json:"subject"` // a technique's ATT&CK ID
	Text    string   `json:"text"`
	Options []string `json:"options"` // at least two: mitigations as ID and name, tactics by name, devices by ID
	Right   int      `json:"right"`   // index into Options of the one that is right
}

// Section returns the claims of a section, nil where the text has none of
// that name.
func (t DraftText) Section(name string) []Claim {
	for _, s := range t {
		if s.Name == name {
			return s.Claims
		}
	}
	return nil
}

// Claims runs through all claims in reading order, each with its place:
// "summary", or "steps[0]" in a section that is a list.
func (t DraftText) Claims() iter.Seq2[string, Claim] {
	return func(yield func(string, Claim) bool) {
		for _, s := range t {
			for i, c := range s.Claims {
				where := s.Name
				if !s.Single {
					where = fmt.Sprintf("%s[%d]", s.Name, i)
				}
				if !yield(where, c) {
					return
				}
			}
		}
	}
}

// MarshalJSON writes an object with a member for each section, in order.
func (t DraftText) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, s := range t {
		if i > 0 {
			b.WriteByte(',')
		}
		var v any = s.Claims
		switch {
		case s.Single && len(s.Claims) != 1:
			return nil, fmt.Errorf("graph: section %q of a draft is one claim, and has %d", s.Name, len(s.Claims))
		case s.Single:
			v = s.Claims[0]
		case s.Claims == nil:
			v = []Claim{}
		}
		name, err := json.Marshal(s.Name)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes and keeps the order of the
// members. A name that occurs twice is an error.
func (t *DraftText) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if open, err := d.Token(); err != nil {
		return err
	} else if open == nil { // null changes nothing
		return nil
	} else if open != json.Delim('{') {
		return fmt.Errorf("graph: the text of a draft is no JSON object")
	}
	out := DraftText{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		s := DraftSection{Name: name.(string)}
		for _, earlier := range out {
			if earlier.Name == s.Name {
				return fmt.Errorf("graph: the text of a draft has the section %q twice", s.Name)
			}
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("graph: section %q of a draft: %w", s.Name, err)
		}
		if s.Single = raw[0] == '{'; s.Single {
			s.Claims = make([]Claim, 1)
			err = json.Unmarshal(raw, &s.Claims[0])
		} else {
			err = json.Unmarshal(raw, &s.Claims)
		}
		if err != nil {
			return fmt.Errorf("graph: section %q of a draft: %w", s.Name, err)
		}
		out = append(out, s)
	}
	*t = out
	return nil
}

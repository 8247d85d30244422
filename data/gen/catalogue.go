package main

import "fmt"

// A catalogue is a list of weaknesses as data/cwe and data/owasp hold it.
type catalogue struct {
	Catalogue  string
	Version    string
	Source     string
	Weaknesses []weakness
}

// A weakness is an entry of a catalogue.
type weakness struct {
	ID          string   `json:"id"`
	Kind        string   `json:"kind,omitempty"` // category or view; empty for a weakness
	Name        string   `json:"name"`
	Abstraction string   `json:"abstraction,omitempty"` // Pillar, Class, Base, Variant or Compound
	Status      string   `json:"status,omitempty"`      // Stable, Draft, Incomplete, Obsolete or Deprecated
	Parents     []string `json:"parents,omitempty"`     // IDs, the primary parent first
}

// encode writes one weakness a line, in the order given.
func (c catalogue) encode() ([]byte, error) {
	lines := make([][]byte, len(c.Weaknesses))
	for i, w := range c.Weaknesses {
		line, err := compact(w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.ID, err)
		}
		lines[i] = line
	}
	head := "{"
	for _, member := range [][2]string{{"catalogue", c.Catalogue}, {"version", c.Version}, {"source", c.Source}} {
		value, err := compact(member[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", member[0], err)
		}
		head += `"` + member[0] + `":` + string(value) + ",\n"
	}
	return perLine(head+`"weaknesses":[`, lines, "]}"), nil
}

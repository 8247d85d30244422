package mitre

import (
	"encoding/json"
	"sync"

	"github.com/mitigraph/mitigraph/data"
)

// TextSource says who wrote a text.
type TextSource string

// The sources of texts.
const (
	NoText       TextSource = ""
	OfficialText TextSource = "official"  // MITRE's description
	SummaryText  TextSource = "mitigraph" // this project's summary, in its own words
)

// Text returns the official description of an object where its catalogue has
// one, else this project's summary, and says which; the empty string and
// [NoText] when there is neither, and for nil.
func Text(o Object) (string, TextSource) {
	if isNil(o) {
		return "", NoText
	}
	p := o.Common()
	if p.Description != "" {
		return p.Description, OfficialText
	}
	if s, ok := Summary(p.ID); ok {
		return s, SummaryText
	}
	return "", NoText
}

// Summary returns this project's own one to three sentences about the live
// technique, mitigation, asset or tactic of ATT&CK for ICS 19.1 with the given
// ATT&CK ID; false for every other ID.
func Summary(id string) (string, bool) {
	s, ok := summaries()[id]
	return s, ok
}

var summaries = sync.OnceValue(func() map[string]string {
	var file struct {
		Summaries map[string]string `json:"summaries"`
	}
	// What can't be read here is found by the tests: it is part of the module.
	if b, err := data.FS.ReadFile(data.Summaries); err == nil {
		_ = json.Unmarshal(b, &file)
	}
	return file.Summaries
})

package identify

import (
	_ "embed"
	"encoding/json"
	"sync"

	"github.com/mitigraph/mitigraph/mitre"
)

//go:embed sentences.json
var sentencesJSON []byte

// sentences are this project's own, by the ATT&CK ID of the technique that each
// tells of: as the report of an incident or of a program could.
var sentences = sync.OnceValue(func() map[string][]string {
	var by map[string][]string
	_ = json.Unmarshal(sentencesJSON, &by) // what can't be read here is found by the tests
	return by
})

// today is the ID that a technique has in the embedded release, where an older
// one gave it another.
func today(id string) string {
	if c, err := mitre.Embedded(); err == nil {
		if o, ok := c.Lookup(id); ok {
			if r, err := c.Resolve(id); err == nil && r.Object != nil {
				o = r.Object
			}
			return o.Common().ID
		}
	}
	return id
}

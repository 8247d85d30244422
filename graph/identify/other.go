package identify

import (
	_ "embed"
	"encoding/json"
	"sync"
)

//go:embed other.json
var otherJSON []byte

// otherKind marks sentences on something else.
const otherKind Kind = "other"

// otherTexts are this project's own sentences about anything but attacks.
var otherTexts = sync.OnceValue(func() []string {
	var texts []string
	_ = json.Unmarshal(otherJSON, &texts) // what can't be read here is found by the tests
	return texts
})

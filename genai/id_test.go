package genai

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/graph"
)

// An ID is one of what is written for what, and long lists make no other.
func TestID(t *testing.T) {
	text := graph.DraftText{{Name: "summary", Single: true, Claims: []graph.Claim{{Text: "a", Evidence: []string{"E1"}}}}}
	d := graph.Draft{Generator: "template", Text: text}
	long := make([]string, 20_000)
	for i := range long {
		long[i] = strings.Repeat("x", i%7)
	}
	seen := map[string]string{}
	for name, id := range map[string]string{
		"a gap":           id("mitigation", []string{"no_mitigation", "T0837", "F-1"}, d),
		"split elsewhere": id("mitigation", []string{"no_mitigation", "T0837F-1"}, d),
		"another order":   id("mitigation", []string{"no_mitigation", "F-1", "T0837"}, d),
		"another task":    id("policy", []string{"no_mitigation", "T0837", "F-1"}, d),
		"a long list":     id("mitigation", long, d),
		"one less":        id("mitigation", long[1:], d),
		"other text":      id("mitigation", []string{"no_mitigation", "T0837", "F-1"}, graph.Draft{Generator: "template"}),
		"other generator": id("mitigation", []string{"no_mitigation", "T0837", "F-1"}, graph.Draft{Generator: "x", Text: text}),
	} {
		assert.Regexp(t, `^draft--[0-9a-f]{16}$`, id)
		assert.NotContains(t, seen, id, "%s and %s", name, seen[id])
		seen[id] = name
	}
	assert.Equal(t, id("mitigation", long, d), id("mitigation", append([]string{}, long...), d))
}

package genai

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
)

// A draft's ID is that of the JSON array, whatever the findings are called.
func TestIDIsThatOfTheArray(t *testing.T) {
	many := []string{}
	for i := range 9000 {
		many = append(many, fmt.Sprintf("F-%d", i))
	}
	for _, findings := range [][]string{nil, {}, {"F-1"}, {`a "b" \ <c> & é`, "\x00\x7f\u2028", "bad \xff"}, many} {
		g := graph.Gap{Kind: graph.GapNoMitigation, Technique: "T0837", Findings: findings}
		d := graph.Draft{Generator: "x <y>", Text: graph.DraftText{Summary: graph.Claim{Text: "& more"}}}
		b, err := json.Marshal([]any{g.Kind, g.Technique, g.Findings, d.Generator, d.Text})
		require.NoError(t, err)
		sum := sha256.Sum256(b)
		assert.Equal(t, "draft--"+hex.EncodeToString(sum[:8]), id(g, d))
	}
}

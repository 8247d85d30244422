package escape_test

import (
	"encoding/json"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

func TestJSON(t *testing.T) {
	for _, s := range []string{"", "plain", "naïve 漢字 🙂", "a\u202eb", "\u009b31m", "\u007f", "\u00a0", "x\U000e0041y", "\ufeff\u200b", "a\ufe0fb\U000e0101c\u034fd\u3164"} {
		plain, err := json.Marshal(s)
		require.NoError(t, err)
		got := escape.JSON(plain)
		for _, r := range string(got) {
			assert.True(t, unicode.IsPrint(r) && !unicode.Is(unicode.Variation_Selector, r) && r != 0x34f && r != 0x3164, "%q holds %U", got, r)
		}
		var back string
		require.NoError(t, json.Unmarshal(got, &back))
		assert.Equal(t, s, back)
	}
	assert.Equal(t, `"a\u202eb"`, string(escape.JSON([]byte("\"a\u202eb\""))))
}

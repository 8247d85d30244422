package escape_test

import (
	"encoding/json"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/report/internal/escape"
)

func TestJSON(t *testing.T) {
	for _, s := range []string{"", "plain", "naïve 漢字 🙂", "a\u202eb", "\u009b31m", "\u007f", "\u00a0", "x\U000e0041y", "\ufeff\u200b"} {
		plain, err := json.Marshal(s)
		require.NoError(t, err)
		got := escape.JSON(plain)
		for _, r := range string(got) {
			assert.True(t, unicode.IsPrint(r), "%q holds %U", got, r)
		}
		var back string
		require.NoError(t, json.Unmarshal(got, &back))
		assert.Equal(t, s, back)
	}
	assert.Equal(t, `"a\u202eb"`, string(escape.JSON([]byte("\"a\u202eb\""))))
}

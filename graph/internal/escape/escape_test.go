package escape_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

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

// TestEachPlace puts what is to be escaped, and what looks like it, at each
// place of a word.
func TestEachPlace(t *testing.T) {
	for _, r := range []rune{'\x7e', '\x7f', '\u0080', 'é', 'ÿ', '\u200b', '\u202e', '\U000e0001'} {
		for before := range 18 {
			for _, fill := range []string{"a", "~", "é"} {
				text := strings.Repeat(fill, before) + string(r) + strings.Repeat(fill, 17)
				want := text
				if !unicode.IsPrint(r) {
					want = strings.Repeat(fill, before) + escaped(r) + strings.Repeat(fill, 17)
				}
				assert.Equal(t, want, string(escape.JSON([]byte(text))), "%U behind %d", r, before)
			}
		}
	}
}

func escaped(r rune) string {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

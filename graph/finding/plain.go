package finding

import (
	"strings"
	"unicode"

	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

// Plain makes text from an input safe to stand on one line of a terminal or in
// a sentence: control and format characters (escape sequences, bidirectional
// overrides, zero-width characters) are removed, and so are others that show
// nothing and can carry a text that only a machine reads (variation selectors,
// joiners, fillers); invalid UTF-8 is replaced, white
// space is folded to single spaces. What is longer than limit
// characters is cut and ends in an ellipsis; a limit of 0 or less means none.
// What the text says is not changed: it is still the input's word.
func Plain(s string, limit int) string {
	if (limit <= 0 || len(s) <= limit) && isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	n, space := 0, false
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if unicode.IsSpace(r) {
			space = n > 0
			continue
		}
		if !escape.Seen(r) {
			continue
		}
		if space {
			b.WriteByte(' ')
			n, space = n+1, false
		}
		if limit > 0 && n >= limit {
			return strings.TrimRight(b.String(), " ") + "…"
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// isPlain says of most plain texts that they are: ASCII, words and single
// spaces between them.
func isPlain(s string) bool {
	space := true
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			if space {
				return false
			}
			space = true
		case c < ' ' || c >= 0x7f:
			return false
		default:
			space = false
		}
	}
	return !space || s == ""
}

package finding

import (
	"strings"
	"unicode"
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
	var b strings.Builder
	n, space := 0, false
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if unicode.IsSpace(r) {
			space = n > 0
			continue
		}
		if !unicode.IsPrint(r) || unseen(r) {
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

// unseen reports whether a character counts as printable and shows nothing.
func unseen(r rune) bool {
	const first = 0x34F // before it there is none
	return r >= first && (unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r))
}

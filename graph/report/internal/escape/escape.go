// Package escape takes from what is written all that a terminal, an editor or a
// browser could obey.
package escape

import (
	"encoding/binary"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON returns a JSON text that means the same, in which no character is there
// that can't be seen: control and format characters are written as escapes. It
// returns b itself where there is none. The text must be UTF-8 and may be a
// part, if no character is cut.
func JSON(b []byte) []byte {
	var out []byte
	done := 0
	for i := 0; i < len(b); {
		if len(b)-i >= 8 {
			// A byte of 0x7f or more leaves its highest bit, before or after one is
			// added. A carry, which only such a byte has, at most looks closer.
			if w := binary.LittleEndian.Uint64(b[i:]); (w|(w+0x0101010101010101))&0x8080808080808080 == 0 {
				i += 8
				continue
			}
		}
		if b[i] < 0x7f { // below a space only line breaks and tabs between values
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if !unicode.IsPrint(r) || Unseen(r) {
			out = append(out, b[done:i]...)
			if r > 0xffff {
				high, low := utf16.EncodeRune(r)
				out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
			} else {
				out = fmt.Appendf(out, `\u%04x`, r)
			}
			done = i + n
		}
		i += n
	}
	if done == 0 {
		return b
	}
	return append(out, b[done:]...)
}

// Unseen says of a character that counts as printable that it shows nothing:
// variation selectors, the grapheme joiner and fillers.
func Unseen(r rune) bool {
	return unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

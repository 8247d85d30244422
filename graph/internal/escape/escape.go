// Package escape tells what a terminal, an editor or a browser could obey
// without showing it, and takes it from what is written.
package escape

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Seen says of a character that it shows something: it is printable, and none
// of those that count as printable and show nothing, such as variation
// selectors, the grapheme joiner and fillers.
func Seen(r rune) bool {
	const first = 0x34F // before it there is none of the latter
	return unicode.IsPrint(r) && (r < first ||
		!unicode.Is(unicode.Variation_Selector, r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r))
}

// JSON returns a JSON text that means the same, in which no character is there
// that can't be seen: control and format characters are written as escapes. It
// returns b itself where there is none. The text must be UTF-8 and may be a
// part, if no character is cut.
func JSON(b []byte) []byte {
	var out []byte
	done := 0
	for i := 0; i < len(b); {
		if i+8 <= len(b) {
			const ones, highs = 0x0101010101010101, 0x8080808080808080
			if x := binary.LittleEndian.Uint64(b[i:]); (x|(x+ones))&highs == 0 { // eight below 0x7f
				i += 8
				continue
			}
		}
		if b[i] < 0x7f { // below a space only line breaks and tabs between values
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if !Seen(r) {
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

// Write writes all of a text: a writer that takes less, and says nothing, gives
// [io.ErrShortWrite].
func Write(w io.Writer, b []byte) error {
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		return io.ErrShortWrite
	}
	return err
}

// NQuads returns a text in N-Quads that means the same, in which no character is
// there that can't be seen, but for the line breaks; it is a whole one, or a part
// in which no character is cut.
func NQuads(b []byte) []byte {
	var out []byte
	done := 0
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r != '\n' && !Seen(r) {
			out = append(out, b[done:i]...)
			if r > 0xffff {
				out = fmt.Appendf(out, `\U%08X`, r)
			} else {
				out = fmt.Appendf(out, `\u%04X`, r)
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

// Text returns a text without what can't be seen, for forms that have no
// escapes. White space but for line breaks and tabs is a space.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', Seen(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, s)
}

package finding

import "strings"

// Markdown makes any text one line of CommonMark that is text only, as [Plain]
// does for a terminal: it can begin no heading, list, link, image, address,
// table, code, formula or HTML, at the begin of a line or in a cell of a table.
// An @ is written "(at)".
func Markdown(s string) string {
	s = Plain(s, 0)
	var b strings.Builder
	done := 0 // what is before it is in b
	put := func(until int, words string) {
		b.WriteString(s[done:until])
		b.WriteString(words)
		done = until
	}
	opens := opener(s)
	for i := range len(s) {
		c := s[i]
		if i == opens {
			put(i, `\`)
			if c != ':' {
				continue
			}
		}
		switch c {
		case '\\', '`', '*', '_', '{', '}', '[', ']', '#', '!', '|', '~', '$':
			put(i, `\`)
		case '<':
			put(i, "&lt;")
			done++
		case '>':
			put(i, "&gt;")
			done++
		case '@':
			put(i, " (at) ")
			done++
		case ':':
			if strings.HasPrefix(s[i:], "://") {
				put(i+1, `\`)
			}
		case '&':
			if entity(s[i+1:]) {
				put(i+1, "amp;")
			}
		case '.':
			if i >= 3 && strings.EqualFold(s[i-3:i], "www") {
				put(i, `\`)
			}
		}
	}
	if b.Len() == 0 {
		return s
	}
	put(len(s), "")
	return b.String()
}

// opener is where a mark stands that makes the line a list or a heading; -1
// where none does.
func opener(s string) int {
	digits := 0
	for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
		digits++
	}
	switch {
	case s == "", digits > 9, digits == len(s):
	case digits == 0 && strings.IndexByte("-+=:", s[0]) >= 0, digits > 0 && (s[digits] == '.' || s[digits] == ')'):
		return digits
	}
	return -1
}

// entity says whether what follows an ampersand makes it an entity.
func entity(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '#' && i == 0:
			return true
		case c == ';':
			return i > 0
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return false
}

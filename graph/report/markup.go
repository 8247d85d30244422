package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

// markup is HTML that this package wrote: a constant, which becomes markup by
// itself, or what [hypertext.put] could have written. Every other text is a
// string, and does not compile where markup is asked for.
type markup string

// hypertext writes HTML, much at a time. After an error it writes nothing.
type hypertext struct {
	w   io.Writer
	b   []byte // what is not written yet
	err error
}

func (h *hypertext) flush() {
	if h.err == nil {
		h.err = escape.Write(h.w, h.b)
	}
	h.b = h.b[:0]
}

// put writes HTML in which each {} stands for the next argument, between tags
// or in a quoted attribute. A string, and each of a list with commas between
// them, becomes text there; a whole number is written as it is and any other
// with two decimals.
func (h *hypertext) put(format markup, args ...any) {
	for {
		i := strings.Index(string(format), "{}")
		if i < 0 {
			break
		}
		h.b = append(h.b, format[:i]...)
		format = format[i+len("{}"):]
		switch a := args[0].(type) {
		case string:
			h.text(a)
		case []string:
			for j, s := range a {
				if j > 0 {
					h.b = append(h.b, ", "...)
				}
				h.text(s)
			}
		case markup:
			h.b = append(h.b, a...)
		case int:
			h.b = strconv.AppendInt(h.b, int64(a), 10)
		case float64:
			h.b = strconv.AppendFloat(h.b, a, 'f', 2, 64)
		default:
			h.text(fmt.Sprint(a))
		}
		args = args[1:]
	}
	if h.b = append(h.b, format...); len(h.b) > 32<<10 {
		h.flush()
	}
}

// given writes HTML with one argument, and nothing where that is empty.
func (h *hypertext) given(format markup, s string) {
	if s != "" {
		h.put(format, s)
	}
}

// text writes what a string shows: what a browser could take for markup as
// entities, white space as spaces, and nothing for what can't be seen.
func (h *hypertext) text(s string) {
	done := 0
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f {
			if entity := entities[c]; entity != "" {
				h.b = append(append(h.b, s[done:i]...), entity...)
				done = i + 1
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || !escape.Seen(r) {
			h.b = append(h.b, s[done:i]...)
			done = i + n
			switch {
			case r == utf8.RuneError:
				h.b = utf8.AppendRune(h.b, r)
			case unicode.IsSpace(r):
				h.b = append(h.b, ' ')
			}
		}
		i += n
	}
	h.b = append(h.b, s[done:]...)
}

var entities = [0x7f]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&#34;", '\'': "&#39;", '+': "&#43;"}

package finding

import (
	"bytes"
	"encoding/json"
	"iter"
)

// The functions here walk over JSON that is known to be valid, without
// copying it. The standard decoder keeps neither a member that stands there
// twice nor, cheaply, the text of a value.

// eachMember yields the members of an object as they are written.
func eachMember(object []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for i := bytes.IndexByte(object, '{') + 1; ; {
			if i = skipBlank(object, i); object[i] == '}' {
				return
			}
			end := valueEnd(object, i)
			name, usual := usualNames[string(object[i:end])]
			if !usual {
				name = stringOf(object[i:end])
			}
			i = skipBlank(object, end) // the colon counts as blank
			end = valueEnd(object, i)
			if !yield(name, object[i:end]) {
				return
			}
			i = end
		}
	}
}

// usualNames need not be made again for each record.
var usualNames = func() map[string]string {
	quoted := map[string]string{}
	for _, name := range members {
		quoted[`"`+name+`"`] = name
	}
	return quoted
}()

// eachElement yields the elements of an array as they are written.
func eachElement(array []byte) iter.Seq2[int, json.RawMessage] {
	return func(yield func(int, json.RawMessage) bool) {
		for i, n := bytes.IndexByte(array, '[')+1, 0; ; n++ {
			if i = skipBlank(array, i); array[i] == ']' {
				return
			}
			end := valueEnd(array, i)
			if !yield(n, array[i:end]) {
				return
			}
			i = end
		}
	}
}

// skipBlank passes over white space and what separates values.
func skipBlank(b []byte, i int) int {
	for {
		switch b[i] {
		case ' ', '\t', '\r', '\n', ',', ':':
			i++
		default:
			return i
		}
	}
}

// valueEnd is where the value that begins at i ends.
func valueEnd(b []byte, i int) int {
	for depth := 0; ; i++ {
		if i == len(b) { // a number that nothing follows
			return i
		}
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
			if depth == 0 {
				return i
			}
			i--
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i // behind a number or a word
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
}

// stringEnd is where the string whose quotation mark is at i ends.
func stringEnd(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// stringOf decodes a string.
func stringOf(raw []byte) (s string) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	_ = json.Unmarshal(raw, &s) // valid, as all here
	return s
}

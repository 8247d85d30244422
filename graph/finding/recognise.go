package finding

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// describe says what a file seems to be, for the error about it.
func describe(head []byte) string {
	if kind := foreign(head); kind != "" {
		return "this is " + kind
	}
	const want = `want findings (a JSON array, an object with "findings", or one object a line) or a CSAF 2.0 advisory`
	if bytes.IndexByte(head, 0) >= 0 || !isUTF8(head) {
		return "binary content, or text that is not UTF-8; " + want
	}
	return want
}

// isUTF8 forgives a character that the end of a full head cuts in two.
func isUTF8(head []byte) bool {
	full := len(head) == headSize
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size == 1 {
			return full && !utf8.FullRune(head)
		}
		head = head[size:]
	}
	return true
}

// Members returns the names of the members of the JSON object that head
// begins with, in their order, as far as the head goes: for [Format.Match].
// Names further inside don't count. It returns nil where head begins with
// anything else.
func Members(head []byte) []string {
	d := json.NewDecoder(bytes.NewReader(head))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var names []string
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			break
		}
		names = append(names, name)
		if !skipValue(d) {
			break
		}
	}
	return names
}

// skipValue passes over one value token by token, so that one which the head
// cuts off costs no more than the head.
func skipValue(d *json.Decoder) bool {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return false
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return true
		}
	}
}

// foreign recognises other JSON that people have at hand, by the names of its
// outermost members: a finding may quote any of it.
func foreign(head []byte) string {
	names := Members(head)
	member := func(s string) bool { return slices.Contains(names, s) }
	within := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	switch {
	case member("attack") && within(`"domain"`) && (member("findings") || member("drafts") || member("gaps")):
		return "a report of this program, not findings; give the file that it was made from"
	case member("findings"):
		return ""
	case member("$schema") && (member("$id") || member("$defs") || member("properties")):
		return "a JSON Schema, not findings"
	case member("document") && within(`"csaf_version"`), member("product_tree"):
		return "a CSAF advisory"
	case member("bomFormat"):
		return "a CycloneDX document, which can't be read yet"
	case member("runs") && (member("version") || member("$schema") || within(`"tool"`)):
		return "a SARIF log, which can't be read yet"
	case member("objects") && (within(`"bundle`) || within(`"spec_version"`)):
		return "a STIX bundle, not findings"
	}
	return ""
}

// isUTF16 goes by the byte order mark, or by the zero byte beside the first
// character where there is none.
func isUTF16(head []byte) bool {
	if len(head) < 2 {
		return false
	}
	a, b := head[0], head[1]
	return a == 0xff && b == 0xfe || a == 0xfe && b == 0xff ||
		a == 0 && (b == '[' || b == '{') || b == 0 && (a == '[' || a == '{')
}

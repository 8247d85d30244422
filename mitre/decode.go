package mitre

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decoder reads a bundle's JSON (RFC 8259) in one pass, straight into what a
// catalogue keeps. A general decoder would make an object for every element
// before anybody could look at it, so that a small hostile file takes all
// memory; it would take "ID" for "id", and let the last of two members with
// one name win, where [Catalog.Write] keeps another. Both are refused here.
//
// The first error stays in err and ends every loop: nothing need be checked
// between two steps. The tests hold the result against that of encoding/json.
type decoder struct {
	b   string
	i   int // the next byte
	err error

	place string // where err is, such as "objects[3].name"; grows while the loops end
	kind  bool   // err is a value of the wrong kind, which has a place
	depth int
	lists int      // elements of lists so far
	names []span   // of the members so far, of all objects that are open
	odd   []string // such names that were written with escapes

	scratch []byte           // for a string with escapes
	texts   *strings.Builder // where such strings are cut from
	strings []string         // where lists of strings are cut from
	last    []string         // the list before
	refs    []Reference      // where lists of references are cut from
}

const (
	maxDepth = 1000
	chunk    = 16 << 10 // bytes of unescaped strings in one allocation
)

// span is a part of the document. Unlike a string it is nothing to the
// collector.
type span struct{ from, to int32 }

func (s span) of(document string) string { return document[s.from:s.to] }

// nameOf returns a name, which is a place in odd if it ends before it begins.
func (d *decoder) nameOf(s span) string {
	if s.to < s.from {
		return d.odd[s.from-1]
	}
	return s.of(d.b)
}

// fail keeps the first error, and makes an end of the reading.
func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.i = len(d.b)
}

// failAt is fail with the place in the document, which explain tells.
func (d *decoder) failAt(at int, err error) { d.fail(&positionError{at, err}) }

type positionError struct {
	at  int
	err error
}

func (e *positionError) Error() string { return e.err.Error() }
func (e *positionError) Unwrap() error { return e.err }

// syntax says that something else has to stand at i.
func (d *decoder) syntax(i int, want string) {
	switch {
	case d.err != nil:
	case i >= len(d.b):
		d.failAt(len(d.b), fmt.Errorf("unexpected end of JSON input, want %s", want))
	default:
		r, _ := utf8.DecodeRuneInString(d.b[i:])
		d.failAt(i, fmt.Errorf("invalid character %q, want %s", r, want))
	}
}

// wrong says that the value at i is of another kind than the one wanted.
func (d *decoder) wrong(want string) {
	found := ""
	switch c := d.space(); {
	case c == '{':
		found = "an object"
	case c == '[':
		found = "an array"
	case c == '"':
		found = "a string"
	case c == 't', c == 'f':
		found = "a boolean"
	case c == 'n':
		found = "null"
	case c == '-', c >= '0' && c <= '9':
		found = "a number"
	default:
		d.syntax(d.i, want)
		return
	}
	if d.err == nil {
		d.kind = true
		d.fail(fmt.Errorf("%s, want %s", found, want))
	}
}

// space goes to the next byte that is not white space and returns it, 0 at
// the end.
func (d *decoder) space() byte {
	for d.i < len(d.b) {
		c := d.b[d.i]
		if c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		d.i++
	}
	return 0
}

// members goes over an object:
//
//	for m := d.object(); m.next(); {
//		switch m.name {
type members struct {
	d     *decoder
	from  int    // of d.names
	seen  uint64 // a bit for each name, which several may share
	name  string
	begun bool
}

func (d *decoder) object() members {
	d.open('{', "an object")
	return members{d: d, from: len(d.names)}
}

func (d *decoder) open(c byte, want string) {
	if d.space() != c {
		d.wrong(want)
		return
	}
	d.i++
	if d.depth++; d.depth > maxDepth {
		d.failAt(d.i-1, fmt.Errorf("nested deeper than %d", maxDepth))
	}
}

// more reports whether a further value follows, and goes to it.
func (d *decoder) more(begun bool, end byte) bool {
	switch c := d.space(); {
	case c == end && d.i < len(d.b):
		d.i++
		d.depth--
		return false
	case !begun:
		return d.err == nil
	case c == ',':
		d.i++
		return true
	default:
		d.syntax(d.i, "',' or '"+string(end)+"'")
		return false
	}
}

func (m *members) next() bool {
	d := m.d
	if d.err != nil {
		if m.begun && d.kind {
			d.place = joinPlace(m.name, d.place)
		}
		return false
	}
	if !d.more(m.begun, '}') {
		if len(d.names)-m.from > fewNames {
			d.distinct(d.names[m.from:])
		}
		d.names = d.names[:m.from]
		return false
	}
	m.begun = true
	if d.space() != '"' {
		d.syntax(d.i, "a member's name")
		return false
	}
	at := d.i
	m.name = d.text()
	place := span{int32(at + 1), int32(d.i - 1)}
	if d.space() != ':' {
		d.syntax(d.i, "':'")
		return false
	}
	d.i++
	// Few names are looked through, and only where the bit is taken.
	var bit uint64 = 1
	if n := len(m.name); n > 0 {
		bit <<= (uint(n)*7 + uint(m.name[n-1])*5 + uint(m.name[n/2])) % 64
	}
	if before := d.names[m.from:]; m.seen&bit != 0 && len(before) <= fewNames {
		for _, name := range before {
			if d.nameOf(name) == m.name {
				d.twice(at, m.name)
				return false
			}
		}
	}
	m.seen |= bit
	if int(place.to-place.from) != len(m.name) {
		d.odd = append(d.odd, m.name)
		place = span{int32(len(d.odd)), 0}
	}
	d.names = append(d.names, place)
	return true
}

// fewNames is how many names of an object are compared one by one.
const fewNames = 64

// distinct says if one of the names is there twice.
func (d *decoder) distinct(names []span) {
	slices.SortFunc(names, func(a, b span) int { return strings.Compare(d.nameOf(a), d.nameOf(b)) })
	for i := 1; i < len(names); i++ {
		if name := d.nameOf(names[i]); name == d.nameOf(names[i-1]) {
			d.twice(d.i-1, name)
			return
		}
	}
}

func (d *decoder) twice(at int, name string) {
	d.failAt(at, fmt.Errorf("the member %q is there twice", name))
}

func joinPlace(outer, inner string) string {
	if inner == "" || inner[0] == '[' {
		return outer + inner
	}
	return outer + "." + inner
}

// elements goes over a list.
type elements struct {
	d     *decoder
	n     int // the elements that were begun
	begun bool
}

func (d *decoder) list() elements {
	d.open('[', "an array")
	return elements{d: d}
}

func (e *elements) next() bool {
	d := e.d
	if d.err != nil {
		if e.begun && d.kind {
			d.place = joinPlace("["+strconv.Itoa(e.n-1)+"]", d.place)
		}
		return false
	}
	if !d.more(e.begun, ']') {
		return false
	}
	e.begun = true
	e.n++
	return true
}

// null reports whether the next value is null, and skips it.
func (d *decoder) null() bool {
	if d.space() != 'n' {
		return false
	}
	d.literal("null")
	return true
}

func (d *decoder) literal(s string) {
	if !strings.HasPrefix(d.b[d.i:], s) {
		d.syntax(d.i, s)
		return
	}
	d.i += len(s)
}

func (d *decoder) flag() bool {
	switch d.space() {
	case 't':
		d.literal("true")
		return d.err == nil
	case 'f':
		d.literal("false")
	default:
		d.wrong("true or false")
	}
	return false
}

// skip reads a value that nobody asks for.
func (d *decoder) skip() {
	switch d.space() {
	case '{':
		for m := d.object(); m.next(); {
			d.skip()
		}
	case '[':
		for e := d.list(); e.next(); {
			d.skip()
		}
	case '"':
		d.quoted()
	case 't', 'f':
		d.flag()
	case 'n':
		d.literal("null")
	default:
		d.number()
	}
}

func (d *decoder) number() {
	b, i := d.b, d.i
	digits := func() {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		if i == from {
			d.syntax(i, "a value")
		}
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else {
		digits()
	}
	if i < len(b) && b[i] == '.' {
		i++
		digits()
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		digits()
	}
	if d.err == nil {
		d.i = i
	}
}

// quoted reads a string and returns what is between the quotes, and whether
// there are escapes in it.
func (d *decoder) quoted() (string, bool) {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	b, i, escaped := d.b, d.i+1, false
	from := i
	var all uint64
	for {
		// Eight bytes at a time: the lowest byte that is flagged is a quote, a
		// backslash or a control character; others may be flagged wrongly.
		for i+8 <= len(b) {
			w := eight(b[i : i+8])
			all |= w
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			if flagged := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & highs; flagged != 0 {
				i += bits.TrailingZeros64(flagged) / 8
				break
			}
			i += 8
		}
		for i+8 > len(b) && i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
			all |= uint64(b[i])
			i++
		}
		switch {
		case i >= len(b):
			d.syntax(i, "'\"'")
			return "", false
		case b[i] == '"':
			if all&highs != 0 && !utf8.ValidString(b[from:i]) {
				d.failAt(from+invalidUTF8(b[from:i]), errors.New("the text is not UTF-8"))
				return "", false
			}
			d.i = i + 1
			return b[from:i], escaped
		case b[i] == '\\':
			escaped = true
			n := escape(b[i:])
			if n == 0 {
				d.syntax(i+1, "an escape")
				return "", false
			}
			i += n
		default: // a control character
			d.syntax(i, "'\"'")
			return "", false
		}
	}
}

// eight are the first eight bytes of s, which the compiler takes in one step.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// invalidUTF8 is where s ceases to be UTF-8.
func invalidUTF8(s string) int {
	at := 0
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// escape returns how long the escape is that b begins with; 0 if it is none.
func escape(b string) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := unit(b); ok {
			return 6
		}
	}
	return 0
}

// unit returns the number of an escape such as \u00e9.
func unit(b string) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(b[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// text reads a string: a part of the document, unless it has escapes.
func (d *decoder) text() string {
	if d.space() != '"' {
		d.wrong("a string")
		return ""
	}
	raw, escaped := d.quoted()
	if d.err != nil || !escaped {
		return raw
	}
	d.scratch = unescape(d.scratch[:0], raw)
	n := len(d.scratch)
	if d.texts == nil || d.texts.Cap()-d.texts.Len() < n {
		if n > chunk/8 {
			return string(d.scratch)
		}
		d.texts = new(strings.Builder)
		d.texts.Grow(chunk)
	}
	d.texts.Write(d.scratch)
	return d.texts.String()[d.texts.Len()-n:]
}

// unescape appends a string whose escapes are right. Half a surrogate pair
// becomes U+FFFD.
func unescape(out []byte, raw string) []byte {
	for {
		i := strings.IndexByte(raw, '\\')
		if i < 0 {
			return append(out, raw...)
		}
		out = append(out, raw[:i]...)
		raw = raw[i:]
		n := 2
		switch c := raw[1]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			n = 6
			r, _ := unit(raw)
			if utf16.IsSurrogate(r) {
				low, _ := unit(raw[6:])
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					n = 12
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c)
		}
		raw = raw[n:]
	}
}

// words reads a list of strings, of which it leaves one out. A list like the
// one before is the same one. Nothing can be appended to it in place.
func (d *decoder) words(without string) []string {
	from := len(d.strings)
	for e := d.list(); e.next(); {
		d.bound()
		v := ""
		if !d.null() {
			v = d.text()
		}
		if without != "" && v == without {
			continue
		}
		if len(d.strings) == cap(d.strings) { // take what there is of this list along
			grown := make([]string, 0, max(1024, 2*(len(d.strings)-from)))
			d.strings, from = append(grown, d.strings[from:]...), 0
		}
		d.strings = append(d.strings, v)
	}
	list := d.strings[from:len(d.strings):len(d.strings)]
	switch {
	case len(list) == 0:
		return nil
	case slices.Equal(list, d.last):
		d.strings = d.strings[:from]
	default:
		d.last = list
	}
	return d.last
}

// citations reads a list of references, and returns the one to the object's
// own page apart: it is named mitre-attack since 2021 and mitre-ics-attack or
// the like before.
func (d *decoder) citations() (own Reference, refs []Reference) {
	from := len(d.refs)
	for e := d.list(); e.next(); {
		d.bound()
		var r Reference
		if !d.null() {
			for m := d.object(); m.next(); {
				if d.null() {
					continue
				}
				switch m.name {
				case "source_name":
					r.Source = d.text()
				case "external_id":
					r.ID = d.text()
				case "description":
					r.Description = d.text()
				case "url":
					r.URL = d.text()
				default:
					d.skip()
				}
			}
		}
		if len(d.refs) == cap(d.refs) {
			grown := make([]Reference, 0, max(256, 2*(len(d.refs)-from)))
			d.refs, from = append(grown, d.refs[from:]...), 0
		}
		d.refs = append(d.refs, r)
		if own.ID == "" && isOwnPage(r) {
			own = r
		}
	}
	return own, d.refs[from:len(d.refs):len(d.refs)]
}

func isOwnPage(r Reference) bool {
	return r.ID != "" && strings.HasPrefix(r.Source, "mitre-") && strings.HasSuffix(r.Source, "attack")
}

// bound ends the reading where lists have more elements than anything worth
// reading: each of them takes more memory than the file gives for it.
func (d *decoder) bound() {
	if d.lists++; d.lists > freeElements && d.lists > len(d.b)/minElement {
		d.fail(fmt.Errorf("%w: more than %d elements of lists in %d bytes", ErrNotSTIX, d.lists-1, len(d.b)))
	}
}

// explain puts the source and the place before the error, and the ID of the
// object that it is in, which begins at the given byte.
func (d *decoder) explain(name string, original []byte, at int) error {
	var p *positionError
	switch {
	case errors.As(d.err, &p):
		i := unsqueezed(original, p.at)
		return fmt.Errorf("%s: line %d, byte %d: %w", name, 1+bytes.Count(original[:i], []byte("\n")), min(i+1, len(original)), p.err)
	case !d.kind:
		return fmt.Errorf("%s: %w", name, d.err)
	case d.place == "":
		return fmt.Errorf("%s: %w: %w with type and objects", name, ErrNotSTIX, d.err)
	case !strings.HasPrefix(d.place, "objects["):
		return fmt.Errorf("%s: %w: %s: %w", name, ErrNotSTIX, d.place, d.err)
	}
	var o struct {
		ID string `json:"id"`
	}
	err := json.NewDecoder(strings.NewReader(d.b[at:])).Decode(&o)
	if typed := (*json.UnmarshalTypeError)(nil); err != nil && !errors.As(err, &typed) {
		o.ID = ""
	}
	return fmt.Errorf("%s: %s (%s): %w", name, d.place, cmp.Or(o.ID, "no id"), d.err)
}

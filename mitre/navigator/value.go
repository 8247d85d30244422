package navigator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// value is what a member holds. Both directions report what the format does
// not allow as an error, which is a *FieldError from the second level on.
type value interface {
	decode(raw []byte) error // raw is one JSON value but null, without space around it
	encode(e *encoder) error
	absent() bool // whether leaving the member out says the same
}

// encoder collects a layer's JSON.
type encoder struct{ bytes.Buffer }

// kindOf names the kind of a JSON value.
func kindOf(raw []byte) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func want(raw []byte, kind string) error {
	if got := kindOf(raw); got != kind {
		return fmt.Errorf("%s, want %s", got, kind)
	}
	return nil
}

type text string

func (t *text) absent() bool { return *t == "" }
func (t *text) decode(raw []byte) error {
	if err := want(raw, "a string"); err != nil {
		return err
	}
	return json.Unmarshal(raw, (*string)(t))
}

func (t *text) encode(e *encoder) error { return e.text(string(*t)) }

func (e *encoder) text(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s is not UTF-8", short(s))
	}
	enc := json.NewEncoder(e)
	enc.SetEscapeHTML(false)
	err := enc.Encode(s)
	e.Truncate(e.Len() - 1) // the encoder's line break
	return err
}

// version is a text that some tools write as a number.
type version string

func (v *version) absent() bool            { return *v == "" }
func (v *version) encode(e *encoder) error { return e.text(string(*v)) }
func (v *version) decode(raw []byte) error {
	if kindOf(raw) == "a number" {
		*v = version(raw)
		return nil
	}
	return (*text)(v).decode(raw)
}

// navigatorVersion is a version that is at least the first Navigator to know
// the format.
type navigatorVersion string

const firstNavigator = "4.9.0"

func (v *navigatorVersion) absent() bool { return false }
func (v *navigatorVersion) decode(raw []byte) error {
	if err := (*version)(v).decode(raw); err != nil {
		return err
	}
	*v = v.atLeast()
	return nil
}

func (v *navigatorVersion) encode(e *encoder) error { return e.text(string(v.atLeast())) }

func (v *navigatorVersion) atLeast() navigatorVersion {
	if n, ok := numbers(string(*v)); *v == "" || ok && slices.Compare(n, []int{4, 9}) < 0 {
		return firstNavigator
	}
	return *v
}

// layerVersion is always 4.5: decodeLayer has looked at what the file says.
type layerVersion struct{}

func (layerVersion) absent() bool            { return false }
func (layerVersion) decode([]byte) error     { return nil }
func (layerVersion) encode(e *encoder) error { return e.text("4.5") }

type flag bool

func (f *flag) absent() bool { return !bool(*f) }
func (f *flag) decode(raw []byte) error {
	if err := want(raw, "a boolean"); err != nil {
		return err
	}
	*f = raw[0] == 't'
	return nil
}

func (f *flag) encode(e *encoder) error {
	e.WriteString(strconv.FormatBool(bool(*f)))
	return nil
}

type optionalFlag struct{ at **bool }

func (f optionalFlag) absent() bool { return *f.at == nil }
func (f optionalFlag) decode(raw []byte) error {
	*f.at = new(bool)
	return (*flag)(*f.at).decode(raw)
}

func (f optionalFlag) encode(e *encoder) error { return (*flag)(*f.at).encode(e) }

type number float64

func (n *number) absent() bool { return *n == 0 }
func (n *number) decode(raw []byte) error {
	if err := want(raw, "a number"); err != nil {
		return err
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil { // beyond the range, the one error left to a JSON number
		return fmt.Errorf("%s, want a number up to %g", short(string(raw)), math.MaxFloat64)
	}
	*n = number(f)
	return nil
}

func (n *number) encode(e *encoder) error {
	if f := float64(*n); math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("%v, want a finite number", f)
	}
	b, err := json.Marshal(float64(*n))
	e.Write(b)
	return err
}

type optionalNumber struct{ at **float64 }

func (n optionalNumber) absent() bool { return *n.at == nil }
func (n optionalNumber) decode(raw []byte) error {
	*n.at = new(float64)
	return (*number)(*n.at).decode(raw)
}

func (n optionalNumber) encode(e *encoder) error { return (*number)(*n.at).encode(e) }

type integer int

func (i *integer) absent() bool { return *i == 0 }
func (i *integer) decode(raw []byte) error {
	var n number
	if err := n.decode(raw); err != nil {
		return err
	}
	if *i = integer(n); number(*i) != n {
		return fmt.Errorf("%s, want a whole number", short(string(raw)))
	}
	return nil
}

func (i *integer) encode(e *encoder) error {
	e.WriteString(strconv.Itoa(int(*i)))
	return nil
}

type texts []string

func (t *texts) absent() bool { return *t == nil }
func (t *texts) decode(raw []byte) error {
	*t = texts{}
	return each(raw, func(raw []byte) error {
		var s text
		err := s.decode(raw)
		*t = append(*t, string(s))
		return err
	})
}

func (t *texts) encode(e *encoder) error {
	e.WriteByte('[')
	for i, s := range *t {
		if i > 0 {
			e.WriteByte(',')
		}
		if err := e.text(s); err != nil {
			return under(index(i), err)
		}
	}
	e.WriteByte(']')
	return nil
}

// list is a list of objects.
type list[T any, P interface {
	*T
	part
}] struct {
	at    *[]T
	lines bool // each on a line of its own, and written even when empty
}

func (l list[T, P]) absent() bool { return len(*l.at) == 0 && !l.lines }
func (l list[T, P]) decode(raw []byte) error {
	return each(raw, func(raw []byte) error {
		var t T
		err := decodeObject(raw, P(&t))
		*l.at = append(*l.at, t)
		return err
	})
}

func (l list[T, P]) encode(e *encoder) error {
	e.WriteByte('[')
	for i := range *l.at {
		if i > 0 {
			e.WriteByte(',')
		}
		if l.lines {
			e.WriteString("\n    ")
		}
		if err := e.object(P(&(*l.at)[i]), ""); err != nil {
			return under(index(i), err)
		}
	}
	if l.lines && len(*l.at) > 0 {
		e.WriteString("\n  ")
	}
	e.WriteByte(']')
	return nil
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// each calls f for the elements of a list, one at a time, so that a long
// list of the wrong kind costs no memory.
func each(raw []byte, f func(raw []byte) error) error {
	if err := want(raw, "a list"); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return err
	}
	var element json.RawMessage
	for i := 0; d.More(); i++ {
		if err := d.Decode(&element); err != nil {
			return err
		}
		if err := f(element); err != nil {
			return under(index(i), err)
		}
	}
	return nil
}

type object struct{ part }

func (o object) decode(raw []byte) error { return decodeObject(raw, o.part) }
func (o object) encode(e *encoder) error { return e.object(o.part, "") }
func (o object) absent() bool {
	for _, m := range o.members() {
		if !m.value.absent() {
			return false
		}
	}
	return len(*o.others()) == 0
}

type pointer[T any, P interface {
	*T
	part
}] struct{ at **T }

func (p pointer[T, P]) absent() bool { return *p.at == nil }
func (p pointer[T, P]) decode(raw []byte) error {
	*p.at = new(T)
	return decodeObject(raw, P(*p.at))
}

func (p pointer[T, P]) encode(e *encoder) error { return e.object(P(*p.at), "") }

// decodeObject reads an object into p, which is zero.
func decodeObject(raw []byte, p part) error {
	if err := want(raw, "an object"); err != nil {
		return err
	}
	var in rest
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	return decodeMembers(in, p)
}

// decodeMembers reads members into p. It keeps in.
func decodeMembers(in rest, p part) error {
	for _, m := range p.members() {
		raw, ok := in[m.name]
		delete(in, m.name)
		switch ok = ok && raw[0] != 'n'; { // null is as good as missing
		case ok:
			if err := m.value.decode(raw); err != nil {
				return under(m.name, err)
			}
		case m.must != nil && m.must():
			return under(m.name, errMissing)
		}
	}
	for name, raw := range in {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return under(name, err)
		}
		in[name] = slices.Clip(b.Bytes())
	}
	if len(in) > 0 {
		*p.others() = in
	}
	return p.check()
}

var errMissing = errors.New("missing")

// object writes p. Each member starts a line with the indent, if there is
// one.
func (e *encoder) object(p part, indent string) error {
	if err := p.check(); err != nil {
		return err
	}
	sep := "{"
	name := func(s string) {
		e.WriteString(sep)
		sep = ","
		e.WriteString(indent)
		_ = e.text(s) // the format's, or read from UTF-8
		e.WriteByte(':')
		if indent != "" {
			e.WriteByte(' ')
		}
	}
	for _, m := range p.members() {
		if m.value.absent() && (m.must == nil || !m.must()) {
			continue
		}
		name(m.name)
		if err := m.value.encode(e); err != nil {
			return under(m.name, err)
		}
	}
	others := *p.others()
	for _, s := range slices.Sorted(maps.Keys(others)) {
		name(s)
		e.Write(others[s])
	}
	if sep == "{" {
		e.WriteByte('{')
	}
	if indent != "" {
		e.WriteByte('\n')
	}
	e.WriteByte('}')
	return nil
}

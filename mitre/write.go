package mitre

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Write writes the catalogue as a STIX 2.1 bundle: every object and
// relationship that was read, also those of unknown type and those that
// [Catalog.Problems] names, with every property, also unknown ones. Reading
// the result gives an equal catalogue.
//
// The order is fixed: objects by STIX type, then STIX ID, then modification
// date, then content; the members of an object with type, spec_version and id first and the
// others by name. Two bundles with the same content give the same bytes. A
// STIX 2.0 bundle gains what 2.1 demands: spec_version on each object, and
// is_family, which is true, on malware.
//
// Write holds the whole bundle in memory, several times. The context ends it
// between two objects, when part of the bundle may already be written. The
// zero catalogue can't be written: [ErrEmpty].
func (c *Catalog) Write(ctx context.Context, w io.Writer) error {
	if w == nil {
		return errors.New("mitre: there is no writer")
	}
	if ctx == nil {
		ctx = context.Background()
	}
	bundle, objects, err := c.decoded()
	if err != nil {
		return err
	}
	old := bundle["spec_version"] == "2.0"
	if old {
		delete(bundle, "spec_version") // STIX 2.1 has it on the objects
	}
	slices.SortStableFunc(objects, func(a, b any) int {
		for _, key := range []string{"type", "id", "modified"} {
			if n := strings.Compare(text(a, key), text(b, key)); n != 0 {
				return n
			}
		}
		x, _ := json.Marshal(a) // rare: a release has each object once
		y, _ := json.Marshal(b)
		return bytes.Compare(x, y)
	})

	out := writer{to: w}
	out.string("{\n")
	for _, key := range memberOrder(bundle) {
		out.member(" ", key, bundle[key])
		out.string(",\n")
	}
	out.string(` "objects": [`)
	for i, o := range objects {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("writing %s: %w", c.info, err)
		}
		if i > 0 {
			out.string(",")
		}
		out.string("\n  ")
		object, ok := o.(map[string]any)
		if !ok {
			out.value(o)
			continue
		}
		if _, has := object["spec_version"]; old && !has {
			object["spec_version"] = "2.1"
		}
		if _, has := object["is_family"]; old && !has && object["type"] == "malware" {
			object["is_family"] = true
		}
		out.string("{\n")
		for j, key := range memberOrder(object) {
			if j > 0 {
				out.string(",\n")
			}
			out.member("   ", key, object[key])
		}
		out.string("\n  }")
		if out.buf.Len() > 1<<20 {
			out.flush()
		}
		if out.err != nil {
			return out.err
		}
	}
	out.string("\n ]\n}\n")
	out.flush()
	return out.err
}

// decoded returns the bundle without its objects, and the objects, as
// encoding/json decodes them. Each call gives its own.
func (c *Catalog) decoded() (map[string]any, []any, error) {
	if c.document == "" {
		return nil, nil, fmt.Errorf("%s: %w", c.info, ErrEmpty)
	}
	var bundle map[string]any
	d := json.NewDecoder(strings.NewReader(c.document))
	d.UseNumber()
	if err := d.Decode(&bundle); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.info.Source, err)
	}
	objects, _ := bundle["objects"].([]any)
	delete(bundle, "objects")
	return bundle, objects, nil
}

// Raw returns the bundle as it was read, but for indentation, in pieces: its
// members beside "objects" as one JSON object, and each object, in the
// bundle's order. Each call gives its own. To put them together again and read
// the result gives an equal catalogue. The zero catalogue has nothing:
// [ErrEmpty]. [Property] gives a single property.
func (c *Catalog) Raw() (bundle json.RawMessage, objects []json.RawMessage, err error) {
	if c.document == "" {
		return nil, nil, fmt.Errorf("%s: %w", c.info, ErrEmpty)
	}
	members := map[string]json.RawMessage{}
	d := decoder{b: c.document}
	value := func() json.RawMessage {
		d.space()
		from := d.i
		d.skip()
		return json.RawMessage(d.b[from:d.i])
	}
	for m := d.object(); m.next(); {
		name := string(m.name)
		if name != "objects" {
			members[name] = value()
			continue
		}
		for e := d.list(); e.next(); {
			objects = append(objects, value())
		}
	}
	if d.err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.info.Source, d.err)
	}
	bundle, err = json.Marshal(members)
	return bundle, objects, err
}

// Property returns a property of an object that the typed objects have no
// field for, under its name in STIX: x_mitre_contributors, x_mitre_detection,
// x_mitre_data_sources, created_by_ref, or whatever a later release brings.
// T is what the value is decoded into, as by encoding/json; json.RawMessage
// takes any. False says that the object has no such property, or null, or one
// that is no T. [Catalog.Raw] gives the whole of all objects.
//
//	names, ok := mitre.Property[[]string](c, technique, "x_mitre_contributors")
//
// It decodes the object each time, which takes some ten microseconds.
func Property[T any](c *Catalog, o Object, name string) (T, bool) {
	var out, none T
	own, ok := c.own(o)
	if !ok {
		return none, false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(c.spans[own.place].of(c.document)), &members) != nil {
		return none, false
	}
	raw, ok := members[name]
	if !ok || string(raw) == "null" || json.Unmarshal(raw, &out) != nil {
		return none, false
	}
	return out, true
}

const byteOrderMark = "\xef\xbb\xbf"

func text(object any, key string) string {
	m, _ := object.(map[string]any)
	s, _ := m[key].(string)
	return s
}

// memberOrder returns the names of the members in the order in which they
// are written.
func memberOrder(m map[string]any) []string {
	names := slices.Collect(maps.Keys(m))
	first := []string{"type", "spec_version", "id"}
	slices.SortFunc(names, func(a, b string) int {
		i, j := slices.Index(first, a), slices.Index(first, b)
		switch {
		case i >= 0 && j >= 0:
			return i - j
		case i >= 0:
			return -1
		case j >= 0:
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// writer collects output and keeps the first error.
type writer struct {
	to  io.Writer
	buf bytes.Buffer
	err error
}

func (w *writer) string(s string) { w.buf.WriteString(s) }

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.buf, format, args...) }

func (w *writer) member(indent, key string, value any) {
	w.string(indent)
	w.value(key)
	w.string(": ")
	w.value(value)
}

func (w *writer) value(v any) {
	e := json.NewEncoder(&w.buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		w.err = cmp.Or(w.err, err)
		return
	}
	w.buf.Truncate(w.buf.Len() - 1) // Encode ends with a newline
}

func (w *writer) flush() {
	if w.err == nil {
		_, w.err = w.buf.WriteTo(w.to)
	}
}

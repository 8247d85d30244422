package mitre

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/klauspost/compress/s2"
)

// document is a bundle as it was read. It holds what the typed objects do not:
// unknown types and properties, and how a value was spelt. Compressed it is a
// quarter of the file, and compressing runs beside decoding.
type document struct {
	plain []byte   // the embedded facts are in memory anyway
	parts [][]byte // else each partSize bytes of the file, by S2
}

const partSize = 1 << 20

func compress(b []byte) document {
	var d document
	buf := make([]byte, s2.MaxEncodedLen(min(len(b), partSize)))
	for part := range slices.Chunk(b, partSize) {
		d.parts = append(d.parts, bytes.Clone(s2.Encode(buf, part)))
	}
	return d
}

func (d document) bytes() ([]byte, error) {
	if d.parts == nil {
		return d.plain, nil
	}
	out := make([]byte, 0, len(d.parts)*partSize)
	for _, part := range d.parts {
		plain, err := s2.Decode(nil, part)
		if err != nil {
			return nil, err
		}
		out = append(out, plain...)
	}
	return out, nil
}

// Write writes the catalogue as a STIX 2.1 bundle: every object and
// relationship that was read, also those of unknown type and those that
// [Catalog.Problems] names, with every property, also unknown ones. Reading
// the result gives an equal catalogue.
//
// The order is fixed: objects by STIX type, then STIX ID, then modification
// date; the members of an object with type, spec_version and id first and the
// others by name. Two bundles with the same content give the same bytes. A
// STIX 2.0 bundle gains what 2.1 demands: spec_version on each object, and
// is_family, which is true, on malware.
//
// Write holds the whole bundle in memory, several times. The context ends it
// between two objects, when part of the bundle may already be written. The
// zero catalogue can't be written: [ErrEmpty].
func (c *Catalog) Write(ctx context.Context, w io.Writer) error {
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
		return 0
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
			return err
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
	b, err := c.document.bytes()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.info, err)
	}
	if len(b) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", c.info, ErrEmpty)
	}
	var bundle map[string]any
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte(byteOrderMark))))
	d.UseNumber()
	if err := d.Decode(&bundle); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.info.Source, err)
	}
	objects, _ := bundle["objects"].([]any)
	delete(bundle, "objects")
	return bundle, objects, nil
}

// Raw returns the bundle as it was read, in pieces: its members beside
// "objects" as one JSON object, and each object, in the bundle's order. Each
// call gives its own. To put them together again and read the result gives an
// equal catalogue. The zero catalogue has nothing: [ErrEmpty].
func (c *Catalog) Raw() (bundle json.RawMessage, objects []json.RawMessage, err error) {
	b, err := c.document.bytes()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.info, err)
	}
	if len(b) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", c.info, ErrEmpty)
	}
	var members map[string]json.RawMessage
	if err := unmarshal(bytes.TrimPrefix(b, []byte(byteOrderMark)), &members); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.info.Source, err)
	}
	if err := unmarshal(members["objects"], &objects); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.info.Source, err)
	}
	delete(members, "objects")
	bundle, err = json.Marshal(members)
	return bundle, objects, err
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

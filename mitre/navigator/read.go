package navigator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxLayer bounds what is read and written, in bytes. The Navigator's own
// layers of a whole matrix stay below 1 MB.
const maxLayer = 64 << 20

// Read reads one layer of format 3.0 to 4.5, in UTF-8 with or without a byte
// order mark, of up to 64 MiB. The name stands for the source in errors. The
// context ends the reading between two reads of r; nil never ends.
//
// The layer is one of 4.5 from then on: an old domain name becomes the new
// one, the view mode of format 3 a [Layout], and a [Versions.Navigator] that
// is too old the first one that knows 4.5. Members that are null count as
// missing, and of two members with one name the last counts.
//
// The error wraps [ErrTooLarge], [ErrNotLayer] or [ErrVersion], is a
// [*FieldError], a [*json.SyntaxError] with line and byte, or what r or ctx
// gave; the layer is nil then.
func Read(ctx context.Context, name string, r io.Reader) (*Layer, error) {
	if r == nil {
		return nil, fmt.Errorf("%s: %w: there is no reader", name, ErrNotLayer)
	}
	if ctx == nil {
		ctx = context.Background()
	}
	b, err := io.ReadAll(io.LimitReader(&contextReader{ctx, r}, maxLayer+1))
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && len(b) > maxLayer {
		err = ErrTooLarge
	}
	var l *Layer
	if err == nil {
		l, err = decodeLayer(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// UnmarshalJSON reads a layer as [Read] does, from b. On an error, and for
// null, l is as it was.
func (l *Layer) UnmarshalJSON(b []byte) error {
	if l == nil {
		return fmt.Errorf("%w: there is none to read into", ErrNotLayer)
	}
	if string(bytes.TrimSpace(b)) == "null" {
		return nil
	}
	read, err := decodeLayer(b)
	if err == nil {
		*l = *read
	}
	return err
}

func decodeLayer(b []byte) (*Layer, error) {
	if i := notUTF8(b); i >= 0 {
		return nil, fmt.Errorf("%s: not UTF-8", place(b, i))
	}
	b = bytes.TrimRight(b, " \t\r\n")
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrNotLayer)
	}
	var in rest
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(b, &in); {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("%s: %w", place(b, int(syntax.Offset)), err)
	case err != nil || in == nil:
		found := kindOf(bytes.TrimLeft(b, " \t\r\n"))
		if found == "a list" {
			found = "a list, which a []Layer can be read from"
		}
		return nil, fmt.Errorf("%w: %s", ErrNotLayer, found)
	case in["domain"] == nil:
		return nil, fmt.Errorf("%w: it has no domain", ErrNotLayer)
	}
	if err := modernise(in); err != nil {
		return nil, err
	}
	l := new(Layer)
	if err := decodeMembers(in, l); err != nil {
		return nil, err
	}
	l.Versions.Navigator = string((*navigatorVersion)(&l.Versions.Navigator).atLeast())
	if name, ok := oldDomains[l.Domain]; ok {
		l.Domain = name
	}
	return l, nil
}

// oldDomains are the names of the domains up to format 3.
var oldDomains = map[string]string{
	"mitre-enterprise": "enterprise-attack",
	"mitre-mobile":     "mobile-attack",
	"mitre-ics":        "ics-attack",
}

// modernise turns the members of an older format into those of 4.5, or says
// that it is no format that this package reads.
func modernise(in rest) error {
	format, err := formatOf(in)
	if err != nil {
		return err
	}
	delete(in, "version")
	if viewMode := in["viewMode"]; format[0] == 3 && viewMode != nil {
		delete(in, "viewMode")
		layout, ok := map[string]string{
			"0":    `{"layout":"side"}`,
			"1":    `{"layout":"side","showID":true,"showName":false}`,
			"2":    `{"layout":"mini","showName":false}`,
			"null": `null`,
		}[string(viewMode)]
		if !ok {
			return faultf("viewMode", "%s, want 0, 1 or 2", short(string(viewMode)))
		}
		if in["layout"] == nil {
			in["layout"] = json.RawMessage(layout)
		}
	}
	return nil
}

// formatOf returns the version of a layer's format: versions.layer, before
// format 4 version, and without both 4.5.
func formatOf(in rest) ([]int, error) {
	versions := in["versions"]
	var inner rest
	if len(versions) > 0 && versions[0] == '{' {
		if err := json.Unmarshal(versions, &inner); err != nil {
			return nil, under("versions", err)
		}
	}
	path, raw := "versions.layer", inner["layer"]
	if raw == nil || raw[0] == 'n' {
		path, raw = "version", in["version"]
	}
	if raw == nil || raw[0] == 'n' {
		return []int{4, 5}, nil
	}
	var v version
	if err := v.decode(raw); err != nil {
		return nil, under(path, err)
	}
	n, ok := numbers(string(v))
	if !ok || slices.Compare(n, []int{3}) < 0 || slices.Compare(n[:min(len(n), 2)], []int{4, 5}) > 0 {
		return nil, under(path, fmt.Errorf("%s: %w", short(string(v)), ErrVersion))
	}
	return n, nil
}

// numbers takes a version such as "4.9.0" or "v19.1" apart.
func numbers(s string) ([]int, bool) {
	var out []int
	for part := range strings.SplitSeq(strings.TrimPrefix(s, "v"), ".") {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil, false
		}
		out = append(out, int(n))
	}
	return out, true
}

// notUTF8 returns where b ceases to be UTF-8, or -1.
func notUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	i := 0
	for {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
}

func place(b []byte, offset int) string {
	line := 1 + bytes.Count(b[:min(offset, len(b))], []byte("\n"))
	return fmt.Sprintf("line %d, byte %d", line, offset)
}

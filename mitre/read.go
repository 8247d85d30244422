package mitre

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/data"
)

// Errors of [Read] and [Open]; each comes wrapped with the source's name and
// what was found instead.
var (
	ErrEmpty     = errors.New("empty")
	ErrNotSTIX   = errors.New("not a STIX bundle")
	ErrNotATTACK = errors.New("a STIX bundle, but not one of ATT&CK")
	ErrTooLarge  = errors.New("larger than 1 GiB")
)

// maxBundle bounds what is read of a bundle after decompression, in bytes.
// The largest official release, Enterprise, has about 50 MB.
const maxBundle = 1 << 30

// A file of nothing but {},{},... would need hundreds of times its size in
// memory. No STIX object, with its type and ID, is that small.
const (
	maxObjects = 100_000 // up to here the sizes do not matter
	minObject  = 24      // mean bytes for each JSON object, nested ones too
)

// Embedded returns the facts of ATT&CK for ICS 19.1 that this module carries:
// every object and relationship, without MITRE's sentences. All calls return
// the same catalogue. The error is not nil only if the module itself was
// built wrongly.
func Embedded() (*Catalog, error) { return embedded() }

var embedded = sync.OnceValues(func() (*Catalog, error) {
	b, err := data.FS.ReadFile(data.AttackICS)
	if err != nil {
		return nil, err
	}
	c, err := decode("embedded", b)
	if err == nil {
		c.document.plain = b
	}
	return c, err
})

// Open reads an official bundle from a .json or .json.gz file. Errors name
// the file.
func Open(ctx context.Context, path string) (*Catalog, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the path
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, fmt.Errorf("%s: a directory, want an ATT&CK bundle (.json or .json.gz)", path)
	}
	return Read(ctx, path, f)
}

// Read reads an official bundle, STIX 2.0 or 2.1, plain or gzipped. The name
// stands for the source in errors and in [Info]. The context ends the reading
// between two reads of r.
func Read(ctx context.Context, name string, r io.Reader) (*Catalog, error) {
	if r == nil {
		return nil, fmt.Errorf("%s: %w: there is no reader", name, ErrEmpty)
	}
	size := 0
	if known, ok := r.(interface{ Len() int }); ok { // of what is in memory already
		size = known.Len()
	}
	br := bufio.NewReader(&contextReader{ctx, r})
	r = br
	if magic, _ := br.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("%s: gzip: %w", name, err)
		}
		defer zr.Close()
		r = zr
	}
	b, err := readAll(io.LimitReader(r, maxBundle+1), size)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%s: gzip: the file is cut off after %d bytes of content: %w", name, len(b), err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(b) > maxBundle:
		return nil, fmt.Errorf("%s: %w", name, ErrTooLarge)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return load(name, b)
}

// readAll is io.ReadAll with room for what is expected.
func readAll(r io.Reader, size int) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// load decodes a bundle and at the same time compresses it for [Catalog.Write].
func load(name string, b []byte) (*Catalog, error) {
	var d document
	broken := -1 // where the text is not UTF-8
	var wait sync.WaitGroup
	wait.Go(func() {
		if !utf8.Valid(b) {
			broken = invalidUTF8(b)
			return
		}
		d = compress(b)
	})
	c, err := decode(name, b)
	wait.Wait()
	switch {
	case err != nil:
		return nil, err
	case broken >= 0:
		return nil, fmt.Errorf("%s: line %d, byte %d: the text is not UTF-8", name, line(b, broken), broken)
	}
	c.document = d
	return c, nil
}

func invalidUTF8(b []byte) int {
	at := 0
	for at < len(b) {
		r, size := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// line is the number, from 1, of the line that a byte is in.
func line(b []byte, at int) int { return 1 + bytes.Count(b[:min(at, len(b))], []byte("\n")) }

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

// decode builds a catalogue from a bundle's JSON.
func decode(name string, b []byte) (*Catalog, error) {
	b = bytes.TrimPrefix(b, []byte(byteOrderMark))
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	if n := bytes.Count(b, []byte("{")); n > maxObjects && n > len(b)/minObject {
		return nil, fmt.Errorf("%s: %w: %d JSON objects in %d bytes", name, ErrNotSTIX, n, len(b))
	}
	var bundle stixBundle
	if err := unmarshal(b, &bundle); err != nil {
		return nil, explain(name, b, err)
	}
	if bundle.Type != "bundle" {
		return nil, fmt.Errorf("%s: %w: its type is %q", name, ErrNotSTIX, bundle.Type)
	}
	if !slices.ContainsFunc(bundle.Objects, func(o *stixObject) bool { return o != nil && o.attackID() != nil }) {
		return nil, fmt.Errorf("%s: %w: none of its %d objects has an ATT&CK ID", name, ErrNotATTACK, len(bundle.Objects))
	}
	return build(name, bundle.Objects), nil
}

// unmarshal is goccy's, whose decoder is several times faster than the
// standard library's but is not hardened against hostile input: a panic in it
// counts as a syntax error, which explain then locates.
func unmarshal(b []byte, v any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decoding: %v", r)
		}
	}()
	return json.Unmarshal(b, v)
}

// explain finds out with the standard library where decoding failed. It reads
// the bundle a second time, which only the error path pays for.
func explain(name string, b []byte, err error) error {
	var syntax *stdjson.SyntaxError
	var shape struct {
		Type    any                  `json:"type"`
		Objects []stdjson.RawMessage `json:"objects"`
	}
	switch e := stdjson.Unmarshal(b, &shape); {
	case errors.As(e, &syntax):
		return fmt.Errorf("%s: line %d, byte %d: %w", name, line(b, int(syntax.Offset)), syntax.Offset, e)
	case e != nil:
		return fmt.Errorf("%s: %w: %v", name, ErrNotSTIX, e)
	}
	for i, raw := range shape.Objects {
		var o stixObject
		e := stdjson.Unmarshal(raw, &o)
		var typed *stdjson.UnmarshalTypeError
		switch {
		case errors.As(e, &typed):
			found, _, _ := strings.Cut(typed.Value, " ")
			place := strings.TrimSuffix(fmt.Sprintf("objects[%d].%s", i, typed.Field), ".")
			return fmt.Errorf("%s: %s (%s): a JSON %s can't stand here", name, place, cmp.Or(o.ID, "no id"), found)
		case e != nil:
			return fmt.Errorf("%s: objects[%d] (%s): %w", name, i, cmp.Or(o.ID, "no id"), e)
		}
	}
	return fmt.Errorf("%s: %w", name, err)
}

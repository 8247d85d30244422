package mitre

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/data"
)

// Errors of [Read] and [Open]; each comes wrapped with the source's name and
// what was found instead.
var (
	ErrEmpty     = errors.New("empty")
	ErrNotSTIX   = errors.New("not a STIX bundle")
	ErrNotATTACK = errors.New("a STIX bundle, but not one of ATT&CK")
	ErrTooLarge  = errors.New("larger than 256 MiB")
)

// maxBundle bounds what is read of a bundle after decompression, in bytes.
// The largest official release, Enterprise, has about 50 MB.
const maxBundle = 256 << 20

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

// Read reads an official bundle, STIX 2.0 or 2.1, plain or gzipped, in UTF-8.
// The name stands for the source in errors and in [Info]. The context ends the
// reading between two reads of r; nil never ends.
//
// JSON has to be as RFC 8259 advises: an object with two members of one name
// is refused, and names count as they are written, so that what the catalogue
// says is what [Catalog.Write] writes. Memory is bounded by the file's size: a
// file of more or smaller objects than any of ATT&CK is [ErrNotSTIX].
func Read(ctx context.Context, name string, r io.Reader) (*Catalog, error) {
	if r == nil {
		return nil, fmt.Errorf("%s: %w: there is no reader", name, ErrEmpty)
	}
	if ctx == nil {
		ctx = context.Background()
	}
	br := bufio.NewReader(&contextReader{ctx, r})
	var b []byte
	var err error
	if magic, _ := br.Peek(2); bytes.Equal(magic, []byte(gzipMagic)) {
		b, err = unzip(br)
	} else {
		b, err = io.ReadAll(io.LimitReader(br, maxBundle+1))
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && len(b) > maxBundle {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return load(name, b)
}

const gzipMagic = "\x1f\x8b"

// unzip reads gzipped content, of which a file may have several parts.
func unzip(r *bufio.Reader) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewReader(r)
	for err == nil {
		z.Multistream(false)
		_, err = out.ReadFrom(io.LimitReader(z, maxBundle+1-int64(out.Len())))
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("gzip: the file is cut off after %d bytes of content: %w", out.Len(), err)
		case err != nil || out.Len() > maxBundle:
			return out.Bytes(), err
		}
		next, err := r.Peek(2)
		switch {
		case len(next) == 0 && err == io.EOF:
			return out.Bytes(), nil
		case len(next) == 0:
			return nil, err
		case string(next) != gzipMagic:
			return nil, fmt.Errorf("gzip: after the content, of %d bytes, comes something else", out.Len())
		}
		if err := z.Reset(r); err != nil {
			return nil, fmt.Errorf("gzip: after the content, of %d bytes: %w", out.Len(), err)
		}
	}
	return nil, fmt.Errorf("gzip: %w", err)
}

// load decodes a bundle and at the same time compresses it for [Catalog.Write].
func load(name string, b []byte) (*Catalog, error) {
	b = bytes.TrimPrefix(b, []byte(byteOrderMark))
	var d document
	var wait sync.WaitGroup
	wait.Go(func() { d = compress(b) })
	c, err := decode(name, b)
	wait.Wait()
	if err != nil {
		return nil, err
	}
	c.document = d
	return c, nil
}

// invalidUTF8 is where b ceases to be UTF-8.
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
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	return build(name, b)
}

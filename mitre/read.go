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
	return build("embedded", b)
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
	if buffer, ok := r.(*bytes.Buffer); ok && buffer != nil && ctx.Err() == nil && buffer.Len() <= maxBundle && !bytes.HasPrefix(buffer.Bytes(), []byte(gzipMagic)) {
		// It is in memory already, and build copies what it keeps.
		return build(name, bytes.TrimPrefix(buffer.Next(buffer.Len()), []byte(byteOrderMark)))
	}
	br := bufio.NewReader(&contextReader{ctx, r})
	content := io.Reader(br)
	if magic, _ := br.Peek(2); string(magic) == gzipMagic {
		content = &unzipper{from: br}
	}
	b, err := io.ReadAll(io.LimitReader(content, maxBundle+1))
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && len(b) > maxBundle {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return build(name, bytes.TrimPrefix(b, []byte(byteOrderMark)))
}

const gzipMagic = "\x1f\x8b"

// unzipper reads gzipped content, of which a file may have several parts. It
// tells a file that is cut off from one with something else behind it.
type unzipper struct {
	from *bufio.Reader
	z    *gzip.Reader
	n    int // bytes of content so far
}

func (u *unzipper) Read(p []byte) (int, error) {
	for {
		if u.z == nil {
			z, err := gzip.NewReader(u.from)
			if err != nil {
				return 0, fmt.Errorf("gzip: %w", err)
			}
			u.z = z
			u.z.Multistream(false)
		}
		n, err := u.z.Read(p)
		u.n += n
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return n, fmt.Errorf("gzip: the file is cut off after %d bytes of content: %w", u.n, err)
		case err != io.EOF:
			return n, err
		}
		next, err := u.from.Peek(2)
		switch {
		case len(next) == 0:
			return n, err
		case string(next) != gzipMagic:
			return n, fmt.Errorf("gzip: after the content, of %d bytes, comes something else", u.n)
		}
		if err := u.z.Reset(u.from); err != nil {
			return n, fmt.Errorf("gzip: after the content, of %d bytes: %w", u.n, err)
		}
		u.z.Multistream(false)
		if n > 0 {
			return n, nil
		}
	}
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

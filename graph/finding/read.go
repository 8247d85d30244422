package finding

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"syscall"
)

// MaxRecord bounds one record, such as one line of JSON Lines, in bytes. A
// longer one is skipped and named where the next can be found, otherwise it
// ends the reading.
const MaxRecord = 16 << 20

// headSize is how much of a file the formats may look at, in bytes.
const headSize = 64 << 10

// Errors of [Read]; each comes wrapped with the source's name and what was
// found instead.
var (
	ErrEmpty         = errors.New("empty file")
	ErrUnknownFormat = errors.New("not a known format of findings")
	ErrTooLong       = fmt.Errorf("longer than %d MiB", MaxRecord>>20)
)

// Format reads one kind of file. The zero value matches nothing.
type Format struct {
	Name string // for people: "CSAF 2.0"
	// Match reports whether a file that begins with head is of this kind.
	// The head has at most 64 KiB and no byte order mark.
	Match func(head []byte) bool
	// Read yields the findings of r as [Read] does.
	Read func(ctx context.Context, name string, r io.Reader) iter.Seq2[Finding, error]
}

// Read yields the findings of a source, in its order. The first of the
// formats that matches the content reads it, whatever the file is called;
// gzipped content is unpacked, a UTF-8 byte order mark skipped. The name
// stands for the source in errors and in the findings.
//
// A [*RecordError] comes with a zero Finding and says that a record, or a part
// of one, could not be used; reading goes on. Any other error is the last
// thing yielded, and the source was not read to its end. The context ends the
// reading between two reads of r. The loop may be left early.
func Read(ctx context.Context, name string, r io.Reader, formats ...Format) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		content, head, err := open(ctx, r)
		if err != nil {
			yield(Finding{}, named(name, err))
			return
		}
		for _, f := range formats {
			if f.Match != nil && f.Read != nil && f.Match(head) {
				for found, err := range f.Read(ctx, name, content) {
					if !yield(found, named(name, err)) {
						return
					}
				}
				return
			}
		}
		if len(bytes.TrimSpace(head)) == 0 && isBlank(content) {
			yield(Finding{}, named(name, ErrEmpty))
			return
		}
		yield(Finding{}, fmt.Errorf("%s: %w: %s", name, ErrUnknownFormat, describe(head, formats)))
	}
}

// Collect gathers what a reading yields: the findings, the records that could
// not be used, and the error that ended it. With an error the findings are
// those read before it.
func Collect(seq iter.Seq2[Finding, error]) ([]Finding, []*RecordError, error) {
	if seq == nil {
		return nil, nil, errors.New("finding: Collect: the sequence is nil")
	}
	var found []Finding
	var skipped []*RecordError
	for f, err := range seq {
		var record *RecordError
		switch {
		case err == nil:
			found = append(found, f)
		case errors.As(err, &record):
			skipped = append(skipped, record)
		default:
			return found, skipped, err
		}
	}
	return found, skipped, nil
}

// named puts the source's name before an error that lacks it.
func named(name string, err error) error {
	var record *RecordError
	if err == nil || errors.As(err, &record) || strings.HasPrefix(err.Error(), name+":") {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// open unpacks r and returns it with its first bytes.
func open(ctx context.Context, r io.Reader) (*bufio.Reader, []byte, error) {
	if r == nil {
		return nil, nil, errors.New("nothing to read: the reader is nil")
	}
	br := bufio.NewReaderSize(&contextReader{ctx, r}, headSize)
	if magic, _ := br.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, nil, fmt.Errorf("gzip: %w", err)
		}
		br = bufio.NewReaderSize(&gzipReader{zr: zr}, headSize)
	}
	if bom := []byte("\xef\xbb\xbf"); startsWith(br, bom) {
		_, _ = br.Discard(len(bom))
	}
	head, err := peek(br)
	switch {
	case errors.Is(err, syscall.EISDIR):
		return nil, nil, fmt.Errorf("a directory, not a file: %w", err)
	case err != nil && err != io.EOF:
		return nil, nil, err
	case len(bytes.TrimSpace(head)) == 0 && err == io.EOF:
		return nil, nil, ErrEmpty
	case isUTF16(head):
		return nil, nil, fmt.Errorf("%w: UTF-16 text; save it as UTF-8", ErrUnknownFormat)
	}
	return br, head, nil
}

func startsWith(br *bufio.Reader, prefix []byte) bool {
	head, _ := br.Peek(len(prefix))
	return bytes.Equal(head, prefix)
}

// isBlank reads on to see whether anything but white space comes.
func isBlank(r io.Reader) bool {
	b := make([]byte, headSize)
	for {
		n, err := r.Read(b)
		if len(bytes.TrimSpace(b[:n])) > 0 {
			return false
		}
		if err != nil {
			return err == io.EOF
		}
	}
}

// peek looks at the first 64 KiB. It waits for less only where the first line
// is a finding of its own: a stream of lines is to flow, and anything else
// must be recognised alike in whatever pieces it comes.
func peek(br *bufio.Reader) ([]byte, error) {
	for n := 1; ; {
		if head, err := br.Peek(n); err != nil {
			return head, err
		}
		head, _ := br.Peek(br.Buffered())
		line, _, whole := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
		switch {
		case whole && isFinding(line):
			return head, nil
		case whole, len(head) == headSize:
			return br.Peek(headSize)
		}
		n = len(head) + 1
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

// gzipReader words the error of a file that is cut off.
type gzipReader struct {
	zr   *gzip.Reader
	read int64
}

func (g *gzipReader) Read(p []byte) (int, error) {
	n, err := g.zr.Read(p)
	g.read += int64(n)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("gzip: damaged or cut off after %d bytes of content: %w", g.read, err)
	}
	return n, err
}

package finding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// budget bounds what a decoder buffers for one value, and counts lines.
type budget struct {
	r      io.Reader
	left   int
	read   int64 // bytes
	breaks int   // line breaks among them
}

// reset starts a new value.
func (b *budget) reset() { b.left = MaxRecord + headSize }

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.breaks += bytes.Count(p[:n], []byte("\n"))
	b.read += int64(n)
	b.left -= n
	return n, err
}

// line is where the decoder has come to: behind the last token or value that
// it gave.
func (b *budget) line(d *json.Decoder) int {
	rest, _ := io.ReadAll(d.Buffered())
	return 1 + b.breaks - bytes.Count(rest, []byte("\n"))
}

// place says at which line an error arose.
func (b *budget) place(d *json.Decoder, err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errStopped):
		return err
	case err == io.EOF, err == io.ErrUnexpectedEOF: // not one that wraps it: that is the reader's own, such as gzip's
		return fmt.Errorf("line %d: the JSON is cut off after %d bytes: %w", 1+b.breaks, b.read, io.ErrUnexpectedEOF)
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", b.line(d)+b.into(d), err)
	}
	return fmt.Errorf("line %d: %w", b.line(d), err)
}

// into is how many lines further a syntax error is. The decoder's own offset
// counts from no place that it tells, so the value is looked at again.
func (b *budget) into(d *json.Decoder) int {
	rest, _ := io.ReadAll(d.Buffered())
	value := bytes.TrimLeft(rest, " \t\r\n,:")
	at := len(rest) - len(value)
	var again *json.SyntaxError
	if errors.As(json.NewDecoder(bytes.NewReader(value)).Decode(new(json.RawMessage)), &again) {
		at += max(0, int(again.Offset)-1)
	}
	return bytes.Count(rest[:min(at, len(rest))], []byte("\n"))
}

package navigator

import (
	"errors"
	"fmt"
	"io"
)

// WriteTo writes the layer in format 4.5, indented, each technique on a line
// of its own. The bytes depend on the layer alone: the members come in the
// format's order, those that it does not define after them by name, and those
// that say what their absence says are left out. Reading what was written and
// writing it again gives the same bytes.
//
// A layer that the format does not allow, or one of more than 64 MiB, is an
// error, a [*FieldError] or [ErrTooLarge], and nothing is written.
func (l *Layer) WriteTo(w io.Writer) (int64, error) {
	b, err := l.encode()
	if err != nil {
		return 0, err
	}
	if w == nil {
		return 0, errors.New("navigator: there is no writer")
	}
	n, err := w.Write(b)
	return int64(n), err
}

// MarshalJSON returns what [Layer.WriteTo] writes.
func (l Layer) MarshalJSON() ([]byte, error) { return l.encode() }

func (l *Layer) encode() ([]byte, error) {
	if l == nil {
		return nil, fmt.Errorf("%w: nil", ErrNotLayer)
	}
	var e encoder
	if err := e.object(l, "\n  "); err != nil {
		return nil, err
	}
	e.WriteByte('\n')
	if e.Len() > maxLayer {
		return nil, ErrTooLarge
	}
	return e.Bytes(), nil
}

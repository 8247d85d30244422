package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"sync/atomic"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// stream yields the findings of the files, one file after the other, and the
// records that could not be used. It reads on in a goroutine of its own, which
// has ended when the loop has, or ends with the read that it waits for.
func stream(ctx context.Context, in Input, k known, sample bool, stdin io.Reader, idle func() error) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		a := &ahead{ctx: ctx, batches: make(chan batch, 4), done: make(chan struct{})}
		go func() {
			defer close(a.done)
			defer close(a.batches)
			a.files(in, k, sample, stdin)
			a.send()
		}()
		defer func() {
			cancel()
			if !a.reading.Load() {
				<-a.done
			}
		}()
		for {
			var b batch
			var more bool
			select {
			case b, more = <-a.batches:
			default:
				if err := idle(); err != nil {
					yield(finding.Finding{}, err)
					return
				}
				select {
				case b, more = <-a.batches:
				case <-ctx.Done():
					yield(finding.Finding{}, ctx.Err())
					return
				}
			}
			if !more {
				return
			}
			for i := range b {
				if !yield(b[i].finding, b[i].err) {
					return
				}
			}
		}
	}
}

type read struct {
	finding finding.Finding
	err     error
}

// batch is what was read at one time: handing on each by itself would cost more
// than reading it.
type batch []read

const maxBatch = 256

// ahead reads files.
type ahead struct {
	ctx     context.Context
	batches chan batch
	done    chan struct{}
	now     batch
	reading atomic.Bool // and may wait for ever, whatever the context says
}

// send hands on what was read; false where nobody waits for it.
func (a *ahead) send() bool {
	if len(a.now) == 0 {
		return a.ctx.Err() == nil
	}
	select {
	case a.batches <- a.now:
		a.now = make(batch, 0, maxBatch)
		return true
	case <-a.ctx.Done():
		return false
	}
}

func (a *ahead) add(f finding.Finding, err error) bool {
	a.now = append(a.now, read{f, err})
	return len(a.now) < maxBatch || a.send()
}

// files reads one file after the other.
func (a *ahead) files(in Input, k known, sample bool, stdin io.Reader) {
	if sample {
		b, err := data.FS.ReadFile(data.SampleFindings)
		if err != nil {
			a.add(finding.Finding{}, err)
			return
		}
		a.file(k, "sample site", "sample site", bytes.NewReader(b))
		return
	}
	for _, name := range in.Findings {
		if name == "-" {
			if !a.file(k, name, "standard input", stdin) {
				return
			}
			continue
		}
		a.reading.Store(true) // a named pipe is opened when somebody writes to it
		f, err := os.Open(name)
		a.reading.Store(false)
		if err != nil {
			a.add(finding.Finding{}, UnlessEnded(a.ctx, err))
			return
		}
		goOn := a.file(k, name, name, f)
		_ = f.Close()
		if !goOn {
			return
		}
	}
}

// file reads one file and judges it as a whole.
func (a *ahead) file(k known, name, called string, r io.Reader) bool {
	found, lost, told := 0, 0, 0
	var first *finding.RecordError
	for f, err := range k.read(a.ctx, called, &forwarding{a, r}) {
		var record *finding.RecordError
		switch {
		case err == nil:
			found++
		case errors.As(err, &record):
			told++
			if record.Lost == finding.LostRecord {
				if lost++; lost == 1 {
					first = record
				}
			}
		default:
			a.add(finding.Finding{}, UnlessEnded(a.ctx, err))
			return false
		}
		if !a.add(f, err) {
			return false
		}
	}
	switch {
	case found == 0 && lost > 0:
		a.add(finding.Finding{}, nothingUsable(lost, first))
		return false
	case found == 0 && told == 0:
		return a.add(finding.Finding{}, holdsNone(sourceName(name)))
	}
	return true
}

// forwarding hands on what was read before it waits for more.
type forwarding struct {
	*ahead
	r io.Reader
}

func (f *forwarding) Read(p []byte) (int, error) {
	if !f.send() {
		return 0, f.ctx.Err()
	}
	f.reading.Store(true)
	defer f.reading.Store(false)
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.r.Read(p)
}

package query

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

// The errors of a run that hit a limit. Such a run has no result.
var (
	ErrDeadline = errors.New("query: the deadline passed")
	ErrRows     = errors.New("query: too many rows")
	ErrMemory   = errors.New("query: too much memory")
)

// What a zero in [Limits] means.
const (
	DefaultDeadline = 10 * time.Second
	DefaultRows     = 100_000
	DefaultMemory   = 256 << 20
)

// Limits bound a run. The zero value has the defaults; a negative limit is an
// error.
type Limits struct {
	Deadline time.Duration // from the start of the run
	Rows     int           // of the result; more is an error, that many is not
	// Memory, in bytes, bounds two things: the rows of the result, by their
	// estimated size, and how much the heap of the process grows during the
	// run. The heap is looked at every few milliseconds. What others allocate
	// meanwhile counts too, and a single large allocation may be over before
	// anyone looks.
	Memory int64
}

func (l Limits) orDefault() (Limits, error) {
	if l.Deadline < 0 || l.Rows < 0 || l.Memory < 0 {
		return l, fmt.Errorf("query: a limit is negative: %+v", l)
	}
	if l.Deadline == 0 {
		l.Deadline = DefaultDeadline
	}
	if l.Rows == 0 {
		l.Rows = DefaultRows
	}
	if l.Memory == 0 {
		l.Memory = DefaultMemory
	}
	return l, nil
}

const (
	// glance is how often the heap is looked at.
	glance = 2 * time.Millisecond
	// grace is how long a run may go on after its end was due. Iterators and
	// scripts end at once; only a built-in function in the middle of something
	// large does not.
	grace = 2 * time.Second
)

// heap is the size of all objects on the heap, garbage included, how large they
// may become before garbage is collected, and how much of them the last
// collection found to be in use.
func heap() (size, goal, live int64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()), int64(samples[1].Value.Uint64()), int64(samples[2].Value.Uint64())
}

// watch ends a run whose heap grows by more than a limit. Up to the collector's
// goal the growth may be garbage, so that the verdict waits for what a
// collection finds in use; beyond, there is no time to lose. The caller calls end when the run is over.
func watch(limit int64, stop context.CancelCauseFunc) (end func()) {
	start, goal, _ := heap()
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(glance)
		defer tick.Stop()
		var collected chan struct{}
		for {
			verdict := false
			select {
			case <-over:
				if collected != nil {
					<-collected
				}
				return
			case <-collected:
				collected, verdict = nil, true
			case <-tick.C:
			}
			switch size, _, live := heap(); {
			case size > goal+limit, verdict && live > start+limit:
				stop(fmt.Errorf("%w: more than the %d MiB that are allowed", ErrMemory, limit>>20))
			case size > start+limit && collected == nil:
				done := make(chan struct{})
				collected = done
				go func() {
					runtime.GC()
					close(done)
				}()
			}
		}
	}()
	return func() {
		close(over)
		<-gone
	}
}

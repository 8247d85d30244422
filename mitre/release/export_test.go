package release

import (
	"context"
	"testing"
	"time"

	"github.com/mitigraph/mitigraph/mitre"
)

func init() {
	firstPause = time.Millisecond
	lockPoll = time.Millisecond
}

var (
	Parse             = parse
	ParseContentRange = parseContentRange
)

// OpenRelease is Open for a release that is not in the table.
func (s *Source) OpenRelease(ctx context.Context, r Release) (*mitre.Catalog, error) {
	return s.open(ctx, r)
}

// SetStall changes how long a server may be silent, for one test.
func SetStall(t *testing.T, d time.Duration) {
	old := stall
	stall = d
	t.Cleanup(func() { stall = old })
}

// WithoutLocks is a file system that has none, for one test.
func WithoutLocks(t *testing.T, err error) {
	old := tryLock
	tryLock = func(string) (func(), error) { return nil, err }
	t.Cleanup(func() { tryLock = old })
}

package release

import (
	"os"
	"testing"
	"time"
)

func init() {
	firstPause = time.Millisecond
	lockPoll = time.Millisecond
}

var (
	Parse             = parse
	ParseContentRange = parseContentRange
)

// SetStall changes how long a server may be silent, for one test.
func SetStall(t *testing.T, d time.Duration) {
	old := stall
	stall = d
	t.Cleanup(func() { stall = old })
}

// WithoutLocks is a file system that has none, for one test.
func WithoutLocks(t *testing.T, err error) {
	old := tryLock
	tryLock = func(*os.Root, string) (func(), error) { return nil, err }
	t.Cleanup(func() { tryLock = old })
}

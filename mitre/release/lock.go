package release

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"time"
)

// errLocked says that another one holds the lock.
var errLocked = errors.New("locked")

// lockPoll is how long to wait before asking for a lock again. Waiting in the
// kernel would not end with a context.
var lockPoll = 100 * time.Millisecond

// lock takes the lock of the file at path in the cache, which it makes when
// needed and nobody deletes. The kernel gives the lock back when its holder dies. The
// error is errors.ErrUnsupported where there are no locks.
func lock(ctx context.Context, cache *os.Root, path string) (unlock func(), err error) {
	for {
		unlock, err := tryLock(cache, path)
		if !errors.Is(err, errLocked) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// ownName is a name that nobody else uses, for where there are no locks.
func ownName(partial string) string { return partial + "-" + rand.Text() }

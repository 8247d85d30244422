//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package bolt

import (
	"errors"
	"os"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/mitigraph/mitigraph/graph/store"
)

// tryLock takes the lock that bbolt takes too, without waiting.
func tryLock(f *os.File, exclusive bool) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return store.ErrInUse
	}
	return err
}

// openLocked opens the database on a file that is locked already: a duplicate
// of its descriptor shares the lock.
func openLocked(f *os.File) (*bbolt.DB, error) {
	o := options(false)
	o.Timeout = time.Second
	o.OpenFile = func(string, int, os.FileMode) (*os.File, error) {
		d, err := syscall.Dup(int(f.Fd()))
		if err != nil {
			return nil, err
		}
		syscall.CloseOnExec(d)
		return os.NewFile(uintptr(d), f.Name()), nil
	}
	return bbolt.Open(f.Name(), 0o600, o)
}

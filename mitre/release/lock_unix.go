//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package release

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

var tryLock = func(cache *os.Root, path string) (unlock func(), err error) {
	f, err := cache.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() { f.Close() }, nil
	}
	f.Close()
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		return nil, errLocked
	case errors.Is(err, syscall.ENOLCK): // some network file systems
		return nil, errors.ErrUnsupported
	}
	return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
}

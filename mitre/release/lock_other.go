//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package release

import (
	"errors"
	"os"
)

var tryLock = func(*os.Root, string) (unlock func(), err error) { return nil, errors.ErrUnsupported }

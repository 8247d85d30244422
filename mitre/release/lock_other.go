//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package release

import "errors"

var tryLock = func(string) (unlock func(), err error) { return nil, errors.ErrUnsupported }

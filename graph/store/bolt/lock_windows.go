package bolt

import (
	"errors"
	"os"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/mitigraph/mitigraph/graph/store"
)

// tryLock leaves it to bbolt: it locks a region far behind the file's end when
// the first write opens it.
func tryLock(*os.File, bool) error { return nil }

func openLocked(f *os.File) (*bbolt.DB, error) {
	o := options(false)
	o.Timeout = time.Second
	db, err := bbolt.Open(f.Name(), 0o600, o)
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, store.ErrInUse
	}
	return db, err
}

//go:build linux || darwin

package release_test

import (
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

// limitFiles makes each write beyond n bytes of a file fail, as on a disk that
// is full.
func limitFiles(n uint64) {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}

func TestFullDisk(t *testing.T) {
	s, dir := serve(t, file(content)), t.TempDir()
	out := start(t, "RELEASE_TEST_CHILD=full", "MITIGRAPH_ATTACK_MIRROR="+s.URL, "MITIGRAPH_CACHE="+dir)()
	assert.Regexp(t, `^error: ATT&CK test-attack 1.0: writing the cache: write \S+\.partial: file too large; Source.Dir or MITIGRAPH_CACHE sets another folder$`, out)
	assert.Len(t, s.ranges(), 1, "another try would not help")
}

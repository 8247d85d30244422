package bolt

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/store"
)

// A file that this user may only read.
func TestReadOnlyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.db")
	s, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	state, err := s.Write(t.Context(), store.State{}, nil, quadsOf(0, 10))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, os.Chmod(path, 0o444))
	for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	if os.Geteuid() == 0 { // root may write everything, so be someone else for a moment
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		require.NoError(t, syscall.Setfsuid(65534))
		defer func() { require.NoError(t, syscall.Setfsuid(0)) }()
	}
	_, err = Open(t.Context(), path, Options{})
	assert.ErrorIs(t, err, store.ErrReadOnly)
	s, err = Open(t.Context(), path, Options{ReadOnly: true})
	require.NoError(t, err)
	got, now, err := s.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, state, now)
	assert.Len(t, got, 10)
	_, err = s.Write(t.Context(), state, nil, quadsOf(100, 1))
	assert.ErrorIs(t, err, store.ErrReadOnly)
	require.NoError(t, s.Close())
}

// A real file system without room.
func TestFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	defer func() { assert.NoError(t, syscall.Unmount(dir, 0)) }()
	path := filepath.Join(dir, "f.db")
	s, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	state, err := s.Write(t.Context(), store.State{}, nil, quadsOf(0, 100))
	require.NoError(t, err)
	_, err = s.Write(t.Context(), state, nil, quadsOf(1000, 3000))
	require.ErrorIs(t, err, store.ErrFull)
	got, now, err := s.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, state, now)
	assert.Len(t, got, 100)
	state, err = s.Write(t.Context(), state, nil, quadsOf(1000, 5))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	s, err = Open(t.Context(), path, Options{})
	require.NoError(t, err)
	_, now, err = s.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, state, now)
	require.NoError(t, s.Close())
	require.ErrorIs(t, os.WriteFile(filepath.Join(dir, "rest"), make([]byte, 1<<20), 0o600), syscall.ENOSPC)
	_, err = Open(t.Context(), filepath.Join(dir, "another.db"), Options{})
	assert.ErrorIs(t, err, store.ErrFull)
}

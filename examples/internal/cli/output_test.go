package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCacheFolder(t *testing.T) {
	t.Setenv("MITIGRAPH_CACHE", "folder")
	assert.Equal(t, filepath.Join("folder", "answers"), CacheFolder("answers"))
	t.Setenv("MITIGRAPH_CACHE", "")
	user, err := os.UserCacheDir()
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(user, "mitigraph", "answers"), CacheFolder("answers"))
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	assert.Empty(t, CacheFolder("answers"))
}

func TestSpareInputs(t *testing.T) {
	dir := t.TempDir()
	one, two, link := filepath.Join(dir, "one"), filepath.Join(dir, "two"), filepath.Join(dir, "link")
	for _, name := range []string{one, two} {
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	require.NoError(t, os.Link(one, link))
	assert.NoError(t, SpareInputs(one, "", two, filepath.Join(dir, "none")))
	assert.NoError(t, SpareInputs(filepath.Join(dir, "none"), one))
	assert.NoError(t, SpareInputs("", one))
	assert.NoError(t, SpareInputs(dir, dir), "a folder is refused elsewhere")
	assert.ErrorContains(t, SpareInputs(link, two, one), "that is also an input")
	var bad *InputError
	assert.ErrorAs(t, SpareInputs(one, one), &bad)
	assert.ErrorContains(t, SpareStore(link, "bolt:"+one), "that is also an input")
	assert.ErrorContains(t, SpareStore(filepath.Join(dir, "new.db"), "bolt:"+dir+"/./new.db"), "that is also the store")
	assert.NoError(t, SpareStore(one, "bolt:"+two))
	assert.NoError(t, SpareStore(one, "mem"))
}

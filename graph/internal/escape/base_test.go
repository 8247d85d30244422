package escape_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

func TestBase(t *testing.T) {
	for source, want := range map[string]string{
		"/home/somebody/a.json": "a.json", `C:\Users\somebody\a.json`: "a.json", "../x/a.json": "a.json", "a.json": "a.json", "-": "-", "": "", "folder/": "folder/",
	} {
		assert.Equal(t, want, escape.Base(source), source)
	}
}

package cli

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Colours are for a terminal, and never for one who asked for none.
func TestColours(t *testing.T) {
	for _, c := range []struct {
		terminal bool
		system   string
		env      map[string]string
		want     bool
	}{
		{true, "linux", nil, true}, {true, "linux", map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true}, {false, "linux", nil, false},
		{true, "linux", map[string]string{"NO_COLOR": "1"}, false}, {true, "linux", map[string]string{"TERM": "dumb"}, false},
		{true, "windows", nil, false}, {true, "windows", map[string]string{"WT_SESSION": "x"}, true}, {true, "windows", map[string]string{"WT_SESSION": "x", "NO_COLOR": "0"}, false},
	} {
		assert.Equal(t, c.want, colours(c.terminal, c.system, func(name string) string { return c.env[name] }), "%+v", c)
	}
	const text = "INCOMPLETE: 1 record\n"
	assert.Equal(t, text, string(Coloured([]byte(text), &bytes.Buffer{})))
}

// Headings and risks have a colour, and nothing else of the text changes.
func TestColoured(t *testing.T) {
	const text = `12 findings on 5 devices
INCOMPLETE: 1 record

FINDINGS  the riskiest first
  0.54  F-02  0.54  x
  0.10  F-03
  0.09  F-04
DO FIRST  official mitigations
   30 %  M0930 Network Segmentation
  0.44  T0837 Loss of Protection
        0.44 = severity
    0.44  T0837 Loss of Protection: FOUND  x

NEXT STEP
  Plan M0930
I AM  no heading
`
	const want = "12 findings on 5 devices\n\x1b[1;31mINCOMPLETE:\x1b[0m 1 record\n\n\x1b[1mFINDINGS\x1b[0m  the riskiest first\n  \x1b[1;31m0.54\x1b[0m  F-02  0.54  x\n" +
		"  \x1b[33m0.10\x1b[0m  F-03\n  0.09  F-04\n\x1b[1mDO FIRST\x1b[0m  official mitigations\n   30 %  M0930 Network Segmentation\n" +
		"  \x1b[1;31m0.44\x1b[0m  T0837 Loss of Protection\n        0.44 = severity\n    \x1b[1;31m0.44\x1b[0m  T0837 Loss of Protection: FOUND  x\n\n\x1b[1mNEXT STEP\x1b[0m\n  Plan M0930\nI AM  no heading\n"
	got := string(coloured([]byte(text)))
	assert.Equal(t, want, got)
	assert.Equal(t, text, regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(got, ""))
}

package release_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/mitre/release"
)

func TestContentRange(t *testing.T) {
	for s, want := range map[string][3]int64{
		"bytes 0-0/1":                   {0, 0, 1},
		"bytes 100-199/200":             {100, 199, 200},
		"Bytes 100-199/*":               {100, 199, -1},
		"bytes 0-0/9223372036854775807": {0, 0, 9223372036854775807},
	} {
		first, last, total, ok := release.ParseContentRange(s)
		assert.True(t, ok, s)
		assert.Equal(t, want, [3]int64{first, last, total}, s)
	}
	for _, s := range []string{
		"", "bytes", "bytes ", "bytes */200", "bytes 0-199", "bytes 0/200", "bytes -199/200", "bytes 0-/200",
		"bytes 5-4/200", "bytes 0-200/200", "bytes +0-1/200", "bytes 0-1/-2", "bytes 0-1/9223372036854775808",
		"bytes 0-1/2, 3-4/5", "items 0-1/2", "bytes  0-1/2", "bytes 0-1/2 ", "bytes 0x0-1/2", "bytes 0-1_0/20",
	} {
		_, _, _, ok := release.ParseContentRange(s)
		assert.False(t, ok, "%q", s)
	}
}

// What is accepted says what was written.
func FuzzContentRange(f *testing.F) {
	f.Add("bytes 100-199/200")
	f.Add("bytes 100-199/*")
	f.Add("bytes */200")
	f.Add("bytes 18446744073709551615-1/2")
	f.Fuzz(func(t *testing.T, s string) {
		first, last, total, ok := release.ParseContentRange(s)
		if !ok {
			return
		}
		if first < 0 || last < first || total != -1 && total <= last {
			t.Fatalf("%q gives %d-%d/%d", s, first, last, total)
		}
		of := fmt.Sprint(total)
		if total == -1 {
			of = "*"
		}
		// But for zeros in front and the case of the unit.
		want := fmt.Sprintf("bytes %d-%d/%s", first, last, of)
		if len(s) == len(want) && !strings.EqualFold(s, want) || len(s) < len(want) {
			t.Fatalf("%q is read as %q", s, want)
		}
	})
}

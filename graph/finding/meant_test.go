package finding

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMeant(t *testing.T) {
	techniques := []string{"T0853", "T0855", "T0855", "T0866", "T1692", "T1692.001", "T1692.002"}
	for _, test := range []struct {
		word  string
		known []string
		want  string
	}{
		{"T8055", techniques, "T0855"},
		{"t0855 ", techniques, "T0855"},
		{"TO855", techniques, "T0855"},
		{"T0856", techniques, "T0853, T0855 or T0866"},
		{"T1692.01", techniques, "T1692.001"},
		{"T1692.003", techniques, "T1692.001 or T1692.002"},
		{"T9999", techniques, ""},
		{"", techniques, ""},
		{"CWE-79O", []string{"CWE-79", "CWE-790", "CWE-791", "CWE-798"}, "CWE-790"},
		{"CWE-79X", []string{"CWE-790", "CWE-791", "CWE-792", "CWE-793"}, ""},
		{"CWE-99999", []string{"CWE-999", "CWE-699"}, ""},
		{"no_pach", []string{"no_agent", "no_patch", "no_mfa"}, "no_patch"},
		{"Techniqes", []string{"title", "techniques"}, "techniques"},
		{"tecnhiques", []string{"title", "techniques"}, "techniques"},
		{"kitten", []string{"sitting"}, ""},
		{"é", []string{"e"}, "e"},
		{strings.Repeat("a", 65), []string{strings.Repeat("a", 64)}, ""},
	} {
		want := test.want
		if want != "" {
			want = "; did you mean " + want + "?"
		}
		assert.Equal(t, want, Meant(test.word, slices.Values(test.known)), test.word)
	}
}

// TestSlips holds the counting against its definition, slowly.
func TestSlips(t *testing.T) {
	var slow func(x, y []rune) int
	slow = func(x, y []rune) int {
		switch {
		case len(x) == 0 || len(y) == 0:
			return len(x) + len(y)
		case x[0] == y[0]:
			return slow(x[1:], y[1:])
		}
		d := 1 + min(slow(x[1:], y), slow(x, y[1:]), slow(x[1:], y[1:]))
		if len(x) > 1 && len(y) > 1 && x[0] == y[1] && x[1] == y[0] {
			d = min(d, 1+slow(x[2:], y[2:]))
		}
		return d
	}
	words := []string{"", "a", "b", "ab", "ba", "abc", "cab", "bca", "aabb", "abab", "baba", "abcab", "ccab"}
	for _, a := range words {
		for _, b := range words {
			x, y := []rune(a), []rune(b)
			want := slow(x, y)
			assert.Equal(t, want, slips(x, y, 10), "%q %q", a, b)
			for most := range 4 {
				assert.Equal(t, want <= most, slips(x, y, most) <= most, "%q %q %d", a, b, most)
			}
		}
	}
}

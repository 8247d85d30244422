package verify

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lookalikes are the letters of other scripts, and other signs, that pass for
// the Latin letters of IDs and for a hyphen.
var lookalikes = strings.NewReplacer(
	"А", "A", "Α", "A", "С", "C", "Ϲ", "C", "Ԁ", "D", "Е", "E", "Ε", "E", "Ԍ", "G", "І", "I", "Ι", "I", "Ӏ", "I",
	"М", "M", "Μ", "M", "Ν", "N", "О", "O", "Ο", "O", "Р", "P", "Ρ", "P", "Ѕ", "S", "Т", "T", "Τ", "T",
	"Ѵ", "V", "Ԝ", "W", "Ѡ", "W",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-", "﹣", "-",
	"[.]", ".", "(.)", ".", "{.}", ".", "。", ".", "․", ".",
	"_", " ", "\u2028", " ", "\u2029", " ",
)

// fold brings a text into the form that the checks compare: compatibility
// decomposed, without marks and without characters that don't show, in upper
// case, with Latin letters and ASCII digits for what looks or counts like
// them.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.M, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			continue
		case unicode.IsSpace(r):
			r = ' '
		case r > unicode.MaxASCII && unicode.Is(unicode.Nd, r):
			r = '0' + digit(r)
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return lookalikes.Replace(b.String())
}

// digit returns the value of a decimal digit of any script: Unicode keeps the
// ten digits of a script together and in order.
func digit(r rune) rune {
	for _, x := range unicode.Nd.R16 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return (r - rune(x.Lo)) % 10
		}
	}
	for _, x := range unicode.Nd.R32 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return (r - rune(x.Lo)) % 10
		}
	}
	return 0
}

// clip makes foreign text fit to stand in a reason: printable and short.
func clip(s string) string {
	const most = 60
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, string(utf8.RuneError)) {
		if n++; n > most {
			b.WriteString("...")
			break
		}
		if !unicode.IsPrint(r) {
			fmt.Fprintf(&b, "U+%04X", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

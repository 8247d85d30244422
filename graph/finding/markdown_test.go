package finding_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain words": "plain words", "R&D": "R&D", "&amp; &#60;": "&amp;amp; &amp;\\#60;", "<b>": "&lt;b&gt;", "a|b": `a\|b`, "[x](y)": `\[x\](y)`,
		"1. item": `1\. item`, "1.5": `1\.5`, "12": "12", "- item": `\- item`, "+": `\+`, "===": `\===`, "# h": `\# h`, "www.x.org": `www\.x.org`, "WWW.x": `WWW\.x`, "https://x.org": `https:\//x.org`,
		"me@x.org": "me (at) x.org", "a\nb\x1b[1m": `a b\[1m`, "\u202ex": "x", "`c` *d* _e_ ~f~ $g$ !h \\": "\\`c\\` \\*d\\* \\_e\\_ \\~f\\~ \\$g\\$ \\!h \\\\",
	} {
		assert.Equal(t, want, finding.Markdown(in), "%q", in)
	}
}

var (
	slowActive = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "{", `\{`, "}", `\}`, "[", `\[`, "]", `\]`, "#", `\#`, "!", `\!`,
		"|", `\|`, "~", `\~`, "$", `\$`, "<", "&lt;", ">", "&gt;", "://", `:\//`, "@", " (at) ")
	slowEntity = regexp.MustCompile(`&(#|[A-Za-z][A-Za-z0-9]*;)`)
	slowWeb    = regexp.MustCompile(`(?i)(www)\.`)
	slowOpener = regexp.MustCompile(`^(?:[-+=:]|\d{1,9}[.)])`)
)

// slowMarkdown says rule by rule what Markdown does in one go.
func slowMarkdown(s string) string {
	s = slowEntity.ReplaceAllString(finding.Plain(s, 0), "&amp;$1")
	s = slowWeb.ReplaceAllString(slowActive.Replace(s), `$1\.`)
	if m := slowOpener.FindString(s); m != "" {
		s = m[:len(m)-1] + `\` + m[len(m)-1:] + s[len(m):]
	}
	return s
}

func TestMarkdownIsTheSlowOne(t *testing.T) {
	parts := []string{"a", "Www", "w", ".", "&", "#", "x1", ";", "://", ":", "//", "@", "<", ">", `\`, "1", "12345678", ")", "-", "+", " ", "漢", "\u202e", "_", "|"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var b strings.Builder
		for range r.IntN(9) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		require.Equal(t, slowMarkdown(b.String()), finding.Markdown(b.String()), "%q", b.String())
	}
}

// What needs no change is given back as it is.
func TestPlainCostsNothing(t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(100, func() { finding.Plain("CWE-798 Use of Hard-coded Credentials", 80) }))
	assert.Zero(t, testing.AllocsPerRun(100, func() { finding.Markdown("CWE-798 Use of Hard-coded Credentials") }))
}

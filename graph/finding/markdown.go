package finding

import (
	"regexp"
	"strings"
)

var (
	markdownActive = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "{", `\{`, "}", `\}`, "[", `\[`, "]", `\]`, "#", `\#`, "!", `\!`,
		"|", `\|`, "~", `\~`, "$", `\$`, "<", "&lt;", ">", "&gt;", "://", `:\//`, "@", " (at) ")
	markdownEntity = regexp.MustCompile(`&(#|[A-Za-z][A-Za-z0-9]*;)`)
	markdownWeb    = regexp.MustCompile(`(?i)(www)\.`)
	markdownOpener = regexp.MustCompile(`^(?:[-+=:]|\d{1,9}[.)])`)
)

// Markdown makes any text one line of CommonMark that is text only, as [Plain]
// does for a terminal: it can begin no heading, list, link, image, address,
// table, code, formula or HTML, at the begin of a line or in a cell of a table.
// An @ is written "(at)".
func Markdown(s string) string {
	s = Plain(s, 0)
	if strings.Contains(s, "&") {
		s = markdownEntity.ReplaceAllString(s, "&amp;$1")
	}
	s = markdownActive.Replace(s)
	if strings.Contains(s, ".") {
		s = markdownWeb.ReplaceAllString(s, `$1\.`)
	}
	if s != "" && strings.IndexByte("-+=:0123456789", s[0]) >= 0 {
		if m := markdownOpener.FindString(s); m != "" {
			s = m[:len(m)-1] + `\` + m[len(m)-1:] + s[len(m):]
		}
	}
	return s
}

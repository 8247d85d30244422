package finding_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

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

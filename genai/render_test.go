package genai_test

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
)

func TestRenderersShowAllOfADraft(t *testing.T) {
	s, a := sample(t)
	for name, task := range allTasks() {
		d, err := genai.Draft(t.Context(), s, a, task, template.Writer{}, genai.Options{})
		require.NoError(t, err)
		folded := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		text, markdown := folded(genai.Text(d, 60)), folded(strings.ReplaceAll(genai.Markdown(d), `\`, ""))
		markdown = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(markdown)
		for _, shown := range []string{text, markdown} {
			assert.Contains(t, shown, "DRAFT, not reviewed; written by template; status draft")
			assert.Contains(t, shown, d.ID)
			for _, c := range d.Text.Claims() {
				assert.Contains(t, shown, folded(c.Text), name)
				assert.Contains(t, shown, "("+strings.Join(c.Evidence, ", ")+")")
				if c.Quiz != nil {
					assert.Contains(t, shown, c.Quiz.Text)
				}
			}
			for _, e := range d.Evidence {
				assert.Contains(t, shown, folded(e.Text), name)
				assert.Contains(t, shown, e.Provenance+", "+e.Source)
			}
		}
	}
}

// A draft that passed no check, of hostile parts everywhere, is inert.
func TestRenderersMakeAnythingInert(t *testing.T) {
	parts := []string{
		"<script>alert(1)</script>", "</p><b>x", "<!--", "&lt;img src=x>", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)",
		"[x]: http://evil.example", "<http://evil.example>", "https://evil.example/?a=b", "www.evil.example", "WWW.evil.example", "mail@evil.example",
		"# heading", "> quote", "- item", "+ item", "* item", "1. item", "12) item", "===", "---", "```\ncode\n```", "    code", "~~~", "`code`", "**bold**",
		"_it_", "~~x~~", "| a | b |\n|---|---|", "$x$", "\x1b[31mred\x1b]8;;http://evil.example\a", "\u202eabc\u2066", "a\x00b", "\xff\xfe", "line\r\nbreak\u2028x",
		"\\", "\\<b>", "&#60;b&#62;", "&colon;&copy;x&", "&nbsp;", "<b", "{{.}}", "日本語" + strings.Repeat("宽", 90), strings.Repeat("x", 300), "", " ", "a) b", "E1", ":warning:", "=", "#", "0.", "\u200b- x",
	}
	r := rand.New(rand.NewPCG(5, 6))
	some := func() string {
		s := parts[r.IntN(len(parts))]
		if r.IntN(2) == 0 {
			s += parts[r.IntN(len(parts))]
		}
		return s
	}
	// What Markdown would act upon, outside of an escape.
	active := regexp.MustCompile("(?m)(?:^|[^\\\\])(?:\\\\\\\\)*[<>`*_\\[\\]{}|~$!]|(?i:www\\.)|://|@|^ {0,3}(?:=|\\+ |~)|^\\s*- [-+=#>]|^\\s*- \\d+[.)]|&#|&(?:copy|nbsp|colon|Tab|NewLine);")
	for range 400 {
		d := graph.Draft{ID: some(), Task: some(), Generator: some(), Status: some(), Checks: graph.Checks{Fallback: true, Asked: some(), LeftOut: 1, LeftOutOf: []graph.Omission{{Handle: some(), About: some()}}}}
		for range 1 + r.IntN(3) {
			s := graph.DraftSection{Name: some(), Single: r.IntN(2) == 0}
			for range r.IntN(3) {
				c := graph.Claim{Text: some(), Evidence: []string{some()}, Subject: some(), Verdict: some()}
				if r.IntN(3) == 0 {
					c.Quiz = &graph.Question{Text: some(), Options: []string{some(), some()}, Right: r.IntN(40) - 5}
				}
				s.Claims = append(s.Claims, c)
			}
			d.Text = append(d.Text, s)
			d.Evidence = append(d.Evidence, graph.Evidence{Handle: some(), Text: some(), Provenance: some(), Source: some()})
		}
		markdown := genai.Markdown(d)
		for _, l := range strings.Split(markdown, "\n") {
			// The marks of this package's own: headings, items, the line in bold.
			l = strings.TrimPrefix(l, "## ")
			l = strings.TrimPrefix(l, "# ")
			l = strings.TrimSuffix(strings.TrimPrefix(l, "**"), "**")
			assert.False(t, active.MatchString(l), "%q", l)
			printable(t, l)
			assert.False(t, strings.HasPrefix(strings.TrimLeft(l, " "), "#"), "%q", l)
		}
		for _, width := range []int{1, 40, 100} {
			text := genai.Text(d, width)
			for _, l := range strings.Split(text, "\n") {
				printable(t, l)
				assert.LessOrEqual(t, uniseg.StringWidth(l), max(width, 20), "%q", l)
			}
		}
		assert.Equal(t, markdown, genai.Markdown(d))
	}
}

func printable(t *testing.T, line string) {
	t.Helper()
	for _, c := range line {
		if !unicode.IsPrint(c) {
			t.Fatalf("%q holds U+%04X", line, c)
		}
	}
}

func TestRenderersTakeTheZeroDraft(t *testing.T) {
	for _, s := range []string{genai.Markdown(graph.Draft{}), genai.Text(graph.Draft{}, 0), genai.Text(graph.Draft{}, -1)} {
		assert.Contains(t, s, "Mitigation")
		assert.Contains(t, s, "status")
	}
	reviewed := graph.Draft{Status: "accepted"}
	assert.NotContains(t, genai.Text(reviewed, 0), "not reviewed")
}

func TestMarksOfTheGraphAreInJSONOnlyWhereTheyAre(t *testing.T) {
	b, err := json.Marshal(graph.Claim{Text: "x", Evidence: []string{"E1"}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"text":"x","evidence":["E1"]}`, string(b))
}

package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	goldtext "github.com/yuin/goldmark/text"
	"golang.org/x/net/html"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/graph/report/sarif"
	"github.com/mitigraph/mitigraph/graph/report/stix"
	"github.com/mitigraph/mitigraph/mitre"
)

// evil is a list of what an input may try.
var evil = []string{
	"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "](javascript:alert(1))", "![x](https://evil.example/x.png)", "[x](javascript:alert(1))",
	"\x1b[31m\x1b]0;title\x07\u009b31m", "\u202eevil\u202c\u2066\u200b\ufeff", "a | b | c", "`code` ~~~ ```", "# heading", "- item", "1. item", "> quote", "---", "***bold***",
	"https://evil.example/ www.evil.example me@evil.example <https://evil.example>", "&lt;b&gt; &#60;i&#62; &amp;", "{{.Title}} {0} {{0}}", "x\r\n\r\n# y\n\n<b>z</b>", "javascript:alert(1)",
	"</style><script>alert(2)</script>", "-->", "]]>", "\xff\xfe", "\\", "$x$", strings.Repeat("long", 60), "漢字漢字 العربية",
}

// poisoned is an assessment in which every text that an input, a bundle or a
// generator could have written is one of the evil ones. IDs of ATT&CK stay, and
// those that tie the parts together.
func poisoned(t *testing.T) *graph.Assessment {
	t.Helper()
	var fs []finding.Finding
	for i, e := range evil {
		fs = append(fs, finding.Finding{ID: e, Title: e, Device: evil[(i+1)%len(evil)], Weaknesses: []string{"CWE-798", "CWE-306", "CWE-78", e}, Source: e, CVEs: []string{e},
			Affected: []finding.Affected{{Product: e, Versions: []string{e}}}, Remedies: []finding.Remedy{{Category: "vendor_fix", Text: e}}})
	}
	fs = append(fs, finding.Finding{ID: "silent", Title: evil[0], Weaknesses: []string{evil[2]}})
	fs = append(fs, finding.Finding{ID: "T", Techniques: []string{"T0837", "T0823"}})
	site := graph.SiteDescription{Site: evil[0] + evil[4], Devices: []graph.Device{{ID: evil[1], Name: evil[2]}}}
	a := assess(t, site, fs...)
	n := 0
	next := func() string { n++; return evil[n%len(evil)] }
	for i := range a.Gaps {
		g := &a.Gaps[i]
		g.Why, g.Name = next(), next()
		for j := range g.Candidates {
			g.Candidates[j].Name, g.Candidates[j].Because = next(), []string{next(), next()}
		}
		if i%3 == 0 {
			g.Accepted = &graph.Acceptance{By: next(), Until: next(), Why: next()}
		}
		a.Drafts = append(a.Drafts, graph.Draft{ID: next(), Gap: i, Generator: next(), Status: next(),
			Text: graph.DraftText{{Name: next(), Single: true, Claims: []graph.Claim{{Text: next(), Evidence: []string{"E1"}}}},
				{Name: next(), Claims: []graph.Claim{{Text: next(), Evidence: []string{"E1", next()}}, {Text: next()}}}},
			Evidence: []graph.Evidence{{Handle: "E1", Text: next(), Provenance: next(), Source: next()}},
			Checks:   graph.Checks{Fallback: true, Asked: next(), Rejections: []graph.Rejection{{Check: next()}}}})
	}
	for i := range a.Techniques {
		x := &a.Techniques[i]
		x.FullName, x.Name, x.Summary, x.URL, x.Why, x.Tactics = next(), next(), next(), "javascript:alert(1)", next(), append(x.Tactics, next())
		for j := range x.Mitigations {
			x.Mitigations[j].Name, x.Mitigations[j].Why = next(), next()
		}
	}
	for i := range a.Findings {
		f := &a.Findings[i]
		f.Why = next()
		if len(f.Techniques) == 0 {
			f.Suggested = []graph.Suggestion{{ID: next(), Name: next(), Because: []string{next()}}}
		}
		for j := range f.Techniques {
			f.Techniques[j].Via = slices.Clone(f.Techniques[j].Via)
			for k := range f.Techniques[j].Via {
				v := &f.Techniques[j].Via[k]
				v.Source, v.Rationale, v.Weakened, v.Doubt = next(), next(), next(), next()
			}
		}
	}
	for i := range a.Plan {
		a.Plan[i].Name, a.Plan[i].Standards = next(), []string{next(), next()}
	}
	a.Warnings = append(a.Warnings, graph.Warning{Source: next(), Where: next(), Message: next()})
	a.Attack.Source = next()
	first, second := &a.Techniques[0], &a.Techniques[1]
	a.Changes = &graph.Comparison{Before: graph.AttackRelease{Version: next()}, After: graph.AttackRelease{Version: next()},
		Techniques: []graph.Change[graph.TechniqueResult]{{After: first}, {Before: second}, {Before: first, After: second}, {Before: first, After: first}},
		Gaps:       []graph.Change[graph.Gap]{{After: &a.Gaps[0]}}}
	return a
}

// harmless is the same with plain words where poisoned has evil ones, to compare
// the structure of what is written.
func harmless(t *testing.T, a *graph.Assessment) *graph.Assessment {
	t.Helper()
	words := map[string]string{}
	for i, e := range evil {
		words[e] = fmt.Sprintf("word%d", i)
	}
	b, err := json.Marshal(a)
	require.NoError(t, err)
	var out graph.Assessment
	require.NoError(t, json.Unmarshal(b, &out))
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Field(i).CanSet() {
					walk(v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.String:
			s := v.String()
			for e, w := range words {
				if s == strings.ToValidUTF8(e, "\uFFFD") || s == e {
					v.SetString(w)
				}
			}
		}
	}
	walk(reflect.ValueOf(&out))
	return &out
}

func catalogue(t *testing.T) *mitre.Catalog {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	return c
}

// snapshot knows the release and the names of weaknesses.
func snapshot(t *testing.T) *graph.Snapshot {
	t.Helper()
	g, err := graph.New(t.Context(), graph.Attack(catalogue(t)), graph.Knowledge())
	require.NoError(t, err)
	t.Cleanup(func() { g.Close() })
	return g.Snapshot()
}

type format struct {
	name  string
	write func(io.Writer, *graph.Assessment) error
}

func formats(t *testing.T) []format {
	t.Helper()
	c, now := catalogue(t), snapshot(t)
	return []format{
		{"text", report.Text}, {"json", report.JSON}, {"markdown", report.Markdown}, {"sarif", sarif.Write},
		{"html", func(w io.Writer, a *graph.Assessment) error { return report.HTML(w, a, now) }},
		{"html alone", func(w io.Writer, a *graph.Assessment) error { return report.HTML(w, a, nil) }},
		{"navigator", func(w io.Writer, a *graph.Assessment) error { return report.Navigator(w, a, c) }},
		{"stix", func(w io.Writer, a *graph.Assessment) error { return stix.Write(w, a, c) }},
	}
}

func written(t *testing.T, f format, a *graph.Assessment) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, f.write(&b, a))
	return b.String()
}

// No format holds a character that a terminal obeys, none depends on anything
// but the assessment, and what is JSON can be read.
func TestEveryFormatIsInert(t *testing.T) {
	a := poisoned(t)
	for _, f := range formats(t) {
		t.Run(f.name, func(t *testing.T) {
			got := written(t, f, a)
			for _, r := range got {
				if r != '\n' && !unicode.IsPrint(r) {
					assert.Fail(t, "a character that can't be seen", "%U", r)
					break
				}
			}
			assert.Equal(t, got, written(t, f, a))
			if slices.Contains([]string{"json", "sarif", "navigator", "stix"}, f.name) {
				assert.True(t, json.Valid([]byte(got)))
			}
			assert.ErrorContains(t, f.write(full{}, a), "disk full")
		})
	}
	var b bytes.Buffer
	l := report.NewLines(&b)
	for i := range a.Findings {
		require.NoError(t, l.Finding(&a.Findings[i]))
	}
	require.NoError(t, l.Flush())
	assert.NotContains(t, b.String(), "\u202e")
	assert.Contains(t, b.String(), `\u202e`)
}

// An assessment that is nil or empty, or whose parts don't fit, is written.
func TestEveryFormatOfLittle(t *testing.T) {
	odd := &graph.Assessment{
		Findings:   []graph.FindingResult{{ID: "F", Techniques: []graph.FindingTechnique{{ID: "T0814", Via: []graph.Via{{}}}}}, {ID: "F"}},
		Techniques: []graph.TechniqueResult{{ID: "T0814", Tactics: []string{"b", "a"}}, {ID: "T0814", Findings: []string{"F"}}, {ID: "T0801", Findings: []string{"G"}, Tactics: []string{"a"}}},
		Gaps:       []graph.Gap{{Kind: graph.GapNoMitigation, Candidates: []graph.Candidate{{ID: "M0801"}}}, {Kind: graph.GapNotDeployed, Technique: "T0814", Findings: []string{"none"}}},
		Drafts:     []graph.Draft{{Gap: 7}, {Gap: -1}, {Gap: 1}},
		Plan:       []graph.PlanStep{{ID: "M0801"}},
		Changes:    &graph.Comparison{Techniques: []graph.Change[graph.TechniqueResult]{{}}, Gaps: []graph.Change[graph.Gap]{{}}},
	}
	for _, f := range formats(t) {
		for _, a := range []*graph.Assessment{nil, {}, odd} {
			assert.NotEmpty(t, written(t, f, a), f.name)
		}
	}
	assert.ErrorContains(t, report.Navigator(io.Discard, odd, nil), "needs the ATT&CK release")
	assert.ErrorContains(t, stix.Write(io.Discard, odd, nil), "needs the ATT&CK release")
	other := &graph.Assessment{Techniques: []graph.TechniqueResult{{ID: "T9999"}}, Gaps: []graph.Gap{{Kind: graph.GapNotDeployed, Technique: "T9999"}}}
	assert.ErrorContains(t, report.Navigator(io.Discard, other, catalogue(t)), "T9999")
	assert.ErrorContains(t, stix.Write(io.Discard, other, catalogue(t)), "ATT&CK ics-attack 19.1 has no T9999")
}

var own = regexp.MustCompile(`^https://attack\.mitre\.org/[A-Za-z0-9/]+$`)

// outline is the kinds of a Markdown document's nodes. It fails on what no
// report has, and on a link to anywhere but ATT&CK.
func outline(t *testing.T, markdown string) (kinds []string) {
	t.Helper()
	source := []byte(markdown)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(goldtext.NewReader(source))
	require.NoError(t, ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.RawHTML, *ast.HTMLBlock, *ast.Image, *ast.AutoLink, *ast.FencedCodeBlock, *ast.CodeBlock, *ast.Blockquote, *ast.ThematicBreak:
			assert.Fail(t, "not a part of a report", "%s", n.Kind())
		case *ast.Link:
			assert.Regexp(t, own, string(n.Destination))
		}
		switch n.Kind() {
		case ast.KindText, ast.KindString, ast.KindEmphasis, ast.KindLink, ast.KindCodeSpan:
		default:
			if entering {
				kinds = append(kinds, n.Kind().String())
			}
		}
		return ast.WalkContinue, nil
	}))
	return kinds
}

// What the input wrote changes nothing of how a reader of Markdown sees the
// document: the same headings, lists, tables and cells.
func TestMarkdownIsInert(t *testing.T) {
	a := poisoned(t)
	var evil, plain bytes.Buffer
	require.NoError(t, report.Markdown(&evil, a))
	require.NoError(t, report.Markdown(&plain, harmless(t, a)))
	got := outline(t, evil.String())
	assert.Equal(t, outline(t, plain.String()), got)
	assert.Contains(t, got, "TableRow")
	assert.NotContains(t, evil.String(), "<script")
	assert.NotContains(t, evil.String(), "evil@")
}

// node is an element of a page.
type node struct {
	*html.Node
	attrs map[string]string
}

func elements(t *testing.T, page string) (out []node) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			assert.NotEqual(t, html.CommentNode, n.Type, n.Data)
			continue
		}
		x := node{n, map[string]string{}}
		for _, a := range n.Attr {
			x.attrs[a.Key] = a.Val
		}
		out = append(out, x)
	}
	return out
}

// The page has one script and one style, both its own, no attribute that runs
// or loads anything, links into itself and to ATT&CK, and the structure that
// readers of screens need.
func TestHTMLIsInert(t *testing.T) {
	for _, f := range formats(t) {
		if !strings.HasPrefix(f.name, "html") {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			page := written(t, f, poisoned(t))
			assert.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;", "text stays text")
			count, ids, level, policy := map[string]int{}, map[string]bool{}, 0, ""
			all := elements(t, page)
			for _, n := range all {
				count[n.Data]++
				if id, ok := n.attrs["id"]; ok {
					assert.False(t, ids[id], "two elements are called %s", id)
					ids[id] = true
				}
				if n.attrs["http-equiv"] == "Content-Security-Policy" {
					policy = n.attrs["content"]
				}
			}
			for _, n := range all {
				for key := range n.attrs {
					assert.False(t, strings.HasPrefix(key, "on") || slices.Contains([]string{"src", "srcset", "style", "action", "formaction", "xlink:href", "background"}, key), "%s has %s", n.Data, key)
				}
				switch n.Data {
				case "a":
					if to, inside := strings.CutPrefix(n.attrs["href"], "#"); inside {
						assert.True(t, ids[to], "nothing is called %s", to)
					} else {
						assert.Regexp(t, own, n.attrs["href"])
					}
				case "script", "style":
					sum := sha256.Sum256([]byte(n.FirstChild.Data))
					assert.Contains(t, policy, n.Data+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
				case "img", "iframe", "object", "embed", "link", "base", "audio", "video", "image", "use", "foreignobject":
					assert.Fail(t, "not a part of a report", n.Data)
				case "h1", "h2", "h3", "h4", "h5", "h6":
					now := int(n.Data[1] - '0')
					assert.LessOrEqual(t, now, level+1, "a level of headings is left out")
					level = now
				case "th":
					assert.NotEmpty(t, n.attrs["scope"])
				}
			}
			assert.True(t, strings.HasPrefix(policy, "default-src 'none'; "))
			for what, want := range map[string]int{"h1": 1, "main": 1, "header": 1, "nav": 1, "footer": 1, "script": 1, "style": 1, "title": 2, "caption": count["table"]} {
				if what == "title" {
					assert.Greater(t, count[what], 1, "the page's and those in the picture")
					continue
				}
				assert.Equal(t, want, count[what], what)
			}
		})
	}
}

// Words that SARIF takes for links or arguments are text in it.
func TestSARIFIsInert(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, sarif.Write(&b, poisoned(t)))
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						Help struct{ Text, Markdown string }
						Full struct{ Text string } `json:"fullDescription"`
						URI  string                `json:"helpUri"`
					}
				}
			}
			Results []struct{ Message struct{ Text string } }
		}
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &log))
	link := regexp.MustCompile(`(^|[^\\])(\\\\)*\]\(`)
	argument := regexp.MustCompile(`(^|[^{])\{\d+\}`)
	check := func(s string) {
		assert.NotRegexp(t, link, s)
		assert.NotRegexp(t, argument, s)
	}
	require.NotEmpty(t, log.Runs[0].Results)
	for _, r := range log.Runs[0].Results {
		check(r.Message.Text)
	}
	for _, r := range log.Runs[0].Tool.Driver.Rules {
		check(r.Help.Text)
		check(r.Full.Text)
		assert.Empty(t, r.URI)
		outline(t, r.Help.Markdown)
	}
}

package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

var (
	//go:embed page.html.tmpl
	pageTemplate string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string

	page = template.Must(template.New("page").Funcs(template.FuncMap{
		"percent":  func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) },
		"score":    func(x float64) string { return fmt.Sprintf("%.2f", x) },
		"px":       func(x float64) string { return fmt.Sprintf("%.1f", x) },
		"join":     strings.Join,
		"sentence": sentence,
		"inc":      func(i int) int { return i + 1 },
		"shade":    shade,
		"count":    count,
		"mark":     mark,
	}).Parse(pageTemplate))
)

// mark is the class of a provenance's mark; none for what is no provenance.
func mark(kind string) string {
	for _, p := range provenances {
		if string(p.kind) == kind {
			return "tag p-" + kind
		}
	}
	return "tag"
}

// HTML writes the assessment as one page for a browser: what to do first, the
// plan, the gaps, the findings, the matrix as a heat map, a picture of the ways
// from weaknesses to tactics, the techniques, the drafts and the sources. The
// snapshot that was assessed tells the whole matrix and the names of
// weaknesses; without it (nil) the page has what the assessment has.
//
// The page needs nothing else and asks for nothing: its Content-Security-Policy
// forbids every request, and every style and script but its own. It can be read
// without scripts, which only filter the lists. What the input wrote is text in
// it; links lead into the page or to attack.mitre.org. It has every finding,
// gap and draft; the picture shows the most urgent and says what it leaves out.
// Nil, and parts that don't fit together, are as in [Text].
func HTML(w io.Writer, a *graph.Assessment, now *graph.Snapshot) error {
	var b bytes.Buffer
	if err := page.Execute(&b, newPage(newShown(a), now)); err != nil {
		return err
	}
	_, err := w.Write(visible(b.Bytes()))
	return err
}

// visible keeps what can be seen and line breaks, whatever the input held.
func visible(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		n := 0
		for n < len(b) && (b[n] == '\n' || b[n] >= ' ' && b[n] < 0x7f) {
			n++
		}
		out = append(out, b[:n]...)
		if b = b[n:]; len(b) == 0 {
			break
		}
		r, n := utf8.DecodeRune(b)
		switch {
		case unicode.IsSpace(r):
			out = append(out, ' ')
		case escape.Seen(r):
			out = utf8.AppendRune(out, r)
		}
		b = b[n:]
	}
	return out
}

// policy forbids all but the page's own style and script.
var policy = func() string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(pageStyle) + "; script-src " + hash(pageScript) + "; base-uri 'none'; form-action 'none'"
}()

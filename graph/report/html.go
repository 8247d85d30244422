package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/mitigraph/mitigraph/graph"
)

var (
	//go:embed page.css
	pageStyle markup
	//go:embed page.js
	pageScript markup
)

// HTML writes the assessment as one page for a browser: what to do first, the
// plan, the gaps, the findings, the matrix as a heat map, a picture of the ways
// from weaknesses to tactics, the techniques, the drafts and the sources. The
// snapshot that was assessed tells the whole matrix and the names of
// weaknesses; without it (nil) the page has what the assessment has.
//
// The page needs nothing else and asks for nothing: its Content-Security-Policy
// forbids every request, and every style and script but its own. It can be read
// without scripts, which only filter the lists. What the input wrote is text in
// it; links lead into the page or to attack.mitre.org. Of each list, such as
// the findings, the gaps of one kind and the drafts, it has the 2,000 with the
// most risk, and says how many more there are; the picture shows the most
// urgent and says what it leaves out.
// Nil, and parts that don't fit together, are as in [Text].
func HTML(w io.Writer, a *graph.Assessment, now *graph.Snapshot) error {
	return newPage(w, newShown(a), now).write()
}

// policy forbids all but the page's own style and script.
var policy = func() string {
	hash := func(s markup) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", hash(pageStyle), hash(pageScript))
}()

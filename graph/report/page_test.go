package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/mitre"
)

func page(t *testing.T, a *graph.Assessment, now *graph.Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.HTML(&b, a, now))
	return b.String()
}

// words is the text of an element, its white space folded.
func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func byClass(nodes []node, class string) (out []node) {
	for _, n := range nodes {
		for _, c := range strings.Fields(n.attrs["class"]) {
			if c == class {
				out = append(out, n)
			}
		}
	}
	return out
}

func smallSite(t *testing.T) *graph.Assessment {
	t.Helper()
	return assess(t, graph.SiteDescription{Site: "Pump house", Devices: []graph.Device{{ID: "plc-1", Name: "Pump controller", Deployed: []string{"M0807"}}}},
		finding.Finding{ID: "F-1", Title: "Writes need no login", Device: "plc-1", Weaknesses: []string{"CWE-306"}, KEV: true},
		finding.Finding{ID: "F-2", Title: "Interlock can be bypassed", Device: "plc-1", Techniques: []string{"T0837"}},
		finding.Finding{ID: "F-3", Title: "Odd", Device: "elsewhere", Weaknesses: []string{"CWE-99999"}})
}

// The page has all that the assessment has: each finding, gap and draft once,
// its drafts marked, and its candidates told from what is official.
func TestHTMLHasEverything(t *testing.T) {
	a := smallSite(t)
	for i := range a.Gaps {
		a.Drafts = append(a.Drafts, graph.Draft{Gap: i, Generator: "template", Status: graph.StatusDraft, Text: graph.DraftText{{Name: "limits", Single: true, Claims: []graph.Claim{{Text: "It stays."}}}}})
	}
	a.Drafts[0].Status = graph.StatusAccepted
	all := elements(t, page(t, a, snapshot(t)))
	gaps, drafts, items, suggestions := byClass(all, "gap"), 0, 0, 0
	for _, n := range all {
		if n.Data == "article" && n.attrs["class"] != "card" {
			drafts++
			if drafts > 1 {
				assert.True(t, strings.HasPrefix(words(n.Node), "DRAFT "), words(n.Node))
			} else {
				assert.Contains(t, words(n.Node), "ACCEPTED DRAFT")
			}
			assert.Contains(t, words(n.Node), "by template")
			assert.Contains(t, words(n.Node), "What stays open It stays.")
		}
		if _, ok := n.attrs["data-item"]; ok {
			items++
		}
	}
	assert.Len(t, gaps, len(a.Gaps))
	assert.Equal(t, len(a.Drafts), drafts)
	assert.Equal(t, len(a.Gaps)+len(a.Findings), items)
	for _, g := range a.Gaps {
		if g.Kind != graph.GapNotDeployed {
			suggestions += len(g.Candidates)
		}
	}
	require.Positive(t, suggestions)
	assert.Len(t, byClass(all, "suggestion"), suggestions)
	text := words(all[0].Node)
	for _, want := range []string{
		"Assessment of Pump house 3 findings on 2 devices, seen through ATT&CK ics-attack 19.1 (embedded facts)", "Plan M0", "On Pump controller (plc-1)",
		"F-2 Interlock can be bypassed", "known to be exploited", "T0837 at attack.mitre.org", "its weakness is in no catalogue here", "ATT&CK is a registered trademark",
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "Nobody said")
	a.Site, a.UnreadRecords = nil, 1
	text = page(t, a, nil)
	assert.Contains(t, text, "Nobody said what is deployed, so every mitigation is treated as not deployed: there can be fewer gaps than these.")
	assert.Contains(t, text, "INCOMPLETE: 1 record of the input")
}

// The matrix has every live technique of the release under each of its tactics,
// sub-techniques in their parents, and a number on what is open. Without the
// release it has what is open.
func TestMatrix(t *testing.T) {
	a, c := smallSite(t), catalogue(t)
	cells, lit, want, open := 0, 0, 0, 0
	for _, n := range byClass(elements(t, page(t, a, snapshot(t))), "cell") {
		cells++
		if n.Data == "a" {
			lit++
			assert.Regexp(t, `T\d{4}(\.\d{3})? 0\.\d\d .*(deployed|mitigation|mitigate|feasible|differing)`, words(n.Node))
		}
	}
	for x := range mitre.Live[*mitre.Technique](c) {
		want += len(x.Tactics)
	}
	for _, x := range a.Techniques {
		open += len(x.Tactics)
	}
	assert.Equal(t, want, cells)
	assert.Equal(t, open, lit)
	alone := byClass(elements(t, page(t, a, nil)), "cell")
	assert.Len(t, alone, open)
	assert.Contains(t, page(t, a, nil), "Only techniques that are open are shown.")
}

// The picture keeps within its frame, joins boxes by lines, leaves out the least
// urgent and says how many.
func TestPicture(t *testing.T) {
	var fs []finding.Finding
	for i, w := range strings.Fields("CWE-798 CWE-306 CWE-79 CWE-22 CWE-400 CWE-787 CWE-125 CWE-78 CWE-89 CWE-287 CWE-311 CWE-319 CWE-352 CWE-434 CWE-20 CWE-119 CWE-120 CWE-502") {
		fs = append(fs, finding.Finding{ID: fmt.Sprint("F-", i), Weaknesses: []string{w}})
	}
	a := assess(t, graph.SiteDescription{}, fs...)
	require.Greater(t, len(a.Techniques), 12)
	got := page(t, a, snapshot(t))
	assert.Equal(t, got, page(t, a, snapshot(t)))
	assert.Contains(t, got, fmt.Sprintf("are the 12 most urgent of %d techniques; of 18 weaknesses ", len(a.Techniques)))
	assert.Contains(t, got, fmt.Sprintf("%d techniques are left out here and listed below", len(a.Techniques)-12))
	assert.Contains(t, got, "other weaknesses")
	assert.Contains(t, got, "Use of Hard-coded Credentials", "weaknesses have names")
	size := regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`).FindStringSubmatch(got)
	require.Len(t, size, 3)
	var width, height int
	fmt.Sscan(size[1], &width)
	fmt.Sscan(size[2], &height)
	boxes := regexp.MustCompile(`<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" rx="4"/>`).FindAllStringSubmatch(got, -1)
	require.Greater(t, len(boxes), 20)
	lastX, end := -1, 0
	for _, b := range boxes {
		var x, y, w, h int
		fmt.Sscan(strings.Join(b[1:], " "), &x, &y, &w, &h)
		assert.LessOrEqual(t, x+w, width)
		assert.LessOrEqual(t, y+h, height)
		if x == lastX {
			assert.GreaterOrEqual(t, y, end, "two boxes lie over each other")
		}
		lastX, end = x, y+h
	}
	ends := regexp.MustCompile(`d="M(\S+) (\S+)C\S+ \S+ \S+ \S+ (\S+) (\S+)"`).FindAllStringSubmatch(got, -1)
	require.Greater(t, len(ends), 20)
	for _, e := range ends {
		var x1, y1, x2, y2 float64
		fmt.Sscan(strings.Join(e[1:], " "), &x1, &y1, &x2, &y2)
		starts, arrives := false, false
		for _, b := range boxes {
			var x, y, w, h float64
			fmt.Sscan(strings.Join(b[1:], " "), &x, &y, &w, &h)
			starts = starts || x+w == x1 && y <= y1 && y1 <= y+h
			arrives = arrives || x == x2 && y <= y2 && y2 <= y+h
		}
		assert.True(t, starts && arrives, "a line hangs in the air: %v", e[0])
	}
	assert.NotContains(t, page(t, &graph.Assessment{}, nil), "<svg", "nothing is open")
}

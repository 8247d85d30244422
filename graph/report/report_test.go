package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/mitre"
)

func assess(t *testing.T, site graph.SiteDescription, fs ...finding.Finding) *graph.Assessment {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	g, err := graph.New(t.Context(), graph.Attack(c), graph.Knowledge(), graph.SiteFacts(site), graph.Findings(fs...))
	require.NoError(t, err)
	defer g.Close()
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	return a
}

func text(t *testing.T, a *graph.Assessment) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.Text(&b, a))
	return b.String()
}

// Whatever the input says, the text holds no control or format character but
// the line break, and no line is wider than 100 columns.
func TestTextIsInert(t *testing.T) {
	hostile := "\x1b[31m\x1b]0;title\x07 ‮evil‬ \u200b<script>alert(1)</script> 漢字漢字 \r\n\tx " + strings.Repeat("long", 200)
	a := assess(t, graph.SiteDescription{},
		finding.Finding{ID: hostile, Title: hostile, Device: hostile, Weaknesses: []string{"CWE-798", hostile}, Source: hostile},
		finding.Finding{ID: "silent " + hostile, Weaknesses: []string{hostile}})
	a.Drafts = []graph.Draft{{Generator: hostile, Text: graph.DraftText{
		Summary: graph.Claim{Text: hostile, Evidence: []string{"E1"}}, Steps: []graph.Claim{{Text: hostile}}, Limits: graph.Claim{Text: hostile},
	}}}
	a.Attack.Source = hostile
	for _, line := range strings.Split(text(t, a), "\n") {
		for _, r := range line {
			assert.True(t, unicode.IsPrint(r), "%U in %q", r, line)
		}
		assert.LessOrEqual(t, uniseg.StringWidth(line), 100, line)
	}
}

func TestTextSaysWhatToTry(t *testing.T) {
	assert.Contains(t, text(t, assess(t, graph.SiteDescription{})), "There is nothing to assess. Give a CSAF 2.0 advisory")
	assert.Contains(t, text(t, assess(t, graph.SiteDescription{}, finding.Finding{ID: "F"})), "Add the weakness")
	covered := text(t, assess(t, graph.SiteDescription{Deployed: []string{"M0801", "M0936", "M0930"}}, finding.Finding{ID: "F", Techniques: []string{"T1694.002"}}))
	assert.Contains(t, covered, "Every technique is covered")
	assert.NotContains(t, covered, "GAPS")
}

func TestTextSaysWhatWasRejected(t *testing.T) {
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Techniques: []string{"T0837"}})
	a.Drafts = []graph.Draft{
		{Generator: "template", Checks: graph.Checks{Fallback: true, Asked: "ollama:m", Rejections: []graph.Rejection{{Check: "ids"}, {Check: "urls"}, {Check: "ids"}}}},
		{Generator: "ollama:m"},
	}
	assert.Contains(t, strings.Join(strings.Fields(text(t, a)), " "),
		"1 of 2 are the template's: the answers of ollama:m were rejected (ids 2, urls 1; -format json says each reason).")
	assert.NotContains(t, text(t, assess(t, graph.SiteDescription{})), "rejected")
}

func TestTextCountsWhatItLeavesOut(t *testing.T) {
	var fs []finding.Finding
	for i := range 30 {
		fs = append(fs, finding.Finding{ID: fmt.Sprint("F-", i), Weaknesses: []string{"CWE-798", "CWE-306", "CWE-79", "CWE-22", "CWE-400"}})
	}
	a := assess(t, graph.SiteDescription{}, fs...)
	require.Greater(t, len(a.Techniques), 8)
	assert.Contains(t, text(t, a), fmt.Sprintf("… and %d more techniques", len(a.Techniques)-8))
}

func TestJSON(t *testing.T) {
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "a<b>&c", Weaknesses: []string{"CWE-798"}})
	var b bytes.Buffer
	require.NoError(t, report.JSON(&b, a))
	assert.Contains(t, b.String(), `"id": "a<b>&c"`)
	var back graph.Assessment
	require.NoError(t, json.Unmarshal(b.Bytes(), &back))
	assert.Equal(t, *a, back)
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrors(t *testing.T) {
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Weaknesses: []string{"CWE-798"}})
	assert.ErrorContains(t, report.Text(full{}, a), "disk full")
	assert.ErrorContains(t, report.JSON(full{}, a), "disk full")
}

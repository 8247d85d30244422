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
		{Name: "summary", Single: true, Claims: []graph.Claim{{Text: hostile, Evidence: []string{"E1"}}}},
		{Name: "steps", Claims: []graph.Claim{{Text: hostile}}},
		{Name: "limits", Single: true, Claims: []graph.Claim{{Text: hostile}}},
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
	assert.Contains(t, covered, "Every technique has a deployed mitigation.")
	assert.NotContains(t, covered, "GAPS")
	bare := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Weaknesses: []string{"CWE-798"}})
	assert.Contains(t, text(t, bare), "Add it to the -controls file")
	bare.Site = nil
	assert.Contains(t, text(t, bare), "Write what is deployed")
	assert.Contains(t, text(t, &graph.Assessment{UnreadRecords: 2}), "Mend what the warnings name")
}

func TestTextSaysByWhichWay(t *testing.T) {
	s := strings.Join(strings.Fields(text(t, assess(t, graph.SiteDescription{},
		finding.Finding{ID: "F-2", Weaknesses: []string{"PID-12"}}))), " ")
	assert.Contains(t, s, "F-2, from PID-12 by way of PID-122 and TID-107 [analyst]")
}

// The first lines say what was found, where, and how sure the count is.
func TestTextSaysWhatWasFound(t *testing.T) {
	site := graph.SiteDescription{Site: "s", Devices: []graph.Device{{ID: "plc-1", Name: "Pump controller", Deployed: []string{"M0930"}}}}
	a := assess(t, site,
		finding.Finding{ID: "F-1", Title: "Writes need no login", Device: "plc-1", Weaknesses: []string{"CWE-306"}, KEV: true},
		finding.Finding{ID: "F-2", Title: "Odd", Device: "elsewhere", Weaknesses: []string{"CWE-99999"}},
		finding.Finding{ID: "F-3", Title: "Bare"}, finding.Finding{ID: "F-4", Title: "Bare too"})
	got := text(t, a)
	for _, want := range []string{
		fmt.Sprintf("1 finding leads to %d techniques, 2 lead to none (no weakness or technique is known of them), 1 leads\nto none (its weakness is in no catalogue here)\n", len(a.Techniques)),
		"  F-1  plc-1      Writes need no login ", fmt.Sprintf("%s +%d\n", a.Findings[0].Techniques[0].ID, len(a.Techniques)-1), "  F-2  elsewhere  Odd", "no technique\n",
		"        on Pump controller (plc-1)\n", "F-1 Writes need no login, from CWE-306 [analyst]: ",
		" = severity 0.50 (unknown) × exploitation 1.00 (known exploited) × confidence 0.",
	} {
		assert.Contains(t, got, want)
	}
	assert.Contains(t, got, "INCOMPLETE: 1 part of a record could not be used; the warnings name each\n", "an unknown weakness")
	assert.NotContains(t, got, "No -controls")
	a.Site, a.UnreadRecords, a.UnreadMembers = nil, 1, 2
	got = text(t, a)
	assert.Contains(t, strings.Join(strings.Fields(got), " "), "INCOMPLETE: 1 record of the input could not be read and is missing here, 2 parts of records could not be used; the warnings name each")
	assert.Contains(t, got, "No -controls given: nobody said what is deployed, so every mitigation is treated as not deployed\n")
	assert.Contains(t, got, "        on plc-1\n")
}

// An assessment may come back from a file that somebody edited.
func TestTextOfPartsThatDontFit(t *testing.T) {
	assert.Contains(t, text(t, nil), "There is nothing to assess")
	got := text(t, &graph.Assessment{
		Findings:   []graph.FindingResult{{ID: "F", Techniques: []graph.FindingTechnique{{ID: "T0814"}}}},
		Techniques: []graph.TechniqueResult{{ID: "T0814"}, {ID: "T0814", Findings: []string{"F"}}, {ID: "T0814", Findings: []string{"G"}}},
		Gaps:       []graph.Gap{{Kind: graph.GapNoMitigation, Candidates: []graph.Candidate{{ID: "M0801"}}}},
		Drafts:     []graph.Draft{{Gap: 7}, {Gap: -1}},
	})
	assert.Contains(t, got, "M0801")
}

// What a bundle says of itself is as strange as what a finding says.
func TestBundlesAreInert(t *testing.T) {
	const evil = "\x1b[31m\u202e\u009b\a\r\nx"
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Device: "d", Weaknesses: []string{"CWE-798"}})
	a.Attack = graph.AttackRelease{Domain: evil, Version: evil, Source: evil}
	a.Site = &graph.SiteResult{Devices: []graph.DeviceResult{{ID: "d", Name: evil}}}
	for i := range a.Mitigations {
		m := &a.Mitigations[i]
		m.ID, m.Name, m.Standards, m.Score = evil, evil, []string{evil}, 1
	}
	for i := range a.Techniques {
		a.Techniques[i].FullName, a.Techniques[i].Why, a.Techniques[i].Summary = evil, evil, evil
	}
	for i := range a.Gaps {
		a.Gaps[i].Why, a.Gaps[i].Candidates = evil, []graph.Candidate{{ID: evil, Name: evil, Because: []string{evil}}}
	}
	a.Findings[0].Techniques[0].Via[0].Rationale = evil
	a.Drafts = []graph.Draft{{Text: graph.DraftText{{Name: "summary", Single: true, Claims: []graph.Claim{{Text: evil, Evidence: []string{evil}}}}},
		Evidence: []graph.Evidence{{Handle: evil, Text: evil}}, Checks: graph.Checks{Fallback: true, Asked: evil, Rejections: []graph.Rejection{{Check: evil}}}}}
	for _, line := range strings.Split(text(t, a), "\n") {
		for _, r := range line {
			assert.True(t, unicode.IsPrint(r), "%U in %q", r, line)
		}
		assert.LessOrEqual(t, uniseg.StringWidth(line), 100, line)
	}
}

// A draft's marks lead to what they stand for.
func TestTextListsEvidence(t *testing.T) {
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Techniques: []string{"T0837"}})
	a.Drafts = []graph.Draft{{
		Text:     graph.DraftText{{Name: "summary", Single: true, Claims: []graph.Claim{{Text: "s", Evidence: []string{"E2"}}}}},
		Evidence: []graph.Evidence{{Handle: "E1", Text: "not cited"}, {Handle: "E2", Text: "cited " + strings.Repeat("x", 200), Provenance: "official"}},
	}}
	got := text(t, a)
	assert.Contains(t, got, "    E2 [official] cited xxx")
	assert.NotContains(t, got, "not cited")
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
	assert.Contains(t, text(t, a), "… and 18 more findings")
	a.Techniques = a.Techniques[:9]
	assert.Contains(t, text(t, a), "… and 1 more technique (")
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

// A kind of gap that this package does not know is listed as the others are.
func TestGapsOfOtherKinds(t *testing.T) {
	a := &graph.Assessment{Gaps: []graph.Gap{{Kind: "of_tomorrow", Technique: "T0814", Why: "Nobody knows."}, {Kind: graph.GapNoMitigation, Technique: "T0837", Why: "None."}, {Technique: "T0801", Why: "No kind."}}}
	for _, f := range formats(t) {
		if f.name == "navigator" {
			continue // of techniques
		}
		got := written(t, f, a)
		for _, want := range []string{"Nobody knows.", "None.", "No kind."} {
			assert.Contains(t, got, want, f.name)
		}
	}
}

// Findings whose scores say that nothing is lost make no plan to follow.
func TestPlanWithoutRisk(t *testing.T) {
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Weaknesses: []string{"CWE-306"}, CVSS: "0.0"})
	require.NotEmpty(t, a.Plan)
	for _, f := range formats(t)[:6] {
		if f.name == "json" || f.name == "sarif" {
			continue
		}
		got := strings.Join(strings.Fields(written(t, f, a)), " ")
		assert.Contains(t, got, "he findings carry no risk by their scores", f.name)
		assert.Contains(t, got, "Mend what is wrong, and run this again.", f.name)
		assert.NotContains(t, got, "with 0 % of", f.name)
		assert.NotContains(t, got, "by itself answers", f.name)
	}
}

// A plan says that it answers a risk, not that it ends it, and a column of the
// page has one meaning.
func TestPlanEndsNoRisk(t *testing.T) {
	a := smallSite(t)
	require.NotEmpty(t, a.Plan)
	for _, f := range formats(t) {
		got := strings.Join(strings.Fields(written(t, f, a)), " ")
		assert.NotContains(t, got, "isk left", f.name)
		switch f.name {
		case "text", "markdown", "html", "html alone":
			assert.Contains(t, got, "where a mitigation is deployed the risk is answered: less, not gone", f.name)
		case "stix":
			assert.Contains(t, got, "of the unanswered risk", f.name)
		}
	}
}

// Which versions are affected stands where the device is told, and what the
// input wrote of them is as inert as the rest.
func TestAffectedVersionsAreTold(t *testing.T) {
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Title: "Flaw", Weaknesses: []string{"CWE-306"}, Affected: []finding.Affected{
		{Product: "Maker Pump", Versions: []string{"< 5.11", "6.0", "6.1", "6.2"}}, {Product: "Maker Valve <b>\x1b[31m"}}})
	var b bytes.Buffer
	require.NoError(t, report.Text(&b, a))
	assert.Contains(t, b.String(), "on 2 devices")
	assert.Contains(t, b.String(), "\n        affected: Maker Pump: < 5.11, 6.0, 6.1, and 1 more; Maker Valve <b>[31m\n")
	b.Reset()
	require.NoError(t, report.Markdown(&b, a))
	assert.Contains(t, b.String(), `affected: Maker Pump: &lt; 5.11, 6.0, 6.1, and 1 more; Maker Valve &lt;b&gt;\[31m |`)
	b.Reset()
	require.NoError(t, report.HTML(&b, a, nil))
	assert.Contains(t, b.String(), `<span class="maker">Affected: <bdi>Maker Pump: &lt; 5.11, 6.0, 6.1, and 1 more; Maker Valve &lt;b&gt;[31m</bdi></span>`)
	a = assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Weaknesses: []string{"CWE-306"}, Affected: []finding.Affected{{Product: "A"}, {Product: "B"}}})
	b.Reset()
	require.NoError(t, report.Text(&b, a))
	assert.NotContains(t, b.String(), "affected:", "the devices say as much")
}

package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// long is more than a line of the text, and its address alone is too.
var long = strings.Repeat("Update the controller to version 5.11 ", 6) + "from https://maker.example/" + strings.Repeat("a-long-path/", 12) + "end"

func advised(t *testing.T, site graph.SiteDescription) *graph.Assessment {
	t.Helper()
	return assess(t, site, finding.Finding{ID: "F-1", Title: "Flaw", Device: "plc-1", Weaknesses: []string{"CWE-306"}, Source: "/home/somebody/work/advisory.json", Remedies: []finding.Remedy{
		{Category: "no_fix_planned", Text: "Model P gets none.", Products: []string{"P"}}, {Category: "mitigation", Text: "Close port 502."}, {Category: "workaround", Text: "Pull the plug."}, {Category: "vendor_fix", Text: long}}})
}

// flat folds white space, and joins what the text had to break.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

// What the source says comes before what ATT&CK says, whole, quoted, with its
// finding and file; the fix first, then what helps without one, and last that
// there is none.
func TestSourcesComeFirst(t *testing.T) {
	a := advised(t, graph.SiteDescription{Devices: []graph.Device{{ID: "plc-1", Name: "Pump", Constraints: []string{"no_patch"}}}})
	require.NotEmpty(t, a.Plan)
	for _, f := range formats(t) {
		if f.name == "json" || f.name == "lines" {
			continue
		}
		got := written(t, f, a)
		switch f.name {
		case "text":
			for _, line := range strings.Split(got, "\n") {
				assert.LessOrEqual(t, uniseg.StringWidth(line), 100, line)
			}
			got = strings.ReplaceAll(flat(got), " ", "")
			assert.Contains(t, got, "“"+strings.ReplaceAll(long, " ", "")+"”(F-1,inadvisory.json)ThesitesaysthatPump(plc-1)can'tbepatched(no_patch).", f.name)
			assert.Less(t, strings.Index(got, "workaround:“Pulltheplug.”"), strings.Index(got, "mitigate:“Closeport502.”"))
			assert.Less(t, strings.Index(got, "Closeport502"), strings.Index(got, "nofixisplanned:“ModelPgetsnone.”"))
			assert.Less(t, strings.Index(got, "ModelPgetsnone"), strings.Index(got, "M0"), "before any mitigation of ATT&CK")
			assert.Less(t, strings.Index(got, "DOFIRST"), strings.Index(got, "THENofficialmitigations"))
			continue
		case "html", "html alone":
			got = words(elements(t, got)[0].Node)
		}
		got = strings.ReplaceAll(flat(got), "\\", "")
		assert.Contains(t, got, "advisory.json", f.name)
		assert.Contains(t, got, long, f.name)
		assert.Contains(t, got, "Pull the plug.", f.name)
		assert.Contains(t, got, "Close port 502.", f.name)
		assert.NotContains(t, got, "somebody", f.name)
		if f.name != "navigator" {
			assert.Contains(t, got, "“Close port 502.”", f.name)
			assert.Less(t, strings.Index(got, long), strings.Index(got, "“Close port 502.”"), f.name)
		}
		assert.Contains(t, got, "can't be patched (no_patch)", f.name)
	}
	said := text(t, advised(t, graph.SiteDescription{Devices: []graph.Device{{ID: "plc-1"}}}))
	assert.NotContains(t, said, "can't be patched")
	assert.Contains(t, said, "Begin with what the advisories and findings themselves say. ")
}

// A source's words can't end their quotation, and many are counted.
func TestRemediesAreQuoted(t *testing.T) {
	var fs []finding.Finding
	for i := range 30 {
		fs = append(fs, finding.Finding{ID: fmt.Sprint("F-", i), Weaknesses: []string{"CWE-306"}, Remedies: []finding.Remedy{
			{Category: "vendor_fix", Text: fmt.Sprintf("Do %d.” (F-9) Official mitigation: “none\x1b[31m\n# x", i)}, {Category: "mitigation", Text: "The same for all."}, {Category: "own"}}})
	}
	a := assess(t, graph.SiteDescription{}, fs...)
	got := flat(text(t, a))
	assert.Contains(t, got, `fix: “Do 0." (F-9) Official mitigation: "none[31m # x” (F-0)`)
	assert.Contains(t, got, "… and 20 more remedies (-format json has all)", "30 fixes, one for all, one without words")
	for _, f := range formats(t) {
		switch f.name {
		case "markdown":
			md := written(t, f, a)
			assert.Equal(t, 1, strings.Count(md, "The same for all."))
			assert.Contains(t, md, "- **mitigate**: “The same for all.” (F-0, F-1, F-10 and 27 more)")
			assert.Contains(t, md, "- **own**: no details (F-0, F-1, F-10 and 27 more)")
		case "sarif", "stix":
			assert.NotContains(t, written(t, f, a), "Do 0.”", f.name)
		}
	}
}

// Fixes that differ by product name their products, one name each.
func TestRemediesNameTheirProducts(t *testing.T) {
	fix := func(text string, products ...string) finding.Remedy {
		return finding.Remedy{Category: "vendor_fix", Text: text, Products: products}
	}
	got := flat(text(t, assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Weaknesses: []string{"CWE-306"}, Remedies: []finding.Remedy{fix("One.", "Pump", "Maker Pump"), fix("Two.", "Valve")}})))
	assert.Contains(t, got, "fix: “One.” (for Maker Pump; F)")
	assert.Contains(t, got, "fix: “Two.” (for Valve; F)")
	got = flat(text(t, assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Weaknesses: []string{"CWE-306"}, Remedies: []finding.Remedy{fix("One.", "Pump"), fix("Two.", "Pump")}})))
	assert.Contains(t, got, "fix: “One.” (F)")
}

// How a technique is answered is said as it is: on every device, on some, on
// none, or not told.
func TestStanding(t *testing.T) {
	on := func(names ...string) (fs []finding.Finding) {
		for _, n := range names {
			fs = append(fs, finding.Finding{ID: n, Device: n, Techniques: []string{"T0866"}})
		}
		return fs
	}
	device := func(id string, deployed ...string) graph.Device { return graph.Device{ID: id, Deployed: deployed} }
	for _, test := range []struct {
		site graph.SiteDescription
		fs   []finding.Finding
		want string
	}{
		{graph.SiteDescription{Devices: []graph.Device{device("a", "M0916"), device("b", "M0926"), device("c")}}, on("a", "b", "c"), "2 of 8, on some devices only"},
		{graph.SiteDescription{Devices: []graph.Device{device("a"), device("b")}}, on("a", "b"), "none of 8 deployed"},
		{graph.SiteDescription{Devices: []graph.Device{device("a", "M0916"), device("b", "M0926")}}, on("a", "b"), "each device has some of 8"},
		{graph.SiteDescription{Deployed: []string{"M0930"}, Devices: []graph.Device{device("a", "M0916"), device("b")}}, on("a", "b"), "1 of 8 on all, 1 on some"},
		{graph.SiteDescription{Deployed: []string{"M0930"}}, on("a"), "1 of 8 deployed"},
	} {
		a := assess(t, test.site, test.fs...)
		for _, f := range formats(t) {
			switch f.name {
			case "text", "markdown", "html", "html alone", "navigator":
				assert.Contains(t, written(t, f, a), test.want, f.name)
			}
		}
	}
	a := assess(t, graph.SiteDescription{}, on("a")...)
	a.Site = nil
	got := text(t, a)
	assert.Contains(t, got, "8 exist, deployed: not told")
	assert.NotContains(t, got, "0 of 1 technique")
}

// A judgement is no omission, in any format.
func TestJudgedIsTold(t *testing.T) {
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Weaknesses: []string{"CWE-778"}}, finding.Finding{ID: "G", Weaknesses: []string{"CWE-306"}})
	require.True(t, a.Findings[0].Judged)
	for _, f := range formats(t) {
		got := flat(written(t, f, a))
		assert.NotContains(t, got, "not in this project's mapping", f.name)
		switch f.name {
		case "text", "markdown", "html", "html alone", "navigator":
			assert.Contains(t, got, "1 leads to none (judged: none follows from its weakness)", f.name)
		case "json":
			assert.Contains(t, got, `"status": "unmapped_weakness"`)
			assert.Contains(t, got, `"judged": true`)
		case "stix":
			assert.Contains(t, got, `"judged":true`)
		}
		if f.name != "navigator" {
			assert.Contains(t, got, "No technique follows from CWE-778", f.name)
		}
	}
}

// What is answered by one deployed mitigation leaves the plan and not the
// report, which says what could stand beside it.
func TestRestsOnOneIsTold(t *testing.T) {
	a := assess(t, graph.SiteDescription{Devices: []graph.Device{{ID: "plc-1", Deployed: []string{"M0930"}}}}, finding.Finding{ID: "F-1", Device: "plc-1", Techniques: []string{"T0866"}, CVSS: "9.8", KEV: true},
		finding.Finding{ID: "F-2", Device: "plc-1", Techniques: []string{"T0814"}, CVSS: "5.0"})
	require.Len(t, a.RestsOnOne, 1)
	require.NotEmpty(t, a.RestsOnOne[0].Next)
	require.Equal(t, 0.0, a.Plan[len(a.Plan)-1].Left, "nothing is left of the unanswered risk")
	for _, f := range formats(t) {
		got := written(t, f, a)
		switch f.name {
		case "html", "html alone":
			got = words(elements(t, got)[0].Node)
		}
		got = flat(got)
		switch f.name {
		case "text", "markdown", "html", "html alone":
			assert.Contains(t, got, "T0866 Exploitation of Remote Services", f.name)
			assert.Contains(t, got, "rests on M0930 Network Segmentation", f.name)
			assert.Contains(t, got, "Ask whether M0930 is enough against T0866, a higher risk (0.84) that rests on it alone.", f.name)
			assert.Contains(t, got, "next: "+a.RestsOnOne[0].Next+" ", f.name)
			assert.Contains(t, got, "less, not gone, and not in these shares", f.name)
		case "navigator":
			assert.Contains(t, got, "rests on one")
		}
	}
	for range 6 {
		a.RestsOnOne = append(a.RestsOnOne, graph.RestsOnOne{Technique: "T0866", Mitigation: "M0930", Score: 0.5})
	}
	assert.Contains(t, text(t, a), "… and 2 more of a risk of 0.50 or less (-format json has all)")
	assert.Contains(t, text(t, a), "no other can be deployed there")
}

// A page is handed on: its reader has no command line, and not the folders of
// the machine that it is from.
func TestPagesAreHandedOn(t *testing.T) {
	folder, err := os.Getwd()
	require.NoError(t, err)
	in := filepath.Join(folder, "advisories", "a.json")
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Device: "d", Techniques: []string{"T0837", "T0866"}, Source: in, CVSS: "9.8"})
	a.Warnings = append(a.Warnings, graph.Warning{Source: in, Where: "line 3", Message: "is also in " + in})
	a.Attack.Source = in
	for i := range a.Gaps {
		e, err := snapshot(t).Evidence(a, i)
		require.NoError(t, err)
		a.Drafts = append(a.Drafts, graph.Draft{Gap: i, Evidence: append(e, graph.Evidence{Handle: "E99", Provenance: "site", Source: in, Text: "x"}), Text: graph.DraftText{{Name: "summary", Single: true, Claims: []graph.Claim{{Text: "s", Evidence: []string{"E99"}}}}}})
	}
	for _, site := range []*graph.SiteResult{nil, a.Site} {
		a.Site = site
		for _, f := range formats(t) {
			got := written(t, f, a)
			switch f.name {
			case "markdown", "html", "html alone":
				assert.NotContains(t, got, "-controls", f.name)
				assert.NotContains(t, got, "-format", f.name)
				assert.NotContains(t, got, "1 findings", f.name)
				assert.NotContains(t, got, "<strong>1</strong> <span>findings", f.name)
			}
			if f.name != "json" && f.name != "text" {
				assert.NotContains(t, got, folder, f.name)
			}
			switch f.name {
			case "sarif":
				assert.Contains(t, got, `"uri": "advisories/a.json"`)
			}
		}
	}
}

// What is accepted is not among the gaps to decide on.
func TestNumbersOfGaps(t *testing.T) {
	a := assess(t, graph.SiteDescription{}, finding.Finding{ID: "F", Device: "d", Techniques: []string{"T0837", "T0814"}})
	require.Len(t, a.Gaps, 3)
	a.Gaps[1].Accepted = &graph.Acceptance{Kind: a.Gaps[1].Kind, By: "J. Doe", Why: "x"}
	assert.Contains(t, page(t, a, nil), "<strong>2</strong> <span>gaps to decide on; 1 more is accepted</span>")
	a.Gaps[2].Accepted = a.Gaps[1].Accepted
	assert.Contains(t, page(t, a, nil), "<strong>1</strong> <span>gap to decide on; 2 more are accepted</span>")
}

package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
)

// numbers are what every format that has them must say alike.
type numbers struct {
	findings, techniques, gaps int
	top                        float64 // the highest risk
}

// some are findings of every status, some with the same risk.
func some(n int) (fs []finding.Finding) {
	weaknesses := [][]string{{"CWE-798"}, {"CWE-306", "CWE-78"}, {"CWE-99999"}, nil, {"CWE-400", "CWE-787"}, {"CWE-778"}}
	for i := range n {
		fs = append(fs, finding.Finding{ID: fmt.Sprintf("F-%02d", i), Title: fmt.Sprint("Finding ", i), Device: fmt.Sprint("device-", i%4), Source: fmt.Sprint("file-", i%3),
			Weaknesses: weaknesses[i%len(weaknesses)], CVSS: []string{"9.8", "", "5.5"}[i%3], KEV: i%7 == 0})
	}
	return append(fs, finding.Finding{ID: "loss", Title: "No interlock", Techniques: []string{"T0837", "T0823"}})
}

func number(t *testing.T, text, pattern string) int {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, m, pattern)
	n, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return n
}

func risk(t *testing.T, text, pattern string) float64 {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, m, pattern)
	x, err := strconv.ParseFloat(m[1], 64)
	require.NoError(t, err)
	return x
}

// read takes the numbers out of what a format wrote: from its lists where it
// has the whole of them, else from its sentences.
func read(t *testing.T, format, got string) (n numbers) {
	t.Helper()
	cents := func(x float64) float64 { return float64(int(100*x+0.5)) / 100 }
	switch format {
	case "text":
		n = numbers{number(t, got, `(?m)^(\d+) findings`), number(t, got, `leads? to (\d+) techniques`), number(t, got, `;\s(\d+)\s+gaps`), risk(t, got, `FINDINGS.*\n  (\d\.\d\d)  `)}
	case "markdown":
		findings, rest, _ := strings.Cut(got[strings.Index(got, "\n## Findings"):], "\n## Techniques")
		gaps, _, _ := strings.Cut(got[strings.Index(got, "\n## Gaps"):], "\n## Findings")
		n = numbers{strings.Count(findings, "\n| 0."), strings.Count(rest, "\n### T"), strings.Count(gaps, "\n- **0."), risk(t, findings, `\n\| (0\.\d\d) `)}
	case "html", "html alone":
		for _, e := range elements(t, got) {
			switch {
			case e.Data == "tr" && strings.HasPrefix(e.attrs["id"], "f"):
				if n.findings++; n.findings == 1 {
					n.top = risk(t, words(e.Node), `^(0\.\d\d) `)
				}
			case e.Data == "li" && strings.HasPrefix(e.attrs["id"], "g"):
				n.gaps++
			case e.Data == "article" && strings.HasPrefix(e.attrs["id"], "t"):
				n.techniques++
			}
		}
	case "json":
		var a graph.Assessment
		require.NoError(t, json.Unmarshal([]byte(got), &a))
		n = numbers{len(a.Findings), len(a.Techniques), len(a.Gaps), 0}
		for _, f := range a.Findings {
			n.top = max(n.top, cents(f.Score))
		}
	case "stix":
		var bundle struct {
			Objects []struct {
				Type, Source string
				Relationship string `json:"relationship_type"`
				From         string `json:"source_ref"`
				Labels       []string
				Finding      struct{ Risk float64 } `json:"x_mitigraph_finding"`
			}
		}
		require.NoError(t, json.Unmarshal([]byte(got), &bundle))
		opened := map[string]bool{}
		for _, o := range bundle.Objects {
			switch {
			case o.Type == "vulnerability":
				n.findings, n.top = n.findings+1, max(n.top, cents(o.Finding.Risk))
			case o.Relationship == "targets":
				opened[o.From] = true
			case slices.Contains(o.Labels, "mitigraph-gap"):
				n.gaps++
			}
		}
		n.techniques = len(opened)
	case "sarif":
		var log struct {
			Runs []struct{ Results []struct{ Rank float64 } }
		}
		require.NoError(t, json.Unmarshal([]byte(got), &log))
		n.gaps = len(log.Runs[0].Results)
		for _, r := range log.Runs[0].Results {
			n.top = max(n.top, cents(r.Rank/100))
		}
	case "navigator":
		var layer struct{ Techniques []struct{ Score *float64 } }
		require.NoError(t, json.Unmarshal([]byte(got), &layer))
		for _, x := range layer.Techniques {
			if x.Score != nil {
				n.techniques, n.top = n.techniques+1, max(n.top, cents(*x.Score/100))
			}
		}
	}
	return n
}

// Whichever format somebody reads, the numbers are the same.
func TestFormatsAgree(t *testing.T) {
	a := assess(t, graph.SiteDescription{Devices: []graph.Device{{ID: "device-1", Deployed: []string{"M0930"}}}}, some(40)...)
	want := numbers{len(a.Findings), len(a.Techniques), len(a.Gaps), 0}
	for _, f := range a.Findings {
		want.top = max(want.top, float64(int(100*f.Score+0.5))/100)
	}
	require.Equal(t, 41, want.findings)
	require.Positive(t, want.top)
	require.Greater(t, want.techniques, 8, "more than the text lists")
	for _, f := range formats(t) {
		got, want := read(t, f.name, written(t, f, a)), want
		switch f.name { // which have gaps only, and techniques only
		case "sarif":
			want.findings, want.techniques = 0, 0
		case "navigator":
			want.findings, want.gaps = 0, 0
		}
		assert.Equal(t, want, got, f.name)
	}
}

// The order in which findings came changes nothing but the order of lists that
// are said to keep it: the findings of JSON and the objects of STIX.
func TestOrderOfInput(t *testing.T) {
	fs := some(40)
	a := assess(t, graph.SiteDescription{}, fs...)
	slices.Reverse(fs)
	b := assess(t, graph.SiteDescription{}, fs...)
	for _, f := range formats(t) {
		before, after := written(t, f, a), written(t, f, b)
		switch f.name {
		case "json":
			sorted := func(a graph.Assessment) *graph.Assessment {
				a.Findings = slices.SortedFunc(slices.Values(a.Findings), func(a, b graph.FindingResult) int { return strings.Compare(a.ID, b.ID) })
				return &a
			}
			before, after = written(t, f, sorted(*a)), written(t, f, sorted(*b))
		case "stix":
			lines := func(s string) []string {
				out := strings.Split(strings.ReplaceAll(s, ",\n", "\n"), "\n")[1:] // the first has the bundle's ID
				slices.Sort(out)
				return out
			}
			assert.Equal(t, lines(before), lines(after))
			continue
		}
		assert.Equal(t, before, after, f.name)
	}
}

// short takes some bytes and no more.
type short struct{ left int }

var errFull = errors.New("no room left")

func (s *short) Write(b []byte) (int, error) {
	if len(b) > s.left {
		n := s.left
		s.left = 0
		return n, errFull
	}
	s.left -= len(b)
	return len(b), nil
}

// A writer that fails after any number of bytes fails the report.
func TestWriterThatFails(t *testing.T) {
	for name, a := range map[string]*graph.Assessment{"nil": nil, "poisoned": poisoned(t)} {
		for _, f := range formats(t) {
			size := len(written(t, f, a))
			for _, n := range []int{0, 1, 100, size / 3, size / 2, size - 1} {
				assert.ErrorIs(t, f.write(&short{n}, a), errFull, "%s of %s after %d of %d bytes", f.name, name, n, size)
			}
			assert.NoError(t, f.write(&short{size}, a), f.name)
			assert.ErrorIs(t, f.write(half{}, a), io.ErrShortWrite, f.name)
		}
	}
	g, err := graph.New(t.Context(), graph.Attack(catalogue(t)), graph.Knowledge())
	require.NoError(t, err)
	defer g.Close()
	lines := func(w io.Writer) error {
		l := report.NewLines(w)
		sum, err := g.Snapshot().Stream(t.Context(), func(yield func(finding.Finding, error) bool) {
			for _, f := range some(200) {
				if !yield(f, nil) {
					return
				}
			}
		}, l.Finding)
		if err != nil {
			return err
		}
		return l.Summary(sum)
	}
	var all bytes.Buffer
	require.NoError(t, lines(&all))
	for _, n := range []int{0, 1, all.Len() / 2, all.Len() - 1} {
		assert.ErrorIs(t, lines(&short{n}), errFull, "%d of %d bytes", n, all.Len())
	}
	assert.NoError(t, lines(&short{all.Len()}))
}

// Any number of goroutines may write one assessment.
func TestTogether(t *testing.T) {
	a := poisoned(t)
	var all sync.WaitGroup
	for _, f := range formats(t) {
		want := written(t, f, a)
		for range 3 {
			all.Go(func() {
				var b bytes.Buffer
				assert.NoError(t, f.write(&b, a))
				assert.Equal(t, want, b.String(), f.name)
			})
		}
	}
	all.Wait()
}

// The filters of the page find a device by its number in their list.
func TestPageFiltersByDevice(t *testing.T) {
	got := page(t, assess(t, graph.SiteDescription{}, some(40)...), nil)
	n := 0
	for _, e := range elements(t, got) {
		if on, ok := e.attrs["data-on"]; ok {
			n++
			assert.Regexp(t, `^(\d+( \d+)*)?$`, on)
		}
	}
	assert.Greater(t, n, 40)
	assert.Regexp(t, `id="f\d+" data-item data-kind="mapped" data-on="\d"`, got)
	assert.Contains(t, got, `<option value="2">device-2</option>`)
}

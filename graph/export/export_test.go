package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cayleygraph/quad"
	"github.com/cayleygraph/quad/nquads"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/export"
	"github.com/mitigraph/mitigraph/graph/export/jsonld"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
	"github.com/mitigraph/mitigraph/mitre"
)

// hostile are texts that mean something in one of the formats.
var hostile = []string{
	`<script>alert(1)</script>`, `"]; n0 -> n1; x["`, `a\l\N"b`, `]( javascript:x )`, `"]:::Technique`, "line\nbreak\ttab", `=1+2`, `@x`,
	`end`, `n1-->n2`, `&amp; ]]> <!--`, "\x1b[31mred", `%%{init: {}}%%`, "subgraph", "ünïcödé 🔧 \u202e", `#quot;#35;`, "`code`**bold**",
}

func hostileGraph(t testing.TB) *graph.Snapshot {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	var fs []finding.Finding
	for i, text := range hostile {
		fs = append(fs, finding.Finding{ID: fmt.Sprintf("%d %s", i, text), Title: text, Device: text, Weaknesses: []string{"CWE-798"}, Source: text})
	}
	g, err := graph.New(t.Context(), graph.Attack(c), graph.Knowledge(), graph.Findings(fs...))
	require.NoError(t, err)
	return g.Snapshot()
}

func near(t testing.TB, s *graph.Snapshot, id string) graph.Part {
	t.Helper()
	p, err := s.Around(t.Context(), id, 1)
	require.NoError(t, err)
	return p
}

func written(t testing.TB, f export.Format, s *graph.Snapshot, p graph.Part) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, f.Write(t.Context(), &b, s, p), f.Name)
	return b.Bytes()
}

// No terminal obeys what a format holds, whatever is in it.
func TestFormatsHoldNothingUnseen(t *testing.T) {
	s := hostileGraph(t)
	p := near(t, s, "CWE-798")
	texts := map[string]string{}
	for _, f := range export.Formats {
		texts[f.Name] = string(written(t, f, s, p))
	}
	var b bytes.Buffer
	require.NoError(t, jsonld.Write(t.Context(), &b, s, p))
	texts["jsonld"] = b.String()
	for name, text := range texts {
		assert.Contains(t, text, "red", name)
		for _, r := range text {
			if r != '\n' && r != '\t' && !escape.Seen(r) {
				t.Errorf("%s: %U", name, r)
			}
		}
	}
}

func TestNQuads(t *testing.T) {
	nquads.AutoConvertTypedString = false // so that a number comes back as it is written
	s := hostileGraph(t)
	for name, p := range map[string]graph.Part{"whole": s.Whole(), "near": near(t, s, "CWE-798")} {
		got, err := quad.ReadAll(nquads.NewReader(bytes.NewReader(written(t, export.NQuads, s, p)), false))
		require.NoError(t, err)
		var want []quad.Quad
		for q := range s.QuadsOf(p) {
			want = append(want, export.Statement(q))
		}
		assert.Equal(t, len(want), len(got), name)
		for i := range want {
			require.Equal(t, want[i].NQuad(), got[i].NQuad())
		}
	}
	assert.Equal(t, slices.Collect(s.Quads()), slices.Collect(s.QuadsOf(s.Whole())))
}

func TestGraphML(t *testing.T) {
	s := hostileGraph(t)
	p := s.Whole()
	type data struct {
		Key  string `xml:"key,attr"`
		Text string `xml:",chardata"`
	}
	var doc struct {
		Nodes []struct {
			ID   string `xml:"id,attr"`
			Data []data `xml:"data"`
		} `xml:"graph>node"`
		Edges []struct {
			Source string `xml:"source,attr"`
			Target string `xml:"target,attr"`
			Data   []data `xml:"data"`
		} `xml:"graph>edge"`
	}
	require.NoError(t, xml.Unmarshal(written(t, export.GraphML, s, p), &doc))
	require.Len(t, doc.Nodes, len(p.Nodes))
	require.Len(t, doc.Edges, len(p.Edges))
	for i, e := range p.Edges {
		from, to := 0, 0
		_, err := fmt.Sscanf(doc.Edges[i].Source+" "+doc.Edges[i].Target, "n%d n%d", &from, &to)
		require.NoError(t, err)
		require.Equal(t, e.From, p.Nodes[from])
		require.Equal(t, e.To, p.Nodes[to])
		require.Equal(t, data{"e-predicate", e.Predicate}, doc.Edges[i].Data[0])
	}
	for i, n := range p.Nodes {
		name := ""
		for _, d := range doc.Nodes[i].Data {
			if d.Key == "n-name" {
				name = d.Text
			}
		}
		require.Equal(t, escape.Text(n.Name), name)
	}
}

func TestCSV(t *testing.T) {
	s := hostileGraph(t)
	p := s.Whole()
	nodes, err := csv.NewReader(bytes.NewReader(written(t, export.CSVNodes, s, p))).ReadAll()
	require.NoError(t, err)
	edges, err := csv.NewReader(bytes.NewReader(written(t, export.CSVEdges, s, p))).ReadAll()
	require.NoError(t, err)
	require.Len(t, nodes, 1+len(p.Nodes))
	require.Len(t, edges, 1+len(p.Edges))
	for i, n := range p.Nodes {
		assert.Equal(t, escape.Text(n.Name), strings.TrimPrefix(nodes[i+1][3], "'"))
	}
	for _, row := range append(nodes, edges...) {
		for _, cell := range row {
			assert.False(t, strings.IndexAny(cell, "=+-@\t\r") == 0, cell)
		}
	}
}

// Nothing of the input leaves its label.
func TestPicturesAreInert(t *testing.T) {
	s := hostileGraph(t)
	p := near(t, s, "CWE-798")
	for _, line := range strings.Split(string(written(t, export.Mermaid, s, p)), "\n") {
		assert.Regexp(t, `^(flowchart LR|  n\d+\["[^"<>\x60*\[\]]*"\](:::\w+)?|  n\d+ (-->|-\.->)\|"[^"<>]*"\| n\d+|  classDef \w+ fill:#\w+,stroke:#555,color:#000|)$`, line)
	}
	for _, line := range strings.Split(string(written(t, export.DOT, s, p)), "\n")[1:] {
		assert.Regexp(t, `^( rankdir=LR;| node \[.*\];| edge \[.*\];| n\d+( -> n\d+)? \[label="(\\\\|\\"|[^"\\])*"(, (tooltip|fillcolor)="(\\\\|\\"|[^"\\])*"|, style=dashed)*\];|\}|)$`, line)
	}
}

func TestSameBytes(t *testing.T) {
	one, two := hostileGraph(t), hostileGraph(t)
	for _, f := range export.Formats {
		assert.Equal(t, string(written(t, f, one, one.Whole())), string(written(t, f, two, two.Whole())), f.Name)
	}
	var a, b bytes.Buffer
	require.NoError(t, jsonld.Write(t.Context(), &a, one, one.Whole()))
	require.NoError(t, jsonld.Write(t.Context(), &b, two, two.Whole()))
	assert.Equal(t, a.String(), b.String())
}

type fullDisk struct{ left int }

var errFull = errors.New("full")

func (f *fullDisk) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestExportErrors(t *testing.T) {
	s := hostileGraph(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, f := range export.Formats {
		assert.ErrorIs(t, f.Write(t.Context(), &fullDisk{5000}, s, s.Whole()), errFull, f.Name)
		assert.ErrorIs(t, f.Write(ctx, &bytes.Buffer{}, s, s.Whole()), context.Canceled, f.Name)
		assert.NoError(t, f.Write(t.Context(), &bytes.Buffer{}, &graph.Snapshot{}, graph.Part{}), f.Name)
	}
	assert.Error(t, export.Format{}.Write(t.Context(), &bytes.Buffer{}, s, s.Whole()))
	assert.ErrorIs(t, jsonld.Write(t.Context(), &fullDisk{5000}, s, s.Whole()), errFull)
	assert.ErrorIs(t, jsonld.Write(ctx, &bytes.Buffer{}, s, s.Whole()), context.Canceled)
}

// TestWriteForReaders writes files for the readers of other projects, which
// .ci/exports runs on them; it skips where nobody asked for the files.
func TestWriteForReaders(t *testing.T) {
	dir := os.Getenv("MITIGRAPH_EXPORT_DIR")
	if dir == "" {
		t.Skip("needs MITIGRAPH_EXPORT_DIR")
	}
	s := hostileGraph(t)
	for name, p := range map[string]graph.Part{"whole": s.Whole(), "near": near(t, s, "CWE-798")} {
		put := func(ending string, b []byte) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+"."+ending), b, 0o644))
		}
		for _, f := range export.Formats {
			put(f.Name, written(t, f, s, p))
		}
		var b bytes.Buffer
		require.NoError(t, jsonld.Write(t.Context(), &b, s, p))
		put("jsonld", b.Bytes())
		quads := len(slices.Collect(s.QuadsOf(p)))
		put("counts", fmt.Appendf(nil, "%d %d %d\n", len(p.Nodes), len(p.Edges), quads))
	}
}

func ExampleFormat_Write() {
	ctx := context.Background()
	facts, err := mitre.Embedded()
	if err != nil {
		fmt.Println(err)
		return
	}
	site := graph.SiteDescription{Site: "pump house", Devices: []graph.Device{
		{ID: "plc-1", Name: "Pump controller", Asset: "A0003", Deployed: []string{"M0807"}},
	}}
	g, err := graph.New(ctx, graph.Attack(facts), graph.SiteFacts(site))
	if err != nil {
		fmt.Println(err)
		return
	}
	s := g.Snapshot()
	near, err := s.Around(ctx, "plc-1", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := export.Mermaid.Write(ctx, os.Stdout, s, near); err != nil {
		fmt.Println(err)
	}
	// Output:
	// flowchart LR
	//   n0["A0003 Programmable Logic Controller (PLC)"]:::Asset
	//   n1["M0807 Network Allowlists"]:::Mitigation
	//   n2["plc-1 Pump controller"]:::Device
	//   n3["pump house"]:::Site
	//   n2 -->|"at"| n3
	//   n2 -->|"deployed"| n1
	//   n2 -->|"of"| n0
	//   classDef Asset fill:#cfe2f3,stroke:#555,color:#000
	//   classDef Device fill:#cfe2f3,stroke:#555,color:#000
	//   classDef Mitigation fill:#c6e5c8,stroke:#555,color:#000
	//   classDef Site fill:#cfe2f3,stroke:#555,color:#000
}

// Package export answers the question: how do other tools see the graph?
//
// It writes the whole of a snapshot, [graph.Snapshot.Whole], or a part of it,
// such as a neighbourhood ([graph.Snapshot.Around]), in a [Format]: JSON, N-Quads for
// RDF tools, GraphML for graph editors and networkx, DOT for Graphviz, Mermaid
// for Markdown pages, and CSV for spreadsheets. JSON-LD needs a large library
// and is a package of its own, export/jsonld.
//
// The same part gives the same bytes. What comes from the input, such as the
// title of a finding, is escaped so that it is a text in each format and
// nothing else. The whole of ATT&CK for ICS and of what this module knows of
// weaknesses, 5,000 edges, takes 1 to 40 milliseconds, by format. The package
// never reads a graph back: a graph is kept in a store.
package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cayleygraph/quad"
	"github.com/cayleygraph/quad/nquads"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

// Format is a form in which a graph is written. The zero value writes nothing
// and says so.
type Format struct {
	Name  string // as programs call it: "graphml"
	write func(*output, *graph.Snapshot, graph.Part)
}

// The formats.
var (
	// JSON is the part as package encoding/json has it, nodes and edges.
	JSON = Format{"json", writeJSON}
	// NQuads has everything that [graph.Snapshot.QuadsOf] says, one statement
	// a line, with the source as the name of its graph.
	NQuads = Format{"nquads", writeNQuads}
	// GraphML has nodes with id, kind and name, and edges with predicate,
	// provenance, source, confidence and rationale.
	GraphML = Format{"graphml", writeGraphML}
	// DOT is for Graphviz; what a program drew nodes and edges for is in their
	// labels, the rationale in the tooltip.
	DOT = Format{"dot", writeDOT}
	// Mermaid is a flow chart. Renderers refuse charts of more than some
	// hundred edges: it is for neighbourhoods.
	Mermaid = Format{"mermaid", writeMermaid}
	// CSVNodes and CSVEdges are two tables with a head. A text that a
	// spreadsheet would take for a formula has an apostrophe before it, and
	// characters that can't be seen are left out, as in all but NQuads.
	CSVNodes = Format{"csv-nodes", writeCSVNodes}
	CSVEdges = Format{"csv-edges", writeCSVEdges}
)

// Formats are all formats of this package, in the order of the documentation.
var Formats = []Format{JSON, NQuads, GraphML, DOT, Mermaid, CSVNodes, CSVEdges}

// Write writes a part of a snapshot. The part must be of this snapshot. With
// an error, which is the writer's or the context's, some of it may be written.
func (f Format) Write(ctx context.Context, w io.Writer, s *graph.Snapshot, p graph.Part) error {
	if f.write == nil {
		return fmt.Errorf("export: a format without a name")
	}
	out := &output{ctx: ctx, Writer: bufio.NewWriter(w)}
	f.write(out, s, p)
	if out.err == nil {
		out.err = ctx.Err()
	}
	if out.err == nil {
		out.err = out.Flush()
	}
	if out.err != nil {
		return fmt.Errorf("export: %s: %w", f.Name, out.err)
	}
	return nil
}

// output keeps the first error, after which nothing is written.
type output struct {
	*bufio.Writer
	ctx   context.Context
	err   error
	lines int
}

func (o *output) printf(format string, args ...any) {
	if !o.goesOn() {
		return
	}
	_, o.err = fmt.Fprintf(o, format, args...)
}

func (o *output) goesOn() bool {
	if o.lines++; o.lines%256 == 0 && o.err == nil {
		o.err = o.ctx.Err()
	}
	return o.err == nil
}

// numbers gives each node of a part a number, for formats whose names of
// nodes may not be any text.
func numbers(p graph.Part) map[string]int {
	out := make(map[string]int, len(p.Nodes))
	for i, n := range p.Nodes {
		out[n.Key] = i
	}
	return out
}

// title is what a node is called in a picture.
func title(n graph.Node) string {
	if n.Name == "" || n.Name == n.ID {
		return n.ID
	}
	return n.ID + " " + n.Name
}

// rdfType is the IRI that rdf:type stands for.
const rdfType = quad.IRI("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")

// Statement returns a quad of [graph.Snapshot.Quads] as other RDF tools expect
// it: with the full name of rdf:type, and numbers as xsd:double.
func Statement(q quad.Quad) quad.Quad {
	if q.Predicate == quad.IRI("rdf:type") {
		q.Predicate = rdfType
	}
	if f, ok := q.Object.(quad.Float); ok {
		q.Object = quad.TypedString{
			Value: quad.String(strconv.FormatFloat(float64(f), 'g', -1, 64)),
			Type:  "http://www.w3.org/2001/XMLSchema#double",
		}
	}
	return q
}

func writeJSON(o *output, _ *graph.Snapshot, p graph.Part) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if o.err = e.Encode(p); o.err == nil {
		o.err = escape.Write(o, escape.JSON(b.Bytes()))
	}
}

func writeNQuads(o *output, s *graph.Snapshot, p graph.Part) {
	w := nquads.NewWriter(escaping{o})
	for q := range s.QuadsOf(p) {
		if !o.goesOn() {
			return
		}
		o.err = w.WriteQuad(Statement(q))
	}
	if o.err == nil {
		o.err = w.Close()
	}
}

// escaping writes statements, none of which is cut within a character.
type escaping struct{ w io.Writer }

func (e escaping) Write(b []byte) (int, error) {
	if err := escape.Write(e.w, escape.NQuads(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// The attributes of GraphML, in the order in which they are declared.
var (
	nodeKeys = []string{"key", "id", "kind", "name"}
	edgeKeys = []string{"predicate", "provenance", "source", "confidence", "relation", "rationale"}
)

func writeGraphML(o *output, _ *graph.Snapshot, p graph.Part) {
	o.printf("%s<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n", xml.Header)
	for _, k := range nodeKeys {
		o.printf(" <key id=\"n-%s\" for=\"node\" attr.name=\"%s\" attr.type=\"string\"/>\n", k, k)
	}
	for _, k := range edgeKeys {
		kind := "string"
		if k == "confidence" {
			kind = "double"
		}
		o.printf(" <key id=\"e-%s\" for=\"edge\" attr.name=\"%s\" attr.type=\"%s\"/>\n", k, k, kind)
	}
	o.printf(" <graph edgedefault=\"directed\">\n")
	data := func(prefix string, keys []string, values ...string) {
		for i, v := range values {
			if v != "" {
				o.printf("   <data key=\"%s-%s\">%s</data>\n", prefix, keys[i], xmlText(v))
			}
		}
	}
	number := numbers(p)
	for i, n := range p.Nodes {
		o.printf("  <node id=\"n%d\">\n", i)
		data("n", nodeKeys, n.Key, n.ID, n.Kind, n.Name)
		o.printf("  </node>\n")
	}
	for i, e := range p.Edges {
		o.printf("  <edge id=\"e%d\" source=\"n%d\" target=\"n%d\">\n", i, number[e.From.Key], number[e.To.Key])
		data("e", edgeKeys, e.Predicate, string(e.Link.Kind), e.Link.Source, confidence(e.Link), e.Link.Relation, e.Link.Rationale)
		o.printf("  </edge>\n")
	}
	o.printf(" </graph>\n</graphml>\n")
}

func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(escape.Text(s))) // a strings.Builder takes everything
	return b.String()
}

func confidence(l graph.Link) string { return strconv.FormatFloat(l.Confidence, 'g', -1, 64) }

// colours are of the kinds that a picture tells apart; all are light enough
// for black text.
var colours = map[string]string{
	"Technique": "#f4c7c3", "Mitigation": "#c6e5c8", "Weakness": "#fde3b4", "Finding": "#f9f3a6",
	"Device": "#cfe2f3", "Asset": "#cfe2f3", "Site": "#cfe2f3", "Tactic": "#e6d0ea", "Draft": "#eeeeee",
}

func writeDOT(o *output, _ *graph.Snapshot, p graph.Part) {
	o.printf("digraph mitigraph {\n rankdir=LR;\n node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];\n edge [fontname=\"sans-serif\", fontsize=10];\n")
	number := numbers(p)
	for i, n := range p.Nodes {
		o.printf(" n%d [label=%s", i, dotText(title(n)))
		if n.Kind != "" {
			o.printf(", tooltip=%s", dotText(n.Kind))
		}
		if c := colours[n.Kind]; c != "" {
			o.printf(", fillcolor=\"%s\"", c)
		}
		o.printf("];\n")
	}
	for _, e := range p.Edges {
		o.printf(" n%d -> n%d [label=%s", number[e.From.Key], number[e.To.Key], dotText(edgeTitle(e)))
		if e.Link.Rationale != "" {
			o.printf(", tooltip=%s", dotText(e.Link.Rationale))
		}
		if e.Link.Kind == graph.Drafted {
			o.printf(", style=dashed")
		}
		o.printf("];\n")
	}
	o.printf("}\n")
}

// edgeTitle is the predicate, with the confidence where it is not 1.
func edgeTitle(e graph.Edge) string {
	if e.Link.Confidence == 1 {
		return e.Predicate
	}
	return fmt.Sprintf("%s %.2f", e.Predicate, e.Link.Confidence)
}

// dotText is a quoted text in which nothing is an escape of DOT's, which has
// them for a node's name and for line breaks.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\t", " ").Replace(escape.Text(s)) + `"`
}

func writeMermaid(o *output, _ *graph.Snapshot, p graph.Part) {
	o.printf("flowchart LR\n")
	number := numbers(p)
	var kinds []string
	for i, n := range p.Nodes {
		class := ""
		if colours[n.Kind] != "" {
			class = ":::" + n.Kind
			kinds = append(kinds, n.Kind)
		}
		o.printf("  n%d[\"%s\"]%s\n", i, mermaidText(title(n)), class)
	}
	for _, e := range p.Edges {
		arrow := "-->"
		if e.Link.Kind == graph.Drafted {
			arrow = "-.->"
		}
		o.printf("  n%d %s|\"%s\"| n%d\n", number[e.From.Key], arrow, mermaidText(edgeTitle(e)), number[e.To.Key])
	}
	slices.Sort(kinds)
	for _, k := range slices.Compact(kinds) {
		o.printf("  classDef %s fill:%s,stroke:#555,color:#000\n", k, colours[k])
	}
}

// mermaidText writes every character that Mermaid, the Markdown or the HTML in
// it might take for more than itself as its number.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range escape.Text(s) {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r == ' ', r == '.', r == ',', r == '-', r == ':',
			r == '/', r == '(', r == ')', r >= 0xA0:
			b.WriteRune(r)
		case r == '\n', r == '\t':
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

func writeCSVNodes(o *output, _ *graph.Snapshot, p graph.Part) {
	rows := [][]string{nodeKeys}
	for _, n := range p.Nodes {
		rows = append(rows, []string{n.Key, n.ID, n.Kind, n.Name})
	}
	o.table(rows)
}

func writeCSVEdges(o *output, _ *graph.Snapshot, p graph.Part) {
	rows := [][]string{append([]string{"from", "to"}, edgeKeys...)}
	for _, e := range p.Edges {
		rows = append(rows, []string{e.From.Key, e.To.Key, e.Predicate, string(e.Link.Kind), e.Link.Source, confidence(e.Link), e.Link.Relation, e.Link.Rationale})
	}
	o.table(rows)
}

func (o *output) table(rows [][]string) {
	w := csv.NewWriter(o)
	for _, row := range rows {
		if !o.goesOn() {
			return
		}
		for i, cell := range row {
			if row[i] = escape.Text(cell); strings.IndexAny(strings.TrimLeft(row[i], " \t"), "=+-@") == 0 {
				row[i] = "'" + row[i]
			}
		}
		if o.err == nil {
			o.err = w.Write(row)
		}
	}
	w.Flush()
	if o.err == nil {
		o.err = w.Error()
	}
}

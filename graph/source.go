package graph

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"

	"github.com/cayleygraph/quad"
	"github.com/goccy/go-json"
)

// Kind says what stands behind a statement.
type Kind string

// The kinds of provenance.
const (
	Official Kind = "official" // an ATT&CK release says so
	Cited    Kind = "cited"    // another public catalogue says so
	Analyst  Kind = "analyst"  // this project judged so, and says why
	Site     Kind = "site"     // the user said so of this site
	Drafted  Kind = "draft"    // a generator wrote it; nobody accepted it yet
)

// Provenance is the origin of a statement.
type Provenance struct {
	Kind Kind `json:"kind"`
	// Source names the origin with its version: "ATT&CK ics-attack 19.1".
	Source string `json:"source"`
}

// Link is the reason behind one edge of the graph.
type Link struct {
	Provenance
	// Confidence is 0 to 1; 1 for what is official or a fact of the site.
	Confidence float64 `json:"confidence"`
	// Rationale is one sentence; empty where the source gives none.
	Rationale string `json:"rationale,omitempty"`
	// Relation says for a weakness-to-technique link whether an attacker who
	// uses the weakness "performs" the technique or whether it "enables" it.
	Relation string `json:"relation,omitempty"`
}

// Source is something that statements come from. The functions of this
// package that return one say what it contributes: [Attack], [Knowledge],
// [SiteFacts], [Findings], [Drafts].
type Source interface {
	// write puts the source's statements into the batch. The index holds what
	// earlier sources wrote.
	write(b *batch, known *index) error
}

// A predicate is a type of edge; its value is the IRI in the record.
type predicate string

const (
	predType      predicate = "rdf:type"
	predName      predicate = "rel:name"
	predDocument  predicate = "rel:document"
	predInTactic  predicate = "rel:in-tactic"  // technique to tactic
	predAnalytic  predicate = "rel:analytic"   // detection strategy to analytic
	predLogSource predicate = "rel:log-source" // analytic to data component
	predParent    predicate = "rel:child-of"   // weakness to more general weakness
	predOpens     predicate = "rel:opens"      // weakness to technique
	predHas       predicate = "rel:has"        // finding to weakness
	predStates    predicate = "rel:states"     // finding to technique that it names
	predOn        predicate = "rel:on"         // finding to device
	predOf        predicate = "rel:of"         // device to asset
	predAt        predicate = "rel:at"         // device to site
	predDeployed  predicate = "rel:deployed"   // site or device to mitigation
	predLimited   predicate = "rel:limited-by" // device to constraint
	predRulesOut  predicate = "rel:rules-out"  // constraint to mitigation
	predMakesHard predicate = "rel:makes-hard" // constraint to mitigation
	predAnswers   predicate = "rel:answers"    // draft to technique and finding

	// The ATT&CK relationships that questions walk.
	predMitigates predicate = "rel:mitigates"
	predDetects   predicate = "rel:detects"
	predTargets   predicate = "rel:targets"
	predUses      predicate = "rel:uses"
	predParentOf  predicate = "rel:subtechnique-of"
)

// batch collects the statements of one source.
type batch struct {
	provenance Provenance
	label      quad.IRI
	nodes      []node
	edges      []statement
	warnings   []Warning
}

// node is a thing with its document.
type node struct {
	key  string // its IRI in the record: "attack:T0855", "finding:F-1"
	kind string // its class: "Technique", "Finding"
	name string
	doc  any // the typed object; its JSON is the document in the record
}

// statement is an edge with its reason.
type statement struct {
	from, to string // keys
	pred     predicate
	link     *Link // nil where the edge is as sure as its source
	doc      any   // what else the source says of the edge; nil if nothing
	docKey   string
}

func (b *batch) from(kind Kind, source, label string) {
	b.provenance = Provenance{kind, source}
	b.label = quad.IRI("source:" + label)
}

func (b *batch) node(key, kind, name string, doc any) {
	b.nodes = append(b.nodes, node{key, kind, name, doc})
}

func (b *batch) edge(from string, pred predicate, to string) {
	b.edges = append(b.edges, statement{from: from, pred: pred, to: to})
}

func (b *batch) linkEdge(from string, pred predicate, to string, link *Link) {
	b.edges = append(b.edges, statement{from: from, pred: pred, to: to, link: link, doc: link,
		docKey: "link:" + url.PathEscape(from) + "/" + url.PathEscape(to)})
}

// quads is the batch in the record's form, in a fixed order.
func (b *batch) quads() ([]quad.Quad, error) {
	out := make([]quad.Quad, 0, 3*len(b.nodes)+2*len(b.edges)+2)
	add := func(s string, p predicate, o quad.Value) {
		out = append(out, quad.Quad{Subject: quad.IRI(s), Predicate: quad.IRI(p), Object: o, Label: b.label})
	}
	document := func(key string, doc any) error {
		text, err := json.Marshal(doc)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		add(key, predDocument, quad.String(text))
		return nil
	}
	add(string(b.label), predType, quad.IRI("class:Source"))
	if err := document(string(b.label), b.provenance); err != nil {
		return nil, err
	}
	for _, n := range b.nodes {
		add(n.key, predType, quad.IRI("class:"+n.kind))
		if n.name != "" {
			add(n.key, predName, quad.String(n.name))
		}
		if n.doc != nil {
			if err := document(n.key, n.doc); err != nil {
				return nil, err
			}
		}
	}
	for _, e := range b.edges {
		add(e.from, e.pred, quad.IRI(e.to))
		if e.doc != nil {
			if err := document(e.docKey, e.doc); err != nil {
				return nil, err
			}
		}
	}
	for _, q := range out {
		if !q.IsValid() {
			return nil, fmt.Errorf("statement without subject, predicate or object: %v", q)
		}
	}
	return out, nil
}

// sorted returns the keys of a map in order, for deterministic output.
func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

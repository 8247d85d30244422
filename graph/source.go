package graph

import (
	"cmp"
	"context"
	"slices"

	"github.com/mitigraph/mitigraph/mitre"
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
	// uses the weakness "performs" the technique or whether it "enables" it,
	// and for an area's help with a mitigation whether it is "direct" or
	// "supporting".
	Relation string `json:"relation,omitempty"`
	// Devices says for such a link which kinds of device it holds for, as the
	// mapping tells them apart: controller, operator, server, network, iot,
	// cloud; nil means all.
	Devices []string `json:"devices,omitempty"`
	// How and Risk say for an area's help which text a model makes and who
	// uses it, and what goes wrong when the model is wrong; see [Help].
	How  string `json:"how,omitempty"`
	Risk string `json:"risk,omitempty"`

	label string // of the source's graph in the record
}

// Source is something that statements come from. The functions of this
// package that return one say what it contributes: [Attack], [Knowledge],
// [SiteFacts], [Findings], [Drafts]; [Replace] changes how it enters.
type Source interface {
	// origin says whose statements they are.
	origin() (origin, error)
	// write puts the source's statements into the batch. The index holds what
	// earlier sources wrote.
	write(b *batch, known *index) error
}

// origin is where statements come from. The label is the name of the source's
// graph in the record: "source:attack/ics-attack/19.1".
type origin struct {
	Provenance
	label string
	// whole says that what the source says now is all that it says, in place
	// of what it said before.
	whole bool
}

func originOf(kind Kind, source, label string) origin {
	return origin{Provenance: Provenance{kind, source}, label: "source:" + label}
}

// Replace makes a source enter in place of what the same source said before:
// the findings of a file that was read again, or all drafts of a new run.
func Replace(s Source) Source {
	if s == nil {
		return nil
	}
	return replacing{s}
}

type replacing struct{ Source }

func (r replacing) parts() ([]Source, error) {
	parts, err := expand([]Source{r.Source})
	for i, s := range parts {
		parts[i] = wholly{s}
	}
	return parts, err
}

// wholly is a source that is whole, whatever it says of itself.
type wholly struct{ Source }

func (w wholly) origin() (origin, error) {
	o, err := w.Source.origin()
	o.whole = true
	return o, err
}

// A predicate is a type of edge; its value is the IRI in the record.
type predicate string

const (
	predType      predicate = "rdf:type"
	predName      predicate = "rel:name"
	predDocument  predicate = "rel:document"
	predInTactic  predicate = "rel:in-tactic"     // technique to tactic
	predAnalytic  predicate = "rel:analytic"      // detection strategy to analytic
	predLogSource predicate = "rel:log-source"    // analytic to data component
	predParent    predicate = "rel:child-of"      // weakness to more general weakness
	predExposes   predicate = "rel:exposes-to"    // property of a device to threat
	predNames     predicate = "rel:names"         // threat to weakness of another catalogue
	predCounters  predicate = "rel:counters"      // mitigation of EMB3D to threat
	predNothing   predicate = "rel:opens-nothing" // weakness to itself
	predCovers    predicate = "rel:covers"        // kind of device to asset
	predOpens     predicate = "rel:opens"         // weakness to technique
	predHas       predicate = "rel:has"           // finding to weakness
	predStates    predicate = "rel:states"        // finding to technique that it names
	predOn        predicate = "rel:on"            // finding to device
	predOf        predicate = "rel:of"            // device to asset
	predAt        predicate = "rel:at"            // device to site
	predDeployed  predicate = "rel:deployed"      // site or device to mitigation
	predLimited   predicate = "rel:limited-by"    // device to constraint
	predRulesOut  predicate = "rel:rules-out"     // constraint to mitigation
	predMakesHard predicate = "rel:makes-hard"    // constraint to mitigation
	predArea      predicate = "rel:area"          // areas of generative AI as a whole to each
	predHelps     predicate = "rel:helps"         // area to mitigation
	predLeavesOut predicate = "rel:leaves-out"    // areas as a whole to mitigation that none helps with
	predAnswers   predicate = "rel:answers"       // draft to technique and finding
	predReviews   predicate = "rel:reviews"       // draft as it was reviewed to draft

	// What Snapshot.Quads says beside edges.
	predID         predicate = "rel:id"
	predText       predicate = "rel:text"
	predStatus     predicate = "rel:status"
	predFrom       predicate = "rel:from"
	predPredicate  predicate = "rel:predicate"
	predTo         predicate = "rel:to"
	predConfidence predicate = "rel:confidence"
	predRationale  predicate = "rel:rationale"
	predRelation   predicate = "rel:relation"
	predHow        predicate = "rel:how"
	predRisk       predicate = "rel:risk"

	// The ATT&CK relationships that questions walk.
	predMitigates predicate = "rel:mitigates"
	predDetects   predicate = "rel:detects"
	predTargets   predicate = "rel:targets"
	predUses      predicate = "rel:uses"
	predParentOf  predicate = "rel:subtechnique-of"
)

// batch collects the statements that a source makes at one time.
type batch struct {
	origin
	nodes    []node
	edges    []statement
	warnings []Warning
	skipped  []skippedPart  // of a file
	catalog  *mitre.Catalog // of a release
	ctx      context.Context
}

// ended reports why a source should stop writing.
func (b *batch) ended() error {
	if b.ctx == nil {
		return nil
	}
	return b.ctx.Err()
}

// node is a thing with its document.
type node struct {
	key   string // its IRI in the record: "attack:T0855", "finding:F-1"
	kind  string // its class: "Technique", "Finding"
	name  string
	doc   any    // the typed object; its JSON is the document in the record
	label string // of the source that described it; empty where none did
}

// statement is an edge with its reason. Where it leads to an ATT&CK object,
// the key is what the source said; the index settles what this stands for in
// the release that is in force.
type statement struct {
	from, to string // keys
	pred     predicate
	link     *Link // nil where the edge is as sure as its source
}

func (b *batch) node(key, kind, name string, doc any) {
	b.nodes = append(b.nodes, node{key, kind, name, doc, b.label})
}

func (b *batch) edge(from string, pred predicate, to string) {
	b.edges = append(b.edges, statement{from: from, pred: pred, to: to})
}

func (b *batch) linkEdge(from string, pred predicate, to string, link *Link) {
	link.label = b.label
	b.edges = append(b.edges, statement{from, to, pred, link})
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

package export_test

import (
	"fmt"

	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph/export"
)

// The quads of a snapshot, for an RDF library of one's own.
func ExampleStatement() {
	q := quad.Make(quad.IRI("attack:T0855"), quad.IRI("rdf:type"), quad.IRI("class:Technique"), quad.IRI("source:attack/ics-attack/19.1"))
	fmt.Println(export.Statement(q).NQuad())
	// Output: <attack:T0855> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <class:Technique> <source:attack/ics-attack/19.1> .
}

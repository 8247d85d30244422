package store_test

import (
	"fmt"

	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph/store"
)

// How a store of one's own finds out what a write leads to, and whether what
// it reads is what was written, in whatever order.
func ExampleState() {
	a := quad.Make(quad.IRI("device:plc-1"), quad.IRI("rel:of"), quad.IRI("attack:A0003"), nil)
	b := quad.Make(quad.IRI("device:plc-2"), quad.IRI("rel:of"), quad.IRI("attack:A0003"), nil)
	var empty store.State
	written := empty.After(nil, []quad.Quad{a, b})
	fmt.Println(written.Writes, written.Sum == store.Hash(b)+store.Hash(a))
	again := written.After([]quad.Quad{a, b}, nil)
	fmt.Println(again.Writes, again.Sum == empty.Sum, again == empty)
	// Output:
	// 1 true
	// 2 true false
}

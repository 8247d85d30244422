package path_test

import (
	"context"
	"os"

	cayley "github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/path"
	"github.com/mitigraph/mitigraph/mitre"
)

func Example() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge())
	if err != nil {
		panic(err)
	}
	defer g.Close()
	s := query.New(g.Snapshot()) // once for a snapshot
	up := cayley.StartMorphism().Out("rel:child-of")
	p := cayley.StartMorphism(quad.IRI("weakness:CWE-259")).Filters(query.Recursive(up, 2, "steps")).Save("rel:name", "name")
	r, err := path.Run(ctx, s, p, query.Limits{})
	if err != nil {
		panic(err)
	}
	if err := r.WriteTable(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// id                 name                                                    steps
	// weakness:CWE-798   Use of Hard-coded Credentials                           1
	// weakness:CWE-1391  Use of Weak Credentials                                 2
	// weakness:CWE-344   Use of Invariant Value in Dynamically Changing Context  2
	// weakness:CWE-671   Lack of Administrator Control over Security             2
	// 4 rows
}

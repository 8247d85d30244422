package query_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/cayleygraph/cayley/graph/iterator"
	cpath "github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/path"
	"github.com/mitigraph/mitigraph/mitre"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// asked is a store of ATT&CK and what this module knows of weaknesses.
func asked() *query.Store {
	catalog, err := mitre.Embedded()
	must(err)
	g, err := graph.New(context.Background(), graph.Attack(catalog), graph.Knowledge())
	must(err)
	return query.New(g.Snapshot())
}

// For people a table, for programs JSON.
func ExampleResult() {
	p := cpath.StartMorphism(quad.String("attack:T0834")).In("rel:mitigates").Save("rel:name", "name")
	r, err := path.Run(context.Background(), asked(), p, query.Limits{})
	must(err)
	must(r.WriteTable(os.Stdout))
	must(r.WriteJSON(os.Stdout))
	// Output:
	// id            name
	// attack:M0938  Execution Prevention
	// 1 row
	// {
	//   "columns": ["id","name"],
	//   "rows": [
	//     ["attack:M0938","Execution Prevention"]
	//   ]
	// }
}

// All that is more general than a weakness, and how many steps away it is.
func ExampleRecursive() {
	up := cpath.StartMorphism().Out("rel:child-of")
	p := cpath.StartMorphism(quad.String("weakness:CWE-798")).Filters(query.Recursive(up, 3, "steps")).Save("rel:name", "name")
	r, err := path.Run(context.Background(), asked(), p, query.Limits{})
	must(err)
	must(r.WriteTable(os.Stdout))
	// Output:
	// id                 name                                                    steps
	// weakness:CWE-1391  Use of Weak Credentials                                 1
	// weakness:CWE-344   Use of Invariant Value in Dynamically Changing Context  1
	// weakness:CWE-671   Lack of Administrator Control over Security             1
	// weakness:CWE-1390  Weak Authentication                                     2
	// weakness:CWE-330   Use of Insufficiently Random Values                     2
	// weakness:CWE-657   Violation of Secure Design Principles                   2
	// weakness:CWE-287   Improper Authentication                                 3
	// weakness:CWE-693   Protection Mechanism Failure                            3
	// weakness:CWE-710   Improper Adherence to Coding Standards                  3
	// 9 rows
}

// A language of two words, a predicate and a node, that tells a wrong predicate
// from one that leads nowhere.
func ExampleSession() {
	ask := func(ctx context.Context, s *query.Store, text string) (query.Result, error) {
		if err := query.Check(text); err != nil {
			return query.Result{}, err
		}
		return query.Run(ctx, s, query.Limits{Rows: 1000}, func(ctx context.Context, q *query.Session) error {
			predicate, node, _ := strings.Cut(text, " ")
			if err := q.Predicate(quad.IRI(predicate)); err != nil {
				return err
			}
			if strings.Contains(node, " ") {
				q.Warn("what follows the second word is taken for a part of it")
			}
			p := cpath.StartMorphism(quad.String(node)).In(predicate)
			return iterator.Iterate(ctx, q.Build(ctx, p.Shape())).EachValue(q, func(v quad.Value) error {
				return q.Emit(map[string]any{"id": v})
			})
		})
	}
	s := asked()
	for _, text := range []string{"rel:mitigates attack:T0834", "rel:mitigates attack:T0834 please", "rel:heals attack:T0834", ""} {
		r, err := ask(context.Background(), s, text)
		fmt.Println(r.Rows, r.Warnings, err)
	}
	// Output:
	// [[<attack:M0938>]] [] <nil>
	// [] [what follows the second word is taken for a part of it nothing in the graph is "attack:T0834 please"] <nil>
	// [] [] query: "rel:heals" is no predicate; did you mean rel:has or rel:helps?
	// [] [] query: it is empty
}

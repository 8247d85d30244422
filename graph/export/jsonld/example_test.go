package jsonld_test

import (
	"context"
	"os"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/export/jsonld"
	"github.com/mitigraph/mitigraph/mitre"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A device as linked data; graph.Snapshot.Whole would be everything.
func ExampleWrite() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	must(err)
	g, err := graph.New(ctx, graph.Attack(catalog), graph.SiteFacts(graph.SiteDescription{
		Site: "pump house", Devices: []graph.Device{{ID: "plc-1", Asset: "A0003"}},
	}))
	must(err)
	defer g.Close()
	part, err := g.Snapshot().Around(ctx, "plc-1", 0)
	must(err)
	must(jsonld.Write(ctx, os.Stdout, g.Snapshot(), part))
	// Output: [{"@graph":[{"@id":"device:plc-1","@type":["class:Device"],"rel:id":[{"@value":"plc-1"}]}],"@id":"source:site/pump%20house"}]
}

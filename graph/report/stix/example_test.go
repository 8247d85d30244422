package stix_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report/stix"
	"github.com/mitigraph/mitigraph/mitre"
)

// An assessment for a platform that shares threat intelligence: why a
// technique targets a device's flaw, and on whose word.
func ExampleWrite() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(),
		graph.Findings(finding.Finding{ID: "F-1", Device: "plc-1", Weaknesses: []string{"CWE-798"}}))
	if err != nil {
		panic(err)
	}
	defer g.Close()
	a, err := g.Snapshot().Assess(ctx)
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if err := stix.Write(&b, a, catalog); err != nil {
		panic(err)
	}
	var bundle struct {
		Objects []struct {
			Type         string
			Relationship string `json:"relationship_type"`
			Confidence   int
		}
	}
	if err := json.Unmarshal(b.Bytes(), &bundle); err != nil {
		panic(err)
	}
	for _, o := range bundle.Objects {
		if o.Relationship == "targets" {
			fmt.Println(o.Type, o.Relationship, o.Confidence)
		}
	}
	// Output:
	// relationship targets 95
	// relationship targets 60
	// relationship targets 45
}

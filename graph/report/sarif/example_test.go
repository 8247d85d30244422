package sarif_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report/sarif"
	"github.com/mitigraph/mitigraph/mitre"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// What a code host shows of a gap: a rule, a level, and the file that the
// finding came from.
func ExampleWrite() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	must(err)
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(),
		graph.FindingsFrom("scan.json", finding.Finding{ID: "F-1", Device: "plc-1", Techniques: []string{"T0837"}, KEV: true}))
	must(err)
	defer g.Close()
	a, err := g.Snapshot().Assess(ctx)
	must(err)
	var b bytes.Buffer
	must(sarif.Write(&b, a))
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID, Level string
				Locations     []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	must(json.Unmarshal(b.Bytes(), &log))
	for _, r := range log.Runs[0].Results {
		fmt.Println(r.RuleID, r.Level, r.Locations[0].PhysicalLocation.ArtifactLocation.URI)
	}
	// Output:
	// no_mitigation/T0837 error scan.json
	// no_detection/T0837 warning scan.json
}

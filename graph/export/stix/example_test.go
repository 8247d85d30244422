package stix_test

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/export/stix"
	"github.com/mitigraph/mitigraph/mitre"
)

// Only what a person accepted goes out, and whoever reads it gets the whole
// draft with its history.
func Example() {
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	draft := graph.Draft{
		ID: "draft--1", Task: "mitigation", Gap: -1, About: []string{"attack:T0837"}, Generator: "template", Status: graph.StatusDraft,
		Text: graph.DraftText{{Name: "summary", Single: true, Claims: []graph.Claim{{Text: "Keep the safety controller apart."}}}},
	}
	var bundle bytes.Buffer
	err = stix.Write(&bundle, catalog, draft)
	fmt.Println(errors.Is(err, stix.ErrNotAccepted), bundle.Len())

	draft.Status = graph.StatusAccepted
	draft.Reviews = []graph.Review{{Status: graph.StatusAccepted, By: "J. Doe", At: time.Date(2027, 1, 31, 9, 0, 0, 0, time.UTC)}}
	if err := stix.Write(&bundle, catalog, draft); err != nil {
		panic(err)
	}
	back, err := stix.Read(&bundle)
	if err != nil {
		panic(err)
	}
	for _, d := range back {
		fmt.Println(d.ID, d.About, "accepted by", d.Reviews[0].By)
	}
	// Output:
	// true 0
	// draft--1 [attack:T0837] accepted by J. Doe
}

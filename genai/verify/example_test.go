package verify_test

import (
	"fmt"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

func ExampleText() {
	evidence := []graph.Evidence{
		{Handle: "E1", Text: "T0842 Network Sniffing serves the tactic Discovery.", IDs: []string{"T0842"}, Provenance: "official"},
		{Handle: "E2", Text: `Device "rtu-4" may be restarted only in a planned outage.`, Provenance: "site"},
	}
	text := "Network Sniffing (T0842) serves the tactic Discovery. CISA recommends to restart rtu-4 today."
	for _, s := range verify.Text(text, evidence) {
		fmt.Println(s.Text)
		for _, r := range s.Against {
			fmt.Printf("  %s: %s\n", r.Check, r.Why)
		}
	}
	// Output:
	// Network Sniffing (T0842) serves the tactic Discovery.
	// CISA recommends to restart rtu-4 today.
	//   standards: "CISA" is not in the evidence that this claim cites
	//   names: the name "CISA" is in no evidence that it cites
	//   authority: it names an authority that the evidence does not ("CISA")
	//   safety: it does work on a device without an outage ("restart rtu-4 today")
}

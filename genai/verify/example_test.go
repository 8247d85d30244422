package verify_test

import (
	"encoding/json"
	"fmt"
	"slices"

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

// note is a form of one claim, which may cite what is given.
var (
	note  = verify.Form{{Name: "note", Single: true}}
	given = []graph.Evidence{
		{Handle: "E1", Text: "M0801 Access Management mitigates T1694.002 Hardcoded Credentials.", IDs: []string{"M0801", "T1694.002"}, Provenance: "official"},
	}
)

// What a model answered, taken or turned down.
func ExampleAnswer() {
	for _, raw := range []string{
		`{"note": {"text": "Access Management (M0801) mitigates Hardcoded Credentials.", "evidence": ["E1"]}}`,
		`{"note": {"text": "Use M0930 on each device as well.", "evidence": ["E1", "E2"]}}`,
	} {
		text, rejections := verify.Answer(raw, note, given)
		fmt.Println(len(text.Section("note")), "claim")
		for _, r := range rejections {
			fmt.Println(r.Check, r.Where)
		}
	}
	// Output:
	// 1 claim
	// 0 claim
	// handles note.evidence
	// ids note.text
}

// The handles are an enum: a writer that is bound to the schema can't cite
// anything else.
func ExampleSchema() {
	var schema struct {
		Properties struct {
			Note struct {
				Properties struct{ Evidence struct{ Items any } }
			}
		}
	}
	if err := json.Unmarshal(verify.Schema(note, given), &schema); err != nil {
		panic(err)
	}
	fmt.Println(schema.Properties.Note.Properties.Evidence.Items)
	// Output: map[enum:[E1] type:string]
}

// A text that is no JSON, such as one that a person changed.
func ExampleDraft() {
	text := graph.DraftText{{Name: "note", Single: true, Claims: []graph.Claim{
		{Text: "Access Management prevents Hardcoded Credentials in every case.", Evidence: []string{"E1"}},
	}}}
	for _, r := range verify.Draft(text, note, given) {
		fmt.Println(r.Check, r.Where)
	}
	// Output: certainty note.text
}

// The first sentence of several that the evidence carries.
func ExampleClaims() {
	against := verify.Claims(given)
	for _, text := range []string{"Buy new panels.", "Access Management (M0801) mitigates T1694.002."} {
		if against(graph.Claim{Text: text, Evidence: []string{"E1"}}) == nil {
			fmt.Println(text)
			break
		}
	}
	// Output: Access Management (M0801) mitigates T1694.002.
}

// The names of the checks, as rejections have them.
func ExampleChecks() {
	checks := verify.Checks()
	fmt.Println(checks[0], slices.Index(checks, verify.CheckGrounding) == len(checks)-1)
	// Output: schema true
}

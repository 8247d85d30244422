package mitre_test

import (
	"fmt"

	"github.com/mitigraph/mitigraph/mitre"
)

// What mitigates a technique, and what became of an old ID.
func Example() {
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	technique, _ := mitre.Find[*mitre.Technique](catalog, "T0834")
	for r := range catalog.To(technique, mitre.Mitigates) {
		m := r.Source.Common()
		fmt.Printf("%s is mitigated by %s %s\n", technique.Name, m.ID, m.Name)
	}

	old, _ := catalog.Resolve("T0855")
	fmt.Printf("T0855 is now %s\n", old.Object.Common().ID)
	// Output:
	// Native API is mitigated by M0938 Execution Prevention
	// T0855 is now T1692.001
}

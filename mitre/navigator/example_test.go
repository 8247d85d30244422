package navigator_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/navigator"
)

// A heat map of what was found.
func ExampleNew() {
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	layer, err := navigator.New(catalog, "pump house",
		navigator.Technique{TechniqueID: "T1694.002", Score: new(0.8), Comment: "F-1"},
		navigator.Technique{TechniqueID: "T0859", Score: new(0.3)})
	if err != nil {
		panic(err)
	}
	for _, t := range layer.Techniques {
		if t.Score == nil {
			fmt.Println(t.TechniqueID, "is expanded")
			continue
		}
		fmt.Println(t.TechniqueID, *t.Score)
	}
	// Output:
	// T0859 0.3
	// T1694 is expanded
	// T1694.002 0.8
}

// A layer that was drawn for an older release.
func ExampleUpgrade() {
	const old = `{"name": "2024", "versions": {"attack": "16.1", "layer": "4.5"}, "domain": "ics-attack",
		"techniques": [{"techniqueID": "T0891", "score": 5}, {"techniqueID": "T0801", "score": 1}]}`
	layer, err := navigator.Read(context.Background(), "2024.json", strings.NewReader(old))
	if err != nil {
		panic(err)
	}
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	_, moves, err := navigator.Upgrade(layer, catalog)
	if err != nil {
		panic(err)
	}
	for _, m := range moves {
		fmt.Println(m)
	}
	// Output: T0891 -> T1694.002: revoked by T1694.002 (Insecure Credentials: Hardcoded Credentials)
}

// The structs have the names of the format.
func ExampleRead() {
	const file = `{"name": "mine", "domain": "ics-attack", "techniques": [{"techniqueID": "T0801", "score": 7}]}`
	layer, err := navigator.Read(context.Background(), "mine.json", strings.NewReader(file))
	if err != nil {
		panic(err)
	}
	fmt.Println(layer.Name, layer.Techniques[0].TechniqueID, *layer.Techniques[0].Score)
	// Output: mine T0801 7
}

func ExampleLayer_WriteTo() {
	layer := &navigator.Layer{Name: "mine", Domain: "ics-attack", Techniques: []navigator.Technique{{TechniqueID: "T0801", Score: new(7.0)}}}
	if _, err := layer.WriteTo(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// {
	//   "name": "mine",
	//   "versions": {"navigator":"4.9.0","layer":"4.5"},
	//   "domain": "ics-attack",
	//   "techniques": [
	//     {"techniqueID":"T0801","score":7}
	//   ]
	// }
}

// Two sites on one matrix: the worse of both counts.
func ExampleMerge() {
	site := func(score float64) *navigator.Layer {
		return &navigator.Layer{Name: "site", Domain: "ics-attack", Techniques: []navigator.Technique{{TechniqueID: "T0801", Score: &score}}}
	}
	both, err := navigator.Merge(navigator.Max, site(2), site(5))
	if err != nil {
		panic(err)
	}
	fmt.Println(*both.Techniques[0].Score)
	// Output: 5
}

package release_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/mitigraph/mitigraph/mitre/release"
)

// What is known of a release, and what is said of one that is not.
func Example() {
	r, err := release.Find("ics-attack", "18.1")
	if err != nil {
		panic(err)
	}
	fmt.Println(r, "has", r.Size, "bytes in", r.Path)

	_, err = release.Find("enterprise-attack", "18.1")
	fmt.Println(err)
	// Output:
	// ATT&CK ics-attack 18.1 has 3491940 bytes in ics-attack/ics-attack-18.1.json
	// ATT&CK enterprise-attack 18.1: unknown release; known are ics-attack and mobile-attack
}

// Without a network there is what the cache has, and the embedded facts.
func ExampleSource_Open() {
	source := &release.Source{Dir: "folder", Offline: true}
	ctx := context.Background()

	catalog, err := source.Open(ctx, "ics-attack", "19.1")
	fmt.Println(catalog.Info(), err)

	_, err = source.Open(ctx, "ics-attack", "18.1")
	fmt.Println(errors.Is(err, release.ErrOffline))
	// Output:
	// ATT&CK ics-attack 19.1 <nil>
	// true
}

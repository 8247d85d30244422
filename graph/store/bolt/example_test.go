package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

// A graph in a file, and what becomes of a file that is something else.
func ExampleOpen() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	s, err := bolt.Open(ctx, filepath.Join(folder, "site.db"), bolt.Options{})
	if err != nil {
		panic(err)
	}
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.Open(ctx, s, graph.Attack(catalog), graph.Findings(finding.Finding{ID: "F-1"}))
	if err != nil {
		panic(err)
	}
	fmt.Println(len(g.Snapshot().Sources()), "sources")
	if err := g.Close(); err != nil { // closes the store too
		panic(err)
	}

	other := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(other, []byte("not a graph"), 0o600); err != nil {
		panic(err)
	}
	_, err = bolt.Open(ctx, other, bolt.Options{})
	fmt.Println(errors.Is(err, store.ErrForeign), errors.Is(err, store.ErrDamaged))
	// Output:
	// 2 sources
	// true false
}

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store/postgres"
	"github.com/mitigraph/mitigraph/mitre"
)

// A graph that several machines share: each sees what the others added once it
// adds something itself, or refreshes.
func ExampleOpen() {
	ctx := context.Background()
	s, err := postgres.Open(ctx, "postgres://assessor@db.example.org/plants?sslmode=verify-full", postgres.Options{Schema: "north"})
	switch {
	case errors.Is(err, postgres.ErrUnreachable):
		log.Fatal("is the database up? ", err)
	case err != nil:
		log.Fatal(err)
	}
	catalog, err := mitre.Embedded()
	if err != nil {
		log.Fatal(err)
	}
	g, err := graph.Open(ctx, s, graph.Attack(catalog), graph.Knowledge()) // writes what it does not hold yet
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close() // and the store
	if err := g.Add(ctx, graph.FindingsFrom("scan.json", finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-306"}})); err != nil {
		log.Fatal(err)
	}
	more, err := g.Refresh(ctx)
	fmt.Println("others wrote meanwhile:", more, err)
}

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
)

// since is what another release changes for the findings that a kept graph
// held already; nil where it is the same one, or there is nothing to compare with.
func since(ctx context.Context, before, now *graph.Snapshot, stderr io.Writer) (*graph.Comparison, error) {
	if before.Catalog() == nil || !cli.HoldsFindings(before) {
		return nil, nil
	}
	was, is := before.Catalog().Info(), now.Catalog().Info()
	if was.Version == is.Version {
		if is.Version == "" && was.Source != is.Source {
			fmt.Fprintf(stderr, "note: %s takes the place of %s; neither says its version, so what that changes is not told\n", is.Source, was.Source)
		}
		return nil, nil
	}
	then, err := now.On(was.Version)
	if err != nil {
		return nil, nil // it was replaced
	}
	return now.Since(ctx, then)
}

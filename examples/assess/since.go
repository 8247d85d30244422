package main

import (
	"context"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
)

// since is what another release changes for the findings that a kept graph
// held already; nil where there is nothing to compare with.
func since(ctx context.Context, before, now *graph.Snapshot) (*graph.Comparison, error) {
	if before.Catalog() == nil || !cli.HoldsFindings(before) || before.Catalog().Info() == now.Catalog().Info() {
		return nil, nil
	}
	then, err := now.On(before.Catalog().Info().Version)
	if err != nil {
		return nil, nil // it was replaced
	}
	return now.Since(ctx, then)
}

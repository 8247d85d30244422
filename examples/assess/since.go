package main

import (
	"context"
	"io"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/report"
)

// since says what another release changes for the findings that a kept graph
// held already.
func since(ctx context.Context, w io.Writer, before, now *graph.Snapshot) error {
	if before.Catalog() == nil || !cli.HoldsFindings(before) || before.Catalog().Info() == now.Catalog().Info() {
		return nil
	}
	then, err := now.On(before.Catalog().Info().Version)
	if err != nil {
		return nil // it was replaced, so there is nothing to compare with
	}
	c, err := now.Since(ctx, then)
	if err != nil {
		return err
	}
	return report.Changes(w, c)
}

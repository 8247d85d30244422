package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// sources takes a source out of a kept graph, if one is named, or else lists
// them.
func sources(ctx context.Context, o options, stdout io.Writer) (err error) {
	g, err := cli.OpenKept(ctx, o.store, o.remove == "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if o.remove != "" {
		err := g.Remove(ctx, o.remove)
		switch {
		case errors.Is(err, graph.ErrUnknownSource):
			return cli.Misuse("-remove: %w", err)
		case err != nil:
			return cli.StoreError(err)
		}
		return nil
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tKIND\tSOURCE\tTHINGS\tSTATEMENTS")
	for _, s := range g.Snapshot().Sources() {
		beside := ""
		if !s.InForce {
			beside = " (not in force)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s%s\t%d\t%d\n", s.Key, s.Kind, finding.Plain(s.Source, 80), beside, s.Nodes, s.Edges)
	}
	return w.Flush()
}

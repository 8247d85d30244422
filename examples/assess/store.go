package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/graph/store/postgres"
)

// openGraph opens the graph that a store keeps, or one in memory.
func openGraph(ctx context.Context, where string) (*graph.Graph, error) {
	var s store.Store
	var err error
	switch kind, place, _ := strings.Cut(where, ":"); kind {
	case "bolt":
		s, err = bolt.Open(ctx, place, bolt.Options{})
	case "postgres":
		s, err = postgres.Open(ctx, place, postgres.Options{})
	}
	if err != nil {
		return nil, storeError(err)
	}
	g, err := graph.Open(ctx, s)
	if err != nil {
		return nil, storeError(err)
	}
	return g, nil
}

// storeError tells a store that can't be read, which is bad input, from one
// that fails.
func storeError(err error) error {
	for _, bad := range []error{store.ErrForeign, store.ErrDamaged, store.ErrOlder, store.ErrNewer} {
		if errors.Is(err, bad) {
			return misuse("-store: %w", err)
		}
	}
	return fmt.Errorf("-store: %w", err)
}

// fill adds the release, what is known of weaknesses, the site and the
// findings. What a kept graph has of the same files is replaced.
func fill(ctx context.Context, g *graph.Graph, o options, sample bool, stdin io.Reader) ([]*finding.RecordError, []graph.Warning, error) {
	catalog := g.Snapshot().Catalog()
	var sources []graph.Source
	if o.attack != "" || catalog == nil {
		var err error
		if catalog, err = loadAttack(ctx, o.attack); err != nil {
			return nil, nil, err
		}
		sources = append(sources, graph.Attack(catalog))
	}
	sources = append(sources, graph.Knowledge())
	findings, skipped, err := loadFindings(ctx, o, sample, stdin)
	if err != nil {
		return nil, nil, err
	}
	site, ok, err := loadSite(ctx, o, sample, stdin)
	if err != nil {
		return nil, nil, err
	}
	var notes []graph.Warning
	if ok {
		if o.controls == "" {
			site, notes = fitting(catalog, site)
		}
		sources = append(sources, graph.SiteFacts(site))
	}
	err = g.Add(ctx, append(sources, graph.Replace(graph.Findings(findings...)))...)
	if errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrReadOnly) {
		return nil, nil, storeError(err)
	}
	if err != nil {
		return nil, nil, unlessEnded(ctx, err)
	}
	return skipped, notes, nil
}

func holdsFindings(s *graph.Snapshot) bool {
	for _, i := range s.Sources() {
		if strings.HasPrefix(i.Key, "source:findings/") {
			return true
		}
	}
	return false
}

// since says what another release changes for the findings that a kept graph
// held already.
func since(ctx context.Context, w io.Writer, before, now *graph.Snapshot) error {
	if before.Catalog() == nil || !holdsFindings(before) || before.Catalog().Info() == now.Catalog().Info() {
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

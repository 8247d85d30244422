package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
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
		return nil, StoreError(err)
	}
	g, err := graph.Open(ctx, s)
	if err != nil {
		return nil, StoreError(err)
	}
	return g, nil
}

// StoreError tells a store that can't be read, which is bad input, from one
// that fails.
func StoreError(err error) error {
	for _, bad := range []error{store.ErrForeign, store.ErrDamaged, store.ErrOlder, store.ErrNewer} {
		if errors.Is(err, bad) {
			return Misuse("-store: %w", err)
		}
	}
	return fmt.Errorf("-store: %w", err)
}

// Input is what the flags of a program name.
type Input struct {
	Attack   string   // a file or a version; empty for the facts
	Controls string   // a file; "-" is standard input; empty for none
	Store    string   // mem, bolt:PATH or postgres:DSN; empty for mem
	Findings []string // files; "-" is standard input
	// NoSample says that nothing stands in for findings that are not given.
	NoSample bool
}

// Loaded is a graph with what the input says.
type Loaded struct {
	Graph   *graph.Graph
	Before  *graph.Snapshot // what the store held
	Sample  bool            // the embedded sample site stands in for findings
	Skipped []*finding.RecordError
	Notes   []graph.Warning
}

// Load opens the graph and adds the release, what is known of weaknesses, the
// site and the findings. What a kept graph has of the same files is replaced;
// one without findings gets the sample site where none are given. The caller
// closes the graph.
func Load(ctx context.Context, in Input, stdin io.Reader, stderr io.Writer) (*Loaded, error) {
	g, err := openGraph(ctx, in.Store)
	if err != nil {
		return nil, err
	}
	l := &Loaded{Graph: g, Before: g.Snapshot()}
	l.Sample = !in.NoSample && len(in.Findings) == 0 && !HoldsFindings(l.Before)
	if l.Sample && in.Controls != "-" && isPiped(stdin) {
		fmt.Fprintln(stderr, "note: standard input is read only for the FILE \"-\"; this is the sample site")
	}
	if err := l.fill(ctx, in, stdin); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return l, nil
}

func (l *Loaded) fill(ctx context.Context, in Input, stdin io.Reader) error {
	catalog := l.Before.Catalog()
	var sources []graph.Source
	if in.Attack != "" || catalog == nil {
		var err error
		if catalog, err = loadAttack(ctx, in.Attack); err != nil {
			return err
		}
		sources = append(sources, graph.Attack(catalog))
	}
	sources = append(sources, graph.Knowledge())
	findings, skipped, err := loadFindings(ctx, in.Findings, l.Sample, stdin)
	if err != nil {
		return err
	}
	l.Skipped = skipped
	site, ok, err := loadSite(ctx, in.Controls, l.Sample, stdin)
	if err != nil {
		return err
	}
	if ok {
		if in.Controls == "" {
			site, l.Notes = fitting(catalog, site)
		}
		sources = append(sources, graph.SiteFacts(site))
	}
	err = l.Graph.Add(ctx, append(sources, graph.Replace(graph.Findings(findings...)))...)
	for _, failed := range []error{store.ErrFull, store.ErrReadOnly, store.ErrInUse, postgres.ErrUnreachable, postgres.ErrUnknown} {
		if errors.Is(err, failed) {
			return StoreError(err)
		}
	}
	if err != nil {
		return UnlessEnded(ctx, err)
	}
	return nil
}

// HoldsFindings reports whether any source of findings is in a snapshot.
func HoldsFindings(s *graph.Snapshot) bool {
	for _, i := range s.Sources() {
		if strings.HasPrefix(i.Key, "source:findings/") {
			return true
		}
	}
	return false
}

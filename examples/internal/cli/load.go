package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/cayleygraph/quad"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/graph/store/postgres"
	"github.com/mitigraph/mitigraph/mitre"
)

// openStore opens a store; nil for mem.
func openStore(ctx context.Context, where string, readOnly bool) (store.Store, error) {
	kind, place, _ := strings.Cut(where, ":")
	switch kind {
	case "postgresql":
		place = where
	case "postgres":
		if strings.HasPrefix(place, "//") {
			place = where // the URL as it is
		}
	}
	switch kind {
	case "bolt":
		return bolt.Open(ctx, place, bolt.Options{ReadOnly: readOnly})
	case "postgres", "postgresql":
		return postgres.Open(ctx, place, postgres.Options{ReadOnly: readOnly})
	}
	return nil, nil
}

// CheckStore says what is wrong with the name of a store.
func CheckStore(where string) error {
	kind, place, _ := strings.Cut(where, ":")
	if where == "mem" || place != "" && (kind == "bolt" || kind == "postgres" || kind == "postgresql") {
		return nil
	}
	return Misuse("-store %q: want mem, bolt:PATH or postgres:DSN", where)
}

// overlay is a store that nothing is written into: what is added to the graph
// on it is gone when it ends.
type overlay struct{ store.Store }

func (o overlay) State(context.Context) (store.State, error) { return store.State{}, nil }

func (o overlay) Write(_ context.Context, was store.State, remove, add []quad.Quad) (store.State, error) {
	return was.After(remove, add), nil
}

// OpenKept opens the graph that a store keeps. There must be one: nothing is
// made.
func OpenKept(ctx context.Context, where string, readOnly bool) (*graph.Graph, error) {
	if where == "" || where == "mem" {
		return nil, Misuse("-store is needed: bolt:PATH or postgres:DSN, as examples/assess was run with")
	}
	if err := CheckStore(where); err != nil {
		return nil, err
	}
	if file, ok := strings.CutPrefix(where, "bolt:"); ok {
		if _, err := os.Stat(file); err != nil {
			return nil, Misuse("-store: %w", err)
		}
	}
	s, err := openStore(ctx, where, readOnly)
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
	for _, bad := range []error{store.ErrForeign, store.ErrDamaged, store.ErrOlder, store.ErrNewer, fs.ErrNotExist} {
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
	KEV      string   // a file with CISA's catalogue; empty for none
	EPSS     string   // a file with FIRST's scores; empty for none
	// Ask says that what a store keeps is only asked: what is added is gone at
	// the end, a release of any domain will do, and nothing stands in for
	// findings that are not given beside controls.
	Ask bool
	// Stream says that the findings are not loaded: [Loaded.Findings] reads
	// them later.
	Stream bool
}

// kept reports whether the graph stays.
func (in Input) kept() bool { return in.Store != "" && in.Store != "mem" }

// Loaded is a graph with what the input says.
type Loaded struct {
	Graph   *graph.Graph
	Before  *graph.Snapshot        // what the store held
	Now     *graph.Snapshot        // seen through the release that the input names
	Sample  bool                   // the embedded sample site stands in for findings
	Skipped []*finding.RecordError // what of the input could not be used
	Beside  []*finding.RecordError // the part of it that the graph does not have
	Notes   []graph.Warning

	joined  []*finding.RecordError // what several files say
	catalog *mitre.Catalog
	first   string // the store's file, where this run made it
	stream  func(ctx context.Context, idle func() error) iter.Seq2[finding.Finding, error]
}

// Findings reads the findings of an [Input] that is streamed, while those
// before are made use of. It calls idle when there are none to hand on, and the
// next may be long in coming; its error ends the reading. What can't be read is
// an [InputError].
func (l *Loaded) Findings(ctx context.Context, idle func() error) iter.Seq2[finding.Finding, error] {
	return l.stream(ctx, idle)
}

// Load opens the graph and adds the release, what is known of weaknesses, the
// site and the findings. What a kept graph has of the same files is replaced.
// Without findings a graph in memory gets the sample site; a kept one never
// does. The caller closes it, see [Loaded.Close].
func Load(ctx context.Context, in Input, stdin io.Reader, stderr io.Writer) (*Loaded, error) {
	file, first := strings.CutPrefix(in.Store, "bolt:")
	if first {
		_, err := os.Stat(file)
		first = errors.Is(err, fs.ErrNotExist)
	}
	s, err := openStore(ctx, in.Store, in.Ask)
	if err != nil {
		return nil, StoreError(err)
	}
	if s != nil && in.Ask {
		s = overlay{s}
	}
	g, err := graph.Open(ctx, s)
	l := &Loaded{Graph: g}
	if err == nil {
		l.Before = g.Snapshot()
		first = first && len(l.Before.Sources()) == 0 // else another process was faster
	}
	if first {
		l.first = file
		unfinished.Store(&l.first)
	}
	if err != nil {
		return nil, l.Close(StoreError(err))
	}
	if err := l.load(ctx, in, stdin, stderr); err != nil {
		return nil, l.Close(err)
	}
	return l, nil
}

// unfinished is the file of a store that is to go when the run fails.
var unfinished atomic.Pointer[string]

// Close closes the graph at the end of a run, with the run's error, which it
// returns. A first run that failed leaves no store; an [Exit] is no failure, nor
// is a reader of the output that has left.
func (l *Loaded) Close(err error) error {
	if l.Graph != nil {
		if closed := l.Graph.Close(); closed != nil {
			err = errors.Join(err, closed)
		}
	}
	unfinished.Store(nil)
	var done Exit
	if l.first != "" && err != nil && !errors.As(err, &done) && !errors.Is(err, syscall.EPIPE) {
		if removed := os.Remove(l.first); removed != nil {
			err = errors.Join(err, removed)
		}
	}
	return err
}

func (l *Loaded) load(ctx context.Context, in Input, stdin io.Reader, stderr io.Writer) error {
	none := len(in.Findings) == 0 && !HoldsFindings(l.Before)
	l.Sample = none && !in.kept() && !(in.Ask && in.Controls != "")
	if none && in.kept() && !in.Ask {
		return Misuse("-store %s holds no findings; give a FILE with some", in.Store)
	}
	if !l.Sample && len(in.Findings) == 0 && in.KEV+in.EPSS != "" {
		return Misuse("-kev and -epss add to findings as they are read: name the FILE to read them from again")
	}
	if l.Sample && in.Controls != "-" && isPiped(stdin) {
		fmt.Fprintln(stderr, "note: standard input is read only for the FILE \"-\"; this is the sample site")
	}
	if err := l.fill(ctx, in, stdin); err != nil {
		return err
	}
	l.Now = l.Graph.Snapshot()
	if in.Attack != "" && l.catalog.Info().Version != l.Now.Catalog().Info().Version {
		var err error
		if l.Now, err = l.Now.On(l.catalog.Info().Version); err != nil {
			return err
		}
	}
	// Also of files that were read into the store on another day.
	l.Skipped = slices.Concat(l.Beside, l.Now.Skipped(), l.joined)
	return nil
}

func (l *Loaded) fill(ctx context.Context, in Input, stdin io.Reader) error {
	catalog := l.Before.Catalog()
	var sources []graph.Source
	if in.Attack != "" || catalog == nil {
		var err error
		if catalog, err = loadAttack(ctx, in.Attack, in.Ask); err != nil {
			return err
		}
		sources = append(sources, graph.Attack(catalog))
	}
	l.catalog = catalog
	sources = append(sources, graph.Knowledge())
	known, beside, err := loadKnown(ctx, in)
	if err != nil {
		return err
	}
	l.Beside = beside
	var findings []finding.Finding
	var bad []*finding.RecordError
	if in.Stream {
		l.stream = func(ctx context.Context, idle func() error) iter.Seq2[finding.Finding, error] {
			return stream(ctx, in, known, l.Sample, stdin, idle)
		}
	} else {
		if findings, bad, l.joined, err = loadFindings(ctx, in, known, l.Sample, stdin); err != nil {
			return err
		}
	}
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
	bySource, badOf := map[string][]finding.Finding{}, map[string][]*finding.RecordError{}
	order := sourceNames(in.Findings)
	also := func(source string) {
		if !slices.Contains(order, source) {
			order = append(order, source)
		}
	}
	for _, f := range findings {
		if _, ok := bySource[f.Source]; !ok {
			also(f.Source)
		}
		bySource[f.Source] = append(bySource[f.Source], f)
	}
	for _, e := range bad {
		also(e.File)
		badOf[e.File] = append(badOf[e.File], e)
	}
	if in.Stream {
		order = nil
	}
	for _, name := range order {
		sources = append(sources, graph.FindingsRead(name, bySource[name], badOf[name]))
	}
	err = l.Graph.Add(ctx, sources...)
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

// sourceNames are what the findings of files are called.
func sourceNames(files []string) []string {
	var names []string
	for _, f := range files {
		f = sourceName(f)
		if !slices.Contains(names, f) {
			names = append(names, f)
		}
	}
	return names
}

func sourceName(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

// HoldsFindings reports whether any source of findings is in a snapshot.
func HoldsFindings(s *graph.Snapshot) bool {
	for _, i := range s.Sources() {
		if i.Nodes > 0 && strings.HasPrefix(i.Key, "source:findings/") {
			return true
		}
	}
	return false
}

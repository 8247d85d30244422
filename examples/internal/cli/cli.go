// Package cli is what the example programs share: reading what they are given,
// writing what they found, and ending as they say.
package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/csaf"
	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/release"
)

// Context ends at the first Ctrl-C. A second one ends the program at once.
func Context() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// InputError is wrong use or unreadable input: exit code 2.
type InputError struct{ Err error }

// Error returns the reason.
func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *InputError) Unwrap() error { return e.Err }

// Misuse makes an InputError as fmt.Errorf makes an error.
func Misuse(format string, args ...any) error { return &InputError{fmt.Errorf(format, args...)} }

// UnlessEnded makes an error an InputError, unless the context ended.
func UnlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return &InputError{err}
}

// Attack loads a release by file or version; the embedded facts for an empty
// name.
func Attack(ctx context.Context, name string) (*mitre.Catalog, error) {
	c, err := release.FromEnv().Load(ctx, name)
	if err != nil {
		return nil, UnlessEnded(ctx, fmt.Errorf("-attack %s: %w", name, err))
	}
	return c, nil
}

// Findings reads all files, or the sample site's findings when there is none;
// "-" is standard input. A record that can't be used is returned, not dropped.
func Findings(ctx context.Context, files []string, stdin io.Reader) ([]finding.Finding, []*finding.RecordError, error) {
	if len(files) == 0 {
		b, err := data.FS.ReadFile(data.SampleFindings)
		if err != nil {
			return nil, nil, err
		}
		return finding.Collect(finding.Read(ctx, "sample site", bytes.NewReader(b), finding.JSON))
	}
	var all []finding.Finding
	var skipped []*finding.RecordError
	for _, name := range files {
		found, bad, err := readFile(ctx, name, stdin)
		if err != nil {
			return nil, nil, UnlessEnded(ctx, err)
		}
		if len(found) == 0 && len(bad) == 0 {
			bad = append(bad, &finding.RecordError{File: name, Where: "findings", Err: errors.New("the file holds none")})
		}
		all = append(all, found...)
		skipped = append(skipped, bad...)
	}
	return all, skipped, nil
}

func readFile(ctx context.Context, name string, stdin io.Reader) ([]finding.Finding, []*finding.RecordError, error) {
	if name == "-" {
		return finding.Collect(finding.Read(ctx, "standard input", stdin, csaf.Format, finding.JSON))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return finding.Collect(finding.Read(ctx, name, f, csaf.Format, finding.JSON))
}

// Site reads a controls file; the sample site's own where there is none and the
// sample is asked for.
func Site(ctx context.Context, controls string, sample bool) (graph.SiteDescription, bool, error) {
	switch {
	case controls != "":
		f, err := os.Open(controls)
		if err != nil {
			return graph.SiteDescription{}, false, Misuse("-controls: %w", err)
		}
		defer f.Close()
		s, err := graph.ReadSite(ctx, controls, f)
		if err != nil {
			return graph.SiteDescription{}, false, UnlessEnded(ctx, fmt.Errorf("-controls: %w", err))
		}
		return s, true, nil
	case sample:
		b, err := data.FS.ReadFile(data.SampleControls)
		if err != nil {
			return graph.SiteDescription{}, false, err
		}
		s, err := graph.ReadSite(ctx, "sample site", bytes.NewReader(b))
		return s, true, err
	}
	return graph.SiteDescription{}, false, nil
}

// Warnings are what a catalogue and findings could not be used for.
func Warnings(c *mitre.Catalog, skipped []*finding.RecordError) []graph.Warning {
	out := []graph.Warning{}
	for _, p := range c.Problems() {
		out = append(out, graph.Warning{Source: c.Info().Source, Message: p.Error()})
	}
	for _, s := range skipped {
		out = append(out, graph.Warning{Source: s.File, Where: s.Where, Message: s.Err.Error()})
	}
	return out
}

// maxWarnings is how many warnings go to standard error.
const maxWarnings = 20

// TellWarnings writes the first warnings to standard error, and says of the
// others where they are.
func TellWarnings(stderr io.Writer, ws []graph.Warning, others string) {
	for _, w := range ws[:min(maxWarnings, len(ws))] {
		fmt.Fprintln(stderr, "warning:", finding.Plain(w.String(), 400))
	}
	if n := len(ws) - maxWarnings; n > 0 {
		fmt.Fprintf(stderr, "warning: and %d more%s\n", n, others)
	}
}

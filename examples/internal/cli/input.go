package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/csaf"
	"github.com/mitigraph/mitigraph/graph/finding/cyclonedx"
	"github.com/mitigraph/mitigraph/graph/finding/sarif"
	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/release"
)

func loadAttack(ctx context.Context, name string, anyDomain bool) (*mitre.Catalog, error) {
	c, err := release.FromEnv().Load(ctx, name)
	if err != nil {
		err = fmt.Errorf("-attack %s: %w", name, err)
		if _, unknown := release.Find(domain, name); unknown == nil && !errors.Is(err, release.ErrOffline) {
			return nil, err // the name is right, and fetching it failed
		}
		return nil, UnlessEnded(ctx, err)
	}
	if d := c.Info().Domain; d != "" && d != domain && !anyDomain {
		return nil, Misuse("-attack %s: this bundle is %s; what weaknesses open is known for %s only", name, d, domain)
	}
	return c, nil
}

// domain is the one that the mapping is for.
const domain = "ics-attack"

// loadFindings reads all files, or the sample site's findings. A record that
// can't be used is returned, not dropped, and so is what several files say.
func loadFindings(ctx context.Context, in Input, known known, sample bool, stdin io.Reader) (all []finding.Finding, skipped, joined []*finding.RecordError, err error) {
	if sample {
		b, err := data.FS.ReadFile(data.SampleFindings)
		if err != nil {
			return nil, nil, nil, err
		}
		all, skipped, err = known.collect(ctx, "sample site", bytes.NewReader(b))
		return all, skipped, nil, err
	}
	for _, name := range in.Findings {
		found, bad, err := known.file(ctx, name, stdin)
		if err != nil {
			return nil, nil, nil, UnlessEnded(ctx, err)
		}
		if len(found) == 0 && len(bad) == 0 {
			bad = append(bad, holdsNone(sourceName(name)))
		}
		if lost, _ := Unread(bad); len(found) == 0 && lost > 0 {
			for _, b := range bad {
				if b.Lost == finding.LostRecord {
					return nil, nil, nil, nothingUsable(lost, b)
				}
			}
		}
		all = append(all, found...)
		skipped = append(skipped, bad...)
	}
	all, joined = finding.Join(all)
	return all, skipped, joined, nil
}

func holdsNone(name string) *finding.RecordError {
	return &finding.RecordError{File: name, Where: "findings", Err: errors.New("the file holds none")}
}

// nothingUsable refuses a file of which records were lost, and nothing else
// found.
func nothingUsable(lost int, first *finding.RecordError) error {
	return Misuse("%s: nothing of it can be used: %d of its records can't be read, the first at %s: %w", first.File, lost, first.Where, first.Err)
}

// Formats are the kinds of files that findings are read from.
var Formats = []finding.Format{finding.JSON, finding.CSV, csaf.Format, sarif.Format, cyclonedx.Format}

// known is what is known of CVEs beyond the findings.
type known struct {
	kev  *finding.KEV
	epss *finding.EPSS
}

func loadKnown(ctx context.Context, in Input) (k known, skipped []*finding.RecordError, err error) {
	if in.KEV != "" {
		if k.kev, err = open(ctx, "-kev", in.KEV, finding.ReadKEV, &skipped); err != nil {
			return known{}, nil, err
		}
	}
	if in.EPSS != "" {
		if k.epss, err = open(ctx, "-epss", in.EPSS, finding.ReadEPSS, &skipped); err != nil {
			return known{}, nil, err
		}
	}
	return k, skipped, nil
}

func open[T any](ctx context.Context, flag, name string, read func(context.Context, string, io.Reader) (T, []*finding.RecordError, error), skipped *[]*finding.RecordError) (T, error) {
	var none T
	f, err := os.Open(name)
	if err != nil {
		return none, Misuse("%s: %w", flag, err)
	}
	defer f.Close()
	v, bad, err := read(ctx, name, f)
	if err != nil {
		return none, UnlessEnded(ctx, fmt.Errorf("%s: %w", flag, err))
	}
	*skipped = append(*skipped, bad...)
	return v, nil
}

func (k known) read(ctx context.Context, name string, r io.Reader) iter.Seq2[finding.Finding, error] {
	return finding.Enrich(finding.Read(ctx, name, r, Formats...), k.kev, k.epss)
}

func (k known) collect(ctx context.Context, name string, r io.Reader) ([]finding.Finding, []*finding.RecordError, error) {
	return finding.Collect(k.read(ctx, name, r))
}

func (k known) file(ctx context.Context, name string, stdin io.Reader) ([]finding.Finding, []*finding.RecordError, error) {
	if name == "-" {
		return k.collect(ctx, "standard input", stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return k.collect(ctx, name, f)
}

// loadSite reads the controls file; the sample findings bring the sample
// site's own.
func loadSite(ctx context.Context, controls string, sample bool, stdin io.Reader) (graph.SiteDescription, bool, error) {
	switch {
	case controls == "-":
		s, err := graph.ReadSite(ctx, "standard input", stdin)
		if err != nil {
			return graph.SiteDescription{}, false, UnlessEnded(ctx, fmt.Errorf("-controls: %w", err))
		}
		return s, true, nil
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

// fitting leaves out of the sample site what an older release does not have.
func fitting(c *mitre.Catalog, s graph.SiteDescription) (graph.SiteDescription, []graph.Warning) {
	var notes []graph.Warning
	known := func(ids []string) []string {
		return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			_, err := c.Resolve(id)
			if err != nil {
				notes = append(notes, graph.Warning{Source: s.Source, Where: id, Message: fmt.Sprintf("%s has no such mitigation; it is left out", c.Info())})
			}
			return err != nil
		})
	}
	s.Deployed, s.Devices = known(s.Deployed), slices.Clone(s.Devices)
	for i := range s.Devices {
		s.Devices[i].Deployed = known(s.Devices[i].Deployed)
	}
	return s, notes
}

// Unread counts the records, and the parts of others, that are not among the
// findings.
func Unread(skipped []*finding.RecordError) (records, members int) {
	for _, s := range skipped {
		switch s.Lost {
		case finding.LostRecord:
			records++
		case finding.LostMember:
			members++
		}
	}
	return records, members
}

// isPiped reports whether something may have been sent to standard input.
func isPiped(stdin io.Reader) bool {
	f, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && (st.Mode()&os.ModeNamedPipe != 0 || st.Mode().IsRegular() && st.Size() > 0)
}

// Warnings are what of a release and of findings could not be used.
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

// maxWarnings is how many warnings go to standard error; the JSON form has
// all of them.
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

// Command assess is the main job: it takes findings on IoT and OT devices to
// the ATT&CK for ICS techniques that they open, the mitigations, the gaps, and
// a draft for each gap.
//
//	go run ./examples/assess [flags] [FILE...]
//
// See -h for the flags. Exit codes: 0 done, 1 failed, 2 wrong use or
// unreadable input; with -strict 3 when a gap remains, and 2 when none does
// but a part of the input was not read.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/csaf"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program as ever
	done := make(chan error, 1)
	go func() { done <- run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) }()
	select {
	case err := <-done:
		os.Exit(exitCode(err, os.Stderr))
	case <-ctx.Done():
	}
	// Opening and reading a pipe can wait for ever, whatever the context says.
	// No half of a report is left: a file appears by its renaming only.
	select {
	case err := <-done:
		os.Exit(exitCode(err, os.Stderr))
	case <-time.After(grace):
		os.Exit(exitCode(ctx.Err(), os.Stderr))
	}
}

// grace is how long an interrupted run may take to end by itself.
const grace = time.Second

// exitCode says why a run ended and gives the code for it.
func exitCode(err error, stderr io.Writer) int {
	var silent exit
	var bad *inputError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return int(silent)
	}
	fmt.Fprintln(stderr, "assess:", finding.Plain(err.Error(), 0))
	if errors.As(err, &bad) {
		return 2
	}
	return 1
}

// exit is an exit code whose reason was printed already.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// inputError is wrong use or unreadable input.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func misuse(format string, args ...any) error { return &inputError{fmt.Errorf(format, args...)} }

const usage = `Usage: assess [flags] [FILE...]

Takes findings on IoT and OT devices to the ATT&CK for ICS techniques that they
open, the mitigations, the gaps, and a draft for each gap. FILE is a CSAF 2.0
advisory or findings in this project's JSON, "-" is standard input; without one
the embedded sample site is assessed.

`

const examples = `
Exit codes: 0 done, 1 failed, 2 wrong use or unreadable input, and with -strict
3 when a gap of any kind remains, 2 when a part of the input was not read.

Environment: OLLAMA_HOST (server of -draft ollama:MODEL); MITIGRAPH_CACHE,
MITIGRAPH_OFFLINE and MITIGRAPH_ATTACK_MIRROR (releases that -attack fetches).

Examples:
  assess -controls site.json advisory.json
  assess -draft ollama:llama3.1 -format json -o report.json findings.json
`

// options are the flags.
type options struct {
	attack, controls, draft, format, out string
	strict                               bool
	files                                []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("assess", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	once := func(name string, to *string, usage string) {
		given := false
		fs.Func(name, usage, func(value string) error {
			if given {
				return errors.New("given twice")
			}
			given, *to = true, value
			return nil
		})
	}
	o.draft, o.format = "template", "text"
	once("attack", &o.attack, "official ATT&CK bundle (`FILE|VERSION`: .json or .json.gz, or a version to fetch once, such as 18.1); default: the embedded facts of 19.1")
	once("controls", &o.controls, "`FILE` with deployed mitigations and device constraints")
	once("draft", &o.draft, "who writes drafts: `WRITER` is none, template (the default) or ollama:MODEL")
	once("format", &o.format, "`FORMAT` is text (the default) or json")
	once("o", &o.out, "write to `FILE` instead of standard output")
	fs.BoolVar(&o.strict, "strict", false, "exit with code 3 when a gap remains")
	// Flags may stand behind files, where package flag would end.
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, usage)
			fs.SetOutput(stderr)
			fs.PrintDefaults()
			fmt.Fprint(stderr, examples)
			return o, err
		}
		if err != nil {
			return o, misuse("%w; -h lists the flags", err)
		}
		if n := len(args) - fs.NArg(); n > 0 && args[n-1] == "--" { // what follows is files
			o.files = append(o.files, fs.Args()...)
			break
		}
		if fs.NArg() == 0 {
			break
		}
		o.files = append(o.files, fs.Arg(0))
		args = fs.Args()[1:]
	}
	if o.format != "text" && o.format != "json" {
		return o, misuse("-format %q: want text or json", o.format)
	}
	if o.draft != "none" && o.draft != "template" && !(strings.HasPrefix(o.draft, "ollama:") && len(o.draft) > len("ollama:")) {
		return o, misuse("-draft %q: want none, template or ollama:MODEL", o.draft)
	}
	if from := slices.Index(o.files, "-"); o.controls == "-" && from >= 0 {
		return o, misuse("-controls -: standard input is a FILE already")
	} else if from >= 0 && slices.Contains(o.files[from+1:], "-") {
		return o, misuse("-: standard input is given twice")
	}
	return o, o.spareInputs()
}

// spareInputs refuses to write over what is read.
func (o options) spareInputs() error {
	out, err := os.Stat(o.out)
	if o.out == "" || err != nil || !out.Mode().IsRegular() {
		return nil
	}
	for _, name := range append([]string{o.attack, o.controls}, o.files...) {
		if in, err := os.Stat(name); name != "" && err == nil && os.SameFile(in, out) {
			return misuse("-o %s: that is also an input", o.out)
		}
	}
	return nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	catalog, err := loadAttack(ctx, o.attack)
	if err != nil {
		return err
	}
	if len(o.files) == 0 && o.controls != "-" && isPiped(stdin) {
		fmt.Fprintln(stderr, "note: standard input is read only for the FILE \"-\"; this is the sample site")
	}
	findings, skipped, err := loadFindings(ctx, o.files, stdin)
	if err != nil {
		return err
	}
	sources := []graph.Source{graph.Attack(catalog), graph.Knowledge()}
	site, ok, err := loadSite(ctx, o, stdin)
	if err != nil {
		return err
	}
	var notes []graph.Warning
	if ok {
		if o.controls == "" {
			site, notes = fitting(catalog, site)
		}
		sources = append(sources, graph.SiteFacts(site))
	}
	g, err := graph.New(ctx, append(sources, graph.Findings(findings...))...)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer g.Close()
	now := g.Snapshot()
	a, err := now.Assess(ctx)
	if err != nil {
		return err
	}
	a.UnreadRecords, a.UnreadMembers = unread(skipped)
	a.Warnings = append(append(warnings(catalog, skipped), notes...), a.Warnings...)
	tellWarnings(stderr, a.Warnings)
	if err := draft(ctx, now, a, o.draft, stderr); err != nil {
		return err
	}
	if err := g.Add(ctx, graph.Drafts(a)); err != nil {
		return err
	}
	var b bytes.Buffer
	write := report.Text
	if o.format == "json" {
		write = report.JSON
	}
	if err := write(&b, a); err != nil {
		return err
	}
	if o.format == "text" {
		hints(&b, o, a)
	}
	if err := output(o.out, b.Bytes(), stdout); err != nil {
		return err
	}
	if o.strict {
		return strict(a, stderr)
	}
	return nil
}

// strict fails when a gap remains, and when there may be one in what was not
// read.
func strict(a *graph.Assessment, stderr io.Writer) error {
	lost := a.UnreadRecords + a.UnreadMembers
	if lost > 0 {
		fmt.Fprintf(stderr, "assess: -strict: %d of the input's records or parts of records could not be read\n", lost)
	}
	if len(a.Gaps) > 0 {
		kinds := map[graph.GapKind]int{}
		for _, g := range a.Gaps {
			kinds[g.Kind]++
		}
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			parts = append(parts, fmt.Sprintf("%s %d", k, kinds[k]))
		}
		remain := "gaps remain"
		if len(a.Gaps) == 1 {
			remain = "gap remains"
		}
		fmt.Fprintf(stderr, "assess: -strict: %d %s: %s\n", len(a.Gaps), remain, strings.Join(parts, ", "))
		return exit(3)
	}
	if lost > 0 {
		return exit(2)
	}
	return nil
}

// unread counts the records, and the parts of others, that are not among the
// findings.
func unread(skipped []*finding.RecordError) (records, members int) {
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

// unlessEnded makes an error of the input one, unless the context ended.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return &inputError{err}
}

func loadAttack(ctx context.Context, name string) (*mitre.Catalog, error) {
	c, err := release.FromEnv().Load(ctx, name)
	if err != nil {
		err = fmt.Errorf("-attack %s: %w", name, err)
		if _, unknown := release.Find(domain, name); unknown == nil && !errors.Is(err, release.ErrOffline) {
			return nil, err // the name is right, and fetching it failed
		}
		return nil, unlessEnded(ctx, err)
	}
	if d := c.Info().Domain; d != "" && d != domain {
		return nil, misuse("-attack %s: this bundle is %s; what weaknesses open is known for %s only", name, d, domain)
	}
	return c, nil
}

// domain is the one that the mapping is for.
const domain = "ics-attack"

// loadFindings reads all files, or the sample site's findings when there is
// none. A record that can't be used is returned, not dropped.
func loadFindings(ctx context.Context, files []string, stdin io.Reader) ([]finding.Finding, []*finding.RecordError, error) {
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
		found, bad, err := loadFile(ctx, name, stdin)
		if err != nil {
			return nil, nil, unlessEnded(ctx, err)
		}
		if len(found) == 0 && len(bad) == 0 {
			bad = append(bad, &finding.RecordError{File: name, Where: "findings", Err: errors.New("the file holds none")})
		}
		if lost, _ := unread(bad); len(found) == 0 && lost > 0 {
			for _, b := range bad {
				if b.Lost == finding.LostRecord {
					return nil, nil, misuse("%s: nothing of it can be used: %d of its records can't be read, the first at %s: %w", b.File, lost, b.Where, b.Err)
				}
			}
		}
		all = append(all, found...)
		skipped = append(skipped, bad...)
	}
	return all, skipped, nil
}

func loadFile(ctx context.Context, name string, stdin io.Reader) ([]finding.Finding, []*finding.RecordError, error) {
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

// loadSite reads the controls file; the sample findings bring the sample
// site's own.
func loadSite(ctx context.Context, o options, stdin io.Reader) (graph.SiteDescription, bool, error) {
	switch {
	case o.controls == "-":
		s, err := graph.ReadSite(ctx, "standard input", stdin)
		if err != nil {
			return graph.SiteDescription{}, false, unlessEnded(ctx, fmt.Errorf("-controls: %w", err))
		}
		return s, true, nil
	case o.controls != "":
		f, err := os.Open(o.controls)
		if err != nil {
			return graph.SiteDescription{}, false, misuse("-controls: %w", err)
		}
		defer f.Close()
		s, err := graph.ReadSite(ctx, o.controls, f)
		if err != nil {
			return graph.SiteDescription{}, false, unlessEnded(ctx, fmt.Errorf("-controls: %w", err))
		}
		return s, true, nil
	case len(o.files) == 0:
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

func warnings(c *mitre.Catalog, skipped []*finding.RecordError) []graph.Warning {
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

func tellWarnings(stderr io.Writer, ws []graph.Warning) {
	for _, w := range ws[:min(maxWarnings, len(ws))] {
		fmt.Fprintln(stderr, "warning:", finding.Plain(w.String(), 400))
	}
	if n := len(ws) - maxWarnings; n > 0 {
		fmt.Fprintf(stderr, "warning: and %d more (-format json has all)\n", n)
	}
}

// draft adds a draft for each gap to the assessment.
func draft(ctx context.Context, now *graph.Snapshot, a *graph.Assessment, who string, stderr io.Writer) error {
	var w genai.Writer = template.Writer{}
	switch {
	case who == "none":
		return nil
	case strings.HasPrefix(who, "ollama:"):
		o, err := ollama.New("", strings.TrimPrefix(who, "ollama:"))
		if err != nil {
			return &inputError{err}
		}
		w = o
	}
	progress, done := progressOn(stderr)
	defer done()
	drafts, err := genai.DraftAll(ctx, now, a, w, genai.Options{Progress: progress})
	if err != nil {
		return err
	}
	a.Drafts = drafts
	tellSilence(stderr, drafts)
	return nil
}

// tellSilence warns once of a model that could not be asked: its drafts are
// the template's, and the run still ends well.
func tellSilence(stderr io.Writer, drafts []graph.Draft) {
	n, first := 0, ""
	for _, d := range drafts {
		for _, r := range d.Checks.Rejections {
			if d.Checks.Fallback && (r.Check == genai.CheckServer || r.Check == genai.CheckTimeout) {
				if n++; first == "" {
					first = fmt.Sprintf("%s: %s: %s", d.Checks.Asked, r.Check, r.Why)
				}
				break
			}
		}
	}
	if n > 0 {
		fmt.Fprintf(stderr, "warning: %d of %d drafts are the template's, since the model gave no answer; the first reason is %s\n", n, len(drafts), finding.Plain(first, 400))
	}
}

// hints tells a newcomer what the default run did not do.
func hints(w io.Writer, o options, a *graph.Assessment) {
	var lines []string
	if len(o.files) == 0 {
		lines = append(lines, "This was the embedded sample site. Give a CSAF advisory or findings in JSON to assess your own.")
	}
	if o.draft == "template" && len(a.Drafts) > 0 {
		lines = append(lines, "Drafts are by the template writer, without a model; -draft ollama:MODEL names one.")
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n"))
	}
}

// Command drafts shows the drafts that a kept graph holds, and lets a person
// accept or reject them.
//
//	go run ./examples/drafts -store bolt:site.db [COMMAND [ID...]] [flags]
//
// See -h for the commands. Exit codes: 0 done, 1 failed, 2 wrong use or
// unreadable input.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/export/stix"
	"github.com/mitigraph/mitigraph/graph/finding"
)

func main() { cli.Main("drafts", run) }

const usage = `Usage: drafts -store STORE [COMMAND [ID...]] [flags]

Shows the drafts that "assess -store STORE" kept, and lets a person decide.

  list                    the drafts, a line each (default); -status narrows it
  show ID                 one, with its evidence and what people did with it
  review ID               take it up for review
  accept ID               stand for it; -text FILE changes the text first
  reject ID -why REASON   turn it down
  reopen ID               make a draft of it again
  export [ID...]          the accepted ones as STIX 2.1

The four that decide keep your name, which -by gives where that of your account
won't do (root and the like are no person), and the -why that you may give.
What is accepted goes out as a course-of-action of this site, marked as not
MITRE's, that mitigates the technique; assess still counts it as no mitigation.

`

const examples = `
Examples:
  assess -store bolt:site.db findings.json
  drafts -store bolt:site.db
  drafts -store bolt:site.db accept draft--0123456789abcdef -by "A. Engineer"
  drafts -store bolt:site.db reject draft--0123456789abcdef -why "is gone"
`

// command is what is to be done with drafts.
type command struct {
	status string // that a review leads to; empty for a command that changes nothing
	least  int    // IDs
	most   int
}

var commands = map[string]command{
	"list": {}, "show": {"", 1, 1}, "export": {"", 0, 1 << 20},
	"review": {graph.StatusInReview, 1, 1}, "accept": {graph.StatusAccepted, 1, 1},
	"reject": {graph.StatusRejected, 1, 1}, "reopen": {graph.StatusDraft, 1, 1},
}

type options struct {
	store, status, by, why, text, format, out, command string
	ids                                                []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("drafts", flag.ContinueOnError)
	fs.StringVar(&o.store, "store", "", "the graph that is kept: `STORE` is bolt:PATH or postgres:DSN")
	fs.StringVar(&o.status, "status", "", "list only the drafts of this `STATUS`: draft, in_review, accepted, rejected or superseded")
	fs.StringVar(&o.by, "by", "", "your `NAME`, which is kept with a decision; default: the name of your account")
	fs.StringVar(&o.why, "why", "", "the `REASON` of a decision; needed to reject")
	fs.StringVar(&o.text, "text", "", "`FILE` with the changed text to accept: the member text of \"show -format json\"")
	fs.StringVar(&o.format, "format", "text", "`FORMAT` of list and show: text or json")
	fs.StringVar(&o.out, "o", "", "write to `FILE` instead of standard output")
	words, err := cli.Parse(fs, args, stderr, usage, examples)
	if err != nil {
		return o, err
	}
	if err := cli.SpareStore(o.out, o.store); err != nil {
		return o, err
	}
	if o.command = "list"; len(words) > 0 {
		o.command, o.ids = words[0], words[1:]
	}
	if err := cli.OneOf("command", o.command, "list", "show", "review", "accept", "reject", "reopen", "export"); err != nil {
		return o, err
	}
	if err := cli.Choice("format", o.format, "text", "json"); err != nil {
		return o, err
	}
	if o.status != "" {
		if err := cli.Choice("status", o.status, graph.StatusDraft, graph.StatusInReview, graph.StatusAccepted, graph.StatusRejected, graph.StatusSuperseded); err != nil {
			return o, err
		}
	}
	c := commands[o.command]
	switch {
	case len(o.ids) < c.least || len(o.ids) > c.most:
		return o, cli.Misuse("%s: %d IDs given; -h says what it wants", o.command, len(o.ids))
	case o.status != "" && o.command != "list":
		return o, cli.Misuse("-status is for list")
	case o.text != "" && o.command != "accept":
		return o, cli.Misuse("-text is for accept")
	case o.command == "reject" && strings.TrimSpace(o.why) == "":
		return o, cli.Misuse("reject needs a reason: -why REASON")
	}
	return o, nil
}

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	c := commands[o.command]
	g, err := cli.OpenKept(ctx, o.store, c.status == "")
	if err != nil {
		return err
	}
	defer g.Close()
	var b bytes.Buffer
	switch {
	case c.status != "":
		err = decide(ctx, &b, g, o, c.status)
	case o.command == "list":
		err = list(&b, g.Snapshot(), o, stderr)
	case o.command == "show":
		err = show(&b, g.Snapshot(), o)
	default:
		err = export(&b, g.Snapshot(), o, stderr)
	}
	if err != nil {
		return err
	}
	return cli.Output(o.out, b.Bytes(), stdout)
}

// maxText bounds the file of -text, in bytes.
const maxText = 4 << 20

// decide writes a person's decision into the graph.
func decide(ctx context.Context, w io.Writer, g *graph.Graph, o options, status string) error {
	var text graph.DraftText
	if o.text != "" {
		f, err := os.Open(o.text)
		if err != nil {
			return cli.Misuse("-text: %w", err)
		}
		defer f.Close()
		raw, err := io.ReadAll(io.LimitReader(f, maxText+1))
		switch {
		case err != nil:
			return cli.Misuse("-text: %w", err)
		case len(raw) > maxText:
			return cli.Misuse("-text %s: more than %d MiB", o.text, maxText>>20)
		}
		if err := json.Unmarshal(raw, &text); err != nil {
			return cli.Misuse("-text %s: %w", o.text, err)
		}
		if len(text) == 0 {
			return cli.Misuse("-text %s: there is no section in it", o.text)
		}
	}
	if _, ok := g.Snapshot().Draft(o.ids[0]); !ok {
		return unknown(g.Snapshot(), o.ids[0])
	}
	by, err := person(o.by, user.Current)
	if err != nil {
		return err
	}
	d, err := g.Review(ctx, o.ids[0], graph.Review{Status: status, By: by, At: time.Now(), Why: o.why}, text)
	switch {
	case errors.Is(err, graph.ErrUnknownDraft), errors.Is(err, graph.ErrReview):
		return cli.Misuse("%w", err)
	case err != nil:
		return cli.StoreError(err)
	}
	fmt.Fprintf(w, "%s is %s, by %s\n", d.ID, d.Status, finding.Plain(by, 0))
	return nil
}

// person is who decides: a name that is given, or that of the account that the
// program runs under, unless many share it.
func person(given string, account func() (*user.User, error)) (string, error) {
	if given != "" {
		if nobody(given) {
			return "", cli.Misuse("-by %q: that is an account and no person; a decision needs the name of who stands for it", given)
		}
		return given, nil
	}
	u, err := account()
	if err != nil {
		return "", cli.Misuse("who decides? Your account has no name: -by NAME")
	}
	by := cmp.Or(strings.TrimSpace(u.Name), u.Username)
	if by == "" || u.Uid == "0" || nobody(u.Name) || nobody(u.Username) {
		return "", cli.Misuse("who decides? Your account, %q, is no person's: -by NAME", by)
	}
	return by, nil
}

// nobody reports whether a name is that of an account which is no person's.
func nobody(name string) bool {
	name = name[strings.LastIndexByte(name, '\\')+1:] // DOMAIN\NAME
	switch strings.ToLower(strings.Join(strings.Fields(name), " ")) {
	case "root", "charlie root", "admin", "administrator", "system administrator", "system", "localsystem", "user", "guest", "nobody", "daemon", "service", "default", "mitigraph":
		return true
	}
	return false
}

func list(w io.Writer, s *graph.Snapshot, o options, stderr io.Writer) error {
	drafts := s.Drafts()
	none := "no drafts; examples/assess -store writes some"
	if o.status != "" && len(drafts) > 0 {
		none = fmt.Sprintf("no draft is %s, of %d that there are", o.status, len(drafts))
	}
	if o.status != "" {
		drafts = slices.DeleteFunc(drafts, func(d graph.Draft) bool { return d.Status != o.status })
	}
	if o.format == "json" {
		return write(w, drafts)
	}
	if len(drafts) == 0 {
		fmt.Fprintln(w, none)
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tSTATUS\tTASK\tFOR\tBY")
	for _, d := range drafts {
		by := d.By()
		if n := len(d.Reviews); n > 0 {
			by += ", " + d.Reviews[n-1].By
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", d.ID, d.Status, d.Task, finding.Plain(about(d), 40), finding.Plain(by, 90))
	}
	fmt.Fprintln(stderr, "note: show ID has the text and its evidence; accept ID, or reject ID -why REASON, decides")
	return t.Flush()
}

// about names what a draft is for.
func about(d graph.Draft) string {
	var ids []string
	for _, key := range d.About {
		_, id, _ := strings.Cut(key, ":")
		ids = append(ids, id)
	}
	out := strings.Join(ids, " ")
	if d.GapKind != "" {
		out = string(d.GapKind) + " " + out
	}
	return out
}

func show(w io.Writer, s *graph.Snapshot, o options) error {
	d, ok := s.Draft(o.ids[0])
	if !ok {
		return unknown(s, o.ids[0])
	}
	if o.format == "json" {
		return write(w, d)
	}
	line := func(format string, args ...any) { fmt.Fprintln(w, finding.Plain(fmt.Sprintf(format, args...), 0)) }
	line("%s  %s, written by %s for %s", d.ID, d.Status, d.By(), about(d))
	for where, c := range d.Text.Claims() {
		line("  %s: %s [%s]", where, c.Text, strings.Join(c.Evidence, ", "))
	}
	line("EVIDENCE")
	for _, e := range d.Evidence {
		line("  %s [%s, %s] %s", e.Handle, e.Provenance, e.Source, e.Text)
	}
	for _, r := range d.Reviews {
		note := r.Why
		if r.Was != nil {
			note = strings.TrimSpace("the text was changed. " + note)
		}
		line("%s  %s by %s. %s", r.At.Format(time.RFC3339), r.Status, r.By, note)
	}
	return nil
}

// unknown is the error of an ID that no draft has.
func unknown(s *graph.Snapshot, id string) error {
	return cli.Misuse("%w: %q%s", graph.ErrUnknownDraft, id, finding.Meant(id, func(yield func(string) bool) {
		for _, d := range s.Drafts() {
			if !yield(d.ID) {
				return
			}
		}
	}))
}

func export(w io.Writer, s *graph.Snapshot, o options, stderr io.Writer) error {
	var out []graph.Draft
	if len(o.ids) == 0 {
		out = slices.DeleteFunc(s.Drafts(), func(d graph.Draft) bool { return d.Status != graph.StatusAccepted })
		if len(out) == 0 {
			fmt.Fprintln(stderr, "note: no draft is accepted")
		}
	}
	for _, id := range o.ids {
		d, ok := s.Draft(id)
		if !ok {
			return unknown(s, id)
		}
		out = append(out, d)
	}
	if err := stix.Write(w, s.Catalog(), out...); err != nil {
		return cli.Misuse("%w", err)
	}
	return nil
}

func write(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

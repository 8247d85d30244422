// Package sarif reads SARIF 2.1.0 logs as findings. It answers: which results
// of a scanner speak of a weakness, and where?
//
// The types of the log are this package's own, the few members that an
// assessment needs. The library at hand (owenrumney/go-sarif) is made for
// writing logs: it reads a ruleIndex that is not there as 0, so that a result
// takes on the weaknesses of the first rule; it decodes all or nothing; and it
// brings a validator of JSON Schemas.
//
// A log is held in memory whole, up to 64 MiB, and read with some megabytes a
// second. The package never takes a weakness from a rule's prose.
package sarif

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/internal/document"
)

// Format reads a SARIF log: a finding for each result that says that something
// is wrong. Its ID is the rule's and the first location, "RULE@FILE:LINE"; its
// title is the rule's short description, else the message.
//
// Weaknesses come from the tags of the result and its rule ("CWE-798",
// "external/cwe/cwe-798"), from taxa and relationships that lead to CWE, and
// from properties called cwe; CVEs likewise and from the rule's ID; techniques
// from taxa of ATT&CK. CVSS is a vector among the properties, else the score that
// security-severity is.
//
// SARIF knows files, not devices. The device is the property "device" of the
// result or the run, else the category of the run's automation ID, which is
// what stands before its last "/": scanners let their user choose it.
//
// Results of the kinds pass, notApplicable and informational are no findings;
// one report for each run counts them. Each result that is suppressed, or that
// the baseline had and the scan no longer has, is reported. So is what breaks
// the standard's rules, which is then left out as if the log had not had it.
// Input that is no JSON, of another version or over 64 MiB ends the reading.
var Format = finding.Format{Name: "SARIF 2.1.0", Match: match, Read: read}

func match(head []byte) bool { return finding.Recognise(head) == finding.KindSARIF }

func read(ctx context.Context, name string, r io.Reader) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		in := &input{ctx: ctx, name: name, yield: yield, used: map[string][]json.RawMessage{}}
		if err := in.log(r); err != nil && !errors.Is(err, errStopped) {
			yield(finding.Finding{}, fmt.Errorf("%s: %w", name, err))
		}
	}
}

// errStopped says that the consumer left the loop.
var errStopped = errors.New("stopped")

// input is one reading.
type input struct {
	ctx   context.Context
	name  string
	yield func(finding.Finding, error) bool
	used  map[string][]json.RawMessage // IDs, with the results that have them
}

func (in *input) log(r io.Reader) error {
	b, err := document.Load(r, "a SARIF log")
	if err != nil {
		return err
	}
	var log struct {
		Version json.RawMessage   `json:"version"`
		Runs    []json.RawMessage `json:"runs"`
	}
	if err := document.Decode(b, &log); err != nil {
		return err
	}
	if v := strings.Trim(string(log.Version), `"`); v != "" && !strings.HasPrefix(v, "2.1.0") {
		return fmt.Errorf("version: %s can't be read, only 2.1.0", finding.Plain(v, 40))
	}
	problems := document.Twice(b, "version", "runs")
	if len(log.Runs) == 0 {
		problems = append(problems, document.Trouble("runs", finding.LostNothing, "the log holds none"))
	}
	if err := in.report(problems); err != nil {
		return err
	}
	for i, raw := range log.Runs {
		if err := in.run(fmt.Sprintf("runs[%d]", i), raw); err != nil {
			return err
		}
	}
	return nil
}

func (in *input) report(problems []document.Problem) error {
	for _, p := range problems {
		if !in.yield(finding.Finding{}, p.Record(in.name)) {
			return errStopped
		}
	}
	return nil
}

// none are the kinds of results that say that nothing is wrong.
var none = []string{"pass", "notApplicable", "informational"}

func (in *input) run(place string, raw json.RawMessage) error {
	r, problems := newRun(place, raw)
	if err := in.report(problems); err != nil {
		return err
	}
	silent := map[string]int{}
	for i, raw := range r.Results {
		if err := in.ctx.Err(); err != nil {
			return err
		}
		at := fmt.Sprintf("%s.results[%d]", place, i)
		if len(raw) == 0 || raw[0] != '{' {
			if err := in.report([]document.Problem{document.Trouble(at, finding.LostRecord, "want an object")}); err != nil {
				return err
			}
			continue
		}
		x, problems := decode[result](at, raw, "ruleId", "ruleIndex", "rule", "kind", "level", "message", "locations", "taxa", "suppressions", "baselineState", "properties")
		if slices.Contains(none, x.Kind) {
			silent[x.Kind]++
			continue
		}
		f, more := r.finding(at, x)
		problems = append(problems, more...)
		ok := false
		switch reason := x.leftOut(); {
		case f.ID == "":
			problems = append(problems, document.Trouble(at, finding.LostRecord, "a result with neither a rule nor a message"))
		case reason != "":
			problems = append(problems, document.Trouble(at, finding.LostNothing, "%s is left out: %s", f.ID, reason))
		default:
			f.ID, ok = in.unique(f.ID, raw)
			if !ok {
				problems = append(problems, document.Trouble(at, finding.LostNothing, "%s is there already, in the same words; it counts once", f.ID))
			}
		}
		if err := in.report(problems); err != nil {
			return err
		}
		if !ok {
			continue
		}
		f.Source = in.name
		if !in.yield(f, nil) {
			return errStopped
		}
	}
	if len(silent) > 0 {
		var parts []string
		for _, kind := range none {
			if n := silent[kind]; n > 0 {
				parts = append(parts, fmt.Sprintf("%s %d", kind, n))
			}
		}
		return in.report([]document.Problem{document.Trouble(place+".results", finding.LostNothing, "results that say that nothing is wrong: %s", strings.Join(parts, ", "))})
	}
	return nil
}

// unique tells results of one rule at one place apart; false where the very
// same was there before.
func (in *input) unique(id string, raw json.RawMessage) (string, bool) {
	before := in.used[id]
	if slices.ContainsFunc(before[:min(len(before), 8)], func(b json.RawMessage) bool { return bytes.Equal(b, raw) }) {
		return id, false
	}
	in.used[id] = append(before, raw)
	if len(before) > 0 {
		id = fmt.Sprintf("%s#%d", id, len(before)+1)
	}
	return id, true
}

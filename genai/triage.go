package genai

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/graph"
)

const triageTechniques = 2 // of a finding, that its triage looks at

var triage = &kind{
	name: "triage", version: "triage-v1", prompt: prompt("triage-v1"),
	form: compose.TriageForm,
	collect: func(_ context.Context, s *graph.Snapshot, a *graph.Assessment, t Task) (job, error) {
		standing, err := a.Standing(t.id)
		if err != nil {
			return job{}, err
		}
		f := a.Findings[slices.IndexFunc(a.Findings, func(f graph.FindingResult) bool { return f.ID == t.id })]
		ids := []string{findingKey(f.ID)}
		devices := standing.Devices
		if len(devices) == 0 {
			devices = f.Devices // products, each by itself
		}
		if len(devices) == 0 && f.Device != "" {
			devices = []string{f.Device}
		}
		ids = append(ids, keys(devices[:min(planDevices, len(devices))], deviceKey)...)
		for _, x := range f.Techniques[:min(triageTechniques, len(f.Techniques))] {
			ids = append(ids, attackKey(x.ID))
		}
		evidence, err := s.EvidenceAbout(a, ids...)
		if err != nil {
			return job{}, err
		}
		return job{
			evidence: evidence, about: []string{findingKey(f.ID)}, subject: f.ID,
			plan: func(e []graph.Evidence) (plan, bool) {
				return plan{
					form:    compose.TriageForm,
					words:   map[string]string{"affected": standing.Affected, "reachable": standing.Reachable},
					compose: func() (graph.DraftText, error) { return compose.Triage(f, standing, a, e) },
					check:   func(t graph.DraftText) []graph.Rejection { return contradicts(t, standing) },
					decide: func(t graph.DraftText) {
						for section, verdict := range map[string]string{"affected": standing.Affected, "reachable": standing.Reachable} {
							for i := range t.Section(section) {
								t.Section(section)[i].Verdict = verdict
							}
						}
					},
				}, len(e) >= min(3, len(evidence)) // the finding and both verdicts
			},
		}, nil
	},
}

// contrary are words that a section may not hold beside a verdict. They are
// a net for what is said plainly; [graph.Claim.Verdict] is what counts.
var contrary = []struct {
	section  string
	verdicts []string
	words    *regexp.Regexp
}{
	{"affected", []string{"yes", "likely"}, regexp.MustCompile(`(?i)\b(?:not (?:be )?(?:affected|vulnerable)|unaffected|no devices? (?:is|are) affected|affected: (?:no|unknown))\b`)},
	{"affected", []string{"likely"}, regexp.MustCompile(`(?i)\b(?:affected: yes|(?:certainly|definitely|surely) affected)\b`)},
	{"affected", []string{"unknown"}, regexp.MustCompile(`(?i)\b(?:(?:is|are) (?:not )?(?:affected|vulnerable)|unaffected|affected: (?:yes|no|likely))\b`)},
	{"reachable", []string{"network"}, regexp.MustCompile(`(?i)\b(?:not (?:be )?reachable|unreachable|(?:not|never) (?:over|from|through) the network|only (?:locally|by hand|from the device))`)},
	{"reachable", []string{"adjacent"}, regexp.MustCompile(`(?i)\b(?:not (?:be )?reachable|unreachable|from the internet|from anywhere|only by hand)`)},
	{"reachable", []string{"local", "physical"}, regexp.MustCompile(`(?i)\b(?:from the internet|from anywhere|remotely|(?:over|from|through) the network)`)},
	{"reachable", []string{"unknown"}, regexp.MustCompile(`(?i)\b(?:is (?:not )?reachable|unreachable)`)},
}

func contradicts(t graph.DraftText, s graph.Standing) []graph.Rejection {
	var out []graph.Rejection
	for _, x := range contrary {
		verdict := map[string]string{"affected": s.Affected, "reachable": s.Reachable}[x.section]
		if !slices.Contains(x.verdicts, verdict) {
			continue
		}
		for _, c := range t.Section(x.section) {
			if m := x.words.FindString(c.Text); m != "" {
				out = append(out, graph.Rejection{Check: CheckGraph, Where: x.section + ".text", Why: fmt.Sprintf("the graph says %q; this says %q", verdict, m)})
			}
		}
	}
	return out
}

// Triage is the task to say what to do first about a finding, by its ID in an
// assessment: "affected", "reachable", "first" and "limits". The verdicts on
// the first two are the graph's, see [graph.Standing], and stand in
// [graph.Claim.Verdict]; a text that plainly contradicts them is rejected. What
// the maker says is quoted in the evidence. An unknown finding is an error that
// wraps [graph.ErrUnknownNode].
func Triage(finding string) Task { return Task{kind: triage, gap: -1, id: finding} }

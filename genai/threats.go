package genai

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// Found is a technique that was found in a report, by whatever means the
// caller has; no model is asked for it here.
type Found struct {
	Technique string   // ATT&CK ID; a revoked one stands for its successor
	Sentence  string   // of the report, that shows it
	Score     float64  // how surely, 0 to 1; 0 where it is not known
	Because   []string // reasons, for people; may be nil
}

// report is what a threat-report task is about.
type report struct {
	name, text string
	found      []Found
}

const (
	maxSentence = 400 // characters of a quoted sentence
	maxReason   = 120 // characters of a reason
)

var threats = &kind{
	name: "threat-report", version: "threat-report-v1", prompt: prompt("threat-report-v1"),
	form: atMost(compose.ThreatsForm(1), "techniques", compose.MaxThreats), tokens: longAnswer,
	collect: func(_ context.Context, s *graph.Snapshot, a *graph.Assessment, t Task) (job, error) {
		found, err := t.report.techniques(s.Catalog())
		if err != nil {
			return job{}, err
		}
		var ids []string
		var quotes []graph.Evidence
		for _, f := range found {
			ids = append(ids, f.Technique)
			quotes = append(quotes, t.report.quote(f))
		}
		evidence, err := s.EvidenceAbout(a, keys(ids, attackKey)...)
		if err != nil {
			return job{}, err
		}
		sum := sha256.Sum256([]byte(t.report.text))
		return job{
			evidence: interleaved(ids, quotes, arranged(evidence, " serves ", "; its score is ", summaries, "is deployed wherever", "it is feasible")),
			about:    keys(ids, attackKey), subject: []any{t.report.name, hex.EncodeToString(sum[:]), ids},
			plan: func(e []graph.Evidence) (plan, bool) {
				var list []compose.Threat
				var subjects, asks []string
				var cites [][]string
				for i, id := range ids {
					official := vouching(e, id, id, " serves ")
					at := slices.IndexFunc(e, func(x graph.Evidence) bool { return x.Text == quotes[i].Text })
					full, ok := mitre.Find[*mitre.Technique](s.Catalog(), id)
					if at < 0 || len(official) == 0 || !ok {
						continue
					}
					threat := compose.Threat{ID: id, Name: full.Name, Cites: []string{e[at].Handle, official[0]}}
					for tactic := range s.Catalog().TacticsOf(full) {
						threat.Tactics = append(threat.Tactics, tactic.Name)
					}
					if n := slices.IndexFunc(a.Techniques, func(r graph.TechniqueResult) bool { return r.ID == id }); n >= 0 {
						threat.Open = &a.Techniques[n]
					}
					list, subjects = append(list, threat), append(subjects, id)
					cites = append(cites, []string{e[at].Handle})
					asks = append(asks, fmt.Sprintf("%s %s (%s, %s)", id, full.Name, e[at].Handle, official[0]))
				}
				return plan{
					form: compose.ThreatsForm(len(list)), asks: asks,
					compose: func() (graph.DraftText, error) { return compose.Threats(a, list, e) },
					check:   eachCites("techniques", subjects, cites),
					decide:  marked("techniques", subjects),
				}, len(list) > 0
			},
		}, nil
	},
}

// techniques returns what was found, as the release names it, each technique
// once and the surest first, at most compose.MaxThreats.
func (r *report) techniques(c *mitre.Catalog) ([]Found, error) {
	if c == nil {
		return nil, errors.New("the snapshot holds no ATT&CK release")
	}
	if len(r.found) == 0 {
		return nil, fmt.Errorf("no technique was found in %q, so there is nothing to explain", finding.Plain(r.name, 80))
	}
	text := finding.Plain(r.text, 0)
	var out []Found
	for i, f := range r.found {
		resolved, err := c.Resolve(f.Technique)
		if err != nil {
			return nil, fmt.Errorf("found[%d]: %w", i, err)
		}
		t, ok := resolved.Object.(*mitre.Technique)
		switch sentence := finding.Plain(f.Sentence, 0); {
		case !ok:
			return nil, fmt.Errorf("found[%d]: %q is no technique", i, f.Technique)
		case sentence == "" || !strings.Contains(text, sentence):
			return nil, fmt.Errorf("found[%d]: the report does not hold the sentence that shows %s", i, f.Technique)
		case !(f.Score >= 0 && f.Score <= 1):
			return nil, fmt.Errorf("found[%d]: the score %v is not between 0 and 1", i, f.Score)
		}
		f.Technique = t.ID
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Found) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	seen := map[string]bool{}
	out = slices.DeleteFunc(out, func(f Found) bool {
		twice := seen[f.Technique]
		seen[f.Technique] = true
		return twice
	})
	if len(out) > compose.MaxThreats {
		return nil, fmt.Errorf("%d techniques were found; a report is about at most %d, so choose", len(out), compose.MaxThreats)
	}
	return out, nil
}

// quote is the report's sentence as evidence: a stranger's words, which vouch
// for nothing.
func (r *report) quote(f Found) graph.Evidence {
	text := fmt.Sprintf("The report %q says: %q", finding.Plain(r.name, 80), finding.Plain(f.Sentence, maxSentence))
	if f.Score > 0 {
		text += fmt.Sprintf(", in which %s was found with a score of %.2f", f.Technique, f.Score)
	} else {
		text += fmt.Sprintf(", in which %s was found", f.Technique)
	}
	for i, b := range f.Because[:min(2, len(f.Because))] {
		text += []string{" because ", " and "}[i] + fmt.Sprintf("%q", finding.Plain(b, maxReason))
	}
	text += "."
	return graph.Evidence{Text: text, IDs: graph.IDsIn(text), Provenance: string(graph.Site), Source: finding.Plain(r.name, 80)}
}

// interleaved puts each quotation before what its technique is, and the rest
// behind all of them.
func interleaved(ids []string, quotes, evidence []graph.Evidence) []graph.Evidence {
	var out []graph.Evidence
	taken := map[int]bool{}
	for i, id := range ids {
		out = append(out, quotes[i])
		for j, e := range evidence {
			if !taken[j] && strings.HasPrefix(e.Text, id+" ") && strings.Contains(e.Text, " serves ") {
				out, taken[j] = append(out, e), true
			}
		}
	}
	for j, e := range evidence {
		if !taken[j] {
			out = append(out, e)
		}
	}
	return arranged(out)
}

// ThreatReport is the task to say what techniques that were found in a report
// mean for the site: "summary", one claim for each technique in "techniques",
// and "limits". The name says for people which report it is; the text is the
// whole of it, and each sentence of found must stand in it, apart from white
// space. At most twelve techniques, the surest first; one that was found twice
// counts once. [graph.Claim.Subject] is the technique's ID.
//
// A report is the words of strangers: its sentences are quoted as evidence of
// the site, and vouch for nothing. A writer explains what was found and can't
// add to it. Drafting is an error where nothing was found, where a technique is
// not one of the release, where a sentence is not the report's, or where there
// are more than twelve.
func ThreatReport(name, text string, found []Found) Task {
	r := &report{name: name, text: text, found: slices.Clone(found)}
	for i, f := range r.found {
		r.found[i].Because = slices.Clone(f.Because)
	}
	return Task{kind: threats, gap: -1, id: name, report: r}
}

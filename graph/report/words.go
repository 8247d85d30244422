package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
	"github.com/mitigraph/mitigraph/graph/internal/remedy"
)

// What the parts of a report mean to a reader.
const (
	planMeans       = "official mitigations that can be deployed, each by the share that it adds of the unanswered risk, which is the risk where none is deployed; where a mitigation is deployed the risk is answered: less, not gone, and not in these shares"
	numbersMean     = "A risk is unanswered on a device where no mitigation of the technique is deployed. A gap is such a place, or one for which ATT&CK names nothing to deploy or to watch, or a finding that leads to no technique."
	sayFirst        = "what the advisories and findings themselves say, in their words"
	onesMean        = "answered by one deployed mitigation alone, so in no share above: whether it is enough is for you to judge; the risk takes nothing off for it"
	riskless        = "the findings carry no risk by their scores, so no step is worth more than another. Look at the scores first: a severity of 0 says that nothing can be lost, and a finding without a score counts as 5 of 10"
	openedMeans     = "What the findings open, the most urgent first, with a risk from 0 to 1."
	confidenceMeans = "A confidence says how often a weakness leads to a technique: about 0.9 in nearly every case, 0.6 in the typical case, 0.3 in a minority of cases, which is to be confirmed for the device at hand; 1.0 is a fact. A risk is severity × exploitation × confidence × consequence × asset, each from 0 to 1."
	notice          = "ATT&CK is a registered trademark of The MITRE Corporation. © 2025 The MITRE Corporation: ATT&CK's facts are reproduced and distributed with its permission. MITRE neither made nor endorses this report."
)

type provenanceWords struct {
	kind  graph.Kind
	means string
}

// provenances says who stands behind what, in the order of their weight.
var provenances = []provenanceWords{
	{graph.Official, "the ATT&CK release says so"},
	{graph.Cited, "another public catalogue says so"},
	{graph.Analyst, "a judgement of this project, with a confidence and a reason"},
	{graph.Site, "the findings, or the description of the site, say so"},
	{graph.Drafted, "a generator wrote it, and no person stands for it yet"},
}

// What each kind of gap means to a reader.
var gapTitles = []struct {
	kind  graph.GapKind
	title string
}{
	{graph.GapNoMitigation, "ATT&CK has no mitigation"},
	{graph.GapPlaceholderOnly, "ATT&CK says that mitigation is limited or not effective"},
	{graph.GapNotFeasible, "the device rules every mitigation out"},
	{graph.GapNotDeployed, "mitigations exist, none is known to be deployed"},
	{graph.GapNoDetection, "ATT&CK names nothing to collect for detection; half the risk counts"},
	{graph.GapNoTechnique, "the finding leads to no technique"},
}

// makersWord is the remedy that says most, quoted, and whether there is none for
// some products: the first of those that all reports tell, see package remedy.
func (sh *shown) makersWord(f *graph.FindingResult) string {
	all := remedy.Gather(sh.a.Site, []*graph.FindingResult{f})
	if len(all) == 0 {
		return ""
	}
	words, without := all[0].Kind()+": "+cmp.Or(all[0].Quote(), "(no details)"), ""
	for _, r := range all[1:] {
		if all[0].Helps() && without == "" && !r.Helps() && strings.HasPrefix(r.Kind(), "no fix") {
			without = r.Kind() + " for some products; "
		}
	}
	if note := sh.note(all[0]); note != "" {
		words += ". " + note
	}
	return without + words
}

// note says that the site keeps devices as they are for which there is a fix.
func (sh *shown) note(r remedy.Said) string { return remedy.Note(sh.named(r.Unpatchable)) }

// sourceOf is where something in the assessment comes from.
type sourceOf struct{ kind, source string }

// mitigationPage is the address of a mitigation's page, by its ID alone, since
// what is only proposed is not among an assessment's mitigations.
func mitigationPage(id string) string {
	if !mitigationID.MatchString(id) {
		return ""
	}
	return "https://attack.mitre.org/mitigations/" + id
}

var mitigationID = regexp.MustCompile(`^M\d{4}$`)

var attackURL = regexp.MustCompile(`^https://attack\.mitre\.org/[A-Za-z0-9/]+$`)

// attackPage is the address of a page of ATT&CK, and empty for any other: a
// bundle may come from anyone.
func attackPage(url string) string {
	if attackURL.MatchString(url) {
		return url
	}
	return ""
}

// draftMark is the word over a draft, with what a person decided of it.
func draftMark(d graph.Draft) string {
	if decided(d) {
		return strings.ToUpper(d.Status) + " DRAFT"
	}
	return "DRAFT"
}

// decided reports whether a person accepted or rejected a draft.
func decided(d graph.Draft) bool {
	return d.Status == graph.StatusAccepted || d.Status == graph.StatusRejected
}

// draftsMean says what drafts are for, and which need nobody any more.
func (sh *shown) draftsMean() string {
	n := 0
	for _, d := range sh.a.Drafts {
		if decided(d) {
			n++
		}
	}
	said := "Not official: written for the gaps from the evidence in the graph, "
	switch n {
	case 0:
		return said + "for a person to judge. No draft counts as a mitigation."
	case len(sh.a.Drafts):
		return said + "and decided by a person, as each says. No draft counts as a mitigation."
	}
	return said + count(n, "is decided by a person, as it says; the others are", "are decided by a person, as each says; the others are") + " for a person to judge. No draft counts as a mitigation."
}

// called is what a finding is called beside its ID.
func called(f *graph.FindingResult) string {
	return cmp.Or(f.Title, strings.Join(slices.Concat(f.Weaknesses, f.CVEs), ", "))
}

// suggested is a suggestion for a finding in words.
func suggested(s graph.Suggestion) string {
	why := ""
	if len(s.Because) > 0 {
		why = ", since " + s.Because[0]
	}
	return fmt.Sprintf("%s %s (likely to %.0f %%)%s", s.ID, finding.Plain(s.Name, 0), 100*s.Score, finding.Plain(why, 0))
}

// official says that a gap's candidates are ATT&CK's own answers to it.
func official(g graph.Gap) bool { return g.Kind == graph.GapNotDeployed }

// leads reports whether the first of a gap's official candidates answers more
// risk than each of the others.
func leads(g graph.Gap) bool {
	return official(g) && len(g.Candidates) > 1 && g.Candidates[0].Score > g.Candidates[1].Score
}

// draftAbout names what a draft is for.
func draftAbout(g graph.Gap) string {
	if g.Technique == "" {
		return some(g.Findings)
	}
	return g.Technique + " " + g.Name
}

// writtenBy says who wrote a draft, and who judged it last.
func writtenBy(d graph.Draft) string {
	note := ""
	if d.Checks.Fallback {
		note = ", after the model's answers were rejected"
	}
	for _, r := range slices.Backward(d.Reviews) {
		if r.Was != nil {
			note += "; changed by " + finding.Plain(r.By, 60)
			break
		}
	}
	if n := len(d.Reviews); n > 0 {
		r := d.Reviews[n-1]
		note += fmt.Sprintf("; %s by %s on %s", d.Status, finding.Plain(r.By, 60), r.At.Format(time.DateOnly))
		if r.Why != "" {
			note += ": " + finding.Plain(r.Why, 300)
		}
	}
	return "by " + d.By() + note
}

// citedEvidence is the evidence that a draft's marks stand for.
func citedEvidence(d graph.Draft) (out []graph.Evidence) {
	used := map[string]bool{}
	for _, c := range d.Text.Claims() {
		for _, h := range c.Evidence {
			used[h] = true
		}
	}
	for _, e := range d.Evidence {
		if used[e.Handle] {
			out = append(out, e)
		}
	}
	return out
}

// evidenceSource is where a piece of evidence is from, a file without its
// folder.
func evidenceSource(e graph.Evidence) string {
	if e.Provenance == string(graph.Site) {
		return escape.Base(e.Source)
	}
	return e.Source
}

// devicesOf is what a finding is on: devices of the site, or what the source
// says.
func devicesOf(f *graph.FindingResult) []string {
	if len(f.Devices) == 0 && f.Device != "" {
		return []string{f.Device}
	}
	return f.Devices
}

// affected says which versions of a finding's products are affected; empty where
// nothing says.
func affected(f *graph.FindingResult) string {
	const shown = 3
	var parts []string
	said, more := f.Device != "", 0 // else the devices are the products
	for _, a := range f.Affected {
		said = said || len(a.Versions) > 0
		if len(parts) == shown {
			more++
			continue
		}
		if n := len(a.Versions) - shown; n > 0 {
			a.Versions = append(a.Versions[:shown:shown], fmt.Sprintf("and %d more", n))
		}
		parts = append(parts, a.String())
	}
	if !said {
		return ""
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

// acceptance says who lives with a gap; empty where nobody does.
func acceptance(g graph.Gap) string {
	if g.Accepted == nil {
		return ""
	}
	until := ""
	if g.Accepted.Until != "" {
		until = " until " + g.Accepted.Until
	}
	return fmt.Sprintf(" ACCEPTED by %s%s: %s", g.Accepted.By, until, g.Accepted.Why)
}

func cited(c graph.Claim) string {
	return fmt.Sprintf("%s [%s]", c.Text, strings.Join(c.Evidence, ", "))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// maxListed is how much of a list [Markdown] and [HTML] have.
const maxListed = 2000

// listed is what they have of a list.
func listed[T any](list []T) []T { return list[:min(maxListed, len(list))] }

// rest tells of what a list leaves out; empty where that is nothing.
func rest(n int, one, many string) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("… and %s (the JSON form has all)", count(n, "more "+one, "more "+many))
}

// calmer tells of what a list by risk leaves out, and of the highest risk there.
func calmer[T any](list []T, one, many string, risk func(T) float64) string {
	most := 0.0
	for _, x := range list[len(listed(list)):] {
		most = max(most, risk(x))
	}
	words := fmt.Sprintf(" of a risk of %.2f or less", most)
	return rest(len(list)-maxListed, one+words, many+words)
}

func findingRisk(f *graph.FindingResult) float64 { return f.Score }

func gapRisk(g gapAt) float64 { return g.Score }

// some names the first few of a list.
func some(ids []string) string {
	out := strings.Join(ids[:min(3, len(ids))], ", ")
	if n := len(ids) - 3; n > 0 {
		out += fmt.Sprintf(" and %d more", n)
	}
	return out
}

// sentence begins with a capital letter.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// Package sarif writes the gaps of an assessment as SARIF 2.1.0, so that the
// security tab of a code host shows them.
//
// Each kind of gap of each technique is a rule, whose help says what can be
// done; each gap is a result at the file and line where its riskiest finding
// is, or else at the file of findings that this came from. What the sources of
// the findings say can be done comes first in both, quoted. A file is named as it
// was given, in the working folder as seen from there, and elsewhere without its
// folder, since nobody else has that. A gap that somebody accepted is suppressed, with the reason.
// Drafts are left out: what stands in such a log looks official.
package sarif

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
	"github.com/mitigraph/mitigraph/graph/internal/remedy"
	"github.com/mitigraph/mitigraph/graph/report"
)

// From these risks on a result is an error and a warning; below it is a note.
const (
	errorFrom   = 0.4
	warningFrom = 0.1
)

// Write writes one log with one run. The level of a result is error from a risk
// of 0.4 on, warning from 0.1 on, else note; its rank is 100 times the risk, and
// its rule's security-severity 10 times the highest risk. The fingerprint of a
// gap stays the same while its kind and its technique do (of a finding without
// a technique, the reason), whatever findings and devices come and go. Nil is
// an assessment without gaps. The error is the writer's.
func Write(w io.Writer, a *graph.Assessment) error {
	if a == nil {
		a = &graph.Assessment{}
	}
	l := &log{a: a, findings: map[string]graph.FindingResult{}, techniques: map[string]graph.TechniqueResult{}, rules: map[string]int{}, seen: map[string]int{}}
	for _, f := range a.Findings {
		l.findings[f.ID] = f
	}
	for _, t := range a.Techniques {
		l.techniques[t.ID] = t
	}
	run := sarif.NewRunWithInformationURI("mitigraph", "https://github.com/mitigraph/mitigraph")
	run.ColumnKind = new("unicodeCodePoints")
	for _, g := range a.Gaps {
		i, ok := l.rules[ruleID(g)]
		if !ok { // the first gap of a rule has the highest risk
			i = len(run.Tool.Driver.Rules)
			l.rules[ruleID(g)] = i
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, l.rule(g))
		}
		run.Results = append(run.Results, l.result(g, i))
	}
	out := sarif.NewReport()
	out.Schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	out.AddRun(run)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	return escape.Write(w, escape.JSON(b.Bytes()))
}

// log knows what was written.
type log struct {
	a          *graph.Assessment
	findings   map[string]graph.FindingResult
	techniques map[string]graph.TechniqueResult
	rules      map[string]int // indices by ID
	seen       map[string]int // how often a fingerprint was needed
}

func ruleID(g graph.Gap) string {
	if g.Technique == "" {
		return string(g.Kind)
	}
	return string(g.Kind) + "/" + finding.Plain(g.Technique, 40)
}

func level(score float64) string {
	switch {
	case score >= errorFrom:
		return sarif.LevelError
	case score >= warningFrom:
		return sarif.LevelWarning
	}
	return sarif.LevelNote
}

func (l *log) about(g graph.Gap) string {
	if g.Technique == "" {
		return "Findings without a technique"
	}
	return g.Technique + " " + cmp.Or(l.techniques[g.Technique].FullName, g.Name)
}

func (l *log) rule(g graph.Gap) *sarif.ReportingDescriptor {
	r := sarif.NewReportingDescriptor()
	r.ID = new(ruleID(g))
	r.ShortDescription = message(l.about(g) + ": " + report.GapTitle(g.Kind))
	t := l.techniques[g.Technique]
	r.FullDescription = message(cmp.Or(t.Summary, g.Why))
	r.DefaultConfiguration = sarif.NewReportingConfiguration()
	r.DefaultConfiguration.Enabled, r.DefaultConfiguration.Level, r.DefaultConfiguration.Rank = true, level(g.Score), rank(g.Score)
	r.Help = l.help(g)
	if page.MatchString(t.URL) {
		r.HelpURI = new(t.URL)
	}
	tags := []string{"security", "ics", string(g.Kind)}
	if g.Technique != "" {
		tags = append(tags, "external/attack/"+finding.Plain(g.Technique, 40))
	}
	r.Properties = sarif.NewPropertyBag().Add("security-severity", fmt.Sprintf("%.1f", 10*g.Score)).WithTags(tags)
	return r
}

var page = regexp.MustCompile(`^https://attack\.mitre\.org/[A-Za-z0-9/]+$`)

// help says what can be done about a gap.
func (l *log) help(g graph.Gap) *sarif.MultiformatMessageString {
	lead := "Suggestions of this project, not ATT&CK's; the best first:"
	switch {
	case leads(g):
		lead = "Official mitigations of ATT&CK, first that which by itself answers the most risk of the site:"
	case g.Kind == graph.GapNotDeployed && len(g.Candidates) == 1:
		lead = "Official mitigation of ATT&CK:"
	case g.Kind == graph.GapNotDeployed:
		lead = "Official mitigations of ATT&CK:"
	}
	plain, markdown := []string{g.Why}, []string{finding.Markdown(g.Why)}
	said := l.said(g)
	for i, r := range said[:min(mostSaid, len(said))] {
		if i == 0 {
			plain, markdown = append(plain, saidFirst+":"), append(markdown, "", saidFirst+":", "")
		}
		plain, markdown = append(plain, "- "+r.String()), append(markdown, "- "+finding.Markdown(r.String()))
	}
	if n := len(said) - mostSaid; n > 0 {
		more := fmt.Sprintf("- and %d more", n)
		plain, markdown = append(plain, more), append(markdown, more)
	}
	if len(g.Candidates) == 0 {
		const none = "Nothing is proposed: a person has to decide."
		plain, markdown = append(plain, none), append(markdown, "", none)
	} else {
		plain, markdown = append(plain, lead), append(markdown, "", finding.Markdown(lead), "")
	}
	for _, c := range g.Candidates {
		because := ""
		if len(c.Because) > 0 {
			because = ": " + strings.Join(c.Because, "; ")
		}
		plain = append(plain, "- "+c.ID+" "+c.Name+because)
		markdown = append(markdown, "- "+finding.Markdown(c.ID+" "+c.Name+because))
	}
	for i := range plain {
		plain[i] = text(plain[i])
	}
	return &sarif.MultiformatMessageString{Text: new(strings.Join(plain, "\n")), Markdown: new(strings.Join(markdown, "\n"))}
}

const (
	saidFirst = "What the advisories and findings themselves say"
	mostSaid  = 20 // remedies in the help of a rule
)

// said is what the sources of a gap's findings say can be done.
func (l *log) said(g graph.Gap) []remedy.Said {
	var fs []*graph.FindingResult
	for _, id := range g.Findings {
		if f, ok := l.findings[id]; ok && len(f.Remedies) > 0 {
			fs = append(fs, &f)
		}
	}
	return remedy.Gather(l.a.Site, fs)
}

// leads reports whether the first of the official candidates answers more risk
// than each of the others.
func leads(g graph.Gap) bool {
	return g.Kind == graph.GapNotDeployed && len(g.Candidates) > 1 && g.Candidates[0].Score > g.Candidates[1].Score
}

func (l *log) result(g graph.Gap, rule int) *sarif.Result {
	r := sarif.NewResult()
	r.RuleID, r.RuleIndex, r.Level, r.Rank = new(ruleID(g)), rule, level(g.Score), rank(g.Score)
	say := l.about(g) + ": " + g.Why + " Found by " + some(g.Findings) + "."
	const shown = 3
	said := l.said(g)
	for i, r := range said[:min(shown, len(said))] {
		if i == 0 {
			say += " " + saidFirst + ":"
		}
		say += " " + r.String() + "."
	}
	if n := len(said) - shown; n > 0 {
		say += fmt.Sprintf(" And %d more.", n)
	}
	if len(g.Candidates) > 0 {
		c := g.Candidates[0]
		verb := "A suggestion, not official"
		switch {
		case g.Kind == graph.GapNotDeployed && !leads(g):
			verb = "An official mitigation"
		case g.Kind == graph.GapNotDeployed:
			verb = "The one of its official mitigations that by itself answers the most risk of the site"
		}
		say += fmt.Sprintf(" %s: %s %s.", verb, c.ID, c.Name)
	}
	r.Message = &sarif.Message{Text: new(text(say)), Arguments: []string{}}
	print := l.fingerprint(g)
	r.PartialFingerprints = map[string]string{"mitigraphGap/v1": print, "primaryLocationLineHash": print + ":1"}
	for i, at := range l.places(g) {
		if i == 0 {
			r.Locations = append(r.Locations, at.location())
			continue
		}
		other := at.location()
		other.ID = i
		r.RelatedLocations = append(r.RelatedLocations, other)
	}
	r.Properties = sarif.NewPropertyBag().Add("risk", g.Score).Add("findings", plain(g.Findings)).Add("devices", plain(g.Devices))
	if g.Accepted != nil {
		s := sarif.NewSuppression()
		until := ""
		if g.Accepted.Until != "" {
			until = " until " + g.Accepted.Until
		}
		s.Kind, s.Status = new("external"), new("accepted")
		s.Justification = new(finding.Plain(fmt.Sprintf("Accepted by %s%s: %s", g.Accepted.By, until, g.Accepted.Why), 0))
		r.Suppressions = append(r.Suppressions, s)
	}
	return r
}

// fingerprint is the same for a gap in the next run.
func (l *log) fingerprint(g graph.Gap) string {
	parts := []string{string(g.Kind), g.Technique}
	if g.Technique == "" {
		parts = append(parts, g.Why)
	}
	if g.Accepted != nil {
		parts = append(parts, "accepted")
	}
	key := strings.Join(parts, "\x00")
	l.seen[key]++
	if n := l.seen[key]; n > 1 {
		key += fmt.Sprintf("\x00%d", n)
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// mostPlaces bounds the locations of a result; code hosts read few.
const mostPlaces = 100

// place is a file, by its URI, and a line in it.
type place struct {
	uri  string
	line int
}

// places are where a gap's findings are, the riskiest first, each once.
func (l *log) places(g graph.Gap) (out []place) {
	seen := map[place]bool{{}: true}
	for _, id := range g.Findings {
		f := l.findings[id]
		at, ok := placeOf(f.Place)
		if !ok && f.Source != "" { // its first line, since code hosts want one
			at = place{address(f.Source), 1}
		}
		if !seen[at] && len(out) < mostPlaces {
			seen[at] = true
			out = append(out, at)
		}
	}
	return out
}

// lined tells a file from the number behind it, which need be no line's.
var lined = regexp.MustCompile(`^(.+?)(?::(-?\d+))?$`)

// placeOf reads a finding's own place; not one that leads to anything but a
// file.
func placeOf(s string) (place, bool) {
	m := lined.FindStringSubmatch(s)
	if m == nil {
		return place{}, false
	}
	u, err := url.Parse(m[1])
	if err != nil || u.Scheme != "" && u.Scheme != "file" || u.Opaque != "" || u.User != nil || u.Host != "" || u.Path == "" {
		return place{}, false
	}
	line, err := strconv.ParseInt(m[2], 10, 32) // more than any file has, and what other readers take
	if err != nil || line < 1 {
		line = 1
	}
	return place{(&url.URL{Scheme: u.Scheme, Path: u.Path}).String(), int(line)}, true
}

func (p place) location() *sarif.Location {
	at := sarif.NewArtifactLocation()
	at.URI = new(p.uri)
	if !strings.HasPrefix(p.uri, "file:") && !strings.HasPrefix(p.uri, "/") {
		at.URIBaseID = new("%SRCROOT%")
	}
	region := sarif.NewRegion()
	region.StartLine = new(p.line)
	where := sarif.NewPhysicalLocation()
	where.ArtifactLocation, where.Region = at, region
	out := sarif.NewLocation()
	out.PhysicalLocation = where
	return out
}

// here is the path from the working folder to a file in it, and of one that is
// elsewhere the name.
func here(path string) string {
	if folder, err := os.Getwd(); err == nil {
		if inside, err := filepath.Rel(folder, path); err == nil && filepath.IsLocal(inside) {
			return inside
		}
	}
	return escape.Base(path)
}

// address is a file's name as a URI. Whatever a name holds, it is a path.
func address(source string) string {
	if filepath.IsAbs(source) {
		source = here(source)
	}
	u := url.URL{Path: filepath.ToSlash(strings.ToValidUTF8(source, "\uFFFD"))} // writes ./ before what looks like a scheme
	return u.String()
}

func rank(score float64) float64 { return math.Round(1000*score) / 10 }

var placeholder = regexp.MustCompile(`\{(\d+)\}`)

var linkMarks = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`)

// text makes any text a plain message: in SARIF brackets make links and braces
// stand for arguments.
func text(s string) string {
	return placeholder.ReplaceAllString(linkMarks.Replace(finding.Plain(s, 0)), "{{$1}}")
}

func message(s string) *sarif.MultiformatMessageString {
	return &sarif.MultiformatMessageString{Text: new(text(s))}
}

func plain(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = finding.Plain(s, 0)
	}
	return out
}

// some names the first few of a list.
func some(ids []string) string {
	const shown = 5
	out := strings.Join(ids[:min(shown, len(ids))], ", ")
	if n := len(ids) - shown; n > 0 {
		out += fmt.Sprintf(" and %d more", n)
	}
	return out
}

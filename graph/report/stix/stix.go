// Package stix writes an assessment as a STIX 2.1 bundle, for platforms that
// share threat intelligence.
//
// A finding becomes a vulnerability, a device an infrastructure that has it,
// and each reason why a finding opens a technique a relationship: the technique
// targets the vulnerability, with the confidence, the provenance and the
// rationale of the link. What a finding's source says can be done is a note on
// the vulnerability, quoted. A gap is a note on its technique, and a step of the
// plan a note on its mitigation. Techniques and mitigations are named by their
// STIX IDs; the bundle does not repeat them.
//
// All is created by this project's identity and marked as its own word. A draft
// that a named person accepted is a course of action, as graph/export/stix
// writes it; any other draft is a note, by its generator, marked as a draft.
// Drafts that were rejected or superseded are left out.
package stix

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/google/uuid"

	"github.com/mitigraph/mitigraph/graph"
	export "github.com/mitigraph/mitigraph/graph/export/stix"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
	"github.com/mitigraph/mitigraph/graph/internal/remedy"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/mitre"
)

// namespace makes the UUIDs of version 5 of what this package writes.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/mitigraph/mitigraph/graph/report/stix"))

// named is the UUID of version 5 of what the parts say together.
func named(parts ...[]byte) string {
	h := sha1.New()
	h.Write(namespace[:])
	for _, p := range parts {
		h.Write(p)
	}
	var id uuid.UUID
	copy(id[:], h.Sum(nil))
	id[6], id[8] = id[6]&0x0f|5<<4, id[8]&0x3f|0x80
	return id.String()
}

// object is a STIX object, its members in the order in which they are written.
type object struct {
	Type           string            `json:"type"`
	SpecVersion    string            `json:"spec_version"`
	ID             string            `json:"id"`
	CreatedBy      string            `json:"created_by_ref"`
	Created        string            `json:"created"`
	Modified       string            `json:"modified,omitempty"`
	Name           string            `json:"name,omitempty"`
	Abstract       string            `json:"abstract,omitempty"`
	Content        string            `json:"content,omitempty"`
	Description    string            `json:"description,omitempty"`
	Authors        []string          `json:"authors,omitempty"`
	DefinitionType string            `json:"definition_type,omitempty"`
	Definition     map[string]string `json:"definition,omitempty"`
	Relationship   string            `json:"relationship_type,omitempty"`
	Source         string            `json:"source_ref,omitempty"`
	Target         string            `json:"target_ref,omitempty"`
	Refs           []string          `json:"object_refs,omitempty"`
	Labels         []string          `json:"labels,omitempty"`
	Confidence     *int              `json:"confidence,omitempty"` // 0 to 100
	References     []reference       `json:"external_references,omitempty"`
	Markings       []string          `json:"object_marking_refs,omitempty"`
	Finding        *foundProps       `json:"x_mitigraph_finding,omitempty"`
	Provenance     *provenance       `json:"x_mitigraph_provenance,omitempty"`
	Gap            *gapProps         `json:"x_mitigraph_gap,omitempty"`
	Step           *stepProps        `json:"x_mitigraph_plan_step,omitempty"`
	Draft          *draftProps       `json:"x_mitigraph_draft_note,omitempty"`
	Remedy         *remedyProps      `json:"x_mitigraph_remedy,omitempty"`
}

type reference struct {
	Source string `json:"source_name"`
	ID     string `json:"external_id"`
}

type foundProps struct {
	ID       string   `json:"id"`
	Source   string   `json:"source,omitempty"`
	Risk     float64  `json:"risk"`
	CVSS     string   `json:"cvss,omitempty"`
	Severity *float64 `json:"severity,omitempty"`
	KEV      bool     `json:"known_exploited,omitempty"`
	EPSS     float64  `json:"epss,omitempty"`
	Status   string   `json:"status"`
	Judged   bool     `json:"judged,omitempty"` // see graph.FindingResult
}

type remedyProps struct {
	Category    string   `json:"category"`
	Findings    []string `json:"findings"`
	Sources     []string `json:"sources,omitempty"`
	Products    []string `json:"products,omitempty"`
	Unpatchable []string `json:"unpatchable_devices,omitempty"`
}

type provenance struct {
	Kind     string `json:"kind"`
	Source   string `json:"source"`
	Weakness string `json:"weakness,omitempty"`
	Relation string `json:"relation,omitempty"`
}

type gapProps struct {
	Kind       string          `json:"kind"`
	Risk       float64         `json:"risk"`
	Candidates []candidate     `json:"candidates,omitempty"`
	Official   bool            `json:"candidates_official"`
	Accepted   *acceptanceProp `json:"accepted,omitempty"`
}

type candidate struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Score   float64  `json:"score"`
	Because []string `json:"because"`
}

type acceptanceProp struct {
	By    string `json:"by"`
	Until string `json:"until,omitempty"`
	Why   string `json:"why"`
}

type stepProps struct {
	Step int     `json:"step"`
	Adds float64 `json:"adds"`
	Left float64 `json:"left"`
}

type draftProps struct {
	ID        string `json:"id"`
	Generator string `json:"generator"`
	Status    string `json:"status"`
}

// writer collects objects.
type writer struct {
	a        *graph.Assessment
	catalog  *mitre.Catalog
	creator  string
	created  string
	marking  string // on all that is no draft
	objects  [][]byte
	said     [][]byte // what they say, or the IDs that are made of it
	ids      map[string]bool
	found    map[string]string // vulnerabilities by the finding's ID
	devices  map[string]string // infrastructures by the device's ID
	problems error
}

// Write writes one bundle. The catalogue, never nil, is the release that the
// assessment is of and tells the STIX IDs.
//
// An object's ID comes from what it says: whoever says the same gets the same
// object, and what changed is a new one. Since an assessment has no time, the
// times are those of the identity. The error says that the catalogue lacks a
// technique or mitigation of the assessment, and then nothing is written, or is
// the writer's.
func Write(w io.Writer, a *graph.Assessment, c *mitre.Catalog) error {
	if a == nil {
		a = &graph.Assessment{}
	}
	if c == nil {
		return errors.New("stix: an assessment needs the ATT&CK release")
	}
	x := &writer{a: a, catalog: c, ids: map[string]bool{}, found: map[string]string{}, devices: map[string]string{}}
	accepted, others := x.drafts()
	if err := x.begin(accepted); err != nil {
		return err
	}
	x.findings()
	x.remedies()
	x.gaps()
	x.plan()
	for _, d := range others {
		x.draft(d)
	}
	if x.problems != nil {
		return x.problems
	}
	// Each object on a line of its own, so that two bundles can be compared.
	b := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintf(b, "{\"type\":\"bundle\",\"id\":\"bundle--%s\",\"objects\":[\n", named(x.said...))
	for i, o := range x.objects {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.Write(escape.JSON(o))
	}
	b.WriteString("\n]}\n")
	return b.Flush()
}

// drafts tells those that go out as courses of action from those that are only
// noted.
func (x *writer) drafts() (accepted, others []graph.Draft) {
	for _, d := range x.a.Drafts {
		technique := ""
		if d.Gap >= 0 && d.Gap < len(x.a.Gaps) {
			technique = x.a.Gaps[d.Gap].Technique
		}
		switch {
		case d.Status == graph.StatusRejected, d.Status == graph.StatusSuperseded:
		case d.Status == graph.StatusAccepted && technique != "":
			if len(d.About) == 0 {
				d.About = []string{"attack:" + url.PathEscape(technique)}
			}
			accepted = append(accepted, d)
		default:
			others = append(others, d)
		}
	}
	return accepted, others
}

// begin starts with the identity and the accepted drafts, as the exporter
// writes them, and the marking.
func (x *writer) begin(accepted []graph.Draft) error {
	var b bytes.Buffer
	if err := export.Write(&b, x.catalog, accepted...); err != nil {
		return err
	}
	var bundle struct {
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(b.Bytes(), &bundle); err != nil {
		return err
	}
	var identity struct {
		ID      string `json:"id"`
		Created string `json:"created"`
	}
	if err := json.Unmarshal(bundle.Objects[0], &identity); err != nil {
		return err
	}
	for _, o := range bundle.Objects {
		var compact bytes.Buffer
		if err := json.Compact(&compact, o); err != nil {
			return err
		}
		x.objects = append(x.objects, compact.Bytes())
		x.said = append(x.said, compact.Bytes())
	}
	x.creator, x.created = identity.ID, identity.Created
	x.marking = x.mark("An assessment by mitigraph, not MITRE's word. Techniques and mitigations are those of " + x.catalog.Info().String() +
		"; who says that a finding opens one is in x_mitigraph_provenance.")
	return nil
}

func (x *writer) mark(statement string) string {
	return x.add(object{Type: "marking-definition", DefinitionType: "statement", Definition: map[string]string{"statement": statement}})
}

// add gives an object its ID and keeps it; one that says the same is kept once.
func (x *writer) add(o object) string {
	o.SpecVersion, o.CreatedBy, o.Created = "2.1", x.creator, x.created
	if o.Type != "marking-definition" {
		o.Modified = x.created
		if len(o.Markings) == 0 {
			o.Markings = []string{x.marking}
		}
	}
	said, err := json.MarshalWithOption(&o, json.DisableHTMLEscape())
	if err != nil {
		x.problems = errors.Join(x.problems, err)
		return ""
	}
	id := o.Type + "--" + named(said, []byte("\n"))
	if !x.ids[id] {
		x.ids[id] = true
		// The first of its kind: no text holds it, since a quotation mark in a
		// text has a backslash before it.
		empty := []byte(`"id":""`)
		before, after, _ := bytes.Cut(said, empty)
		x.said = append(x.said, []byte(id))
		x.objects = append(x.objects, slices.Concat(before, empty[:len(empty)-1], []byte(id), empty[len(empty)-1:], after))
	}
	return id
}

// ref is the STIX ID of a technique or mitigation.
func (x *writer) ref(id string) string {
	o, ok := x.catalog.Lookup(id)
	if !ok {
		x.problems = errors.Join(x.problems, fmt.Errorf("stix: %s has no %s, of which the assessment speaks", x.catalog.Info(), finding.Plain(id, 40)))
		return ""
	}
	return o.Common().STIXID
}

func (x *writer) findings() {
	names := map[string]string{}
	if x.a.Site != nil {
		for _, d := range x.a.Site.Devices {
			names[d.ID] = d.Name
		}
	}
	for _, f := range x.a.Findings {
		o := object{
			Type: "vulnerability", Name: finding.Plain(cmp.Or(f.Title, f.ID), 0), Description: finding.Plain(f.Why, 0),
			Finding: &foundProps{ID: f.ID, Source: finding.Plain(escape.Base(f.Source), 0), Risk: f.Score, CVSS: finding.Plain(f.CVSS, 0), Severity: f.Severity,
				KEV: f.KEV, EPSS: f.EPSS, Status: string(f.Status), Judged: f.Judged},
		}
		for _, cve := range f.CVEs {
			o.References = append(o.References, reference{"cve", finding.Plain(cve, 0)})
		}
		for _, weakness := range f.Weaknesses {
			o.References = append(o.References, reference{catalogue(weakness), finding.Plain(weakness, 0)})
		}
		id := x.add(o)
		x.found[f.ID] = id
		devices := f.Devices
		if len(devices) == 0 && f.Device != "" {
			devices = []string{f.Device}
		}
		for _, d := range devices {
			if x.devices[d] == "" {
				name := finding.Plain(d, 0)
				if n := names[d]; n != "" {
					name = fmt.Sprintf("%s (%s)", finding.Plain(n, 0), name)
				}
				x.devices[d] = x.add(object{Type: "infrastructure", Name: cmp.Or(name, "?")})
			}
			x.add(object{Type: "relationship", Relationship: "has", Source: x.devices[d], Target: id, Provenance: &provenance{Kind: string(graph.Site), Source: finding.Plain(escape.Base(f.Source), 0)}})
		}
		for _, t := range f.Techniques {
			technique := x.ref(t.ID)
			for _, v := range t.Via {
				if v.Provenance == graph.Site { // the file of the finding
					v.Source = escape.Base(v.Source)
				}
				x.add(object{
					Type: "relationship", Relationship: "targets", Source: technique, Target: id, Description: finding.Plain(v.Rationale, 0),
					Confidence: new(int(math.Round(100 * min(max(v.Confidence, 0), 1)))),
					Provenance: &provenance{Kind: string(v.Provenance), Source: finding.Plain(v.Source, 0), Weakness: finding.Plain(v.Weakness, 0), Relation: v.Relation},
				})
			}
		}
	}
}

// remedies notes what the sources of findings say can be done.
func (x *writer) remedies() {
	fs := make([]*graph.FindingResult, len(x.a.Findings))
	for i := range fs {
		fs[i] = &x.a.Findings[i]
	}
	for _, r := range remedy.Gather(x.a.Site, fs) {
		var refs []string
		for _, f := range r.Findings {
			refs = append(refs, x.found[f])
		}
		if refs = known(refs); len(refs) == 0 {
			continue
		}
		x.add(object{
			Type: "note", Abstract: "The finding's source says: " + r.Kind(), Content: r.String(), Refs: refs, Labels: []string{"mitigraph-remedy"},
			Remedy: &remedyProps{finding.Plain(r.Category, 0), plain(r.Findings), plain(r.Sources), plain(r.Products), plain(r.Unpatchable)},
		})
	}
}

func plain(list []string) (out []string) {
	for _, s := range list {
		out = append(out, finding.Plain(s, 0))
	}
	return out
}

// catalogue names the source of a weakness's ID.
func catalogue(weakness string) string {
	switch {
	case strings.HasPrefix(weakness, "CWE-"):
		return "cwe"
	case strings.HasPrefix(weakness, "OWASP-IOT-"):
		return "owasp-iot"
	case strings.HasPrefix(weakness, "TID-"), strings.HasPrefix(weakness, "PID-"):
		return "emb3d"
	}
	return "weakness"
}

func (x *writer) gaps() {
	for _, g := range x.a.Gaps {
		about := "Findings without a technique"
		var refs []string
		if g.Technique != "" {
			about = g.Technique + " " + g.Name
			refs = append(refs, x.ref(g.Technique))
		}
		for _, f := range g.Findings {
			refs = append(refs, x.found[f])
		}
		for _, d := range g.Devices {
			refs = append(refs, x.devices[d])
		}
		o := object{
			Type: "note", Abstract: finding.Plain("Gap: "+about+": "+report.GapTitle(g.Kind), 0), Content: cmp.Or(finding.Plain(g.Why, 0), "?"), Refs: known(refs),
			Labels: []string{"mitigraph-gap"}, Gap: &gapProps{Kind: string(g.Kind), Risk: g.Score, Official: g.Kind == graph.GapNotDeployed},
		}
		for _, c := range g.Candidates {
			because := []string{}
			for _, b := range c.Because {
				because = append(because, finding.Plain(b, 0))
			}
			o.Gap.Candidates = append(o.Gap.Candidates, candidate{finding.Plain(c.ID, 0), finding.Plain(c.Name, 0), c.Score, because})
		}
		if a := g.Accepted; a != nil {
			o.Gap.Accepted = &acceptanceProp{By: finding.Plain(a.By, 0), Until: finding.Plain(a.Until, 0), Why: finding.Plain(a.Why, 0)}
		}
		if len(o.Refs) > 0 { // else it is of an assessment whose parts don't fit
			x.add(o)
		}
	}
}

// known leaves out what has no object, and what is there already.
func known(refs []string) (out []string) {
	there := map[string]bool{"": true}
	for _, r := range refs {
		if !there[r] {
			there[r] = true
			out = append(out, r)
		}
	}
	return out
}

func (x *writer) plan() {
	for i, s := range x.a.Plan {
		refs := []string{x.ref(s.ID)}
		for _, c := range s.Closes {
			refs = append(refs, x.ref(c.Technique))
		}
		x.add(object{
			Type: "note", Abstract: finding.Plain(fmt.Sprintf("Step %d of the plan: %s %s", i+1, s.ID, s.Name), 0),
			Content: fmt.Sprintf("An official mitigation that can be deployed. Beyond what the steps before it answer, it answers %.0f %% of the unanswered risk, which is the risk where none is deployed; %.0f %% stays unanswered. Answered means that a mitigation is deployed: the risk is less, not gone.", 100*s.Adds, 100*s.Left),
			Refs:    known(refs), Labels: []string{"mitigraph-plan"}, Step: &stepProps{i + 1, s.Adds, s.Left},
		})
	}
}

// draft notes a draft that nobody accepted.
func (x *writer) draft(d graph.Draft) {
	var refs []string
	about := ""
	if d.Gap >= 0 && d.Gap < len(x.a.Gaps) {
		g := x.a.Gaps[d.Gap]
		if g.Technique != "" {
			about = " for " + g.Technique + " " + g.Name
			refs = append(refs, x.ref(g.Technique))
		} else {
			for _, f := range g.Findings {
				refs = append(refs, x.found[f])
			}
		}
	}
	if refs = known(refs); len(refs) == 0 {
		return
	}
	var paragraphs []string
	for _, c := range d.Text.Claims() {
		paragraphs = append(paragraphs, finding.Plain(c.Text, 0))
	}
	by := finding.Plain(d.Generator, 0)
	x.add(object{
		Type: "note", Abstract: finding.Plain("DRAFT, not official"+about, 0), Content: cmp.Or(strings.Join(paragraphs, "\n\n"), "?"),
		Authors: []string{cmp.Or(by, "?")}, Refs: refs, Labels: []string{"mitigraph-draft"},
		Markings: []string{x.mark("DRAFT, written by " + cmp.Or(finding.Plain(d.By(), 0), "?") + " for a person to judge. No mitigation of ATT&CK, and none of this site.")},
		Draft:    &draftProps{finding.Plain(d.ID, 0), by, d.Status},
	})
}

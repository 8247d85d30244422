package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// Coverage says what generative AI can do for the mitigations of ATT&CK, by
// the judgement of this project that data/coverage holds, and what follows for
// the techniques. It is plain data; lists are never nil, so that they are []
// in JSON.
type Coverage struct {
	Attack AttackRelease `json:"attack"`
	Areas  []Area        `json:"areas"` // the columns of the matrix, by Place
	// Mitigations holds the rows of the matrix: every live mitigation, by ID.
	Mitigations []MitigationCoverage `json:"mitigations"`
	// Open holds the techniques that no area touches, by ID.
	Open []OpenTechnique `json:"open"`
	// Questions is ordered by the number of techniques, then of findings, that
	// hang on each, then by the first ID.
	Questions []ResearchQuestion `json:"questions"`
	// OfMitigations counts the rows by their Reach, OfTechniques the live
	// techniques by the best Reach of their mitigations.
	OfMitigations ReachCounts `json:"of_mitigations"`
	OfTechniques  ReachCounts `json:"of_techniques"`
}

// Area is a use of generative AI.
type Area struct {
	ID    string `json:"id"` // vulnerability_detection
	Name  string `json:"name"`
	Means string `json:"means"` // what a language model does there, and what not
	Place int    `json:"place"` // from 1, the order in which areas are shown
}

// Reach says how far the areas come with a mitigation.
type Reach string

// The reaches. Text is never all of a mitigation that a device has to carry
// out: a policy that was written enforces nothing.
const (
	// ReachDirect: the text is, once a person has corrected it, a part of the
	// mitigation, and without such a text the mitigation would not be there.
	ReachDirect Reach = "direct"
	// ReachSupporting: the text prepares, checks or keeps up what a device or a
	// person does.
	ReachSupporting Reach = "supporting"
	// ReachNone: it was judged that no area helps.
	ReachNone Reach = "unreached"
	// ReachUnjudged: nothing was judged, as for a mitigation of another release.
	ReachUnjudged Reach = "unjudged"
)

// reaches are from the farthest to the least. What was not judged may be
// reached, so that it is not counted as left open.
var reaches = []Reach{ReachDirect, ReachSupporting, ReachUnjudged, ReachNone}

// ReachCounts counts mitigations or techniques.
type ReachCounts struct {
	Direct     int `json:"direct"`
	Supporting int `json:"supporting"` // and not direct
	Unreached  int `json:"unreached"`
	Unjudged   int `json:"unjudged"`
	// NoMitigation counts techniques without a mitigation that counts; 0 of
	// mitigations.
	NoMitigation int `json:"no_mitigation"`
}

// MitigationCoverage is a row of the matrix.
type MitigationCoverage struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Reach Reach  `json:"reach"` // the best of Helps
	// Helps has at most one entry for each area, in their order; empty where
	// no area helps.
	Helps []Help `json:"helps"`
	// Why says why no area helps; empty where one does or nothing was judged.
	Why string `json:"why,omitempty"`
	// Techniques holds the IDs of the live techniques that it mitigates, in
	// order; none where it is the placeholder M0816, which never counts.
	Techniques []string `json:"techniques"`
	// Findings holds the IDs of the findings that open one of them, in the
	// order in which they were added.
	Findings []string `json:"findings"`
}

// Help is what an area does for a mitigation.
type Help struct {
	Area  string `json:"area"`
	Reach Reach  `json:"reach"` // ReachDirect or ReachSupporting
	// Confidence is how sure the judgement is, 0 to 1, on the scale that
	// data/coverage gives.
	Confidence float64 `json:"confidence"`
	How        string  `json:"how"`  // which text the model makes, and who uses it
	Risk       string  `json:"risk"` // what goes wrong at the plant when the model is wrong
	Rationale  string  `json:"rationale"`
	Provenance Kind    `json:"provenance"`
	Source     string  `json:"source"`
}

// OpenReason says why no area touches a technique.
type OpenReason string

// The reasons.
const (
	OpenUnreached    OpenReason = "unreached"        // no area reaches any of its mitigations
	OpenPlaceholder  OpenReason = "placeholder_only" // ATT&CK lists only M0816
	OpenNoMitigation OpenReason = "no_mitigation"    // ATT&CK lists none
)

// OpenTechnique is a technique that no area touches through a mitigation.
type OpenTechnique struct {
	ID       string     `json:"id"`
	FullName string     `json:"full_name"` // with the parent's name before a sub-technique's
	Reason   OpenReason `json:"reason"`
	// Mitigations holds the IDs of its mitigations without the placeholder,
	// none of which is reached; empty with the other reasons.
	Mitigations []string `json:"mitigations"`
	Findings    []string `json:"findings"` // IDs, as in MitigationCoverage
}

// ResearchQuestion is what nobody has an answer to, by the facts of the graph:
// one for the mitigations that no area reaches and that mitigate the same
// techniques, one for the techniques that have only the placeholder, and one
// for those that have no mitigation.
type ResearchQuestion struct {
	Question    string     `json:"question"`
	Reason      OpenReason `json:"reason"`
	Mitigations []string   `json:"mitigations"` // IDs; M0816 with OpenPlaceholder
	// Techniques holds the IDs of what hangs on the question: all that the
	// mitigations mitigate, also where another mitigation is reached.
	Techniques []string `json:"techniques"`
	Open       []string `json:"open"`     // those of them that are in Coverage.Open
	Findings   []string `json:"findings"` // IDs, as in MitigationCoverage
}

// areas is the source of the judgement.
type areas struct {
	Version string  `json:"version"`
	Areas   []*Area `json:"areas"`
	Helps   []struct {
		Mitigation string  `json:"mitigation"`
		Area       string  `json:"area"`
		Help       string  `json:"help"`
		Confidence float64 `json:"confidence"`
		How        string  `json:"how"`
		Risk       string  `json:"risk"`
		Rationale  string  `json:"rationale"`
	} `json:"helps"`
	Unreached []struct {
		Mitigation string `json:"mitigation"`
		Why        string `json:"why"`
	} `json:"unreached"`
}

// areaSet is the document of the areas as a whole, which say of what they
// leave out.
type areaSet struct {
	ID string `json:"id"`
}

const (
	generativeAI  = "generative-ai"
	placeholderID = "M0816" // see [mitre.Mitigation.Placeholder]
)

func (a *areas) origin() (origin, error) {
	o := originOf(Analyst, "mitigraph coverage "+a.Version, "coverage/"+label(a.Version))
	o.whole = true
	return o, nil
}

func (a *areas) write(b *batch, known *index) error {
	if _, err := known.release("Knowledge"); err != nil {
		return err
	}
	set, is := areaSetKey(generativeAI), map[string]bool{}
	b.node(set, "AreaSet", "areas of generative AI", &areaSet{generativeAI})
	for i, area := range a.Areas {
		d := *area
		d.Place = i + 1
		is[d.ID] = true
		b.node(areaKey(d.ID), "Area", d.Name, &d)
		b.edge(set, predArea, areaKey(d.ID))
	}
	for _, h := range a.Helps {
		switch {
		case !is[h.Area]:
			return fmt.Errorf("graph: coverage of %s: unknown area %q", h.Mitigation, h.Area)
		case h.Help != string(ReachDirect) && h.Help != string(ReachSupporting):
			return fmt.Errorf("graph: coverage of %s by %s: help %q is not direct or supporting", h.Mitigation, h.Area, h.Help)
		case h.Confidence <= 0 || h.Confidence > 1:
			return fmt.Errorf("graph: coverage of %s by %s: confidence %v is not in (0, 1]", h.Mitigation, h.Area, h.Confidence)
		}
		b.linkEdge(areaKey(h.Area), predHelps, "attack:"+h.Mitigation, &Link{
			Provenance: b.Provenance, Confidence: h.Confidence, Rationale: h.Rationale, Relation: h.Help, How: h.How, Risk: h.Risk,
		})
	}
	for _, u := range a.Unreached {
		b.linkEdge(set, predLeavesOut, "attack:"+u.Mitigation, &Link{Provenance: b.Provenance, Confidence: 1, Rationale: u.Why})
	}
	return nil
}

// Coverage answers which mitigations the areas of generative AI help with and
// what is left: mitigations that no area reaches, techniques that are open
// because of it, and the research questions that this makes. The placeholder
// (M0816) never counts as a mitigation of a technique. What is deployed at the
// site and what its devices allow does not matter here; the findings do, as
// [Snapshot.Assess] reads them.
//
// It costs an assessment. The error is the context's, or says that the
// snapshot lacks [Attack] or [Knowledge].
func (s *Snapshot) Coverage(ctx context.Context) (*Coverage, error) {
	x := s.index()
	catalog, err := x.release("Coverage")
	if err != nil {
		return nil, err
	}
	out := &Coverage{
		Attack: releaseOf(catalog), Areas: []Area{}, Mitigations: []MitigationCoverage{},
		Open: []OpenTechnique{}, Questions: []ResearchQuestion{},
	}
	for _, area := range all[*Area](x) {
		out.Areas = append(out.Areas, *area)
	}
	if len(out.Areas) == 0 {
		return nil, errors.New("graph: Coverage needs the areas of generative AI: add Knowledge first")
	}
	slices.SortFunc(out.Areas, func(a, b Area) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), strings.Compare(a.ID, b.ID))
	})
	a, err := s.Assess(ctx)
	if err != nil {
		return nil, err
	}
	c := &coverer{Snapshot: s, out: out, catalog: catalog, rows: map[string]*MitigationCoverage{}, open: map[string]bool{}, opened: map[string][]int{}}
	for i, f := range a.Findings {
		c.findings = append(c.findings, f.ID)
		for _, t := range f.Techniques {
			c.opened[t.ID] = append(c.opened[t.ID], i)
		}
	}
	for _, step := range []func(context.Context) error{c.matrix, c.techniques, c.questions} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// coverer is one run of Coverage.
type coverer struct {
	*Snapshot
	out      *Coverage
	catalog  *mitre.Catalog
	rows     map[string]*MitigationCoverage // by mitigation ID
	open     map[string]bool                // technique IDs
	opened   map[string][]int               // by technique ID, positions in findings
	findings []string                       // all IDs, in the order in which they were added
}

// matrix makes the rows.
func (c *coverer) matrix(ctx context.Context) error {
	for m := range mitre.Live[*mitre.Mitigation](c.catalog) {
		if err := ctx.Err(); err != nil {
			return err
		}
		row := MitigationCoverage{ID: m.ID, Name: m.Name, Reach: ReachUnjudged, Helps: c.helps(m), Techniques: []string{}}
		if !m.Placeholder() {
			for t := range c.Techniques(m.ID) {
				row.Techniques = append(row.Techniques, t.ID)
			}
		}
		row.Findings = c.findingsOf(row.Techniques)
		for _, link := range c.index().to(attackKey(c.catalog, m), predLeavesOut) {
			row.Reach, row.Why = ReachNone, link.Rationale
		}
		for _, h := range row.Helps {
			row.Reach, row.Why = farther(row.Reach, h.Reach), ""
		}
		c.out.OfMitigations.count(row.Reach)
		c.out.Mitigations = append(c.out.Mitigations, row)
	}
	slices.SortFunc(c.out.Mitigations, func(a, b MitigationCoverage) int { return strings.Compare(a.ID, b.ID) })
	for i := range c.out.Mitigations {
		c.rows[c.out.Mitigations[i].ID] = &c.out.Mitigations[i]
	}
	return nil
}

// helps are what the areas do for a mitigation, in their order.
func (c *coverer) helps(m *mitre.Mitigation) []Help {
	out := []Help{}
	for _, area := range c.out.Areas {
		for n, l := range c.index().to(attackKey(c.catalog, m), predHelps) {
			if n.key == areaKey(area.ID) {
				out = append(out, Help{area.ID, Reach(l.Relation), l.Confidence, l.How, l.Risk, l.Rationale, l.Kind, l.Source})
				break
			}
		}
	}
	return out
}

// techniques counts them and finds those left open.
func (c *coverer) techniques(ctx context.Context) error {
	for t := range mitre.Live[*mitre.Technique](c.catalog) {
		if err := ctx.Err(); err != nil {
			return err
		}
		best, mitigations := ReachNone, []string{}
		for m := range c.Mitigations(t.ID) {
			mitigations = append(mitigations, m.ID)
			if row := c.rows[m.ID]; row != nil {
				best = farther(best, row.Reach)
			}
		}
		o := OpenTechnique{t.ID, c.catalog.FullName(t), OpenUnreached, mitigations, c.findingsOf([]string{t.ID})}
		switch {
		case len(mitigations) > 0:
			c.out.OfTechniques.count(best)
			if best != ReachNone {
				continue
			}
		case c.PlaceholderOnly(t.ID):
			o.Reason = OpenPlaceholder
			c.out.OfTechniques.NoMitigation++
		default:
			o.Reason = OpenNoMitigation
			c.out.OfTechniques.NoMitigation++
		}
		c.out.Open = append(c.out.Open, o)
		c.open[t.ID] = true
	}
	slices.SortFunc(c.out.Open, func(a, b OpenTechnique) int { return strings.Compare(a.ID, b.ID) })
	return nil
}

// questions makes them from what is left.
func (c *coverer) questions(ctx context.Context) error {
	groups := map[string]*ResearchQuestion{}
	group := func(reason OpenReason, key string) *ResearchQuestion {
		key = string(reason) + " " + key
		if groups[key] == nil {
			groups[key] = &ResearchQuestion{Reason: reason, Mitigations: []string{}, Techniques: []string{}}
		}
		return groups[key]
	}
	for _, m := range c.out.Mitigations {
		if m.Reach != ReachNone || m.ID == placeholderID {
			continue
		}
		key := strings.Join(m.Techniques, " ")
		if key == "" {
			key = m.ID // nothing says that two such mitigations have anything in common
		}
		q := group(OpenUnreached, key)
		q.Mitigations, q.Techniques = append(q.Mitigations, m.ID), m.Techniques
	}
	for _, o := range c.out.Open {
		if o.Reason == OpenUnreached {
			continue
		}
		q := group(o.Reason, "")
		q.Techniques = append(q.Techniques, o.ID)
		if o.Reason == OpenPlaceholder {
			q.Mitigations = []string{placeholderID}
		}
	}
	for _, key := range sorted(groups) {
		if err := ctx.Err(); err != nil {
			return err
		}
		q := groups[key]
		q.Open = slices.DeleteFunc(slices.Clone(q.Techniques), func(id string) bool { return !c.open[id] })
		q.Findings = c.findingsOf(q.Techniques)
		q.Question = c.ask(q)
		c.out.Questions = append(c.out.Questions, *q)
	}
	slices.SortStableFunc(c.out.Questions, func(a, b ResearchQuestion) int {
		return cmp.Or(cmp.Compare(len(b.Techniques), len(a.Techniques)), cmp.Compare(len(b.Findings), len(a.Findings)),
			slices.Compare(a.Mitigations, b.Mitigations), slices.Compare(a.Techniques, b.Techniques))
	})
	return nil
}

// ask words a question from its facts.
func (c *coverer) ask(q *ResearchQuestion) string {
	switch q.Reason {
	case OpenPlaceholder:
		return fmt.Sprintf("What text of a language model, if any, helps against %s, for which %s lists only M0816, that mitigation is limited or not effective?",
			c.named(q.Techniques), c.catalog.Info())
	case OpenNoMitigation:
		return fmt.Sprintf("What text of a language model, if any, helps against %s, for which %s lists no mitigation?",
			c.named(q.Techniques), c.catalog.Info())
	}
	var names []string
	for _, id := range q.Mitigations {
		names = append(names, id+" "+c.rows[id].Name)
	}
	ask := "What text of a language model, if any, helps with " + strings.Join(names, " or ")
	switch {
	case len(q.Techniques) == 0:
		return fmt.Sprintf("%s, for which %s names no technique?", ask, c.catalog.Info())
	case len(q.Open) == 0:
		return fmt.Sprintf("%s, though its %s not left open without it?", ask, plural(len(q.Techniques), "technique is", "techniques are"))
	}
	return fmt.Sprintf("%s, so that %s would not be left open?", ask, c.named(q.Open))
}

// maxNamedTechniques bounds the techniques that a question names.
const maxNamedTechniques = 3

// named lists techniques with their names.
func (c *coverer) named(ids []string) string {
	var out []string
	for _, id := range ids[:min(maxNamedTechniques, len(ids))] {
		if t, ok := liveTechnique(c.catalog, id); ok {
			id += " " + c.catalog.FullName(t)
		}
		out = append(out, id)
	}
	if n := len(ids) - len(out); n > 0 {
		out = append(out, plural(n, "other technique", "other techniques"))
	}
	last := len(out) - 1
	if last < 1 {
		return strings.Join(out, "")
	}
	return strings.Join(out[:last], ", ") + " and " + out[last]
}

// findingsOf are the findings that open one of the techniques, in the order in
// which they were added.
func (c *coverer) findingsOf(techniques []string) []string {
	open := make([]bool, len(c.findings))
	for _, t := range techniques {
		for _, i := range c.opened[t] {
			open[i] = true
		}
	}
	out := []string{}
	for i, id := range c.findings {
		if open[i] {
			out = append(out, id)
		}
	}
	return out
}

// farther returns the farther of two reaches.
func farther(a, b Reach) Reach {
	if i := slices.Index(reaches, b); i >= 0 && i < slices.Index(reaches, a) {
		return b
	}
	return a
}

func (n *ReachCounts) count(r Reach) {
	switch r {
	case ReachDirect:
		n.Direct++
	case ReachSupporting:
		n.Supporting++
	case ReachNone:
		n.Unreached++
	default:
		n.Unjudged++
	}
}

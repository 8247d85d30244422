package identify

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// Kind says what sort of text speaks for a technique.
type Kind string

// The kinds of texts.
const (
	Named       Kind = "named"       // the text itself names the technique's ID
	Name        Kind = "name"        // the technique's name
	Description Kind = "description" // the official description
	Summary     Kind = "summary"     // this project's summary
	Sentence    Kind = "sentence"    // this project's own, as a report could tell of it
	Detection   Kind = "detection"   // what the release says on detecting it
	Procedure   Kind = "procedure"   // what a group, software or campaign did
)

// document is one text that the model learns from.
type document struct {
	class  int // of corpus.techniques; len(techniques) is something else
	kind   Kind
	text   string
	source mitre.Object        // of a procedure
	link   *mitre.Relationship // of a procedure
}

// corpus is what a release says of its techniques, in a fixed order: procedures
// come last.
type corpus struct {
	techniques []*mitre.Technique
	documents  []document
	actors     []mitre.Object // groups, software and campaigns, by ATT&CK ID
}

func newCorpus(c *mitre.Catalog) corpus {
	var out corpus
	for t := range mitre.Live[*mitre.Technique](c) {
		class := len(out.techniques)
		out.techniques = append(out.techniques, t)
		add := func(k Kind, text string) {
			if strings.TrimSpace(text) != "" {
				out.documents = append(out.documents, document{class: class, kind: k, text: text})
			}
		}
		add(Name, c.FullName(t))
		add(Description, t.Description)
		id := today(t.ID)
		if s, ok := mitre.Summary(id); ok {
			add(Summary, s)
		}
		for _, s := range sentences()[id] {
			add(Sentence, s)
		}
		add(Detection, detection(c, t))
	}
	for _, s := range otherTexts() {
		out.documents = append(out.documents, document{class: len(out.techniques), kind: otherKind, text: s})
	}
	for class, t := range out.techniques {
		for r := range c.To(t, mitre.Uses) {
			if r.Live() && strings.TrimSpace(r.Description) != "" {
				out.documents = append(out.documents, document{class: class, kind: Procedure, text: r.Description, source: r.Source, link: r})
			}
		}
	}
	for o := range mitre.All[mitre.Object](c) {
		switch o.(type) {
		case *mitre.Group, *mitre.Software, *mitre.Campaign:
			out.actors = append(out.actors, o)
		}
	}
	slices.SortStableFunc(out.actors, func(a, b mitre.Object) int {
		return cmp.Or(cmp.Compare(a.Common().ID, b.Common().ID), cmp.Compare(a.Common().STIXID, b.Common().STIXID))
	})
	return out
}

// detection is what a release says on detecting a technique: since release 18
// in analytics, before in data components and a property of the technique.
func detection(c *mitre.Catalog, t *mitre.Technique) string {
	var parts []string
	add := func(s string) {
		if s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	for s := range mitre.Incoming[*mitre.DetectionStrategy](c, t, mitre.Detects) {
		add(s.Name)
		add(s.Description)
		for a := range mitre.Outgoing[*mitre.Analytic](c, s, mitre.HasAnalytic) {
			add(a.Description)
		}
	}
	for _, r := range mitre.Incoming[*mitre.DataComponent](c, t, mitre.Detects) {
		add(r.Description)
	}
	if s, ok := mitre.Property[string](c, t, "x_mitre_detection"); ok {
		add(s)
	}
	if !c.HasTexts() { // names of strategies alone are the technique's name again
		return ""
	}
	return strings.Join(parts, "\n")
}

// without is the corpus of a release that never had some of the actors.
func (c corpus) without(left map[string]bool) corpus {
	out := corpus{techniques: c.techniques}
	for _, d := range c.documents {
		if d.source == nil || !left[d.source.Common().STIXID] {
			out.documents = append(out.documents, d)
		}
	}
	for _, a := range c.actors {
		if !left[a.Common().STIXID] {
			out.actors = append(out.actors, a)
		}
	}
	return out
}

// procedures is how many documents at the end are procedures.
func (c corpus) procedures() int {
	n := 0
	for i := len(c.documents) - 1; i >= 0 && c.documents[i].kind == Procedure; i-- {
		n++
	}
	return n
}

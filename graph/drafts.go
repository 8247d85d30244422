package graph

import (
	"fmt"
)

// Drafts is the source of an assessment's drafts. They enter under their own
// IDs and their own named graph, linked to the technique whose gap they are
// for; no question counts them as mitigations.
func Drafts(a *Assessment) Source { return drafts{a} }

type drafts struct{ assessment *Assessment }

func (d drafts) write(b *batch, _ *index) error {
	b.from(Drafted, "mitigraph drafts", "drafts")
	for i := range d.assessment.Drafts {
		draft := &d.assessment.Drafts[i]
		if draft.ID == "" || draft.Gap < 0 || draft.Gap >= len(d.assessment.Gaps) {
			return fmt.Errorf("graph: Drafts: draft %d has no ID or names gap %d of %d", i, draft.Gap, len(d.assessment.Gaps))
		}
		g := d.assessment.Gaps[draft.Gap]
		b.node(draftKey(draft.ID), "Draft", "", draft)
		if g.Technique != "" {
			b.edge(draftKey(draft.ID), predAnswers, "attack:"+g.Technique)
		}
		for _, id := range g.Findings {
			b.edge(draftKey(draft.ID), predAnswers, findingKey(id))
		}
	}
	return nil
}

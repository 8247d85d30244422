package main

import (
	"context"
	"fmt"
	"io"

	"github.com/mitigraph/mitigraph/graph"
)

// candidateReport is the trial of a release.
type candidateReport struct {
	Data string `json:"data"`
	graph.CandidateTrial
}

// candidates measures the mitigations that are proposed where ATT&CK has none,
// on the techniques of a release that have some.
func candidates(ctx context.Context, in input) (report, error) {
	c := in.catalog
	g, err := graph.New(ctx, graph.Attack(c), graph.Knowledge())
	if err != nil {
		return nil, err
	}
	defer g.Close()
	t, err := g.Snapshot().TryCandidates(ctx)
	if err != nil {
		return nil, err
	}
	texts := "this project's summaries"
	if c.HasTexts() {
		texts = "official texts and this project's summaries"
	}
	return &candidateReport{fmt.Sprintf("%s, %s", c.Info(), texts), t}, nil
}

// writeText writes the table, with data, split and n.
func (r *candidateReport) writeText(w io.Writer) {
	fmt.Fprintf(w, `
CANDIDATES  mitigations proposed where ATT&CK has none
data   %s
split  all mitigations of one family (a technique, its parent and sub-techniques) hidden at a
         time; weights and their penalty learned from the other families (nested)
n      %d techniques in %d families

                                          recall@5   a true one in the top 5
  candidates                                  %.2f                      %.2f
  the five most common mitigations            %.2f                      %.2f
  candidates, only the technique hidden       %.2f                      %.2f
  candidates, by all true mitigations         %.2f
  the most five can reach of these            %.2f

  All rows are of the same %d techniques. Recall@5 is the mean of (true mitigations among the first
  five) / min(5, true mitigations); by all true mitigations, of the same / true mitigations. Only
  the technique hidden: its family tells of its mitigations, as that of a gap may not. What makes
  techniques alike was thought out with these techniques in sight.
`, r.Data, r.Techniques, r.Families, r.Recall5, r.Hit5, r.PriorRecall5, r.PriorHit5,
		r.AloneRecall5, r.AloneHit5, r.PlainRecall5, r.PlainCeiling5, r.Techniques)
}

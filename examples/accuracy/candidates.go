package main

import (
	"context"
	"fmt"
	"io"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/mitre"
)

// candidates measures the mitigations that are proposed where ATT&CK has none,
// on the techniques of a release that have some.
func candidates(ctx context.Context, c *mitre.Catalog) (graph.CandidateTrial, error) {
	g, err := graph.New(ctx, graph.Attack(c), graph.Knowledge())
	if err != nil {
		return graph.CandidateTrial{}, err
	}
	defer g.Close()
	return g.Snapshot().TryCandidates(ctx)
}

// writeCandidates writes the table of a trial, with data, split and n.
func writeCandidates(w io.Writer, c *mitre.Catalog, t graph.CandidateTrial) error {
	texts := "this project's summaries"
	if c.HasTexts() {
		texts = "official texts and this project's summaries"
	}
	_, err := fmt.Fprintf(w, `Mitigation candidates where ATT&CK has none
  data   %s, %s
  split  all mitigations of one family (a technique, its parent and sub-techniques) hidden at a
         time; weights and their penalty learned from the other families (nested)
  n      %d techniques in %d families

                                          recall@5   a true one in the top 5
  candidates                                  %.2f                      %.2f
  the five most common mitigations            %.2f                      %.2f

  Recall@5 is the mean of (true mitigations among the first five) / min(5, true mitigations). What
  makes techniques alike was thought out with these techniques in sight.
`, c.Info(), texts, t.Techniques, t.Families, t.Recall5, t.Hit5, t.PriorRecall5, t.PriorHit5)
	return err
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/mitre"
)

// maxWays is how many findings are shown as a way through the graph.
const maxWays = 3

// ways are the riskiest findings, each as the way from it to the tactic that
// its surest technique serves.
func (w *walk) ways(ctx context.Context) ([]string, error) {
	urgent := slices.Clone(w.a.Findings)
	slices.SortStableFunc(urgent, func(a, b graph.FindingResult) int { return cmp.Compare(b.Score, a.Score) })
	var out []string
	for _, f := range urgent[:min(maxWays, len(urgent))] {
		tactic := ""
		for _, t := range w.a.Techniques {
			if len(f.Techniques) > 0 && f.Techniques[0].ID == t.ID && len(t.Tactics) > 0 {
				tactic = t.Tactics[len(t.Tactics)-1] // the nearest to impact
			}
		}
		for t := range mitre.Live[*mitre.Tactic](w.now.Catalog()) {
			if t.Name != tactic {
				continue
			}
			path, ok, err := w.now.ShortestPath(ctx, f.ID, t.ID)
			if err != nil {
				return nil, err
			}
			if ok {
				say := fmt.Sprintf("%q", f.Title)
				for _, e := range path.Edges {
					say += fmt.Sprintf(" > %s %s [%s]", e.To.ID, e.To.Name, e.Link.Kind)
				}
				out = append(out, fmt.Sprintf("%s, with a confidence of %.2f.", say, path.Confidence))
			}
		}
	}
	return out, nil
}

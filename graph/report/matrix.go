package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/mitre"
)

// matrix is ATT&CK's: tactics as columns, each with its techniques by name.
type matrix []column

type column struct {
	Name  string
	Means string // this project's sentence on the tactic; empty where there is none
	Cells []cell // without sub-techniques
	Open  int    // how many of the cells and their sub-techniques are open
	Quiet int    // how many are not
}

// cell is a technique in a column.
type cell struct {
	ID, Name string
	// Anchor leads to the technique in the report; empty where no finding opens
	// it.
	Anchor   string
	Score    float64
	Shade    int    // 1 to 5 for what is open, by the score; else 0
	Standing string // how it is answered
	Sub      []cell
}

// Lit says whether something of the cell is open.
func (c cell) Lit() bool {
	return c.Anchor != "" || slices.ContainsFunc(c.Sub, func(s cell) bool { return s.Anchor != "" })
}

// shades are the scores from which the next shade counts.
var shades = []float64{0, 0.1, 0.2, 0.3, 0.4}

func shade(score float64) (n int) {
	for _, from := range shades {
		if score >= from {
			n++
		}
	}
	return n
}

// matrix is that of a release with what is open in it; without a release only
// what is open, its tactics in the order in which the techniques name them.
func (sh *shown) matrix(c *mitre.Catalog) matrix {
	if c == nil {
		return sh.matrixOfOpen()
	}
	var out matrix
	for tactic := range c.Tactics() {
		col := column{Name: tactic.Name}
		col.Means, _ = mitre.Summary(tactic.ID)
		children := map[string][]cell{}
		var top []*mitre.Technique
		for t := range mitre.Where(mitre.Live[*mitre.Technique](c), mitre.InTactic(tactic.Shortname)) {
			if !t.IsSubtechnique {
				top = append(top, t)
				continue
			}
			for parent := range mitre.Outgoing[*mitre.Technique](c, t, mitre.SubtechniqueOf) {
				children[parent.ID] = append(children[parent.ID], col.cell(sh, t.ID, t.Name))
			}
		}
		slices.SortStableFunc(top, func(a, b *mitre.Technique) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		for _, t := range top {
			x := col.cell(sh, t.ID, t.Name)
			x.Sub = children[t.ID]
			col.Cells = append(col.Cells, x)
		}
		out = append(out, col)
	}
	return out
}

func (col *column) cell(sh *shown, id, name string) cell {
	c := cell{ID: id, Name: name}
	if i, ok := sh.place[id]; ok {
		c.Anchor, c.Score, c.Standing = fmt.Sprintf("t%d", i), sh.a.Techniques[i].Score, sh.standing(sh.a.Techniques[i])
		c.Shade = shade(c.Score)
		col.Open++
	} else {
		col.Quiet++
	}
	return c
}

func (sh *shown) matrixOfOpen() (out matrix) {
	for _, name := range tacticsOf(sh.a) {
		col := column{Name: name}
		for _, t := range sh.a.Techniques {
			if slices.Contains(t.Tactics, name) {
				col.Cells = append(col.Cells, col.cell(sh, t.ID, cmp.Or(t.FullName, t.Name)))
			}
		}
		out = append(out, col)
	}
	return out
}

// tacticsOf are the tactics of what is open, in an order in which each
// technique's own tactics come, as far as that can be.
func tacticsOf(a *graph.Assessment) (out []string) {
	for _, t := range a.Techniques {
		at := 0
		for _, name := range t.Tactics {
			if i := slices.Index(out, name); i >= 0 {
				at = max(at, i+1)
				continue
			}
			if len(t.Tactics) == 1 {
				at = len(out)
			}
			out = slices.Insert(out, at, name)
			at++
		}
	}
	return out
}

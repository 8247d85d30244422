package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mitigraph/mitigraph/graph"
)

// picture is the ways from weaknesses over techniques to tactics, as three
// columns of boxes and lines between them, laid out in whole pixels.
type picture struct {
	Width, Height int
	Boxes         []box
	Lines         []line
	Heads         []box
	// Rows says the same in words, a row for each technique.
	Rows []way
	// What there was no room for.
	TechniquesLeft, WeaknessesLeft, LinesLeft int
	AllTechniques, AllWeaknesses              int
}

// box is a weakness, a technique or a tactic.
type box struct {
	X, Y, W, H int
	ID, Name   string // what there is room for
	Full       string // all of it
	Class      string
}

// TextY is where the words stand.
func (b box) TextY() int { return b.Y + b.H/2 + 4 }

// TextX is where they begin.
func (b box) TextX() int { return b.X + 8 }

// line is one way between two boxes.
type line struct {
	X1, Y1, X2, Y2 float64
	Width          float64
	Class, Title   string
}

// D is the line's path, a curve that leaves and arrives level.
func (l line) D() string {
	mid := (l.X1 + l.X2) / 2
	return fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", l.X1, l.Y1, mid, l.Y1, mid, l.Y2, l.X2, l.Y2)
}

// way is a technique with the weaknesses that lead to it and its tactics.
type way struct {
	From      []string // the heaviest first
	Technique string
	Standing  string
	To        []string
}

const (
	mostTechniques = 12
	mostWeaknesses = 12
	// A line is drawn with the others when it carries less than these shares of
	// what comes into its technique and of what leaves its weakness.
	thinIn, thinOut = 0.08, 0.3
	// What is no weakness: what findings themselves name, and what there is no
	// room for.
	fromFinding = ""
	otherOnes   = "\x00"
)

// node is a box before it has a place.
type node struct {
	key    string
	weight float64
	order  float64
	box    box
	used   [2]float64 // of the left and the right side, by lines drawn so far
}

// arc is a line before it has a place.
type arc struct {
	from, to *node
	weight   float64
	title    string
}

// picture lays out the most urgent techniques, with the weaknesses that weigh
// most in them. A line weighs, for each of its findings, the finding's risk
// times the confidence of the link. name gives a weakness its name.
func (sh *shown) picture(tactics []string, name func(id string) string) *picture {
	if len(sh.a.Techniques) == 0 {
		return nil
	}
	type pair struct{ weakness, technique string }
	weights, total, into, all := map[pair]float64{}, map[string]float64{}, map[string]float64{}, map[string]bool{}
	chosen := sh.a.Techniques[:min(mostTechniques, len(sh.a.Techniques))]
	in := map[string]bool{}
	for _, t := range chosen {
		in[t.ID] = true
	}
	for _, f := range sh.urgent() { // in this order the sums are the same, whatever that of the input was
		for _, t := range f.Techniques {
			for _, v := range t.Via {
				all[v.Weakness] = true
				if w := max(f.Score, 0.01) * v.Confidence; in[t.ID] {
					weights[pair{v.Weakness, t.ID}] += w
					total[v.Weakness] += w
					into[t.ID] += w
				}
			}
		}
	}
	delete(all, fromFinding)
	_, stated := total[fromFinding]
	delete(total, fromFinding)
	heavy := sortedKeys(total)
	slices.SortStableFunc(heavy, func(a, b string) int { return cmp.Compare(total[b], total[a]) })
	out := &picture{AllTechniques: len(sh.a.Techniques), AllWeaknesses: len(all), TechniquesLeft: len(sh.a.Techniques) - len(chosen)}
	kept := heavy[:min(mostWeaknesses, len(heavy))]
	if len(heavy) == mostWeaknesses+1 {
		kept = heavy // one more takes no more room than a box for the others
	}
	others := len(heavy) - len(kept)
	out.WeaknessesLeft = len(all) - len(kept)

	left := map[string]*node{}
	var weak, tech, goal []*node
	addLeft := func(key, id, words string) {
		left[key] = &node{key: key, box: box{ID: id, Name: words, Class: "weakness"}}
		weak = append(weak, left[key])
	}
	for _, w := range kept {
		addLeft(w, w, name(w))
	}
	if others > 0 {
		addLeft(otherOnes, "", count(others, "other weakness", "other weaknesses"))
	}
	if stated {
		addLeft(fromFinding, "", "named by the finding itself")
	}
	goals := map[string]*node{}
	for _, name := range tactics {
		if slices.ContainsFunc(chosen, func(t graph.TechniqueResult) bool { return slices.Contains(t.Tactics, name) }) {
			goals[name] = &node{key: name, box: box{Name: name, Class: "tactic"}}
			goal = append(goal, goals[name])
		}
	}
	var arcs []*arc
	for _, t := range chosen {
		class := ""
		switch sh.gapOf(t) {
		case "":
			class = "answered"
		case graph.GapNoMitigation, graph.GapPlaceholderOnly, graph.GapNotFeasible:
			class = "silent"
		}
		n := &node{key: t.ID, box: box{ID: t.ID, Name: cmp.Or(t.FullName, t.Name), Class: class}}
		tech = append(tech, n)
		by := map[*node]float64{}
		row := way{Technique: t.ID + " " + n.box.Name, Standing: sh.standing(t), To: t.Tactics}
		for _, w := range append(slices.Clone(heavy), fromFinding) {
			x, ok := weights[pair{w, t.ID}]
			if !ok {
				continue
			}
			from := left[w]
			switch {
			case w == fromFinding:
				row.From = append(row.From, "the finding itself")
			case from == nil:
				from = left[otherOnes]
				if n := len(row.From); n == 0 || row.From[n-1] != "others" {
					row.From = append(row.From, "others")
				}
			default:
				row.From = append(row.From, w)
				if left[otherOnes] != nil && x < min(thinOut*total[w], thinIn*into[t.ID]) {
					from = left[otherOnes]
					out.LinesLeft++
				}
			}
			by[from] += x
			n.weight += x
		}
		for _, from := range weak {
			if x := by[from]; x > 0 {
				from.weight += x
				arcs = append(arcs, &arc{from: from, to: n, weight: x,
					title: fmt.Sprintf("%s → %s", cmp.Or(from.box.ID, from.box.Name), n.box.ID)})
			}
		}
		ends := 0
		for _, name := range t.Tactics {
			if goals[name] != nil {
				ends++
			}
		}
		for _, name := range t.Tactics {
			if g := goals[name]; g != nil {
				x := max(n.weight, 0.001) / float64(ends)
				g.weight += x
				arcs = append(arcs, &arc{from: n, to: g, weight: x, title: fmt.Sprintf("%s → %s", n.box.ID, g.box.Name)})
			}
		}
		out.Rows = append(out.Rows, row)
	}
	weak = slices.DeleteFunc(weak, func(n *node) bool { return n.weight == 0 })
	fewCrossings(weak, tech, goal, arcs)
	for i, n := range tech {
		if n.box.Class == "" { // neighbours have different colours
			n.box.Class = fmt.Sprintf("h%d", i%4)
		}
	}
	out.place(weak, tech, goal, arcs)
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// fewCrossings orders the first two columns; the tactics keep the matrix's
// order. Each box goes to the middle of those it is joined with, again and
// again, and the order with the fewest crossings stays.
func fewCrossings(weak, tech, goal []*node, arcs []*arc) {
	number := func(nodes []*node) {
		for i, n := range nodes {
			n.order = float64(i) / float64(max(1, len(nodes)-1))
		}
	}
	middle := func(nodes []*node, ends func(*arc) (own, other *node)) {
		sum, weight := map[*node]float64{}, map[*node]float64{}
		for _, a := range arcs {
			own, other := ends(a)
			sum[own] += other.order * a.weight
			weight[own] += a.weight
		}
		slices.SortStableFunc(nodes, func(a, b *node) int {
			return cmp.Compare(sum[a]/max(weight[a], 1e-9), sum[b]/max(weight[b], 1e-9))
		})
		number(nodes)
	}
	isTech := map[*node]bool{}
	for _, n := range tech {
		isTech[n] = true
	}
	right := func(a *arc) (own, other *node) {
		if isTech[a.from] {
			return a.from, a.to
		}
		return nil, a.to // counts for no box
	}
	both := func(a *arc) (own, other *node) {
		if isTech[a.from] {
			return a.from, a.to
		}
		return a.to, a.from
	}
	leftmost := func(a *arc) (own, other *node) {
		if isTech[a.from] {
			return nil, a.to
		}
		return a.from, a.to
	}
	number(goal)
	middle(tech, right)
	middle(weak, leftmost)
	least, bestWeak, bestTech := crossings(arcs), slices.Clone(weak), slices.Clone(tech)
	for range 12 {
		middle(tech, both)
		middle(weak, leftmost)
		if n := crossings(arcs); n < least {
			least, bestWeak, bestTech = n, slices.Clone(weak), slices.Clone(tech)
		}
	}
	copy(weak, bestWeak)
	copy(tech, bestTech)
	number(weak)
	number(tech)
}

// crossings counts the pairs of lines between the same two columns that cross.
func crossings(arcs []*arc) (n int) {
	for i, a := range arcs {
		for _, b := range arcs[:i] {
			if (a.from.box.Class == "weakness") == (b.from.box.Class == "weakness") && (a.from.order-b.from.order)*(a.to.order-b.to.order) < 0 {
				n++
			}
		}
	}
	return n
}

const (
	pictureWidth = 1240
	headHeight   = 34
	leastHeight  = 26  // of a box
	betweenBoxes = 7   // pixels
	roomForLines = 420 // pixels that the lines of the fullest column share
	leastLine    = 1.6
)

// place gives everything its pixels.
func (p *picture) place(weak, tech, goal []*node, arcs []*arc) {
	columns := []struct {
		nodes []*node
		x, w  int
		head  string
		room  int // columns of text
	}{
		{weak, 0, 320, "Weakness", 38}, {tech, 500, 340, "Technique", 41}, {goal, 1020, 220, "Goal (tactic)", 26},
	}
	most := 0.0
	for _, c := range columns[:2] {
		sum := 0.0
		for _, n := range c.nodes {
			sum += n.weight
		}
		most = max(most, sum)
	}
	scale := roomForLines / max(most, 1e-9)
	thick := func(weight float64) float64 { return max(leastLine, weight*scale) }
	left, right := map[*node]float64{}, map[*node]float64{} // what the lines need
	for _, a := range arcs {
		right[a.from] += thick(a.weight)
		left[a.to] += thick(a.weight)
	}
	p.Width = pictureWidth
	heights := make([]int, len(columns))
	for i, c := range columns {
		for j, n := range c.nodes {
			n.box.X, n.box.W = c.x, c.w
			n.box.H = max(leastHeight, int(max(left[n], right[n]))+6)
			if j > 0 {
				heights[i] += betweenBoxes
			}
			heights[i] += n.box.H
		}
		p.Height = max(p.Height, headHeight+heights[i]+4)
		p.Heads = append(p.Heads, box{X: c.x, Y: 0, W: c.w, H: headHeight - 8, Name: c.head})
	}
	for i, c := range columns {
		y := headHeight
		spare := p.Height - 4 - headHeight - heights[i]
		for j, n := range c.nodes {
			n.box.Y = y
			y += n.box.H + betweenBoxes
			if len(c.nodes) > 1 { // spread over the height of the picture
				y += spare*(j+1)/(len(c.nodes)-1) - spare*j/(len(c.nodes)-1)
			}
			n.box.Full = n.box.Name
			room := c.room
			if n.box.ID != "" {
				n.box.Full = n.box.ID + " " + n.box.Name
				room -= len(n.box.ID) + 1
			}
			n.box.Name = cut(n.box.Name, max(room, 8))
			p.Boxes = append(p.Boxes, n.box)
		}
	}
	// Lines leave and arrive in the order of their other ends, so that those of
	// one box don't cross each other.
	start := func(n *node, need float64) float64 { return float64(n.box.Y) + (float64(n.box.H)-need)/2 }
	slices.SortStableFunc(arcs, func(a, b *arc) int {
		return cmp.Or(cmp.Compare(a.from.box.X, b.from.box.X), cmp.Compare(a.from.box.Y, b.from.box.Y), cmp.Compare(a.to.box.Y, b.to.box.Y))
	})
	lines := make([]line, len(arcs))
	for i, a := range arcs {
		w := thick(a.weight)
		class := a.from.box.Class
		if class == "weakness" {
			class = a.to.box.Class
		}
		lines[i] = line{Width: w, Class: class, Title: a.title, X1: float64(a.from.box.X + a.from.box.W), X2: float64(a.to.box.X)}
		lines[i].Y1 = start(a.from, right[a.from]) + a.from.used[1] + w/2
		a.from.used[1] += w
	}
	arrive := make([]int, len(arcs))
	for i := range arrive {
		arrive[i] = i
	}
	slices.SortStableFunc(arrive, func(i, j int) int {
		a, b := arcs[i], arcs[j]
		return cmp.Or(cmp.Compare(a.to.box.X, b.to.box.X), cmp.Compare(a.to.box.Y, b.to.box.Y), cmp.Compare(lines[i].Y1, lines[j].Y1))
	})
	for _, i := range arrive {
		a := arcs[i]
		lines[i].Y2 = start(a.to, left[a.to]) + a.to.used[0] + lines[i].Width/2
		a.to.used[0] += lines[i].Width
	}
	p.Lines = lines
}

package identify

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/mitigraph/mitigraph/mitre"
)

// fitted is what is learned from one corpus. It never changes.
type fitted struct {
	corpus   corpus
	settings Settings
	masks    masks
	space    *space
	meaning  [][]float32 // embeddings of the documents; nil without
	// coefficients has for each document what likeness to it adds to each
	// class.
	coefficients [][]float64
	// intercept is what each class has that nothing is known of.
	intercept []float64
	held      []Held
	// sharpness is the factor before the softmax; slope and offset correct its
	// odds, and lead those of the first technique.
	sharpness, slope, lead, offset float64
	// margin is the least that a text on a technique has.
	margin float64
}

// Held is what a model says of a text that it learns from, as if it had not
// seen this text nor any other of the same source.
type Held struct {
	Technique *mitre.Technique    // the right one; nil for a text on something else
	Link      *mitre.Relationship // the procedure example; nil for a text on something else
	Rank      int                 // of the right technique, from 1; 0 for something else
	class     int
	values    []float64
}

func fit(ctx context.Context, c corpus, s Settings, embed func(context.Context, []string) ([][]float32, error)) (*fitted, error) {
	f := &fitted{corpus: c, settings: s, masks: newMasks(c.actors)}
	counted := make([]map[feature]float64, len(c.documents))
	readable := make([]string, len(c.documents))
	for i, d := range c.documents {
		if i%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var words []string
		words, readable[i] = f.masks.masked(d.text)
		counted[i] = features(words, nil)
	}
	f.space = newSpace(counted)
	if embed != nil {
		var err error
		first := len(readable) - c.procedures()
		if f.meaning, err = embed(ctx, readable[:first]); err != nil {
			return nil, err
		}
		of, err := deeds(ctx, embed, readable[first:])
		if err != nil {
			return nil, err
		}
		f.meaning = append(f.meaning, of...)
	}
	n := len(c.documents)
	if n == 0 {
		return f, nil
	}
	kernel := newMatrix(n)
	parallel(n, func(i int) {
		if ctx.Err() == nil {
			f.likeness(f.space.vectors[i], f.meaningOf(i), kernel[i], i+1) // the rest is never read
			for j := range kernel[i][:i+1] {
				kernel[i][j] += common
			}
		}
	})
	for i, d := range c.documents {
		kernel[i][i] += s.Ridge / s.weight(d.kind)
	}
	if err := cholesky(ctx, kernel); err != nil {
		return nil, err
	}
	classes := len(c.techniques) + 1
	f.coefficients = make([][]float64, n)
	for i := range f.coefficients {
		f.coefficients[i] = make([]float64, classes)
	}
	parallel(classes, func(class int) {
		if ctx.Err() != nil {
			return
		}
		b := make([]float64, n)
		for i := range b {
			b[i] = f.target(i, class)
		}
		for i, v := range kernel.solve(b) {
			f.coefficients[i][class] = v
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.intercept = make([]float64, classes)
	for _, row := range f.coefficients {
		for class, v := range row {
			f.intercept[class] += common * v
		}
	}
	f.space.vectors = nil // the postings say the same
	f.hold(kernel)
	f.calibrate()
	return f, nil
}

func (f *fitted) meaningOf(i int) []float32 {
	if f.meaning == nil {
		return nil
	}
	return f.meaning[i]
}

// likeness to the first n documents, by words and, where there are any,
// embeddings. It is bent so that a text that is much alike counts for more than two that
// are half as much; 0 and 1 stay what they are.
func (f *fitted) likeness(v vector, meaning []float32, out []float64, n int) {
	f.space.likeness(v, out)
	if meaning != nil {
		share := f.settings.Embedding
		for i, m := range f.meaning[:n] {
			out[i] = (1-share)*out[i] + share*product(m, meaning)
		}
	}
	for i, l := range out[:n] {
		if l != 0 {
			out[i] = math.Expm1(bend*l) / expm1Bend
		}
	}
}

var expm1Bend = math.Expm1(bend)

// target is what the regression is to say of a document: all is relative to
// knowing nothing.
func (f *fitted) target(document, class int) float64 {
	v := -1 / float64(len(f.corpus.techniques)+1)
	if f.corpus.documents[document].class == class {
		v++
	}
	return v
}

// hold finds what models without a source would say of its texts, for each
// source, without making these models: with G the inverse of the regularised
// kernel and B the source's texts, the error on B is (G_BB)⁻¹ times their
// coefficients.
func (f *fitted) hold(l matrix) {
	n, first := len(l), len(l)
	for first > 0 && (f.corpus.documents[first-1].kind == Procedure || f.corpus.documents[first-1].kind == otherKind) {
		first--
	}
	m := n - first
	if m == 0 {
		return
	}
	// The corner of L gives the corner of the inverse.
	inverse := newMatrix(m) // of the corner, transposed
	parallel(m, func(c int) {
		column := inverse[c]
		for i := c; i < m; i++ {
			v := -dot(l[first+i][first+c:first+i], column[c:i])
			if i == c {
				v = 1
			}
			column[i] = v / l[first+i][first+i]
		}
	})
	var groups [][]int // documents
	for i := first; i < n; i++ {
		d := f.corpus.documents[i]
		g := -1
		if d.source != nil {
			g = slices.IndexFunc(groups, func(g []int) bool { return f.corpus.documents[g[0]].source == d.source })
		}
		if g < 0 {
			groups = append(groups, nil)
			g = len(groups) - 1
		}
		groups[g] = append(groups[g], i)
	}
	f.held = make([]Held, m)
	parallel(len(groups), func(g int) {
		group := groups[g]
		corner := newMatrix(len(group))
		for a, i := range group {
			for b, j := range group {
				k := max(i, j) - first
				corner[a][b] = dot(inverse[i-first][k:], inverse[j-first][k:])
			}
		}
		_ = cholesky(context.Background(), corner) // a background never ends
		values := make([][]float64, len(group))
		for a := range values {
			values[a] = make([]float64, len(f.corpus.techniques)+1)
		}
		b := make([]float64, len(group))
		for class := range len(f.corpus.techniques) + 1 {
			for a, i := range group {
				b[a] = f.coefficients[i][class]
			}
			for a, miss := range corner.solve(b) {
				values[a][class] = f.target(group[a], class) - miss
			}
		}
		for a, i := range group {
			d := f.corpus.documents[i]
			h := Held{Link: d.link, class: d.class, values: values[a]}
			if d.kind == Procedure {
				h.Technique, h.Rank = f.corpus.techniques[d.class], 1
				for class, v := range values[a][:len(f.corpus.techniques)] {
					if v > values[a][d.class] || v == values[a][d.class] && class < d.class {
						h.Rank++
					}
				}
			}
			f.held[i-first] = h
		}
	})
}

// likely is how many of a text's best techniques the calibration learns from. On
// procedure examples of Mobile and Enterprise, 2, 3 and 5 gave the first
// technique equally honest scores; without a lead of its own they were less so
// the more of the others it learned from.
const likely = 3

// calibrate learns from what is held: the sharpness, by which the right
// techniques are most likely; the three numbers that make honest probabilities
// of the softmax's odds, which say too much; and the margin for something else.
func (f *fitted) calibrate() {
	f.sharpness, f.slope, f.lead, f.offset = defaultSharpness, defaultSlope, defaultLead, defaultOffset
	var real []Held
	var other []float64 // margins
	for _, h := range f.held {
		if h.Technique != nil {
			real = append(real, h)
		} else {
			other = append(other, margin(h.values))
		}
	}
	if len(other) > 0 {
		slices.Sort(other)
		f.margin = other[int(rejected*float64(len(other)))]
	}
	if len(real) < fewProcedures {
		return
	}
	known := make([]float64, len(real)) // margins
	for i, h := range real {
		known[i] = margin(h.values)
	}
	slices.Sort(known)
	f.margin = min(f.margin, known[int(lost*float64(len(known)))])
	f.sharpen(real)
}

// sharpen learns what makes honest scores from texts whose technique is known.
func (f *fitted) sharpen(real []Held) {
	n := len(f.corpus.techniques)
	likelihood := func(sharpness float64) float64 {
		sum := 0.0
		for _, h := range real {
			sum += math.Log(max(softmax(h.values[:n], sharpness)[h.class], tiny))
		}
		return sum
	}
	// The likelihood has one top: golden-section search on the logarithm.
	low, high := math.Log(1), math.Log(200)
	ratio := (math.Sqrt(5) - 1) / 2
	for range 25 {
		a, b := high-ratio*(high-low), low+ratio*(high-low)
		if likelihood(math.Exp(a)) > likelihood(math.Exp(b)) {
			high = b
		} else {
			low = a
		}
	}
	f.sharpness = math.Exp((low + high) / 2)
	var odds [][]float64
	var right []bool
	for _, h := range real {
		p := softmax(h.values[:n], f.sharpness)
		for place, class := range best(p)[:min(likely, n)] {
			odds, right = append(odds, []float64{logOdds(p[class]), first(place), 1}), append(right, class == h.class)
		}
	}
	w := logistic(odds, right, []float64{1, 0, 0})
	f.slope, f.lead, f.offset = max(w[0], 0.01), max(w[1], 0), w[2]
}

// tiny keeps logarithms finite.
const tiny = 1e-6

func logOdds(p float64) float64 {
	p = min(max(p, tiny), 1-tiny)
	return math.Log(p / (1 - p))
}

// probability makes of the softmax's share how likely a technique is the one
// that stands at a place, from 0, in the order of best.
func (f *fitted) probability(share float64, place int) float64 {
	return 1 / (1 + math.Exp(-f.slope*logOdds(share)-f.lead*first(place)-f.offset))
}

func first(place int) float64 {
	if place == 0 {
		return 1
	}
	return 0
}

// logistic fits how likely y is by 1/(1+exp(-Σ w·x)), with Newton's steps,
// halved until they help. A prior of weight one holds each w near what it is
// first.
func logistic(x [][]float64, y []bool, prior []float64) []float64 {
	cost := func(w []float64) float64 {
		sum := 0.0
		for i := range w {
			sum += (w[i] - prior[i]) * (w[i] - prior[i]) / 2
		}
		for i := range x {
			z := dot(w, x[i])
			if y[i] {
				z = -z
			}
			sum += max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
		}
		return sum
	}
	w := slices.Clone(prior)
	last := cost(w)
	for range 60 {
		curve, rise := newMatrix(len(w)), make([]float64, len(w))
		for a := range w {
			curve[a][a], rise[a] = 1, prior[a]-w[a]
		}
		for i := range x {
			p := 1 / (1 + math.Exp(-dot(w, x[i])))
			d := -p
			if y[i] {
				d++
			}
			for a := range w {
				rise[a] += d * x[i][a]
				for b := range w {
					curve[a][b] += p * (1 - p) * x[i][a] * x[i][b]
				}
			}
		}
		_ = cholesky(context.Background(), curve) // a background never ends
		step := curve.solve(rise)
		next, now := make([]float64, len(w)), math.Inf(1)
		for range 30 {
			for a := range w {
				next[a] = w[a] + step[a]
				step[a] /= 2
			}
			if now = cost(next); now < last {
				break
			}
		}
		if !(now < last) {
			break
		}
		w, last = next, now
	}
	return w
}

// best are the classes by falling value, equal ones in their order.
func best(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	return order
}

// margin is how far techniques are before something else, which counts more:
// it is learned from hundreds of texts, and each technique from a few.
func margin(values []float64) float64 {
	last := len(values) - 1
	sum := 0.0
	for _, class := range best(values[:last])[:min(foremost, last)] {
		sum += values[class]
	}
	return (1-otherShare)*sum - values[last]
}

func softmax(values []float64, sharpness float64) []float64 {
	out := make([]float64, len(values))
	top, sum := slices.Max(values), 0.0
	for i, v := range values {
		out[i] = math.Exp(sharpness * (v - top))
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

package navigator

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// New makes a layer of annotated techniques on the matrix of a catalogue: a
// heat map with the gradient from white over yellow to red, from 0, or the
// lowest score if that is less, to the highest score, and a legend of both
// ends. The techniques come in the order of their IDs and tactics; with a
// sub-technique its parent is expanded.
//
// The IDs may be written in any case. A technique that the release lacks, has
// revoked or deprecated, a tactic that the technique does not have, and a
// score that is not finite are errors, which name the technique. So is an
// annotation that is there twice, and whatever else keeps the layer from being
// written, such as a catalogue without a domain.
func New(c *mitre.Catalog, name string, techniques ...Technique) (*Layer, error) {
	if c == nil {
		return nil, errors.New("navigator: the catalogue is nil")
	}
	l := &Layer{
		Name: name, Domain: c.Info().Domain, Versions: Versions{Attack: c.Info().Version, Navigator: firstNavigator},
		Layout: Layout{Layout: "side", AggregateFunction: Average, ExpandedSubtechniques: "none"},
	}
	low, high := 0.0, math.Inf(-1)
	for _, t := range techniques {
		t = t.clone()
		object, ok := mitre.Find[*mitre.Technique](c, t.TechniqueID)
		switch {
		case !ok:
			return nil, fmt.Errorf("navigator: %s has no technique %q", c.Info(), t.TechniqueID)
		case !object.Live():
			return nil, fmt.Errorf("navigator: %s (%s) is revoked or deprecated in %s", object.ID, object.Name, c.Info())
		case t.Tactic != "" && !slices.Contains(object.Tactics, t.Tactic):
			return nil, fmt.Errorf("navigator: %s (%s) is not of the tactic %q", object.ID, object.Name, t.Tactic)
		}
		t.TechniqueID = object.ID
		if t.Score != nil {
			if math.IsNaN(*t.Score) || math.IsInf(*t.Score, 0) {
				return nil, fmt.Errorf("navigator: the score of %s is %v, want a finite number", t.TechniqueID, *t.Score)
			}
			low, high = min(low, *t.Score), max(high, *t.Score)
		}
		l.Techniques = append(l.Techniques, t)
	}
	slices.SortStableFunc(l.Techniques, compareTechniques)
	for i := 1; i < len(l.Techniques); i++ {
		if t := l.Techniques[i]; compareTechniques(l.Techniques[i-1], t) == 0 {
			return nil, fmt.Errorf("navigator: %s is annotated twice", t.place())
		}
	}
	l.expandParents(c, l.Techniques)
	slices.SortStableFunc(l.Techniques, compareTechniques)
	if math.IsInf(high, -1) {
		return l.writable() // nothing has a score
	}
	if high <= low {
		high = max(low+1, math.Nextafter(low, math.Inf(1))) // 1 is lost in a large number
	}
	l.Gradient = &Gradient{Colors: []string{"#ffffff", "#ffe766", "#ff6666"}, MinValue: low, MaxValue: high}
	l.LegendItems = []LegendItem{
		{Label: fmt.Sprintf("%.4g", low), Color: "#ffffff"},
		{Label: fmt.Sprintf("%.4g", high), Color: "#ff6666"},
	}
	return l.writable()
}

// writable returns the layer if it can be written.
func (l *Layer) writable() (*Layer, error) {
	if _, err := l.encode(); err != nil {
		return nil, fmt.Errorf("navigator: %w", err)
	}
	return l, nil
}

// compareTechniques orders annotations by ID, then tactic.
func compareTechniques(a, b Technique) int {
	return cmp.Or(strings.Compare(a.TechniqueID, b.TechniqueID), strings.Compare(a.Tactic, b.Tactic))
}

func (t Technique) place() string {
	if t.Tactic == "" {
		return t.TechniqueID
	}
	return t.TechniqueID + " in " + t.Tactic
}

// expandParents shows those sub-techniques: it expands their parents, which
// it annotates if need be, behind all others.
func (l *Layer) expandParents(c *mitre.Catalog, of []Technique) {
	parents := map[string]bool{} // and whether it has an annotation
	for _, t := range of {
		if object, ok := mitre.Find[*mitre.Technique](c, t.TechniqueID); ok {
			for parent := range mitre.Outgoing[*mitre.Technique](c, object, mitre.SubtechniqueOf) {
				parents[parent.ID] = false
			}
		}
	}
	for i := range l.Techniques {
		if _, ok := parents[l.Techniques[i].TechniqueID]; ok {
			l.Techniques[i].ShowSubtechniques = true
			parents[l.Techniques[i].TechniqueID] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(parents)) {
		if !parents[id] {
			l.Techniques = append(l.Techniques, Technique{TechniqueID: id, ShowSubtechniques: true})
		}
	}
}

// Merge joins layers of one domain and ATT&CK release. Annotations of the
// same technique and tactic become one: its score is the aggregate of those
// that have one, its comments, metadata and links are those of all without
// repetition, it is enabled if one of them is, and of two colours the first
// counts. Of several within one layer only the last counts, as everywhere. The
// techniques come in the order of their IDs and tactics, so that what is said
// for one tactic counts before what is said for all. All else is taken from
// the first layer, but for the release, which is the most precise, and the
// gradient and legend: where the layers' gradients differ there is none, since
// none fits the result.
//
// The error wraps [ErrMismatch] where domains or releases differ (a layer
// without a release goes with every one, one of 19 with 19.1), or says that
// there is no layer, that one is nil, that the aggregate is unknown, or why
// the result could not be written: a sum may have no finite value.
func Merge(how Aggregate, layers ...*Layer) (*Layer, error) {
	if !slices.Contains([]Aggregate{"", Average, Min, Max, Sum}, how) {
		return nil, fmt.Errorf("navigator: unknown aggregate function %q", how)
	}
	if len(layers) == 0 {
		return nil, errors.New("navigator: no layer to merge")
	}
	release := 0
	for i, l := range layers {
		switch {
		case l == nil:
			return nil, fmt.Errorf("navigator: layer %d is nil", i)
		case l.Domain != layers[0].Domain:
			return nil, fmt.Errorf("navigator: %w: layer %d is of %s, layer 0 of %s", ErrMismatch, i, l.Domain, layers[0].Domain)
		case l.Versions.Attack == "":
		case layers[release].Versions.Attack == "":
			release = i
		case !sameRelease(l.Versions.Attack, layers[release].Versions.Attack):
			return nil, fmt.Errorf("navigator: %w: layer %d is of ATT&CK %s, layer %d of %s",
				ErrMismatch, i, l.Versions.Attack, release, layers[release].Versions.Attack)
		case strings.Count(l.Versions.Attack, ".") > strings.Count(layers[release].Versions.Attack, "."):
			release = i // 19.1 tells more than 19
		}
	}
	out := layers[0].clone()
	out.Versions.Attack = layers[release].Versions.Attack
	out.Techniques = nil
	for _, l := range layers {
		for _, t := range lastOfEach(l.Techniques) {
			out.Techniques = append(out.Techniques, t.clone())
		}
		if !sameGradient(l.Gradient, out.Gradient) {
			out.Gradient, out.LegendItems = nil, nil
		}
	}
	slices.SortStableFunc(out.Techniques, compareTechniques)
	joined := out.Techniques[:0:0]
	for all := out.Techniques; len(all) > 0; {
		n := 1
		for n < len(all) && compareTechniques(all[0], all[n]) == 0 {
			n++
		}
		joined, all = append(joined, join(how, all[:n])), all[n:]
	}
	out.Techniques = joined
	return out.writable()
}

// lastOfEach returns of the annotations for one technique and tactic the last.
func lastOfEach(all []Technique) []Technique {
	last := map[[2]string]int{}
	for i, t := range all {
		last[[2]string{t.TechniqueID, t.Tactic}] = i
	}
	var out []Technique
	for i, t := range all {
		if last[[2]string{t.TechniqueID, t.Tactic}] == i {
			out = append(out, t)
		}
	}
	return out
}

// sameRelease compares as the Navigator does, by the first number.
func sameRelease(a, b string) bool {
	x, ok := numbers(a)
	y, is := numbers(b)
	if !ok || !is {
		return a == b
	}
	return x[0] == y[0] && (len(x) == 1 || len(y) == 1 || x[1] == y[1])
}

// defaultGradient is that of a layer without one.
var defaultGradient = &Gradient{Colors: []string{"#ff6666", "#ffe766", "#8ec843"}, MinValue: 0, MaxValue: 100}

func sameGradient(a, b *Gradient) bool {
	a, b = cmp.Or(a, defaultGradient), cmp.Or(b, defaultGradient)
	return a.MinValue == b.MinValue && a.MaxValue == b.MaxValue && slices.EqualFunc(a.Colors, b.Colors, func(x, y string) bool {
		return opaque(x) == opaque(y)
	})
}

// opaque is a colour such as #ff6666ff without its last part, which says that
// nothing shines through.
func opaque(colour string) string {
	colour = strings.ToLower(colour)
	if len(colour) == len("#rrggbbaa") {
		colour = strings.TrimSuffix(colour, "ff")
	}
	return colour
}

// join makes one annotation of several for the same technique and tactic.
func join(how Aggregate, all []Technique) Technique {
	t := all[0]
	var scores []float64
	enabled := false
	for i, other := range all {
		if other.Score != nil {
			scores = append(scores, *other.Score)
		}
		enabled = enabled || other.Enabled == nil || *other.Enabled
		if i == 0 {
			continue
		}
		t.Color = cmp.Or(t.Color, other.Color)
		t.ShowSubtechniques = t.ShowSubtechniques || other.ShowSubtechniques
		if other.Comment != "" && !strings.Contains("\n"+t.Comment+"\n", "\n"+other.Comment+"\n") {
			t.Comment = strings.TrimPrefix(t.Comment+"\n"+other.Comment, "\n")
		}
		for _, m := range other.Metadata {
			if !slices.ContainsFunc(t.Metadata, func(have Metadata) bool {
				return m.Divider == nil && have.Divider == nil && have.Name == m.Name && have.Value == m.Value
			}) {
				t.Metadata = append(t.Metadata, m)
			}
		}
		for _, l := range other.Links {
			if !slices.ContainsFunc(t.Links, func(have Link) bool {
				return l.Divider == nil && have.Divider == nil && have.Label == l.Label && have.URL == l.URL
			}) {
				t.Links = append(t.Links, l)
			}
		}
		t.extra = joinRest(t.extra, other.extra)
	}
	if t.Score = aggregate(how, scores); enabled && t.Enabled != nil {
		t.Enabled = new(true)
	}
	return t
}

// joinRest keeps a's members before b's. Neither is changed.
func joinRest(a, b rest) rest {
	if len(b) == 0 {
		return a
	}
	out := maps.Clone(b)
	maps.Copy(out, a)
	return out
}

// aggregate returns nil for no scores.
func aggregate(how Aggregate, scores []float64) *float64 {
	if len(scores) == 0 {
		return nil
	}
	var v float64
	switch how {
	case Min:
		v = slices.Min(scores)
	case Max:
		v = slices.Max(scores)
	case Sum:
		for _, s := range scores {
			v += s
		}
	default:
		for _, s := range scores {
			v += s
		}
		if v /= float64(len(scores)); math.IsInf(v, 0) { // the sum is too large, the average may not be
			v = 0
			for _, s := range scores {
				v += s / float64(len(scores))
			}
		}
	}
	return &v
}

// Move is what [Upgrade] did with an annotation, or could not do.
type Move struct {
	From, FromTactic string // the annotation before: technique ID, and tactic if it had one
	To, ToTactic     string // where it is now; the same as before where it stayed
	Why              string // in words
}

// String gives the move on one line.
func (m Move) String() string {
	place := func(id, tactic string) string { return Technique{TechniqueID: id, Tactic: tactic}.place() }
	from, to := place(m.From, m.FromTactic), place(m.To, m.ToTactic)
	if from == to {
		return from + " stays: " + m.Why
	}
	return from + " -> " + to + ": " + m.Why
}

// Upgrade brings a layer of an older ATT&CK release to that of the catalogue
// and says what moved, in the order of the annotations. The layer is not
// changed; what is not mentioned stays as and where it is.
//
//   - A revoked technique becomes its live successor; annotations that meet
//     there are joined as [Merge] does with [Max], in place of the first. The
//     parents of sub-techniques that something moved to are expanded, and
//     annotated for that, at the end, if they are not.
//   - An annotation for a tactic that the technique no longer has goes to the
//     tactics that it has now, if it was for that tactic only.
//   - An ID in another form than ATT&CK's, such as t0801, is written as ATT&CK
//     does.
//   - Techniques that are deprecated, that the release does not know, or that
//     were revoked without a successor stay, and are reported: the Navigator
//     ignores them.
//
// The error wraps [ErrMismatch] when the layer is of another domain or of a
// later release.
func Upgrade(l *Layer, c *mitre.Catalog) (*Layer, []Move, error) {
	if l == nil || c == nil {
		return nil, nil, errors.New("navigator: the layer or the catalogue is nil")
	}
	info := c.Info()
	if l.Domain != info.Domain {
		return nil, nil, fmt.Errorf("navigator: %w: the layer is of %s, the catalogue of %s", ErrMismatch, l.Domain, info.Domain)
	}
	have, ok := numbers(l.Versions.Attack)
	want, is := numbers(info.Version)
	if n := min(len(have), len(want)); ok && is && slices.Compare(have[:n], want[:n]) > 0 {
		return nil, nil, fmt.Errorf("navigator: %w: the layer is of ATT&CK %s, the catalogue of %s", ErrMismatch, l.Versions.Attack, info.Version)
	}
	out := l.clone()
	out.Versions.Attack = cmp.Or(info.Version, l.Versions.Attack)
	out.Techniques = nil
	var moves []Move
	var from [][2]string // where each annotation of out was before
	for _, t := range l.Techniques {
		for _, m := range movesOf(t, c) {
			if m.Why != "" {
				moves = append(moves, m)
			}
			at := t.clone()
			at.TechniqueID, at.Tactic = m.To, m.ToTactic
			out.Techniques = append(out.Techniques, at)
			from = append(from, [2]string{m.From, m.FromTactic})
		}
	}
	out.meet(from)
	var moved []Technique
	for _, m := range moves {
		if m.From != m.To {
			moved = append(moved, Technique{TechniqueID: m.To})
		}
	}
	out.expandParents(c, moved)
	return out, moves, nil
}

// movesOf returns where an annotation goes. It goes nowhere without a reason,
// but may have one to stay.
func movesOf(t Technique, c *mitre.Catalog) []Move {
	m := Move{From: t.TechniqueID, FromTactic: t.Tactic, To: t.TechniqueID, ToTactic: t.Tactic}
	r, err := c.Resolve(t.TechniqueID)
	object, ok := r.Object.(*mitre.Technique)
	switch {
	case errors.Is(err, mitre.ErrNotFound):
		m.Why = "not in " + c.Info().String()
	case err != nil:
		m.Why = err.Error()
	case !ok:
		m.Why = fmt.Sprintf("%s is no technique but %s", t.TechniqueID, r.Object.Common().Name)
	case object.Deprecated:
		m.Why = "deprecated in " + c.Info().String()
	}
	if m.Why != "" {
		return []Move{m}
	}
	if m.To = object.ID; len(r.Followed) > 0 {
		m.Why = fmt.Sprintf("revoked by %s (%s)", object.ID, c.FullName(object))
	} else if m.From != m.To {
		m.Why = "the same in ATT&CK's form"
	}
	if t.Tactic == "" || slices.Contains(object.Tactics, t.Tactic) {
		return []Move{m}
	}
	// Not of that tactic any more.
	if m.Why != "" {
		m.Why += "; "
	}
	m.Why += fmt.Sprintf("%s is not of the tactic %s", object.ID, t.Tactic)
	if len(object.Tactics) == 0 {
		m.ToTactic = ""
		return []Move{m}
	}
	var all []Move
	for _, tactic := range object.Tactics {
		m.ToTactic = tactic
		all = append(all, m)
	}
	return all
}

// meet joins annotations that are for the same technique and tactic now and
// were for different ones before; of those for the same before, the last.
func (l *Layer) meet(from [][2]string) {
	groups := map[[2]string][]int{}
	moved := map[[2]string]bool{}
	for i, t := range l.Techniques {
		place := [2]string{t.TechniqueID, t.Tactic}
		groups[place] = append(groups[place], i)
		moved[place] = moved[place] || from[i] != place
	}
	var out []Technique
	for i, t := range l.Techniques {
		place := [2]string{t.TechniqueID, t.Tactic}
		group := groups[place]
		if !moved[place] {
			out = append(out, t)
			continue
		}
		if i != group[0] {
			continue
		}
		last := map[[2]string]int{}
		for _, j := range group {
			last[from[j]] = j
		}
		var all []Technique
		for _, j := range group {
			if last[from[j]] == j {
				all = append(all, l.Techniques[j])
			}
		}
		out = append(out, join(Max, all))
	}
	l.Techniques = out
}

package identify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// Errors of [New] and [Model.Identify].
var (
	// ErrNoTechniques says that the catalogue has none that are live.
	ErrNoTechniques = errors.New("identify: the catalogue has no technique")
	// ErrTooLarge says that the catalogue has more texts than a regression can
	// take, as that of Enterprise has.
	ErrTooLarge = errors.New("identify: too many texts")
	// ErrUnknown says that the catalogue has no group, software or campaign
	// with that ID or name.
	ErrUnknown = errors.New("no group, software or campaign of this ATT&CK release")
)

// Options say how a model is made. The zero value is right for most.
type Options struct {
	// Embedder says which texts are alike in meaning. Nil: words alone.
	Embedder Embedder
	// Settings that are zero are [DefaultSettings].
	Settings Settings
}

// Model identifies techniques in texts. It never changes and is safe for
// concurrent use. [New] makes it.
type Model struct {
	catalog *mitre.Catalog
	options Options
	all     *fitted

	// gate holds one token: who takes it may use left.
	gate chan struct{}
	// left are the models without some sources, the last used last.
	left []leftOut
}

type leftOut struct {
	key string
	*fitted
}

// keptModels is how many models without some sources are kept, of some 10 MB
// each.
const keptModels = 40

// mostDocuments bounds time and memory: a model takes 8 bytes for each pair of
// documents while it is made.
const mostDocuments = 5000

// New makes a model of a release: of its texts, or of the names and this
// project's summaries where it has none. Context errors are returned as they
// are, and those of the embedder with their reason. A nil context never ends.
func New(ctx context.Context, catalog *mitre.Catalog, o Options) (*Model, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if o.Settings == (Settings{}) {
		o.Settings = DefaultSettings
	}
	if s := o.Settings; !(s.Ridge > 0 && s.Procedure > 0 && s.Sentence > 0 && s.Embedding >= 0 && s.Embedding <= 1) {
		return nil, fmt.Errorf("identify: settings %+v: want ridge, procedure and sentence above 0, embedding in 0 to 1", s)
	}
	if catalog == nil {
		return nil, ErrNoTechniques
	}
	if facts, err := mitre.Embedded(); err == nil && facts == catalog && o == (Options{Settings: DefaultSettings}) {
		return embedded(ctx, catalog)
	}
	return newModel(ctx, catalog, o)
}

// ofEmbedded is the model of the embedded facts with no options, which many
// parts of a program may ask for; whoever holds the token may use it.
var ofEmbedded = struct {
	gate  chan struct{}
	model *Model
}{gate: make(chan struct{}, 1)}

func embedded(ctx context.Context, facts *mitre.Catalog) (*Model, error) {
	select {
	case ofEmbedded.gate <- struct{}{}:
		defer func() { <-ofEmbedded.gate }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if ofEmbedded.model == nil {
		m, err := newModel(ctx, facts, Options{Settings: DefaultSettings})
		if err != nil {
			return nil, err
		}
		ofEmbedded.model = m
	}
	return ofEmbedded.model, nil
}

func newModel(ctx context.Context, catalog *mitre.Catalog, o Options) (*Model, error) {
	m := &Model{catalog: catalog, options: o, gate: make(chan struct{}, 1)}
	c := newCorpus(catalog)
	if len(c.techniques) == 0 {
		return nil, ErrNoTechniques
	}
	if n := len(c.documents); n > mostDocuments {
		return nil, fmt.Errorf("%w: %s has %d texts on techniques, more than %d", ErrTooLarge, catalog.Info(), n, mostDocuments)
	}
	var err error
	if m.all, err = fit(ctx, c, o.Settings, m.embed()); err != nil {
		return nil, err
	}
	return m, nil
}

// Query says what is asked of [Model.Identify] beside the text.
type Query struct {
	// Top is how many techniques are given at most; 0 means 5.
	Top int
	// Exclude names groups, software and campaigns by ATT&CK ID, STIX ID, name
	// or alias. The answer is the one that the release would give without them:
	// their procedure examples and names are not known.
	Exclude []string
}

// DefaultTop is how many techniques a [Query] gives that does not say.
const DefaultTop = 5

// Match is a technique that a text speaks of.
type Match struct {
	ID      string   `json:"id"`      // the ATT&CK ID
	Name    string   `json:"name"`    // the full name, as [mitre.Catalog.FullName] gives it
	Score   float64  `json:"score"`   // how likely it is to be the one, 0 to 1
	Because []Reason `json:"because"` // the strongest first; at most 3, and at least 1 where words made it
}

// Reason is a text of the release that a text is like.
type Reason struct {
	Kind   Kind   `json:"kind"`
	Source string `json:"source,omitempty"` // of a procedure: ATT&CK ID and name of who did it
	Link   string `json:"link,omitempty"`   // of a procedure: STIX ID of the relationship
	// Words are words of the text that is asked about, which both have in
	// some form; the weightiest first, at most 5. The ID when Kind is Named.
	Words []string `json:"words,omitempty"`
}

// String says the reason in one line.
func (r Reason) String() string {
	words := strings.Join(r.Words, ", ")
	with := ""
	if words != "" {
		with = ": " + words
	}
	switch r.Kind {
	case Named:
		return "the text names " + words
	case Name:
		return "its name" + with
	case Summary:
		return "its summary (mitigraph)" + with
	case Sentence:
		return "a sentence on it (mitigraph)" + with
	case Procedure:
		return "procedure example of " + r.Source + " (" + r.Link + ")" + with
	case Detection:
		return "how it is detected" + with
	}
	return "its description" + with
}

// Identify returns the techniques that a text speaks of, best first, techniques
// with equal scores by ID; none for a text about something else, and for one
// without words that the release knows. A technique whose ATT&CK ID the text
// names comes first, with score 1; a revoked ID stands for its successor. A text
// that says nothing as a whole is asked sentence by sentence, the first two
// hundred, for one sentence of a report may matter and its surroundings not.
//
// Errors wrap [ErrUnknown], or are those of the context or the embedder. A nil
// context never ends.
func (m *Model) Identify(ctx context.Context, text string, q Query) ([]Match, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.Top < 0 {
		return nil, fmt.Errorf("identify: top %d is negative", q.Top)
	}
	if q.Top == 0 {
		q.Top = DefaultTop
	}
	f, err := m.without(ctx, q.Exclude)
	if err != nil {
		return nil, err
	}
	named := m.named(text)
	values, likeness, words, err := f.values(ctx, text, m.embed())
	if err != nil {
		return nil, err
	}
	var out []Match
	for _, t := range named {
		out = append(out, Match{ID: t.technique.ID, Name: m.catalog.FullName(t.technique), Score: 1, Because: []Reason{{Kind: Named, Words: []string{t.as}}}})
	}
	if values != nil && (len(named) > 0 || margin(values) >= f.margin) {
		scores := softmax(values[:len(f.corpus.techniques)], f.sharpness)
		for place, class := range best(scores) {
			t := f.corpus.techniques[class]
			if len(out) >= q.Top {
				break
			}
			if !slices.ContainsFunc(named, func(n naming) bool { return n.technique == t }) {
				out = append(out, Match{ID: t.ID, Name: m.catalog.FullName(t), Score: f.probability(scores[class], place), Because: f.reasons(class, words, likeness)})
			}
		}
	}
	if len(out) == 0 {
		if out, err = m.bySentence(ctx, f, text); err != nil {
			return nil, err
		}
	}
	return out[:min(len(out), q.Top)], nil
}

const (
	maxSentences  = 200 // of one text that are asked by themselves
	leastWords    = 4   // of a sentence that is
	perSentence   = 3   // techniques that one can add
	sentenceBreak = `[.!?]["')\]]*\s+|\n+`
)

var sentenceEnd = regexp.MustCompile(sentenceBreak)

// bySentence asks the sentences of a text that says nothing as a whole, since
// what surrounds the one that matters may be about something else. Each
// technique has the score of the sentence that speaks of it best.
func (m *Model) bySentence(ctx context.Context, f *fitted, text string) ([]Match, error) {
	sentences := sentenceEnd.Split(text, maxSentences+1)
	sentences = sentences[:min(len(sentences), maxSentences)]
	if len(sentences) < 2 {
		return nil, nil
	}
	found := map[string]Match{}
	for _, s := range sentences {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(strings.Fields(s)) < leastWords {
			continue
		}
		values, likeness, words, err := f.values(ctx, s, m.embed())
		if err != nil {
			return nil, err
		}
		if values == nil || margin(values) < f.margin {
			continue
		}
		scores := softmax(values[:len(f.corpus.techniques)], f.sharpness)
		for place, class := range best(scores)[:min(perSentence, len(scores))] {
			t := f.corpus.techniques[class]
			score := f.probability(scores[class], place)
			if was, ok := found[t.ID]; !ok || was.Score < score {
				found[t.ID] = Match{ID: t.ID, Name: m.catalog.FullName(t), Score: score, Because: f.reasons(class, words, likeness)}
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ID, b.ID))
	}), nil
}

// values are what the regression says of each class, with the likeness to each
// document; nil for a text that shares nothing with any.
func (f *fitted) values(ctx context.Context, text string, embed embedding) (values, likeness []float64, words []string, err error) {
	words, readable := f.masks.masked(text)
	v := f.space.vector(features(words, nil))
	if len(v) == 0 {
		return nil, nil, nil, nil
	}
	var meaning []float32
	if embed != nil {
		ms, err := deeds(ctx, embed, []string{readable})
		if err != nil {
			return nil, nil, nil, err
		}
		meaning = ms[0]
	}
	likeness = make([]float64, len(f.corpus.documents))
	f.likeness(v, meaning, likeness, len(likeness))
	values = slices.Clone(f.intercept)
	for i, l := range likeness {
		if l == 0 {
			continue
		}
		for class, c := range f.coefficients[i] {
			values[class] += l * c
		}
	}
	return values, likeness, words, ctx.Err()
}

// mostReasons is how many reasons a match has at most.
const mostReasons = 3

// reasons are the texts of a technique that add most to it.
func (f *fitted) reasons(class int, words []string, likeness []float64) []Reason {
	type part struct {
		document int
		adds     float64
	}
	var parts []part
	for i, d := range f.corpus.documents {
		if adds := likeness[i] * f.coefficients[i][class]; d.class == class && adds > 0 {
			parts = append(parts, part{i, adds})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.adds, a.adds) })
	surface := map[feature]string{}
	v := f.space.vector(features(words, surface))
	reasons := []Reason{}
	for i, p := range parts {
		if len(reasons) == mostReasons {
			break
		}
		d := f.corpus.documents[p.document]
		known, _ := f.masks.masked(d.text)
		r := Reason{Kind: d.kind, Words: f.shared(v, f.space.vector(features(known, nil)), surface)}
		if len(r.Words) == 0 && i > 0 {
			continue // parts of words, or a meaning, say little to people
		}
		if d.source != nil {
			r.Source, r.Link = d.source.Common().ID+" "+d.source.Common().Name, d.link.STIXID
		}
		reasons = append(reasons, r)
	}
	return reasons
}

// shared are the weightiest words that two texts share.
func (f *fitted) shared(a, b vector, surface map[feature]string) []string {
	type word struct {
		text   string
		weight float64
	}
	var both []word
	for _, c := range b {
		name := f.space.names[c.feature]
		if name[0] != 'w' {
			continue
		}
		if i, ok := slices.BinarySearchFunc(a, c.feature, func(x component, f int32) int { return cmp.Compare(x.feature, f) }); ok {
			both = append(both, word{surface[name], a[i].value * c.value})
		}
	}
	slices.SortStableFunc(both, func(a, b word) int { return cmp.Compare(b.weight, a.weight) })
	var out []string
	for _, w := range both[:min(5, len(both))] {
		out = append(out, w.text)
	}
	return out
}

// ids are what may be the ID of a technique, also in the address of its page.
var ids = regexp.MustCompile(`(?i)\bT[0-9]{4}(?:[./][0-9]{3})?\b`)

// naming is a technique whose ID is in a text, and how.
type naming struct {
	technique *mitre.Technique
	as        string
}

// named finds the techniques whose IDs are in a text, in the order there.
func (m *Model) named(text string) []naming {
	var out []naming
	for _, as := range ids.FindAllString(text, -1) {
		r, err := m.catalog.Resolve(strings.ReplaceAll(as, "/", "."))
		if err != nil {
			continue
		}
		t, ok := r.Object.(*mitre.Technique)
		if ok && t.Live() && !slices.ContainsFunc(out, func(n naming) bool { return n.technique == t }) {
			if !strings.EqualFold(strings.ReplaceAll(as, "/", "."), t.ID) {
				as += ", now " + t.ID
			}
			out = append(out, naming{t, as})
		}
	}
	return out
}

// without returns what a release teaches that lacks some sources.
func (m *Model) without(ctx context.Context, names []string) (*fitted, error) {
	left := map[string]bool{}
	for _, name := range names {
		found := false
		for _, a := range m.all.corpus.actors {
			p := a.Common()
			if sameName(name, p.ID) || name == p.STIXID || sameName(name, p.Name) || slices.ContainsFunc(p.Aliases, func(s string) bool { return sameName(name, s) }) {
				left[p.STIXID], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("exclude %q: %w", name, ErrUnknown)
		}
	}
	if len(left) == 0 {
		return m.all, nil
	}
	var sorted []string
	for id := range left {
		sorted = append(sorted, id)
	}
	slices.Sort(sorted)
	key := strings.Join(sorted, " ")
	select { // making two at once would not be faster
	case m.gate <- struct{}{}:
		defer func() { <-m.gate }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if i := slices.IndexFunc(m.left, func(l leftOut) bool { return l.key == key }); i >= 0 {
		l := m.left[i]
		m.left = append(slices.Delete(m.left, i, i+1), l)
		return l.fitted, nil
	}
	f, err := fit(ctx, m.all.corpus.without(left), m.options.Settings, m.embed())
	if err != nil {
		return nil, err
	}
	if len(m.left) == keptModels {
		m.left = slices.Delete(m.left, 0, 1)
	}
	m.left = append(m.left, leftOut{key, f})
	return f, nil
}

func sameName(a, b string) bool {
	return b != "" && strings.EqualFold(strings.TrimSpace(a), b)
}

// LeaveOut returns, for each procedure example but those of the excluded
// sources, what the model says of it without its source, in the order of
// technique and relationship. How rare words are it knows of all.
func (m *Model) LeaveOut(ctx context.Context, exclude []string) ([]Held, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	f, err := m.without(ctx, exclude)
	if err != nil {
		return nil, err
	}
	var out []Held
	for _, h := range f.held {
		if h.Technique != nil {
			out = append(out, h)
		}
	}
	return out, nil
}

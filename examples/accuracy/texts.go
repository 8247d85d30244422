package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

// textReport is how well techniques are found in texts.
type textReport struct {
	Data    string `json:"data"`
	Split   string `json:"split"`
	Texts   int    `json:"n"`
	Sources int    `json:"sources"`
	Classes int    `json:"classes"`  // techniques that can be answered
	Right   int    `json:"answers"`  // techniques that are the right answer of some text
	Embed   string `json:"embedder"` // empty without
	// Nested is measured with settings that were chosen without the source;
	// Default with those that a model has that is not told any.
	Nested  measured `json:"nested"`
	Default measured `json:"default"`
	// Embedded is measured with a model of the embedded facts, which learns from
	// none of these texts; nil for the releases of another domain.
	Embedded *measured        `json:"embedded,omitempty"`
	Chosen   []choice         `json:"chosen"`
	Tactics  []tacticMeasured `json:"tactics"` // of Nested
	Other    otherMeasured    `json:"other"`
	// OtherEmbedded is what the model of Embedded makes of the same sentences.
	OtherEmbedded *otherMeasured `json:"other_embedded,omitempty"`
}

type measured struct {
	R1  interval `json:"r_at_1"`
	R3  interval `json:"r_at_3"`
	R5  interval `json:"r_at_5"`
	R10 interval `json:"r_at_10"`
	MRR interval `json:"mrr"`
	ECE float64  `json:"calibration_error"`
	// Chance is the calibration error that as few texts show, on average, of
	// scores that are honest.
	Chance float64 `json:"calibration_error_by_chance"`
	Lost   int     `json:"lost"` // texts that got no technique; a miss in all of the above
	Brier  float64 `json:"brier"`
}

// interval is a figure with its 95 % confidence interval.
type interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func (i interval) String() string { return fmt.Sprintf("%.3f (%.3f-%.3f)", i.Value, i.Low, i.High) }

type choice struct {
	Settings identify.Settings `json:"settings"`
	Sources  int               `json:"sources"` // for how many it was chosen
}

type tacticMeasured struct {
	Tactic string  `json:"tactic"`
	Texts  int     `json:"n"`
	R1     float64 `json:"r_at_1"`
	R5     float64 `json:"r_at_5"`
	MRR    float64 `json:"mrr"`
}

type otherMeasured struct {
	Sentences int `json:"n"`
	Rejected  int `json:"rejected"`
}

// example is a procedure example whose answer is known.
type example struct {
	text   string // masked
	source mitre.Object
	right  *mitre.Technique
}

// answered is what a model said of an example.
type answered struct {
	example
	rank  int     // of the right technique; 0 when it was not given
	score float64 // of the first technique
	none  bool
}

//go:embed other.json
var otherJSON []byte

func texts(ctx context.Context, in input) (report, error) {
	examples, sources := procedures(in.catalog)
	if len(examples) == 0 {
		return nil, fmt.Errorf("%s has no procedure examples", in.catalog.Info())
	}
	r := &textReport{
		Data: in.catalog.Info().String() + ", descriptions of what groups, software and campaigns use",
		Split: "each source left out whole, with its texts and names, for its own texts; settings chosen " +
			"for each source by the mean reciprocal rank on the texts of all others, each of them with its own source left out too",
		Texts: len(examples), Sources: len(sources),
	}
	right := map[string]bool{}
	for _, e := range examples {
		right[e.right.ID] = true
	}
	r.Right = len(right)
	for range mitre.Live[*mitre.Technique](in.catalog) {
		r.Classes++
	}
	if in.embedder != nil {
		r.Embed = in.embedder.Name()
	}
	settings := identify.Candidates()
	if in.embedder == nil { // the share of embeddings says nothing
		settings = slices.DeleteFunc(settings, func(s identify.Settings) bool {
			return s.Embedding != identify.DefaultSettings.Embedding
		})
	}
	models := make([]*identify.Model, len(settings))
	for i, s := range settings {
		var err error
		if models[i], err = identify.New(ctx, in.catalog, identify.Options{Embedder: in.embedder, Settings: s}); err != nil {
			return nil, err
		}
	}
	usual := slices.Index(settings, identify.DefaultSettings)
	var nested, plain []answered
	chosen := make([]int, len(settings))
	for _, s := range sources {
		best, top := 0, -1.0
		for i, m := range models {
			held, err := m.LeaveOut(ctx, []string{s.Common().STIXID})
			if err != nil {
				return nil, err
			}
			sum := 0.0
			for _, h := range held {
				sum += 1 / float64(h.Rank)
			}
			if sum > top+1e-9 {
				best, top = i, sum
			}
		}
		chosen[best]++
		for _, e := range examples {
			if e.source != s {
				continue
			}
			for _, to := range []struct {
				model int
				out   *[]answered
			}{{best, &nested}, {usual, &plain}} {
				a, err := ask(ctx, models[to.model], e, []string{s.Common().STIXID}, r.Classes)
				if err != nil {
					return nil, err
				}
				*to.out = append(*to.out, a)
			}
		}
	}
	r.Nested, r.Default = measure(nested), measure(plain)
	for i, n := range chosen {
		if n > 0 {
			r.Chosen = append(r.Chosen, choice{settings[i], n})
		}
	}
	slices.SortStableFunc(r.Chosen, func(a, b choice) int { return cmp.Compare(b.Sources, a.Sources) })
	for t := range in.catalog.Tactics() {
		var of []answered
		for _, a := range nested {
			if slices.Contains(a.right.Tactics, t.Shortname) {
				of = append(of, a)
			}
		}
		if len(of) > 0 {
			r.Tactics = append(r.Tactics, tacticMeasured{t.Name, len(of), mean(of, within(1)), mean(of, within(5)), mean(of, reciprocal)})
		}
	}
	var others []string
	err := json.Unmarshal(otherJSON, &others)
	if err != nil {
		return nil, err
	}
	if r.Other, err = onOthers(ctx, models[usual], others); err != nil {
		return nil, err
	}
	return r, r.embedded(ctx, in, examples, others)
}

// onOthers counts the sentences on something else that a model turns away.
func onOthers(ctx context.Context, m *identify.Model, sentences []string) (out otherMeasured, err error) {
	for _, s := range sentences {
		found, err := m.Identify(ctx, s, identify.Query{Top: 1})
		if err != nil {
			return out, err
		}
		out.Sentences++
		if len(found) == 0 {
			out.Rejected++
		}
	}
	return out, nil
}

// embedded measures what is said by those who have no official release.
func (r *textReport) embedded(ctx context.Context, in input, examples []example, others []string) error {
	facts, err := mitre.Embedded()
	if err != nil || facts.Info().Domain != in.catalog.Info().Domain {
		return err
	}
	m, err := identify.New(ctx, facts, identify.Options{Embedder: in.embedder})
	if err != nil {
		return err
	}
	var all []answered
	for _, e := range examples {
		a, err := ask(ctx, m, e, nil, r.Classes)
		if err != nil {
			return err
		}
		all = append(all, a)
	}
	of := measure(all)
	turned, err := onOthers(ctx, m, others)
	r.Embedded, r.OtherEmbedded = &of, &turned
	return err
}

// procedures are the examples of a release and their sources, both ordered.
func procedures(c *mitre.Catalog) ([]example, []mitre.Object) {
	var examples []example
	var sources []mitre.Object
	for t := range mitre.Live[*mitre.Technique](c) {
		for r := range c.To(t, mitre.Uses) {
			if r.Live() && strings.TrimSpace(r.Description) != "" {
				examples = append(examples, example{masked(r.Description, r.Source), r.Source, t})
				if !slices.Contains(sources, r.Source) {
					sources = append(sources, r.Source)
				}
			}
		}
	}
	slices.SortFunc(sources, func(a, b mitre.Object) int {
		return cmp.Or(cmp.Compare(a.Common().ID, b.Common().ID), cmp.Compare(a.Common().STIXID, b.Common().STIXID))
	})
	return examples, sources
}

// masked is a text without citations, links and its source's names.
func masked(text string, source mitre.Object) string {
	text = identify.Plain(text)
	names := append([]string{source.Common().Name}, source.Common().Aliases...)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, n := range names {
		if utf8.RuneCountInString(n) > 2 {
			text = regexp.MustCompile(`(?i)\b`+regexp.QuoteMeta(n)+`\b`).ReplaceAllLiteralString(text, "the adversary")
		}
	}
	return text
}

func ask(ctx context.Context, m *identify.Model, e example, exclude []string, top int) (answered, error) {
	found, err := m.Identify(ctx, e.text, identify.Query{Top: top, Exclude: exclude})
	if err != nil {
		return answered{}, err
	}
	a := answered{example: e, none: len(found) == 0}
	if !a.none {
		a.score = found[0].Score
		a.rank = 1 + slices.IndexFunc(found, func(m identify.Match) bool { return m.ID == e.right.ID })
	}
	return a, nil
}

func within(k int) func(answered) float64 {
	return func(a answered) float64 {
		if a.rank > 0 && a.rank <= k {
			return 1
		}
		return 0
	}
}

func reciprocal(a answered) float64 {
	if a.rank == 0 {
		return 0
	}
	return 1 / float64(a.rank)
}

func mean(all []answered, f func(answered) float64) float64 {
	sum := 0.0
	for _, a := range all {
		sum += f(a)
	}
	return sum / float64(len(all))
}

func measure(all []answered) measured {
	m := measured{
		R1: bootstrap(all, within(1)), R3: bootstrap(all, within(3)), R5: bootstrap(all, within(5)), R10: bootstrap(all, within(10)),
		MRR: bootstrap(all, reciprocal),
	}
	var given []answered
	for _, a := range all {
		if a.none {
			m.Lost++
		} else {
			given = append(given, a)
		}
	}
	m.ECE, m.Chance = calibrationError(given), chanceError(given)
	m.Brier = mean(given, func(a answered) float64 { return math.Pow(a.score-within(1)(a), 2) })
	return m
}

const (
	resamples = 2000
	bins      = 10
)

// bootstrap draws sources, with all of their texts, since texts of one source
// are alike.
func bootstrap(all []answered, f func(answered) float64) interval {
	groups := map[mitre.Object]int{}
	var sums, counts []float64
	for _, a := range all {
		g, ok := groups[a.source]
		if !ok {
			g = len(sums)
			groups[a.source] = g
			sums, counts = append(sums, 0), append(counts, 0)
		}
		sums[g] += f(a)
		counts[g]++
	}
	random := rand.New(rand.NewPCG(1, 2))
	means := make([]float64, resamples)
	for i := range means {
		sum, n := 0.0, 0.0
		for range sums {
			g := random.IntN(len(sums))
			sum, n = sum+sums[g], n+counts[g]
		}
		means[i] = sum / n
	}
	slices.Sort(means)
	return interval{mean(all, f), means[resamples*25/1000], means[resamples*975/1000-1]}
}

// calibrationError is the mean distance of the first technique's score from how
// often it is right, in ten bins of equal count by score.
func calibrationError(all []answered) float64 {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b answered) int { return cmp.Compare(a.score, b.score) })
	sum := 0.0
	for b := range bins {
		part := all[len(all)*b/bins : len(all)*(b+1)/bins]
		if len(part) > 0 {
			d := mean(part, func(a answered) float64 { return a.score - within(1)(a) })
			sum += math.Abs(d) * float64(len(part)) / float64(len(all))
		}
	}
	return sum
}

// chanceError is the mean calibration error of texts that are right as often as
// their scores say, drawn many times.
func chanceError(all []answered) float64 {
	random := rand.New(rand.NewPCG(3, 4))
	drawn, sum := slices.Clone(all), 0.0
	for range resamples {
		for i := range drawn {
			drawn[i].rank = 2
			if random.Float64() < drawn[i].score {
				drawn[i].rank = 1
			}
		}
		sum += calibrationError(drawn)
	}
	return sum / resamples
}

func (r *textReport) writeText(w io.Writer) {
	fmt.Fprintf(w, "TEXTS  procedure examples to techniques\ndata   %s\nsplit  %s\nn      %d texts of %d sources; %d techniques to choose from, %d of them right at least once\n",
		r.Data, r.Split, r.Texts, r.Sources, r.Classes, r.Right)
	embed := "no model"
	if r.Embed != "" {
		embed = r.Embed
	}
	fmt.Fprintf(w, "by     %s\n\n%-18s%-20s%-20s", embed, "", "NESTED SETTINGS", "DEFAULT SETTINGS")
	columns := []measured{r.Nested, r.Default}
	if r.Embedded != nil {
		columns = append(columns, *r.Embedded)
		fmt.Fprint(w, "EMBEDDED FACTS")
	}
	for _, line := range []struct {
		name string
		of   func(measured) string
	}{
		{"R@1", func(m measured) string { return m.R1.String() }},
		{"R@3", func(m measured) string { return m.R3.String() }},
		{"R@5", func(m measured) string { return m.R5.String() }},
		{"R@10", func(m measured) string { return m.R10.String() }},
		{"MRR", func(m measured) string { return m.MRR.String() }},
		{"calibration error", func(m measured) string { return fmt.Sprintf("%.3f", m.ECE) }},
		{"  by chance alone", func(m measured) string { return fmt.Sprintf("%.3f", m.Chance) }},
		{"Brier score", func(m measured) string { return fmt.Sprintf("%.3f", m.Brier) }},
		{"lost", func(m measured) string { return share(m.Lost, r.Texts) }},
	} {
		row := fmt.Sprintf("%-18s", line.name)
		for _, m := range columns {
			row += fmt.Sprintf("%-20s", line.of(m))
		}
		fmt.Fprintf(w, "\n%s", strings.TrimRight(row, " "))
	}
	fmt.Fprintln(w)
	fmt.Fprintf(w, "\nA lost text, one that got no technique, is a miss. In brackets: 95 %% confidence, %d times drawn\nby source. Calibration: first technique of the texts that got one, %d bins of equal count; by\nchance alone: what honest scores would show on average with so few texts.\n\nChosen settings:\n", resamples, bins)
	for _, c := range r.Chosen {
		fmt.Fprintf(w, "  for %2d of %d sources: ridge %.2f, procedure %.1f, embedding %.1f\n", c.Sources, r.Sources, c.Settings.Ridge, c.Settings.Procedure, c.Settings.Embedding)
	}
	fmt.Fprintf(w, "\n%-32s%5s%8s%8s%8s\n", "TACTIC", "n", "R@1", "R@5", "MRR")
	for _, t := range r.Tactics {
		fmt.Fprintf(w, "%-32s%5d%8.3f%8.3f%8.3f\n", t.Tactic, t.Texts, t.R1, t.R5, t.MRR)
	}
	fmt.Fprintf(w, "\nSentences on something else: %s got no technique", share(r.Other.Rejected, r.Other.Sentences))
	if r.OtherEmbedded != nil {
		fmt.Fprintf(w, ", and with the embedded facts %s", share(r.OtherEmbedded.Rejected, r.OtherEmbedded.Sentences))
	}
	fmt.Fprint(w, ".\nThey are this project's own, by the same hand as the others that the model learns from, so\nthat those of others may do worse.\n")
}

func share(n, of int) string {
	return fmt.Sprintf("%d of %d (%.1f %%)", n, of, 100*float64(n)/float64(max(of, 1)))
}

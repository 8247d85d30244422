package navigator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/navigator"
)

// full uses every member of format 4.5, and one that it does not define at
// each level.
const full = `{
  "name": "L", "versions": {"attack": "18.1", "navigator": "5.1.0", "layer": "4.5", "x": 1}, "domain": "ics-attack",
  "description": "D <b>", "customDataURL": "https://a.example/b.json", "filters": {"platforms": [], "x": {"deep": [1.50]}}, "sorting": 3,
  "layout": {"layout": "flat", "aggregateFunction": "max", "showID": true, "showName": false, "showAggregateScores": true,
    "countUnscored": true, "expandedSubtechniques": "annotated", "x": null},
  "hideDisabled": true,
  "techniques": [
    {"techniqueID": "T0855", "tactic": "impair-process-control", "score": 0, "color": "#fff", "comment": "c\nd", "enabled": false,
     "metadata": [{"name": "n", "value": "v", "x": 1}, {"divider": true}], "links": [{"label": "l", "url": "https://x.example"}, {"divider": false}],
     "showSubtechniques": true, "x": "é"},
    {"techniqueID": "T0801"}],
  "gradient": {"colors": ["#fff", "#000"], "minValue": -1, "maxValue": 1.5, "x": 1},
  "legendItems": [{"label": "a", "color": "#fff", "x": 1}],
  "showTacticRowBackground": true, "tacticRowBackground": "#123456", "selectTechniquesAcrossTactics": false,
  "selectSubtechniquesWithParent": false, "selectVisibleTechniques": true,
  "metadata": [{"name": "n", "value": ""}], "links": [{"label": "l", "url": "u"}], "x": [{}]}`

func read(t testing.TB, s string) *navigator.Layer {
	t.Helper()
	l, err := navigator.Read(t.Context(), "layer.json", strings.NewReader(s))
	require.NoError(t, err)
	return l
}

func write(t testing.TB, l *navigator.Layer) string {
	t.Helper()
	var b bytes.Buffer
	n, err := l.WriteTo(&b)
	require.NoError(t, err)
	assert.Equal(t, int64(b.Len()), n)
	checkFormat(t, b.Bytes())
	return b.String()
}

func embedded(t testing.TB) *mitre.Catalog {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	return c
}

// checkFormat is what the specification of format 4.5 asks, written down
// apart from the package.
func checkFormat(t testing.TB, b []byte) {
	t.Helper()
	var l struct {
		Name       *string
		Domain     *string
		Versions   struct{ Layer, Navigator string }
		Sorting    int
		Techniques *[]struct {
			TechniqueID *string
			Score       *float64
			Metadata    []map[string]any
			Links       []map[string]any
		}
		Gradient *struct {
			Colors             []string
			MinValue, MaxValue *float64
		}
		LegendItems []struct{ Label, Color *string }
		Layout      *struct{ Layout, AggregateFunction, ExpandedSubtechniques string }
	}
	require.NoError(t, json.Unmarshal(b, &l))
	require.NotNil(t, l.Name)
	require.NotNil(t, l.Domain)
	assert.Equal(t, "4.5", l.Versions.Layer)
	assert.NotEmpty(t, l.Versions.Navigator)
	require.NotNil(t, l.Techniques)
	for _, technique := range *l.Techniques {
		require.NotNil(t, technique.TechniqueID)
		for _, m := range technique.Metadata {
			_, divider := m["divider"]
			_, name := m["name"]
			_, value := m["value"]
			assert.True(t, divider || name && value, m)
		}
		for _, m := range technique.Links {
			_, divider := m["divider"]
			_, label := m["label"]
			_, url := m["url"]
			assert.True(t, divider || label && url, m)
		}
	}
	if l.Gradient != nil {
		require.NotNil(t, l.Gradient.MinValue)
		require.NotNil(t, l.Gradient.MaxValue)
		assert.GreaterOrEqual(t, len(l.Gradient.Colors), 2)
		assert.Less(t, *l.Gradient.MinValue, *l.Gradient.MaxValue)
	}
	for _, i := range l.LegendItems {
		assert.True(t, i.Label != nil && i.Color != nil)
	}
}

// Everything survives, also what the format does not define.
func TestRoundTrip(t *testing.T) {
	l := read(t, full)
	once := write(t, l)
	assert.Equal(t, once, write(t, read(t, once)), "the second writing gives the same bytes")
	assert.Equal(t, l, read(t, once))
	var want, got any
	require.NoError(t, json.Unmarshal([]byte(full), &want))
	require.NoError(t, json.Unmarshal([]byte(once), &got))
	assert.Equal(t, want, got)

	first := l.Techniques[0]
	require.NotNil(t, first.Score)
	assert.Zero(t, *first.Score, "a score of 0 is one")
	assert.Nil(t, l.Techniques[1].Score)
	assert.Nil(t, l.Techniques[1].Enabled, "enabled unless it says otherwise")
	assert.False(t, *first.Enabled)

	asJSON, err := json.Marshal([]*navigator.Layer{l, l})
	require.NoError(t, err)
	var back []*navigator.Layer
	require.NoError(t, json.Unmarshal(asJSON, &back))
	assert.Equal(t, []*navigator.Layer{l, l}, back)
}

func TestOlderFormats(t *testing.T) {
	for name, test := range map[string]struct {
		in     string
		domain string
		layout navigator.Layout
		attack string
	}{
		"3.0":          {`{"version":"3.0","name":"n","domain":"mitre-ics","viewMode":2,"techniques":[{"techniqueID":"T0801","score":1}]}`, "ics-attack", navigator.Layout{Layout: "mini", ShowName: new(false)}, ""},
		"3.1":          {`{"version":3.1,"name":"n","domain":"mitre-enterprise","viewMode":0}`, "enterprise-attack", navigator.Layout{Layout: "side"}, ""},
		"4.0":          {`{"versions":{"attack":"8","navigator":"4.0","layer":"4.0"},"name":"n","domain":"mobile-attack"}`, "mobile-attack", navigator.Layout{}, "8"},
		"4.4":          {`{"versions":{"attack":14,"navigator":"4.8.1","layer":"4.4"},"name":"n","domain":"ics-attack","layout":{"layout":"side"}}`, "ics-attack", navigator.Layout{Layout: "side"}, "14"},
		"no version":   {`{"name":"n","domain":"ics-attack"}`, "ics-attack", navigator.Layout{}, ""},
		"with a BOM":   {"\xef\xbb\xbf" + `{"name":"n","domain":"ics-attack"}`, "ics-attack", navigator.Layout{}, ""},
		"null members": {`{"name":"n","domain":"ics-attack","gradient":null,"techniques":null}`, "ics-attack", navigator.Layout{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := read(t, test.in)
			assert.Equal(t, test.domain, l.Domain)
			assert.Equal(t, test.layout, l.Layout)
			assert.Equal(t, test.attack, l.Versions.Attack)
			out := write(t, l)
			assert.Contains(t, out, `"layer":"4.5"`)
			assert.NotContains(t, out, "viewMode")
		})
	}
}

func TestBadLayers(t *testing.T) {
	with := func(member string) string { return `{"name":"n","domain":"ics-attack",` + member + `}` }
	for in, want := range map[string]string{
		``:                                 "layer.json: not an ATT&CK Navigator layer: empty",
		`[]`:                               "a list, which a []Layer can be read from",
		`7`:                                "not an ATT&CK Navigator layer: a number",
		`{"type":"bundle"}`:                "it has no domain",
		`{"domain":"ics-attack"}`:          "name: missing",
		`{"name":"n","domain":""}`:         "domain: empty",
		"{\n\"name\":":                     "layer.json: line 2, byte 9",
		with(`"versions":{"layer":"4.6"}`): "versions.layer: \"4.6\": not a layer format from 3.0 to 4.5",
		with(`"versions":{"layer":"5"}`):   "versions.layer",
		with(`"version":"2.2"`):            "version: \"2.2\": not a layer format",
		with(`"sorting":4`):                "sorting: 4",
		with(`"techniques":{}`):            "techniques: an object, want a list",
		with(`"techniques":[{"techniqueID":"T1"},{"score":1}]`):                 "techniques[1].techniqueID: missing",
		with(`"techniques":[{"techniqueID":"T1","score":"high"}]`):              "techniques[0].score: a string, want a number",
		with(`"techniques":[{"techniqueID":"T1","score":1e999}]`):               "techniques[0].score: \"1e999\"",
		with(`"techniques":[{"techniqueID":"T1","metadata":[{"name":"x"}]}]`):   "techniques[0].metadata[0].value: missing",
		with(`"gradient":{"colors":["#fff"],"minValue":0,"maxValue":1}`):        "gradient.colors: 1, want at least 2",
		with(`"gradient":{"colors":["#fff","#000"],"minValue":1,"maxValue":1}`): "gradient.maxValue",
		with(`"layout":{"layout":"round"}`):                                     "layout.layout: \"round\"",
		with("\"description\":\"\xff\""):                                        "not UTF-8",
	} {
		l, err := navigator.Read(t.Context(), "layer.json", strings.NewReader(in))
		assert.Nil(t, l)
		assert.ErrorContains(t, err, want, in)
		assert.ErrorContains(t, err, "layer.json: ")
	}
	_, err := navigator.Read(t.Context(), "x", strings.NewReader(with(`"versions":{"layer":"4.6"}`)))
	assert.ErrorIs(t, err, navigator.ErrVersion)
	var field *navigator.FieldError
	require.ErrorAs(t, err, &field)
	assert.Equal(t, "versions.layer", field.Path)
	_, err = navigator.Read(t.Context(), "x", strings.NewReader(strings.Repeat(" ", 64<<20+1)))
	assert.ErrorIs(t, err, navigator.ErrTooLarge)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = navigator.Read(ctx, "x", strings.NewReader(full))
	assert.ErrorIs(t, err, context.Canceled)

	for want, l := range map[string]*navigator.Layer{
		"domain: empty":                 {},
		"techniques[0].score: NaN":      {Domain: "ics-attack", Techniques: []navigator.Technique{{TechniqueID: "T1", Score: new(math.NaN())}}},
		"techniques[0].techniqueID":     {Domain: "ics-attack", Techniques: []navigator.Technique{{}}},
		"description: \"\\xff\" is not": {Domain: "ics-attack", Description: "\xff"},
	} {
		var b bytes.Buffer
		_, err := l.WriteTo(&b)
		assert.ErrorContains(t, err, want)
		assert.Zero(t, b.Len())
	}
	_, err = (*navigator.Layer)(nil).WriteTo(&bytes.Buffer{})
	assert.ErrorIs(t, err, navigator.ErrNotLayer)
}

func TestNew(t *testing.T) {
	c := embedded(t)
	l, err := navigator.New(c, "open", navigator.Technique{TechniqueID: "t1694.002", Score: new(0.8), Comment: "F-1"},
		navigator.Technique{TechniqueID: "T0801", Score: new(0.2)}, navigator.Technique{TechniqueID: "T0859"})
	require.NoError(t, err)
	write(t, l)
	var ids []string
	for _, technique := range l.Techniques {
		ids = append(ids, technique.TechniqueID)
		assert.Equal(t, technique.TechniqueID == "T1694", technique.ShowSubtechniques, "the parent is expanded")
	}
	assert.Equal(t, []string{"T0801", "T0859", "T1694", "T1694.002"}, ids)
	assert.Equal(t, "19.1", l.Versions.Attack)
	assert.Equal(t, 0.0, l.Gradient.MinValue)
	assert.Equal(t, 0.8, l.Gradient.MaxValue)
	assert.Len(t, l.LegendItems, 2)

	bare, err := navigator.New(c, "none")
	require.NoError(t, err)
	assert.Nil(t, bare.Gradient)
	negative, err := navigator.New(c, "n", navigator.Technique{TechniqueID: "T0801", Score: new(-2.0)})
	require.NoError(t, err)
	assert.Less(t, negative.Gradient.MinValue, negative.Gradient.MaxValue)
	write(t, negative)

	for want, techniques := range map[string][]navigator.Technique{
		`no technique "T9999"`:        {{TechniqueID: "T9999"}},
		`no technique "M0801"`:        {{TechniqueID: "M0801"}},
		"T0855 (Unauthorized Command": {{TechniqueID: "T0855"}},
		"is not of the tactic":        {{TechniqueID: "T0801", Tactic: "impact"}},
		"T0801 is annotated twice":    {{TechniqueID: "T0801"}, {TechniqueID: "t0801"}},
		"score of T0801 is +Inf":      {{TechniqueID: "T0801", Score: new(math.Inf(1))}},
	} {
		_, err := navigator.New(c, "x", techniques...)
		assert.ErrorContains(t, err, want)
	}
}

func layer(techniques ...navigator.Technique) *navigator.Layer {
	return &navigator.Layer{Name: "l", Domain: "ics-attack", Versions: navigator.Versions{Attack: "18.1"}, Techniques: techniques}
}

func TestMerge(t *testing.T) {
	a := layer(navigator.Technique{TechniqueID: "T2", Score: new(1.0), Comment: "one", Enabled: new(false), Metadata: []navigator.Metadata{{Name: "n", Value: "v"}}},
		navigator.Technique{TechniqueID: "T1"})
	b := layer(navigator.Technique{TechniqueID: "T2", Score: new(4.0), Comment: "two", Color: "#fff", Metadata: []navigator.Metadata{{Name: "n", Value: "v"}, {Name: "m", Value: "w"}}},
		navigator.Technique{TechniqueID: "T2", Tactic: "impact", Score: new(9.0)})
	before := write(t, a) + write(t, b)
	for how, want := range map[navigator.Aggregate]float64{navigator.Max: 4, navigator.Min: 1, navigator.Sum: 5, navigator.Average: 2.5, "": 2.5} {
		l, err := navigator.Merge(how, a, b)
		require.NoError(t, err)
		require.Len(t, l.Techniques, 3)
		assert.Equal(t, "T1", l.Techniques[0].TechniqueID)
		assert.Nil(t, l.Techniques[0].Score)
		both := l.Techniques[1]
		assert.InDelta(t, want, *both.Score, 1e-12)
		assert.Equal(t, "one\ntwo", both.Comment)
		assert.Equal(t, "#fff", both.Color)
		assert.True(t, *both.Enabled)
		assert.Equal(t, []navigator.Metadata{{Name: "n", Value: "v"}, {Name: "m", Value: "w"}}, both.Metadata)
		assert.Equal(t, 9.0, *l.Techniques[2].Score, "another tactic is another annotation")
		again, err := navigator.Merge(how, l)
		require.NoError(t, err)
		assert.Equal(t, l, again)
	}
	assert.Equal(t, before, write(t, a)+write(t, b), "the layers are as they were")

	other, old := layer(), layer()
	other.Domain = "mobile-attack"
	old.Versions.Attack = "17.1"
	for want, layers := range map[string][]*navigator.Layer{
		"layer 1 is of mobile-attack, layer 0 of ics-attack": {a, other},
		"layer 1 is of ATT&CK 17.1, layer 0 of 18.1":         {a, old},
	} {
		_, err := navigator.Merge(navigator.Max, layers...)
		assert.ErrorIs(t, err, navigator.ErrMismatch)
		assert.ErrorContains(t, err, want)
	}
	_, err := navigator.Merge(navigator.Max)
	assert.ErrorContains(t, err, "no layer")
	_, err = navigator.Merge(navigator.Max, a, nil)
	assert.ErrorContains(t, err, "layer 1 is nil")
	_, err = navigator.Merge("median", a)
	assert.ErrorContains(t, err, `"median"`)
	anyRelease := layer()
	anyRelease.Versions.Attack = ""
	l, err := navigator.Merge(navigator.Max, anyRelease, a)
	require.NoError(t, err)
	assert.Equal(t, "18.1", l.Versions.Attack)
}

func TestUpgrade(t *testing.T) {
	c := embedded(t)
	l := layer(
		navigator.Technique{TechniqueID: "T0855", Tactic: "impair-process-control", Score: new(3.0), Comment: "old"},
		navigator.Technique{TechniqueID: "T1692.001", Tactic: "impair-process-control", Score: new(2.0), Comment: "new"},
		navigator.Technique{TechniqueID: "T0857", Score: new(1.0)},
		navigator.Technique{TechniqueID: "T0891"},
		navigator.Technique{TechniqueID: "T0801", Score: new(1.0)},
		navigator.Technique{TechniqueID: "T0801", Tactic: "impact"},
		navigator.Technique{TechniqueID: "T9999"},
		navigator.Technique{TechniqueID: "T0875"},
	)
	before := write(t, l)
	up, moves, err := navigator.Upgrade(l, c)
	require.NoError(t, err)
	write(t, up)
	assert.Equal(t, before, write(t, l), "the layer is as it was")
	assert.Equal(t, "19.1", up.Versions.Attack)
	got := map[string]*float64{}
	for _, technique := range up.Techniques {
		got[technique.TechniqueID+" "+technique.Tactic] = technique.Score
	}
	for _, want := range []string{"T1692.001 impair-process-control", "T1693.001 ", "T1694.002 ", "T0801 ", "T0801 collection", "T9999 ", "T0875 ", "T1692 ", "T1693 ", "T1694 "} {
		assert.Contains(t, got, want)
	}
	assert.Len(t, got, 10)
	assert.Equal(t, 3.0, *got["T1692.001 impair-process-control"], "joined by the higher score")
	var report []string
	for _, m := range moves {
		report = append(report, m.String())
	}
	assert.Equal(t, []string{
		"T0855 in impair-process-control -> T1692.001 in impair-process-control: revoked by T1692.001 (Unauthorized Message: Command Message)",
		"T0857 -> T1693.001: revoked by T1693.001 (Modify Firmware: System Firmware)",
		"T0891 -> T1694.002: revoked by T1694.002 (Insecure Credentials: Hardcoded Credentials)",
		"T0801 in impact -> T0801 in collection: T0801 is not of the tactic impact",
		"T9999 stays: not in ATT&CK ics-attack 19.1",
		"T0875 stays: deprecated in ATT&CK ics-attack 19.1",
	}, report)

	again, moves, err := navigator.Upgrade(up, c)
	require.NoError(t, err)
	assert.Len(t, moves, 2, "only what can't move is reported again")
	assert.Equal(t, up, again)
	other := layer()
	other.Domain = "enterprise-attack"
	_, _, err = navigator.Upgrade(other, c)
	assert.ErrorIs(t, err, navigator.ErrMismatch)
	_, _, err = navigator.Upgrade(nil, c)
	assert.ErrorContains(t, err, "nil")
	_, _, err = navigator.Upgrade(l, nil)
	assert.ErrorContains(t, err, "nil")
	_, err = navigator.New(nil, "x")
	assert.ErrorContains(t, err, "nil")
	_, err = navigator.Read(t.Context(), "x", nil)
	assert.ErrorIs(t, err, navigator.ErrNotLayer)
}

// An average is exact where it can be: of whole numbers that are equal, and
// where the sum of all has no finite value.
func TestMergeAverage(t *testing.T) {
	for n := 1; n <= 100; n++ {
		for _, score := range []float64{1, 7, 100, 0.1} {
			var layers []*navigator.Layer
			for range n {
				layers = append(layers, layer(navigator.Technique{TechniqueID: "T1", Score: new(score)}))
			}
			l, err := navigator.Merge(navigator.Average, layers...)
			require.NoError(t, err)
			if score == 0.1 {
				assert.InDelta(t, score, *l.Techniques[0].Score, 1e-15)
				continue
			}
			require.Equal(t, score, *l.Techniques[0].Score, "%d layers", n) //nolint:testifylint // exactly
		}
	}
	large := layer(navigator.Technique{TechniqueID: "T1", Score: new(1.5e308)})
	l, err := navigator.Merge(navigator.Average, large, large)
	require.NoError(t, err)
	assert.InEpsilon(t, 1.5e308, *l.Techniques[0].Score, 1e-12)
}

// What New and Merge return can be written.
func TestMakeOnlyWhatCanBeWritten(t *testing.T) {
	c := embedded(t)
	for _, score := range []float64{-1e300, 1e300, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 0} {
		l, err := navigator.New(c, "n", navigator.Technique{TechniqueID: "T0801", Score: new(score)})
		require.NoError(t, err)
		write(t, l)
	}
	_, err := navigator.New(c, "\xff")
	assert.ErrorContains(t, err, "navigator: name: ")
	_, err = navigator.New(new(mitre.Catalog), "n")
	assert.ErrorContains(t, err, "navigator: domain: empty")

	large := layer(navigator.Technique{TechniqueID: "T1", Score: new(1.7e308)})
	_, err = navigator.Merge(navigator.Sum, large, large)
	assert.ErrorContains(t, err, "navigator: techniques[0].score: +Inf, want a finite number")
	_, err = navigator.Merge(navigator.Average, layer(navigator.Technique{TechniqueID: "T1", Score: new(math.NaN())}))
	assert.ErrorContains(t, err, "NaN")
}

// Which releases go together does not depend on the order.
func TestMergeReleases(t *testing.T) {
	of := func(release string) *navigator.Layer {
		l := layer()
		l.Versions.Attack = release
		return l
	}
	for _, order := range [][]string{{"19", "19.1", "19.2"}, {"19.1", "19", "19.2"}, {"19.2", "19.1", "19"}, {"", "19", "19.1", "19.2"}, {"19.1", "", "19.2"}} {
		var layers []*navigator.Layer
		for _, release := range order {
			layers = append(layers, of(release))
		}
		_, err := navigator.Merge(navigator.Max, layers...)
		assert.ErrorIs(t, err, navigator.ErrMismatch, order)
	}
	l, err := navigator.Merge(navigator.Max, of("19"), of(""), of("19.1"), of("19"))
	require.NoError(t, err)
	assert.Equal(t, "19.1", l.Versions.Attack)
}

// Within a layer the last annotation counts, also before it is merged; what
// is said for one tactic counts before what is said for all.
func TestMergeWithinALayer(t *testing.T) {
	l, err := navigator.Merge(navigator.Max, layer(
		navigator.Technique{TechniqueID: "T1", Score: new(9.0), Comment: "first"},
		navigator.Technique{TechniqueID: "T1", Score: new(1.0), Comment: "last"},
	), layer(navigator.Technique{TechniqueID: "T1", Tactic: "impact"}))
	require.NoError(t, err)
	require.Len(t, l.Techniques, 2)
	assert.InDelta(t, 1.0, *l.Techniques[0].Score, 0)
	assert.Equal(t, "last", l.Techniques[0].Comment)
	assert.Equal(t, "impact", l.Techniques[1].Tactic)

	var layers []*navigator.Layer
	for _, comment := range []string{"a\nb", "c", "a\nb", "b"} {
		layers = append(layers, layer(navigator.Technique{TechniqueID: "T1", Comment: comment}))
	}
	l, err = navigator.Merge(navigator.Max, layers...)
	require.NoError(t, err)
	assert.Equal(t, "a\nb\nc", l.Techniques[0].Comment)

	same, other := layer(), layer()
	same.Gradient = &navigator.Gradient{Colors: []string{"#FF6666ff", "#ffe766ff", "#8ec843ff"}, MaxValue: 100}
	other.Gradient = &navigator.Gradient{Colors: []string{"#ff6666", "#ffe766", "#8ec843"}, MaxValue: 99}
	l, err = navigator.Merge(navigator.Max, same, layer())
	require.NoError(t, err)
	assert.Equal(t, same.Gradient, l.Gradient, "a layer without a gradient has this one")
	l, err = navigator.Merge(navigator.Max, same, other)
	require.NoError(t, err)
	assert.Nil(t, l.Gradient)
}

// Only what moves, and what it meets, changes.
func TestUpgradeLeavesTheRest(t *testing.T) {
	c := embedded(t)
	still := []navigator.Technique{
		{TechniqueID: "T0802", Score: new(9.0), Color: "#f00"},
		{TechniqueID: "T0802", Score: new(1.0), Color: "#0f0"},
		{TechniqueID: "T0801", Tactic: "collection", Score: new(1.0)},
		{TechniqueID: "T0801", Score: new(5.0)},
	}
	up, moves, err := navigator.Upgrade(layer(still...), c)
	require.NoError(t, err)
	assert.Empty(t, moves)
	assert.Equal(t, still, up.Techniques)

	up, moves, err = navigator.Upgrade(layer(append(still[:len(still):len(still)], navigator.Technique{TechniqueID: "T0855", Score: new(3.0)})...), c)
	require.NoError(t, err)
	assert.Len(t, moves, 1)
	require.Len(t, up.Techniques, 6)
	assert.Equal(t, still, up.Techniques[:4])
	assert.Equal(t, "T1692.001", up.Techniques[4].TechniqueID)
	assert.Equal(t, navigator.Technique{TechniqueID: "T1692", ShowSubtechniques: true}, up.Techniques[5])

	// Of each that meet, the one that counted before.
	up, _, err = navigator.Upgrade(layer(
		navigator.Technique{TechniqueID: "T1692.001", Score: new(8.0)},
		navigator.Technique{TechniqueID: "T0802"},
		navigator.Technique{TechniqueID: "T0855", Score: new(9.0)},
		navigator.Technique{TechniqueID: "T1692.001", Score: new(2.0)},
		navigator.Technique{TechniqueID: "T0855", Score: new(1.0)},
	), c)
	require.NoError(t, err)
	require.Len(t, up.Techniques, 3)
	assert.Equal(t, "T1692.001", up.Techniques[0].TechniqueID)
	assert.InDelta(t, 2.0, *up.Techniques[0].Score, 0)

	_, moves, err = navigator.Upgrade(layer(navigator.Technique{TechniqueID: " t0802"}), c)
	require.NoError(t, err)
	require.Len(t, moves, 1)
	assert.Equal(t, " t0802 -> T0802: the same in ATT&CK's form", moves[0].String())

	for release, ok := range map[string]bool{"19": true, "19.1": true, "v19.1": true, "": true, "own": true, "19.2": false, "20": false} {
		l := layer()
		l.Versions.Attack = release
		_, _, err = navigator.Upgrade(l, c)
		assert.Equal(t, ok, !errors.Is(err, navigator.ErrMismatch), release)
	}
}

func TestNil(t *testing.T) {
	var none *navigator.Layer
	assert.ErrorIs(t, none.UnmarshalJSON([]byte(full)), navigator.ErrNotLayer)
	_, err := none.WriteTo(&bytes.Buffer{})
	assert.ErrorIs(t, err, navigator.ErrNotLayer)
	_, err = layer().WriteTo(nil)
	assert.Error(t, err)
	assert.Equal(t, "x: <nil>", (&navigator.FieldError{Path: "x"}).Error())
	_, err = navigator.Read(nil, "x", strings.NewReader(full)) //nolint:staticcheck // what a caller leaves out
	assert.NoError(t, err)
	layers := []navigator.Layer{{Name: "kept"}}
	assert.NoError(t, json.Unmarshal([]byte("[null]"), &layers))
	assert.Equal(t, "kept", layers[0].Name)
}

// Any layer that can be written is read as the same.
func TestRandomRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	word := func() string {
		return []string{"", "a", "<script>", "\u202e", "\x00", "é\n", `"\`, strings.Repeat("x", 300)}[r.IntN(8)]
	}
	for range 300 {
		l := &navigator.Layer{Name: word(), Domain: "d" + word(), Description: word(), Sorting: r.IntN(4), HideDisabled: r.IntN(2) == 0}
		l.Versions = navigator.Versions{Attack: word(), Navigator: "5.0.1"}
		for range r.IntN(4) {
			technique := navigator.Technique{TechniqueID: "T" + word(), Tactic: word(), Comment: word()}
			if r.IntN(2) == 0 {
				technique.Score = new(r.NormFloat64() * 1e6)
			}
			if r.IntN(2) == 0 {
				technique.Enabled = new(r.IntN(2) == 0)
			}
			for range r.IntN(3) {
				technique.Metadata = append(technique.Metadata, navigator.Metadata{Name: word(), Value: word()})
				technique.Links = append(technique.Links, navigator.Link{Divider: new(r.IntN(2) == 0)})
			}
			l.Techniques = append(l.Techniques, technique)
		}
		once := write(t, l)
		back := read(t, once)
		assert.Equal(t, l, back)
		assert.Equal(t, once, write(t, back))
	}
}

func FuzzLayer(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(`{"version":"3.0","name":"n","domain":"mitre-ics","viewMode":2,"techniques":[{"techniqueID":"T0855","score":1,"enabled":null}]}`))
	f.Add([]byte(`{"name":"","domain":"ics-attack","techniques":[{"techniqueID":"T0855"},{"techniqueID":"T1692.001","tactic":"impact"}]}`))
	c, err := mitre.Embedded()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := navigator.Read(t.Context(), "fuzz", bytes.NewReader(b))
		if err != nil {
			assert.Nil(t, l)
			assert.True(t, strings.HasPrefix(err.Error(), "fuzz: "), err)
			return
		}
		// Not checkFormat: its decoder takes an unknown "techniquEs" for the
		// format's member.
		write := func(l *navigator.Layer) string {
			var b bytes.Buffer
			_, err := l.WriteTo(&b)
			require.NoError(t, err)
			return b.String()
		}
		once := write(l)
		assert.Equal(t, once, write(read(t, once)))
		up, _, err := navigator.Upgrade(l, c)
		if err != nil {
			assert.True(t, errors.Is(err, navigator.ErrMismatch))
			return
		}
		write(up)
		merged, err := navigator.Merge(navigator.Sum, up, up)
		if err != nil {
			assert.ErrorContains(t, err, "want a finite number", "a sum may overflow")
			return
		}
		write(merged)
	})
}

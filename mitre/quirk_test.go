package mitre_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

// What official releases do that a reader does not expect.

func TestQuirkRevokedAndDeprecated(t *testing.T) {
	c := official(t, "ics-attack-19.1.json.gz")
	old, ok := mitre.Find[*mitre.Technique](c, "T0855")
	require.True(t, ok)
	assert.True(t, old.Revoked)
	assert.NotContains(t, slices.Collect(mitre.Live[*mitre.Technique](c)), old)
	r, err := c.Resolve("t0855")
	require.NoError(t, err)
	assert.Equal(t, "T1692.001", r.Object.Common().ID)
	assert.Equal(t, []mitre.Object{old}, r.Followed)

	withdrawn, ok := mitre.Find[*mitre.Technique](c, "T0875")
	require.True(t, ok)
	assert.True(t, withdrawn.Deprecated)
	assert.NotContains(t, slices.Collect(mitre.Live[*mitre.Technique](c)), withdrawn)
	r, err = c.Resolve("T0875")
	require.NoError(t, err, "a deprecated object stands for itself")
	assert.Equal(t, mitre.Object(withdrawn), r.Object)
	assert.Nil(t, r.Followed)
}

func TestQuirkSubtechniques(t *testing.T) {
	for file, want := range map[string]int{"ics-attack-18.1.json.gz": 0, "ics-attack-19.1.json.gz": 18} {
		c := official(t, file)
		links, flags := 0, 0
		for technique := range mitre.All[*mitre.Technique](c) {
			if technique.IsSubtechnique {
				flags++
			}
			for parent := range mitre.Outgoing[*mitre.Technique](c, technique, mitre.SubtechniqueOf) {
				assert.True(t, strings.HasPrefix(technique.ID, parent.ID+"."))
				links++
			}
		}
		assert.Equal(t, want, flags, file)
		assert.Equal(t, want, links, file)
	}
}

func TestQuirkPlatformNone(t *testing.T) {
	c := official(t, "ics-attack-19.1.json.gz")
	for o := range mitre.All[mitre.Object](c) {
		assert.NotContains(t, o.Common().Platforms, "None", o.Common().ID)
	}
	assert.Empty(t, slices.Collect(mitre.Where(mitre.All[*mitre.Technique](c), mitre.OnPlatform("none"))))
}

// Release 16.1 lists mitigations of Enterprise beside its own, under the
// same names.
func TestQuirkEnterpriseMitigations(t *testing.T) {
	for file, want := range map[string]int{"ics-attack-16.1.json.gz": 33, "ics-attack-17.1.json.gz": 0} {
		c := official(t, file)
		foreign := 0
		for m := range mitre.Live[*mitre.Mitigation](c) {
			if strings.HasPrefix(m.ID, "M1") {
				foreign++
			}
		}
		assert.Equal(t, want, foreign, file)
	}
	c := official(t, "ics-attack-16.1.json.gz")
	var ids []string
	for m := range mitre.Named[*mitre.Mitigation](c, "network segmentation") {
		if m.Live() {
			ids = append(ids, m.ID)
		}
	}
	assert.Equal(t, []string{"M0930", "M1030"}, ids, "a name may repeat")
}

// Data components detect before release 18; detection strategies do so since,
// by analytics that read data components.
func TestQuirkDetection(t *testing.T) {
	before, since := official(t, "ics-attack-17.1.json.gz"), official(t, "ics-attack-18.1.json.gz")
	technique, _ := mitre.Find[*mitre.Technique](before, "T0843")
	var components, sources []string
	for d := range mitre.Incoming[*mitre.DataComponent](before, technique, mitre.Detects) {
		components = append(components, d.Name)
		for s := range mitre.Outgoing[*mitre.DataSource](before, d, mitre.InDataSource) {
			sources = append(sources, s.Name)
		}
	}
	assert.NotEmpty(t, components)
	assert.Len(t, sources, len(components))
	assert.Empty(t, slices.Collect(mitre.All[*mitre.DetectionStrategy](before)))

	technique, _ = mitre.Find[*mitre.Technique](since, "T0843")
	assert.Empty(t, slices.Collect(since.To(technique, mitre.Detects))[1:], "one strategy")
	n := 0
	for strategy := range mitre.Incoming[*mitre.DetectionStrategy](since, technique, mitre.Detects) {
		for analytic := range mitre.Outgoing[*mitre.Analytic](since, strategy, mitre.HasAnalytic) {
			for component, r := range mitre.Outgoing[*mitre.DataComponent](since, analytic, mitre.ReadsComponent) {
				assert.Empty(t, r.STIXID, "a link that is a property")
				assert.True(t, slices.ContainsFunc(analytic.LogSources, func(s mitre.LogSource) bool { return s.DataComponentRef == component.STIXID }))
				n++
			}
		}
	}
	assert.Positive(t, n)
}

func TestQuirkSTIX20(t *testing.T) {
	older, newer := official(t, "ics-attack-18.1-stix20.json.gz"), official(t, "ics-attack-18.1.json.gz")
	assert.Empty(t, older.Info().Version, "only the collection object knows it, and STIX 2.0 has none")
	assert.Equal(t, "18.1", newer.Info().Version)
	a, b := slices.Collect(mitre.All[*mitre.Technique](older)), slices.Collect(mitre.All[*mitre.Technique](newer))
	require.Equal(t, len(a), len(b))
	for i := range a {
		assert.Equal(t, a[i].ID, b[i].ID)
		assert.Equal(t, a[i].Description, b[i].Description)
		assert.Equal(t, a[i].Tactics, b[i].Tactics)
		assert.Equal(t, a[i].Modified, b[i].Modified)
	}
	assert.Len(t, slices.Collect(older.Relationships()), len(slices.Collect(newer.Relationships())))
}

// x_mitre_data_sources was a string, a list of strings, and is gone; whatever
// it is, it is no reason to refuse a bundle, and it survives.
func TestQuirkDataSources(t *testing.T) {
	for _, value := range []string{`"Network: Flow"`, `["Network: Flow"]`, `[{"name":"Network"}]`, `null`, `7`, `{}`} {
		c := attackBundle(t, technique("T0001", "N", `,"x_mitre_data_sources":`+value))
		assert.Contains(t, string(written(t, c)), `"x_mitre_data_sources": `+value)
	}
}

// Names are not unique, aliases lead to the same object, whatever the case.
func TestQuirkNames(t *testing.T) {
	c := official(t, "ics-attack-19.1.json.gz")
	var ids []string
	for technique := range mitre.Named[*mitre.Technique](c, "COMMAND MESSAGE") {
		ids = append(ids, technique.ID)
	}
	assert.Equal(t, []string{"T1691.001", "T1692.001"}, ids)
	sub, _ := mitre.Find[*mitre.Technique](c, "T1692.001")
	assert.Equal(t, "Unauthorized Message: Command Message", c.FullName(sub))
	for g := range mitre.Named[*mitre.Group](c, "voodoo bear") {
		assert.Equal(t, "Sandworm Team", g.Name)
		ids = append(ids, g.ID)
	}
	assert.Equal(t, "G0034", ids[len(ids)-1])
}

// Early Enterprise releases gave a mitigation the ID of its technique. Each
// is found as what it is.
func TestQuirkSharedID(t *testing.T) {
	c := attackBundle(t, technique("T1111", "Technique", `,"x_mitre_deprecated":true`),
		`"type":"course-of-action","id":"course-of-action--1","name":"Mitigation","external_references":[{"source_name":"mitre-attack","external_id":"T1111"}]`)
	a, ok := mitre.Find[*mitre.Technique](c, "t1111")
	require.True(t, ok)
	assert.Equal(t, "Technique", a.Name)
	lower := attackBundle(t, technique("t2222", "Technique", ""),
		`"type":"course-of-action","id":"course-of-action--1","name":"Mitigation","external_references":[{"source_name":"mitre-attack","external_id":"T2222"}]`)
	for _, id := range []string{"t2222", "T2222"} {
		_, ok = mitre.Find[*mitre.Mitigation](lower, id)
		assert.True(t, ok, "however the bundle writes it")
		_, ok = mitre.Find[*mitre.Technique](lower, id)
		assert.True(t, ok)
	}
	m, ok := mitre.Find[*mitre.Mitigation](c, "t1111")
	require.True(t, ok)
	assert.Equal(t, "Mitigation", m.Name)
	o, _ := c.Lookup("T1111")
	assert.Equal(t, mitre.Object(m), o, "the live one")
	_, ok = mitre.Find[*mitre.Group](c, "T1111")
	assert.False(t, ok)
}

package mitre_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

// attackBundle makes a bundle of objects, each given by its members without
// the braces.
func attackBundle(t testing.TB, objects ...string) *mitre.Catalog {
	t.Helper()
	c, err := mitre.Read(t.Context(), "test.json", strings.NewReader(`{"type":"bundle","id":"bundle--1","objects":[{`+strings.Join(objects, "},{")+`}]}`))
	require.NoError(t, err)
	return c
}

func technique(id, name, more string) string {
	return `"type":"attack-pattern","id":"attack-pattern--` + id + `","name":"` + name + `","external_references":[{"source_name":"mitre-attack","external_id":"` + id + `"}]` + more
}

func relation(id, kind, source, target string) string {
	return `"type":"relationship","id":"relationship--` + id + `","relationship_type":"` + kind + `","source_ref":"attack-pattern--` + source + `","target_ref":"attack-pattern--` + target + `"`
}

func phases(names ...string) string {
	var out []string
	for _, n := range names {
		out = append(out, `{"kill_chain_name":"mitre-ics-attack","phase_name":"`+n+`"}`)
	}
	return `,"kill_chain_phases":[` + strings.Join(out, ",") + `]`
}

func TestDiff(t *testing.T) {
	older := attackBundle(t,
		technique("T0001", "Same", `,"x_mitre_platforms":["A","B"],"revoked":false`),
		technique("T0002", "Old Name", ""),
		technique("T0003", "Mover", phases("impact", "evasion")),
		technique("T0004", "Goes", ""),
		technique("T0005", "Replaced", ""),
		technique("T0006", "Withdrawn", ""),
		technique("T0007", "Back", `,"x_mitre_deprecated":true`),
		technique("T0008", "Edited", `,"description":"some words","x_mitre_platforms":["A"],"x_unknown":1`),
		technique("T0009", "Touched", `,"modified":"2020-01-01T00:00:00Z","x_mitre_version":"1.0"`),
		technique("T0010", "Dropped", ""),
		relation("1", "likes", "T0001", "T0002"),
		relation("2", "likes", "T0001", "T0004"),
	)
	newer := attackBundle(t,
		technique("T0001", "Same", `,"x_mitre_platforms":["B","A"]`),
		technique("T0002", "New Name", ""),
		technique("T0003", "Mover", phases("impact", "persistence")),
		technique("T0005", "Replaced", `,"revoked":true`),
		technique("T0006", "Withdrawn", `,"x_mitre_deprecated":true`),
		technique("T0007", "Back", ""),
		technique("T0008", "Edited", `,"description":"many other words","x_mitre_platforms":["A","C"],"x_unknown":2`),
		technique("T0009", "Touched", `,"modified":"2024-01-01T00:00:00Z","x_mitre_version":"1.1"`),
		technique("T0010", "Dropped", `,"revoked":true`),
		technique("T0011", "New", ""),
		relation("1", "likes", "T0001", "T0002"),
		relation("3", "likes", "T0002", "T0011"),
		relation("4", "revoked-by", "T0005", "T0011"),
	)
	d, err := mitre.Diff(t.Context(), older, newer)
	require.NoError(t, err)

	got := map[mitre.ChangeKind][]string{}
	for _, kind := range []mitre.ChangeKind{mitre.Added, mitre.Removed, mitre.Revoked, mitre.Deprecated, mitre.Restored, mitre.Renumbered, mitre.Renamed, mitre.Moved, mitre.Edited} {
		for c := range d.Of(kind) {
			got[kind] = append(got[kind], c.Object().Common().ID)
		}
	}
	assert.Equal(t, map[mitre.ChangeKind][]string{
		mitre.Added: {"T0011"}, mitre.Removed: {"T0004"}, mitre.Revoked: {"T0005", "T0010"}, mitre.Deprecated: {"T0006"},
		mitre.Restored: {"T0007"}, mitre.Renamed: {"T0002"}, mitre.Moved: {"T0003"}, mitre.Edited: {"T0008"},
	}, got)
	for c := range d.Of(mitre.Revoked) {
		if c.New.Common().ID == "T0005" {
			require.NotNil(t, c.Successor)
			assert.Equal(t, "T0011", c.Successor.Common().ID)
		} else {
			assert.Nil(t, c.Successor, "no relationship names one")
		}
	}
	for c := range d.Of(mitre.Edited) {
		assert.Equal(t, []mitre.FieldChange{
			{Name: "description", Old: "some words", New: "many other words"},
			{Name: "x_mitre_platforms", Old: []any{"A"}, New: []any{"A", "C"}},
			{Name: "x_unknown", Old: json.Number("1"), New: json.Number("2")},
		}, c.Fields)
	}
	require.Len(t, d.Added, 1)
	assert.Equal(t, "relationship--3", d.Added[0].STIXID)
	require.Len(t, d.Removed, 1)
	assert.Equal(t, "relationship--2", d.Removed[0].STIXID)

	var text bytes.Buffer
	require.NoError(t, d.WriteText(&text))
	for _, line := range []string{
		"added          1 technique\n",
		"revoked        2 techniques\n",
		"renumbered     none\n",
		"links added    1 likes\n",
		"  T0005 Replaced -> T0011 New\n",
		"  T0010 Dropped -> no successor named\n",
		"  T0002 New Name, before Old Name\n",
		"  T0003 Mover: -evasion +persistence\n",
		"  T0008 Edited: description some words -> many other words; x_mitre_platforms +C; x_unknown 1 -> 2\n",
		"  T0001 Same likes T0004 Goes\n",
	} {
		assert.Contains(t, text.String(), line)
	}
	assert.NotContains(t, text.String(), "T0009", "only bookkeeping")

	b, err := json.Marshal(d)
	require.NoError(t, err)
	var back struct {
		Objects []struct {
			ID, Successor string
			Kinds         []string
		}
		Added []struct{ Type, Source, Target string } `json:"links_added"`
	}
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Len(t, back.Objects, 9)
	assert.Equal(t, "T0002", back.Added[0].Source)
}

// A link that both have can say something else now.
func TestDiffLinkTexts(t *testing.T) {
	text := func(s string) string { return `,"description":"` + s + `"` }
	cite := func(s string) string { return `,"external_references":[{"source_name":"` + s + `"}]` }
	objects := []string{technique("T0001", "One", text("t")), technique("T0002", "Two", text("t"))}
	older := attackBundle(t, append(objects,
		relation("1", "likes", "T0001", "T0002")+text("before"),
		relation("2", "knows", "T0001", "T0002")+text("same")+cite("A"),
		relation("3", "eats", "T0001", "T0002")+text("same"),
		relation("4", "sees", "T0001", "T0002")+text("same"),
		relation("5", "hears", "T0001", "T0002")+text("retired"),
	)...)
	newer := attackBundle(t, append(objects,
		relation("1", "likes", "T0001", "T0002")+text("after that"),
		relation("2", "knows", "T0001", "T0002")+text("same")+cite("B"),
		relation("30", "eats", "T0001", "T0002")+text("under another ID"),
		relation("4", "sees", "T0001", "T0002")+text("same")+`,"modified":"2024-01-01T00:00:00Z"`,
		relation("5", "hears", "T0001", "T0002")+text("other")+`,"revoked":true`,
	)...)
	d, err := mitre.Diff(t.Context(), older, newer)
	require.NoError(t, err)
	require.Len(t, d.Edited, 3)
	got := map[mitre.RelationshipType][]mitre.FieldChange{}
	for _, e := range d.Edited {
		got[e.New.Type] = e.Fields
		assert.Equal(t, e.Old.Type, e.New.Type)
	}
	assert.Equal(t, map[mitre.RelationshipType][]mitre.FieldChange{
		"likes": {{Name: "description", Old: "before", New: "after that"}},
		"knows": {{Name: "external_references", Old: []any{map[string]any{"source_name": "A"}}, New: []any{map[string]any{"source_name": "B"}}}},
		"eats":  {{Name: "description", Old: "same", New: "under another ID"}},
	}, got)
	var text2 bytes.Buffer
	require.NoError(t, d.WriteText(&text2))
	assert.Contains(t, text2.String(), "links edited   1 eats, 1 knows, 1 likes\n")
	assert.Contains(t, text2.String(), "\nLinks edited\n  T0001 One eats T0002 Two: description same -> under another ID\n")

	// A value and a pointer are written alike.
	a, err := json.Marshal(d)
	require.NoError(t, err)
	b, err := json.Marshal(*d)
	require.NoError(t, err)
	assert.JSONEq(t, string(a), string(b))
	assert.Contains(t, string(b), `"links_edited":[{"type":"eats","source":"T0001","target":"T0002","fields":[`)

	same, err := mitre.Diff(t.Context(), newer, newer)
	require.NoError(t, err)
	assert.Empty(t, same.Edited)
}

// Of objects with one ID, Diff sees the one that the catalogue has.
func TestDiffDuplicates(t *testing.T) {
	version := func(name, year string) string {
		return technique("T0001", name, `,"modified":"`+year+`-01-01T00:00:00Z"`)
	}
	several := attackBundle(t, version("A", "2020"), version("B", "2021"), version("C", "2021"))
	o, _ := several.Lookup("T0001")
	one := attackBundle(t, version(o.Common().Name, "2021"))
	d, err := mitre.Diff(t.Context(), several, one)
	require.NoError(t, err)
	assert.Empty(t, d.Objects)
}

// Some of the changes, put together by hand, can be written.
func TestDiffByHand(t *testing.T) {
	older := attackBundle(t, technique("T0001", "Old", phases("impact")), technique("T0002", "Two", ""))
	newer := attackBundle(t, technique("T0001", "New", phases("evasion")), technique("T0002", "Two", ""), technique("T0003", "Three", ""))
	d, err := mitre.Diff(t.Context(), older, newer)
	require.NoError(t, err)
	some := &mitre.Changes{Objects: slices.Collect(d.Of(mitre.Renamed)), Added: []*mitre.Relationship{{}, nil}, Edited: []mitre.LinkChange{{}}}
	o, _ := newer.Lookup("T0001")
	all := []mitre.ChangeKind{mitre.Added, mitre.Removed, mitre.Revoked, mitre.Deprecated, mitre.Restored, mitre.Renumbered, mitre.Renamed, mitre.Moved, mitre.Edited}
	some.Objects = append(some.Objects, mitre.Change{New: o, Kinds: all}, mitre.Change{Kinds: all})
	var text bytes.Buffer
	require.NoError(t, some.WriteText(&text))
	assert.Contains(t, text.String(), "  T0001 New, before Old\n")
	_, err = json.Marshal(some)
	assert.NoError(t, err)
}

// Against itself, written or not, and as facts, a release has no changes.
func TestDiffNothing(t *testing.T) {
	facts := embedded(t)
	again, err := mitre.Read(t.Context(), "again", bytes.NewReader(written(t, facts)))
	require.NoError(t, err)
	d, err := mitre.Diff(t.Context(), facts, again)
	require.NoError(t, err)
	assert.Empty(t, d.Objects)
	assert.Empty(t, d.Added)
	assert.Empty(t, d.Removed)
	assert.True(t, d.FactsOnly)

	full := official(t, "ics-attack-19.1.json.gz")
	for _, pair := range [][2]*mitre.Catalog{{facts, full}, {full, facts}} {
		d, err = mitre.Diff(t.Context(), pair[0], pair[1])
		require.NoError(t, err)
		assert.Empty(t, d.Objects)
		assert.Empty(t, d.Added)
		assert.Empty(t, d.Removed)
	}
}

// What release 19 brought, as ATT&CK's own notes and the bundles' dates say.
func TestDiffReleases(t *testing.T) {
	older, newer := official(t, "ics-attack-18.1.json.gz"), official(t, "ics-attack-19.1.json.gz")
	d, err := mitre.Diff(t.Context(), older, newer)
	require.NoError(t, err)
	count := map[mitre.ChangeKind]int{}
	for _, c := range d.Objects {
		for _, k := range c.Kinds {
			count[k]++
		}
	}
	assert.Equal(t, map[mitre.ChangeKind]int{mitre.Added: 53, mitre.Revoked: 9, mitre.Edited: 41}, count)
	successors := map[string]string{}
	for c := range d.Of(mitre.Revoked) {
		successors[c.New.Common().ID] = c.Successor.Common().ID
	}
	assert.Equal(t, map[string]string{
		"T0855": "T1692.001", "T0856": "T1692.002", "T0857": "T1693.001", "T0839": "T1693.002",
		"T0891": "T1694.002", "T0812": "T1694.001", "T0803": "T1691.001", "T0804": "T1691.002", "T0805": "T1695.001",
	}, successors)
	// The other way round, what was added is gone, and the links change sides.
	back, err := mitre.Diff(t.Context(), newer, older)
	require.NoError(t, err)
	assert.Len(t, slices.Collect(back.Of(mitre.Removed)), 53)
	assert.Len(t, slices.Collect(back.Of(mitre.Restored)), 9)
	assert.Equal(t, d.Added, back.Removed)
	assert.Equal(t, d.Removed, back.Added)
}

// The two formats of one release differ in what STIX 2.1 asks of malware, and
// in nothing else: what Write adds to a STIX 2.0 bundle is what MITRE adds.
func TestDiffFormats(t *testing.T) {
	old := official(t, "ics-attack-18.1-stix20.json.gz")
	upgraded, err := mitre.Read(t.Context(), "upgraded", bytes.NewReader(written(t, old)))
	require.NoError(t, err)
	d, err := mitre.Diff(t.Context(), upgraded, official(t, "ics-attack-18.1.json.gz"))
	require.NoError(t, err)
	assert.Empty(t, d.Added)
	assert.Empty(t, d.Removed)
	for _, c := range d.Objects {
		assert.Equal(t, []mitre.ChangeKind{mitre.Edited}, c.Kinds)
		require.Len(t, c.Fields, 1)
		assert.Equal(t, mitre.FieldChange{Name: "labels", Old: []any{"malware"}}, c.Fields[0])
	}
}

func TestDiffErrors(t *testing.T) {
	_, err := mitre.Diff(t.Context(), &mitre.Catalog{}, embedded(t))
	assert.ErrorIs(t, err, mitre.ErrEmpty)
	assert.ErrorContains(t, err, "the older catalogue: ATT&CK: empty")
	_, err = mitre.Diff(t.Context(), embedded(t), &mitre.Catalog{})
	assert.ErrorIs(t, err, mitre.ErrEmpty)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = mitre.Diff(ctx, embedded(t), embedded(t))
	assert.ErrorIs(t, err, context.Canceled)
	d, err := mitre.Diff(t.Context(), embedded(t), embedded(t))
	require.NoError(t, err)
	assert.ErrorContains(t, d.WriteText(&failing{}), "disk full")
}

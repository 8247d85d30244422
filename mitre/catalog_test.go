package mitre_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

var shared = filepath.Join("..", "..", "shared", "data", "attack")

// official opens a release of ../shared/data/attack, or skips the test.
func official(t testing.TB, file string) *mitre.Catalog {
	t.Helper()
	path := filepath.Join(shared, file)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs ../shared/data/attack/%s", file)
	}
	c, err := mitre.Open(t.Context(), path)
	require.NoError(t, err)
	return c
}

func gunzip(t testing.TB, r io.Reader) []byte {
	t.Helper()
	z, err := gzip.NewReader(r)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return b
}

func embedded(t testing.TB) *mitre.Catalog {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	return c
}

func ids[T mitre.Object](seq func(func(T) bool)) []string {
	var out []string
	for o := range seq {
		out = append(out, o.Common().ID)
	}
	return out
}

func count[T mitre.Object](seq func(func(T) bool)) int { return len(ids(seq)) }

func TestEmbedded(t *testing.T) {
	c := embedded(t)
	assert.Equal(t, mitre.Info{Domain: "ics-attack", Version: "19.1", Source: "embedded"}, c.Info())
	assert.Empty(t, c.Problems())
	assert.Equal(t, 97, count(mitre.Live[*mitre.Technique](c)))
	assert.Equal(t, 118, count(mitre.All[*mitre.Technique](c)))
	assert.Equal(t, 52, count(mitre.Live[*mitre.Mitigation](c)))
	assert.Equal(t, 18, count(mitre.Live[*mitre.Asset](c)))
	assert.Equal(t, 14, count(mitre.Live[*mitre.Group](c)))
	assert.Equal(t, 23, count(mitre.Live[*mitre.Software](c)))
	assert.Equal(t, 8, count(mitre.Live[*mitre.Campaign](c)))
	assert.Equal(t, 36, count(mitre.Live[*mitre.DataComponent](c)))
	assert.Equal(t, 97, count(mitre.Live[*mitre.DetectionStrategy](c)))
	assert.Equal(t, 97, count(mitre.Live[*mitre.Analytic](c)))
	assert.Equal(t, 1668, len(slices.Collect(c.Relationships())))
	assert.True(t, slices.IsSorted(ids(mitre.Live[*mitre.Technique](c))))

	var tactics []string
	for tactic := range c.Tactics() {
		tactics = append(tactics, tactic.Name)
	}
	assert.Len(t, tactics, 12)
	assert.Equal(t, "Initial Access", tactics[0])
	assert.Equal(t, "Impact", tactics[11])
}

// The embedded facts answer what the official release answers, but for the
// sentences.
func TestEmbeddedEqualsOfficial(t *testing.T) {
	facts, full := embedded(t), official(t, "ics-attack-19.1.json.gz")
	require.Empty(t, full.Problems())
	bare := func(o mitre.Object) mitre.Properties {
		p := *o.Common()
		p.Description, p.References = "", nil
		return p
	}
	a, b := slices.Collect(mitre.All[mitre.Object](facts)), slices.Collect(mitre.All[mitre.Object](full))
	require.Equal(t, len(b), len(a))
	for i := range a {
		assert.Equal(t, bare(b[i]), bare(a[i]), b[i].Common().STIXID)
	}
	x, y := slices.Collect(facts.Relationships()), slices.Collect(full.Relationships())
	require.Equal(t, len(y), len(x))
	for i := range x {
		assert.Equal(t, y[i].STIXID, x[i].STIXID)
		assert.Equal(t, y[i].Live(), x[i].Live())
	}
	for technique := range mitre.All[*mitre.Technique](full) {
		mine, ok := mitre.Find[*mitre.Technique](facts, technique.STIXID)
		require.True(t, ok)
		assert.Equal(t, technique.Tactics, mine.Tactics, technique.ID)
		names := func(c *mitre.Catalog, t *mitre.Technique) (out []string) {
			for s := range c.LogSources(t) {
				out = append(out, s.Name+" "+s.DataComponentRef)
			}
			return out
		}
		assert.Equal(t, names(full, technique), names(facts, mine), technique.ID)
	}
}

func TestLookup(t *testing.T) {
	c := embedded(t)
	technique, ok := mitre.Find[*mitre.Technique](c, "t0837")
	require.True(t, ok, "ATT&CK IDs are found in any case")
	assert.Equal(t, "Loss of Protection", technique.Name)
	assert.Equal(t, []string{"impact"}, technique.Tactics)
	assert.Nil(t, technique.Platforms, `"None" is no platform`)
	assert.Equal(t, "https://attack.mitre.org/techniques/T0837", technique.URL)

	same, ok := c.Lookup(technique.STIXID)
	require.True(t, ok)
	assert.Same(t, technique, same)

	_, ok = mitre.Find[*mitre.Mitigation](c, "T0837")
	assert.False(t, ok, "a technique is no mitigation")
	_, ok = c.Lookup("T9999")
	assert.False(t, ok)

	named := slices.Collect(mitre.Named[mitre.Object](c, "energetic bear"))
	require.Len(t, named, 1)
	assert.Equal(t, "G0035", named[0].Common().ID)
	assert.Empty(t, slices.Collect(mitre.Named[mitre.Object](c, "nobody")))

	sub, ok := mitre.Find[*mitre.Technique](c, "T1692.001")
	require.True(t, ok)
	assert.True(t, sub.IsSubtechnique)
	for r := range c.From(sub, mitre.SubtechniqueOf) {
		assert.Equal(t, "T1692", r.Target.Common().ID)
	}
}

func TestResolve(t *testing.T) {
	c := embedded(t)
	for old, want := range map[string]string{
		"T0855": "T1692.001", "T0856": "T1692.002", "T0857": "T1693.001", "T0839": "T1693.002",
		"T0891": "T1694.002", "T0812": "T1694.001", "T0803": "T1691.001", "T0804": "T1691.002", "T0805": "T1695.001",
	} {
		r, err := c.Resolve(old)
		require.NoError(t, err)
		assert.Equal(t, want, r.Object.Common().ID)
		require.Len(t, r.Followed, 1)
		assert.Equal(t, old, r.Followed[0].Common().ID)
	}
	r, err := c.Resolve("M0801")
	require.NoError(t, err)
	assert.Nil(t, r.Followed)
	_, err = c.Resolve("T9999")
	assert.ErrorIs(t, err, mitre.ErrNotFound)
}

func TestLinks(t *testing.T) {
	c := embedded(t)
	protection, _ := c.Lookup("T0837")
	assert.Empty(t, slices.Collect(c.To(protection, mitre.Mitigates)), "the one technique without a mitigation")
	placeholder, ok := mitre.Find[*mitre.Mitigation](c, "M0816")
	require.True(t, ok)
	assert.True(t, placeholder.Placeholder())
	var only []string
	for technique := range mitre.Live[*mitre.Technique](c) {
		links := slices.Collect(c.To(technique, mitre.Mitigates))
		if len(links) == 1 && links[0].Source == placeholder {
			only = append(only, technique.ID)
		}
	}
	assert.Equal(t, []string{"T0801", "T0823", "T0835", "T0840", "T0852", "T0877"}, only)

	var silent []string
	for technique := range mitre.Live[*mitre.Technique](c) {
		if len(slices.Collect(c.LogSources(technique))) == 0 {
			silent = append(silent, technique.ID)
		}
	}
	assert.Equal(t, 12, len(silent), "no impact technique names a log source: %v", silent)
}

func TestOfficialReleases(t *testing.T) {
	for file, want := range map[string]struct {
		info                              mitre.Info
		techniques, mitigations, problems int // live ones
	}{
		"ics-attack-8.2.json.gz":                {mitre.Info{Domain: "ics-attack", Version: "8.2"}, 81, 50, 1},
		"ics-attack-10.1.json.gz":               {mitre.Info{Domain: "ics-attack", Version: "10.1"}, 78, 84, 1},
		"ics-attack-12.1.json.gz":               {mitre.Info{Domain: "ics-attack", Version: "12.1"}, 79, 84, 0},
		"ics-attack-14.1.json.gz":               {mitre.Info{Domain: "ics-attack", Version: "14.1"}, 81, 85, 0},
		"ics-attack-16.1.json.gz":               {mitre.Info{Domain: "ics-attack", Version: "16.1"}, 83, 85, 0},
		"ics-attack-17.1.json.gz":               {mitre.Info{Domain: "ics-attack", Version: "17.1"}, 83, 52, 0},
		"ics-attack-18.1.json.gz":               {mitre.Info{Domain: "ics-attack", Version: "18.1"}, 83, 52, 0},
		"ics-attack-18.1-stix20.json.gz":        {mitre.Info{Domain: "ics-attack", Version: ""}, 83, 52, 0},
		"ics-attack-19.1.json.gz":               {mitre.Info{Domain: "ics-attack", Version: "19.1"}, 97, 52, 0},
		"mobile-attack-17.1.json.gz":            {mitre.Info{Domain: "mobile-attack", Version: "17.1"}, 121, 13, 0},
		"enterprise-attack-18.1-stix20.json.gz": {mitre.Info{Domain: "enterprise-attack", Version: ""}, 691, 44, 0},
	} {
		t.Run(file, func(t *testing.T) {
			c := official(t, file)
			i := c.Info()
			i.Source = ""
			assert.Equal(t, want.info, i)
			assert.Equal(t, want.techniques, count(mitre.Live[*mitre.Technique](c)))
			assert.Equal(t, want.mitigations, count(mitre.Live[*mitre.Mitigation](c)))
			assert.Len(t, c.Problems(), want.problems, "%v", c.Problems())
		})
	}
}

const small = `{"type":"bundle","id":"bundle--1","objects":[
 {"type":"attack-pattern","id":"attack-pattern--1","name":"Old","revoked":true,"external_references":[{"source_name":"mitre-attack","external_id":"T0001"}]},
 {"type":"attack-pattern","id":"attack-pattern--2","name":"Middle","revoked":true,"external_references":[{"source_name":"mitre-attack","external_id":"T0002"}]},
 {"type":"attack-pattern","id":"attack-pattern--3","name":"New","external_references":[{"source_name":"mitre-attack","external_id":"T0003"}]},
 {"type":"attack-pattern","id":"attack-pattern--4","name":"Lost","revoked":true,"external_references":[{"source_name":"mitre-attack","external_id":"T0004"}]},
 {"type":"attack-pattern","id":"attack-pattern--5","name":"Ring A","revoked":true,"external_references":[{"source_name":"mitre-attack","external_id":"T0005"}]},
 {"type":"attack-pattern","id":"attack-pattern--6","name":"Ring B","revoked":true,"external_references":[{"source_name":"mitre-attack","external_id":"T0006"}]},
 {"type":"relationship","id":"relationship--1","relationship_type":"revoked-by","source_ref":"attack-pattern--1","target_ref":"attack-pattern--2"},
 {"type":"relationship","id":"relationship--2","relationship_type":"revoked-by","source_ref":"attack-pattern--2","target_ref":"attack-pattern--3"},
 {"type":"relationship","id":"relationship--3","relationship_type":"revoked-by","source_ref":"attack-pattern--4","target_ref":"attack-pattern--99"},
 {"type":"relationship","id":"relationship--4","relationship_type":"revoked-by","source_ref":"attack-pattern--5","target_ref":"attack-pattern--6"},
 {"type":"relationship","id":"relationship--5","relationship_type":"revoked-by","source_ref":"attack-pattern--6","target_ref":"attack-pattern--5"}]}`

func TestResolveChains(t *testing.T) {
	c, err := mitre.Read(t.Context(), "small.json", strings.NewReader(small))
	require.NoError(t, err)
	r, err := c.Resolve("T0001")
	require.NoError(t, err)
	assert.Equal(t, "T0003", r.Object.Common().ID)
	assert.Len(t, r.Followed, 2)
	_, err = c.Resolve("T0004")
	assert.ErrorIs(t, err, mitre.ErrNoSuccessor)
	_, err = c.Resolve("T0005")
	assert.ErrorIs(t, err, mitre.ErrRevokedCycle)
	require.Len(t, c.Problems(), 1)
	assert.ErrorContains(t, c.Problems()[0], "attack-pattern--99, which is not in the bundle")
}

// Of several successors one counts that is in force, and which is said.
func TestResolveSeveral(t *testing.T) {
	for name, test := range map[string]struct {
		retired  map[string]bool // the link to it is revoked
		gone     string          // this one is deprecated itself
		want     string
		problems int
	}{
		"both live":              {nil, "", "T0002", 1},
		"the second retired":     {map[string]bool{"T0003": true}, "", "T0002", 0},
		"the first retired":      {map[string]bool{"T0002": true}, "", "T0003", 0},
		"both retired":           {map[string]bool{"T0002": true, "T0003": true}, "", "T0002", 0},
		"the first has no force": {nil, "T0002", "T0003", 1},
	} {
		t.Run(name, func(t *testing.T) {
			objects := []string{technique("T0001", "Old", `,"revoked":true`)}
			for _, id := range []string{"T0002", "T0003"} {
				more, link := "", relation("to"+id, "revoked-by", "T0001", id)
				if id == test.gone {
					more = `,"x_mitre_deprecated":true`
				}
				if test.retired[id] {
					link += `,"revoked":true`
				}
				objects = append(objects, technique(id, "New", more), link)
			}
			c := attackBundle(t, objects...)
			r, err := c.Resolve("T0001")
			require.NoError(t, err)
			assert.Equal(t, test.want, r.Object.Common().ID)
			assert.Len(t, c.Problems(), test.problems, "%v", c.Problems())
		})
	}
}

func TestBadInput(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, small)
	require.NoError(t, w.Close())
	whole, err := mitre.Read(t.Context(), "small.json.gz", bytes.NewReader(zipped.Bytes()))
	require.NoError(t, err)
	assert.Equal(t, 6, count(mitre.All[*mitre.Technique](whole)))

	for _, test := range []struct {
		name, input, want string
		is                error
	}{
		{"empty", "", "x.json: empty", mitre.ErrEmpty},
		{"blank", " \n\t", "x.json: empty", mitre.ErrEmpty},
		{"truncated gzip", zipped.String()[:zipped.Len()/2], "x.json: gzip: the file is cut off", io.ErrUnexpectedEOF},
		{"gzip header only", "\x1f\x8b", "x.json: gzip:", nil},
		{"truncated JSON", small[:500], "x.json: line 4, byte 500: unexpected end of JSON input", nil},
		{"garbage behind", small + "x", "x.json: line 12", nil},
		{"no bundle", `{"type":"indicator"}`, `not a STIX bundle: its type is "indicator"`, mitre.ErrNotSTIX},
		{"an array", `[1,2]`, "x.json: not a STIX bundle: an array, want an object with type and objects", mitre.ErrNotSTIX},
		{"a number", `7`, "not a STIX bundle", mitre.ErrNotSTIX},
		{"null", `null`, "not a STIX bundle", mitre.ErrNotSTIX},
		{"text", "hello", "x.json: line 1, byte 1: invalid character", nil},
		{"not ATT&CK", `{"type":"bundle","objects":[{"type":"indicator","id":"indicator--1"}]}`, "none of its 1 objects has an ATT&CK ID", mitre.ErrNotATTACK},
		{"no objects", `{"type":"bundle"}`, "none of its 0 objects", mitre.ErrNotATTACK},
		{"wrong type in an object", strings.Replace(small, `"name":"Lost"`, `"name":7`, 1), "x.json: objects[3].name (attack-pattern--4): a number, want a string", nil},
		{"objects is no array", `{"type":"bundle","objects":{}}`, "x.json: not a STIX bundle: objects: an object, want an array", mitre.ErrNotSTIX},
		{"an object is none", strings.Replace(small, "[", "[7,", 1), "x.json: objects[0] (no id): a number, want an object", nil},
		{"a member of the bundle twice", strings.Replace(small, `"id"`, `"objects":[],"id"`, 1), `x.json: line 1, byte 48: the member "objects" is there twice`, nil},
		{"a member twice", strings.Replace(small, `"name":"Lost"`, `"name":"Lost","name":null`, 1), `line 5, byte 574: the member "name" is there twice`, nil},
		{"a member twice, escaped", strings.Replace(small, `"name":"Lost"`, `"name":"Lost","n\u0061me":"x"`, 1), `the member "name" is there twice`, nil},
		{"a member of a reference twice", strings.Replace(small, `"external_id":"T0004"`, `"external_id":"T0004","external_id":"T0004"`, 1), `the member "external_id" is there twice`, nil},
		{"an unknown member twice, deep", strings.Replace(small, `"name":"Lost"`, `"x":[{"a":1,"b":2,"a":3}]`, 1), `the member "a" is there twice`, nil},
		{"one of many members twice", strings.Replace(small, `"name":"Lost"`, `"x":{"7":0,`+manyMembers(500)+`}`, 1), `the member "7" is there twice`, nil},
		{"names in other case", strings.Replace(small, `"objects"`, `"Objects"`, 1), "none of its 0 objects", mitre.ErrNotATTACK},
		{"something behind gzip", zipped.String() + "junk, some more of it", "x.json: gzip: after the content, of ", nil},
		{"half a second part of gzip", zipped.String() + zipped.String()[:20], "x.json: gzip: the file is cut off after ", io.ErrUnexpectedEOF},
		{"a control character", strings.Replace(small, "Lost", "L\tst", 1), `x.json: line 5, byte 569: invalid character '\t'`, nil},
		{"no escape", strings.Replace(small, "Lost", `L\xst`, 1), `invalid character 'x', want an escape`, nil},
		{"no number", strings.Replace(small, `"Lost"`, `"Lost","x":01`, 1), `invalid character '1', want ',' or '}'`, nil},
		{"a comma too many", strings.Replace(small, `"Lost"`, `"Lost","x":[1,]`, 1), `invalid character ']'`, nil},
		{"not UTF-8", strings.Replace(small, "Lost", "L\xffst", 1), "x.json: line 5, byte 569: the text is not UTF-8", nil},
		{"Latin-1", strings.Replace(small, "Lost", "L\xf6st", 1), "the text is not UTF-8", nil},
		{"UTF-16", "\xff\xfe{\x00}\x00", "x.json: line 1, byte 1", nil},
		{"millions of empty objects", `{"type":"bundle","objects":[` + strings.Repeat("{},", 1_000_000) + `{}]}`, "not a STIX bundle: more than 100000 objects in", mitre.ErrNotSTIX},
		{"millions of nulls", `{"type":"bundle","objects":[` + strings.Repeat("null,", 1_000_000) + `null]}`, "not a STIX bundle: more than 100000 objects in", mitre.ErrNotSTIX},
		{"deep nesting in an object", `{"type":"bundle","objects":[{"type":"attack-pattern","x":` + strings.Repeat("[", 1_000_000), "x.json:", nil},
		{"a wrong type deep inside", strings.Replace(small, `"external_id":"T0004"`, `"external_id":4`, 1), "x.json: objects[3].external_references[0].external_id (attack-pattern--4): a number, want a string", nil},
		{"deep nesting", `{"type":"bundle","objects":` + strings.Repeat("[", 1_000_000), "x.json:", nil},
		{"deep nesting in an unknown property", `{"type":"bundle","x":` + strings.Repeat(`{"a":`, 1_000_000), "x.json:", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := mitre.Read(t.Context(), "x.json", strings.NewReader(test.input))
			require.Error(t, err)
			assert.Nil(t, c)
			assert.ErrorContains(t, err, test.want)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
		})
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return b.String()[1:]
}

// A file of several parts is one.
func TestGzipParts(t *testing.T) {
	var zipped bytes.Buffer
	for _, part := range []string{small[:100], small[100:]} {
		w := gzip.NewWriter(&zipped)
		_, _ = io.WriteString(w, part)
		require.NoError(t, w.Close())
	}
	c, err := mitre.Read(t.Context(), "parts", &zipped)
	require.NoError(t, err)
	assert.Equal(t, 6, count(mitre.All[*mitre.Technique](c)))
}

// No file takes many times its size of memory, whatever it is full of: not
// while it is refused, and not in what stays.
func TestHostileFiles(t *testing.T) {
	const size = 8 << 20
	own := `{"type":"attack-pattern","id":"attack-pattern--1",%s"external_references":[{"source_name":"mitre-attack","external_id":"T0001"}]}`
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	objects := func(s string) string {
		return `{"type":"bundle","objects":[` + fill(s) + fmt.Sprintf(own, "") + `]}`
	}
	list := func(name, s string) string {
		all := fill(s)
		return `{"type":"bundle","objects":[` + fmt.Sprintf(own, `"`+name+`":[`+all[:len(all)-1]+`],`) + `]}`
	}
	for name, input := range map[string]string{
		"numbers":             objects("1,"),
		"nulls":               objects("null,"),
		"empty objects":       objects("{},"),
		"one object again":    objects(`{"id":"a","type":"abcdef"},`),
		"objects without ID":  objects(`{"id":"","type":"abcdef"},`),
		"empty strings":       list("tactic_refs", `"",`),
		"null strings":        list("aliases", `null,`),
		"null assets":         list("x_mitre_related_assets", `null,`),
		"null sources":        list("x_mitre_log_sources", `null,`),
		"empty phases":        list("kill_chain_phases", `{},`),
		"numbers for strings": list("aliases", `1,`),
		"unknown":             list("x", `{},`),
		"names":               `{"type":"bundle","x":{` + fill(`"a":1,`) + `"b":1}}`,
		"dangling refs": `{"type":"bundle","objects":[` + fmt.Sprintf(own, "") + `,{"type":"x-mitre-matrix","id":"m","tactic_refs":[` +
			strings.TrimSuffix(fill(`"x-mitre-tactic--00000000",`), ",") + `]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			c, err := mitre.Read(t.Context(), "x", strings.NewReader(input))
			runtime.ReadMemStats(&after)
			// Reading the file alone takes up to five times its size.
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(20*size), "allocated in all")
			if err == nil {
				assert.LessOrEqual(t, len(c.Problems()), 1001)
			}
		})
	}
}

func TestManyProblems(t *testing.T) {
	var objects []string
	for range 3000 {
		objects = append(objects, `"type":"tool"`)
	}
	c := attackBundle(t, append(objects, technique("T0001", "N", ""))...)
	require.Len(t, c.Problems(), 1001)
	assert.EqualError(t, c.Problems()[1000], "and 2000 more")
}

func TestOpenErrors(t *testing.T) {
	_, err := mitre.Open(t.Context(), filepath.Join(t.TempDir(), "missing.json"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	dir := t.TempDir()
	_, err = mitre.Open(t.Context(), dir)
	assert.ErrorContains(t, err, dir+": a directory")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = mitre.Read(ctx, "x", strings.NewReader(small))
	assert.True(t, errors.Is(err, context.Canceled), err)
}

// What is odd but no reason to refuse a bundle.
func TestOddInput(t *testing.T) {
	own := func(id string) string {
		return `"external_references":[{"source_name":"mitre-attack","external_id":"` + id + `"}]`
	}
	c := attackBundle(t,
		`"type":"attack-pattern","id":"a--1","name":"First","modified":"2020-01-01T00:00:00Z",`+own("T0001"),
		`"type":"attack-pattern","id":"a--1","name":"Later","modified":"2021-01-01T00:00:00Z",`+own("T0001"),
		`"type":"attack-pattern","id":"a--2","name":"Bad date","modified":"yesterday",`+own("t0002"),
		`"type":"attack-pattern","name":"No ID"`,
		`"type":"x-mitre-matrix","id":"m--1","tactic_refs":["nowhere"]`,
		`"type":"x-mitre-detection-strategy","id":"d--1","x_mitre_analytic_refs":["nowhere","d--1","d--1"]`,
		`"type":"relationship","id":"r--1","relationship_type":"uses","source_ref":"a--1","target_ref":"a--1"`,
		`"type":"relationship","id":"r--1","relationship_type":"uses","source_ref":"a--1","target_ref":"a--1"`,
		`"type":"relationship","relationship_type":"uses","source_ref":"a--1","target_ref":"a--2"`,
	)
	o, ok := c.Lookup("T0001")
	require.True(t, ok)
	assert.Equal(t, "Later", o.Common().Name)
	_, ok = c.Lookup("T0002")
	assert.True(t, ok, "an ID is found in any case, however it was written")
	assert.Len(t, slices.Collect(c.From(o, mitre.Uses)), 1, "a loop, once")
	var problems []string
	for _, err := range c.Problems() {
		problems = append(problems, err.Error())
	}
	for i, want := range []string{
		"objects[1]: a--1 occurs twice", `a--2: modified: "yesterday" is not a time`, "objects[3]: no id", "objects[7]: r--1 occurs twice",
		"objects[8]: a relationship without an id", "d--1: x_mitre_analytic_refs names nowhere", "m--1 names the tactic nowhere",
	} {
		require.Greater(t, len(problems), i, problems)
		assert.Contains(t, problems[i], want)
	}
	assert.Len(t, problems, 7)
}

// Nobody can write into what another one got: a slice has no room behind it.
func TestNoSpareCapacity(t *testing.T) {
	c := embedded(t)
	if _, err := os.Stat(filepath.Join(shared, "ics-attack-18.1.json.gz")); err == nil {
		c = official(t, "ics-attack-18.1.json.gz")
	}
	var walk func(v reflect.Value, place string)
	walk = func(v reflect.Value, place string) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i), place+"."+v.Type().Field(i).Name)
				}
			}
		case reflect.Slice:
			assert.Equal(t, v.Len(), v.Cap(), place)
			for i := range v.Len() {
				walk(v.Index(i), place)
			}
		}
	}
	for o := range mitre.All[mitre.Object](c) {
		walk(reflect.ValueOf(o).Elem(), o.Common().STIXType)
	}
	for r := range c.Relationships() {
		walk(reflect.ValueOf(r.References), "relationship")
	}
}

// All software comes in one order, whatever its type.
func TestNamedSoftware(t *testing.T) {
	own := `,"name":"same","external_references":[{"source_name":"mitre-attack","external_id":`
	c := attackBundle(t, `"type":"malware","id":"malware--1"`+own+`"S0002"}]`, `"type":"tool","id":"tool--1"`+own+`"S0001"}]`)
	assert.Equal(t, []string{"S0001", "S0002"}, ids[*mitre.Software](mitre.All[*mitre.Software](c)))
	assert.Equal(t, []string{"S0001", "S0002"}, ids[*mitre.Software](mitre.Named[*mitre.Software](c, " Same ")))
}

// Data components, before and since release 18.
func TestDataComponents(t *testing.T) {
	for _, file := range []string{"ics-attack-17.1.json.gz", "ics-attack-18.1.json.gz", "ics-attack-19.1.json.gz"} {
		c := official(t, file)
		for technique := range mitre.Live[*mitre.Technique](c) {
			want := map[string]bool{}
			for s := range c.LogSources(technique) {
				if d, ok := mitre.Find[*mitre.DataComponent](c, s.DataComponentRef); ok && d.Live() {
					want[d.STIXID] = true
				}
			}
			n := 0
			var before mitre.Object
			for d := range c.DataComponents(technique) {
				assert.True(t, want[d.STIXID], d.Name)
				if before != nil {
					assert.Less(t, before.Common().ID+before.Common().STIXID, d.ID+d.STIXID)
				}
				before = d
				n++
			}
			assert.Len(t, want, n, technique.ID)
		}
	}
}

func TestSoftwareTechniques(t *testing.T) {
	link := func(id, kind, from, to string) string {
		return `"type":"relationship","id":"relationship--` + id + `","relationship_type":"` + kind + `","source_ref":"` + from + `","target_ref":"` + to + `"`
	}
	c := attackBundle(t, technique("T0001", "By both", ""), technique("T0002", "By the campaign's", ""), technique("T0003", "By the group", ""),
		`"type":"intrusion-set","id":"g","name":"G"`, `"type":"campaign","id":"c"`, `"type":"malware","id":"m"`, `"type":"tool","id":"t"`,
		link("1", "uses", "g", "m"), link("2", "uses", "c", "t"), link("3", "attributed-to", "c", "g"), link("4", "uses", "g", "attack-pattern--T0003"),
		link("5", "uses", "m", "attack-pattern--T0001"), link("6", "uses", "t", "attack-pattern--T0001"), link("7", "uses", "t", "attack-pattern--T0002"))
	g, _ := mitre.Find[*mitre.Group](c, "g")
	got := map[string]int{}
	for technique, rels := range c.SoftwareTechniques(g) {
		got[technique.String()] = len(rels)
	}
	assert.Equal(t, map[string]int{"T0001 By both": 2, "T0002 By the campaign's": 1}, got)
	assert.Equal(t, "g G", g.String())
	assert.False(t, c.HasTexts())
}

// Objects of another catalogue, copies and nil are no reason to fail.
func TestForeignObjects(t *testing.T) {
	a := embedded(t)
	b, err := mitre.Read(t.Context(), "again", bytes.NewReader(written(t, a)))
	require.NoError(t, err)
	mine, _ := mitre.Find[*mitre.Technique](a, "T0843")
	want := slices.Collect(a.To(mine, mitre.Mitigates))
	require.NotEmpty(t, want)
	assert.Len(t, slices.Collect(b.To(mine, mitre.Mitigates)), len(want))
	copied := *mine
	assert.Equal(t, want, slices.Collect(a.To(&copied, mitre.Mitigates)))
	assert.Empty(t, slices.Collect(a.To(&mitre.Technique{}, mitre.Mitigates)))
	assert.Empty(t, slices.Collect(a.To(nil, mitre.Mitigates)))
	var none mitre.Catalog
	assert.Empty(t, slices.Collect(none.To(mine, mitre.Mitigates)))
	assert.Empty(t, slices.Collect(mitre.Named[mitre.Object](&none, "x")))
	for range mitre.Attributed[*mitre.Technique](a, nil) {
		t.Error("nil uses nothing")
	}
	for range a.GroupsUsing(nil) {
		t.Error("nobody uses nil")
	}
}

// What a caller leaves out is no reason to fail.
func TestNil(t *testing.T) {
	c := embedded(t)
	var none *mitre.Technique
	assert.Empty(t, slices.Collect(c.From(none, mitre.Uses)))
	assert.Empty(t, slices.Collect(c.TacticsOf(nil)))
	assert.Empty(t, slices.Collect(c.LogSources(nil)))
	assert.Empty(t, c.FullName(nil))
	for _, o := range []mitre.Object{nil, none} {
		text, source := mitre.Text(o)
		assert.Empty(t, text)
		assert.Equal(t, mitre.NoText, source)
	}
	assert.Empty(t, slices.Collect(mitre.Where[*mitre.Technique](nil)))
	assert.Empty(t, slices.Collect(c.DataComponents(nil)))
	_, ok := mitre.Property[string](c, nil, "name")
	assert.False(t, ok)
	for range c.SoftwareTechniques(nil) {
		t.Error("nil uses nothing")
	}
	for _, keep := range []mitre.Filter{mitre.InTactic("x"), mitre.OnPlatform("x"), mitre.Mentions(""), mitre.CreatedAfter(time.Time{}), mitre.ModifiedAfter(time.Time{})} {
		assert.False(t, keep(nil))
		assert.False(t, keep(none))
	}
	assert.False(t, (*mitre.Properties)(nil).Live())
	assert.Equal(t, "<nil>", (*mitre.Properties)(nil).String())
	assert.False(t, (*mitre.Mitigation)(nil).Placeholder())
	assert.False(t, (*mitre.Relationship)(nil).Live())
	assert.False(t, (&mitre.Relationship{}).Live())
	var changes *mitre.Changes
	assert.Empty(t, slices.Collect(changes.Of(mitre.Added)))
	assert.NoError(t, changes.WriteText(io.Discard))
	assert.Error(t, changes.WriteText(nil))
	asJSON, err := json.Marshal(changes)
	assert.NoError(t, err)
	assert.Equal(t, "null", string(asJSON))
	assert.Error(t, c.Write(t.Context(), nil))
	again, err := mitre.Read(nil, "nil", strings.NewReader(small)) //nolint:staticcheck // what a caller leaves out
	assert.NoError(t, err)
	assert.NoError(t, again.Write(nil, io.Discard)) //nolint:staticcheck // likewise
	_, err = mitre.Diff(nil, again, again)          //nolint:staticcheck // likewise
	assert.NoError(t, err)

	_, err = mitre.Diff(t.Context(), nil, c)
	assert.ErrorIs(t, err, mitre.ErrEmpty)
	_, err = mitre.Read(t.Context(), "x", nil)
	assert.ErrorIs(t, err, mitre.ErrEmpty)
	assert.Equal(t, "ATT&CK", mitre.Info{}.String())
	assert.Len(t, slices.Collect(mitre.Where(mitre.Live[*mitre.Technique](c), nil)), 97)
	b, err := mitre.Change{}.MarshalJSON()
	assert.NoError(t, err)
	assert.Equal(t, "null", string(b))
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"type":"bundle","objects":[null]}`))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	for _, o := range []string{
		`"type":"x-mitre-detection-strategy","id":"d","x_mitre_analytic_refs":["a","d"],"external_references":[{"source_name":"mitre-attack","external_id":"D"}]`,
		`"type":"malware","id":"m","x_mitre_aliases":["\ud800","m"],"external_references":[{"source_name":"mitre-attack","external_id":"\u017f"}]`,
	} {
		f.Add([]byte(`{"type":"bundle","spec_version":"2.0","objects":[{` + o + `}]}`))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := mitre.Read(t.Context(), "fuzz", bytes.NewReader(b))
		if err != nil {
			assert.Nil(t, c)
			assert.True(t, strings.HasPrefix(err.Error(), "fuzz: "), err)
			return
		}
		for o := range mitre.All[mitre.Object](c) {
			p := o.Common()
			assert.True(t, utf8.ValidString(p.Name+p.Description+p.ID+p.STIXID))
			if p.ID != "" {
				r, err := c.Resolve(p.ID)
				assert.True(t, err != nil || !r.Object.Common().Revoked)
			}
			found, ok := c.Lookup(p.STIXID)
			assert.True(t, ok)
			assert.True(t, found.Common() == p || found.Common().ID != "", "an ATT&CK ID goes before a STIX ID")
		}
		for r := range c.Relationships() {
			assert.NotNil(t, r.Source)
			assert.NotNil(t, r.Target)
		}
		// What was written is read as the same, and written as the same.
		var once, twice bytes.Buffer
		require.NoError(t, c.Write(t.Context(), &once))
		again, err := mitre.Read(t.Context(), "again", bytes.NewReader(once.Bytes()))
		require.NoError(t, err, once.String())
		require.NoError(t, again.Write(t.Context(), &twice))
		assert.Equal(t, once.String(), twice.String())
		assertSameCatalog(t, c, again)
		d, err := mitre.Diff(t.Context(), c, again)
		require.NoError(t, err)
		assert.Empty(t, d.Objects)
		assert.Empty(t, slices.Concat(d.Added, d.Removed))
		assert.Empty(t, d.Edited)
		require.NoError(t, d.WriteText(io.Discard))
	})
}

func FuzzID(f *testing.F) {
	c, err := mitre.Embedded()
	require.NoError(f, err)
	for _, id := range []string{"T0855", " t1692.001 ", "M0816", "", "attack-pattern--", "\xff", "TA0100", "\u017f0843"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		o, ok := c.Lookup(id)
		r, err := c.Resolve(id)
		assert.Equal(t, ok, !errors.Is(err, mitre.ErrNotFound))
		if err == nil {
			assert.False(t, r.Object.Common().Revoked)
		}
		_, found := mitre.Find[mitre.Object](c, id)
		assert.Equal(t, ok, found)
		for named := range mitre.Named[mitre.Object](c, id) {
			assert.NotNil(t, named)
		}
		if ok {
			assert.True(t, o.Common().STIXID == id || strings.EqualFold(o.Common().ID, strings.TrimSpace(id)))
		}
	})
}

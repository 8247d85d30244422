package mitre_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/mitre"
)

// bundle is the JSON of a bundle, its objects in a fixed order.
func bundle(t testing.TB, b []byte) (map[string]any, []map[string]any) {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	require.NoError(t, d.Decode(&m))
	var objects []map[string]any
	for _, o := range m["objects"].([]any) {
		objects = append(objects, o.(map[string]any))
	}
	delete(m, "objects")
	key := func(o map[string]any) string {
		id, _ := o["id"].(string)
		modified, _ := o["modified"].(string)
		return id + modified
	}
	slices.SortStableFunc(objects, func(a, b map[string]any) int { return strings.Compare(key(a), key(b)) })
	return m, objects
}

func written(t testing.TB, c *mitre.Catalog) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, c.Write(t.Context(), &out))
	return out.Bytes()
}

// Every property of every object of every release survives, and reading what
// was written gives the same catalogue.
func TestRoundTrip(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(shared, "*.json.gz"))
	require.NoError(t, err)
	if len(names) == 0 {
		t.Skip("needs ../shared/data/attack")
	}
	for _, path := range names {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if testing.Short() && strings.Contains(path, "enterprise") {
				t.Skip("-short")
			}
			c := official(t, filepath.Base(path))
			once := written(t, c)
			back, err := mitre.Read(t.Context(), path, bytes.NewReader(once))
			require.NoError(t, err)

			wantTop, want := bundle(t, unzipped(t, path))
			top, got := bundle(t, once)
			added := map[string]int{}
			if wantTop["spec_version"] == "2.0" { // becomes 2.1
				delete(wantTop, "spec_version")
				for i, o := range want {
					if _, ok := o["spec_version"]; !ok {
						assert.Equal(t, "2.1", got[i]["spec_version"])
						delete(got[i], "spec_version")
						added["spec_version"]++
					}
					if _, ok := o["is_family"]; !ok && o["type"] == "malware" {
						assert.Equal(t, true, got[i]["is_family"])
						delete(got[i], "is_family")
						added["is_family"]++
					}
				}
			}
			assert.Equal(t, wantTop, top)
			require.Equal(t, len(want), len(got))
			properties := 0
			for i := range want {
				if !assert.Equal(t, want[i], got[i]) {
					break
				}
				properties += len(want[i])
			}
			t.Logf("%d objects, %d properties equal; added for STIX 2.1: %v", len(want), properties, added)

			assert.Equal(t, once, written(t, back), "the second writing gives the same bytes")
			assertSameCatalog(t, c, back)
		})
	}
}

// assertSameCatalog compares what the API shows. The order of the problems
// follows that of the bundle.
func assertSameCatalog(t *testing.T, want, got *mitre.Catalog) {
	t.Helper()
	assert.Equal(t, [2]string{want.Info().Domain, want.Info().Version}, [2]string{got.Info().Domain, got.Info().Version})
	assert.Len(t, got.Problems(), len(want.Problems()))
	a, b := slices.Collect(mitre.All[mitre.Object](want)), slices.Collect(mitre.All[mitre.Object](got))
	require.Equal(t, len(a), len(b))
	for i := range a {
		require.Equal(t, a[i], b[i])
	}
	x, y := slices.Collect(want.Relationships()), slices.Collect(got.Relationships())
	require.Equal(t, len(x), len(y))
	for i := range x {
		require.Equal(t, x[i].STIXID, y[i].STIXID)
		require.Equal(t, x[i].Type, y[i].Type)
		require.Equal(t, x[i].Source, y[i].Source)
		require.Equal(t, x[i].Target, y[i].Target)
		require.Equal(t, x[i].Modified, y[i].Modified)
		require.Equal(t, x[i].Description, y[i].Description)
		require.Equal(t, x[i].References, y[i].References)
	}
	assert.Equal(t, slices.Collect(want.Tactics()), slices.Collect(got.Tactics()))
}

// What no release has survives too.
func TestUnknownSurvives(t *testing.T) {
	const odd = `{"type":"bundle","id":"bundle--1","x_top":{"b":1.50,"a":[]},"objects":[
 {"type":"x-new-thing","id":"x-new-thing--1","weight":12345678901234567890,"html":"<a&b>","nested":{"deep":[null,{"x":""}]}},
 {"type":"attack-pattern","id":"attack-pattern--1","name":"N","x_mitre_platforms":["None"],"revoked":false,"x_other":null,
  "external_references":[{"source_name":"mitre-attack","external_id":"T0001","x_ref":1}]},
 {"type":"relationship","id":"relationship--1","relationship_type":"likes","source_ref":"attack-pattern--1","target_ref":"x-new-thing--1"},
 {"type":"relationship","id":"relationship--2","relationship_type":"likes","source_ref":"attack-pattern--1","target_ref":"attack-pattern--404"}]}`
	c, err := mitre.Read(t.Context(), "odd", strings.NewReader(odd))
	require.NoError(t, err)
	assert.Len(t, c.Problems(), 1)
	wantTop, want := bundle(t, []byte(odd))
	top, got := bundle(t, written(t, c))
	assert.Equal(t, wantTop, top)
	assert.Equal(t, want, got, "the dangling relationship too")

	shuffled := strings.Replace(odd, `"type":"x-new-thing","id":"x-new-thing--1","weight":12345678901234567890`,
		`"weight":12345678901234567890,"id":"x-new-thing--1","type":"x-new-thing"`, 1)
	other, err := mitre.Read(t.Context(), "odd", strings.NewReader(shuffled))
	require.NoError(t, err)
	assert.Equal(t, string(written(t, c)), string(written(t, other)), "same content, same bytes")
}

// Of several with one ID the one modified last counts, and of these one that
// the order of the bundle does not decide: it is the same when Write has put
// them in its own.
func TestWriteDuplicates(t *testing.T) {
	object := func(name, modified string) string {
		if modified != "" {
			modified = `,"modified":"` + modified + `"`
		}
		return technique("T0001", name, modified)
	}
	link := func(name, to, modified string) string {
		return relation("1", "uses", "T0001", to) + `,"description":"` + name + `","modified":"` + modified + `"`
	}
	for name, pair := range map[string][2]string{
		"objects":                         {object("new", "2021-01-01T00:00:00Z"), object("old", "2020-01-01T00:00:00Z")},
		"objects of one time":             {object("a", "2020-01-01T00:00:00.000Z"), object("b", "2020-01-01T00:00:00Z")},
		"objects without a time":          {object("a", ""), object("b", "")},
		"objects of two types":            {object("a", ""), strings.Replace(object("b", ""), "attack-pattern\"", "tool\"", 1)},
		"relationships":                   {link("new", "T0002", "2021-01-01T00:00:00Z"), link("old", "T0002", "2020-01-01T00:00:00Z")},
		"relationships of one time":       {link("a", "T0002", "2020-01-01T00:00:00Z"), link("b", "T0002", "2020-01-01T00:00:00.0Z")},
		"relationships to something else": {link("new", "T0003", "2021-01-01T00:00:00Z"), link("old", "T0002", "2020-01-01T00:00:00Z")},
		"the same":                        {object("a", ""), object("a", "")},
	} {
		t.Run(name, func(t *testing.T) {
			others := []string{technique("T0002", "Two", ""), technique("T0003", "Three", ""), technique("T0001", "first", `,"modified":"2019-01-01T00:00:00Z"`)}
			a := attackBundle(t, append(others, pair[0], pair[1])...)
			b := attackBundle(t, append(others, pair[1], pair[0])...)
			assertSameCatalog(t, a, b)
			assert.Equal(t, string(written(t, a)), string(written(t, b)))
			again, err := mitre.Read(t.Context(), "again", bytes.NewReader(written(t, a)))
			require.NoError(t, err)
			assertSameCatalog(t, a, again)
			o, _ := a.Lookup("T0001")
			assert.NotEqual(t, "old", o.Common().Name)
			for r := range a.Relationships() {
				assert.NotEqual(t, "old", r.Description)
			}
			d, err := mitre.Diff(t.Context(), a, again)
			require.NoError(t, err)
			assert.Empty(t, d.Objects)
			assert.NotEmpty(t, a.Problems())
		})
	}
}

// The domain is the one that most techniques name, wherever they stand.
func TestWriteMixedDomains(t *testing.T) {
	mixed := []string{technique("T0001", "a", phases("x")), technique("T0002", "b", phases("x")),
		technique("T0003", "c", strings.Replace(phases("x"), "mitre-ics-attack", "mitre-attack", 1))}
	for range 3 {
		mixed = append(mixed[1:], mixed[0])
		assert.Equal(t, "ics-attack", attackBundle(t, mixed...).Info().Domain)
	}
}

// What has no field of its own is a property of the bundle's object.
func TestProperty(t *testing.T) {
	c := attackBundle(t, technique("T0001", "N", `,"x_mitre_contributors":["A","B"],"created_by_ref":"identity--1","x_null":null,"x_number":1.5,"x_pad":"`+strings.Repeat("x", 300_000)+`"`),
		technique("T0002", "N", `,"x_mitre_contributors":["C"]`))
	one, _ := c.Lookup("T0001")
	names, ok := mitre.Property[[]string](c, one, "x_mitre_contributors")
	assert.True(t, ok)
	assert.Equal(t, []string{"A", "B"}, names)
	by, ok := mitre.Property[string](c, one, "created_by_ref")
	assert.True(t, ok)
	assert.Equal(t, "identity--1", by)
	raw, ok := mitre.Property[json.RawMessage](c, one, "x_number")
	assert.True(t, ok)
	assert.Equal(t, "1.5", string(raw))
	for _, name := range []string{"x_null", "nothing", "X_mitre_contributors"} {
		_, ok = mitre.Property[any](c, one, name)
		assert.False(t, ok, name)
	}
	_, ok = mitre.Property[int](c, one, "created_by_ref")
	assert.False(t, ok, "another type")
	two, _ := c.Lookup("T0002")
	names, _ = mitre.Property[[]string](c, two, "x_mitre_contributors")
	assert.Equal(t, []string{"C"}, names, "the far side of several parts of the document")
	_, ok = mitre.Property[string](embedded(t), two, "name")
	assert.False(t, ok, "an object that the catalogue lacks")

	// For every object of a release it gives the object's own.
	full := official(t, "ics-attack-18.1.json.gz")
	for o := range mitre.All[mitre.Object](full) {
		id, _ := mitre.Property[string](full, o, "id")
		require.Equal(t, o.Common().STIXID, id)
	}
	facts, _ := embedded(t).Lookup("T0843")
	id, _ := mitre.Property[string](embedded(t), facts, "id")
	assert.Equal(t, facts.Common().STIXID, id)
}

// Put together again, the pieces are the bundle.
func TestRaw(t *testing.T) {
	c, err := mitre.Read(t.Context(), "small", strings.NewReader(small))
	require.NoError(t, err)
	bundle, objects, err := c.Raw()
	require.NoError(t, err)
	assert.JSONEq(t, `{"type":"bundle","id":"bundle--1"}`, string(bundle))
	require.Len(t, objects, 11)
	var all []string
	for _, o := range objects {
		all = append(all, string(o))
	}
	again, err := mitre.Read(t.Context(), "again", strings.NewReader(strings.TrimSuffix(string(bundle), "}")+`,"objects":[`+strings.Join(all, ",")+`]}`))
	require.NoError(t, err)
	assertSameCatalog(t, c, again)
	_, _, err = new(mitre.Catalog).Raw()
	assert.ErrorIs(t, err, mitre.ErrEmpty)
}

func TestWriteEmbedded(t *testing.T) {
	b, err := data.FS.ReadFile(data.AttackICS)
	require.NoError(t, err)
	wantTop, want := bundle(t, b)
	top, got := bundle(t, written(t, embedded(t)))
	assert.Equal(t, wantTop, top)
	assert.Equal(t, want, got)
}

// TestWriteForValidators writes bundles into a folder for validators that are
// not in Go; .ci/run runs one.
func TestWriteForValidators(t *testing.T) {
	dir := os.Getenv("MITIGRAPH_WRITE_DIR")
	if dir == "" {
		t.Skip("needs MITIGRAPH_WRITE_DIR")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "embedded.json"), written(t, embedded(t)), 0o600))
	for _, file := range []string{"ics-attack-18.1-stix20.json.gz", "ics-attack-19.1.json.gz"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, strings.TrimSuffix(file, ".gz")), written(t, official(t, file)), 0o600))
	}
}

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	assert.ErrorIs(t, new(mitre.Catalog).Write(t.Context(), &bytes.Buffer{}), mitre.ErrEmpty)
	assert.ErrorContains(t, embedded(t).Write(t.Context(), &failing{}), "disk full")
	assert.ErrorContains(t, embedded(t).Write(t.Context(), &failing{after: 1_100_000}), "disk full")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, embedded(t).Write(ctx, &bytes.Buffer{}), context.Canceled)
}

// unzipped is a file's content, bounded by the machine only: a test's file.
func unzipped(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	return gunzip(t, f)
}

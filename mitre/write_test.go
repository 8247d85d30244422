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
	assert.Equal(t, want.Info(), got.Info())
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

package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cayley "github.com/cayleygraph/cayley/graph"
	"github.com/cayleygraph/cayley/graph/iterator"
	"github.com/cayleygraph/cayley/graph/memstore"
	"github.com/cayleygraph/cayley/graph/refs"
	cpath "github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/path"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// snapshot is the embedded knowledge with some sources more.
func snapshot(t testing.TB, c *mitre.Catalog, more ...graph.Source) *graph.Snapshot {
	t.Helper()
	g, err := graph.New(t.Context(), append([]graph.Source{graph.Attack(c), graph.Knowledge()}, more...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.Close()) })
	return g.Snapshot()
}

func embedded(t testing.TB) *mitre.Catalog {
	t.Helper()
	c, err := mitre.Embedded()
	require.NoError(t, err)
	return c
}

// sample is the sample site with its findings.
func sample(t testing.TB) *graph.Snapshot {
	t.Helper()
	f, err := data.FS.Open(data.SampleControls)
	require.NoError(t, err)
	defer f.Close()
	site, err := graph.ReadSite(t.Context(), "sample site", f)
	require.NoError(t, err)
	ff, err := data.FS.Open(data.SampleFindings)
	require.NoError(t, err)
	defer ff.Close()
	found, _, err := finding.Collect(finding.Read(t.Context(), "sample site", ff, finding.JSON))
	require.NoError(t, err)
	return snapshot(t, embedded(t), graph.SiteFacts(site), graph.Findings(found...))
}

// random makes a site and findings of what the catalogue and the knowledge
// have, revoked techniques among them.
func random(r *rand.Rand, c *mitre.Catalog) []graph.Source {
	pick := func(from []string, most int) []string {
		var out []string
		for range r.IntN(most + 1) {
			if len(from) > 0 {
				if id := from[r.IntN(len(from))]; !slices.Contains(out, id) {
					out = append(out, id)
				}
			}
		}
		return out
	}
	var mitigations, assets, techniques []string
	for m := range mitre.All[*mitre.Mitigation](c) {
		if m.Live() && m.ID != "" {
			mitigations = append(mitigations, m.ID)
		}
	}
	for a := range mitre.All[*mitre.Asset](c) {
		assets = append(assets, a.ID)
	}
	for t := range mitre.All[*mitre.Technique](c) {
		techniques = append(techniques, t.ID)
	}
	weaknesses := []string{"CWE-798", "CWE-259", "CWE-321", "CWE-400", "CWE-770", "CWE-787", "CWE-121", "CWE-20", "CWE-99999", "OWASP-IOT-2018-I1"}
	constraints := []string{"no_agent", "no_patch", "no_auth", "legacy_protocol", "vendor_managed"}
	site := graph.SiteDescription{Site: "s", Deployed: pick(mitigations, 3)}
	var found []finding.Finding
	for i := range 1 + r.IntN(5) {
		d := graph.Device{ID: fmt.Sprint("d", i), Deployed: pick(mitigations, 2), Constraints: pick(constraints, 2)}
		if a := pick(assets, 1); len(a) > 0 {
			d.Asset = a[0]
		}
		site.Devices = append(site.Devices, d)
	}
	for i := range r.IntN(8) {
		found = append(found, finding.Finding{ID: fmt.Sprint("F", i), Title: "<x> \"y\"", Device: fmt.Sprint("d", r.IntN(7)),
			Weaknesses: pick(weaknesses, 3), Techniques: pick(techniques, 2)})
	}
	return []graph.Source{graph.SiteFacts(site), graph.Findings(found...)}
}

// releases are the official files that are there.
func releases(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "attack", "*.json.gz"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("needs ../shared/data/attack")
	}
	return files
}

func open(t *testing.T, file string) *mitre.Catalog {
	t.Helper()
	c, err := mitre.Open(t.Context(), file)
	require.NoError(t, err)
	return c
}

func name(file string) string {
	return strings.TrimSuffix(filepath.Base(file), ".json.gz")
}

// memory is Cayley's own store with the same quads.
func memory(s *graph.Snapshot) cayley.QuadStore {
	qs := memstore.New()
	for q := range s.Quads() {
		qs.AddQuad(q)
	}
	return qs
}

// rows runs a path, on Cayley's store as a user of Cayley would, and gives the
// distinct rows in order: the tags, or the end alone.
func rows(t testing.TB, qs cayley.QuadStore, p *cpath.Path) []string {
	t.Helper()
	if st, ok := qs.(*query.Store); ok {
		return ran(t, st, p)
	}
	var out []string
	it := iterator.Tag(p.BuildIteratorOn(context.Background(), qs), "id")
	err := iterator.Iterate(context.Background(), it).TagEach(func(tags map[string]refs.Ref) error {
		parts := make([]string, 0, len(tags))
		for tag, r := range tags {
			v, err := qs.NameOf(r)
			if err != nil {
				return err
			}
			if len(tags) == 1 {
				parts = append(parts, quad.StringOf(v))
			} else {
				parts = append(parts, tag+"="+quad.StringOf(v))
			}
		}
		slices.Sort(parts)
		out = append(out, strings.Join(parts, " "))
		return nil
	})
	require.NoError(t, err)
	slices.Sort(out)
	return slices.Compact(out)
}

func ran(t testing.TB, st *query.Store, p *cpath.Path) []string {
	t.Helper()
	r, err := path.Run(t.Context(), st, p, query.Limits{Rows: 1 << 30, Deadline: time.Minute})
	require.NoError(t, err)
	var out []string
	for _, row := range r.Rows {
		var parts []string
		for i, v := range row {
			text := ""
			switch v := v.(type) {
			case nil:
				continue
			case quad.IRI:
				text = v.String()
			case string:
				text = quad.String(v).String()
			case float64:
				text = quad.Float(v).String()
			case int64:
				text = quad.Int(v).String()
			default:
				t.Fatalf("a %T", v)
			}
			if len(r.Columns) > 1 {
				text = r.Columns[i] + "=" + text
			}
			parts = append(parts, text)
		}
		slices.Sort(parts)
		out = append(out, strings.Join(parts, " "))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func iris(keys ...string) []quad.Value {
	out := make([]quad.Value, len(keys))
	for i, k := range keys {
		out[i] = quad.IRI(k)
	}
	return out
}

func from(keys ...string) *cpath.Path { return cpath.StartMorphism(iris(keys...)...) }

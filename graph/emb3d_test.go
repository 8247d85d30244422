package graph

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// A finding that names a threat or a property of EMB3D gives techniques, and
// says by which way.
func TestEMB3DFindings(t *testing.T) {
	g := newGraph(t, Findings(
		finding.Finding{ID: "F-1", Weaknesses: []string{"TID-311"}},
		finding.Finding{ID: "F-2", Weaknesses: []string{"PID-12"}},
		finding.Finding{ID: "F-3", Weaknesses: []string{"PID-15"}},
		finding.Finding{ID: "F-4", Weaknesses: []string{"TID-999"}},
	))
	a := assess(t, g)
	byThreat, general, property, unknown := a.Findings[0], a.Findings[1], a.Findings[2], a.Findings[3]

	require.Equal(t, Mapped, byThreat.Status)
	assert.Equal(t, "T1694.001", byThreat.Techniques[0].ID)
	via := byThreat.Techniques[0].Via[0]
	assert.Empty(t, via.Path)
	assert.Equal(t, Analyst, via.Provenance)
	assert.Contains(t, via.Source, "EMB3D")

	require.Equal(t, Mapped, property.Status)
	for _, technique := range property.Techniques {
		for _, via := range technique.Via {
			require.Len(t, via.Path, 2, technique.ID)
			assert.Equal(t, "PID-15", via.Path[0])
			assert.Contains(t, []string{"TID-115", "TID-116", "TID-119"}, via.Path[1])
		}
	}

	require.Equal(t, Mapped, general.Status)
	ways := map[string]bool{}
	for _, technique := range general.Techniques {
		ways[strings.Join(technique.Via[0].Path, " ")] = true
		assert.LessOrEqual(t, technique.Confidence, threatDecay*partDecay)
	}
	assert.Subset(t, []string{"PID-12 PID-121 TID-106", "PID-12 PID-122 TID-107", "PID-12 PID-123 TID-108", "PID-12 PID-124 TID-109"}, sorted(ways))
	assert.Greater(t, len(ways), 2)

	assert.Equal(t, UnknownWeakness, unknown.Status)
}

const (
	testEMB3D = `{"catalogue":"EMB3D","version":"test","properties":[
	 {"id":"PID-1","name":"General","category":"Hardware"},
	 {"id":"PID-11","name":"Special","category":"Hardware","parents":["PID-1"],"threats":["TID-1"]},
	 {"id":"PID-111","name":"More special","category":"Hardware","parents":["PID-11"],"threats":["TID-2"]},
	 {"id":"PID-12","name":"The contrary","category":"Hardware","parents":["PID-1"],"threats":["TID-3"]},
	 {"id":"PID-2","name":"Other","category":"Hardware","threats":["TID-4"]}],
	 "threats":[
	 {"id":"TID-1","name":"First","category":"hardware","maturity":"proof of concept","cwes":["CWE-798"],"mitigations":["MID-001"]},
	 {"id":"TID-2","name":"Second","category":"hardware","maturity":"proof of concept"},
	 {"id":"TID-3","name":"Third","category":"hardware","maturity":"proof of concept"},
	 {"id":"TID-4","name":"Fourth","category":"hardware","maturity":"proof of concept","cwes":["CWE-798"]}],
	 "mitigations":[{"id":"MID-001","name":"Advice","maturity":"leading","iec_62443_4_2":["CR 1.1"]}]}`
	testEMB3DMapping = `{"version":"test","links":[
	 {"weakness":"TID-1","technique":"T0859","relation":"enables","confidence":0.6,"rationale":"One."},
	 {"weakness":"TID-2","technique":"T0814","relation":"performs","confidence":0.9,"rationale":"Two."},
	 {"weakness":"TID-3","technique":"T0859","relation":"performs","confidence":0.9,"rationale":"Three."}],
	 "none":[{"weakness":"TID-4","rationale":"Nothing follows."}]}`
)

func testEMB3DSources(t testing.TB) []Source {
	t.Helper()
	c, m := &emb3dCatalogue{}, &mapping{of: "EMB3D"}
	require.NoError(t, json.Unmarshal([]byte(testEMB3D), c))
	require.NoError(t, json.Unmarshal([]byte(testEMB3DMapping), m))
	return []Source{c, m}
}

func TestEMB3DWays(t *testing.T) {
	g, err := New(t.Context(), testSources(t, testEMB3DSources(t)...)...)
	require.NoError(t, err)
	defer g.Close()
	s := g.Snapshot()
	type opening struct {
		technique, path string
		confidence      float64
	}
	for id, want := range map[string][]opening{
		"TID-1":   {{"T0859", "TID-1", 0.6}},
		"PID-11":  {{"T0859", "PID-11 TID-1", 0.3}}, // neither up to PID-1 nor down to PID-111
		"PID-111": {{"T0814", "PID-111 TID-2", 0.45}},
		"PID-1":   {{"T0859", "PID-1 PID-12 TID-3", 0.36}}, // the surest of two ways; TID-2 is further away
		"TID-4":   nil,                                     // not by its CWE, though that is mapped
		"PID-2":   nil,
	} {
		var got []opening
		opens, status := s.Opens(id)
		for _, o := range opens {
			got = append(got, opening{o.Technique.ID, strings.Join(o.Path, " "), round(o.Confidence)})
		}
		assert.Equal(t, want, got, id)
		assert.Equal(t, map[bool]Status{true: Mapped, false: UnmappedWeakness}[len(want) > 0], status, id)
	}

	p, ok, err := s.ShortestPath(t.Context(), "PID-11", "T0859")
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, "PID-11 > TID-1 > T0859", p.String())
}

// What EMB3D says beside is in the record and changes no answer.
func TestEMB3DRecord(t *testing.T) {
	g := newGraph(t, SiteFacts(site), Findings(fewFindings(9)...))
	s := g.Snapshot()
	n, ok := s.Node("emb3d:MID-043")
	require.True(t, ok)
	assert.Equal(t, Node{"emb3d:MID-043", "MID-043", "EMB3DMitigation", "Manage Default Login Credentials"}, n)
	m, ok := doc[*emb3dMitigation](s.index(), "emb3d:MID-043")
	require.True(t, ok)
	assert.Equal(t, []string{"CR 1.1 RE 1", "CR 1.5"}, m.IEC62443)

	advice := map[string]bool{}
	for n, link := range s.index().to("weakness:TID-311", predCounters) {
		advice[n.name] = true
		assert.Equal(t, Provenance{Cited, "EMB3D 2.0.1"}, link.Provenance)
	}
	assert.Contains(t, advice, "Manage Default Login Credentials")
	var cwes []string
	for n, link := range s.index().from("weakness:TID-311", predNames) {
		cwes = append(cwes, n.doc.(*Weakness).ID)
		assert.Equal(t, Cited, link.Kind)
	}
	assert.Equal(t, []string{"CWE-1392", "CWE-1393"}, cwes)

	with := assess(t, g)
	require.NoError(t, g.Remove(t.Context(), "source:weakness/emb3d/2.0.1", "source:mapping/emb3d/2026.11"))
	same(t, asJSON(t, with), asJSON(t, assess(t, g)))
}

// Whatever EMB3D has opens a technique, unless the mapping says why not.
func TestEMB3DIsMapped(t *testing.T) {
	var m struct{ None []struct{ Weakness string } }
	b, err := data.FS.ReadFile(data.MappingEMB3D)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &m))
	none := map[string]bool{}
	for _, n := range m.None {
		none[n.Weakness] = true
	}
	s := newGraph(t).Snapshot()
	kinds := map[string]int{}
	for _, w := range all[*Weakness](s.index()) {
		id, ok := finding.ParseWeakness(w.ID)
		assert.True(t, ok && id == w.ID || w.Kind == "category" || w.Kind == "view", "%s is read as %s", w.ID, id)
		kinds[w.Kind]++
		switch w.Kind {
		case "threat":
			opens, _ := s.Opens(w.ID)
			assert.Equal(t, none[w.ID], len(opens) == 0, w.ID)
			for _, o := range opens {
				assert.Len(t, o.Path, 1, w.ID)
				assert.True(t, o.Technique.Live(), o.Technique.ID)
			}
		case "property":
			opens, status := s.Opens(w.ID)
			assert.Equal(t, Mapped, status, w.ID)
			for _, o := range opens {
				assert.Less(t, o.Confidence, 0.5, w.ID)
			}
		}
	}
	assert.Equal(t, 81, kinds["threat"])
	assert.Equal(t, 59, kinds["property"])
}

// A store that was written before EMB3D was known opens, and takes it up.
func TestStoreFromBeforeEMB3D(t *testing.T) {
	parts, err := embeddedKnowledge()
	require.NoError(t, err)
	before := slices.DeleteFunc(slices.Clone(parts), func(s Source) bool {
		o, err := s.origin()
		require.NoError(t, err)
		return strings.Contains(o.label, "emb3d")
	})
	require.Len(t, before, len(parts)-2)
	kept := &strictStore{}
	f := Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"TID-311", "CWE-798"}})
	g, err := Open(t.Context(), kept, append(append([]Source{Attack(embedded(t))}, before...), f)...)
	require.NoError(t, err)
	was := assess(t, g)
	require.NoError(t, g.Close())

	g, err = Open(t.Context(), kept)
	require.NoError(t, err)
	same(t, asJSON(t, was), asJSON(t, assess(t, g)))
	require.NoError(t, g.Add(t.Context(), Attack(embedded(t)), Knowledge()))
	now := assess(t, g)
	require.NoError(t, g.Close())
	assert.Greater(t, len(now.Findings[0].Techniques), len(was.Findings[0].Techniques))

	g, err = Open(t.Context(), kept)
	require.NoError(t, err)
	same(t, asJSON(t, now), asJSON(t, assess(t, g)))
	require.NoError(t, g.Close())
}

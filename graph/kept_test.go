package graph

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cayleygraph/quad"
	"github.com/goccy/go-json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
)

// strictStore is the simplest store there is. It checks what it is given.
type strictStore struct {
	quads  []quad.Quad
	state  store.State
	closed bool
	fail   error // of the next write
}

func (s *strictStore) Read(context.Context) ([]quad.Quad, store.State, error) {
	return slices.Clone(s.quads), s.state, nil
}
func (s *strictStore) State(context.Context) (store.State, error) { return s.state, nil }
func (s *strictStore) Close() error                               { s.closed = true; return nil }

func (s *strictStore) Write(_ context.Context, was store.State, remove, add []quad.Quad) (store.State, error) {
	if err := s.fail; err != nil {
		s.fail = nil
		return store.State{}, err
	}
	if was != s.state {
		return store.State{}, store.ErrConflict
	}
	has := map[quad.Quad]bool{}
	for _, q := range s.quads {
		has[q] = true
	}
	for _, q := range remove {
		if !has[q] {
			return store.State{}, fmt.Errorf("removes what is not there: %v", q)
		}
		delete(has, q)
	}
	next := slices.DeleteFunc(slices.Clone(s.quads), func(q quad.Quad) bool { return !has[q] })
	for _, q := range add {
		if has[q] {
			return store.State{}, fmt.Errorf("adds what is there: %v", q)
		}
		if !q.IsValid() {
			return store.State{}, fmt.Errorf("adds what is no quad: %v", q)
		}
		has[q] = true
		next = append(next, q)
	}
	s.quads = next
	s.state = was.After(remove, add)
	return s.state, nil
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(b)
}

// same compares long texts and shows where they part.
func same(t testing.TB, want, got string, what ...any) {
	t.Helper()
	if want == got {
		return
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			t.Errorf("%v: line %d\nwant %s\ngot  %s", what, i+1, strings.Join(w[max(0, i-3):min(len(w), i+4)], "\n     "), strings.Join(g[min(len(g), max(0, i-3)):min(len(g), i+4)], "\n     "))
			return
		}
	}
	t.Errorf("%v: %d lines more than wanted", what, len(g)-len(w))
}

var site = SiteDescription{Site: "pump house", Deployed: []string{"M0930"}, Devices: []Device{
	{ID: "plc-1", Asset: "A0003", Deployed: []string{"M0807"}, Constraints: []string{"no_patch", "no_agent"}},
	{ID: "hmi 1", Asset: "A0002"},
}}

func fewFindings(n int) []finding.Finding {
	ids := []string{"CWE-798", "CWE-306", "CWE-79", "CWE-99999", "CWE-400"}
	var out []finding.Finding
	for i := range n {
		out = append(out, finding.Finding{
			ID: fmt.Sprintf("F-%d", i), Title: "a title\x00 with \xff", Device: []string{"plc-1", "hmi 1", ""}[i%3],
			Weaknesses: ids[i%5 : i%5+1], CVSS: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", EPSS: 0.25,
			Source: []string{"a.json", "b.json"}[i%2],
		})
	}
	return out
}

// A graph that was opened again answers as the one that wrote the store.
func TestOpenAgain(t *testing.T) {
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge(), SiteFacts(site), Findings(fewFindings(9)...))
	require.NoError(t, err)
	require.NoError(t, g.Add(t.Context(), Findings(finding.Finding{ID: "late", Techniques: []string{"T0855", "T9999"}, Source: "a.json", CVSS: "9.8"})))
	unread := []*finding.RecordError{{File: "x", Where: "line 2", Err: finding.ErrTooLong, Lost: finding.LostRecord}, {Where: "line 3.epss", Err: finding.ErrTooLong, Lost: finding.LostMember}, {Where: "findings", Err: finding.ErrTooLong}}
	require.NoError(t, g.Add(t.Context(), FindingsRead("c.json", []finding.Finding{{ID: "c"}}, unread)))
	a := assess(t, g)
	// Beside what the reader skipped: a technique, and a weakness in two findings.
	assert.Equal(t, []int{1, 4}, []int{a.UnreadRecords, a.UnreadMembers})
	require.Len(t, g.Snapshot().Skipped(), 4)
	assert.Equal(t, "c.json: line 2: longer than 16 MiB", g.Snapshot().Skipped()[0].Error())
	require.NoError(t, g.Add(t.Context(), Drafts(&Assessment{Gaps: a.Gaps, Drafts: []Draft{{ID: "D-1", Gap: 0}}})))
	want := asJSON(t, assess(t, g))
	wantWhole := asJSON(t, g.Snapshot().Whole())
	require.NoError(t, g.Close())
	assert.True(t, kept.closed)

	again, err := Open(t.Context(), kept)
	require.NoError(t, err)
	same(t, want, asJSON(t, assess(t, again)))
	same(t, wantWhole, asJSON(t, again.Snapshot().Whole()))
	assert.Equal(t, g.Snapshot().Warnings(), again.Snapshot().Warnings())
	assert.Equal(t, fmt.Sprint(g.Snapshot().Skipped()), fmt.Sprint(again.Snapshot().Skipped()))
	sources := func(s *Snapshot) (out []string) {
		for _, i := range s.Sources() {
			out = append(out, fmt.Sprint(i))
		}
		return out
	}
	assert.Equal(t, sources(g.Snapshot()), sources(again.Snapshot()))

	before := len(kept.quads)
	writes := kept.state.Writes
	require.NoError(t, again.Add(t.Context(), Attack(embedded(t)), Knowledge(), SiteFacts(site), Findings(fewFindings(9)...)))
	assert.Len(t, kept.quads, before, "the same sources again change nothing")
	assert.Equal(t, writes, kept.state.Writes)
	same(t, want, asJSON(t, assess(t, again)))

	// The order of the record does not matter to any answer.
	rand.Shuffle(len(kept.quads), func(i, j int) { kept.quads[i], kept.quads[j] = kept.quads[j], kept.quads[i] })
	shuffled, err := Open(t.Context(), kept)
	require.NoError(t, err)
	same(t, wantWhole, asJSON(t, shuffled.Snapshot().Whole()))
	got := assess(t, shuffled)
	one, two := assess(t, again), got
	assert.ElementsMatch(t, one.Findings, two.Findings)
	same(t, asJSON(t, one.Techniques), asJSON(t, two.Techniques))
	same(t, asJSON(t, one.Gaps), asJSON(t, two.Gaps))
}

// Removing a source removes its statements and no other's, in the snapshot
// and in the record.
func TestRemove(t *testing.T) {
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge())
	require.NoError(t, err)
	bare, record := asJSON(t, g.Snapshot().Whole()), len(kept.quads)
	require.NoError(t, g.Add(t.Context(), SiteFacts(site)))
	withSite, siteRecord := asJSON(t, g.Snapshot().Whole()), len(kept.quads)
	require.NoError(t, g.Add(t.Context(), Findings(fewFindings(9)...)))

	assert.ErrorIs(t, g.Remove(t.Context(), "source:findings/a.json", "source:nothing"), ErrUnknownSource)
	assert.Len(t, assess(t, g).Findings, 9, "nothing was removed")

	require.NoError(t, g.Remove(t.Context(), "source:findings/a.json"))
	assert.Len(t, assess(t, g).Findings, 4)
	require.NoError(t, g.Remove(t.Context(), "source:findings/b.json"))
	same(t, withSite, asJSON(t, g.Snapshot().Whole()))
	assert.Len(t, kept.quads, siteRecord)
	require.NoError(t, g.Remove(t.Context(), "source:site/pump%20house"))
	same(t, bare, asJSON(t, g.Snapshot().Whole()))
	assert.Len(t, kept.quads, record)

	var keys []string
	for _, i := range g.Snapshot().Sources() {
		keys = append(keys, i.Key)
	}
	require.NoError(t, g.Remove(t.Context(), keys...))
	assert.Empty(t, kept.quads)
	assert.Empty(t, g.Snapshot().Whole().Nodes)
}

// What a source says anew takes the place of what it said before.
func TestReplace(t *testing.T) {
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge(), SiteFacts(site), Findings(fewFindings(9)...))
	require.NoError(t, err)
	less := site
	less.Devices = site.Devices[:1]
	less.Deployed = nil
	require.NoError(t, g.Add(t.Context(), SiteFacts(less), Replace(Findings(fewFindings(3)...))))
	fresh := newGraph(t, SiteFacts(less), Findings(fewFindings(3)...))
	same(t, asJSON(t, fresh.Snapshot().Whole()), asJSON(t, g.Snapshot().Whole()))
	same(t, asJSON(t, assess(t, fresh)), asJSON(t, assess(t, g)))
	again, err := Open(t.Context(), kept)
	require.NoError(t, err)
	same(t, asJSON(t, assess(t, fresh)), asJSON(t, assess(t, again)))
}

// A newer release beside an older one: the newest is in force, the older one
// can be looked through, and removing one leaves the other as it was.
func TestTwoReleases(t *testing.T) {
	old := shared(t, "ics-attack-17.1")
	facts := Findings(
		finding.Finding{ID: "F-1", Device: "plc-1", Weaknesses: []string{"CWE-306"}},
		finding.Finding{ID: "F-2", Device: "hmi 1", Techniques: []string{"T0855"}})
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(old), Knowledge(), SiteFacts(site), facts)
	require.NoError(t, err)
	before := asJSON(t, assess(t, g))
	assert.Contains(t, before, `"T0855"`)

	require.NoError(t, g.Add(t.Context(), Attack(embedded(t))))
	s := g.Snapshot()
	assert.Equal(t, "19.1", s.Catalog().Info().Version)
	require.Len(t, s.releases(), 2)
	assert.Equal(t, "17.1", s.releases()[0].Version)
	alone := newGraph(t, SiteFacts(site), facts)
	same(t, asJSON(t, alone.Snapshot().mustAssess(t)), asJSON(t, s.mustAssess(t)), "the older release does not show")

	then, err := s.On("17.1")
	require.NoError(t, err)
	same(t, before, asJSON(t, then.mustAssess(t)))
	_, err = s.On("12.1")
	assert.ErrorContains(t, err, `"12.1"; it holds 17.1, 19.1`)

	again, err := Open(t.Context(), kept)
	require.NoError(t, err)
	same(t, asJSON(t, s.mustAssess(t)), asJSON(t, again.Snapshot().mustAssess(t)))
	then, err = again.Snapshot().On("17.1")
	require.NoError(t, err)
	same(t, before, asJSON(t, then.mustAssess(t)))

	require.NoError(t, again.Remove(t.Context(), "source:attack/ics-attack/19.1"))
	same(t, before, asJSON(t, again.Snapshot().mustAssess(t)))
}

// A write that another writer came before is made again from what that one
// wrote; one that fails changes nothing.
func TestConflict(t *testing.T) {
	kept := &strictStore{}
	first, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge())
	require.NoError(t, err)
	second, err := Open(t.Context(), kept)
	require.NoError(t, err)
	require.NoError(t, first.Add(t.Context(), Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}})))
	assert.Empty(t, assess(t, second).Findings)
	require.NoError(t, second.Add(t.Context(), Findings(finding.Finding{ID: "F-2", Weaknesses: []string{"CWE-79"}})))
	assert.Len(t, assess(t, second).Findings, 2)
	changed, err := first.Refresh(t.Context())
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Len(t, assess(t, first).Findings, 2)
	changed, err = first.Refresh(t.Context())
	require.NoError(t, err)
	assert.False(t, changed)

	kept.fail = store.ErrFull
	now := first.Snapshot()
	assert.ErrorIs(t, first.Add(t.Context(), Findings(finding.Finding{ID: "F-3"})), store.ErrFull)
	assert.Same(t, now, first.Snapshot())
	require.NoError(t, first.Add(t.Context(), Findings(finding.Finding{ID: "F-3"})))
	assert.Len(t, assess(t, first).Findings, 3)
}

// A record that says nonsense is an error that says where.
func TestDamagedRecord(t *testing.T) {
	kept := &strictStore{}
	_, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge(), SiteFacts(site), Findings(fewFindings(3)...))
	require.NoError(t, err)
	whole := slices.Clone(kept.quads)
	iri := func(s string) quad.IRI { return quad.IRI(s) }
	for name, change := range map[string]func([]quad.Quad) []quad.Quad{
		"no label": func(q []quad.Quad) []quad.Quad { q[0].Label = nil; return q },
		"no class": func(q []quad.Quad) []quad.Quad { q[0].Object = iri("class:Nothing"); return q },
		"a document that is none": func(q []quad.Quad) []quad.Quad {
			for i := range q {
				if q[i].Subject == iri("finding:F-0") && q[i].Predicate == iri("rel:document") {
					q[i].Object = quad.String("{")
				}
			}
			return q
		},
		"a name that is a node": func(q []quad.Quad) []quad.Quad {
			for i := range q {
				if q[i].Predicate == iri("rel:name") {
					q[i].Object = iri("x:y")
				}
			}
			return q
		},
		"an unknown class": func(q []quad.Quad) []quad.Quad {
			return append(q, quad.Quad{Subject: iri("x:y"), Predicate: iri("rdf:type"), Object: iri("class:X"), Label: iri("source:findings/a.json")})
		},
		"half a release": func(q []quad.Quad) []quad.Quad {
			return slices.DeleteFunc(q, func(q quad.Quad) bool {
				return q.Predicate == iri("rel:document") && q.Label == iri("source:attack/ics-attack/19.1") && q.Subject != q.Label
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), &strictStore{quads: change(slices.Clone(whole))})
			assert.ErrorIs(t, err, store.ErrDamaged)
		})
	}
}

// What a newer release and a control change for a site.
func TestSince(t *testing.T) {
	old := shared(t, "ics-attack-17.1")
	g, err := New(t.Context(), Attack(old), Knowledge(), SiteFacts(site), Findings(
		finding.Finding{ID: "F-1", Device: "plc-1", Weaknesses: []string{"CWE-306"}},
		finding.Finding{ID: "F-2", Device: "hmi 1", Weaknesses: []string{"CWE-99999"}}))
	require.NoError(t, err)
	require.NoError(t, g.Add(t.Context(), Attack(embedded(t))))
	s := g.Snapshot()
	then, err := s.On("17.1")
	require.NoError(t, err)
	c, err := s.Since(t.Context(), then)
	require.NoError(t, err)
	assert.Equal(t, "17.1", c.Before.Version)
	assert.Equal(t, "19.1", c.After.Version)
	became := map[string]string{}
	for _, d := range c.Techniques {
		if d.Before != nil && d.After != nil {
			became[d.Before.ID] = d.After.ID
		}
	}
	assert.Equal(t, "T1692.001", became["T0855"])
	for _, d := range c.Gaps {
		assert.False(t, d.After != nil && d.After.Technique == "", "the unknown weakness is no change")
	}

	lookBack, err := then.Since(t.Context(), s)
	require.NoError(t, err)
	back19 := map[string]string{}
	for _, d := range lookBack.Techniques {
		if assert.True(t, d.Before != nil && d.After != nil, "the same weaknesses open the same techniques, by other names") {
			back19[d.Before.ID] = d.After.ID
		}
	}
	assert.Equal(t, "T0855", back19["T1692.001"])
	assert.Len(t, lookBack.Gaps, len(c.Gaps))

	none, err := s.Since(t.Context(), s)
	require.NoError(t, err)
	assert.Empty(t, none.Techniques)
	assert.Empty(t, none.Gaps)

	if_, err := s.Suppose(Supposition{Device: "plc-1", Deploy: []string{"M0807"}}, Supposition{Deploy: []string{"M0937"}})
	require.NoError(t, err)
	c, err = if_.Since(t.Context(), s)
	require.NoError(t, err)
	assert.NotEmpty(t, c.Techniques)
	for _, d := range c.Gaps {
		assert.NotNil(t, d.Before, "a control opens no gap")
	}
	back, err := s.Since(t.Context(), if_)
	require.NoError(t, err)
	assert.Len(t, back.Gaps, len(c.Gaps))

	require.NoError(t, g.Add(t.Context(), Attack(shared(t, "ics-attack-18.1-stix20"))))
	assert.Equal(t, "19.1", g.Snapshot().Catalog().Info().Version, "a bundle without a version is none that is newer")
	unversioned, err := g.Snapshot().On("")
	require.NoError(t, err)
	assert.Empty(t, unversioned.Catalog().Info().Version)
	_, known := unversioned.Catalog().Lookup("T1692.001")
	assert.False(t, known)
	_, err = s.On("")
	assert.ErrorContains(t, err, `does not hold release ""`)

	_, err = s.Since(t.Context(), nil)
	assert.ErrorContains(t, err, "the older snapshot")
}

// A link that holds for other kinds of device is weakened, and where the
// mapping says that nothing follows, nothing comes from above either.
func TestMappingOfKindsAndNothing(t *testing.T) {
	var m mapping
	require.NoError(t, json.Unmarshal([]byte(`{"version":"test",
		"device_kinds":{"controller":{"means":"what runs the process","assets":["A0003"]},"operator":{"means":"what a person sits at","assets":["A0002"]}},
		"links":[
			{"weakness":"CWE-798","technique":"T0858","relation":"performs","confidence":0.9,"devices":["controller"],"rationale":"A."},
			{"weakness":"CWE-1391","technique":"T0859","relation":"enables","confidence":0.8,"rationale":"B."}],
		"none":[{"weakness":"CWE-1392","rationale":"C."}]}`), &m))
	parts, err := embeddedKnowledge()
	require.NoError(t, err)
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), parts[0], &m, SiteFacts(SiteDescription{Devices: []Device{{ID: "plc", Asset: "A0003"}, {ID: "hmi", Asset: "A0002"}, {ID: "odd"}}}),
		Findings(
			finding.Finding{ID: "plc", Device: "plc", Weaknesses: []string{"CWE-798"}},
			finding.Finding{ID: "hmi", Device: "hmi", Weaknesses: []string{"CWE-798"}},
			finding.Finding{ID: "odd", Device: "odd", Weaknesses: []string{"CWE-798"}},
			finding.Finding{ID: "none", Weaknesses: []string{"CWE-1392"}},
		))
	require.NoError(t, err)
	for range 2 {
		byID := map[string]FindingResult{}
		for _, f := range assess(t, g).Findings {
			byID[f.ID] = f
		}
		assert.Equal(t, 0.9, byID["plc"].Techniques[0].Confidence)
		assert.Equal(t, 0.9, byID["odd"].Techniques[0].Confidence)
		assert.Equal(t, 0.27, byID["hmi"].Techniques[0].Confidence)
		assert.Equal(t, "device kind operator: the link is about controller", byID["hmi"].Techniques[0].Via[0].Weakened)
		assert.Equal(t, UnmappedWeakness, byID["none"].Status)
		assert.Equal(t, "No technique follows from CWE-1392: C.", byID["none"].Why)
		opens, status := g.Snapshot().Opens("CWE-1392")
		assert.Empty(t, opens)
		assert.Equal(t, UnmappedWeakness, status)
		g, err = Open(t.Context(), kept)
		require.NoError(t, err)
	}
}

// What is deployed at one site does not count at another, and a device is at
// one of them.
func TestTwoSites(t *testing.T) {
	mill := SiteDescription{Site: "mill", Deployed: []string{"M0801", "M0930"}, Devices: []Device{{ID: "rtu-7"}}}
	at := func(device string) finding.Finding {
		return finding.Finding{ID: "on " + device, Device: device, Weaknesses: []string{"CWE-798"}}
	}
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge(), SiteFacts(site), SiteFacts(mill), Findings(at("plc-1"), at("rtu-7"), at("nowhere")))
	require.NoError(t, err)
	for range 2 {
		a := assess(t, g)
		assert.Equal(t, "mill and pump house", a.Site.Name)
		open := map[string]bool{} // devices on which T1694.002 has nothing
		for _, gap := range a.Gaps {
			if gap.Technique == "T1694.002" && gap.Kind == GapNotDeployed {
				for _, f := range gap.Findings {
					open[f] = true
				}
			}
		}
		assert.Equal(t, map[string]bool{"on plc-1": true, "on nowhere": true}, open)
		g, err = Open(t.Context(), kept)
		require.NoError(t, err)
	}
	err = g.Add(t.Context(), SiteFacts(SiteDescription{Site: "third", Devices: []Device{{ID: "plc-1"}}}))
	assert.ErrorContains(t, err, `the device "plc-1" is already one of the site "pump house"`)
	require.NoError(t, g.Add(t.Context(), SiteFacts(site)), "the same site again")
}

// A finding that two files have counts once, and stays while one of them has it.
func TestFindingOfTwoFiles(t *testing.T) {
	f := finding.Finding{ID: "F", Weaknesses: []string{"CWE-798"}, Techniques: []string{"T0859"}}
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge(), FindingsFrom("a.json", f), FindingsFrom("b.json", f))
	require.NoError(t, err)
	alone := asJSON(t, assess(t, newGraph(t, FindingsFrom("a.json", f))))
	same(t, alone, asJSON(t, assess(t, g)))
	again, err := Open(t.Context(), kept)
	require.NoError(t, err)
	same(t, alone, asJSON(t, assess(t, again)))
	require.NoError(t, again.Remove(t.Context(), "source:findings/a.json"))
	a := assess(t, again)
	require.Len(t, a.Findings, 1)
	assert.Equal(t, "b.json", a.Findings[0].Source)
	require.NoError(t, again.Add(t.Context(), FindingsFrom("b.json")))
	assert.Empty(t, assess(t, again).Findings)
	_, err = New(t.Context(), Attack(embedded(t)), FindingsFrom(""))
	assert.ErrorContains(t, err, "the source has no name")
}

// Writes of one source in every order, its store opened again after each. The
// same few findings come and go, so that what is there is met again.
func TestRandomWrites(t *testing.T) {
	finds := func(ids ...int) (out []finding.Finding) {
		for _, id := range ids {
			out = append(out, finding.Finding{ID: fmt.Sprint("F", id%4), Title: fmt.Sprint("v", id/4), Weaknesses: []string{"CWE-798"}, Source: fmt.Sprint("s", id%2)})
		}
		return out
	}
	for seed := range uint64(15) {
		r := rand.New(rand.NewPCG(seed, 1))
		kept := &strictStore{}
		g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge())
		require.NoError(t, err)
		for range 12 {
			some := finds(r.IntN(12), r.IntN(12), r.IntN(12))[:r.IntN(4)]
			switch r.IntN(6) {
			case 0:
				err = g.Add(t.Context(), Replace(Findings(some...)))
			case 1:
				err = g.Remove(t.Context(), "source:findings/s0")
			case 2:
				err = g.Add(t.Context(), FindingsFrom("s1", some...))
			case 3:
				require.NoError(t, g.Remove(t.Context(), "source:attack/ics-attack/19.1"))
				err = g.Add(t.Context(), Attack(embedded(t)))
			default:
				err = g.Add(t.Context(), Findings(some...))
			}
			if err != nil {
				require.ErrorIs(t, err, ErrUnknownSource, "seed %d", seed)
			}
			again, err := Open(t.Context(), kept)
			require.NoError(t, err, "seed %d", seed)
			one, two := assess(t, g), assess(t, again)
			require.ElementsMatch(t, one.Findings, two.Findings, "seed %d", seed)
			same(t, asJSON(t, one.Techniques), asJSON(t, two.Techniques), "seed", seed)
			same(t, asJSON(t, g.Snapshot().Whole()), asJSON(t, again.Snapshot().Whole()), "seed", seed)
		}
	}
}

// A draft that its caller goes on writing is written as it was, and again when
// it is added again.
func TestDraftsAreCopied(t *testing.T) {
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge(), Findings(finding.Finding{ID: "F", Weaknesses: []string{"CWE-798"}}))
	require.NoError(t, err)
	a := assess(t, g)
	a.Drafts = []Draft{{ID: "D", Text: DraftText{{Name: "steps", Claims: []Claim{{Text: "old"}}}}}}
	text := func() string {
		again, err := Open(t.Context(), kept)
		require.NoError(t, err)
		d, ok := doc[*Draft](again.Snapshot().index(), draftKey("D"))
		require.True(t, ok)
		return d.Text.Section("steps")[0].Text
	}
	require.NoError(t, g.Add(t.Context(), Replace(Drafts(a))))
	before := g.Snapshot()
	a.Drafts[0].Text.Section("steps")[0].Text = "new"
	assert.Equal(t, "old", text())
	require.NoError(t, g.Add(t.Context(), Replace(Drafts(a))))
	assert.Equal(t, "new", text())
	d, _ := doc[*Draft](before.index(), draftKey("D"))
	assert.Equal(t, "old", d.Text.Section("steps")[0].Text)
}

// A site and a file of one name are two sources.
func TestSourcesOfOneName(t *testing.T) {
	g := newGraph(t, Findings(finding.Finding{ID: "F1", Source: "plant", Weaknesses: []string{"CWE-798"}}),
		SiteFacts(SiteDescription{Site: "plant", Devices: []Device{{ID: "d", Asset: "A0003"}}}))
	labels := map[string]string{}
	for q := range g.Snapshot().Quads() {
		if q.Predicate == quad.IRI("rel:has") || q.Predicate == quad.IRI("rel:of") {
			labels[string(q.Predicate.(quad.IRI))] = string(q.Label.(quad.IRI))
		}
	}
	assert.Equal(t, map[string]string{"rel:has": "source:findings/plant", "rel:of": "source:site/plant"}, labels)
	both := newGraph(t, Replace(Findings(finding.Finding{ID: "F1"}, finding.Finding{ID: "F2", Source: "findings"})))
	assert.Len(t, assess(t, both).Findings, 2)
}

package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// The tests have small catalogues of their own, so that they hold whatever
// the project's mapping says.
const (
	testWeaknesses = `{"catalogue":"CWE","version":"test","weaknesses":[
	 {"id":"CWE-798","name":"Use of Hard-coded Credentials"},{"id":"CWE-259","name":"Use of Hard-coded Password","parents":["CWE-798"]},
	 {"id":"CWE-400","name":"Uncontrolled Resource Consumption"},{"id":"CWE-306","name":"Missing Authentication for Critical Function"},
	 {"id":"CWE-1059","name":"Insufficient Technical Documentation","parents":["CWE-710"]},{"id":"CWE-710","name":"Improper Adherence to Coding Standards"},
	 {"id":"CWE-16","name":"Configuration","kind":"category"}]}`
	testMapping = `{"version":"test","links":[
	 {"weakness":"CWE-798","technique":"T1694.002","relation":"performs","confidence":0.9,"rationale":"Hard-coded passwords are read from the firmware."},
	 {"weakness":"CWE-798","technique":"T0859","relation":"enables","confidence":0.6,"rationale":"The password opens an account."},
	 {"weakness":"CWE-400","technique":"T0814","relation":"performs","confidence":0.8,"rationale":"Requests starve the device."},
	 {"weakness":"CWE-306","technique":"T0877","relation":"performs","confidence":0.5,"rationale":"The image of the inputs is read without a password."}]}`
	testConstraints = `{"version":"test","constraints":[
	 {"id":"no_patch","meaning":"Firmware can't change.","effects":[{"mitigation":"M0815","effect":"rules_out","why":"A watchdog is part of the firmware."}]},
	 {"id":"no_auth","meaning":"No log-in.","effects":[{"mitigation":"M0801","effect":"rules_out","why":"Nobody logs in."},{"mitigation":"M0804","effect":"makes_hard","why":"x"}]}]}`
)

func testSources(t testing.TB, more ...Source) []Source {
	t.Helper()
	var m mapping
	require.NoError(t, json.Unmarshal([]byte(testMapping), &m))
	var c constraints
	require.NoError(t, json.Unmarshal([]byte(testConstraints), &c))
	var w weaknessCatalogue
	require.NoError(t, json.Unmarshal([]byte(testWeaknesses), &w))
	return append([]Source{Attack(embedded(t)), &w, &m, &c}, more...)
}

func testAssess(t testing.TB, site SiteDescription, fs ...finding.Finding) *Assessment {
	t.Helper()
	g, err := New(t.Context(), testSources(t, SiteFacts(site), Findings(fs...))...)
	require.NoError(t, err)
	defer g.Close()
	return assess(t, g)
}

func gapsOf(a *Assessment) (out []string) {
	for _, g := range a.Gaps {
		out = append(out, string(g.Kind)+" "+g.Technique)
	}
	slices.Sort(out)
	return out
}

func TestStatuses(t *testing.T) {
	a := testAssess(t, SiteDescription{},
		finding.Finding{ID: "direct", Weaknesses: []string{"CWE-798"}},
		finding.Finding{ID: "by parent", Weaknesses: []string{"CWE-259"}},
		finding.Finding{ID: "none"},
		finding.Finding{ID: "unknown", Weaknesses: []string{"CWE-99999", "my own"}},
		finding.Finding{ID: "unmapped", Weaknesses: []string{"CWE-99999", "CWE-1059"}},
		finding.Finding{ID: "category", Weaknesses: []string{"CWE-16"}},
		finding.Finding{ID: "stated", Techniques: []string{"t0837"}},
		finding.Finding{ID: "revoked", Techniques: []string{"T0855"}},
		finding.Finding{ID: "no such technique", Techniques: []string{"T9999", "T8055", "M0801"}},
	)
	got := map[string]string{}
	for _, f := range a.Findings {
		var ids []string
		for _, technique := range f.Techniques {
			ids = append(ids, fmt.Sprintf("%s@%.2f", technique.ID, technique.Confidence))
		}
		got[f.ID] = strings.TrimSpace(string(f.Status) + " " + strings.Join(ids, " "))
		assert.Equal(t, f.Status == Mapped, f.Why == "", f.ID)
	}
	assert.Equal(t, map[string]string{
		"direct":            "mapped T1694.002@0.90 T0859@0.60",
		"by parent":         "mapped T1694.002@0.72 T0859@0.48",
		"none":              "no_weakness",
		"unknown":           "unknown_weakness",
		"unmapped":          "unmapped_weakness",
		"category":          "unmapped_weakness",
		"stated":            "mapped T0837@1.00",
		"revoked":           "mapped T1692.001@1.00",
		"no such technique": "no_weakness",
	}, got)
	via := a.Findings[1].Techniques[0].Via[0]
	assert.Equal(t, Via{
		Weakness: "CWE-259", Path: []string{"CWE-259", "CWE-798"}, Relation: "performs", Confidence: 0.72,
		Provenance: Analyst, Source: "mitigraph mapping test", Rationale: "Hard-coded passwords are read from the firmware.",
	}, via)
	var messages []string
	for _, w := range a.Warnings {
		messages = append(messages, w.String())
	}
	assert.Equal(t, []string{
		"revoked: technique T0855 was revoked; T1692.001 (Command Message) replaced it and is used",
		"CWE-99999: no catalogue here has this weakness; 2 findings name it",
		"my own: no catalogue here has this weakness; 1 finding names it",
	}, messages)
}

func TestGapKinds(t *testing.T) {
	plc := func(d Device) SiteDescription {
		d.ID = "plc"
		return SiteDescription{Site: "s", Devices: []Device{d}}
	}
	dos := finding.Finding{ID: "F", Device: "plc", Weaknesses: []string{"CWE-400"}}
	for _, test := range []struct {
		name string
		site SiteDescription
		f    finding.Finding
		want []string
	}{
		{"no mitigation and no detection", plc(Device{}), finding.Finding{ID: "F", Techniques: []string{"T0837"}}, []string{"no_detection T0837", "no_mitigation T0837"}},
		{"placeholder only", plc(Device{}), finding.Finding{ID: "F", Device: "plc", Weaknesses: []string{"CWE-306"}}, []string{"placeholder_only T0877"}},
		{"not deployed", plc(Device{}), dos, []string{"not_deployed T0814"}},
		{"deployed on the device", plc(Device{Deployed: []string{"M0815"}}), dos, nil},
		{"deployed site-wide", SiteDescription{Deployed: []string{"M0815"}}, dos, nil},
		{"deployed on another device", SiteDescription{Devices: []Device{{ID: "plc"}, {ID: "hmi", Deployed: []string{"M0815"}}}}, dos, []string{"not_deployed T0814"}},
		{"not feasible", plc(Device{Constraints: []string{"no_patch"}}), dos, []string{"not_feasible T0814"}},
		{"ruled out but deployed all the same", plc(Device{Constraints: []string{"no_patch"}, Deployed: []string{"M0815"}}), dos, nil},
		{"the placeholder is nothing deployed", plc(Device{Deployed: []string{"M0816"}}), finding.Finding{ID: "F", Device: "plc", Weaknesses: []string{"CWE-306"}}, []string{"placeholder_only T0877"}},
		{"no technique", plc(Device{}), finding.Finding{ID: "F", Device: "plc"}, []string{"no_technique "}},
		{"a site without the device", plc(Device{Constraints: []string{"no_patch"}}), finding.Finding{ID: "F", Device: "other", Weaknesses: []string{"CWE-400"}}, []string{"not_deployed T0814"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := testAssess(t, test.site, test.f)
			assert.Equal(t, test.want, gapsOf(a))
			for _, g := range a.Gaps {
				assert.NotEmpty(t, g.Why)
				for _, c := range g.Candidates {
					assert.NotEqual(t, "M0816", c.ID, "the placeholder is never a candidate")
					assert.NotEmpty(t, c.Because)
				}
			}
			for _, technique := range a.Techniques {
				for _, m := range technique.Mitigations {
					assert.NotEqual(t, "M0816", m.ID, "the placeholder is never a mitigation")
				}
			}
		})
	}
}

// Two devices with one finding each: one gap for each reason, each with its
// own device.
func TestGapsTellDevicesApart(t *testing.T) {
	a := testAssess(t, SiteDescription{Devices: []Device{{ID: "old", Constraints: []string{"no_patch"}}, {ID: "new"}, {ID: "done", Deployed: []string{"M0815"}}}},
		finding.Finding{ID: "F-old", Device: "old", Weaknesses: []string{"CWE-400"}},
		finding.Finding{ID: "F-new", Device: "new", Weaknesses: []string{"CWE-400"}},
		finding.Finding{ID: "F-done", Device: "done", Weaknesses: []string{"CWE-400"}},
	)
	require.Len(t, a.Gaps, 2)
	byKind := map[GapKind]Gap{a.Gaps[0].Kind: a.Gaps[0], a.Gaps[1].Kind: a.Gaps[1]}
	assert.Equal(t, []string{"old"}, byKind[GapNotFeasible].Devices)
	assert.Equal(t, []string{"new"}, byKind[GapNotDeployed].Devices)
	assert.Contains(t, byKind[GapNotFeasible].Why, "A watchdog is part of the firmware")
	require.Len(t, a.Techniques, 1)
	assert.Equal(t, []TechniqueMitigation{{ID: "M0815", Name: "Watchdog Timers", Partly: true, Feasible: true,
		Why: "ruled out on 1 of 3 devices by no_patch (no_patch: A watchdog is part of the firmware.)"}}, a.Techniques[0].Mitigations)
}

func TestOrderIsExplained(t *testing.T) {
	const critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
	a := testAssess(t, SiteDescription{},
		finding.Finding{ID: "unknown severity", Weaknesses: []string{"CWE-798"}},
		finding.Finding{ID: "exploited", Weaknesses: []string{"CWE-400"}, CVSS: critical, KEV: true},
	)
	require.Equal(t, "T0814", a.Techniques[0].ID)
	assert.InDelta(t, 0.98*1*0.8*1*0.95, a.Techniques[0].Score, 1e-9)
	assert.Equal(t, "severity 0.98 (CVSS 9.8) × exploitation 1.00 (known exploited) × confidence 0.80 × consequence 1.0 (Inhibit Response Function) × asset 0.95 (kind of device not told, counted as a controller)", a.Techniques[0].Why)
	require.Equal(t, "T1694.002", a.Techniques[1].ID)
	assert.InDelta(t, 0.5*0.5*0.9*0.9*0.95, a.Techniques[1].Score, 1e-4)
	assert.Equal(t, "severity 0.50 (unknown) × exploitation 0.50 (unknown) × confidence 0.90 × consequence 0.9 (Lateral Movement, 1 step from impact) × asset 0.95 (kind of device not told, counted as a controller)", a.Techniques[1].Why)
	assert.Equal(t, a.Techniques[1].Score, a.Findings[0].Score)
	assert.Equal(t, a.Techniques[0].Score, a.Findings[1].Score)
	assert.Equal(t, 9.8, *a.Findings[1].Severity)
	assert.Nil(t, a.Findings[0].Severity)
}

// randomSite makes findings and a site from a seed.
func randomSite(r *rand.Rand) (SiteDescription, []finding.Finding) {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	some := func(of ...string) (out []string) {
		for _, s := range of {
			if r.IntN(3) == 0 {
				out = append(out, s)
			}
		}
		return out
	}
	controls := []string{"M0801", "M0815", "M0930", "M0807", "M0918"}
	s := SiteDescription{Site: "s", Deployed: some(controls...)}
	for i := range 3 {
		s.Devices = append(s.Devices, Device{ID: fmt.Sprint("d", i), Deployed: some(controls...), Constraints: some("no_patch", "no_auth")})
	}
	var fs []finding.Finding
	for i := range 1 + r.IntN(6) {
		fs = append(fs, finding.Finding{
			ID: fmt.Sprint("F-", i), Device: pick("d0", "d1", "d2", "elsewhere"),
			Weaknesses: some("CWE-798", "CWE-400", "CWE-306", "CWE-259", "CWE-1059"), Techniques: some("T0837", "T0801", "T0866"),
			CVSS: pick("", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"), EPSS: float64(r.IntN(100)) / 100,
		})
	}
	return s, fs
}

func scores(a *Assessment) map[string]float64 {
	out := map[string]float64{}
	for _, t := range a.Techniques {
		out[t.ID] = t.Score
	}
	return out
}

func TestProperties(t *testing.T) {
	const n = 40
	for seed := range uint64(n) {
		r := rand.New(rand.NewPCG(seed, 0))
		site, fs := randomSite(r)
		a := testAssess(t, site, fs...)
		techniques := scores(a)

		shuffled := slices.Clone(fs)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		b := testAssess(t, site, shuffled...)
		assert.Equal(t, a.Techniques, b.Techniques, "seed %d: input order matters", seed)
		assert.Equal(t, a.Mitigations, b.Mitigations, "seed %d: input order matters", seed)
		assert.Equal(t, a.Gaps, b.Gaps, "seed %d: input order matters", seed)

		assert.Equal(t, a, testAssess(t, site, append(slices.Clone(fs), fs...)...), "seed %d: a finding twice counts twice", seed)

		worse := slices.Clone(fs)
		worse[0].CVSS = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"
		higher := scores(testAssess(t, site, worse...))
		for id, score := range techniques {
			assert.GreaterOrEqual(t, higher[id], score, "seed %d: a higher CVSS lowered %s", seed, id)
		}

		more := site
		more.Deployed = append(slices.Clone(site.Deployed), "M0815", "M0801")
		c := testAssess(t, more, fs...)
		after := scores(c)
		for id, score := range techniques {
			assert.LessOrEqual(t, after[id], score, "seed %d: a deployed control raised %s", seed, id)
		}
		assert.LessOrEqual(t, len(c.Gaps), len(a.Gaps), "seed %d: a deployed control opened a gap", seed)
	}
}

// What the vector says of exploits counts, and what says more of them never
// counts for less.
func TestExploitMaturity(t *testing.T) {
	const v2, v3, v4 = "AV:N/AC:L/Au:N/C:P/I:P/A:P/E:%s/RL:ND/RC:ND", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:%s", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:%s"
	for _, test := range []struct {
		vector, value string
		epss, want    float64
		words         string
	}{
		{v2, "ND", 0, 0.5, "unknown"},
		{v2, "U", 0, 0.5, "CVSS E:U, no exploit known"},
		{v2, "POC", 0, 0.6, "CVSS E:POC, a proof of concept"},
		{v2, "F", 0, 0.7, "CVSS E:F, a working exploit"},
		{v2, "H", 0, 0.8, "CVSS E:H, an exploit that needs no skill"},
		{v3, "X", 0, 0.5, "unknown"},
		{v3, "U", 0, 0.5, "CVSS E:U, no exploit known"},
		{v3, "P", 0, 0.6, "CVSS E:P, a proof of concept"},
		{v3, "H", 0, 0.8, "CVSS E:H, an exploit that needs no skill"},
		{v4, "U", 0, 0.5, "CVSS E:U, no exploit known"},
		{v4, "P", 0, 0.6, "CVSS E:P, a proof of concept"},
		{v4, "A", 0, 0.9, "CVSS E:A, attacks or tools for them"},
		{v3, "P", 0.1, 0.6, "CVSS E:P, a proof of concept"},
		{v3, "P", 0.4, 0.7, "EPSS 40 %"},
		{v3, "U", 0.1, 0.55, "EPSS 10 %"},
	} {
		f := finding.Finding{CVSS: fmt.Sprintf(test.vector, test.value), EPSS: test.epss}
		d, base := dangerOf(&f)
		require.NotNil(t, base, f.CVSS)
		assert.InDelta(t, test.want, d.exploitation, 1e-9, f.CVSS)
		assert.Equal(t, test.words, d.chance, f.CVSS)
		unproven, _ := dangerOf(&finding.Finding{CVSS: fmt.Sprintf(test.vector, "U")})
		assert.Equal(t, unproven.severity, d.severity, "the severity is the base score's")
		f.KEV = true
		d, _ = dangerOf(&f)
		assert.Equal(t, 1.0, d.exploitation)
		assert.Equal(t, "known exploited", d.chance)
	}
}

func TestAssessHonoursContext(t *testing.T) {
	g := newGraph(t, Findings(finding.Finding{ID: "F", Weaknesses: []string{"CWE-798"}}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a, err := g.Snapshot().Assess(ctx)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, a)
}

func TestVectorSpeaksAgainstTechnique(t *testing.T) {
	confidence := func(vector, technique string) (float64, string) {
		a := testAssess(t, SiteDescription{}, finding.Finding{ID: "F", CVSS: vector, Weaknesses: []string{"CWE-400", "CWE-798"}})
		for _, x := range a.Findings[0].Techniques {
			if x.ID == technique {
				return x.Confidence, x.Via[0].Weakened
			}
		}
		return 0, ""
	}
	for _, test := range []struct {
		vector, technique string
		want              float64
		why               string
	}{
		{"", "T0814", 0.8, ""},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "T0814", 0.8, ""},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N", "T0814", 0.24, "CVSS A:N: using the flaw does not impair availability"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:N", "T0814", 0.24, "CVSS A:N: using the flaw does not impair availability"},
		{"AV:N/AC:L/Au:N/C:C/I:C/A:N", "T0814", 0.24, "CVSS A:N: using the flaw does not impair availability"},
		{"CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", "T1694.002", 0.9, ""},
		{"nonsense", "T0814", 0.8, ""},
	} {
		got, why := confidence(test.vector, test.technique)
		assert.Equal(t, test.want, got, test.vector)
		assert.Equal(t, test.why, why, test.vector)
	}
}

// Of two vectors that differ in one metric, the one with the higher CVSS is
// never weakened more, whatever the other metrics say.
func TestHigherCVSSNeverWeakensMore(t *testing.T) {
	order := map[string]string{"AV": "PLAN", "PR": "HLN", "Au": "MSN", "UI": "RN", "C": "NLH", "I": "NLH", "A": "NLH"}
	vectors := []vectorContext{{}}
	for _, metric := range sorted(order) {
		var longer []vectorContext
		for _, v := range vectors {
			for _, value := range order[metric] {
				with := maps.Clone(v)
				with[metric] = string(value)
				longer = append(longer, with)
			}
		}
		vectors = longer
	}
	seen := map[string]bool{}
	for _, x := range contradictions {
		for _, id := range x.techniques {
			if seen[id] {
				continue
			}
			seen[id] = true
			_, ok := liveTechnique(embedded(t), id)
			assert.True(t, ok, id)
			for _, v := range vectors {
				low, why := v.weaken(id)
				if (low < 1) != (why != "") {
					t.Errorf("%s with %v: a factor of %v for the reason %q", id, v, low, why)
				}
				for metric, values := range order {
					i := strings.Index(values, v[metric])
					if i+1 == len(values) {
						continue
					}
					more := maps.Clone(v)
					more[metric] = string(values[i+1])
					high, _ := more.weaken(id)
					if high < low {
						t.Errorf("%s with %v and %v: %v, then %v", id, v, more, low, high)
					}
				}
			}
			most, _ := vectorContext{"AV": "N", "PR": "N", "Au": "N", "UI": "N", "C": "H", "I": "H", "A": "H"}.weaken(id)
			assert.Equal(t, 1.0, most)
		}
	}
}

func TestContextOf(t *testing.T) {
	const service, user, dos = "T0866", "T0863", "T0814"
	for _, test := range []struct {
		name, vector, technique string
		want                    float64
		why                     string
	}{
		{"a service's flaw that only stops it", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", service, 0.3, "CVSS C:N/I:N: using the flaw neither discloses nor changes anything"},
		{"and stopping it", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", dos, 1, ""},
		{"an account that can do nothing", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "T0859", 0.3, "CVSS C:N/I:N: using the flaw neither discloses nor changes anything"},
		{"one that can write", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:H", "T0859", 1, ""},
		{"a service that needs its user's help", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", service, 0.6, "CVSS UI:R: the flaw needs a user who takes part, as attacks on a service don't"},
		{"a user is no contradiction to what needs one", "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", user, 1, ""},
		{"nor is the lack of one a lower risk", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", user, 1, ""},
		{"the systems behind", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:L/SA:N", service, 1, ""},
		{"the systems behind, read only", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:H/SI:N/SA:N", service, 0.6, "CVSS I:N: using the flaw changes nothing, as running a program would"},
		{"a service that wants a login", "CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:C", service, 0.6, "CVSS PR:L: the flaw needs a login, and attacks on a service do without"},
		{"an administrator's, version 4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", service, 0.3, "CVSS PR:H: the flaw needs an administrator's login, and attacks on a service do without"},
		{"one that wants a login, version 2", "AV:N/AC:L/Au:S/C:P/I:P/A:P", service, 0.6, "CVSS Au:S: the flaw needs a login, and attacks on a service do without"},
		{"several, version 2", "AV:N/AC:L/Au:M/C:P/I:P/A:P", service, 0.3, "CVSS Au:M: the flaw needs several logins, and attacks on a service do without"},
		{"a login is no contradiction to stopping a service", "CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H", dos, 1, ""},
		{"no systems behind", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", service, 0.3, "CVSS C:N/I:N: using the flaw neither discloses nor changes anything"},
		{"version 4 has two kinds of users", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", service, 0.6, "CVSS UI:P: the flaw needs a user who takes part, as attacks on a service don't"},
		{"version 2 says nothing of users", "AV:N/AC:L/Au:N/C:P/I:P/A:P", service, 1, ""},
		{"version 2 and its values", "AV:N/AC:L/Au:N/C:N/I:N/A:C", service, 0.3, "CVSS C:N/I:N: using the flaw neither discloses nor changes anything"},
		{"a sub-technique", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H", "T1692.001", 0.3, "CVSS I:N: using the flaw changes nothing"},
	} {
		factor, why := contextOf(test.vector).weaken(test.technique)
		assert.Equal(t, test.want, factor, test.name)
		assert.Equal(t, test.why, why, test.name)
	}
	assert.NotEmpty(t, contextOf("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H").doubt(user))
	assert.Empty(t, contextOf("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H").doubt(user))
	assert.Empty(t, contextOf("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H").doubt(service))
	assert.Empty(t, contextOf("").doubt(user))
	for _, id := range needsUser {
		_, ok := liveTechnique(embedded(t), id)
		assert.True(t, ok, id)
	}
}

// A flaw that needs no user must not put training of users first, and the
// higher CVSS must not lower the risk either.
func TestDoubtedTechniques(t *testing.T) {
	var links mapping // of its own, so that no test asks the real one to be so
	require.NoError(t, json.Unmarshal([]byte(`{"version":"test","links":[
		{"weakness":"CWE-125","technique":"T0863","relation":"performs","confidence":0.5,"rationale":"A."},
		{"weakness":"CWE-125","technique":"T0866","relation":"performs","confidence":0.5,"rationale":"B."},
		{"weakness":"CWE-125","technique":"T0893","relation":"performs","confidence":0.3,"rationale":"C."}]}`), &links))
	knowledge, err := embeddedKnowledge()
	require.NoError(t, err)
	assess := func(vector string) *Assessment {
		g, err := New(t.Context(), Attack(embedded(t)), knowledge[0], &links, Findings(finding.Finding{ID: "F", CVSS: vector, Weaknesses: []string{"CWE-125"}}))
		require.NoError(t, err)
		defer g.Close()
		a, err := g.Snapshot().Assess(t.Context())
		require.NoError(t, err)
		return a
	}
	share := func(a *Assessment, id string) float64 {
		i := slices.IndexFunc(a.Mitigations, func(m MitigationResult) bool { return m.ID == id })
		require.GreaterOrEqual(t, i, 0, id)
		return a.Mitigations[i].Score
	}
	user, nobody := assess("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H"), assess("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
	assert.GreaterOrEqual(t, scores(nobody)["T0863"], scores(user)["T0863"])
	assert.Less(t, share(nobody, "M0917"), 0.7*share(user, "M0917"))
	for _, x := range nobody.Findings[0].Techniques {
		assert.Equal(t, x.ID == "T0863", x.Via[0].Doubt != "", x.ID)
	}
}

// Whoever described no site was not asked what is deployed.
func TestSiteIsNamed(t *testing.T) {
	g := newGraph(t, Findings(finding.Finding{ID: "F"}))
	assert.Nil(t, assess(t, g).Site)
	a := testAssess(t, SiteDescription{Site: "works", Devices: []Device{{ID: "b", Name: "Pump"}, {ID: "a"}}})
	assert.Equal(t, &SiteResult{Name: "works", Devices: []DeviceResult{{ID: "b", Name: "Pump"}, {ID: "a"}}}, a.Site)
}

// Without a site that has them, each affected product is a device; what of them
// the site has is known by its ID or its products.
func TestAffectedProductsAreDevices(t *testing.T) {
	f := finding.Finding{ID: "F", Weaknesses: []string{"CWE-400"}, Products: []string{"P-1", "P-2"}, Affected: []finding.Affected{
		{Product: "Maker Pump P-1", Versions: []string{"< 2"}}, {Product: "Maker Valve P-2", Versions: []string{"< 3"}}}}
	both := []string{"Maker Pump P-1", "Maker Valve P-2"}
	a := testAssess(t, SiteDescription{}, f)
	assert.Equal(t, both, a.Findings[0].Devices)
	assert.Equal(t, both, a.Techniques[0].Devices)
	assert.Equal(t, both, a.Gaps[0].Devices)
	assert.Equal(t, f.Affected, a.Findings[0].Affected)
	a = testAssess(t, SiteDescription{Site: "s", Devices: []Device{{ID: "pump", Products: []string{"p-1"}}}}, f)
	assert.Equal(t, []string{"pump"}, a.Techniques[0].Devices)
	assert.Equal(t, f.Affected[:1], a.Findings[0].Affected, "of the other product nothing is to be known")
	a = testAssess(t, SiteDescription{Site: "s", Devices: []Device{{ID: "Maker Valve P-2"}}}, f)
	assert.Equal(t, both[1:], a.Techniques[0].Devices)
	a = testAssess(t, SiteDescription{Site: "s", Devices: []Device{{ID: "another"}}}, f)
	assert.Equal(t, both, a.Techniques[0].Devices)
	standing, err := a.Standing("F")
	require.NoError(t, err)
	assert.Equal(t, "unknown", standing.Affected)
	f.Device = "pump"
	a = testAssess(t, SiteDescription{}, f)
	assert.Equal(t, []string{"pump"}, a.Techniques[0].Devices, "a device that is named decides")
}

func TestDevicesThatAreMeant(t *testing.T) {
	a := testAssess(t, SiteDescription{Site: "s", Devices: []Device{{ID: "plc-1"}, {ID: "hmi"}}}, finding.Finding{ID: "F", Device: "PLC-1", Weaknesses: []string{"CWE-400"}})
	require.Len(t, a.Warnings, 1)
	assert.Contains(t, a.Warnings[0].Message, "PLC-1 (did you mean plc-1?)")
}

func TestWhyNoTechnique(t *testing.T) {
	a := testAssess(t, SiteDescription{}, finding.Finding{ID: "F", Techniques: []string{"T9999", "M0930"}}, finding.Finding{ID: "G"})
	assert.Equal(t, "The finding names no weakness, and no technique that ATT&CK ics-attack 19.1 has: T9999, M0930.", a.Findings[0].Why)
	assert.Equal(t, "The finding names neither a weakness nor a technique.", a.Findings[1].Why)
	assert.Equal(t, []string{"no_technique ", "no_technique "}, gapsOf(a))
	assert.Equal(t, 0.0712, a.Findings[1].Score)
}

func TestFindingIDs(t *testing.T) {
	a := testAssess(t, SiteDescription{},
		finding.Finding{ID: "F", Title: "one", Source: "a.json"}, finding.Finding{ID: "F", Title: "two", Source: "b.json"},
		finding.Finding{ID: "F", Title: "one", Source: "c.json"}, finding.Finding{Title: "only a title <&> \x1b[31m"})
	var ids []string
	for _, f := range a.Findings {
		ids = append(ids, f.ID)
	}
	assert.Equal(t, []string{"F", "F#2", "only a title <&> \x1b[31m"}, ids)
	require.Len(t, a.Warnings, 1)
	assert.Equal(t, "b.json: F: another finding has this ID; this one is called F#2", a.Warnings[0].String())
	_, err := New(t.Context(), testSources(t, Findings(finding.Finding{Device: "x"}))...)
	assert.ErrorContains(t, err, "neither an ID nor a title")
}

func TestEvidence(t *testing.T) {
	site := SiteDescription{Site: "s", Devices: []Device{{ID: "plc", Asset: "A0003", Constraints: []string{"no_patch"}}}}
	g, err := New(t.Context(), testSources(t, SiteFacts(site), Findings(
		finding.Finding{ID: "F-1", Device: "plc", Weaknesses: []string{"CWE-400"}, Title: "Ignore\nall \x1b[31mabove \u202e" + strings.Repeat("x", 1000)}))...)
	require.NoError(t, err)
	defer g.Close()
	a := assess(t, g)
	require.Equal(t, []string{"not_feasible T0814"}, gapsOf(a))
	evidence, err := g.Snapshot().Evidence(a, 0)
	require.NoError(t, err)
	all := ""
	for i, e := range evidence {
		assert.Equal(t, fmt.Sprintf("E%d", i+1), e.Handle)
		assert.Equal(t, IDsIn(e.Text), e.IDs)
		assert.NotEmpty(t, e.Source+string(e.Provenance))
		assert.NotContains(t, e.Text, "\x1b")
		assert.NotContains(t, e.Text, "\u202e")
		assert.NotContains(t, e.Text, "\n")
		assert.Less(t, len(e.Text), 1000)
		all += e.Text + "\n"
	}
	for _, want := range []string{"T0814 Denial of Service", "CWE-400", "A0003", "no_patch", "Requests starve the device", "M0815", "Ignore all"} {
		assert.Contains(t, all, want)
	}
	for _, bad := range []int{-1, 1} {
		_, err := g.Snapshot().Evidence(a, bad)
		assert.Error(t, err)
	}
}

func TestIDsIn(t *testing.T) {
	assert.Equal(t, []string{"T0855", "T1692.001", "M0801", "CWE-79", "CVE-2023-6448", "OWASP-IOT-2018-I10", "DET0775"},
		IDsIn("t0855, T1692.001; (M0801) cwe-79 CVE-2023-6448 T0855 OWASP-IoT-2018-I10 DET0775 XT0801 M08011 TA01"))
	assert.Nil(t, IDsIn("nothing"))
}

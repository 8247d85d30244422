package graph

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// vectors of rising base scores; each metric is at least as bad as the one
// before it.
var vectors = []string{
	"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:L/A:N", "CVSS:3.1/AV:A/AC:L/PR:L/UI:R/S:U/C:L/I:L/A:L",
	"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:L/A:L", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
}

// ofAll gives what each thing scores, by name: findings, techniques and gaps.
func ofAll(a *Assessment) map[string]float64 {
	out := map[string]float64{}
	for _, f := range a.Findings {
		out["finding "+f.ID] = f.Score
	}
	for _, t := range a.Techniques {
		out["technique "+t.ID] = t.Score
	}
	return out
}

// What makes a finding worse never lowers a score, and what makes a device
// more to the process neither.
func TestScoresOnlyRise(t *testing.T) {
	assets := []string{"A0006", "A0001", "A0009", "A0002", "A0003", "A0010"} // by weight
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 7))
		site, fs := randomSite(r)
		level := make([]int, len(fs))
		for i := range fs {
			level[i] = r.IntN(len(vectors) - 1)
			fs[i].CVSS, fs[i].KEV = vectors[level[i]]+"/E:"+string("UPF"[r.IntN(3)]), r.IntN(5) == 0
		}
		kind := make([]int, len(site.Devices))
		for i := range site.Devices {
			kind[i] = r.IntN(len(assets) - 1)
			site.Devices[i].Asset = assets[kind[i]]
		}
		before := ofAll(testAssess(t, site, fs...))
		i, d := r.IntN(len(fs)), r.IntN(len(site.Devices))
		for _, raise := range []struct {
			name   string
			change func(*finding.Finding, *Device)
		}{
			{"CVSS", func(f *finding.Finding, _ *Device) {
				f.CVSS = vectors[level[i]+1+r.IntN(len(vectors)-1-level[i])] + f.CVSS[len(f.CVSS)-4:]
			}},
			{"exploit maturity", func(f *finding.Finding, _ *Device) {
				at := len(f.CVSS) - 1
				f.CVSS = f.CVSS[:at] + map[byte]string{'U': "P", 'P': "F", 'F': "H"}[f.CVSS[at]]
			}},
			{"KEV", func(f *finding.Finding, _ *Device) { f.KEV = true }},
			{"EPSS", func(f *finding.Finding, _ *Device) { f.EPSS += (1 - f.EPSS) * r.Float64() }},
			{"asset", func(_ *finding.Finding, to *Device) { to.Asset = assets[kind[d]+1+r.IntN(len(assets)-1-kind[d])] }},
		} {
			worse, other := slices.Clone(fs), site
			other.Devices = slices.Clone(site.Devices)
			raise.change(&worse[i], &other.Devices[d])
			after := ofAll(testAssess(t, other, worse...))
			require.Len(t, after, len(before), "seed %d: %s opened or closed something", seed, raise.name)
			for what, score := range before {
				assert.GreaterOrEqual(t, after[what], score, "seed %d: a higher %s lowered %s", seed, raise.name, what)
			}
		}
	}
}

// Deploying one more control, anywhere, never raises a score, opens no gap
// that was not there, and never makes the plan longer than what it closes.
func TestControlsOnlyHelp(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 8))
		site, fs := randomSite(r)
		a := testAssess(t, site, fs...)
		next := site
		next.Devices = slices.Clone(site.Devices)
		control := []string{"M0801", "M0815", "M0930", "M0807", "M0918"}[r.IntN(5)]
		if d := r.IntN(len(site.Devices) + 1); d < len(site.Devices) {
			next.Devices[d].Deployed = append(slices.Clone(site.Devices[d].Deployed), control)
		} else {
			next.Deployed = append(slices.Clone(site.Deployed), control)
		}
		b := testAssess(t, next, fs...)
		after := ofAll(b)
		for what, score := range ofAll(a) {
			assert.LessOrEqual(t, after[what], score, "seed %d: %s raised %s", seed, control, what)
		}
		had := map[string]bool{}
		for _, g := range a.Gaps {
			for _, d := range append([]string{""}, g.Devices...) {
				had[string(g.Kind)+" "+g.Technique+" "+d] = true
			}
		}
		for _, g := range b.Gaps {
			for _, d := range append([]string{""}, g.Devices...) {
				assert.True(t, had[string(g.Kind)+" "+g.Technique+" "+d], "seed %d: %s opened %s %s on %q", seed, control, g.Kind, g.Technique, d)
			}
		}
		closed := func(a *Assessment) (n int) {
			for _, p := range a.Plan {
				for _, c := range p.Closes {
					n += max(1, len(c.Devices))
				}
			}
			return n
		}
		assert.LessOrEqual(t, closed(b), closed(a), "seed %d: more to close than before", seed)
	}
}

// The order of findings, devices and lists never matters, and what is said
// twice counts once.
func TestOrderNeverMatters(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 9))
		site, fs := randomSite(r)
		a := testAssess(t, site, fs...)
		mixed, other := slices.Clone(fs), site
		other.Devices = slices.Clone(site.Devices)
		other.Deployed = slices.Clone(site.Deployed)
		r.Shuffle(len(other.Deployed), func(i, j int) { other.Deployed[i], other.Deployed[j] = other.Deployed[j], other.Deployed[i] })
		r.Shuffle(len(other.Devices), func(i, j int) { other.Devices[i], other.Devices[j] = other.Devices[j], other.Devices[i] })
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for i := range mixed {
			mixed[i].Weaknesses = slices.Clone(mixed[i].Weaknesses)
			slices.Reverse(mixed[i].Weaknesses)
		}
		b := testAssess(t, other, append(mixed, mixed...)...)
		assert.Equal(t, ofAll(a), ofAll(b), "seed %d", seed)
		assert.Equal(t, a.Techniques, b.Techniques, "seed %d", seed)
		assert.Equal(t, a.Mitigations, b.Mitigations, "seed %d", seed)
		assert.Equal(t, a.Plan, b.Plan, "seed %d", seed)
		assert.Equal(t, a.Gaps, b.Gaps, "seed %d", seed)
		assert.Len(t, b.Findings, len(fs), "seed %d", seed)
	}
}

func TestAssetsAreRanked(t *testing.T) {
	c := embedded(t)
	score := func(asset string) float64 {
		a := testAssess(t, SiteDescription{Site: "s", Devices: []Device{{ID: "d", Asset: asset}}},
			finding.Finding{ID: "F", Device: "d", Techniques: []string{"T0837"}, KEV: true, CVSS: vectors[5]})
		return a.Techniques[0].Score
	}
	assert.Greater(t, score("A0010"), score("A0003"), "a safety controller before a controller")
	assert.Greater(t, score("A0003"), score("A0001"), "a controller before a workstation")
	assert.Equal(t, score("A0003"), score(""), "what is not known counts as a controller")
	for id := range assetWeights {
		_, ok := c.Lookup(id)
		assert.True(t, ok, id)
	}
}

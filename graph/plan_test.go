package graph

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// weigh is what some choices close together.
func (c cover) weigh(choices uint) (weight int64) {
	closed := make([]bool, len(c.weights))
	for i, items := range c.choices {
		if choices&(1<<i) == 0 {
			continue
		}
		for _, item := range items {
			if !closed[item] {
				closed[item] = true
				weight += c.weights[item]
			}
		}
	}
	return weight
}

// The greedy list against every list there is.
func TestGreedyAgainstEveryList(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := cover{weights: make([]int64, 1+r.IntN(12)), choices: make([][]int, 1+r.IntN(8))}
		for i := range c.weights {
			c.weights[i] = int64(r.IntN(20))
		}
		for i := range c.choices {
			for item := range c.weights {
				if r.IntN(3) == 0 {
					c.choices[i] = append(c.choices[i], item)
				}
			}
		}
		var most [9]int64 // by number of choices
		for set := range uint(1) << len(c.choices) {
			n := 0
			for rest := set; rest > 0; rest &= rest - 1 {
				n++
			}
			most[n] = max(most[n], c.weigh(set))
		}
		closed, steps, last := map[int]bool{}, 0, int64(math.MaxInt64)
		total, taken := int64(0), uint(0)
		require.NoError(t, c.greedy(func(choice int, adds []int) error {
			steps++
			require.NotEmpty(t, adds, "seed %d: a step that adds nothing", seed)
			step := int64(0)
			for _, item := range adds {
				require.False(t, closed[item], "seed %d: closed twice", seed)
				closed[item] = true
				step += c.weights[item]
			}
			require.LessOrEqual(t, step, last, "seed %d: a later step adds more", seed)
			last, total, taken = step, total+step, taken|1<<choice
			require.Equal(t, c.weigh(taken), total, "seed %d", seed)
			require.GreaterOrEqual(t, float64(total)+1e-9, (1-1/math.E)*float64(most[steps]), "seed %d: %d steps", seed, steps)
			return nil
		}))
		for i, items := range c.choices {
			for _, item := range items {
				require.True(t, closed[item], "seed %d: choice %d could still close item %d", seed, i, item)
			}
		}
	}
}

func TestPlan(t *testing.T) {
	const critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
	site := SiteDescription{Site: "s", Devices: []Device{
		{ID: "old", Asset: "A0003", Constraints: []string{"no_patch"}}, // rules M0815 out
		{ID: "plc", Asset: "A0003"},
		{ID: "done", Asset: "A0003", Deployed: []string{"M0815"}},
	}}
	var fs []finding.Finding
	for _, d := range []string{"old", "plc", "done"} {
		fs = append(fs, finding.Finding{ID: "dos " + d, Device: d, Weaknesses: []string{"CWE-400"}, CVSS: critical},
			finding.Finding{ID: "silent " + d, Device: d, Techniques: []string{"T0837"}})
	}
	fs = append(fs, finding.Finding{ID: "password", Weaknesses: []string{"CWE-798"}})
	a := testAssess(t, site, fs...)
	require.NotEmpty(t, a.Plan)
	closed := map[string]bool{}
	left := 1.0
	for i, p := range a.Plan {
		assert.NotEmpty(t, p.Closes, p.ID)
		if i > 0 {
			assert.LessOrEqual(t, p.Adds, a.Plan[i-1].Adds, "by what each adds")
		}
		assert.InDelta(t, left-p.Adds, p.Left, 2e-4)
		left = p.Left
		for _, c := range p.Closes {
			for _, d := range append([]string{""}, c.Devices...) {
				if d == "" && len(c.Devices) > 0 {
					continue
				}
				assert.False(t, closed[c.Technique+" "+d], "%s on %q closed twice", c.Technique, d)
				closed[c.Technique+" "+d] = true
			}
		}
	}
	assert.Equal(t, map[string]bool{"T0814 plc": true, "T1694.002 ": true, "T0859 ": true}, closed,
		"all that can be closed, and neither what is ruled out, nor what is deployed, nor what nothing answers")
	assert.Greater(t, left, 0.0, "what can't be closed is left")

	// What the plan says comes true.
	next := site
	for _, p := range a.Plan {
		next.Deployed = append(next.Deployed, p.ID)
	}
	assert.Empty(t, testAssess(t, next, fs...).Plan)
	assert.Equal(t, []PlanStep{}, testAssess(t, site).Plan, "nothing to close")
}

func TestPlanHonoursContext(t *testing.T) {
	w := &assessor{opened: map[string]*opened{"T0814": {}}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.plan(ctx)
	assert.ErrorIs(t, err, context.Canceled)
}

package graph

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/mitigraph/mitigraph/mitre"
)

// PlanStep is a mitigation of a plan and what it adds to those before it.
type PlanStep struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Adds is the share of the risk to close that this step closes and no step
	// before it does, above 0 to 1, or 0 where what it closes has no risk. The
	// risk to close is that of each technique on each device where none of its
	// mitigations is deployed, also where none can be, but not where that is
	// accepted; see [Assessment.Plan].
	Adds float64 `json:"adds"`
	// Left is the share that is left after this step, 0 to 1.
	Left float64 `json:"left"`
	// Closes says what the step adds, the greatest risk first; never empty.
	Closes    []PlanClosed `json:"closes"`
	Standards []string     `json:"standards"`
}

// PlanClosed is a technique that a step of a plan closes, and where.
type PlanClosed struct {
	Technique string `json:"technique"`
	// Devices holds their IDs, in order; empty for findings without a device.
	Devices []string `json:"devices"`
}

// cover is the problem that a plan solves: items with weights, and for each
// choice the items that it closes.
type cover struct {
	weights []int64
	choices [][]int // of items, each once
}

// greedy takes again and again the choice that closes the greatest weight of
// what is still open, of equals the one that closes more items, then the first,
// until nothing is added. What k choices close this way weighs at least 1 − 1/e
// of the most that any k could close. It calls took with each choice and the
// items that it adds; an error of it ends the search.
func (c cover) greedy(took func(choice int, adds []int) error) error {
	closers := make([][]int, len(c.weights)) // by item
	gain, count := make([]int64, len(c.choices)), make([]int, len(c.choices))
	for i, items := range c.choices {
		count[i] = len(items)
		for _, item := range items {
			closers[item] = append(closers[item], i)
			gain[i] += c.weights[item]
		}
	}
	closed := make([]bool, len(c.weights))
	for {
		best := -1
		for i := range c.choices {
			if count[i] > 0 && (best < 0 || gain[i] > gain[best] || gain[i] == gain[best] && count[i] > count[best]) {
				best = i
			}
		}
		if best < 0 {
			return nil
		}
		var adds []int
		for _, item := range c.choices[best] {
			if closed[item] {
				continue
			}
			closed[item] = true
			adds = append(adds, item)
			for _, i := range closers[item] {
				gain[i] -= c.weights[item]
				count[i]--
			}
		}
		if err := took(best, adds); err != nil {
			return err
		}
	}
}

// planUnit makes weights whole numbers, which add up alike in any order.
const planUnit = 1e6

// gapOn is the kind of gap of a technique on a device where none of its
// mitigations is deployed.
func (w *assessor) gapOn(technique string, usable []*mitre.Mitigation, d *deviceNow) GapKind {
	switch {
	case w.PlaceholderOnly(technique):
		return GapPlaceholderOnly
	case len(usable) == 0:
		return GapNoMitigation
	case slices.ContainsFunc(usable, func(m *mitre.Mitigation) bool { return d.ruledOut[m.ID] == "" }):
		return GapNotDeployed
	}
	return GapNotFeasible
}

// planOf is a step of a plan, and for each of its Closes the devices.
type planOf struct {
	PlanStep
	on []bitmap
}

// plan finds a short list of mitigations that closes what can be closed. What
// is open on devices that are alike is closed on all of them by the same
// steps: they are one item, with the greatest risk among them for each.
func (w *assessor) plan(ctx context.Context) ([]planOf, error) {
	type pair struct {
		technique string
		place     *place
	}
	var (
		pairs  []pair
		c      cover
		total  int64
		closes = map[string][]int{} // pairs by mitigation ID
	)
	for _, id := range sorted(w.opened) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var usable []*mitre.Mitigation
		for m := range w.Mitigations(id) {
			usable = append(usable, m)
		}
		at := map[*deviceNow]int{} // to pairs; -1 where nothing is to be closed
		for _, b := range w.opened[id].by {
			i, seen := at[b.device]
			if !seen {
				i = len(pairs)
				if w.coveredOn(id, b.device) || w.accepts(w.gapOn(id, usable, b.device), id, "", b.device) != nil {
					i = -1
				} else {
					pairs, c.weights = append(pairs, pair{id, b.place}), append(c.weights, 0)
					for _, m := range usable {
						if b.device.ruledOut[m.ID] == "" {
							closes[m.ID] = append(closes[m.ID], i)
						}
					}
				}
				at[b.device] = i
			}
			if i >= 0 {
				c.weights[i] = max(c.weights[i], int64(math.Round(b.planned*planUnit)))
			}
		}
		for _, i := range at {
			if i >= 0 {
				c.weights[i] *= int64(pairs[i].place.count())
			}
		}
	}
	for _, weight := range c.weights {
		total += weight
	}
	ids := sorted(closes)
	for _, id := range ids {
		c.choices = append(c.choices, closes[id])
	}
	share := func(part int64) float64 {
		if total == 0 {
			return 0
		}
		return round(float64(part) / float64(total))
	}
	out, left := []planOf{}, total
	err := c.greedy(func(choice int, adds []int) error {
		m, _ := mitre.Find[*mitre.Mitigation](w.catalog, ids[choice])
		step := planOf{PlanStep: PlanStep{ID: m.ID, Name: m.Name, Standards: append([]string{}, m.Standards...)}}
		added, weights, on := int64(0), map[string]int64{}, map[string]bitmap{}
		for _, i := range adds {
			p := pairs[i]
			added += c.weights[i]
			weights[p.technique] += c.weights[i]
			devices := on[p.technique]
			devices.join(p.place.devices)
			on[p.technique] = devices
		}
		order := sorted(on)
		slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(weights[b], weights[a]) })
		for _, id := range order {
			step.Closes = append(step.Closes, PlanClosed{id, []string{}})
			step.on = append(step.on, on[id])
		}
		left -= added
		step.Adds, step.Left = share(added), share(left)
		out = append(out, step)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

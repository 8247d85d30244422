package graph

import (
	"cmp"
	"context"
	"slices"

	"github.com/mitigraph/mitigraph/mitre"
)

// RestsOnOne is a technique that a single deployed mitigation answers on some
// of the devices where it is open: it counts as answered, and is in no plan.
type RestsOnOne struct {
	Technique  string `json:"technique"`
	Mitigation string `json:"mitigation"` // the ID of the one that is deployed
	// Devices holds the IDs of those where it is the only one, in order; empty
	// for findings without a device.
	Devices []string `json:"devices"`
	// Score is the technique's risk there, 0 to 1, which takes nothing off for
	// what is deployed.
	Score float64 `json:"score"`
	// Next is the ID of an official mitigation that can be deployed beside it on
	// the riskiest of the devices: the one that does so for the most risk of all
	// that rests on one. Empty where there is none.
	Next string `json:"next,omitempty"`
}

// restsOn is a RestsOnOne, its devices as numbers.
type restsOn struct {
	RestsOnOne
	on   bitmap
	next []string // all that could be Next
}

// restsOnOne finds what one mitigation answers alone, the greatest risk first.
func (w *assessor) restsOnOne(ctx context.Context) ([]restsOn, error) {
	out, beside := []restsOn{}, map[string]float64{} // the risk by mitigation
	for _, id := range sorted(w.opened) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var usable []*mitre.Mitigation
		for m := range w.Mitigations(id) {
			usable = append(usable, m)
		}
		at := map[string]int{}              // by mitigation, in out
		for _, b := range w.opened[id].by { // by falling risk
			var deployed, next []string
			for _, m := range usable {
				switch {
				case w.isDeployed(m.ID, b.device):
					deployed = append(deployed, m.ID)
				case b.device.ruledOut[m.ID] == "":
					next = append(next, m.ID)
				}
			}
			if len(deployed) != 1 {
				continue
			}
			i, seen := at[deployed[0]]
			if !seen {
				i = len(out)
				at[deployed[0]] = i
				out = append(out, restsOn{RestsOnOne: RestsOnOne{Technique: id, Mitigation: deployed[0], Devices: []string{}, Score: b.risk}, next: next})
				for _, m := range next {
					beside[m] += b.planned
				}
			}
			out[i].on.join(b.place.devices)
		}
	}
	for i := range out {
		if len(out[i].next) > 0 { // of equals the lower ID
			out[i].Next = slices.MinFunc(out[i].next, func(a, b string) int { return cmp.Or(cmp.Compare(beside[b], beside[a]), cmp.Compare(a, b)) })
		}
	}
	slices.SortStableFunc(out, func(a, b restsOn) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Technique, b.Technique), cmp.Compare(a.Mitigation, b.Mitigation))
	})
	return out, nil
}

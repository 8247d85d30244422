package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// How much each kind of feature counts when two techniques are compared, and
// how many of the most similar techniques are asked for their mitigations.
const (
	tacticWeight = 0.5
	assetWeight  = 0.3
	userWeight   = 0.2 // the groups, software and campaigns that use both
	neighbours   = 8
)

// features are what techniques are compared by: sets of node keys.
type features struct{ tactics, assets, users map[string]string } // key to name

func (w *assessor) features(technique string) features {
	if f, ok := w.compared[technique]; ok {
		return f
	}
	f := features{map[string]string{}, map[string]string{}, map[string]string{}}
	key := "attack:" + technique
	for n := range w.index().from(key, predInTactic) {
		f.tactics[n.key] = n.name
	}
	for n := range w.index().from(key, predTargets) {
		f.assets[n.key] = n.name
	}
	for n := range w.index().to(key, predUses) {
		f.users[n.key] = n.name
	}
	w.compared[technique] = f
	return f
}

// alike proposes for a technique that has no usable mitigation those of
// similar techniques. They are proposals of this project, not ATT&CK's; what
// is deployed already or ruled out on every device is left out.
func (w *assessor) alike(t *mitre.Technique, by []openedBy) []Candidate {
	type neighbour struct {
		technique  *mitre.Technique
		similarity float64
		because    string
	}
	mine := w.features(t.ID)
	var near []neighbour
	for other := range mitre.Live[*mitre.Technique](w.catalog) {
		if other.ID == t.ID {
			continue
		}
		theirs := w.features(other.ID)
		tactics, shared := overlap(mine.tactics, theirs.tactics)
		assets, sharedAssets := overlap(mine.assets, theirs.assets)
		users, sharedUsers := overlap(mine.users, theirs.users)
		similarity := tacticWeight*tactics + assetWeight*assets + userWeight*users
		if len(shared) == 0 || similarity == 0 {
			continue
		}
		reason := "shares the tactic " + strings.Join(shared, " and ")
		if n := len(sharedAssets); n > 0 {
			reason += fmt.Sprintf(", %s", plural(n, "asset", "assets"))
		}
		if n := len(sharedUsers); n > 0 {
			reason += fmt.Sprintf(" and %s", plural(n, "known user", "known users"))
		}
		near = append(near, neighbour{other, similarity, reason})
	}
	slices.SortStableFunc(near, func(a, b neighbour) int {
		return cmp.Or(cmp.Compare(b.similarity, a.similarity), cmp.Compare(a.technique.ID, b.technique.ID))
	})
	candidates, total, used := map[string]*Candidate{}, 0.0, 0
	for _, n := range near {
		any := false
		for m := range w.Mitigations(n.technique.ID) {
			any = true
			if !w.wanted(m.ID, by) {
				continue
			}
			c := candidates[m.ID]
			if c == nil {
				c = &Candidate{ID: m.ID, Name: m.Name}
				candidates[m.ID] = c
			}
			c.Score += n.similarity
			if len(c.Because) < 2 {
				c.Because = append(c.Because, fmt.Sprintf("mitigates %s %s, which %s", n.technique.ID, n.technique.Name, n.because))
			}
		}
		if any {
			total += n.similarity
			if used++; used == neighbours {
				break
			}
		}
	}
	out := []Candidate{}
	for _, id := range sorted(candidates) {
		c := candidates[id]
		c.Score = round(c.Score / total)
		out = append(out, *c)
	}
	return best(out)
}

// wanted reports whether some device lacks the mitigation and allows it.
func (w *assessor) wanted(m string, by []openedBy) bool {
	return slices.ContainsFunc(by, func(b openedBy) bool {
		return !w.isDeployed(m, b.device) && b.device.ruledOut[m] == ""
	})
}

// overlap is the Jaccard index of two sets, 0 where both are empty, and the
// names that they share, in order.
func overlap(a, b map[string]string) (float64, []string) {
	var shared []string
	for k, name := range a {
		if _, ok := b[k]; ok {
			shared = append(shared, name)
		}
	}
	slices.Sort(shared)
	union := len(a) + len(b) - len(shared)
	if union == 0 {
		return 0, nil
	}
	return float64(len(shared)) / float64(union), shared
}

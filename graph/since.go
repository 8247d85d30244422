package graph

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// Comparison is what differs between two assessments of a site.
type Comparison struct {
	Before AttackRelease `json:"before"`
	After  AttackRelease `json:"after"`
	// Techniques are those that are open before or after and whose score,
	// findings or mitigations differ, the most urgent after first.
	Techniques []Change[TechniqueResult] `json:"techniques"`
	// Gaps are those that are there before or after and whose kind, findings
	// or devices differ, the most urgent after first.
	Gaps []Change[Gap] `json:"gaps"`
}

// Change is one thing before and after. Before is nil for what is new, After
// for what is gone.
type Change[T any] struct {
	Before *T `json:"before"`
	After  *T `json:"after"`
}

// Since assesses an older snapshot and this one and says what differs: after
// a newer release came ([Snapshot.On] gives the older view), a control was
// deployed ([Snapshot.Suppose] gives the newer one) or findings were added. A
// technique that either release revoked is compared with its successor. The
// errors are those of [Snapshot.Assess].
func (s *Snapshot) Since(ctx context.Context, older *Snapshot) (*Comparison, error) {
	if older == nil {
		older = &Snapshot{}
	}
	before, err := older.Assess(ctx)
	if err != nil {
		return nil, fmt.Errorf("the older snapshot: %w", err)
	}
	after, err := s.Assess(ctx)
	if err != nil {
		return nil, err
	}
	// One name for what the releases call differently: whichever revoked it, the
	// newer or, for a look back, the older one.
	now := func(id string) string {
		for _, c := range []*mitre.Catalog{s.Catalog(), older.Catalog()} {
			if c == nil {
				continue
			}
			if r, err := c.Resolve(id); err == nil {
				id = r.Object.Common().ID
			}
		}
		return id
	}
	return &Comparison{
		Before: before.Attack, After: after.Attack,
		Techniques: changes(before.Techniques, after.Techniques, techniqueKey(now),
			func(t TechniqueResult) string { return fmt.Sprint(t.ID, t.Score, t.Findings, t.Mitigations) },
			func(t *TechniqueResult) float64 { return t.Score }),
		Gaps: changes(before.Gaps, after.Gaps, gapKey(now),
			func(g Gap) string { return fmt.Sprint(g.Kind, g.Technique, g.Findings, g.Devices) },
			func(g *Gap) float64 { return g.Score }),
	}, nil
}

func techniqueKey(now func(string) string) func(TechniqueResult) string {
	return func(t TechniqueResult) string { return now(t.ID) }
}

// gapKey tells gaps apart by kind, technique and who accepts them, and where
// there is no technique by why there is none.
func gapKey(now func(string) string) func(Gap) string {
	return func(g Gap) string {
		who := ""
		if g.Accepted != nil {
			who = fmt.Sprintf(" %q", *g.Accepted)
		}
		if g.Technique == "" {
			return string(g.Kind) + " " + g.Why + who
		}
		return string(g.Kind) + " " + now(g.Technique) + who
	}
}

// changes pairs the things of two lists by their keys and keeps the pairs
// that differ.
func changes[T any](before, after []T, key, what func(T) string, score func(*T) float64) []Change[T] {
	old := map[string]*T{}
	for i := range before {
		old[key(before[i])] = &before[i]
	}
	out := []Change[T]{}
	for i := range after {
		k := key(after[i])
		was := old[k]
		delete(old, k)
		if was == nil || what(*was) != what(after[i]) {
			out = append(out, Change[T]{was, &after[i]})
		}
	}
	for _, k := range sorted(old) {
		out = append(out, Change[T]{old[k], nil})
	}
	urgency := func(c Change[T]) float64 {
		if c.After == nil {
			return 0
		}
		return score(c.After)
	}
	slices.SortStableFunc(out, func(a, b Change[T]) int {
		if c := cmp.Compare(urgency(b), urgency(a)); c != 0 {
			return c
		}
		if a.After != nil && b.After != nil {
			return strings.Compare(key(*a.After), key(*b.After))
		}
		return 0
	})
	return out
}

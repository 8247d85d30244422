package graph

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// settle finds what the ATT&CK ID that a source named stands for in the
// release that is in force, and returns its key; false where it stands for
// nothing there, which is then warned of. Sources name what they mean in the
// release that they were written for, and releases come and go.
func (x *index) settle(b *batch, e statement) (string, bool) {
	id, ok := strings.CutPrefix(e.to, "attack:")
	if !ok || b.catalog != nil {
		return e.to, true
	}
	c := x.catalog
	if c == nil {
		return "", false // nothing can be asked before a release is there
	}
	warn := func(where, format string, args ...any) {
		x.warnings = append(x.warnings, Warning{b.Source, where, fmt.Sprintf(format, args...)})
	}
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	switch e.pred {
	case predOpens:
		t, ok := techniqueIn(c, id)
		if !ok {
			x.warnOnce(Warning{b.Source, id, fmt.Sprintf("the mapping names this technique, but %s has none like it; its links are left out", c.Info())})
			return "", false
		}
		return attackKey(c, t), true
	case predStates:
		t, why := statedTechnique(c, id)
		if why != "" {
			f, _ := doc[*finding.Finding](x, e.from)
			where := x.show(x.ids[e.from]).ID
			if t == nil {
				x.skipped = append(x.skipped, leftOut(f.Source, where, why))
				return "", false
			}
			x.warnings = append(x.warnings, Warning{f.Source, where, why})
		}
		return attackKey(c, t), true
	case predDeployed:
		r, err := c.Resolve(id)
		if m, ok := r.Object.(*mitre.Mitigation); err == nil && ok {
			return attackKey(c, m), true
		}
		warn(id, "%s has no such mitigation; it counts as not deployed", c.Info())
		return "", false
	case predOf:
		if a, ok := mitre.Find[*mitre.Asset](c, id); ok {
			return attackKey(c, a), true
		}
		warn(id, "%s has no such asset; it is left out", c.Info())
		return "", false
	case predRulesOut, predMakesHard, predHelps, predLeavesOut:
		m, ok := mitre.Find[*mitre.Mitigation](c, id)
		if !ok {
			return "", false // of what a release does not have nothing is to be said
		}
		return attackKey(c, m), true
	}
	r, err := c.Resolve(id)
	if err != nil {
		return "", false
	}
	return attackKey(c, r.Object), true
}

// leftOut is a part of a finding that counts as not read.
func leftOut(source, id, why string) *finding.RecordError {
	return &finding.RecordError{File: source, Where: id, Err: errors.New(why), Lost: finding.LostMember}
}

// statedTechnique finds the technique that a finding names; nil where there is
// none. The text is for people and says what is done instead; it is empty where
// the technique is just what was named.
func statedTechnique(c *mitre.Catalog, id string) (*mitre.Technique, string) {
	r, err := c.Resolve(id)
	if err != nil {
		return nil, fmt.Sprintf("technique %q is left out: %v%s", id, errors.Unwrap(err), meant[*mitre.Technique](c, id))
	}
	t, ok := r.Object.(*mitre.Technique)
	switch {
	case !ok:
		return nil, fmt.Sprintf("%s is %s, not a technique; it is left out", id, r.Object.Common().Name)
	case !t.Live():
		return nil, fmt.Sprintf("technique %s (%s) is deprecated in %s; it is left out", id, t.Name, c.Info())
	case len(r.Followed) > 0:
		return t, fmt.Sprintf("technique %s was revoked; %s (%s) replaced it and is used", id, t.ID, t.Name)
	}
	return t, ""
}

// meant asks whether another ID of a catalogue's objects of one type was meant.
func meant[T mitre.Object](c *mitre.Catalog, id string) string {
	return finding.Meant(strings.TrimSpace(id), func(yield func(string) bool) {
		for o := range mitre.All[T](c) {
			if !yield(o.Common().ID) {
				return
			}
		}
	})
}

// warnOnce leaves out what was warned of before.
func (x *index) warnOnce(w Warning) {
	for _, old := range x.warnings {
		if old == w {
			return
		}
	}
	x.warnings = append(x.warnings, w)
}

// techniqueIn finds the live technique that an ID of the embedded release
// stands for in another release: itself, what replaced it, what it replaced
// (T0855 in releases before T1692.001), or the parent of a sub-technique that
// the release does not have yet.
func techniqueIn(c *mitre.Catalog, id string) (*mitre.Technique, bool) {
	if t, ok := liveTechnique(c, id); ok {
		return t, true
	}
	facts, err := mitre.Embedded()
	if err != nil {
		return nil, false
	}
	t, ok := mitre.Find[*mitre.Technique](facts, id)
	if !ok {
		return nil, false
	}
	for r := range facts.To(t, mitre.RevokedBy) {
		if old, ok := liveTechnique(c, r.Source.Common().ID); ok {
			return old, true
		}
	}
	for r := range facts.From(t, mitre.SubtechniqueOf) {
		if parent, ok := liveTechnique(c, r.Target.Common().ID); ok {
			return parent, true
		}
	}
	return nil, false
}

// liveTechnique resolves an ID within one release.
func liveTechnique(c *mitre.Catalog, id string) (*mitre.Technique, bool) {
	r, err := c.Resolve(id)
	if err != nil {
		return nil, false
	}
	t, ok := r.Object.(*mitre.Technique)
	return t, ok && t.Live()
}

// release returns the ATT&CK release that is in force.
func (x *index) release(who string) (*mitre.Catalog, error) {
	if x.catalog == nil {
		return nil, fmt.Errorf("graph: %s needs an ATT&CK release: add Attack first", who)
	}
	return x.catalog, nil
}

package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// Findings is the source of findings. It needs [Attack] before it. A finding
// that is there already is not added twice; another one under the same ID
// gets "#2" and so on behind its ID, with a warning.
func Findings(fs ...finding.Finding) Source { return findings(fs) }

type findings []finding.Finding

// parts makes each file a source of its own.
func (fs findings) parts() ([]Source, error) {
	var out []Source
	for i := 0; i < len(fs); {
		j := i + 1
		for j < len(fs) && fs[j].Source == fs[i].Source {
			j++
		}
		out = append(out, findingsOf(fs[i:j]))
		i = j
	}
	return out, nil
}

func (findings) write(*batch, *index) error { return errors.New("graph: Findings was not expanded") }

// findingsOf are the findings of one file.
type findingsOf []finding.Finding

func (fs findingsOf) write(b *batch, known *index) error {
	name := fs[0].Source
	if name == "" {
		name = "findings"
	}
	b.from(Site, name, "findings/"+label(name))
	catalog, err := catalogOf(known, "Findings")
	if err != nil {
		return err
	}
	fresh := map[string]*finding.Finding{}
	for _, f := range fs {
		if f.ID == "" {
			f.ID = f.Title
		}
		if f.ID == "" {
			return errors.New("graph: Findings: a finding has neither an ID nor a title")
		}
		wanted, same := f.ID, false
		for n := 2; ; n++ {
			old, ok := fresh[f.ID]
			if !ok {
				old, ok = doc[*finding.Finding](known, findingKey(f.ID))
			}
			if !ok {
				break
			}
			if same = sameFinding(*old, f); same {
				break
			}
			f.ID = fmt.Sprintf("%s#%d", wanted, n)
		}
		if same {
			continue
		}
		if f.ID != wanted {
			b.warn(f.Source, wanted, "another finding has this ID; this one is called %s", f.ID)
		}
		fresh[f.ID] = &f
		b.finding(catalog, &f)
	}
	return nil
}

// sameFinding ignores the ID, which may carry the number that told an earlier
// pair apart, and the file, since one finding may be in two of them.
func sameFinding(a, b finding.Finding) bool {
	return a.Title == b.Title && a.Description == b.Description && a.Device == b.Device &&
		slices.Equal(a.Weaknesses, b.Weaknesses) && slices.Equal(a.CVEs, b.CVEs) && a.CVSS == b.CVSS &&
		a.KEV == b.KEV && a.EPSS == b.EPSS && slices.Equal(a.Techniques, b.Techniques)
}

func (b *batch) finding(catalog *mitre.Catalog, f *finding.Finding) {
	key := findingKey(f.ID)
	b.node(key, "Finding", f.Title, f)
	if f.Device != "" {
		b.edge(key, predOn, deviceKey(f.Device))
	}
	for _, w := range f.Weaknesses {
		b.edge(key, predHas, weaknessKey(w))
	}
	if f.CVSS != "" {
		if _, err := severity(f.CVSS); err != nil {
			b.warn(f.Source, f.ID, "cvss %q: %v; the severity counts as unknown", f.CVSS, err)
		}
	}
	for _, id := range f.Techniques {
		r, err := catalog.Resolve(id)
		if err != nil {
			b.warn(f.Source, f.ID, "technique %q: %v; it is left out", id, errors.Unwrap(err))
			continue
		}
		t, ok := r.Object.(*mitre.Technique)
		switch {
		case !ok:
			b.warn(f.Source, f.ID, "%s is %s, not a technique; it is left out", id, r.Object.Common().Name)
		case !t.Live():
			b.warn(f.Source, f.ID, "technique %s (%s) is deprecated in %s; it is left out", id, t.Name, catalog.Info())
		default:
			if len(r.Followed) > 0 {
				b.warn(f.Source, f.ID, "technique %s was revoked; %s (%s) replaced it and is used", id, t.ID, t.Name)
			}
			b.edge(key, predStates, attackKey(catalog, t))
		}
	}
}

package graph

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// Findings is the source of findings. It needs [Attack] before it. A finding
// that is there already is not added twice; another one under the same ID
// gets "#2" and so on behind its ID, with a warning.
func Findings(fs ...finding.Finding) Source { return findings(fs) }

// FindingsFrom is the source of all findings that a file or a scanner has now,
// which is called name, also when it has none: they take the place of those that
// it had before. Their Source becomes the name, which is not to be empty.
func FindingsFrom(name string, fs ...finding.Finding) Source { return FindingsRead(name, fs, nil) }

// FindingsRead is [FindingsFrom] with what its reader could not use, as
// [finding.Collect] gives both: [Snapshot.Skipped] has it as long as the graph
// has these findings, so that what was read only in part never looks whole. The
// File of each becomes the name.
func FindingsRead(name string, fs []finding.Finding, skipped []*finding.RecordError) Source {
	fs = slices.Clone(fs)
	name = string(literal(name))
	for i := range fs {
		fs[i].Source = name
	}
	var parts []skippedPart
	for _, e := range skipped {
		if e == nil {
			continue
		}
		why := ""
		if e.Err != nil {
			why = e.Err.Error()
		}
		parts = append(parts, skippedPart{string(literal(e.Where)), string(literal(why)), e.Lost})
	}
	return wholly{named{name, fs, parts}}
}

// skippedPart is a part of a file, or of a finding, that could not be used, as a
// store keeps it.
type skippedPart struct {
	Where string       `json:"where"`
	Why   string       `json:"why"`
	Lost  finding.Loss `json:"lost"`
}

// Skipped returns what of the findings could not be used, in the order in which
// their sources came to the graph: what [FindingsRead] brings of their readers,
// and what the graph itself left out of them, such as a CVSS vector that is none;
// last the techniques that they name and the release does not have. It is nil
// where there is nothing. An error that was kept in a store has its text and
// wraps no other. The caller may change the list, not what is in it.
func (s *Snapshot) Skipped() []*finding.RecordError {
	var out []*finding.RecordError
	for _, l := range s.told().layers {
		for _, b := range l.parts {
			for _, p := range b.skipped {
				out = append(out, &finding.RecordError{File: l.Source, Where: p.Where, Err: errors.New(p.Why), Lost: p.Lost})
			}
		}
	}
	return append(out, s.index().skipped...)
}

// named are the findings of a source that may have none.
type named struct {
	name string
	findingsOf
	skipped []skippedPart
}

func (n named) origin() (origin, error) {
	if n.name == "" {
		return origin{}, errors.New("graph: FindingsFrom: the source has no name")
	}
	return originOf(Site, n.name, "findings/"+url.PathEscape(n.name)), nil
}

func (n named) write(b *batch, known *index) error {
	b.skipped = slices.Clone(n.skipped)
	return n.findingsOf.write(b, known)
}

type findings []finding.Finding

// parts makes each file a source of its own.
func (fs findings) parts() ([]Source, error) {
	var out []Source
	at := map[string]int{}
	for _, f := range fs {
		name := cmp.Or(string(literal(f.Source)), "findings")
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			out = append(out, findingsOf(nil))
		}
		out[i] = append(out[i].(findingsOf), f)
	}
	return out, nil
}

func (findings) origin() (origin, error)    { return origin{}, errNotExpanded }
func (findings) write(*batch, *index) error { return errNotExpanded }

// What is warned of findings.
const (
	renamed       = "another finding has this ID; this one is called %s"
	misstatedEPSS = "epss %v is not between 0 and 1; it counts as unknown"
	misstatedCVSS = "cvss %q: %v; the severity counts as unknown"
)

// findingsOf are the findings of one file.
type findingsOf []finding.Finding

func (fs findingsOf) origin() (origin, error) {
	name := cmp.Or(string(literal(fs[0].Source)), "findings")
	return originOf(Site, name, "findings/"+url.PathEscape(name)), nil
}

func (fs findingsOf) write(b *batch, known *index) error {
	if _, err := known.release("Findings"); err != nil {
		return err
	}
	fresh := map[string]*finding.Finding{}
	numbers := map[string]int{} // by ID, the last that told a pair apart
	for i, f := range fs {
		if i%1024 == 1023 {
			if err := b.ended(); err != nil {
				return err
			}
		}
		f = clean(f)
		if f.ID == "" {
			f.ID = f.Title
		}
		if f.ID == "" {
			return errors.New("graph: Findings: a finding has neither an ID nor a title")
		}
		misstated := 0.0
		if !(f.EPSS >= 0 && f.EPSS <= 1) {
			misstated, f.EPSS = f.EPSS, 0
		}
		wanted, content := f.ID, contentOf(f)
		if fresh[wanted+"\x00"+content] != nil {
			continue // the same once more
		}
		old, taken := fresh[f.ID], false
		if old == nil {
			old, _ = known.finding(f.ID, b.origin)
		}
		for old != nil {
			if contentOf(*old) == content {
				// Each source keeps what it says, but none says it twice.
				taken = fresh[f.ID] != nil || known.saidBy(f.ID, b.origin)
				break
			}
			numbers[wanted] = max(numbers[wanted], 1) + 1
			f.ID = fmt.Sprintf("%s#%d", wanted, numbers[wanted])
			if old = fresh[f.ID]; old == nil {
				old, _ = known.finding(f.ID, b.origin)
			}
		}
		if taken {
			continue
		}
		if f.ID != wanted {
			b.warn(f.Source, wanted, renamed, f.ID)
		}
		if misstated != 0 {
			b.skip(f.ID, misstatedEPSS, misstated)
		}
		fresh[f.ID] = &f
		fresh[wanted+"\x00"+content] = &f
		b.finding(&f)
	}
	return nil
}

// namedDevices are those that a finding itself names: its device, or else each
// affected product.
func namedDevices(f *finding.Finding) (names []string) {
	if f.Device != "" {
		return []string{f.Device}
	}
	seen := make(map[string]bool, len(f.Affected))
	for _, a := range f.Affected {
		if a.Product != "" && !seen[a.Product] {
			seen[a.Product] = true
			names = append(names, a.Product)
		}
	}
	return names
}

// contentOf is what makes two findings the same. It ignores the ID, which may
// carry the number that told an earlier pair apart, and the file, since one
// finding may be in two of them.
func contentOf(f finding.Finding) string {
	f.ID, f.Source = "", ""
	text, err := json.Marshal(f)
	if err != nil {
		return fmt.Sprint(f)
	}
	return string(text)
}

// clean makes the texts such as every store and every report takes: valid
// UTF-8 without NUL.
func clean(f finding.Finding) finding.Finding {
	for _, s := range []*string{&f.ID, &f.Title, &f.Description, &f.Device, &f.CVSS, &f.Place, &f.Source} {
		*s = string(literal(*s))
	}
	for _, list := range []*[]string{&f.Weaknesses, &f.CVEs, &f.Techniques, &f.Products} {
		*list = literals(*list)
	}
	f.Affected = slices.Clone(f.Affected)
	for i, a := range f.Affected {
		f.Affected[i] = finding.Affected{Product: string(literal(a.Product)), Versions: literals(a.Versions)}
	}
	f.Remedies = slices.Clone(f.Remedies)
	for i, r := range f.Remedies {
		f.Remedies[i] = finding.Remedy{Category: string(literal(r.Category)), Text: string(literal(r.Text)), Products: literals(r.Products)}
	}
	return f
}

func literals(list []string) []string {
	list = slices.Clone(list)
	for i, s := range list {
		list[i] = string(literal(s))
	}
	return list
}

// finding looks up what is known under an ID by others than a source that is
// about to be replaced.
func (x *index) finding(id string, by origin) (*finding.Finding, bool) {
	for _, n := range x.said[findingKey(id)] {
		if !by.whole || n.label != by.label {
			return n.doc.(*finding.Finding), true
		}
	}
	return nil, false
}

// saidBy reports whether a source that is not about to be replaced has a
// finding.
func (x *index) saidBy(id string, by origin) bool {
	return !by.whole && slices.ContainsFunc(x.said[findingKey(id)], func(n node) bool { return n.label == by.label })
}

// skip tells of a part of a finding that is left out.
func (b *batch) skip(id, format string, args ...any) {
	b.skipped = append(b.skipped, skippedPart{id, fmt.Sprintf(format, args...), finding.LostMember})
}

func (b *batch) finding(f *finding.Finding) {
	key := findingKey(f.ID)
	b.node(key, "Finding", f.Title, f)
	for _, d := range namedDevices(f) {
		b.edge(key, predOn, deviceKey(d))
	}
	for _, w := range f.Weaknesses {
		b.edge(key, predHas, weaknessKey(w))
	}
	if f.CVSS != "" {
		if _, err := finding.BaseScore(f.CVSS); err != nil {
			b.skip(f.ID, misstatedCVSS, f.CVSS, err)
		}
	}
	for _, id := range f.Techniques {
		b.edge(key, predStates, "attack:"+url.PathEscape(strings.ToUpper(strings.TrimSpace(id))))
	}
}

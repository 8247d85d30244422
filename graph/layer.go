package graph

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// layer is all that one source said. It never changes.
type layer struct {
	origin
	parts   []*batch // in the order of time
	catalog *mitre.Catalog
}

// SourceInfo says what a graph has from one source.
type SourceInfo struct {
	// Key names the source in the record and for [Graph.Remove]:
	// "source:attack/ics-attack/19.1".
	Key string `json:"key"`
	Provenance
	Nodes int `json:"nodes"` // things that it describes
	Edges int `json:"edges"` // statements between two things
	// InForce is false for a release beside a newer one: no question but
	// [Snapshot.On] looks at it.
	InForce bool `json:"in_force"`
}

// Sources returns where the statements come from, in the order in which they
// came.
func (s *Snapshot) Sources() []SourceInfo {
	layers := s.told().layers
	out := make([]SourceInfo, 0, len(layers))
	for _, l := range layers {
		i := SourceInfo{Key: l.label, Provenance: l.Provenance, InForce: l.catalog == nil || l.catalog == s.index().catalog}
		for _, b := range l.parts {
			i.Nodes += len(b.nodes)
			i.Edges += len(b.edges)
		}
		out = append(out, i)
	}
	return out
}

// releases returns the ATT&CK releases that the graph holds, the oldest
// first. The last is in force unless [Snapshot.On] chose another.
func (s *Snapshot) releases() []mitre.Info {
	var out []mitre.Info
	for _, l := range s.told().layers {
		if l.catalog != nil {
			out = append(out, l.catalog.Info())
		}
	}
	slices.SortStableFunc(out, func(a, b mitre.Info) int { return compareVersions(a.Version, b.Version) })
	return out
}

// On returns the same knowledge seen through another release that the graph
// holds, by its version, such as "18.1", or empty for a bundle that says none.
// The mapping, the site and the
// findings are settled anew: an ID that the release does not have yet becomes
// what it replaced. Nothing is written. [Snapshot.Since] tells what
// the newer release changes for a site.
func (s *Snapshot) On(version string) (*Snapshot, error) {
	var have []string
	for _, l := range s.told().layers {
		if l.catalog != nil && l.catalog.Info().Version == version {
			return &Snapshot{layers: s.layers, known: buildIndex(s.layers, l), today: s.today}, nil
		}
	}
	for _, i := range s.releases() {
		have = append(have, cmp.Or(i.Version, "one without a version"))
	}
	return nil, fmt.Errorf("graph: On: the graph does not hold release %q; it holds %s", version, strings.Join(have, ", "))
}

// with returns the snapshot with what the sources say, in their order.
func (s *Snapshot) with(ctx context.Context, sources []Source) (*Snapshot, error) {
	next := &Snapshot{layers: slices.Clone(s.told().layers), known: s.index().clone()}
	for _, source := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o, err := source.origin()
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(next.layers, func(l *layer) bool { return l.label == o.label })
		if a, ok := source.(attack); ok && at >= 0 && next.layers[at].catalog == a.catalog {
			continue
		}
		b := &batch{origin: o, ctx: ctx}
		if err := source.write(b, next.index()); err != nil {
			return nil, err
		}
		b.ctx = nil
		rebuild := b.catalog != nil && len(next.layers) > 0 // what is there is settled anew
		switch {
		case at < 0:
			next.layers = append(next.layers, &layer{o, []*batch{b}, b.catalog})
		case !o.whole:
			l := next.layers[at]
			if len(b.nodes)+len(b.edges)+len(b.warnings)+len(b.skipped) == 0 {
				continue
			}
			next.layers[at] = &layer{l.origin, append(slices.Clip(l.parts), b), nil}
		case next.layers[at].says(b):
			continue
		default:
			next.layers[at] = &layer{o, []*batch{b}, b.catalog}
			rebuild = true
		}
		if rebuild {
			next.known = buildIndex(next.layers, newest(next.layers))
		} else {
			next.index().add(b)
		}
	}
	return next, nil
}

// says reports whether a layer already says just this.
func (l *layer) says(b *batch) bool {
	return len(l.parts) == 1 && l.catalog == b.catalog && reflect.DeepEqual(l.parts[0].nodes, b.nodes) &&
		reflect.DeepEqual(l.parts[0].edges, b.edges) && slices.Equal(l.parts[0].warnings, b.warnings) && slices.Equal(l.parts[0].skipped, b.skipped)
}

// without returns the snapshot without some sources.
func (s *Snapshot) without(keys []string) (*Snapshot, error) {
	next := slices.Clone(s.layers)
	for _, key := range keys {
		if !slices.ContainsFunc(s.layers, func(l *layer) bool { return l.label == key }) {
			var have []string
			for _, l := range s.layers {
				have = append(have, l.label)
			}
			return nil, fmt.Errorf("%w: %q; there are %s", ErrUnknownSource, key, strings.Join(have, ", "))
		}
		next = slices.DeleteFunc(next, func(l *layer) bool { return l.label == key })
	}
	if len(keys) == 0 {
		return s, nil
	}
	return &Snapshot{layers: next, known: buildIndex(next, newest(next))}, nil
}

// findings iterates over the findings in the order in which their sources, and
// within a source they themselves, were added.
func (s *Snapshot) findings() iter.Seq[*finding.Finding] {
	return func(yield func(*finding.Finding) bool) {
		for _, l := range s.told().layers {
			for _, b := range l.parts {
				for _, n := range b.nodes {
					f, ok := n.doc.(*finding.Finding)
					if !ok {
						continue
					}
					if now, _ := doc[*finding.Finding](s.index(), n.key); now == f && !yield(f) {
						return
					}
				}
			}
		}
	}
}

// newest is the layer of the newest release, the last of several without a
// version; nil where there is none.
func newest(layers []*layer) (force *layer) {
	for _, l := range layers {
		if l.catalog != nil && (force == nil || compareVersions(force.catalog.Info().Version, l.catalog.Info().Version) <= 0) {
			force = l
		}
	}
	return force
}

// buildIndex makes the index of some layers, with the release of one of them
// in force; nil for none.
func buildIndex(layers []*layer, force *layer) *index {
	x := newIndex()
	if force != nil {
		x.add(force.parts[0])
	}
	for _, l := range layers {
		if l.catalog == nil {
			for _, b := range l.parts {
				x.add(b)
			}
		}
	}
	return x
}

// compareVersions orders versions by their numbers: 9.0 before 18.1. What is
// no number comes first.
func compareVersions(a, b string) int {
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			return -1
		}
		return n
	}
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int { return number(x) - number(y) })
}

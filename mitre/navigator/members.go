package navigator

import (
	"fmt"
	"slices"
)

// part is an object of the format. Its one table of members serves reading
// and writing, in the order of writing.
type part interface {
	members() []member
	others() *rest
	// check returns what is wrong beyond the members' types, or nil.
	check() error
}

type member struct {
	name  string
	value value
	// must, if not nil, tells whether the member has to be there. It is asked
	// when the members before it are read.
	must func() bool
}

func always() bool { return true }

func (l *Layer) others() *rest { return &l.extra }
func (l *Layer) members() []member {
	return []member{
		{"name", (*text)(&l.Name), always},
		{"versions", object{&l.Versions}, nil},
		{"domain", (*text)(&l.Domain), always},
		{"description", (*text)(&l.Description), nil},
		{"customDataURL", (*text)(&l.CustomDataURL), nil},
		{"filters", object{&l.Filters}, nil},
		{"sorting", (*integer)(&l.Sorting), nil},
		{"layout", object{&l.Layout}, nil},
		{"hideDisabled", (*flag)(&l.HideDisabled), nil},
		{"techniques", list[Technique, *Technique]{at: &l.Techniques, lines: true}, nil},
		{"gradient", pointer[Gradient, *Gradient]{&l.Gradient}, nil},
		{"legendItems", list[LegendItem, *LegendItem]{at: &l.LegendItems}, nil},
		{"showTacticRowBackground", (*flag)(&l.ShowTacticRowBackground), nil},
		{"tacticRowBackground", (*text)(&l.TacticRowBackground), nil},
		{"selectTechniquesAcrossTactics", optionalFlag{&l.SelectTechniquesAcrossTactics}, nil},
		{"selectSubtechniquesWithParent", optionalFlag{&l.SelectSubtechniquesWithParent}, nil},
		{"selectVisibleTechniques", (*flag)(&l.SelectVisibleTechniques), nil},
		{"metadata", list[Metadata, *Metadata]{at: &l.Metadata}, nil},
		{"links", list[Link, *Link]{at: &l.Links}, nil},
	}
}

func (l *Layer) check() error {
	if l.Domain == "" {
		return faultf("domain", "empty")
	}
	if l.Sorting < 0 || l.Sorting > 3 {
		return faultf("sorting", "%d, want 0, 1, 2 or 3", l.Sorting)
	}
	return nil
}

func (v *Versions) others() *rest { return &v.extra }
func (v *Versions) check() error  { return nil }
func (v *Versions) members() []member {
	return []member{
		{"attack", (*version)(&v.Attack), nil},
		{"navigator", (*navigatorVersion)(&v.Navigator), nil},
		{"layer", layerVersion{}, nil},
	}
}

func (f *Filters) others() *rest { return &f.extra }
func (f *Filters) check() error  { return nil }
func (f *Filters) members() []member {
	return []member{{"platforms", (*texts)(&f.Platforms), nil}}
}

func (l *Layout) others() *rest { return &l.extra }
func (l *Layout) members() []member {
	return []member{
		{"layout", (*text)(&l.Layout), nil},
		{"aggregateFunction", (*text)(&l.AggregateFunction), nil},
		{"showID", (*flag)(&l.ShowID), nil},
		{"showName", optionalFlag{&l.ShowName}, nil},
		{"showAggregateScores", (*flag)(&l.ShowAggregateScores), nil},
		{"countUnscored", (*flag)(&l.CountUnscored), nil},
		{"expandedSubtechniques", (*text)(&l.ExpandedSubtechniques), nil},
	}
}

func (l *Layout) check() error {
	for _, e := range []struct {
		name, value string
		want        []string
	}{
		{"layout", l.Layout, []string{"", "side", "flat", "mini"}},
		{"aggregateFunction", string(l.AggregateFunction), []string{"", "average", "min", "max", "sum"}},
		{"expandedSubtechniques", l.ExpandedSubtechniques, []string{"", "none", "all", "annotated"}},
	} {
		if !slices.Contains(e.want, e.value) {
			return faultf(e.name, "%s, want one of %q", short(e.value), e.want[1:])
		}
	}
	return nil
}

func (t *Technique) others() *rest { return &t.extra }
func (t *Technique) members() []member {
	return []member{
		{"techniqueID", (*text)(&t.TechniqueID), always},
		{"tactic", (*text)(&t.Tactic), nil},
		{"score", optionalNumber{&t.Score}, nil},
		{"color", (*text)(&t.Color), nil},
		{"comment", (*text)(&t.Comment), nil},
		{"enabled", optionalFlag{&t.Enabled}, nil},
		{"metadata", list[Metadata, *Metadata]{at: &t.Metadata}, nil},
		{"links", list[Link, *Link]{at: &t.Links}, nil},
		{"showSubtechniques", (*flag)(&t.ShowSubtechniques), nil},
	}
}

func (t *Technique) check() error {
	if t.TechniqueID == "" {
		return faultf("techniqueID", "empty")
	}
	return nil
}

func (g *Gradient) others() *rest { return &g.extra }
func (g *Gradient) members() []member {
	return []member{
		{"colors", (*texts)(&g.Colors), always},
		{"minValue", (*number)(&g.MinValue), always},
		{"maxValue", (*number)(&g.MaxValue), always},
	}
}

func (g *Gradient) check() error {
	if len(g.Colors) < 2 {
		return faultf("colors", "%d, want at least 2", len(g.Colors))
	}
	if !(g.MaxValue > g.MinValue) {
		return faultf("maxValue", "%v, want more than minValue, %v", g.MaxValue, g.MinValue)
	}
	return nil
}

func (i *LegendItem) others() *rest { return &i.extra }
func (i *LegendItem) check() error  { return nil }
func (i *LegendItem) members() []member {
	return []member{
		{"label", (*text)(&i.Label), always},
		{"color", (*text)(&i.Color), always},
	}
}

func (m *Metadata) others() *rest { return &m.extra }
func (m *Metadata) check() error  { return nil }
func (m *Metadata) members() []member {
	must := func() bool { return m.Divider == nil }
	return []member{
		{"divider", optionalFlag{&m.Divider}, nil},
		{"name", (*text)(&m.Name), must},
		{"value", (*text)(&m.Value), must},
	}
}

func (l *Link) others() *rest { return &l.extra }
func (l *Link) check() error  { return nil }
func (l *Link) members() []member {
	must := func() bool { return l.Divider == nil }
	return []member{
		{"divider", optionalFlag{&l.Divider}, nil},
		{"label", (*text)(&l.Label), must},
		{"url", (*text)(&l.URL), must},
	}
}

func faultf(path, format string, args ...any) error {
	return &FieldError{path, fmt.Errorf(format, args...)}
}

// under puts an error one level down.
func under(path string, err error) error {
	e, ok := err.(*FieldError)
	switch {
	case err == nil:
		return nil
	case !ok:
		return &FieldError{path, err}
	case e.Path == "" || e.Path[0] == '[':
		return &FieldError{path + e.Path, e.Err}
	}
	return &FieldError{path + "." + e.Path, e.Err}
}

// short quotes a value from a file for an error.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "..."
	}
	return fmt.Sprintf("%q", s)
}

package navigator

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Errors of [Read], [Layer.WriteTo], [Merge] and [Upgrade]; each comes
// wrapped with where it occurred and what was found instead.
var (
	ErrNotLayer = errors.New("not an ATT&CK Navigator layer")
	ErrVersion  = errors.New("not a layer format from 3.0 to 4.5")
	ErrTooLarge = errors.New("larger than 64 MiB")
	// ErrMismatch says that a layer is of another domain or ATT&CK release
	// than what it is to be joined with.
	ErrMismatch = errors.New("not of the same ATT&CK")
)

// FieldError says which member of a layer is not as the format has it.
type FieldError struct {
	Path string // from the layer's top, such as "techniques[3].score"
	Err  error  // what is wrong there; never nil
}

// Error returns the path and the problem.
func (e *FieldError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns e.Err.
func (e *FieldError) Unwrap() error { return e.Err }

// Layer is a layer of format 4.5, whichever format it was read from. The
// zero value lacks a domain and cannot be written.
type Layer struct {
	Name     string
	Versions Versions
	// Domain is "ics-attack", "enterprise-attack", "mobile-attack" or that of
	// the user's own data; never empty. [Read] gives the old names, such as
	// "mitre-ics", in the new way.
	Domain        string
	Description   string
	CustomDataURL string // the bundle a layer was built on; empty for MITRE's
	Filters       Filters
	// Sorting is the order of the techniques in each tactic: 0 by name, 1 by
	// name backwards, 2 by score, 3 by score backwards.
	Sorting      int
	Layout       Layout
	HideDisabled bool // leaves disabled techniques out rather than grey
	// Techniques are the annotations. The Navigator applies them in order:
	// of two for one technique in one tactic the last counts.
	Techniques                    []Technique
	Gradient                      *Gradient // nil for red to green, 0 to 100
	LegendItems                   []LegendItem
	ShowTacticRowBackground       bool
	TacticRowBackground           string // a colour; empty for "#dddddd"
	SelectTechniquesAcrossTactics *bool  // nil for true
	SelectSubtechniquesWithParent *bool  // nil for true
	SelectVisibleTechniques       bool
	Metadata                      []Metadata
	Links                         []Link

	extra rest
}

// Versions says what a layer was made for. The version of the layer format
// itself has no field: it is always 4.5.
type Versions struct {
	// Attack is the ATT&CK release, such as "19" or "19.1", of which the
	// Navigator heeds the first number. Empty means the current one.
	Attack string
	// Navigator is the oldest Navigator for the layer. Empty or below 4.9.0,
	// the first that knows format 4.5, it is written as "4.9.0".
	Navigator string

	extra rest
}

// Filters says what of the matrix is shown.
type Filters struct {
	// Platforms are those whose techniques are shown: nil for all, empty for
	// none.
	Platforms []string

	extra rest
}

// Layout says how the matrix is shown.
type Layout struct {
	Layout                string    // "side", "flat" or "mini"; empty for "side"
	AggregateFunction     Aggregate // empty for Average
	ShowID                bool
	ShowName              *bool // nil for true
	ShowAggregateScores   bool
	CountUnscored         bool   // counts unscored sub-techniques as 0 in averages
	ExpandedSubtechniques string // "none", "all" or "annotated"; empty for "none"

	extra rest
}

// Aggregate is a way to make one score of several. The empty one is Average.
type Aggregate string

// The aggregate functions of the format.
const (
	Average Aggregate = "average"
	Min     Aggregate = "min"
	Max     Aggregate = "max"
	Sum     Aggregate = "sum"
)

// Technique is the annotation of a technique or sub-technique.
type Technique struct {
	TechniqueID string // "T0834" or "T1692.001"; never empty
	// Tactic is the shortname of the only tactic that the annotation is for,
	// such as "impair-process-control"; empty for all of the technique's.
	Tactic string
	// Score is any finite number; nil for none, which is not 0.
	Score             *float64
	Color             string // wins over the gradient's; empty for none
	Comment           string
	Enabled           *bool // nil for true
	Metadata          []Metadata
	Links             []Link
	ShowSubtechniques bool // expands the technique's sub-techniques

	extra rest
}

// Gradient gives a score its colour.
type Gradient struct {
	Colors   []string // at least two, evenly spread from MinValue to MaxValue
	MinValue float64
	MaxValue float64 // greater than MinValue

	extra rest
}

// LegendItem is a line of a layer's legend.
type LegendItem struct {
	Label string
	Color string

	extra rest
}

// Metadata is a name and its value, or a divider in a list of them.
type Metadata struct {
	Name, Value string
	// Divider makes the entry a divider: drawn if true, a gap without a line
	// if false. Nil for a name and value.
	Divider *bool

	extra rest
}

// Link is a labelled address, or a divider in a list of them.
type Link struct {
	Label string
	URL   string // with its protocol, as in "https://..."
	// Divider is as in [Metadata]; nil for a label and address.
	Divider *bool

	extra rest
}

// rest holds the members of an object that the format does not define, in
// compact JSON. It is never changed once it is read, so copies share it; nil
// when there are none.
type rest map[string]json.RawMessage

// clone copies l but for what nobody can change.
func (l *Layer) clone() *Layer {
	c := *l
	c.Filters.Platforms = slices.Clone(l.Filters.Platforms)
	c.Layout.ShowName = copyOf(l.Layout.ShowName)
	c.SelectTechniquesAcrossTactics = copyOf(l.SelectTechniquesAcrossTactics)
	c.SelectSubtechniquesWithParent = copyOf(l.SelectSubtechniquesWithParent)
	if c.Gradient = copyOf(l.Gradient); c.Gradient != nil {
		c.Gradient.Colors = slices.Clone(c.Gradient.Colors)
	}
	c.LegendItems = slices.Clone(l.LegendItems)
	c.Techniques = slices.Clone(l.Techniques)
	for i := range c.Techniques {
		c.Techniques[i] = c.Techniques[i].clone()
	}
	c.Metadata = cloneAll(l.Metadata)
	c.Links = cloneAll(l.Links)
	return &c
}

func (t Technique) clone() Technique {
	t.Score = copyOf(t.Score)
	t.Enabled = copyOf(t.Enabled)
	t.Metadata = cloneAll(t.Metadata)
	t.Links = cloneAll(t.Links)
	return t
}

func (m Metadata) clone() Metadata {
	m.Divider = copyOf(m.Divider)
	return m
}

func (l Link) clone() Link {
	l.Divider = copyOf(l.Divider)
	return l
}

func cloneAll[T interface{ clone() T }](s []T) []T {
	s = slices.Clone(s)
	for i := range s {
		s[i] = s[i].clone()
	}
	return s
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

package mitre

import (
	"cmp"
	"strings"
	"time"
)

// Object is any object of a catalogue but a relationship. Its dynamic type
// is one of *Tactic, *Technique, *Mitigation, *Asset, *Group, *Software,
// *Campaign, *DataSource, *DataComponent, *DetectionStrategy, *Analytic,
// *Matrix and, for every other STIX type, *Other. A type switch tells which.
type Object interface {
	// Common returns what all objects share. It must not be changed.
	Common() *Properties
}

// Properties are the properties that all ATT&CK objects share. Slices keep
// the order of the bundle and are nil where the bundle has none. Objects of a
// catalogue must not be changed.
type Properties struct {
	STIXID   string // "attack-pattern--..."
	STIXType string // "attack-pattern"
	// ID is the ATT&CK ID, such as T0855, M0801 or A0003. It is empty for
	// objects that ATT&CK gives none. A few retired objects share an ID with
	// a live one; [Catalog.Lookup] then gives the live one.
	ID   string
	Name string
	// Description is the official text; empty in the embedded facts.
	Description string
	URL         string   // the object's page
	Aliases     []string // of a group, software or campaign its own name comes first
	Platforms   []string // the literal "None" of the bundles is left out
	Domains     []string // "ics-attack", "enterprise-attack", "mobile-attack"
	Version     string   // the object's own version, not the release's
	Created     time.Time
	Modified    time.Time
	Revoked     bool // replaced by another object, see [Catalog.Resolve]
	Deprecated  bool // withdrawn without a replacement
	References  []Reference

	place int32 // in Catalog.objects
}

// Common returns p itself, which makes every struct that embeds Properties
// an [Object].
func (p *Properties) Common() *Properties { return p }

// Live reports whether the object is neither revoked nor deprecated.
// Nil is not live.
func (p *Properties) Live() bool { return p != nil && !p.Revoked && !p.Deprecated }

// String returns the ATT&CK ID, or else the STIX ID, and the name.
func (p *Properties) String() string {
	if p == nil {
		return "<nil>"
	}
	return strings.TrimSpace(cmp.Or(p.ID, p.STIXID) + " " + p.Name)
}

// Reference is a source that an object or relationship cites. The reference
// to the object's own ATT&CK page is not among them.
type Reference struct {
	Source      string `json:"source_name"` // the citation's key, such as "Dragos EKANS"
	ID          string `json:"external_id"` // the ID there, such as "CAPEC-13"; mostly empty
	Description string `json:"description"` // the full citation; empty in the embedded facts
	URL         string `json:"url"`         // may be empty
}

// Tactic is a goal that an adversary pursues, a column of the matrix.
type Tactic struct {
	Properties
	Shortname string // "impair-process-control", as techniques name it
}

// Technique is a way to reach a tactic's goal; a sub-technique too.
type Technique struct {
	Properties
	// Tactics holds the shortnames of the technique's tactics in the
	// bundle's order; [Catalog.Tactics] gives the tactics themselves.
	Tactics        []string
	IsSubtechnique bool
}

// Mitigation is a measure against techniques. (STIX: course-of-action.)
type Mitigation struct {
	Properties
	// Standards holds the labels of IEC 62443 and NIST SP 800-53 that ATT&CK
	// gives, such as "IEC 62443-3-3:2013 - SR 5.4".
	Standards []string
}

// Placeholder reports whether the mitigation only says that nothing helps:
// "Mitigation Limited or Not Effective" (M0816). A placeholder never counts
// as a mitigation.
func (m *Mitigation) Placeholder() bool { return m != nil && m.ID == "M0816" }

// Asset is a kind of device or system found in ICS environments.
type Asset struct {
	Properties
	Sectors []string       // that have it, such as "Electric"
	Related []RelatedAsset // what the sectors call it
}

// RelatedAsset is another name under which an asset is known in a sector.
type RelatedAsset struct {
	Name        string
	Sectors     []string
	Description string // empty in the embedded facts
}

// Group is a set of related intrusions under a common name. (STIX:
// intrusion-set.)
type Group struct{ Properties }

// Software is malware or a tool.
type Software struct {
	Properties
	Tool bool // a tool; otherwise malware
}

// Campaign is a set of intrusions over a period with common targets.
type Campaign struct {
	Properties
	FirstSeen, LastSeen time.Time // zero where unknown
}

// DataSource is a topic of information that sensors collect. ATT&CK
// deprecated data sources with release 18.
type DataSource struct{ Properties }

// DataComponent is a property of a data source that helps to detect.
type DataComponent struct {
	Properties
	DataSourceRef string // STIX ID; empty since release 18
	LogSources    []LogSource
}

// DetectionStrategy says how a technique can be detected, by its analytics.
// ATT&CK has them since release 18.
type DetectionStrategy struct {
	Properties
	AnalyticRefs []string // STIX IDs
}

// Analytic is the platform-specific logic of a detection strategy.
type Analytic struct {
	Properties
	LogSources []LogSource
}

// LogSource is a place that events can be collected from.
type LogSource struct {
	Name             string
	Channel          string // empty in the embedded facts
	DataComponentRef string // STIX ID; set on analytics only
}

// Matrix is the order of tactics of a domain.
type Matrix struct {
	Properties
	TacticRefs []string // STIX IDs in the matrix's order
}

// Other is an object of a STIX type that ATT&CK does not define, or one that
// carries no knowledge, such as the marking definition.
type Other struct{ Properties }

// Relationship is a typed, directed link between two objects. Where STIX
// keeps a link as a property of its source, not as an object (see
// [HasAnalytic], [ReadsComponent] and [InDataSource]), all but the type and
// the two ends is empty.
type Relationship struct {
	STIXID      string
	Type        RelationshipType
	Source      Object // never nil
	Target      Object // never nil
	Description string // empty in the embedded facts
	Created     time.Time
	Modified    time.Time
	Revoked     bool
	Deprecated  bool
	References  []Reference
}

// Live reports whether the relationship and both its ends are neither
// revoked nor deprecated.
func (r *Relationship) Live() bool {
	return r != nil && !r.Revoked && !r.Deprecated && !isNil(r.Source) && !isNil(r.Target) &&
		r.Source.Common().Live() && r.Target.Common().Live()
}

// RelationshipType is the STIX relationship_type. Unknown types are kept as
// they are written.
type RelationshipType string

// The relationship types of ATT&CK, each with the objects it goes from and to.
const (
	Uses           RelationshipType = "uses"            // group, software, campaign to technique, software
	Mitigates      RelationshipType = "mitigates"       // mitigation to technique
	Targets        RelationshipType = "targets"         // technique to asset
	Detects        RelationshipType = "detects"         // detection strategy (data component before 18) to technique
	SubtechniqueOf RelationshipType = "subtechnique-of" // sub-technique to its parent
	AttributedTo   RelationshipType = "attributed-to"   // campaign to group
	RevokedBy      RelationshipType = "revoked-by"      // revoked object to its successor

	// Links that STIX keeps as a property, after which they are called.
	HasAnalytic    RelationshipType = "x_mitre_analytic_refs"      // detection strategy to its analytics
	ReadsComponent RelationshipType = "x_mitre_data_component_ref" // analytic to the data components it reads
	InDataSource   RelationshipType = "x_mitre_data_source_ref"    // data component to its data source, before release 18
)

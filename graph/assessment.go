package graph

import (
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// Assessment is the answer to the main question. It is plain data: its JSON
// form is the programs' contract, described by the schema in data/schema.
// Lists are never nil, so that they are [] in JSON.
type Assessment struct {
	Attack AttackRelease `json:"attack"`
	// Site is the site that was described; nil where none was, so that
	// nothing counts as deployed because nobody was asked.
	Site *SiteResult `json:"site,omitempty"`
	// UnreadRecords and UnreadMembers count what of the input could not be used:
	// whole records, and parts of records whose rest is among the findings. Assess
	// counts what [Snapshot.Skipped] has, of which it does not warn, and for each
	// finding the weaknesses that no catalogue has, of which it does; whoever read
	// more of the input adds to them.
	UnreadRecords int `json:"unread_records,omitempty"`
	UnreadMembers int `json:"unread_members,omitempty"`
	// Findings is in the order in which they were added.
	Findings []FindingResult `json:"findings"`
	// Techniques holds what the findings open, the most urgent first.
	Techniques []TechniqueResult `json:"techniques"`
	// Mitigations holds what answers these techniques, the most useful first.
	Mitigations []MitigationResult `json:"mitigations"`
	// Plan is a short list of mitigations that closes what can be closed: each
	// technique on each device where none of its mitigations is deployed and
	// one can be, unless that gap is accepted. Each step is the mitigation that
	// closes the most risk of what the steps before it left. With k steps it
	// closes at least 63 % (1 - 1/e) of what the best k mitigations could; a
	// shorter list may exist.
	Plan []PlanStep `json:"plan"`
	// RestsOnOne holds what a plan leaves out although it may be worth a step:
	// the techniques that one deployed mitigation answers alone, where they are
	// open. The greatest risk comes first.
	RestsOnOne []RestsOnOne `json:"rests_on_one"`
	// Gaps is ordered by urgency.
	Gaps []Gap `json:"gaps"`
	// Drafts holds text for gaps; empty until a generator adds it.
	Drafts []Draft `json:"drafts"`
	// Warnings holds those of the snapshot, in its order, and after them those
	// of the assessment itself.
	Warnings []Warning `json:"warnings"`
	// Changes says what differs from an earlier assessment; nil where nobody
	// compared. Assess leaves it nil: see [Snapshot.Since].
	Changes *Comparison `json:"changes,omitempty"`
}

// AttackRelease names the release that an assessment rests on.
type AttackRelease struct {
	Domain  string `json:"domain"`  // "ics-attack"
	Version string `json:"version"` // "19.1"; empty where the bundle does not say
	Source  string `json:"source"`  // "embedded" or a file
}

// SiteResult names a site and its devices.
type SiteResult struct {
	Name    string         `json:"name"`    // of several sites their names, in order, joined by "and"
	Devices []DeviceResult `json:"devices"` // as they were described
}

// DeviceResult is a device as the site names it.
type DeviceResult struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"` // for people; may be empty
	// Constraints holds the IDs of what the site says that it can't do, such as
	// no_patch, in order; see [Device].
	Constraints []string `json:"constraints,omitempty"`
}

// FindingResult is a finding and the techniques that it opens.
type FindingResult struct {
	ID     string `json:"id"`               // one of its own in this assessment
	Title  string `json:"title"`            // empty where the source gives none
	Source string `json:"source"`           // the file that it was read from
	Device string `json:"device,omitempty"` // as the finding names it, described or not
	Place  string `json:"place,omitempty"`  // see [finding.Finding]
	// Devices holds the site's devices that the finding is on because they are
	// one of its products or, where none is and it names no device, the affected
	// products, each a device of its own; absent where Device decides.
	Devices    []string `json:"devices,omitempty"`
	Weaknesses []string `json:"weaknesses"` // as in [finding.Finding]
	CVEs       []string `json:"cves,omitempty"`
	CVSS       string   `json:"cvss,omitempty"` // the vector, or the score alone
	// Severity is the CVSS base score, 0 to 10; absent where unknown.
	Severity   *float64           `json:"severity,omitempty"`
	KEV        bool               `json:"kev,omitempty"`  // known to be exploited
	EPSS       float64            `json:"epss,omitempty"` // a probability, 0 to 1; 0 means unknown
	Techniques []FindingTechnique `json:"techniques"`     // by falling confidence
	Status     Status             `json:"status"`
	// Affected says which versions of which products are affected, as in
	// [finding.Finding]; of products, those that Devices are called like where
	// there are some.
	Affected []finding.Affected `json:"affected,omitempty"`
	// Judged says that Techniques is empty because this project judged that none
	// follows from any of the weaknesses, and not for want of a judgement; Why
	// has the reason.
	Judged bool `json:"judged,omitempty"`
	// Remedies is what the maker says can be done, for the products that
	// Devices are where these are known: vendor_fix, mitigation, workaround,
	// no_fix_planned, none_available and others, of each those for some
	// products before those for all, else in the source's order.
	Remedies []finding.Remedy `json:"remedies,omitempty"`
	// Score is the highest risk of its techniques, 0 to 1, or what a gap
	// without a technique scores; see [Snapshot.Assess] and [Gap].
	Score float64 `json:"score"`
	// Why says in words why Techniques is empty; empty when it is not.
	Why string `json:"why,omitempty"`
	// Suggested holds techniques that the finding's words speak of, the
	// likeliest first, where Techniques is empty and somebody asked package
	// graph/identify. They are for a person to judge: nothing counts them, and
	// neither Assess nor Stream sets them.
	Suggested []Suggestion `json:"suggested,omitempty"`
}

// Suggestion is a technique that a text may be about.
type Suggestion struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Score   float64  `json:"score"`   // how likely it is, 0 to 1
	Because []string `json:"because"` // the words or the example that speak for it, the strongest first
}

// FindingTechnique is a technique that a finding opens.
type FindingTechnique struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	Confidence float64 `json:"confidence"` // the best of Via's; 0 to 1
	Via        []Via   `json:"via"`        // by falling confidence
}

// Via is one reason why a finding opens a technique.
type Via struct {
	// Weakness is empty where the finding itself names the technique.
	Weakness string `json:"weakness"`
	// Path leads from Weakness to the one that is mapped, its parent, else its
	// child or, of a property of EMB3D, its threat; absent where Weakness is
	// mapped itself.
	Path []string `json:"path,omitempty"`
	// Narrowed says that Path leads down, to a weakness more special than the
	// one that was seen.
	Narrowed   bool    `json:"narrowed,omitempty"`
	Relation   string  `json:"relation,omitempty"` // performs or enables
	Confidence float64 `json:"confidence"`         // 0 to 1, with all that lowers it
	// Weakened says what in the finding's CVSS vector, or in the kind of its
	// device, speaks against the technique, so that Confidence is less than
	// the link's own.
	Weakened string `json:"weakened,omitempty"`
	// Doubt says the same of a metric that must not lower a confidence,
	// because its value is the higher one: UI:N, of a technique that needs a
	// user.
	Doubt      string `json:"doubt,omitempty"`
	Provenance Kind   `json:"provenance"`
	Source     string `json:"source"`    // who says so, as [Provenance] has it
	Rationale  string `json:"rationale"` // in a sentence
}

// TechniqueResult is a technique that at least one finding opens.
type TechniqueResult struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// FullName has the parent's name before a sub-technique's:
	// "Insecure Credentials: Hardcoded Credentials".
	FullName string `json:"full_name"`
	// Summary is this project's own few sentences about the technique, see
	// [mitre.Summary]; empty where it has none, as for other domains.
	Summary  string   `json:"summary,omitempty"`
	URL      string   `json:"url,omitempty"`
	Tactics  []string `json:"tactics"`  // names, in the matrix's order
	Findings []string `json:"findings"` // IDs, the riskiest first
	Devices  []string `json:"devices"`  // IDs, in order
	// Score is the risk of its riskiest finding, 0 to 1; see [Snapshot.Assess].
	Score float64 `json:"score"`
	Why   string  `json:"why"` // the factors of the score
	// Mitigations holds the official ones but the placeholder, by ID.
	Mitigations []TechniqueMitigation `json:"mitigations"`
}

// TechniqueMitigation is a mitigation of a technique, seen from the devices on
// which the technique is open.
type TechniqueMitigation struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Deployed bool   `json:"deployed"`         // on every one of the devices, or site-wide
	Partly   bool   `json:"partly,omitempty"` // on some of the devices and not on all
	Feasible bool   `json:"feasible"`         // false when no device allows it
	Why      string `json:"why,omitempty"`    // what rules it out, on all devices or, where Feasible, on how many
}

// MitigationResult is a mitigation that answers at least one technique.
type MitigationResult struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	URL    string   `json:"url,omitempty"`
	Covers []string `json:"covers"` // the opened techniques it mitigates, the most urgent first
	// Score is the share of the risk left, which is that of techniques without
	// a deployed mitigation, that lies with techniques it mitigates, 0 to 1; 0
	// where it is deployed or not feasible. The shares of several overlap.
	Score     float64  `json:"score"`
	Standards []string `json:"standards"` // as in [mitre.Mitigation]
	Deployed  bool     `json:"deployed"`  // wherever it is needed
}

// GapKind says what is missing.
type GapKind string

// The kinds of gaps.
const (
	GapNoMitigation    GapKind = "no_mitigation"    // ATT&CK has no mitigation
	GapPlaceholderOnly GapKind = "placeholder_only" // ATT&CK only says that nothing helps much
	GapNotFeasible     GapKind = "not_feasible"     // the devices rule every mitigation out
	GapNotDeployed     GapKind = "not_deployed"     // there are mitigations, none is deployed
	GapNoDetection     GapKind = "no_detection"     // ATT&CK names nothing to collect
	GapNoTechnique     GapKind = "no_technique"     // the finding leads to no technique
)

// Gap is where ATT&CK is silent or the site is uncovered.
type Gap struct {
	Kind      GapKind  `json:"kind"`
	Technique string   `json:"technique"` // empty for no_technique
	Name      string   `json:"name,omitempty"`
	Findings  []string `json:"findings"` // IDs, the riskiest first; by ID for no_technique
	Devices   []string `json:"devices"`  // IDs, in order; empty where no finding names one
	// Score is the urgency, 0 to 1: the technique's risk on the gap's devices,
	// half of it for no_detection; for no_technique the severity ×
	// exploitation × asset of the worst finding × 0.3 in place of a confidence.
	Score float64 `json:"score"`
	Why   string  `json:"why"` // in words for people
	// Accepted says who decided to live with the gap, and why; nil where nobody
	// did. What is accepted on some devices only is two gaps.
	Accepted   *Acceptance `json:"accepted,omitempty"`
	Candidates []Candidate `json:"candidates"` // the best first; never official answers to this gap unless Why says so
}

// Candidate is a mitigation worth considering for a gap.
type Candidate struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Score   float64  `json:"score"`   // 0 to 1, comparable within one gap
	Because []string `json:"because"` // reasons, the strongest first
}

func releaseOf(c *mitre.Catalog) AttackRelease {
	i := c.Info()
	return AttackRelease{i.Domain, i.Version, i.Source}
}

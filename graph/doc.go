// Package graph answers the question: what does ATT&CK mean for these devices?
//
// A [Graph] holds what is known: ATT&CK releases, the weakness catalogues, the
// mapping from weaknesses to techniques, the site with its deployed controls,
// the findings, and drafts. Each enters as a [Source] through [Graph.Add], the
// only way in; [Graph.Remove] takes out just what one source said. A [Snapshot]
// is what the graph knew at one moment; all questions are asked of it.
//
// [Snapshot.Assess] asks the main one: which techniques the findings open,
// which mitigations answer them, where the gaps are, and what comes first.
// The answer is an [Assessment]. [Snapshot.Paths] gives the ways from a finding
// to an asset or a tactic, [Snapshot.Around] what is near a thing,
// [Snapshot.Suppose] the site with a control added, [Snapshot.On] the same site
// seen through an older release, [Snapshot.At] on another day, and
// [Snapshot.Since] what differs. [Snapshot.Coverage] asks what generative AI can
// do for the mitigations. What has no method can be asked in a query language,
// with package graph/query.
//
// # Record and index
//
// The record is the statements as their sources made them: a thing with its
// document, or a link between two things with its reason. The index is an
// adjacency in memory that every question runs on. A snapshot holds both and
// never changes, so readers wait for nobody. A graph in memory ([New]) needs
// nothing else. One that is to stay ([Open]) has a store, in which the record
// is quads in Cayley: a file (graph/store/bolt) or a PostgreSQL database that
// several machines share (graph/store/postgres). A write is in the store, whole,
// before any reader sees it. Opening reads the record, makes sure that it is
// whole, and builds the index from it.
//
// A source names techniques and mitigations as they were called when it was
// written. The index settles what they stand for in the release that is in
// force, the newest one in the graph: T0855 becomes T1692.001 when a release
// arrives that says so, and an ID that a release does not have yet becomes what
// it replaced. The record keeps what was said.
//
// # Provenance
//
// Each link has a [Kind]: official (an ATT&CK release), cited (another
// catalogue), analyst (a judgement of this project, with confidence and
// rationale), site (what the user said) or draft (written by a generator).
// Drafts never count as mitigations. [Snapshot.Sources] lists who said how
// much.
//
// # Ranking
//
// One product orders everything:
//
//	risk = severity × exploitation × confidence × consequence × asset
//
// Severity is the CVSS base score (version 2 to 4) divided by 10, exploitation 1
// for what is known to be exploited and (1 + EPSS) / 2 otherwise, confidence
// that of the link from the weakness to the technique, consequence how near
// the technique's tactic is to impact, asset what the device is to the process.
// [Snapshot.Assess] gives the values. More of a factor never lowers a risk, and
// a deployed control never raises one. [Assessment.Plan] turns the risks into
// a short list of mitigations, and what the site decided to live with
// ([Acceptance]) stays in sight but out of the plan.
//
// Where ATT&CK has no usable mitigation, a gap's candidates are those that
// techniques alike have: by tactic, asset, weakness, user, detection and words.
// They are this project's proposals, never ATT&CK's. [Snapshot.TryCandidates]
// measures how good they are.
//
// # Cost
//
// On two cores the graph of ATT&CK for ICS takes 6 ms with reading its bundle,
// that of Enterprise 0.2 s. Writing them into a new file takes 0.1 and 1.6 s and
// 5 and 60 MB, opening that file again 15 ms and 0.2 s. A step on the index takes
// about a hundred nanoseconds, an assessment some microseconds a finding. An
// added source costs what it says and a copy of the index's tables; one that
// replaces what it said before costs a new index.
//
// The package never calls a model and never opens a network connection.
package graph

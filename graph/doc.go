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
// Each statement has a [Kind], which says who stands behind it:
//
//   - [Official]: an ATT&CK release says so. It is counted as it stands.
//   - [Cited]: another public catalogue says so: CWE's parents, EMB3D's threats
//     and properties, OWASP's list.
//   - [Analyst]: this project judged so, with a confidence and a sentence of
//     reason: the mapping from weaknesses to techniques, what a constraint of a
//     device does to a mitigation, what the areas of generative AI can do.
//   - [Site]: the user said so: devices, deployed controls, constraints,
//     findings and the techniques that these name.
//   - [Drafted]: a generator wrote it. It never counts as a mitigation, before
//     and after a person accepted it.
//
// What an assessment derives carries the kind of the weakest link that it is
// derived from: a technique that a finding opens is [Analyst], although each of
// its mitigations is [Official]. [Via] says it for each reason, [Link] for each
// edge of a path, [Evidence] for each piece that a draft may cite.
// [Snapshot.Sources] lists who said how much, and [Graph.Remove] takes out what
// one of them said.
//
// Two public crosswalks from weaknesses to techniques for ICS agree on a single
// pair. So no such link is ever shown as a fact: it is a judgement that gives
// its reason, and a reader may disagree.
//
// # Reading a confidence
//
// The confidence of a link from a weakness to a technique, 0 to 1, says how
// often, of the cases in which the weakness is exploited on an IoT or OT device,
// the technique follows:
//
//   - 0.9: in nearly every one.
//   - 0.6: in the typical one; it depends on where in the product the weakness is.
//   - 0.3: in a sizeable minority; an analyst should look at the device at hand.
//
// Nothing below 0.3 is in the mapping, so that a smaller value has a story. It
// was taken from another weakness ([Via].Path): 0.8 of it is left for each step
// to a parent, and 0.4 for a step to a child ([Via].Narrowed), which is asked
// only when no parent has links; 0.5 from a property of a device to a threat. Or
// the finding's CVSS vector, or the kind of the device, speaks against the
// technique ([Via].Weakened): a flaw that needs local access is a poor entrance
// from afar. Of several reasons for one technique the strongest counts; they are
// not added up, since they are seldom independent.
//
// A confidence is a judgement, not a frequency that was measured. What could be
// measured is on the page of the program examples/accuracy: how much of what
// advisories name is mapped, and how often techniques found in a text
// (graph/identify, whose scores are calibrated) are the right ones.
//
// # Ranking
//
// One product orders everything:
//
//	risk = severity × exploitation × confidence × consequence × asset
//
// Severity is the CVSS base score (version 2 to 4) divided by 10, exploitation 1
// for what is known to be exploited and otherwise (1 + EPSS) / 2 or, where it is
// more, what the vector says of exploits that there are (E), confidence
// that of the link from the weakness to the technique, consequence how near
// the technique's tactic is to impact, asset what the device is to the process.
// [Snapshot.Assess] gives the values. More of a factor never lowers a risk, and
// a deployed control never raises one. [Assessment.Plan] turns the risks into
// a short list of mitigations, and what the site decided to live with
// ([Acceptance]) stays in sight but out of the plan, as does what one deployed
// mitigation answers alone ([Assessment.RestsOnOne]).
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

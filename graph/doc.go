// Package graph answers the question: what does ATT&CK mean for these devices?
//
// A [Graph] holds what is known: the ATT&CK catalogue, the weakness
// catalogues, the mapping from weaknesses to techniques, the site with its
// deployed controls, and the findings. Each enters as a [Source] through
// [Graph.Add], the only way in. A [Snapshot] is what the graph knew at one
// moment; all questions are asked of it. [Snapshot.Assess] asks the main one:
// which techniques the findings open, which mitigations answer them, where
// the gaps are, and what comes first. The answer is an [Assessment].
//
// # Record and index
//
// Every statement is kept twice, written together or not at all. The record
// is a set of quads in Cayley, subject, predicate, object, and as label the
// source that said so. The index is an adjacency in memory that the questions
// run on.
//
// # Provenance
//
// Each link has a [Kind]: official (an ATT&CK release), cited (another
// catalogue), analyst (a judgement of this project, with confidence and
// rationale), site (what the user said) or draft (written by a generator).
// Drafts never count as mitigations.
//
// # Cost
//
// Building the graph of ATT&CK for ICS takes some tens of milliseconds, most
// of it the record; an assessment of the sample site under a millisecond.
//
// The package never calls a model and never opens a network connection.
package graph

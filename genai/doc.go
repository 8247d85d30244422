// Package genai answers the question: what do we write where ATT&CK is silent?
//
// A [Task] is one text to write about an assessed site; there are six kinds:
//
//   - [Mitigation]: what can be done about a gap
//   - [IncidentResponse]: a plan for an incident, the plant's safety first
//   - [SecurityPolicy]: requirements, each traced to a mitigation
//   - [Training]: material for operators, and a quiz
//   - [ThreatReport]: what the techniques that a report shows mean here
//   - [Triage]: affected, reachable, and what first, for a finding
//
// [Draft] does one task, [DraftAll] several; [Markdown] and [Text] show a
// draft. All follow one pipeline: collect the evidence from the graph, pack it
// into what the writer can read, ask a [Writer] for an answer bound to a JSON
// Schema, and verify it. Of a rejected answer the claims that hold are kept. For
// the others the structure is the template writer's: the writer is shown its
// sentences, one by one, with the evidence that they cite, and asked to say the
// same in its own words, a few times where these do not hold. A claim is the
// writer's when it has worded at least half of its sentences, and a draft when
// half of its claims are, and names the claims that the template gave; any other
// is the template's. A model with fewer than a billion
// parameters is asked for claims from the start. The draft records all of that
// in its checks.
//
// The graph decides; the model only writes. A writer may cite the handles of
// the evidence and nothing else, and package verify rejects an answer that
// names an ID, standard or address which the evidence does not hold. What the
// graph decides, such as the right answers of a quiz and the verdicts of a
// triage, it writes into the accepted text itself, and rejects a text that
// plainly contradicts it. Text that strangers wrote, such as the titles of
// findings, reaches a model as quoted data, and vouches for nothing.
//
// A draft is never a mitigation: no question of package graph counts it.
//
// With the template writer a draft takes some milliseconds, a long one tens of
// them, and no network; with a model, what the model takes: one answer, or after
// a rejected one up to five short ones for each sentence. The timeout of [Options]
// bounds each.
package genai

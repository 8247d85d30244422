// Package genai answers the question: what do we write where ATT&CK is silent?
//
// [Draft] writes a mitigation draft for one gap of an assessment, [DraftAll]
// for all of them. Both follow one pipeline: collect the evidence from the
// graph, pack it into what the writer can read, ask a [Writer] for an answer
// bound to a JSON Schema, verify the answer, ask once more with the reasons
// when it is rejected, and fall back to the template writer when it is
// rejected again. The draft records all of that in its checks.
//
// The graph decides; the model only writes. A writer may cite the handles of
// the evidence and nothing else, and package verify rejects an answer that
// names an ID, standard or address which the evidence does not hold. Text that
// strangers wrote, such as the titles of findings, reaches a model as quoted
// data, and vouches for nothing.
//
// A draft is never a mitigation: no question of package graph counts it.
//
// With the template writer a draft takes a few milliseconds and no network;
// with a model, what the model takes, at most twice the timeout of
// [Options].
package genai

// Package query answers ad-hoc questions: those that package graph has no
// method for.
//
// A [Store] is what a snapshot says, as a read-only Cayley quad store; the
// quads are those of [graph.Snapshot.Quads], which says how they are made up.
// The languages are packages of their own, so that nobody compiles what they
// don't use: query/gizmo (JavaScript), query/graphql, and query/path (Go). Each
// has a Run that takes a store, a query and [Limits], and gives a [Result].
//
// # Names
//
// In all languages a string stands for the node of that name when there is
// one, so that "attack:T0855" and "rel:mitigates" may be written for
// <attack:T0855> and <rel:mitigates>; else it is a text. Cayley itself takes
// every string for a text, which as a predicate matches nothing. A predicate
// that nobody knows is an [Error]; anything else that the graph does not hold
// is in [Result.Warnings], and so is an ATT&CK ID that was revoked.
//
// # Limits
//
// Every run has a deadline, a cap on rows and a cap on memory. A run that hits
// one ends with [ErrDeadline], [ErrRows] or [ErrMemory] and without a result:
// an answer is never shorter than the question asked for.
//
// The caps bound accidents, such as a query that joins everything with
// everything or a loop without an end. They are no sandbox: the memory cap is
// a watch on the heap of the whole process, a few milliseconds apart, and a
// script that sets out to harm can allocate much in that time, or call a
// built-in function that neither the watch nor the deadline can interrupt. Don't
// run the queries of strangers in a process that must not die.
//
// # Cost
//
// Making a store of ATT&CK for ICS with the embedded knowledge takes some 15
// milliseconds and 10 MB; it is made once for a snapshot and asked from then on.
// One hop takes some microseconds, a Gizmo query some hundred more for the
// engine. The typed methods of graph.Snapshot are faster than both and say why
// an answer is empty: where there is one for a question, ask that.
package query

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
// # Ways
//
// Each way through the graph that fits a query is a row, with its own tags:
// where three links lead to a node, there are three rows unless the query asks
// for unique nodes. The iterators are partly our own, because Cayley's lose
// ways.
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
// A store of ATT&CK for ICS with the embedded knowledge, 12,000 quads, takes
// some 9 milliseconds and 6 MB to make, a quarter of what Cayley's memstore
// takes; it is made once for a snapshot and asked from then on. One hop is 3 to 5
// microseconds in the iterators, and with names, limits and rows 30; a Gizmo
// script takes 300 more for its engine. The typed methods of graph.Snapshot are
// faster and say why an answer is empty: where there is one for a question, ask
// that.
package query

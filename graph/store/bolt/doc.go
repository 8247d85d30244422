// Package bolt keeps a graph in one file.
//
// The file is a bbolt database in the layout of Cayley's key-value store, but
// for its two widest families of buckets, which are one bucket each here:
// a third of the writing time. [Open] makes the file where there is none.
//
// One process writes; others may read at the same time only where all of them
// open the file to read. Every write is on the disk when it returns, and after
// a crash the file holds each write whole or not at all.
//
// # Damage
//
// bbolt has no checksums of its data, and a damaged page ends the process
// that maps it. So each write also records a sum over every key and value,
// and opening reads the whole file, before anything is mapped: the headers,
// that each page is used once and what it says it is, the order of the keys,
// the list of free pages, and the sum. That costs some milliseconds for ATT&CK
// for ICS and some tens for Enterprise. The sum tells accidents; it does not
// keep a forger out.
//
// The file's format depends on the machine's byte order, as bbolt's does.
package bolt

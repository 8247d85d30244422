// Package postgres keeps a graph in a PostgreSQL database that several machines
// share.
//
// The quads lie in the two tables of Cayley's SQL layout, nodes and quads, and
// Cayley writes them. A third table, mitigraph, has one row: the format and the
// [store.State]. [Open] makes the three where there are none. A schema holds
// one graph, a database as many as it has schemas; see [Options].
//
// # Several writers
//
// A write is one transaction. It begins by moving the row of table mitigraph
// from the state that it is meant for to the next one. So a second writer waits
// for the first, finds the row moved, and gets [store.ErrConflict] before it
// wrote anything. No other lock is taken, and none is held between calls.
//
// A read is one transaction too, and sees the record as it was when it began.
// It fetches both tables whole, checks that every value hashes to its key, that
// every count of uses is right and that the quads add up to the state. That
// tells a row that someone lost or changed; it does not keep a forger out.
//
// A write is on the disk when it returns as far as the server's setting
// synchronous_commit says so, which is on by default.
//
// # What ends early
//
// Every wait ends with its context, but for two: taking back what was begun may
// last two seconds, and once COMMIT has been sent, its answer is waited for up
// to five seconds longer, since nobody could say otherwise what became of the
// write. When that answer never comes, because the
// connection broke just then, the error is [ErrUnknown]. The next write finds
// out: it gives [store.ErrConflict] if the lost one was done.
//
// # Caveats
//
// Text in PostgreSQL cannot hold a NUL, so a value with one is refused. So is
// every value that is neither an IRI nor a plain string; a graph writes no
// others. Programs that use Cayley may read the tables, but must not write into
// them: what they wrote would be reported as damage. Cayley itself shows the
// four characters \x00 in a string as a NUL; this package does not.
//
// The connections set search_path and use prepared statements, so a pooler in
// between, such as PgBouncer, must give each a session of its own.
//
// CockroachDB speaks the same protocol and is meant to be sent nothing that it
// lacks: this package needs no advisory locks, no order of a sequence and no
// foreign keys, makes its tables in a serializable transaction, and repeats
// what fails with SQLSTATE 40001. But no test has run against it. All that is
// said here was seen with PostgreSQL 15.
//
// Cayley logs what fails to standard error. Nothing of that is seen here, and
// nothing is changed for others who use it: the driver that Cayley is given
// keeps the first failure to itself and answers that all went well, until this
// package ends the transaction.
package postgres

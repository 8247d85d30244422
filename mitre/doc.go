// Package mitre answers the question: what does MITRE ATT&CK say?
//
// A [Catalog] is one release of ATT&CK (ICS, Enterprise or Mobile), typed,
// linked and immutable, so that any number of goroutines may read it. It
// comes from an official STIX bundle ([Read], [Open]) or from the facts that
// this module embeds ([Embedded]), which hold every ID, name, date and
// relationship of ATT&CK for ICS, but none of MITRE's sentences.
//
// # Questions
//
// The objects are what ATT&CK calls them: [Tactic], [Technique],
// [Mitigation], [Asset], [Group], [Software], [Campaign], [DataSource],
// [DataComponent], [DetectionStrategy] and [Analytic]. A few questions,
// generic in the type of the object, take the place of a getter for each:
//
//   - [All] and [Live] iterate over the objects of a type, [Where] filters.
//   - [Find] looks one up by ATT&CK or STIX ID, [Named] by name or alias, and
//     [Catalog.Resolve] follows a revoked ID to what replaced it.
//   - [Outgoing] and [Incoming] follow live relationships to objects of a
//     type, [Catalog.From] and [Catalog.To] all of them. [Attributed] and
//     [Catalog.GroupsUsing] count what a group's campaigns use as its own.
//   - [Text] gives the official description or else this project's summary,
//     and says which.
//
// [Diff] compares two releases, [Catalog.Write] writes one as STIX 2.1 with
// everything that was read. Package release fetches releases, and package
// navigator draws on the matrix.
//
// # Cost
//
// Reading a bundle takes less than twice as long as decoding its JSON into
// structs and half the memory of maps; a look-up is a map read, and
// following links allocates nothing. The embedded facts take a few
// milliseconds, once for each process.
//
// The package never interprets: whether a mitigation suits a device, or
// which technique a weakness opens, is for package graph to say.
package mitre

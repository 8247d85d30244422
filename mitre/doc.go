// Package mitre answers the question: what does MITRE ATT&CK say?
//
// A [Catalog] is one release of ATT&CK (ICS, Enterprise or Mobile), typed,
// linked and immutable, so that any number of goroutines may read it. It
// comes from an official STIX bundle ([Read], [Open]) or from the facts that
// this module embeds ([Embedded]), which hold every ID, name, date and
// relationship of ATT&CK for ICS, but none of MITRE's sentences.
//
// The objects are what ATT&CK calls them: [Tactic], [Technique],
// [Mitigation], [Asset], [Group], [Software], [Campaign], [DataSource],
// [DataComponent], [DetectionStrategy] and [Analytic]. [Live] and [All]
// iterate over one type, [Find] looks one up, [Catalog.Resolve] follows
// revoked IDs to what replaced them, [Catalog.From] and [Catalog.To] follow
// relationships.
//
// Loading costs about what decoding the JSON costs; the embedded facts take
// a few milliseconds, once for each process. Look-ups are map reads.
//
// The package never interprets: whether a mitigation suits a device, or
// which technique a weakness opens, is for package graph to say.
package mitre

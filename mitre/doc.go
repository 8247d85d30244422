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
//     [Catalog.GroupsUsing] count what a group's campaigns use as its own,
//     [Catalog.SoftwareTechniques] what its software can do.
//   - [Catalog.DataComponents] and [Catalog.LogSources] say what shows a
//     technique.
//   - [Text] gives the official description or else this project's summary,
//     and says which. [Property] gives what has no field.
//
// [Diff] compares two releases, [Catalog.Write] writes one as STIX 2.1 with
// everything that was read. Package release fetches releases, and package
// navigator draws on the matrix.
//
// # For those who know mitreattack-python
//
// Its MitreAttackData has a getter for each type and link. Here the type is a
// parameter, live objects are the default, and T is the type asked for:
//
//	get_techniques(), ...                    Live[*Technique](c), All for revoked ones too
//	get_subtechniques()                      the same, by IsSubtechnique
//	get_techniques_by_tactic, _by_platform   Where(Live[*Technique](c), InTactic(...), OnPlatform(...))
//	get_objects_by_content, _created_after   Where(..., Mentions(...)), CreatedAfter, ModifiedAfter
//	get_object_by_attack_id, _by_stix_id     Find[*Technique](c, id), or c.Lookup(id)
//	get_objects_by_name, groups_by_alias     Named[*Group](c, name)
//	get_revoking_object                      c.Resolve(id), to the last of a chain
//	get_mitigations_mitigating_technique     Incoming[*Mitigation](c, technique, Mitigates)
//	get_techniques_mitigated_by_mitigation   Outgoing[*Technique](c, mitigation, Mitigates)
//	get_procedure_examples_by_technique      c.To(technique, Uses)
//	get_techniques_targeting_asset           Incoming[*Technique](c, asset, Targets)
//	get_subtechniques_of_technique           Incoming[*Technique](c, technique, SubtechniqueOf)
//	get_parent_technique_of_subtechnique     Outgoing[*Technique](c, technique, SubtechniqueOf)
//	get_techniques_used_by_group             Attributed[*Technique](c, group), with its campaigns'
//	get_software_used_by_group               Attributed[*Software](c, group)
//	get_techniques_used_by_group_software    c.SoftwareTechniques(group)
//	get_groups_using_technique, _software    c.GroupsUsing(technique)
//	get_techniques_used_by_software, ...     Outgoing[*Technique](c, software, Uses)
//	get_campaigns_attributed_to_group        Incoming[*Campaign](c, group, AttributedTo)
//	get_datacomponents_detecting_technique   c.DataComponents(technique), since release 18 too
//	get_detection_strategies_detecting_...   Incoming[*DetectionStrategy](c, technique, Detects)
//	get_analytics_by_detection_strategy      Outgoing[*Analytic](c, strategy, HasAnalytic)
//	get_tactics_by_technique, _by_matrix     c.TacticsOf(technique), c.Tactics()
//	technique.x_mitre_contributors, ...      Property[[]string](c, technique, "x_mitre_contributors")
//
// # Cost
//
// Reading a bundle takes less than one and a half times as long as decoding
// its JSON into structs, and a catalogue holds little more than half of what
// maps take: the text of the bundle, whose parts its strings are. A look-up is
// a map read, and following links allocates nothing. The embedded facts take a
// few milliseconds, once for each process. Memory is bounded by the size of
// the file, whatever is in it.
//
// The package never interprets: whether a mitigation suits a device, or
// which technique a weakness opens, is for package graph to say.
package mitre

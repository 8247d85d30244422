// Package identify answers the question: which techniques does this text speak
// of?
//
// A [Model] is made from one ATT&CK release: the names and descriptions of its
// techniques, this project's summaries, the texts on detection, and the
// procedure examples, which are the descriptions of what groups, software and
// campaigns use. To them come eight sentences for each technique of ATT&CK for
// ICS, written for this project as the report of an incident could tell of it,
// so that a model of the embedded facts, which hold no texts of MITRE's, knows
// some as well. Whoever wrote them had this project's summaries before them and
// no procedure example; what is publicly known of incidents they may have known. [Model.Identify] compares a text with all of these and gives
// the techniques, best first, each with a probability and with what made it.
// A text about something else gets none. What is written here decides; a language
// model has no part in it, except that one for embeddings may say which texts
// are alike ([Embedder]).
//
// # How
//
// Words (stemmed), pairs of words and parts of words are weighted by how rare
// they are, and a ridge regression from likeness to all known texts gives each
// technique a number, and one to "something else", for which this package
// carries four hundred sentences of its own. A softmax makes probabilities of the
// numbers. Its sharpness is learned from the procedure examples: each is
// judged by a model that did not see its source.
//
// # Cost
//
// A model of ATT&CK for ICS takes about a second to make, one of the embedded
// facts half of that, and a text some milliseconds. A [Query] that leaves sources out makes a model without them,
// which is kept for the next such query.
package identify

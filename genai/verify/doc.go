// Package verify answers the question: may this text be shown as a draft?
//
// [Answer] takes what a generator wrote, and the evidence that it was given,
// and returns either the text or the reasons against it. [Text] judges any
// text, sentence by sentence. The checks look at form, and at whether the
// evidence that a sentence cites carries it: its IDs, addresses, names,
// numbers, dates and quotations must be there, it may promise no more, turn
// nothing round, obey no order of a title, and advise nothing that is
// dangerous in a plant. One verifier serves models and writers without a
// model; a form may mark sentences as its own advice, see [Section.Advice].
//
// What is a fact of its own is found nearly always. How well the evidence
// carries the rest is weighed: how much of a sentence it holds, whether its
// clauses, negations and named things stand there as in the sentence, and
// whether the sentence says more. On sentences that nobody saw who made the
// checks, 86 of 100 wrong ones were found and 14 of 100 right ones rejected. A
// sense that is turned is missed more often than found, and of right sentences
// that join several pieces many are rejected. testdata/labelled/README.md has
// the figures. Whether a sentence is wise is for the person who reviews the
// draft. The word lists are English: a sentence in another language is rejected
// for want of support.
//
// The package needs no network, no model and no graph. It costs about a
// millisecond a sentence and half a millisecond a piece of evidence, is
// deterministic, and never repairs a text.
package verify

// The checks, in the order in which they run.
const (
	CheckSchema    = "schema"    // one JSON object as [Schema] describes it, and nothing around it
	CheckHandles   = "handles"   // each claim cites evidence, none that was not given, none twice
	CheckIDs       = "ids"       // IDs are those of the evidence that the claim cites, however they are written
	CheckURLs      = "urls"      // no address, domain or e-mail that the evidence does not hold
	CheckStandards = "standards" // no label of a standard, or its publisher, that the evidence does not hold
	CheckLength    = "length"    // as the constants say, and no claim twice
	CheckText      = "text"      // plain text: no control characters, markup or escapes
)

// The checks of single sentences, see [Text].
const (
	CheckNames     = "names"     // no device, product, person or body that the cited evidence does not hold
	CheckNumbers   = "numbers"   // no number that the cited evidence neither holds nor counts
	CheckDates     = "dates"     // no day, month or year that the cited evidence does not hold
	CheckQuotes    = "quotes"    // what is quoted is in the cited evidence
	CheckAuthority = "authority" // no body that recommends, requires or confirms, unless the cited evidence names it
	CheckSafety    = "safety"    // no advice that is dangerous in a plant
	CheckSecrets   = "secrets"   // no credentials, and not how to carry an attack out
	CheckOrders    = "orders"    // what a title orders is not done
	CheckCertainty = "certainty" // no promise that the cited evidence does not make
	CheckRelations = "relations" // IDs, names and numbers belong together as in the evidence
	CheckGrounding = "grounding" // the cited evidence carries the sentence
)

// Checks returns the names of the checks of [Answer], in order.
func Checks() []string {
	return []string{
		CheckSchema, CheckHandles, CheckIDs, CheckURLs, CheckStandards, CheckLength, CheckText, CheckNames, CheckNumbers, CheckDates,
		CheckQuotes, CheckAuthority, CheckSafety, CheckSecrets, CheckOrders, CheckCertainty, CheckRelations, CheckGrounding,
	}
}

// The bounds of an answer.
const (
	minClaim  = 20       // characters of a claim
	maxClaim  = 600      // characters of a claim
	MaxCited  = 4        // handles that one claim may cite
	MaxAnswer = 64 << 10 // bytes of a raw answer
)

package verify

// Made by TestWeights -update from the dev part of the labelled sentences.

const bias = -1.285

var weights = [features]float64{
	1.118,  // domain
	0.199,  // other
	-0.199, // generic
	-0.660, // share
	-0.352, // soft
	-1.027, // apart
	0.967,  // clause apart
	-0.718, // best
	6.351,  // elsewhere
	0.586,  // uncited
	0.432,  // turned
	2.198,  // opposite
	0.398,  // clauses
	-1.032, // hedged
	1.742,  // certain
	-0.216, // demands
	0.597,  // lone
	0.186,  // short
	-0.471, // title
	0.704,  // lost
	0.335,  // added
	-0.054, // cites
}

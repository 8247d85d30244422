package verify

// Made by TestWeights -update from the dev part of the labelled sentences.

const bias = -3.262

var weights = [features]float64{
	1.827,  // domain
	0.000,  // other
	0.000,  // generic
	-0.556, // share
	0.498,  // soft
	-1.364, // apart
	1.484,  // clause apart
	-0.240, // best
	7.339,  // elsewhere
	-0.818, // uncited
	0.554,  // turned
	-0.171, // near lost
	0.597,  // near added
	-0.061, // fact lost
	-0.255, // fact added
	2.732,  // opposite
	0.009,  // clauses
	-0.291, // hedged
	2.172,  // certain
	-0.485, // demands
	1.175,  // lone
	-0.125, // short
	-0.253, // title
	-0.253, // lost
	0.076,  // added
	-0.075, // cites
	-4.861, // warns
	2.467,  // still
	0.713,  // denies
	1.105,  // affirms
	2.883,  // status
	0.385,  // strong
}

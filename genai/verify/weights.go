package verify

// Made by TestWeights -update from the dev part of the labelled sentences.

const bias = -1.307

var weights = [features]float64{
	1.197,  // domain
	0.238,  // other
	-0.140, // generic
	-0.922, // share
	-0.123, // soft
	-0.814, // apart
	0.877,  // clause apart
	-0.294, // best
	6.939,  // elsewhere
	-0.066, // uncited
	0.401,  // turned
	0.368,  // near lost
	0.224,  // near added
	1.049,  // fact lost
	0.057,  // fact added
	2.492,  // opposite
	0.237,  // clauses
	-0.833, // hedged
	1.712,  // certain
	-0.424, // demands
	0.691,  // lone
	0.321,  // short
	-0.374, // title
	0.077,  // lost
	0.286,  // added
	-0.175, // cites
}

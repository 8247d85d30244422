package verify

// Made by TestWeights -update from the dev part of the labelled sentences.

const bias = -3.067

var weights = [features]float64{
	1.850,  // domain
	0.031,  // other
	0.000,  // generic
	-0.599, // share
	0.825,  // soft
	-1.354, // apart
	1.419,  // clause apart
	-0.271, // best
	6.908,  // elsewhere
	0.358,  // uncited
	0.561,  // turned
	-0.147, // near lost
	0.600,  // near added
	-0.108, // fact lost
	-0.309, // fact added
	2.592,  // opposite
	-0.016, // clauses
	-0.464, // hedged
	2.200,  // certain
	-0.337, // demands
	0.753,  // lone
	-0.274, // short
	-0.061, // title
	-0.274, // lost
	0.048,  // added
	-0.252, // cites
	-4.912, // warns
	2.496,  // still
	0.673,  // denies
	0.934,  // affirms
	2.888,  // status
}

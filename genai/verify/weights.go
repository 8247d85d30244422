package verify

// Made by TestWeights -update from the dev part of the labelled sentences.

const bias = -3.231

var weights = [features]float64{
	1.886,  // domain
	0.000,  // other
	0.000,  // generic
	-0.523, // share
	0.936,  // soft
	-1.126, // apart
	1.381,  // clause apart
	-0.216, // best
	6.780,  // elsewhere
	-0.555, // uncited
	0.526,  // turned
	-0.152, // near lost
	0.604,  // near added
	-0.046, // fact lost
	-0.294, // fact added
	2.755,  // opposite
	0.006,  // clauses
	-0.329, // hedged
	2.103,  // certain
	-0.594, // demands
	1.217,  // lone
	-0.226, // short
	-0.140, // title
	-0.209, // lost
	0.061,  // added
	-0.202, // cites
	-4.855, // warns
	2.423,  // still
	0.705,  // denies
	0.986,  // affirms
	2.862,  // status
	0.483,  // strong
}

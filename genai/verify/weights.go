package verify

// Made by TestWeights -update from the dev part of the labelled sentences.

const bias = -1.293

var weights = [features]float64{
	1.218,  // domain
	0.270,  // other
	-0.142, // generic
	-0.995, // share
	-0.085, // soft
	-0.733, // apart
	0.828,  // clause apart
	-0.372, // best
	6.771,  // elsewhere
	0.063,  // uncited
	0.417,  // turned
	0.365,  // near lost
	0.225,  // near added
	1.111,  // fact lost
	0.097,  // fact added
	2.560,  // opposite
	0.243,  // clauses
	-0.783, // hedged
	1.816,  // certain
	-0.431, // demands
	0.653,  // lone
	0.394,  // short
	-0.550, // title
	0.109,  // lost
	0.286,  // added
	-0.258, // cites
}

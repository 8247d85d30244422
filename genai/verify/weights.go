package verify

// Made by TestWeights -update from the dev part of the labelled sentences.

const bias = -1.975

var weights = [features]float64{
	1.427,  // domain
	-0.267, // other
	-0.284, // generic
	-0.747, // share
	0.203,  // soft
	-1.130, // apart
	1.067,  // clause apart
	-0.269, // best
	7.413,  // elsewhere
	0.886,  // uncited
	0.371,  // turned
	0.258,  // near lost
	0.519,  // near added
	0.702,  // fact lost
	0.309,  // fact added
	2.592,  // opposite
	0.180,  // clauses
	-0.527, // hedged
	1.973,  // certain
	-0.242, // demands
	0.570,  // lone
	0.266,  // short
	0.079,  // title
	0.255,  // lost
	0.167,  // added
	0.003,  // cites
	-4.670, // warns
	2.127,  // still
	0.763,  // denies
	0.799,  // affirms
	-1.695, // roles
}

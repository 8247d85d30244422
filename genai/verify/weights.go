package verify

// Made by TestWeights -update from the dev parts of the labelled sentences.

const bias = -0.327

var weights = [features]float64{
	0.890,  // domain
	0.602,  // other
	0.000,  // generic
	-0.647, // share
	-0.601, // nearest
	-0.554, // distance
	-0.304, // swaps
	3.570,  // elsewhere
	1.635,  // foreign
	-0.492, // tied
	0.716,  // loose
	0.861,  // apart
	0.967,  // unjoined
	3.281,  // away
	1.480,  // misbound
	0.269,  // turned
	0.625,  // opposite
	0.528,  // parity
	1.740,  // dropped
	-1.095, // agreed
	-1.155, // free
	0.379,  // affirms
	-0.007, // yields
	1.333,  // no need
	0.322,  // still
	0.371,  // strong
	-1.078, // hedged
	-1.051, // if
	-1.305, // warns
	11.763, // ordered
	1.087,  // obeys
}

package verify

// Made by TestWeights -update from the dev parts of the labelled sentences.

const bias = -0.942

var weights = [features]float64{
	0.981,  // domain
	0.563,  // other
	0.000,  // generic
	-0.328, // share
	-0.683, // nearest
	-0.333, // distance
	-0.364, // swaps
	4.043,  // elsewhere
	-0.027, // foreign
	-0.473, // tied
	0.692,  // loose
	0.760,  // apart
	1.082,  // unjoined
	2.500,  // away
	1.454,  // misbound
	0.328,  // turned
	0.534,  // opposite
	0.658,  // parity
	1.387,  // dropped
	-1.244, // agreed
	-1.251, // free
	0.225,  // affirms
	0.192,  // yields
	1.628,  // no need
	0.420,  // still
	0.599,  // strong
	-1.121, // hedged
	-1.170, // if
	-1.624, // warns
	13.445, // ordered
	0.190,  // obeys
}

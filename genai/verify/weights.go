package verify

// Made by TestWeights -update from the dev parts of the labelled sentences.

const bias = -0.221

var weights = [features]float64{
	1.046,  // domain
	0.592,  // other
	0.000,  // generic
	-0.700, // share
	-0.593, // nearest
	-0.551, // distance
	-0.295, // swaps
	3.650,  // elsewhere
	1.580,  // foreign
	-0.382, // tied
	0.794,  // loose
	1.440,  // apart
	1.102,  // unjoined
	3.257,  // away
	1.905,  // misbound
	0.262,  // turned
	0.615,  // opposite
	0.497,  // parity
	1.783,  // dropped
	-1.103, // agreed
	-1.189, // free
	0.351,  // affirms
	-0.034, // yields
	1.437,  // no need
	0.353,  // still
	0.362,  // strong
	-1.078, // hedged
	-1.112, // if
	-1.320, // warns
	11.795, // ordered
	1.076,  // obeys
}

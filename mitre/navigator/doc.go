// Package navigator answers the question: how does it look on the ATT&CK
// matrix?
//
// A [Layer] is a set of annotations on the matrix, in the file format of
// MITRE's ATT&CK Navigator, version 4.5: scores, colours and comments, each
// on a [Technique]. [Read] takes formats 3.0 to 4.5, [Layer.WriteTo] gives
// 4.5. [New] makes a layer from scored techniques and a catalogue, [Merge]
// joins layers, and [Upgrade] brings a layer of an older ATT&CK release to
// that of a catalogue and says what moved, as a list of [Move].
//
// The structs are the format's objects with its own names. A member that may
// be missing and whose default is not Go's zero value is a pointer, nil being
// the default: new(7.0) is a score of 7, nil no score at all. Members that
// the format does not define survive reading and writing, at every level, but
// cannot be seen or set. Nil and empty slices mean the same but in [Filters].
//
// A file may also hold a list of layers: [Layer] is a [json.Unmarshaler] and
// a [json.Marshaler], so a []Layer is read with package json.
//
// Reading a layer takes time and memory in proportion to its size, of which
// there may be 64 MiB. Layers are plain data: any number of goroutines may
// use one that none of them changes. The functions never change the layers
// they are given, and what they return shares no memory with them that could
// be changed.
//
// The package never draws a matrix, and it never decides what a technique
// scores.
package navigator

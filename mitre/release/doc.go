// Package release answers the question: where do I get an official release of
// ATT&CK?
//
// A [Release] is one official file with the sum that it must have; [Known]
// lists those that this module knows, and [Find] looks one up. A [Source] is
// where files come from: the official repository or a mirror of it, and a
// cache in front. [Source.Open] gives a release as a catalogue, and
// [Source.Fetch] as a file:
//
//	catalog, err := release.FromEnv().Open(ctx, "ics-attack", "18.1")
//
// A file is used only after its SHA-256 was found right, however it came and
// whenever it is opened, and nothing is written through links that lead out of
// the cache. So neither a mirror nor the cache needs to be trusted, and http
// will do as well as https. That costs one reading of the
// file, a few milliseconds for the 4 MB of the largest one known. The first
// time a release costs its download, uncompressed, so that a download that
// was cut off can go on where it ended.
//
// Nothing is downloaded that was not asked for, nothing but the cache is
// written, and a release is never guessed: there is no "latest".
//
// The files hold MITRE's texts, which come under MITRE's terms of use; see
// https://attack.mitre.org/resources/legal-and-branding/terms-of-use/.
//
// # The cache
//
// Files lie in the cache as they do in the official repository, so that a
// cache can serve as a mirror and a file put there by hand is found:
//
//	ics-attack/ics-attack-18.1.json          checked each time it is opened
//	ics-attack/ics-attack-18.1.json.partial  what there is of a download so far
//	ics-attack/ics-attack-18.1.json.lock     empty; keeps downloads apart
//
// Any number of goroutines and processes may share a cache: one of them
// downloads a file, the others wait and use it. Where the file system has no
// locks each downloads on its own, and nothing remains of a download that was
// cut off. Any file of the cache may be deleted while nobody downloads.
package release

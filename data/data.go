// Package data answers "which facts does this module carry with it?". [FS]
// holds them, the constants name its files, and packages mitre and graph read
// them. The package costs under two megabytes of the program's size and
// does nothing at run time. It never holds a sentence of MITRE's or OWASP's:
// names, IDs, links and dates only. Descriptions come with an official
// release, which package mitre reads.
//
// # What comes from where
//
//   - attack/: ATT&CK for ICS 19.1, every object and relationship of the
//     official STIX bundle, reduced to facts; a valid STIX 2.1 bundle.
//     © 2025 The MITRE Corporation. This work is reproduced and distributed
//     with the permission of The MITRE Corporation. Beside it a table of
//     the official releases: domain, version, SHA-256 and size of each file
//     of the repository mitre-attack/attack-stix-data, and nothing of them.
//   - cwe/: IDs, names and parents of CWE 4.15, as the npm package cwe-sdk
//     1.1.19 (Apache-2.0) ships it. CWE is of The MITRE Corporation too.
//   - owasp/: the ten items of the OWASP IoT Top 10 of 2018, by OWASP, whose
//     texts are CC BY-SA.
//   - emb3d/: device properties, threats and mitigations of MITRE EMB3D 2.0.1:
//     IDs, names, categories, maturities, links between them, the CWEs of the
//     threats and the IEC 62443-4-2 requirements of the mitigations. EMB3D is
//     of The MITRE Corporation, under terms of its own.
//   - summaries/, mapping/, constraints/, coverage/, sample/: this project's own
//     work, Apache-2.0.
//
// The file NOTICE of the module has the terms in full. The command in gen
// makes the first four from their sources; its -h says how. The CWE one
// needs the package, from "npm pack cwe-sdk@1.1.19", in MITIGRAPH_CWE_SDK.
package data

import "embed"

//go:generate go run ./gen -shared ../../shared/data -cwe=$MITIGRAPH_CWE_SDK -o .

// FS holds the files that the constants name. It is read-only and safe for
// concurrent use.
//
//go:embed attack/*.json attack/*.tsv cwe/*.json owasp/*.json emb3d/*.json
//go:embed summaries/*.json mapping/*.json constraints/*.json coverage/*.json sample/*.json
var FS embed.FS

// The files in [FS].
const (
	AttackICS      = "attack/ics-attack-19.1.json"     // STIX 2.1 bundle, facts only
	AttackReleases = "attack/releases.tsv"             // the official releases: domain, version, SHA-256, bytes, path
	CWE            = "cwe/cwe-4.15.json"               // weakness catalogue
	OWASPIoT       = "owasp/owasp-iot-2018.json"       // weakness catalogue, same shape
	EMB3D          = "emb3d/emb3d-2.0.1.json"          // properties, threats and mitigations of embedded devices
	Summaries      = "summaries/ics-attack-19.1.json"  // what entries of ATT&CK say, in our own words, by ATT&CK ID
	Mapping        = "mapping/weakness-technique.json" // weakness to technique, with confidence and rationale
	MappingEMB3D   = "mapping/emb3d-technique.json"    // threat of EMB3D to technique, same shape
	Constraints    = "constraints/constraints.json"    // what device constraints do to mitigations
	Coverage       = "coverage/areas.json"             // which mitigations the areas of generative AI help with
	SampleFindings = "sample/findings.json"            // findings of the sample site
	SampleControls = "sample/controls.json"            // its deployed mitigations and devices
)

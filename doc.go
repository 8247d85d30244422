// Package mitigraph is a module for working with MITRE ATT&CK for ICS on IoT
// and OT devices. This package itself is empty; three packages answer three
// questions, and each imports only those before it:
//
//   - [github.com/mitigraph/mitigraph/mitre]: what does ATT&CK say?
//   - [github.com/mitigraph/mitigraph/graph]: what does it mean for these
//     devices?
//   - [github.com/mitigraph/mitigraph/genai]: what do we write where ATT&CK is
//     silent?
//
// From a finding to its gaps, errors left out:
//
//	catalog, _ := mitre.Embedded()
//	g, _ := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(),
//		graph.Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}}))
//	assessment, _ := g.Snapshot().Assess(ctx)
//	for _, gap := range assessment.Gaps {
//		fmt.Println(gap.Kind, gap.Technique, gap.Why)
//	}
//
// The programs in examples do this from the command line: start with
//
//	go run ./examples/assess
//
// Every ID, link and score comes from the graph, never from a model, and
// every link says who claims it: ATT&CK, another catalogue, this project, the
// user, or a draft.
//
// # Nil, and what panics
//
// A nil context is a mistake in the program, and panics, as it does in the
// standard library. So does a nil [io.Writer]. Any other nil that can't be meant
// is an error: a reader, a sequence, a function, a result. A nil *Snapshot, *KEV
// or *Assessment is an empty one. No input makes a package panic.
//
// # What an import brings along
//
// Modules and packages beside the standard library and this module. No package
// needs a C compiler.
//
//	package                       modules  packages
//	data                                0         0
//	genai                               9        49
//	genai/ollama                       17        72
//	genai/template                      9        49
//	genai/verify                        7        47
//	graph                               4        28
//	graph/export                        4        29
//	graph/export/jsonld                 6        34
//	graph/export/stix                   5        29
//	graph/finding                       1         4
//	graph/finding/csaf                 10        31
//	graph/finding/cyclonedx             2         5
//	graph/finding/sarif                 1         4
//	graph/identify                      1         3
//	graph/query                         5        34
//	graph/query/gizmo                  10        58
//	graph/query/graphql                 6        43
//	graph/query/path                    5        34
//	graph/report                        5        29
//	graph/report/sarif                  9        34
//	graph/report/stix                   6        30
//	graph/store                         2         5
//	graph/store/bolt                   13        65
//	graph/store/postgres                8        67
//	mitre                               0         0
//	mitre/navigator                     0         0
//	mitre/release                       0         0
package mitigraph

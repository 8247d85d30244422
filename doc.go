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
package mitigraph

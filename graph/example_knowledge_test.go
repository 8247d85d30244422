package graph_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

// What people write finds what they mean, and a key finds the same again.
func ExampleSnapshot_Node() {
	g := pumpHouse()
	defer g.Close()
	for _, id := range []string{"t0859", "cwe 798", "F-1", "plc-1", "no_patch", "plc-2"} {
		n, ok := g.Snapshot().Node(id)
		fmt.Printf("%t %q %q %q\n", ok, n.Key, n.Kind, n.Name)
	}
	// Output:
	// true "attack:T0859" "Technique" "Valid Accounts"
	// true "weakness:CWE-798" "Weakness" "Use of Hard-coded Credentials"
	// true "finding:F-1" "Finding" "Fixed password"
	// true "device:plc-1" "Device" ""
	// true "constraint:no_patch" "Constraint" "no_patch"
	// false "" "" ""
}

// A weakness and the more general ones that it inherits links from.
func ExampleSnapshot_Weakness() {
	g := pumpHouse()
	defer g.Close()
	for id := "CWE-259"; id != ""; {
		w, _ := g.Snapshot().Weakness(id)
		fmt.Println(w.ID, w.Name)
		id = ""
		if len(w.Parents) > 0 {
			id = w.Parents[0]
		}
	}
	// Output:
	// CWE-259 Use of Hard-coded Password
	// CWE-798 Use of Hard-coded Credentials
	// CWE-1391 Use of Weak Credentials
	// CWE-1390 Weak Authentication
	// CWE-287 Improper Authentication
	// CWE-284 Improper Access Control
}

// All that the graph knows, by what it is.
func ExampleSnapshot_Whole() {
	g := pumpHouse()
	defer g.Close()
	n := map[string]int{}
	for _, node := range g.Snapshot().Whole().Nodes {
		n[node.Kind]++
	}
	fmt.Println(n["Tactic"], "tactics,", n["Site"], "site,", n["Device"], "device,", n["Finding"], "finding")
	// Output: 12 tactics, 1 site, 1 device, 1 finding
}

// The graph as other tools for RDF take it, and a part of it.
func ExampleSnapshot_QuadsOf() {
	g := pumpHouse()
	defer g.Close()
	s := g.Snapshot()
	part, err := s.Around(context.Background(), "plc-1", 0)
	check(err)
	for q := range s.QuadsOf(part) {
		fmt.Println(q.Subject, q.Predicate, q.Object)
	}
	// Output:
	// <device:plc-1> <rdf:type> <class:Device>
	// <device:plc-1> <rel:id> "plc-1"
}

// Every statement carries the source that makes it.
func ExampleSnapshot_Quads() {
	g := pumpHouse()
	defer g.Close()
	n := map[string]int{}
	for q := range g.Snapshot().Quads() {
		n[q.Label.String()]++
	}
	for _, s := range g.Snapshot().Sources() {
		if s.Kind == graph.Site {
			fmt.Println(s.Key, n["<"+s.Key+">"])
		}
	}
	// Output:
	// source:site/pump%20house 7
	// source:findings/scan.json 5
}

// older18 is a release in which T0855 was not revoked yet.
const older18 = `{"type": "bundle", "id": "bundle--1", "objects": [
	{"type": "x-mitre-collection", "id": "x-mitre-collection--1", "spec_version": "2.1", "name": "ATT&CK for ICS", "x_mitre_version": "18.1"},
	{"type": "attack-pattern", "id": "attack-pattern--40b300ba-f553-48bf-862e-9471b220d455", "spec_version": "2.1",
	 "name": "Unauthorized Command Message", "kill_chain_phases": [{"kill_chain_name": "mitre-ics-attack", "phase_name": "impair-process-control"}],
	 "external_references": [{"source_name": "mitre-attack", "external_id": "T0855"}]}]}`

// The same finding seen through two releases: what was revoked in the newer
// one stands for its successor there.
func ExampleSnapshot_On() {
	ctx := context.Background()
	older, err := mitre.Read(ctx, "ics-attack-18.1.json", strings.NewReader(older18))
	check(err)
	newer, err := mitre.Embedded()
	check(err)
	g, err := graph.New(ctx, graph.Attack(older), graph.Attack(newer),
		graph.Findings(finding.Finding{ID: "F-1", Techniques: []string{"T0855"}}))
	check(err)
	defer g.Close()
	now := g.Snapshot()
	then, err := now.On("18.1")
	check(err)
	for _, s := range []*graph.Snapshot{now, then} {
		a, err := s.Assess(ctx)
		check(err)
		fmt.Println(s.Catalog().Info().Version, a.Techniques[0].ID, a.Techniques[0].Name)
	}
	// Output:
	// 19.1 T1692.001 Command Message
	// 18.1 T0855 Unauthorized Command Message
}

// Nothing is left out without a word.
func ExampleSnapshot_Warnings() {
	g := pumpHouse()
	defer g.Close()
	check(g.Add(context.Background(), graph.FindingsFrom("other.json",
		finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-306"}},
		finding.Finding{ID: "F-2", Techniques: []string{"T0855"}})))
	for _, w := range g.Snapshot().Warnings() {
		fmt.Println(w)
	}
	// Output:
	// other.json: F-1: another finding has this ID; this one is called F-1#2
	// other.json: F-2: technique T0855 was revoked; T1692.001 (Command Message) replaced it and is used
}

// Two graphs over one store, as two programs have them over one database: the
// second sees what the first wrote once it looks.
func ExampleGraph_Refresh() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "")
	check(err)
	defer os.RemoveAll(folder)
	s, err := bolt.Open(ctx, filepath.Join(folder, "site.db"), bolt.Options{})
	check(err)
	catalog, err := mitre.Embedded()
	check(err)
	here, err := graph.Open(ctx, s, graph.Attack(catalog))
	check(err)
	defer here.Close()
	there, err := graph.Open(ctx, s)
	check(err)
	defer there.Close()
	check(here.Add(ctx, graph.Findings(finding.Finding{ID: "F-1"})))
	for range 2 {
		_, known := there.Snapshot().Finding("F-1")
		more, err := there.Refresh(ctx)
		fmt.Println(known, more, err)
	}
	// Output:
	// false true <nil>
	// true false <nil>
}

// Of a fleet the lists are gone through, and not held.
func ExampleSummary() {
	g := pumpHouse()
	defer g.Close()
	lines := strings.NewReader(`{"id":"F-2","device":"plc-1","weaknesses":["CWE-306"]}
{"id":"F-3","device":"cam-2","weaknesses":["CWE-259"]}
`)
	ctx := context.Background()
	sum, err := g.Snapshot().Stream(ctx, finding.Read(ctx, "fleet.jsonl", lines, finding.JSON), func(*graph.FindingResult) error { return nil })
	check(err)
	for i, t := range sum.Techniques[:2] {
		fmt.Println(t.ID, "by", slices.Collect(sum.TechniqueFindings(i)), "on", slices.Collect(sum.TechniqueDevices(i)))
	}
	fmt.Println(sum.Gaps[0].Kind, "by", slices.Collect(sum.GapFindings(0)), "on", slices.Collect(sum.GapDevices(0)))
	for j, closes := range sum.Plan[0].Closes {
		fmt.Println(sum.Plan[0].ID, "answers", closes.Technique, "on", slices.Collect(sum.PlanDevices(0, j)))
	}
	// Output:
	// T1694.002 by [F-3] on [cam-2]
	// T1692.001 by [F-2] on [plc-1]
	// not_deployed by [F-3] on [cam-2]
	// M0801 answers T1694.002 on [cam-2]
	// M0801 answers T0859 on [cam-2]
	// M0801 answers T0886 on [cam-2 plc-1]
	// M0801 answers T0843 on [plc-1]
}

// What could not be read stays with the graph as long as the findings do, so
// that no report over them looks whole.
func ExampleFindingsRead() {
	ctx := context.Background()
	file := strings.NewReader(`[{"id":"F-8","weaknesses":["CWE-798"]},{"device":"plc-1"}]`)
	read, skipped, err := finding.Collect(finding.Read(ctx, "scan.json", file, finding.JSON))
	check(err)
	g := pumpHouse()
	defer g.Close()
	check(g.Add(ctx, graph.FindingsRead("scan.json", read, skipped)))
	for _, e := range g.Snapshot().Skipped() {
		fmt.Println(e)
	}
	// Output: scan.json: [1]: a finding needs an id or a title
}

// What one deployed mitigation answers alone is in no plan, and told apart.
func ExampleSummary_RestsOnOneDevices() {
	catalog, err := mitre.Embedded()
	check(err)
	ctx := context.Background()
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(), graph.SiteFacts(graph.SiteDescription{Deployed: []string{"M0930"}}))
	check(err)
	defer g.Close()
	lines := strings.NewReader(`{"id":"F-1","device":"plc-1","techniques":["T0866"]}
{"id":"F-2","device":"hmi-1","techniques":["T0866"]}
`)
	sum, err := g.Snapshot().Stream(ctx, finding.Read(ctx, "fleet.jsonl", lines, finding.JSON), func(*graph.FindingResult) error { return nil })
	check(err)
	for i, r := range sum.RestsOnOne {
		fmt.Println(r.Technique, "rests on", r.Mitigation, "on", slices.Collect(sum.RestsOnOneDevices(i)), "next", r.Next)
	}
	// Output:
	// T0866 rests on M0930 on [hmi-1 plc-1] next M0916
}

package graph_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

// pumpHouse is a graph of ATT&CK, the mapping, and a site with one controller
// and one finding on it: a password that can't be changed.
func pumpHouse() *graph.Graph {
	catalog, err := mitre.Embedded()
	check(err)
	g, err := graph.New(context.Background(), graph.Attack(catalog), graph.Knowledge(),
		graph.SiteFacts(graph.SiteDescription{Site: "pump house", Devices: []graph.Device{{ID: "plc-1", Asset: "A0003"}}}),
		graph.FindingsFrom("scan.json", finding.Finding{
			ID: "F-1", Title: "Fixed password", Device: "plc-1", Weaknesses: []string{"CWE-798"}, CVSS: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		}))
	check(err)
	return g
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A kept graph is there again when its file is opened the next time.
func ExampleOpen() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "")
	check(err)
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "site.db")
	catalog, err := mitre.Embedded()
	check(err)
	for range 2 {
		s, err := bolt.Open(ctx, file, bolt.Options{})
		check(err)
		g, err := graph.Open(ctx, s, graph.Attack(catalog), graph.Knowledge()) // writes what it does not hold yet
		check(err)
		_, known := g.Snapshot().Finding("F-1")
		fmt.Println("known:", known)
		check(g.Add(ctx, graph.Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-306"}})))
		check(g.Close())
	}
	// Output:
	// known: false
	// known: true
}

// What a source said before is there beside what it says now, unless it is
// replaced.
func ExampleReplace() {
	ctx := context.Background()
	g := pumpHouse()
	defer g.Close()
	check(g.Add(ctx, graph.Replace(graph.FindingsFrom("scan.json", finding.Finding{ID: "F-2", Weaknesses: []string{"CWE-306"}}))))
	_, old := g.Snapshot().Finding("F-1")
	_, now := g.Snapshot().Finding("F-2")
	fmt.Println(old, now)
	// Output: false true
}

func ExampleGraph_Remove() {
	ctx := context.Background()
	g := pumpHouse()
	defer g.Close()
	for _, s := range g.Snapshot().Sources() {
		if s.Kind == graph.Site {
			fmt.Println(s.Key)
		}
	}
	check(g.Remove(ctx, "source:findings/scan.json"))
	_, known := g.Snapshot().Finding("F-1")
	fmt.Println("F-1 is known:", known)
	// Output:
	// source:site/pump%20house
	// source:findings/scan.json
	// F-1 is known: false
}

// Each technique says why the finding opens it.
func ExampleSnapshot_Assess() {
	g := pumpHouse()
	defer g.Close()
	a, err := g.Snapshot().Assess(context.Background())
	check(err)
	for _, t := range a.Findings[0].Techniques {
		via := t.Via[0]
		fmt.Printf("%s %.2f from %s, %s: %s\n", t.ID, t.Confidence, via.Weakness, via.Provenance, via.Relation)
	}
	// Output:
	// T1694.002 0.95 from CWE-798, analyst: performs
	// T0859 0.60 from CWE-798, analyst: enables
	// T0886 0.45 from CWE-798, analyst: enables
}

// What to deploy first, and what each measure adds to those before it.
func ExampleAssessment_plan() {
	g := pumpHouse()
	defer g.Close()
	a, err := g.Snapshot().Assess(context.Background())
	check(err)
	for _, step := range a.Plan {
		fmt.Printf("%s %s adds %.0f %%, leaves %.0f %%\n", step.ID, step.Name, 100*step.Adds, 100*step.Left)
	}
	// Output:
	// M0801 Access Management adds 100 %, leaves 0 %
}

// What if a control was deployed? The graph itself stays as it is.
func ExampleSnapshot_Suppose() {
	ctx := context.Background()
	g := pumpHouse()
	defer g.Close()
	now := g.Snapshot()
	then, err := now.Suppose(graph.Supposition{Device: "plc-1", Deploy: []string{"M0801"}})
	check(err)
	changes, err := then.Since(ctx, now)
	check(err)
	for _, c := range changes.Gaps {
		fmt.Println(c.Before.Technique, "is a gap no more:", c.After == nil)
	}
	// Output:
	// T0859 is a gap no more: true
	// T0886 is a gap no more: true
	// T1694.002 is a gap no more: true
}

// What differs between two moments, the most urgent first.
func ExampleSnapshot_Since() {
	ctx := context.Background()
	g := pumpHouse()
	defer g.Close()
	before := g.Snapshot()
	check(g.Add(ctx, graph.Findings(finding.Finding{ID: "F-2", Device: "plc-1", Techniques: []string{"T0814"}})))
	changes, err := g.Snapshot().Since(ctx, before)
	check(err)
	for _, c := range changes.Techniques {
		fmt.Println(c.After.ID, c.After.Name, "is new:", c.Before == nil)
	}
	// Output: T0814 Denial of Service is new: true
}

// A gap that the site decided to live with stays in sight until its last day.
func ExampleSnapshot_At() {
	ctx := context.Background()
	g := pumpHouse()
	defer g.Close()
	check(g.Add(ctx, graph.Replace(graph.SiteFacts(graph.SiteDescription{
		Site: "pump house", Devices: []graph.Device{{ID: "plc-1", Asset: "A0003"}},
		Accepted: []graph.Acceptance{{
			Kind: graph.GapNotDeployed, Technique: "T0886", By: "J. Doe", Until: "2027-06-30", Why: "It is replaced in summer.",
		}},
	}))))
	for _, day := range []string{"2027-06-30", "2027-07-01"} {
		t, err := time.Parse(time.DateOnly, day)
		check(err)
		a, err := g.Snapshot().At(t).Assess(ctx)
		check(err)
		i := slices.IndexFunc(a.Gaps, func(g graph.Gap) bool { return g.Technique == "T0886" })
		fmt.Println(day, "accepted:", a.Gaps[i].Accepted != nil)
	}
	// Output:
	// 2027-06-30 accepted: true
	// 2027-07-01 accepted: false
}

// A fleet's findings are assessed as they come, and none has to be held.
func ExampleSnapshot_Stream() {
	g := pumpHouse()
	defer g.Close()
	lines := strings.NewReader(`{"id":"F-1","device":"cam-1","weaknesses":["CWE-78"]}
{"id":"F-2","device":"cam-2","weaknesses":["CWE-78"]}
`)
	ctx := context.Background()
	sum, err := g.Snapshot().Stream(ctx, finding.Read(ctx, "fleet.jsonl", lines, finding.JSON), func(r *graph.FindingResult) error {
		fmt.Println(r.ID, r.Status, r.Techniques[0].ID)
		return nil
	})
	check(err)
	fmt.Println(sum.Techniques[0].ID, "on", slices.Collect(sum.TechniqueDevices(0)))
	// Output:
	// F-1 mapped T0807
	// F-2 mapped T0807
	// T0807 on [cam-1 cam-2]
}

// What a weakness opens, and by which way where it is not mapped itself.
func ExampleSnapshot_Opens() {
	g := pumpHouse()
	defer g.Close()
	for _, weakness := range []string{"CWE-1391", "CWE-671", "CWE-0"} {
		openings, status := g.Snapshot().Opens(weakness)
		fmt.Println(weakness, status)
		for _, o := range openings[:min(len(openings), 2)] {
			fmt.Printf("  %s %.2f by %v\n", o.Technique.ID, o.Confidence, o.Path)
		}
	}
	// Output:
	// CWE-1391 mapped
	//   T0859 0.70 by [CWE-1391]
	//   T1694.001 0.45 by [CWE-1391]
	// CWE-671 mapped
	//   T1694.002 0.38 by [CWE-671 CWE-798]
	//   T0859 0.24 by [CWE-671 CWE-798]
	// CWE-0 unknown_weakness
}

// Why nothing follows from a weakness.
func ExampleSnapshot_OpensNothing() {
	g := pumpHouse()
	defer g.Close()
	link, nothing := g.Snapshot().OpensNothing("CWE-1059")
	fmt.Println(nothing, link.Kind)
	// Output: true analyst
}

func ExampleSnapshot_Mitigations() {
	g := pumpHouse()
	defer g.Close()
	for m := range g.Snapshot().Mitigations("T0843") {
		fmt.Println(m.ID, m.Name)
	}
	// Output:
	// M0800 Authorization Enforcement
	// M0801 Access Management
	// M0802 Communication Authenticity
	// M0804 Human User Authentication
	// M0807 Network Allowlists
	// M0813 Software Process and Device Authentication
	// M0930 Network Segmentation
	// M0937 Filter Network Traffic
	// M0945 Code Signing
	// M0947 Audit
}

func ExampleSnapshot_Techniques() {
	g := pumpHouse()
	defer g.Close()
	for t := range g.Snapshot().Techniques("M0934") {
		fmt.Println(t.ID, t.Name)
	}
	// Output: T0847 Replication Through Removable Media
}

// Some techniques have only "Mitigation Limited or Not Effective", which is
// none.
func ExampleSnapshot_PlaceholderOnly() {
	g := pumpHouse()
	defer g.Close()
	fmt.Println(g.Snapshot().PlaceholderOnly("T0823"), g.Snapshot().PlaceholderOnly("T0837"))
	// Output: true false
}

// The ways from a finding to a thing, each edge with who says so.
func ExampleSnapshot_ShortestPath() {
	g := pumpHouse()
	defer g.Close()
	path, found, err := g.Snapshot().ShortestPath(context.Background(), "F-1", "A0003")
	check(err)
	fmt.Println(found, path)
	for _, e := range path.Edges {
		fmt.Println(e.Link.Kind, e.Predicate)
	}
	// Output:
	// true F-1 > CWE-798 > T0859 > A0003
	// site has
	// analyst opens
	// official targets
}

func ExampleSnapshot_Paths() {
	g := pumpHouse()
	defer g.Close()
	for path, err := range g.Snapshot().Paths(context.Background(), "F-1", "TA0109", 4) { // Lateral Movement
		check(err)
		fmt.Printf("%.2f %s\n", path.Confidence, path)
	}
	// Output:
	// 0.95 F-1 > CWE-798 > T1694.002 > TA0109
	// 0.60 F-1 > CWE-798 > T0859 > TA0109
	// 0.45 F-1 > CWE-798 > T0886 > TA0109
	// 0.95 F-1 > CWE-798 > T1694.002 > T1694 > TA0109
	// 0.56 F-1 > CWE-798 > CWE-1391 > T0859 > TA0109
	// 0.36 F-1 > CWE-798 > CWE-1391 > T1694.001 > TA0109
	// 0.32 F-1 > CWE-798 > CWE-1391 > T0886 > TA0109
}

func ExampleSnapshot_Around() {
	g := pumpHouse()
	defer g.Close()
	part, err := g.Snapshot().Around(context.Background(), "plc-1", 1)
	check(err)
	for _, e := range part.Edges {
		fmt.Println(e.From.ID, e.Predicate, e.To.ID, e.Link.Kind)
	}
	// Output:
	// plc-1 at pump house site
	// plc-1 of A0003 site
	// F-1 on plc-1 site
}

// What a draft for a gap may cite.
func ExampleSnapshot_Evidence() {
	g := pumpHouse()
	defer g.Close()
	a, err := g.Snapshot().Assess(context.Background())
	check(err)
	evidence, err := g.Snapshot().Evidence(a, 0)
	check(err)
	for _, e := range evidence[:3] {
		fmt.Println(e.Handle, e.Provenance, e.IDs)
	}
	// Output:
	// E1 official [T1694.002]
	// E2 analyst []
	// E3 site []
}

// Whether a finding matters here, and from where it can be used.
func ExampleAssessment_Standing() {
	g := pumpHouse()
	defer g.Close()
	a, err := g.Snapshot().Assess(context.Background())
	check(err)
	s, err := a.Standing("F-1")
	check(err)
	fmt.Println(s.Affected, s.Devices, s.Reachable)
	// Output: yes [plc-1] network
}

// A person stands for a draft; what becomes of it is kept in the graph.
func ExampleGraph_Review() {
	ctx := context.Background()
	g := pumpHouse()
	defer g.Close()
	a, err := g.Snapshot().Assess(ctx)
	check(err)
	a.Drafts = []graph.Draft{{ID: "draft--1", Gap: 0, Generator: "by hand", Status: graph.StatusDraft, Text: graph.DraftText{
		{Name: "summary", Single: true, Claims: []graph.Claim{{Text: "Change the password."}}},
	}}}
	check(g.Add(ctx, graph.Drafts(a)))
	when := time.Date(2027, 1, 31, 9, 0, 0, 0, time.UTC)
	_, err = g.Review(ctx, "draft--1", graph.Review{Status: graph.StatusAccepted, By: "J. Doe", At: when}, nil)
	check(err)
	for _, d := range g.Snapshot().Drafts() {
		fmt.Println(d.ID, d.Status, d.Reviews[0].By, d.About)
	}
	// Output: draft--1 accepted J. Doe [attack:T1694.002 finding:F-1]
}

func ExampleReadSite() {
	_, err := graph.ReadSite(context.Background(), "site.json", strings.NewReader(`{"site": "pump house", "deployed": "M0930"}`))
	fmt.Println(err)
	site, err := graph.ReadSite(context.Background(), "site.json", strings.NewReader(`{"site":"pump house","deployed":["M0930"]}`))
	check(err)
	fmt.Println(site.Site, site.Deployed)
	// Output:
	// site.json: line 1: deployed: want a list, found a JSON string
	// pump house [M0930]
}

func ExampleIDsIn() {
	fmt.Println(graph.IDsIn("CWE-798 on the PLC opens T1694.002; M0801 answers it."))
	// Output: [CWE-798 T1694.002 M0801]
}

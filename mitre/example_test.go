package mitre_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/mitre"
)

// catalog is what the examples ask.
func catalog() *mitre.Catalog {
	c, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	return c
}

// What mitigates a technique, and what became of an old ID.
func Example() {
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	technique, _ := mitre.Find[*mitre.Technique](catalog, "T0834")
	for mitigation := range mitre.Incoming[*mitre.Mitigation](catalog, technique, mitre.Mitigates) {
		fmt.Println(technique, "is mitigated by", mitigation)
	}

	old, _ := catalog.Resolve("T0855")
	fmt.Println("T0855 is now", catalog.FullName(old.Object))
	// Output:
	// T0834 Native API is mitigated by M0938 Execution Prevention
	// T0855 is now Unauthorized Message: Command Message
}

const bundle20 = `{"type": "bundle", "id": "bundle--1", "spec_version": "2.0", "objects": [
	{"type": "attack-pattern", "id": "attack-pattern--1", "name": "Native API", "description": "...",
	 "x_mitre_contributors": ["A. Nonymous"], "external_references": [{"source_name": "mitre-attack", "external_id": "T0834"}]}]}`

// A bundle from anywhere; the name is for errors.
func ExampleRead() {
	c, err := mitre.Read(context.Background(), "mine.json", strings.NewReader(bundle20))
	if err != nil {
		panic(err)
	}
	for technique := range mitre.All[*mitre.Technique](c) {
		fmt.Println(technique)
	}
	_, err = mitre.Read(context.Background(), "other.json", strings.NewReader(`{"type": "indicator"}`))
	fmt.Println(err)
	// Output:
	// T0834 Native API
	// other.json: not a STIX bundle: its type is "indicator"
}

func ExampleOpen() {
	path := filepath.Join(os.TempDir(), "mitigraph-example.json")
	if err := os.WriteFile(path, []byte(bundle20), 0o600); err != nil {
		panic(err)
	}
	defer os.Remove(path)
	c, err := mitre.Open(context.Background(), path)
	if err != nil {
		panic(err)
	}
	fmt.Println(c.HasTexts(), c.Problems())
	// Output: true []
}

// The facts are part of the module, MITRE's sentences are not.
func ExampleEmbedded() {
	c, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Info(), c.HasTexts())
	// Output: ATT&CK ics-attack 19.1 false
}

func ExampleLive() {
	n := 0
	for range mitre.Live[*mitre.Technique](catalog()) {
		n++
	}
	fmt.Println(n, "techniques in force")
	// Output: 97 techniques in force
}

// All has the revoked and deprecated ones as well.
func ExampleAll() {
	for t := range mitre.All[*mitre.Technique](catalog()) {
		if t.Deprecated {
			fmt.Println(t)
		}
	}
	// Output:
	// T0808 Control Device Identification
	// T0810 Data Historian Compromise
	// T0818 Engineering Workstation Compromise
	// T0824 I/O Module Discovery
	// T0825 Location Identification
	// T0833 Modify Control Logic
	// T0841 Network Service Scanning
	// T0844 Program Organization Units
	// T0850 Role Identification
	// T0854 Serial Connection Enumeration
	// T0870 Detect Program State
	// T0875 Change Program State
}

func ExampleWhere() {
	c := catalog()
	since := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := range mitre.Where(mitre.Live[*mitre.Technique](c), mitre.InTactic("persistence"), mitre.ModifiedAfter(since)) {
		fmt.Println(t)
	}
	// Output:
	// T0859 Valid Accounts
	// T0873 Project File Infection
	// T0873.001 Siemens Project File Format
	// T0889 Modify Program
	// T1693 Modify Firmware
	// T1693.001 System Firmware
	// T1693.002 Module Firmware
	// T1694 Insecure Credentials
	// T1694.001 Default Credentials
	// T1694.002 Hardcoded Credentials
}

func ExampleFind() {
	asset, ok := mitre.Find[*mitre.Asset](catalog(), "a0003")
	fmt.Println(asset, ok)
	_, ok = mitre.Find[*mitre.Mitigation](catalog(), "A0003")
	fmt.Println("a mitigation:", ok)
	// Output:
	// A0003 Programmable Logic Controller (PLC) true
	// a mitigation: false
}

// A group goes by many names.
func ExampleNamed() {
	for group := range mitre.Named[*mitre.Group](catalog(), "voodoo bear") {
		fmt.Println(group)
	}
	// Output: G0034 Sandworm Team
}

func ExampleCatalog_Resolve() {
	r, err := catalog().Resolve("T0857")
	if err != nil {
		panic(err)
	}
	fmt.Println(r.Object, "for", r.Followed[0])
	// Output: T1693.001 System Firmware for T0857 System Firmware
}

// What a technique is aimed at.
func ExampleOutgoing() {
	c := catalog()
	technique, _ := mitre.Find[*mitre.Technique](c, "T0843")
	for asset := range mitre.Outgoing[*mitre.Asset](c, technique, mitre.Targets) {
		fmt.Println(asset)
	}
	// Output:
	// A0003 Programmable Logic Controller (PLC)
	// A0010 Safety Controller
	// A0017 Distributed Control System (DCS) Controller
	// A0018 Programmable Automation Controller (PAC)
}

// The sub-techniques of a technique are those that point to it.
func ExampleIncoming() {
	c := catalog()
	parent, _ := mitre.Find[*mitre.Technique](c, "T1692")
	for sub := range mitre.Incoming[*mitre.Technique](c, parent, mitre.SubtechniqueOf) {
		fmt.Println(sub.ID, c.FullName(sub))
	}
	// Output:
	// T1692.001 Unauthorized Message: Command Message
	// T1692.002 Unauthorized Message: Reporting Message
}

// A group has used what its campaigns used.
func ExampleAttributed() {
	c := catalog()
	group, _ := mitre.Find[*mitre.Group](c, "G0034")
	for software, rels := range mitre.Attributed[*mitre.Software](c, group) {
		fmt.Println(software, "by", rels[0].Source)
	}
	// Output:
	// S0089 BlackEnergy by G0034 Sandworm Team
	// S0368 NotPetya by G0034 Sandworm Team
	// S0604 Industroyer by G0034 Sandworm Team
	// S0606 Bad Rabbit by G0034 Sandworm Team
	// S0607 KillDisk by G0034 Sandworm Team
	// S1010 VPNFilter by G0034 Sandworm Team
	// S1072 Industroyer2 by G0034 Sandworm Team
}

func ExampleCatalog_GroupsUsing() {
	c := catalog()
	software, _ := mitre.Find[*mitre.Software](c, "S0604")
	for group := range c.GroupsUsing(software) {
		fmt.Println(group)
	}
	// Output:
	// G0034 Sandworm Team
}

// What a group could do with its software.
func ExampleCatalog_SoftwareTechniques() {
	c := catalog()
	group, _ := mitre.Find[*mitre.Group](c, "G0088")
	n := 0
	for technique, rels := range c.SoftwareTechniques(group) {
		if n++; n == 1 {
			fmt.Println(technique, "with", rels[0].Source)
		}
	}
	fmt.Println(n, "techniques")
	// Output:
	// T0820 Exploitation for Evasion with S1009 Triton
	// 18 techniques
}

func ExampleCatalog_Tactics() {
	c := catalog()
	technique, _ := mitre.Find[*mitre.Technique](c, "T0858")
	for tactic := range c.TacticsOf(technique) {
		fmt.Println(tactic)
	}
	for tactic := range c.Tactics() {
		fmt.Println("the matrix begins with", tactic.Name)
		break
	}
	// Output:
	// TA0104 Execution
	// TA0103 Evasion
	// the matrix begins with Initial Access
}

// What must be recorded to see a technique, and where it can be.
func ExampleCatalog_DataComponents() {
	c := catalog()
	technique, _ := mitre.Find[*mitre.Technique](c, "T0843")
	for component := range c.DataComponents(technique) {
		fmt.Println(component)
	}
	for source := range c.LogSources(technique) {
		fmt.Println("for example", source.Name)
		break
	}
	// Output:
	// DC0038 Application Log Content
	// DC0085 Network Traffic Content
	// DC0108 Device Alarm
	// DC0110 Asset Inventory
	// for example Operational Databases
}

// Without MITRE's text there is this project's own.
func ExampleText() {
	technique, _ := mitre.Find[*mitre.Technique](catalog(), "T0834")
	text, source := mitre.Text(technique)
	fmt.Println(source, len(text) > 0, technique.Description == "")
	// Output: mitigraph true true
}

// A property that only the bundle knows.
func ExampleProperty() {
	c, err := mitre.Read(context.Background(), "mine.json", strings.NewReader(bundle20))
	if err != nil {
		panic(err)
	}
	technique, _ := c.Lookup("T0834")
	fmt.Println(mitre.Property[[]string](c, technique, "x_mitre_contributors"))
	// Output: [A. Nonymous] true
}

func ExampleDiff() {
	older, err := mitre.Read(context.Background(), "older", strings.NewReader(bundle20))
	if err != nil {
		panic(err)
	}
	newer, err := mitre.Read(context.Background(), "newer", strings.NewReader(strings.Replace(bundle20, "Native", "Local", 1)))
	if err != nil {
		panic(err)
	}
	changes, err := mitre.Diff(context.Background(), older, newer)
	if err != nil {
		panic(err)
	}
	for change := range changes.Of(mitre.Renamed) {
		fmt.Println(change.Old, "is now", change.New)
	}
	// Output: T0834 Native API is now T0834 Local API
}

func ExampleChanges_WriteText() {
	older, err := mitre.Read(context.Background(), "older", strings.NewReader(bundle20))
	if err != nil {
		panic(err)
	}
	newer, err := mitre.Read(context.Background(), "newer", strings.NewReader(strings.Replace(bundle20, "Native", "Local", 1)))
	if err != nil {
		panic(err)
	}
	changes, err := mitre.Diff(context.Background(), older, newer)
	if err != nil {
		panic(err)
	}
	if err := changes.WriteText(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// ATT&CK compared with ATT&CK
	//
	// added          none
	// removed        none
	// revoked        none
	// deprecated     none
	// restored       none
	// renumbered     none
	// renamed        1 technique
	// moved          none
	// edited         none
	// links added    none
	// links removed  none
	// links edited   none
	//
	// Renamed
	//   T0834 Local API, before Native API
}

// A bundle of STIX 2.0 is written as STIX 2.1.
func ExampleCatalog_Write() {
	c, err := mitre.Read(context.Background(), "mine.json", strings.NewReader(
		`{"type": "bundle", "id": "bundle--1", "spec_version": "2.0", "objects": [
			{"id": "tool--1", "type": "tool", "external_references": [{"source_name": "mitre-attack", "external_id": "S1"}], "x_mine": 1}]}`))
	if err != nil {
		panic(err)
	}
	if err := c.Write(context.Background(), os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// {
	//  "type": "bundle",
	//  "id": "bundle--1",
	//  "objects": [
	//   {
	//    "type": "tool",
	//    "spec_version": "2.1",
	//    "id": "tool--1",
	//    "external_references": [{"external_id":"S1","source_name":"mitre-attack"}],
	//    "x_mine": 1
	//   }
	//  ]
	// }
}

// Filters together: what came since a day and speaks of a thing.
func ExampleCreatedAfter() {
	c := catalog()
	since := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := range mitre.Where(mitre.Live[*mitre.Technique](c), mitre.CreatedAfter(since), mitre.Mentions("wireless")) {
		fmt.Println(t)
	}
	// Output: T1695.003 Wi-Fi
}

func ExampleMentions() {
	for m := range mitre.Where(mitre.Live[*mitre.Mitigation](catalog()), mitre.Mentions("remote access")) {
		fmt.Println(m)
	}
	// Output: M0932 Multi-factor Authentication
}

// Assets that run on embedded systems and on Linux alike.
func ExampleOnPlatform() {
	for a := range mitre.Where(mitre.Live[*mitre.Asset](catalog()), mitre.OnPlatform("embedded"), mitre.OnPlatform("linux")) {
		fmt.Println(a)
	}
	// Output:
	// A0004 Remote Terminal Unit (RTU)
	// A0006 Data Historian
	// A0007 Control Server
	// A0009 Data Gateway
	// A0011 Virtual Private Network (VPN) Server
	// A0012 Jump Host
	// A0016 Firewall
}

// This project's words on an ID, without a catalogue.
func ExampleSummary() {
	text, ok := mitre.Summary("M0816")
	fmt.Println(text, ok)
	_, ok = mitre.Summary("T0855") // revoked
	fmt.Println(ok)
	// Output:
	// Some behaviours use functions the plant cannot do without, such as reading tags, or happen on equipment the owner does not hold, so no setting prevents them without hampering operation. Effort goes instead into detection, safe process design and rehearsed recovery. true
	// false
}

// ATT&CK has a mitigation that says that nothing helps: it is none.
func ExampleMitigation_Placeholder() {
	c := catalog()
	for _, id := range []string{"T0840", "T0834"} {
		t, _ := mitre.Find[*mitre.Technique](c, id)
		for m := range mitre.Incoming[*mitre.Mitigation](c, t, mitre.Mitigates) {
			fmt.Println(id, m, m.Placeholder())
		}
	}
	// Output:
	// T0840 M0816 Mitigation Limited or Not Effective true
	// T0834 M0938 Execution Prevention false
}

// Links that are no longer in force come too, and say so.
func ExampleCatalog_From() {
	c := catalog()
	old, _ := c.Lookup("T0855")
	for r := range c.From(old, mitre.RevokedBy) {
		fmt.Println(r.Source, "was revoked by", r.Target)
	}
	fmt.Println("live:", old.Common().Live())
	// Output:
	// T0855 Unauthorized Command Message was revoked by T1692.001 Command Message
	// live: false
}

// Of a link with what it says, such as a procedure example: in an official
// release its Description is there too.
func ExampleCatalog_To() {
	c := catalog()
	technique, _ := c.Lookup("T0827")
	for r := range c.To(technique, mitre.Uses) {
		if r.Live() {
			fmt.Println(r.Source, "since", r.Created.Year())
		}
	}
	// Output:
	// C0028 2015 Ukraine Electric Power Attack since 2023
	// C0063 2025 Poland Wiper Attacks since 2026
	// S0372 LockerGoga since 2017
	// S0604 Industroyer since 2018
}

func ExampleCatalog_Relationships() {
	n := map[mitre.RelationshipType]int{}
	for r := range catalog().Relationships() {
		if r.Live() {
			n[r.Type]++
		}
	}
	fmt.Println(n[mitre.Detects], n[mitre.AttributedTo])
	// Output: 97 5
}

// Raw for what no type here has a place for.
func ExampleCatalog_Raw() {
	c, err := mitre.Read(context.Background(), "mine.json", strings.NewReader(bundle20))
	if err != nil {
		panic(err)
	}
	bundle, objects, err := c.Raw()
	if err != nil {
		panic(err)
	}
	fmt.Println(string(bundle), len(objects), len(objects[0]))
	// Output: {"id":"bundle--1","spec_version":"2.0","type":"bundle"} 1 220
}

// Objects that are new, gone or different, each in whichever release has it.
func ExampleChange_Object() {
	older, err := mitre.Read(context.Background(), "older", strings.NewReader(bundle20))
	if err != nil {
		panic(err)
	}
	newer, err := mitre.Read(context.Background(), "newer", strings.NewReader(strings.Replace(bundle20, "attack-pattern--1", "attack-pattern--2", 1)))
	if err != nil {
		panic(err)
	}
	changes, err := mitre.Diff(context.Background(), older, newer)
	if err != nil {
		panic(err)
	}
	for _, change := range changes.Objects {
		fmt.Println(change.Object().Common().STIXID, change.Kinds)
	}
	// Output:
	// attack-pattern--1 [removed]
	// attack-pattern--2 [added]
}

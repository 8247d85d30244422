package finding_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/csaf"
	"github.com/mitigraph/mitigraph/graph/finding/sarif"
)

// The format is known by content. What can't be used is named, and the rest
// goes on.
func ExampleRead() {
	file := strings.NewReader("id,device,weaknesses,epss\nF-1,plc-1,cwe 798; CWE-306,0.4\nF-2,plc-2,CWE-79,7\n")
	formats := []finding.Format{finding.JSON, finding.CSV, csaf.Format, sarif.Format}
	for f, err := range finding.Read(context.Background(), "scan.csv", file, formats...) {
		var record *finding.RecordError
		switch {
		case errors.As(err, &record):
			fmt.Println(record)
		case err != nil:
			fmt.Println("can't go on:", err)
		default:
			fmt.Println(f.ID, f.Device, f.Weaknesses, f.EPSS)
		}
	}
	// Output:
	// F-1 plc-1 [CWE-798 CWE-306] 0.4
	// scan.csv: line 3.epss: 7 is not a probability between 0 and 1; it counts as unknown
	// F-2 plc-2 [CWE-79] 0
}

// All findings at once, and what could not be used.
func ExampleCollect() {
	file := strings.NewReader(`[{"id": "F-1", "weaknesses": ["CWE-798"]}, {"device": "plc-1"}]`)
	found, skipped, err := finding.Collect(finding.Read(context.Background(), "scan.json", file, finding.JSON))
	fmt.Println(len(found), skipped[0].Where, err)
	// Output: 1 [1] <nil>
}

// CISA's catalogue and FIRST's scores, looked up by the findings' CVEs.
func ExampleEnrich() {
	ctx := context.Background()
	kev, _, err := finding.ReadKEV(ctx, "kev.json", strings.NewReader(`{"vulnerabilities": [{"cveID": "CVE-2023-6448"}]}`))
	if err != nil {
		panic(err)
	}
	epss, _, err := finding.ReadEPSS(ctx, "epss.csv", strings.NewReader("cve,epss,percentile\nCVE-2023-6448,0.42,0.97\n"))
	if err != nil {
		panic(err)
	}
	file := strings.NewReader(`{"id": "F-1", "cves": ["CVE-2023-6448"]}`)
	for f, err := range finding.Enrich(finding.Read(ctx, "scan.json", file, finding.JSON), kev, epss) {
		fmt.Println(f.ID, f.KEV, f.EPSS, err)
	}
	// Output: F-1 true 0.42 <nil>
}

// What stands in two files counts once.
func ExampleJoin() {
	joined, notes := finding.Join([]finding.Finding{
		{ID: "F-1", Title: "Fixed password", Source: "a.json"},
		{ID: "F-1", Title: "Fixed password", Source: "b.json"},
	})
	fmt.Println(len(joined), notes[0])
	// Output: 1 b.json: findings: F-1 is in a.json already, in the same words; it counts once
}

func ExampleParseWeakness() {
	for _, s := range []string{"cwe 798", "CWE-798: Use of Hard-coded Credentials", "https://cwe.mitre.org/data/definitions/798.html", "OWASP-IOT-2018-I1", "tid-311", "password"} {
		id, ok := finding.ParseWeakness(s)
		fmt.Println(id, ok)
	}
	// Output:
	// CWE-798 true
	// CWE-798 true
	// CWE-798 true
	// OWASP-IOT-2018-I1 true
	// TID-311 true
	//  false
}

func ExampleParseCVE() {
	fmt.Println(finding.ParseCVE("cve-2023-6448"))
	// Output: CVE-2023-6448 true
}

// A vector, or a score where nobody gave the vector.
func ExampleBaseScore() {
	for _, s := range []string{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "AV:N/AC:L/Au:N/C:P/I:P/A:P", "9.1", "9.8 high"} {
		fmt.Println(finding.BaseScore(s))
	}
	// Output:
	// 9.8 <nil>
	// 7.5 <nil>
	// 9.1 <nil>
	// 0 not a CVSS vector of version 2.0, 3.0, 3.1 or 4.0, nor a score from 0 to 10
}

func ExampleCompareCVSS() {
	fmt.Println(finding.CompareCVSS("CVSS:3.1/AV:L/AC:L/PR:L/UI:R/S:U/C:L/I:N/A:N", "AV:N/AC:L/Au:N/C:C/I:C/A:C") > 0)
	// Output: true
}

func ExampleRecognise() {
	fmt.Println(finding.Recognise([]byte(`{"bomFormat": "CycloneDX", "specVersion": "1.5"}`)))
	// Output: a CycloneDX document
}

// Text from a file, made harmless for a terminal and cut.
func ExamplePlain() {
	fmt.Printf("%q\n", finding.Plain("valve\x1b[2J \u202eopen\n", 20))
	// Output: "valve[2J open"
}

// The same in Markdown, where a title could begin a heading or call a person.
func ExampleMarkdown() {
	fmt.Println(finding.Markdown("# <b>Fixed</b> password, ask @admin"))
	// Output: \# &lt;b&gt;Fixed&lt;/b&gt; password, ask  (at) admin
}

// One's own look at the catalogue and the scores.
func ExampleReadKEV() {
	kev, skipped, err := finding.ReadKEV(context.Background(), "kev.json", strings.NewReader(
		`{"catalogVersion": "2025.01.01", "vulnerabilities": [{"cveID": "CVE-2023-6448"}, {"cveID": "unknown"}]}`))
	if err != nil {
		panic(err)
	}
	fmt.Println(kev.Version, kev.Has("CVE-2023-6448"), kev.Has("CVE-2020-1"))
	fmt.Println(skipped)
	// Output:
	// 2025.01.01 true false
	// [kev.json: vulnerabilities[1].cveID: "unknown" is not a CVE ID; it is left out]
}

func ExampleReadEPSS() {
	epss, _, err := finding.ReadEPSS(context.Background(), "epss.csv", strings.NewReader(
		"#model_version:v2025.03.14,score_date:2025-06-01T00:00:00+0000\ncve,epss,percentile\nCVE-2023-6448,0.42,0.97\n"))
	if err != nil {
		panic(err)
	}
	fmt.Println(epss.Model, epss.Date)
	fmt.Println(epss.Score("CVE-2023-6448"))
	fmt.Println(epss.Score("CVE-2020-1"))
	// Output:
	// v2025.03.14 2025-06-01T00:00:00+0000
	// 0.42 true
	// 0 false
}

// Join for findings that pass: what is kept of each is its digest.
func ExampleRepeats() {
	var repeats finding.Repeats
	first := map[[32]byte]string{}
	for _, f := range []finding.Finding{
		{ID: "F-1", Title: "Fixed password", Source: "monday.json"},
		{ID: "F-2", Title: "Open port", Source: "tuesday.json"},
		{ID: "F-1", Title: "Fixed password", Source: "tuesday.json"},
	} {
		digest := f.Digest()
		if source, is := first[digest]; is {
			repeats.Add(&f, func() string { return source })
			continue
		}
		first[digest] = f.Source
		fmt.Println(f.ID, f.Title)
	}
	fmt.Println(repeats.Notes()[0])
	// Output:
	// F-1 Fixed password
	// F-2 Open port
	// tuesday.json: findings: F-1 is in monday.json already, in the same words; it counts once
}

// How a format of one's own tells its files from others.
func ExampleMembers() {
	mine := finding.Format{Name: "my scanner", Match: func(head []byte) bool {
		return slices.Contains(finding.Members(head), "my_scanner_version")
	}}
	fmt.Println(mine.Match([]byte(`{"results": [{"id": 1}], "my_scanner_version": 3, "nex`)))
	fmt.Println(mine.Match([]byte(`{"results": [{"my_scanner_version": 3}]}`)))
	// Output:
	// true
	// false
}

// What a misspelt word was meant to be, for the end of an error.
func ExampleMeant() {
	known := []string{"no_agent", "no_patch", "no_crypto"}
	fmt.Println("unknown constraint no_pach" + finding.Meant("no_pach", slices.Values(known)))
	// Output: unknown constraint no_pach; did you mean no_patch?
}

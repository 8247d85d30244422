package cyclonedx_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/cyclonedx"
)

func read(t testing.TB, name, content string) ([]finding.Finding, []string, error) {
	t.Helper()
	found, skipped, err := finding.Collect(finding.Read(t.Context(), name, strings.NewReader(content), finding.JSON, finding.CSV, cyclonedx.Format))
	var problems []string
	for _, s := range skipped {
		problems = append(problems, fmt.Sprintf("%s: %v (%v)", s.Where, s.Err, s.Lost))
	}
	return found, problems, err
}

func file(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(b)
}

const vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"

func TestJSON(t *testing.T) {
	found, problems, err := read(t, "rtu", file(t, "rtu.cdx.json"))
	require.NoError(t, err)
	rtu := []string{"RTU Firmware", "RTU Firmware 3.1", "Examplia/RTU Firmware", "cpe:2.3:o:examplia:rtu_firmware:3.1:*:*:*:*:*:*:*"}
	products := func(names ...string) []string { return append(names, rtu...) }
	assert.Equal(t, []finding.Finding{
		{
			ID: "RTU Firmware/CVE-2024-10001", Title: "tlslib; asnlib: Memory is read behind its end.", Description: "Memory is read behind its end. An attacker learns keys.",
			Device: "RTU Firmware", Weaknesses: []string{"CWE-125", "CWE-787"}, CVEs: []string{"CVE-2024-10001"}, CVSS: vector,
			Affected: []finding.Affected{{Product: "tlslib", Versions: []string{"1.0"}}, {Product: "asnlib"}},
			Products: products("tlslib", "tlslib 1.0", "pkg:generic/tlslib@1.0", "asnlib"),
			Remedies: []finding.Remedy{{Category: "vendor_fix", Text: "Update to 3.2."}, {Category: "workaround", Text: "Close port 4433."}}, Source: "rtu",
		},
		{
			ID: "RTU Firmware/GHSA-aaaa-bbbb-cccc", Title: "GHSA-aaaa-bbbb-cccc in weblib; a b", Device: "RTU Firmware", CVEs: []string{"CVE-2024-10002"},
			Affected: []finding.Affected{{Product: "weblib", Versions: []string{"2"}}, {Product: "a b"}},
			Products: products("weblib", "weblib 2"), Remedies: []finding.Remedy{{Category: "no_fix_planned", Text: "End of life."}}, Source: "rtu",
		},
		{
			ID: "RTU Firmware/CVE-2024-10001#9", Title: "CVE-2024-10001 in weblib; Cloud API; RTU Firmware; and 1 more", Device: "RTU Firmware",
			Affected: []finding.Affected{{Product: "weblib", Versions: []string{"2"}}, {Product: "Cloud API"}, {Product: "RTU Firmware", Versions: []string{"3.1"}}, {Product: "asnlib"}},
			CVEs:     []string{"CVE-2024-10001"}, Products: append(products("weblib", "weblib 2", "Cloud API"), "asnlib"), Source: "rtu",
		},
		{ID: "RTU Firmware[9]", Title: "Without an ID.", Description: "Without an ID.", Device: "RTU Firmware", Products: rtu, Source: "rtu"},
	}, found)
	assert.Equal(t, []string{
		"vulnerabilities[1].analysis.state: RTU Firmware/GHSA-aaaa-bbbb-cccc is in triage; it counts until it is said not to affect the product (nothing)",
		`vulnerabilities[2]: RTU Firmware/CVE-2024-10003 is left out: the product is not affected ("code_not_reachable") (nothing)`,
		"vulnerabilities[3]: RTU Firmware/CVE-2024-10004 is left out: it is resolved (nothing)",
		`vulnerabilities[4]: RTU Firmware/CVE-2024-10005 is left out: it is a false positive ("Another product.") (nothing)`,
		"vulnerabilities[5]: RTU Firmware/CVE-2024-10006 is left out: it was rejected (nothing)",
		"vulnerabilities[6]: RTU Firmware/CVE-2024-10007 is left out: every version named, or the one that this is, is unaffected (nothing)",
		"vulnerabilities[7]: RTU Firmware/CVE-2024-10008 is left out: it is resolved, with pedigree (nothing)",
	}, problems)
}

func TestXML(t *testing.T) {
	found, problems, err := read(t, "rtu", file(t, "rtu.cdx.xml"))
	require.NoError(t, err)
	assert.Equal(t, []finding.Finding{{
		ID: "RTU Firmware/CVE-2024-10001", Title: "asnlib: Memory is read behind its end.", Description: "Memory is read behind its end.", Device: "RTU Firmware",
		Affected:   []finding.Affected{{Product: "asnlib", Versions: []string{"1"}}},
		Weaknesses: []string{"CWE-125"}, CVEs: []string{"CVE-2024-10001"}, CVSS: vector, Products: []string{"asnlib", "RTU Firmware", "RTU Firmware 3.1"},
		Remedies: []finding.Remedy{{Category: "mitigation", Text: "Segment."}}, Source: "rtu",
	}}, found)
	assert.Equal(t, []string{
		"vulnerabilities[0].cwes[1]: 0 is not the number of a CWE; it is left out (member)",
		"vulnerabilities[0].analysis.state: RTU Firmware/CVE-2024-10001 is in triage; it counts until it is said not to affect the product (nothing)",
		`vulnerabilities[1]: strconv.ParseInt: parsing "many": invalid syntax (record)`,
		"vulnerabilities[2]: RTU Firmware/CVE-2024-10003 is left out: it is resolved (nothing)",
	}, problems)
}

// A component whose own version is said to be unaffected is left out, whatever
// other versions are.
func TestOwnVersion(t *testing.T) {
	const bom = `{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"bom-ref":"a","name":"A","version":"2.1"}],` +
		`"vulnerabilities":[{"id":"V","affects":[{"ref":"a","versions":[{"version":"2.0","status":"affected"},{"version":"%s","status":"unaffected"}]}]}]}`
	found, problems, err := read(t, "x", fmt.Sprintf(bom, "2.1"))
	require.NoError(t, err)
	assert.Empty(t, found)
	assert.Equal(t, []string{"vulnerabilities[0]: x/V is left out: every version named, or the one that this is, is unaffected (nothing)"}, problems)
	found, _, err = read(t, "x", fmt.Sprintf(bom, "2.2"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, []finding.Affected{{Product: "A", Versions: []string{"2.0"}}}, found[0].Affected)
}

// Of which versions are affected the document's words stay, and each of several
// components is a device where the document describes no product.
func TestAffectedVersions(t *testing.T) {
	found, _, err := read(t, "x", `{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"bom-ref":"a","name":"A"},{"bom-ref":"b","name":"B","version":"7"}],`+
		`"vulnerabilities":[{"id":"V","affects":[{"ref":"a","versions":[{"range":"vers:generic/<2.1"},{"version":"2.3"},{"version":"2.1","status":"unaffected"}]},{"ref":"b"}]},`+
		`{"id":"W","affects":[{"ref":"b"}]}]}`)
	require.NoError(t, err)
	require.Len(t, found, 2)
	assert.Empty(t, found[0].Device)
	assert.Equal(t, []finding.Affected{{Product: "A", Versions: []string{"vers:generic/<2.1", "2.3"}}, {Product: "B", Versions: []string{"7"}}}, found[0].Affected)
	assert.Equal(t, "B", found[1].Device)
}

// A vector counts before a score alone, and a rating that is wrong costs no other.
func TestRatings(t *testing.T) {
	for ratings, want := range map[string]string{
		`{"method":"CVSSv4","score":9.9},{"method":"CVSSv31","vector":"` + vector + `"}`: vector,
		`{"method":"CVSSv31","score":7.25},{"method":"CVSSv2","score":5}`:                "7.2",
		`{"method":"CVSSv31","score":10},{"method":7},7`:                                 "10.0",
		`{"method":"OWASP","score":9}`:                                                   "",
	} {
		found, _, err := read(t, "x", `{"bomFormat":"CycloneDX","specVersion":"1.5","vulnerabilities":[{"id":"A","ratings":[`+ratings+`]}]}`)
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.Equal(t, want, found[0].CVSS, ratings)
	}
}

// What breaks a rule is named and left out; the rest of the document stays.
func TestFaultyMembers(t *testing.T) {
	const head = `{"bomFormat":"CycloneDX","specVersion":"1.5",`
	for _, test := range []struct {
		name, content string
		ids, want     []string
	}{
		{"no vulnerabilities", head + `"components":[{"bom-ref":"a","name":"A"}]}`, nil, []string{"vulnerabilities: the document names none (nothing)"}},
		{"no object", head + `"vulnerabilities":[7,null,{"id":"CVE-2024-10001"}]}`, []string{"x/CVE-2024-10001"}, []string{"vulnerabilities[0]: want an object (record)", "vulnerabilities[1]: want an object (record)"}},
		{"CWEs that are none", head + `"vulnerabilities":[{"id":"A","cwes":[-1,"x",{},1.5]},{"id":"B","cwes":"CWE-79"}]}`, []string{"x/A", "x/B"}, []string{
			"vulnerabilities[0].cwes[0]: -1 is not the number of a CWE; it is left out (member)", `vulnerabilities[0].cwes[1]: "x" is not the number of a CWE; it is left out (member)`,
			"vulnerabilities[0].cwes[2]: {} is not the number of a CWE; it is left out (member)", "vulnerabilities[0].cwes[3]: 1.5 is not the number of a CWE; it is left out (member)",
			"vulnerabilities[1].cwes: a JSON string can't stand here; cwes left out (member)"}},
		{"ratings", head + `"vulnerabilities":[{"id":"A","ratings":[{"method":"CVSSv31","score":99,"vector":"AV:Q"},{"method":"CVSSv4","score":-5},{"severity":"high"}]},{"id":"B","ratings":[{"score":"9.8 high"}]}]}`, []string{"x/A", "x/B"}, []string{
			"vulnerabilities[0].ratings[0].score: 99 is not a score from 0 to 10; it is not read (nothing)", `vulnerabilities[0].ratings[0].vector: "AV:Q" is not a CVSS vector; it is left out (member)`,
			"vulnerabilities[0].ratings[1].score: -5 is not a score from 0 to 10; it is not read (nothing)",
			"vulnerabilities[0].ratings: none is said to be by a method of CVSS; the severity counts as unknown (nothing)",
			"vulnerabilities[1].ratings[0].score: a JSON string can't stand here; score left out (member)",
			"vulnerabilities[1].ratings: none is said to be by a method of CVSS; the severity counts as unknown (nothing)"}},
		{"a state that is none", head + `"vulnerabilities":[{"id":"A","analysis":{"state":"fixed"}}]}`, []string{"x/A"}, []string{`vulnerabilities[0].analysis.state: "fixed" is no state; the vulnerability counts (member)`}},
		{"components", head + `"components":[{"bom-ref":7,"name":"A"},{"bom-ref":"b","name":"B"}],"metadata":7,"vulnerabilities":[{"id":"A","affects":[{"ref":"b"}]}]}`, []string{"x/A"}, []string{
			"metadata: a JSON number can't stand here; it is left out, as others of its kind may be (member)", "components.bom-ref: a JSON number can't stand here; it is left out, as others of its kind may be (member)"}},
		{"two lists", head + `"vulnerabilities":[{"id":"A"}],"Vulnerabilities":[{"id":"B"}]}`, []string{"x/B"}, []string{"vulnerabilities: the member stands there twice; only the last one is read (record)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, problems, err := read(t, "dir/x", test.content)
			require.NoError(t, err)
			var ids []string
			for _, f := range found {
				ids = append(ids, f.ID)
				assert.Empty(t, f.Weaknesses)
				assert.Empty(t, f.CVSS)
			}
			assert.Equal(t, test.ids, ids)
			assert.Equal(t, test.want, problems)
		})
	}
}

func TestDocumentsThatCantBeRead(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"another version", `{"bomFormat":"CycloneDX","specVersion":"2.0"}`, "x: specVersion: 2.0 can't be read, only 1.x"},
		{"cut off", file(t, "rtu.cdx.json")[:900], "x: line "},
		{"not UTF-8", "{\"bomFormat\":\"\xe4\"}", "x: a CycloneDX document in text that is not UTF-8"},
		{"vulnerabilities are no list", `{"bomFormat":"CycloneDX","vulnerabilities":{"a":1}}`, "x: vulnerabilities (line 1): a JSON object can't stand here"},
		{"too large", `{"bomFormat":"CycloneDX","x":"` + strings.Repeat("x", 64<<20) + `"}`, "x: a CycloneDX document of more than 64 MiB"},
		{"XML of another version", `<bom xmlns="http://cyclonedx.org/schema/bom/2.0"/>`, `x: the element bom of "http://cyclonedx.org/schema/bom/2.0" can't be read`},
		{"XML cut off", file(t, "rtu.cdx.xml")[:900], "x: line "},
		{"deep XML", `<bom xmlns="http://cyclonedx.org/schema/bom/1.5">` + strings.Repeat("<components><component>", 500_000), "x: "},
		{"entities", `<!DOCTYPE x [<!ENTITY a "b">]><bom xmlns="http://cyclonedx.org/schema/bom/1.5"><vulnerabilities>&a;</vulnerabilities></bom>`, "x: line 1: invalid character entity &a;"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, _, err := read(t, "x", test.content)
			require.ErrorContains(t, err, test.want)
			assert.Empty(t, found)
			assert.Less(t, len(err.Error()), 500)
		})
	}
}

func FuzzCycloneDX(f *testing.F) {
	f.Add([]byte(file(f, "rtu.cdx.json")))
	f.Add([]byte(file(f, "rtu.cdx.xml")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for found, err := range cyclonedx.Format.Read(t.Context(), "fuzz", bytes.NewReader(b)) {
			var record *finding.RecordError
			if err != nil {
				assert.True(t, strings.HasPrefix(err.Error(), "fuzz: "), err)
				assert.Zero(t, found)
			}
			if err != nil && !errors.As(err, &record) {
				return
			}
			if err == nil {
				assert.NotEmpty(t, found.ID)
				assert.NotEmpty(t, found.Title)
				text := found.ID + found.Title + found.Device + found.Description + found.CVSS + strings.Join(found.Products, "")
				assert.True(t, utf8.ValidString(text))
				assert.LessOrEqual(t, len(found.ID+found.Title+found.Device+found.Description), 3*len(b)+2000)
			}
		}
	})
}

package finding_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

func read(t testing.TB, input string) ([]finding.Finding, []string, error) {
	t.Helper()
	found, skipped, err := finding.Collect(finding.Read(t.Context(), "dir/x.json", strings.NewReader(input), finding.JSON))
	var problems []string
	for _, s := range skipped {
		assert.Equal(t, "dir/x.json", s.File)
		problems = append(problems, s.Where+": "+s.Err.Error())
	}
	return found, problems, err
}

const full = `{"id":"F-1","title":"T","description":"D","device":"plc-1","weaknesses":["cwe 798","CWE-798: Use of Hard-coded Credentials","OWASP-IOT-2018-I1","own"],
 "cves":["cve-2023-6448"],"cvss":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","kev":true,"epss":0.42,"techniques":["t0859 "],
 "products":["Pump 1.0"," EP-100 "],"place":"src/a.c:7","remedies":[{"category":"no_fix_planned","text":"None\nis planned."},{"category":"vendor_fix","products":["EP-100"]}]}`

var fullFinding = finding.Finding{
	ID: "F-1", Title: "T", Description: "D", Device: "plc-1", Weaknesses: []string{"CWE-798", "OWASP-IOT-2018-I1", "own"},
	CVEs: []string{"CVE-2023-6448"}, CVSS: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", KEV: true, EPSS: 0.42,
	Techniques: []string{"T0859"}, Products: []string{"Pump 1.0", "EP-100"}, Place: "src/a.c:7", Source: "dir/x.json",
	Remedies: []finding.Remedy{{Category: "no_fix_planned", Text: "None is planned."}, {Category: "vendor_fix", Products: []string{"EP-100"}}},
}

func TestJSONForms(t *testing.T) {
	one := strings.ReplaceAll(full, "\n", "")
	for name, input := range map[string]string{
		"an array":              "[" + full + "]",
		"a wrapper":             `{"site":"s","findings":[` + full + `],"more":1}`,
		"a wrapper on one line": `{"findings":[` + one + `]}`,
		"one object":            full,
		"one line":              one,
		"a line with its break": one + "\n",
		"lines":                 "\n" + one + "\r\n\n",
		"a byte order mark":     "\xef\xbb\xbf[" + full + "]",
		"space around":          " \n [ " + full + " ] \n",
		"a wrapper, list late":  `{"site":"` + strings.Repeat("s", 5000) + `","findings":[` + one + `],"more":"` + strings.Repeat("s", 70_000) + `"}`,
		"a wrapper, list later": `{"site":"` + strings.Repeat("s", 70_000) + `","findings":[` + one + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			found, problems, err := read(t, input)
			require.NoError(t, err)
			assert.Empty(t, problems)
			assert.Equal(t, []finding.Finding{fullFinding}, found)
		})
	}
	t.Run("gzip", func(t *testing.T) {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, full)
		require.NoError(t, w.Close())
		found, _, err := read(t, b.String())
		require.NoError(t, err)
		assert.Equal(t, []finding.Finding{fullFinding}, found)
	})
	t.Run("several objects", func(t *testing.T) {
		found, problems, err := read(t, full+"\n"+strings.ReplaceAll(full, "F-1", "F-2"))
		require.NoError(t, err)
		assert.Empty(t, problems)
		assert.Len(t, found, 2)
	})
}

func TestIDsAreMade(t *testing.T) {
	found, _, err := read(t, "{\"title\":\"a\"}\n{\"id\":\"B\"}\n{\"title\":\"c\"}")
	require.NoError(t, err)
	require.Len(t, found, 3)
	assert.Equal(t, []string{"x.json#1", "B", "x.json#3"}, []string{found[0].ID, found[1].ID, found[2].ID})
}

func TestRecordsThatCantBeUsed(t *testing.T) {
	for _, test := range []struct {
		name, input string
		ids, want   []string
	}{
		{"neither id nor title", `[{"id":"A"},{"device":"x"},{"id":"C"}]`, []string{"A", "C"}, []string{"[1]: a finding needs an id or a title"}},
		{"wrapped", `{"findings":[{}]}`, nil, []string{"findings[0]: a finding needs an id or a title"}},
		{"no object", `[{"id":"A"},7,"x",null,[]]`, []string{"A"}, []string{
			"[1]: want an object, found a JSON number", "[2]: want an object, found a JSON string",
			"[3]: want an object, found a JSON null", "[4]: want an object, found a JSON array"}},
		{"other types inside a list", `[{"id":"A","weaknesses":[1]},{"id":"B","techniques":{}}]`, []string{"A", "B"}, []string{
			"[0].weaknesses[0]: want a string, found a JSON number; it is left out", "[1].techniques: want a list of strings, found a JSON object; it is left out"}},
		{"a number without end", `[{"id":"A","epss":1` + strings.Repeat("0", 1<<20) + `}]`, []string{"A"}, []string{"[0].epss: want a number between 0 and 1, found a JSON number; it is left out"}},
		{"a bad first line", "{\"id\":\"A\" x}\n{\"id\":\"B\"}\n", []string{"B"}, []string{"line 1: invalid character 'x' after object key:value pair"}},
		{"a first line without an end of text", "{\"id\":\"A\n{\"id\":\"B\"}\n", []string{"B"}, []string{"line 1: unexpected end of JSON input"}},
		{"a first line that says little", "{\"epss\":0.1}\n{\"id\":\"B\"}\n", []string{"B"}, []string{"line 1: a finding needs an id or a title"}},
		{"a long first line", "{\"id\":\"" + strings.Repeat("x", finding.MaxRecord) + "\"}\n{\"id\":\"B\"}\n", []string{"B"}, []string{"line 1: longer than 16 MiB"}},
		{"wrong types", `[{"id":1},{"id":"A","weaknesses":"CWE-1"},{"id":"B","kev":"yes"},{"id":"C","epss":"high"},{"id":7,"title":"t","cvss":true}]`,
			[]string{"A", "B", "C", "x.json#5"}, []string{
				"[0].id: want a string, found a JSON number; it is left out", "[0]: a finding needs an id or a title",
				"[1].weaknesses: want a list of strings, found a JSON string; it is left out",
				"[2].kev: want true or false, found a JSON string; it is left out", `[3].epss: want a number between 0 and 1, found the text "high"; it counts as unknown`,
				"[4].id: want a string, found a JSON number; it is left out", "[4].cvss: want a CVSS vector as a string, or a score as a number, found a JSON bool; it is left out"}},
		{"not UTF-8", "[{\"id\":\"\xe9\",\"title\":\"x\"},{\"id\":\"\xe8\",\"title\":\"x\"},{\"id\":\"A\"}]", []string{"A"}, []string{"[0]: not valid UTF-8", "[1]: not valid UTF-8"}},
		{"a wrapper in two cases", `{"findings":[{"id":"A"}],"Findings":[{"id":"B"}]}`, []string{"A"}, []string{`Findings: the member is not read; want "findings"`}},
		{"a member twice", `{"id":"A","weaknesses":["CWE-1"],"Weaknesses":["CWE-2"],"epss":null}`, []string{"A"}, []string{
			"line 1.weaknesses: the member stands there twice; the last one counts"}},
		{"other members", `[{"id":"A","cwe":"CWE-1","severity":"high"},{"device":"x","cwe":"CWE-2"},{"id":"C","plugin":7}]`, []string{"A", "C"}, []string{
			"[1]: a finding needs an id or a title",
			`findings: members that are not read, and the number of findings: "cwe" in 2 (did you mean weaknesses?), "severity" in 1 (did you mean cvss?), "plugin" in 1; known are id, title, description, device, weaknesses, cves, cvss, kev, epss, techniques, products, affected, remedies, place`}},
		{"out of range", "{\"id\":\"A\",\"epss\":7}\n{\"id\":\"B\",\"epss\":-0.1}", []string{"A", "B"}, []string{
			"line 1.epss: 7 is not a probability between 0 and 1; it counts as unknown", "line 2.epss: -0.1 is not a probability between 0 and 1; it counts as unknown"}},
		{"remedies that are none", `[{"id":"A","remedies":[7,{"text":"x"},{"category":"vendor_fix","text":7}]},{"id":"B","remedies":"x"}]`, []string{"A", "B"}, []string{
			"[0].remedies[0]: want an object, found a JSON number; it is left out", "[0].remedies[1]: a remedy needs a category; it is left out",
			"[0].remedies[2].text: want a string, found a JSON number; it is left out", "[1].remedies: want a list of objects, found a JSON string; it is left out"}},
		{"no CVE", `[{"id":"A","cves":["CVE-2020-1","x\u001b[31m"]}]`, []string{"A"}, []string{
			`[0].cves[0]: "CVE-2020-1" is not a CVE ID; it is left out`, `[0].cves[1]: "x[31m" is not a CVE ID; it is left out`}},
		{"a bad line", "{\"id\":\"A\"}\n{\"id\":\nnonsense\n{\"id\":\"D\"}", []string{"A", "D"}, []string{
			"line 2: unexpected end of JSON input", "line 3: invalid character 'o' in literal null (expecting 'u')"}},
		{"deep nesting", "{\"id\":\"A\"}\n{\"id\":\"B\",\"x\":" + strings.Repeat(`{"a":`, 1_000_000), []string{"A"}, []string{"line 2: invalid character '{' exceeded max depth"}},
		{"a long line", "{\"id\":\"A\"}\n{\"id\":\"" + strings.Repeat("x", finding.MaxRecord) + "\"}\n{\"id\":\"C\"}\n", []string{"A", "C"}, []string{"line 2: longer than 16 MiB"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, problems, err := read(t, test.input)
			require.NoError(t, err)
			assert.Equal(t, test.want, problems)
			var ids []string
			for _, f := range found {
				ids = append(ids, f.ID)
				assert.Zero(t, f.EPSS)
				assert.Empty(t, f.CVEs)
			}
			assert.Equal(t, test.ids, ids)
		})
	}
}

func TestFilesThatCantBeRead(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, strings.Repeat("{\"id\":\"A\"}\n", 100000))
	require.NoError(t, w.Close())
	var zippedArray bytes.Buffer
	w.Reset(&zippedArray)
	_, _ = io.WriteString(w, "["+strings.Repeat("{\"id\":\"A\"},\n", 100000)+"{}]")
	require.NoError(t, w.Close())
	for _, test := range []struct {
		name, input, want string
		is                error
	}{
		{"empty", "", "dir/x.json: empty file", finding.ErrEmpty},
		{"blank", " \n\t\n", "dir/x.json: empty file", finding.ErrEmpty},
		{"gzip of nothing", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00", "dir/x.json: empty file", finding.ErrEmpty},
		{"text", "hello there", "want findings in JSON", finding.ErrUnknownFormat},
		{"binary", "\x7fELF\x00\x01\xff\xfe", "binary content", finding.ErrUnknownFormat},
		{"only a byte order mark", "\xef\xbb\xbf", "dir/x.json: empty file", finding.ErrEmpty},
		{"blank for long", strings.Repeat(" \n", 100_000), "dir/x.json: empty file", finding.ErrEmpty},
		{"blank for long, then text", strings.Repeat(" \n", 100_000) + "x", "want findings in JSON", finding.ErrUnknownFormat},
		{"Latin-1", "caf\xe9", "text that is not UTF-8", finding.ErrUnknownFormat},
		{"UTF-16 without a mark", "[\x00]\x00", "UTF-16 text; save it as UTF-8", finding.ErrUnknownFormat},
		{"UTF-16, high byte first", "\x00{\x00}", "UTF-16 text; save it as UTF-8", finding.ErrUnknownFormat},
		{"UTF-16", "\xff\xfe[\x00]\x00", "UTF-16 text; save it as UTF-8", finding.ErrUnknownFormat},
		{"STIX", `{"type":"bundle","id":"bundle--1","objects":[]}`, "this is a STIX bundle", finding.ErrUnknownFormat},
		{"CycloneDX", `{"bomFormat":"CycloneDX"}`, "this is a CycloneDX document", finding.ErrUnknownFormat},
		{"SARIF", `{"$schema":"https://x/sarif-2.1.0.json","runs":[]}`, "this is a SARIF log", finding.ErrUnknownFormat},
		{"SARIF without a schema", `{"version":"2.1.0","runs":[]}`, "this is a SARIF log", finding.ErrUnknownFormat},
		{"a STIX bundle cut by the head", `{"objects":[{"spec_version":"2.1","x":"` + strings.Repeat("x", 70_000) + `"}]}`, "this is a STIX bundle", finding.ErrUnknownFormat},
		{"CSAF without its reader", `{"document":{"csaf_version":"2.0"}}`, "this is a CSAF advisory", finding.ErrUnknownFormat},
		{"a report of assess", `{"attack":{"domain":"ics-attack"},"findings":[` + full + `],"techniques":[]}`, "a report of this program, not findings", finding.ErrUnknownFormat},
		{"a report of assess, sorted and long", `{"attack":{"domain":"ics-attack"},"drafts":[{"x":"` + strings.Repeat("x", 70_000) + `"}],"findings":[` + full + `]}`, "a report of this program, not findings", finding.ErrUnknownFormat},
		{"a JSON Schema", `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x","title":"t"}`, "a JSON Schema, not findings", finding.ErrUnknownFormat},
		{"CISA's catalogue", catalogue, "this is CISA's catalogue of known exploited vulnerabilities, which adds to findings (assess -kev)", finding.ErrUnknownFormat},
		{"EPSS scores", scores, "this is a table of EPSS scores, which adds to findings (assess -epss)", finding.ErrUnknownFormat},
		{"EPSS scores without their first line", "cve,epss,percentile\nCVE-2024-1234,0.1,0.2\n", "this is a table of EPSS scores", finding.ErrUnknownFormat},
		{"a site description", `{"site":"s","devices":[{"id":"a"}]}`, "this is a site description, not findings (assess -controls)", finding.ErrUnknownFormat},
		{"SPDX", `{"spdxVersion":"SPDX-2.3","name":"x"}`, "this is an SPDX document", finding.ErrUnknownFormat},
		{"OpenVEX", `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","statements":[]}`, "this is an OpenVEX document", finding.ErrUnknownFormat},
		{"CycloneDX in XML", `<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>`, "this is a CycloneDX document", finding.ErrUnknownFormat},
		{"other XML", `<?xml version="1.0"?><!-- x --><nmaprun scanner="nmap"/>`, "XML with the root element nmaprun; want findings in JSON", finding.ErrUnknownFormat},
		{"a web page", "<!DOCTYPE html>\n<HTML><body>id,title", "this is a web page", finding.ErrUnknownFormat},
		{"a spreadsheet", "PK\x03\x04\x14\x00", "this is a ZIP archive, as spreadsheets are too", finding.ErrUnknownFormat},
		{"a PDF", "%PDF-1.7\n", "this is a PDF", finding.ErrUnknownFormat},
		{"a table of findings without its reader", "id;title\nA;a\n", "this is findings in CSV", finding.ErrUnknownFormat},
		{"another table", "Host;CWE;\x1b[31mSeverity\nplc;CWE-1;high\n", "text, or a table with the columns host, cwe, [31mseverity, of which none is \"id\" or \"title\"", finding.ErrUnknownFormat},
		{"findings is null", `{"findings":null}`, "line 1: findings: want an array, found null", nil},
		{"findings is a text", `{"findings":"` + strings.Repeat("x", 1000) + `"}`, "line 1: findings: want an array, found a string", nil},
		{"text after the list", "[{\"id\":\"A\"}]]", "line 1: invalid character ']'", nil},
		{"a syntax error deep in a record", "[\n{\"id\":\"A\",\n\n\"x\" 7}]", "line 4: invalid character '7'", nil},
		{"cut off gzip in an array", zippedArray.String()[:zippedArray.Len()/2], "gzip: damaged or cut off after", io.ErrUnexpectedEOF},
		{"another object", `{"name":"x","version":1}` + " ", "a JSON object with the members name, version; want", finding.ErrUnknownFormat},
		{"a number", "[1", "line 1: the JSON is cut off", io.ErrUnexpectedEOF},
		{"findings is no list", `{"findings":{"a":1}}`, "line 1: findings: want an array, found an object", nil},
		{"cut off in an array", "[\n{\"id\":\"A\"},\n{\"id\":", "line 3: the JSON is cut off", io.ErrUnexpectedEOF},
		{"cut off in an object", "{\n\"id\":\"A\"", "line 2: the JSON is cut off", io.ErrUnexpectedEOF},
		{"a syntax error", "[\n{\"id\":\"A\"},\n{\"id\" \"B\"}]", "line 3: invalid character", nil},
		{"text behind", "[]\n x", "line 2: invalid character", nil},
		{"cut off gzip", zipped.String()[:zipped.Len()/2], "dir/x.json: line", io.ErrUnexpectedEOF},
		{"a damaged gzip header", "\x1f\x8b\x08", "dir/x.json: gzip", nil},
		{"deep nesting", "[" + strings.Repeat("[", 1_000_000), "dir/x.json: line 1:", nil},
		{"an endless value", `[{"id":"` + strings.Repeat("x", finding.MaxRecord+1<<20), "longer than 16 MiB", finding.ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := read(t, test.input)
			require.Error(t, err)
			assert.True(t, strings.HasPrefix(err.Error(), "dir/x.json: "), err)
			assert.ErrorContains(t, err, test.want)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
			assert.Less(t, len(err.Error()), 500)
		})
	}
}

func TestDirectory(t *testing.T) {
	f, err := os.Open(t.TempDir())
	require.NoError(t, err)
	defer f.Close()
	_, _, err = finding.Collect(finding.Read(t.Context(), "scans", f, finding.JSON))
	require.Error(t, err)
	assert.True(t, strings.HasPrefix(err.Error(), "scans: "), err)
	if runtime.GOOS == "linux" {
		assert.ErrorContains(t, err, "scans: a directory, not a file")
	}
}

// A finding may quote other formats; only the outermost members count.
func TestFindingsThatQuoteOtherFormats(t *testing.T) {
	for _, input := range []string{
		`{"id":"A","seen":{"bomFormat":"CycloneDX"}}`,
		`{"id":"A","raw":{"document":{"csaf_version":"2.0"},"product_tree":{}}}`,
		`{"id":"A","title":"bundle--1 with \"spec_version\" and \"objects\""}`,
		`{"objects":"bundle--1","runs":1,"version":2,"findings":[{"id":"A"}]}`,
		`{"id":"A","raw":{"version":"2.1.0","runs":[]},"title":"bomFormat, \"runs\""}`,
		`{"id":"A","title":"cve,epss","raw":{"catalogVersion":"1","vulnerabilities":[]}}`,
		`[{"id":"A","raw":{"spdxVersion":"x"}}]`,
		`{"deployed":"M0801","devices":["x"],"id":"A"}`,
	} {
		found, _, err := read(t, input)
		require.NoError(t, err, input)
		require.Len(t, found, 1)
		assert.Equal(t, "A", found[0].ID)
	}
}

// What one record costs grows with its length, not with its square, and blank
// lines inside it cost nothing.
func TestLargeRecords(t *testing.T) {
	var b strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&b, `"w%d","CWE-7",`, i)
	}
	found, problems, err := read(t, `[{"id":"A",`+strings.Repeat("\n", 1<<20)+`"weaknesses":[`+b.String()+`"w0"],"techniques":[`+b.String()+`"w0"]}]`)
	require.NoError(t, err)
	assert.Empty(t, problems)
	require.Len(t, found, 1)
	assert.Len(t, found[0].Weaknesses, 30_001)
	assert.Len(t, found[0].Techniques, 30_001)
}

func TestMembers(t *testing.T) {
	for in, want := range map[string][]string{
		`{"a":1,"b":{"c":2},"d":[{"e":3}]} {"f":4}`: {"a", "b", "d"},
		`{"a":{"b":"cut`: {"a"},
		`{"a":1,"b":`:    {"a", "b"},
		`{"a":1,"b`:      {"a"},
		`[{"a":1}]`:      nil, `"a"`: nil, ``: nil, `{`: nil, `{}`: nil,
	} {
		assert.Equal(t, want, finding.Members([]byte(in)), in)
	}
}

// Whoever decides by the findings must learn what is not among them.
func TestLosses(t *testing.T) {
	for input, want := range map[string][]finding.Loss{
		`[{"id":"A","kev":1}]`:               {finding.LostMember},
		`[{"id":"A","cves":["x"]}]`:          {finding.LostMember},
		`[{"id":"A","epss":2}]`:              {finding.LostMember},
		`[{"id":"A","other":2}]`:             {finding.LostNothing},
		`[{"id":1}]`:                         {finding.LostMember, finding.LostRecord},
		`[7]`:                                {finding.LostRecord},
		"{\"id\":\"A\"}\n{\"id\":\n":         {finding.LostRecord},
		"{\"id\":\"A\"}\n{\"id\":\"A\"} 7\n": {finding.LostRecord},
	} {
		_, skipped, err := finding.Collect(finding.Read(t.Context(), "x", strings.NewReader(input), finding.JSON))
		require.NoError(t, err, input)
		var got []finding.Loss
		for _, s := range skipped {
			got = append(got, s.Lost)
		}
		assert.Equal(t, want, got, input)
	}
}

// A stream of lines flows: a finding is there before the next is written.
func TestLinesFlow(t *testing.T) {
	r, w := io.Pipe()
	next, stop := iter.Pull2(finding.Read(t.Context(), "pipe", r, finding.JSON))
	defer stop()
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := range 3 {
			fmt.Fprintf(w, "{\"id\":\"F-%d\"}\n", i)
		}
		w.Close()
	}()
	for i := range 3 {
		f, err, ok := next()
		require.True(t, ok)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("F-%d", i), f.ID)
	}
	_, _, ok := next()
	assert.False(t, ok)
	<-written
}

func TestContextEndsReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range finding.Read(ctx, "x", strings.NewReader(strings.Repeat("{\"id\":\"A\"}\n", 10)), finding.JSON) {
		if last = err; err == nil {
			n++
		}
		cancel()
	}
	assert.Equal(t, 1, n)
	assert.ErrorIs(t, last, context.Canceled)
}

func TestLeavingTheLoop(t *testing.T) {
	for _, input := range []string{"[" + full + "," + full + "]", "{\"id\":\"A\"}\n{\"id\":\"B\"}\n", `[7,8]`} {
		n := 0
		for range finding.Read(t.Context(), "x", strings.NewReader(input), finding.JSON) {
			n++
			break
		}
		assert.Equal(t, 1, n)
	}
}

func TestParseWeakness(t *testing.T) {
	for in, want := range map[string]string{
		"CWE-798": "CWE-798", " cwe 798 ": "CWE-798", "cwe798": "CWE-798", "CWE_0079": "CWE-79", "CWE-79: XSS": "CWE-79",
		"CWE-22 ('Path')": "CWE-22", "https://cwe.mitre.org/data/definitions/798.html": "CWE-798",
		"OWASP-IOT-2018-I1": "OWASP-IOT-2018-I1", "owasp iot 2018 i10": "OWASP-IOT-2018-I10", "OWASP-IoT-I3": "OWASP-IOT-2018-I3",
		"OWASP IoT Top 10 2018 I5": "OWASP-IOT-2018-I5", "TID-311": "TID-311", "tid 0311": "TID-311", "PID-12": "PID-12",
		"": "", "798": "", "CWE": "", "CWE-": "", "CWE-0": "", "CWE-12a": "", "CWE-798,CWE-79": "", "CWE-798 / cwe 79": "", "CWE-79 CWE": "CWE-79",
		"CWE - 798": "CWE-798", "https://cwe.mitre.org/data/definitions/0798": "CWE-798", "cwe.mitre.org/data/definitions/79.html": "CWE-79",
		"OWASP IoT Top 10 2018 - I1: Weak": "OWASP-IOT-2018-I1", "OWASP-IOT-2014-I1": "", "OWASP IoT Top 10": "", "CWE-1234567": "", "NVD-CWE-noinfo": "", "OWASP-IOT-2018-I11": "", "T0855": "",
	} {
		id, ok := finding.ParseWeakness(in)
		assert.Equal(t, want, id, in)
		assert.Equal(t, want != "", ok, in)
	}
}

func TestPlain(t *testing.T) {
	assert.Equal(t, "a b c", finding.Plain(" a\r\n\tb\u2028c ", 0))
	assert.Equal(t, "[31mred", finding.Plain("\x1b[31m\u202ered\u200b", 0))
	assert.Equal(t, "ab…", finding.Plain("abcdef", 2))
	assert.Equal(t, "red", finding.Plain("r\u034fe\ufe0fd\U000e0150\U000e0041\u3164", 0), "what shows nothing")
	assert.Equal(t, "a…", finding.Plain("a bcdef", 2))
	assert.Equal(t, "ab", finding.Plain("ab", 2))
	assert.Equal(t, "\uFFFDx", finding.Plain("\xff\xfex", 0))
	assert.Equal(t, "", finding.Plain("", 3))
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{full, "[" + full + "]", `{"findings":[` + full + `]}`, "{\"id\":\"A\"}\n{\"id\":7}\n", "\x1f\x8b", "[[[", `{"findings":7}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for found, err := range finding.Read(t.Context(), "fuzz", bytes.NewReader(b), finding.JSON) {
			if err != nil {
				var record *finding.RecordError
				if !errors.As(err, &record) {
					assert.True(t, strings.HasPrefix(err.Error(), "fuzz: "), err)
				}
				assert.Zero(t, found)
				continue
			}
			assert.NotEmpty(t, found.ID)
			for _, s := range append([]string{found.ID, found.Title, found.Description, found.Device, found.CVSS}, found.Weaknesses...) {
				assert.True(t, utf8.ValidString(s), "%q", s)
			}
			assert.True(t, found.EPSS >= 0 && found.EPSS <= 1)
		}
	})
}

func FuzzParseWeakness(f *testing.F) {
	f.Add("CWE-798: x")
	f.Add("OWASP-IOT-2018-I10")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := finding.ParseWeakness(s)
		assert.Equal(t, ok, id != "")
		if again, _ := finding.ParseWeakness(id); ok {
			assert.Equal(t, id, again)
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("\x1b[31m\u202e a \n b", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		p := finding.Plain(s, limit)
		for _, r := range p {
			assert.True(t, unicode.IsPrint(r), "%U", r)
		}
		assert.True(t, limit <= 0 || utf8.RuneCountInString(p) <= limit+1)
	})
}

func BenchmarkLines(b *testing.B) {
	line := strings.ReplaceAll(full, "\n", "") + "\n"
	input := strings.Repeat(line, 10_000)
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range finding.Read(b.Context(), "x", strings.NewReader(input), finding.JSON) {
			require.NoError(b, err)
			n++
		}
		require.Equal(b, 10_000, n)
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "findings/s")
}

// What is nil by mistake is an error, not a panic.
func TestNil(t *testing.T) {
	_, _, err := finding.Collect(finding.Read(t.Context(), "x", nil, finding.JSON))
	assert.EqualError(t, err, "x: nothing to read: the reader is nil")
	_, _, err = finding.ReadKEV(t.Context(), "x", nil)
	assert.EqualError(t, err, "x: nothing to read: the reader is nil")
	_, _, err = finding.ReadEPSS(t.Context(), "x", nil)
	assert.EqualError(t, err, "x: nothing to read: the reader is nil")
	_, _, err = finding.Collect(nil)
	assert.ErrorContains(t, err, "the sequence is nil")
}

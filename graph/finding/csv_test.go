package finding_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

func readTable(t testing.TB, input string) ([]finding.Finding, []string, error) {
	t.Helper()
	found, skipped, err := finding.Collect(finding.Read(t.Context(), "dir/x.csv", strings.NewReader(input), finding.JSON, finding.CSV))
	var problems []string
	for _, s := range skipped {
		assert.Equal(t, "dir/x.csv", s.File)
		problems = append(problems, fmt.Sprintf("%s: %v (%v)", s.Where, s.Err, s.Lost))
	}
	return found, problems, err
}

// The head names the columns, whatever separates them.
func TestCSVForms(t *testing.T) {
	want := finding.Finding{
		ID: "F-1", Title: "Telnet, open", Description: "It says \"login\",\nno more.", Device: "plc-1", Weaknesses: []string{"CWE-798", "CWE-306"},
		CVEs: []string{"CVE-2023-6448", "CVE-2023-6449"}, CVSS: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", KEV: true, EPSS: 0.42,
		Techniques: []string{"T0859", "T0866"}, Products: []string{"Pump 1.0", "EP-100"}, Source: "dir/x.csv",
	}
	const comma = "id,title,description,device,weaknesses,cves,cvss,kev,epss,techniques,products\n" +
		"F-1,\"Telnet, open\",\"It says \"\"login\"\",\nno more.\",plc-1,cwe-798 CWE-306,cve-2023-6448;CVE-2023-6449,CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H,true,0.42,t0859 T0866,Pump 1.0; EP-100\n"
	const semicolon = "title;id;kev;epss;description;device;weaknesses;cves;cvss;techniques;products\n" +
		"Telnet, open;F-1;TRUE;0,42;\"It says \"\"login\"\",\nno more.\";plc-1;CWE-798 CWE-306;CVE-2023-6448 CVE-2023-6449;CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H;T0859 T0866;\"Pump 1.0;EP-100\"\n"
	for name, input := range map[string]string{
		"commas":              comma,
		"commas, CRLF":        strings.ReplaceAll(comma, "\n", "\r\n"),
		"a byte order mark":   "\xef\xbb\xbf" + comma,
		"no break at the end": strings.TrimSuffix(comma, "\n"),
		"empty rows":          "\n" + strings.Replace(comma, "F-1", ",,,,,,,,,,\n\nF-1", 1) + ",,,,,,,,,,,\n\n",
		"semicolons":          semicolon,
		"semicolons, said":    "sep=;\r\n" + semicolon,
		"capitals and spaces": strings.Replace(comma, "id,title", " ID , Title", 1),
		"tabs":                tabs(comma),
		"yes for true":        strings.Replace(comma, ",true,", ",Yes,", 1),
		"names of weaknesses": strings.Replace(comma, "cwe-798 CWE-306", "CWE-798: Use of Hard-coded Credentials; CWE 306", 1),
		"weaknesses repeated": strings.Replace(comma, "cwe-798 CWE-306", "\"CWE-798, CWE-306 cwe_798\"", 1),
	} {
		t.Run(name, func(t *testing.T) {
			found, problems, err := readTable(t, input)
			require.NoError(t, err, input)
			assert.Empty(t, problems)
			assert.Equal(t, []finding.Finding{want}, found)
		})
	}
	t.Run("gzip", func(t *testing.T) {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, comma)
		require.NoError(t, w.Close())
		found, _, err := readTable(t, b.String())
		require.NoError(t, err)
		assert.Equal(t, []finding.Finding{want}, found)
	})
}

// tabs puts tabs for the commas that separate.
func tabs(s string) string {
	quoted := false
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ',' && !quoted:
			return '\t'
		}
		return r
	}, s)
}

func TestCSVRowsThatCantBeUsed(t *testing.T) {
	for _, test := range []struct {
		name, input string
		ids, want   []string
	}{
		{"neither id nor title", "id,title,device\nA,,\n,,x\n,C,\n", []string{"A", "x.csv#3"}, []string{"line 3: a finding needs an id or a title (record)"}},
		{"out of range", "id,epss\nA,7\nB,-0.1\nC,high\nD,NaN\nE,1e400\n", []string{"A", "B", "C", "D", "E"}, []string{
			"line 2.epss: 7 is not a probability between 0 and 1; it counts as unknown (member)",
			"line 3.epss: -0.1 is not a probability between 0 and 1; it counts as unknown (member)",
			"line 4.epss: \"high\" is not a number between 0 and 1; it counts as unknown (member)",
			"line 5.epss: NaN is not a probability between 0 and 1; it counts as unknown (member)",
			"line 6.epss: \"1e400\" is not a number between 0 and 1; it counts as unknown (member)"}},
		{"no flag, no CVE", "id,kev,cves\nA,maybe,CVE-2020-1 x\n", []string{"A"}, []string{
			"line 2.kev: want true or false, found \"maybe\"; it is left out (member)",
			"line 2.cves[0]: \"CVE-2020-1\" is not a CVE ID; it is left out (member)", "line 2.cves[1]: \"x\" is not a CVE ID; it is left out (member)"}},
		{"a longer row", "id,title\nA,one, two\nB,b,,\n", []string{"B"}, []string{"line 2: 3 cells under a head of 2; is one with a separator in it not quoted? (record)"}},
		{"a shorter row", "id,title,epss\nA\n", []string{"A"}, []string{"line 2: 1 cells under a head of 3; the others count as empty (member)"}},
		{"a quotation mark inside", "id,title\nA,3\" pipe\nB,b\n", []string{"B"}, []string{"line 2: a quotation mark is out of place or missing at byte 4 of line 2 (record)"}},
		{"a quotation without an end", "id,title\nA,\"a\nB,b\nC,\"c\"\nD,d\n", []string{"D"}, []string{"lines 2 to 4: a quotation mark is out of place or missing at byte 3 of line 4; what these 3 lines hold counts as one record, and none of it is read (record)"}},
		{"a quotation to the end", "id,title\nA,a\nB,\"b\nC,c\n", []string{"A"}, []string{"lines 3 to 4: a quotation mark is out of place or missing at byte 5 of line 4; what these 2 lines hold counts as one record, and none of it is read (record)"}},
		{"not UTF-8", "id,title\nA,caf\xe9\nB,b\n", []string{"B"}, []string{"line 2: not valid UTF-8 (record)"}},
		{"a column twice", "id,kev,KEV\nA,true,\n", []string{"A"}, []string{"line 1.kev: the column stands there twice; the last one counts (member)"}},
		{"other columns", "id,note,plugin\nA,CWE-1,7\nB,CWE-2,\n", []string{"A", "B"}, []string{
			`findings: columns that are not read, and the number of findings: "note" in 2, "plugin" in 1; known are id, title, description, device, weaknesses, cves, cvss, kev, epss, techniques, products, place (nothing)`}},
		{"an empty column", "id,\nA,x\n", []string{"A"}, []string{`findings: columns that are not read, and the number of findings: "" in 1; known are id, title, description, device, weaknesses, cves, cvss, kev, epss, techniques, products, place (nothing)`}},
		{"words among weaknesses", "id,weaknesses\nA,CWE-79 own\n", []string{"A"}, nil},
		{"lines in quotes are counted", "id,title\nA,\"a\n\n\"\n,\n,\"\"\nB,\"b\"x\n", []string{"A"}, []string{"line 7: a quotation mark is out of place or missing at byte 5 of line 7 (record)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, problems, err := readTable(t, test.input)
			require.NoError(t, err)
			assert.Equal(t, test.want, problems)
			var ids []string
			for _, f := range found {
				ids = append(ids, f.ID)
				assert.Zero(t, f.EPSS)
				assert.Empty(t, f.CVEs)
				if len(f.Weaknesses) > 0 {
					assert.Equal(t, []string{"CWE-79", "own"}, f.Weaknesses)
				}
			}
			assert.Equal(t, test.ids, ids)
		})
	}
}

func TestCSVThatCantBeRead(t *testing.T) {
	for _, test := range []struct {
		name, input, want string
	}{
		{"a quotation mark in the head", "id,\"title\"x\nA,b\n", "dir/x.csv: line 1: the head of the table: "},
		{"an endless row", "id,title\nA,\"" + strings.Repeat("x", finding.MaxRecord+1<<20), "dir/x.csv: line 2: longer than 16 MiB"},
		{"an endless head", "id," + strings.Repeat("x,", 1<<16), "not a known format"},
		{"carriage returns alone", "id,title,weaknesses\rA,t,CWE-787\rB,t,CWE-798\r", "carriage return alone"},
		{"no head of findings", "host,cwe\nplc,CWE-1\n", "not a known format"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := readTable(t, test.input)
			require.ErrorContains(t, err, test.want)
			assert.Less(t, len(err.Error()), 500)
		})
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,title,weaknesses\nA,\"a, b\",CWE-798; CWE 79\n"))
	f.Add([]byte("sep=;\r\ntitle;epss;kev\r\nA;0,5;yes\r\n\"B\n;;\r\n"))
	f.Add([]byte("\xef\xbb\xbfid\ttitle\tproducts\tcves\nA\tb\tc;d\tCVE-2024-1234"))
	f.Fuzz(func(t *testing.T, b []byte) {
		size := 0
		for found, err := range finding.CSV.Read(t.Context(), "fuzz", bytes.NewReader(b)) {
			if err != nil {
				assert.True(t, strings.HasPrefix(err.Error(), "fuzz: "), err)
				assert.Zero(t, found)
				var record *finding.RecordError
				if !errors.As(err, &record) {
					return
				}
				continue
			}
			assert.NotEmpty(t, found.ID+found.Title)
			assert.True(t, found.EPSS >= 0 && found.EPSS <= 1)
			text := found.ID + found.Title + found.Description + found.Device + found.CVSS + strings.Join(found.Weaknesses, "") + strings.Join(found.Products, "")
			assert.True(t, utf8.ValidString(text))
			size += len(text)
		}
		assert.LessOrEqual(t, size, 20*len(b)+1000)
	})
}

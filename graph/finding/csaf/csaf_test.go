package csaf_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/csaf"
)

func read(t testing.TB, name, content string) ([]finding.Finding, []string, error) {
	t.Helper()
	found, skipped, err := finding.Collect(finding.Read(t.Context(), name, strings.NewReader(content), csaf.Format, finding.JSON))
	var problems []string
	for _, s := range skipped {
		problems = append(problems, s.Error())
	}
	return found, problems, err
}

func pump(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "pump.json"))
	require.NoError(t, err)
	return string(b)
}

func TestAdvisory(t *testing.T) {
	found, problems, err := read(t, "pump.json", pump(t))
	require.NoError(t, err)
	assert.Equal(t, []string{"pump.json: vulnerabilities[1]: Three flaws in the Examplia pump controller: CVE-2024-10002 affects none of the products: they are fixed or not affected"}, problems)
	assert.Equal(t, []finding.Finding{
		{
			ID: "EX-2024-001/CVE-2024-10001", Title: "Fixed password of the service account",
			Description: "The service account has one password everywhere.",
			Affected:    []finding.Affected{{Product: "Examplia Pump Controller", Versions: []string{"1.0", "1.1"}}, {Product: "Examplia Valve Panel", Versions: []string{"<2"}}},
			Weaknesses:  []string{"CWE-798"}, CVEs: []string{"CVE-2024-10001"},
			CVSS: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Source: "pump.json",
			Products: []string{"Examplia Pump Controller 1.0", "Examplia Pump Controller", "Pump Controller", "cpe:2.3:h:examplia:pump_controller:1.0:*:*:*:*:*:*:*",
				"EP-100", "EP-110", "4711", "Examplia Pump Controller 1.1", "Examplia Valve Panel <2", "Examplia Valve Panel", "Valve Panel"},
			Remedies: []finding.Remedy{
				{Category: "vendor_fix", Text: "Update to 2.0.", Products: []string{"Examplia Valve Panel <2", "Examplia Valve Panel", "Valve Panel"}},
				{Category: "no_fix_planned", Text: "No fix is planned.", Products: []string{"Examplia Pump Controller 1.0", "Examplia Pump Controller", "Pump Controller",
					"cpe:2.3:h:examplia:pump_controller:1.0:*:*:*:*:*:*:*", "EP-100", "EP-110", "4711", "Examplia Pump Controller 1.1"}},
				{Category: "mitigation", Text: "Use a firewall."},
				{Category: "workaround", Text: "Lock the account."},
			},
		},
		{
			ID: "EX-2024-001#3", Title: "Without an ID",
			Affected: []finding.Affected{{Product: "Field Kit on Valve Panel"}, {Product: "Examplia Field Kit"}, {Product: "P-9"},
				{Product: "Examplia Pump Controller", Versions: []string{"1.0"}}, {Product: "Examplia Valve Panel", Versions: []string{"<2"}}},
			CVSS: "AV:N/AC:L/Au:N/C:P/I:P/A:P", Source: "pump.json",
			Products: []string{"Field Kit on Valve Panel", "Examplia Field Kit", "P-9", "Examplia Pump Controller 1.0", "Examplia Pump Controller", "Pump Controller",
				"cpe:2.3:h:examplia:pump_controller:1.0:*:*:*:*:*:*:*", "EP-100", "EP-110", "4711", "Examplia Valve Panel <2", "Examplia Valve Panel", "Valve Panel"},
		},
		{
			ID: "EX-2024-001/CVE-2024-10003", Title: "Three flaws in the Examplia pump controller: CVE-2024-10003",
			CVEs: []string{"CVE-2024-10003"}, Source: "pump.json",
		},
		{
			ID: "EX-2024-001/CVE-2024-10003#5", Title: "Three flaws in the Examplia pump controller: Path Traversal",
			CVEs: []string{"CVE-2024-10003"}, Weaknesses: []string{"CWE-22"}, Device: "Examplia Valve Panel", Source: "pump.json",
			Affected: []finding.Affected{{Product: "Examplia Valve Panel", Versions: []string{"<2"}}},
			Products: []string{"Examplia Valve Panel <2", "Examplia Valve Panel", "Valve Panel"},
		},
	}, found)
}

func TestBadAdvisories(t *testing.T) {
	good := pump(t)
	for _, test := range []struct{ name, content, want string }{
		{"version 2.1", strings.Replace(good, `"csaf_version": "2.0"`, `"csaf_version": "2.1"`, 1), "x.json: document.csaf_version: 2.1 can't be read, only 2.0"},
		{"version is a number", strings.Replace(good, `"csaf_version": "2.0"`, `"csaf_version": 2`, 1), "x.json: document.csaf_version: 2 can't be read"},
		{"cut off", good[:len(good)/2], "x.json: line"},
		{"vulnerabilities is no list", `{"document":{"csaf_version":"2.0"},"vulnerabilities":{}}`, "x.json: vulnerabilities (line 1): a JSON object can't stand here"},
		{"no version", `{"document":{},"product_tree":{}}`, "x.json: document.csaf_version: missing"},
		{"no document", `{"product_tree":{},"vulnerabilities":[]}`, "x.json: document: want an object"},
		{"text behind", good + "x", "after top-level value"},
		{"not UTF-8", strings.Replace(good, "Examplia", "Ex\xe4mplia", 1), "x.json: an advisory in text that is not UTF-8"},
		{"too large", `{"document":{"csaf_version":"2.0"},"x":"` + strings.Repeat("x", 64<<20) + `"}`, "x.json: an advisory of more than 64 MiB"},
		{"deep nesting", `{"document":{"csaf_version":"2.0"},"x":` + strings.Repeat("[", 1_000_000), "x.json: line 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, _, err := read(t, "x.json", test.content)
			require.ErrorContains(t, err, test.want)
			assert.Empty(t, found)
		})
	}
	for name, content := range map[string]string{
		"no vulnerabilities":    `{"document":{"csaf_version":"2.0"}}`,
		"empty vulnerabilities": `{"document":{"csaf_version":"2.0"},"vulnerabilities":[]}`,
	} {
		found, problems, err := read(t, name, content)
		require.NoError(t, err)
		assert.Empty(t, found)
		assert.Equal(t, []string{name + ": vulnerabilities: the advisory lists none"}, problems)
	}
	_, problems, err := read(t, "x.json", `{"document":{"csaf_version":"2.0"},"vulnerabilities":[null]}`)
	require.NoError(t, err)
	assert.Equal(t, []string{"x.json: vulnerabilities[0]: want an object, found null"}, problems)
}

// What breaks a rule is named and left out; the rest of the advisory stays.
func TestFaultyMembers(t *testing.T) {
	const head = `{"document":{"csaf_version":"2.0","title":"Flaws","tracking":{"id":"EX-1"}},`
	const one = `"vulnerabilities":[{"cve":"CVE-2024-10001","product_status":{"known_affected":["P-1"]}}]}`
	for _, test := range []struct {
		name, content      string
		ids, devices, want []string
	}{
		{"not needed by an assessment", strings.Replace(head, `"title"`, `"lang":"?","title"`, 1) + `"vulnerabilities":[{"cve":"CVE-2024-10001","threats":[{"category":"no"}]}]}`,
			[]string{"EX-1/CVE-2024-10001"}, []string{""}, nil},
		{"a CVE that is none", head + `"vulnerabilities":[{"cve":"CVE-24-1"},{"cve":"CVE-2024-10001"}]}`,
			[]string{"EX-1#1", "EX-1/CVE-2024-10001"}, []string{"", ""}, []string{"vulnerabilities[0].cve: CVE-24-1 does not match ^CVE-[0-9]{4}-[0-9]{4,}$; cve left out"}},
		{"a wrong type inside", head + `"vulnerabilities":[{"title":"T","scores":[{"products":["P-1"],"cvss_v3":{"baseScore":"high"}}]}]}`,
			[]string{"EX-1#1"}, []string{""}, []string{"vulnerabilities[0].scores.cvss_v3.baseScore: a JSON string can't stand here; scores left out"}},
		{"no object", head + `"vulnerabilities":[7,{"title":"T"}]}`, []string{"EX-1#2"}, []string{""}, []string{"vulnerabilities[0]: want an object"}},
		{"a tracking that is none", `{"document":{"csaf_version":"2.0","tracking":7},"vulnerabilities":[{"title":"T"}]}`,
			[]string{"x.json#1"}, []string{""}, []string{"document.tracking: a JSON number can't stand here; tracking left out"}},
		{"a CPE that is none", head + `"product_tree":{"branches":[{"category":"vendor","name":"Examplia","branches":[{"category":"product_name","name":"Pump",
			"product":{"name":"Pump 1","product_id":"P-1","product_identification_helper":{"cpe":"no"}}}]}]},` + one,
			[]string{"EX-1/CVE-2024-10001"}, []string{"Examplia Pump"}, []string{"product_tree.branches[0].branches[0].product.product_identification_helper.cpe: not a CPE; cpe left out"}},
		{"remediations that are none", head + `"vulnerabilities":[{"cve":"CVE-2024-10001","remediations":[{"category":"optional_patch"},{"details":"x"},7,{"category":"workaround","details":7}]},{"title":"T","remediations":{}}]}`,
			[]string{"EX-1/CVE-2024-10001", "EX-1#2"}, []string{"", ""}, []string{
				"vulnerabilities[0].remediations[0].category: optional_patch not in [mitigation|no_fix_planned|none_available|vendor_fix|workaround]; category left out",
				"vulnerabilities[0].remediations[1]: a remediation needs a category; it is left out",
				"vulnerabilities[0].remediations[2]: want an object",
				"vulnerabilities[0].remediations[3].details: a JSON number can't stand here; details left out",
				"vulnerabilities[1].remediations: a JSON object can't stand here; remediations left out"}},
		{"a product tree that is none", head + `"product_tree":{"branches":7},` + one,
			[]string{"EX-1/CVE-2024-10001"}, []string{"P-1"}, []string{"product_tree.branches: a JSON number can't stand here; branches left out"}},
		{"only a version in the tree", head + `"product_tree":{"branches":[{"category":"vendor","name":"Examplia","branches":[{"category":"product_version","name":"1",
			"product":{"name":"Examplia Pump 1","product_id":"P-1"}}]}]},` + one,
			[]string{"EX-1/CVE-2024-10001"}, []string{"Examplia Pump 1"}, nil},
		{"a product that repeats its vendor", head + `"product_tree":{"branches":[{"category":"vendor","name":"Examplia","branches":[{"category":"product_name","name":"EXAMPLIA Pump",
			"product":{"name":"n","product_id":"P-1"}}]}]},` + one,
			[]string{"EX-1/CVE-2024-10001"}, []string{"EXAMPLIA Pump"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, problems, err := read(t, "dir/x.json", test.content)
			require.NoError(t, err)
			var ids, devices []string
			for _, f := range found {
				ids, devices = append(ids, f.ID), append(devices, f.Device)
			}
			for i, p := range problems {
				problems[i] = strings.TrimPrefix(p, "dir/x.json: ")
			}
			assert.Equal(t, test.ids, ids)
			assert.Equal(t, test.devices, devices)
			assert.Equal(t, test.want, problems)
		})
	}
}

// What is not among the findings is told apart from what an advisory says is
// no finding.
func TestLosses(t *testing.T) {
	const head = `{"document":{"csaf_version":"2.0","tracking":{"id":"EX-1"}},`
	const one = `{"cve":"CVE-2024-10001"}`
	for _, test := range []struct {
		name, content string
		found         int
		want          []finding.Loss
	}{
		{"none listed", head + `"vulnerabilities":[]}`, 0, []finding.Loss{finding.LostNothing}},
		{"fixed", head + `"vulnerabilities":[{"product_status":{"fixed":["P"]}}]}`, 0, []finding.Loss{finding.LostNothing}},
		{"no object", head + `"vulnerabilities":[7,null,` + one + `]}`, 1, []finding.Loss{finding.LostRecord, finding.LostRecord}},
		{"a faulty member", head + `"vulnerabilities":[{"cwe":7}]}`, 1, []finding.Loss{finding.LostMember}},
		{"twice the same", head + `"vulnerabilities":[` + one + `,` + one + `]}`, 1, []finding.Loss{finding.LostNothing}},
		{"two lists", head + `"vulnerabilities":[` + one + `],"vulnerabilities":[]}`, 0, []finding.Loss{finding.LostRecord, finding.LostNothing}},
		{"two lists in two cases", head + `"vulnerabilities":[` + one + `,{"title":"T"}],"Vulnerabilities":[` + one + `]}`, 1, []finding.Loss{finding.LostRecord}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, skipped, err := finding.Collect(finding.Read(t.Context(), "x", strings.NewReader(test.content), csaf.Format))
			require.NoError(t, err)
			assert.Len(t, found, test.found)
			var got []finding.Loss
			for _, s := range skipped {
				got = append(got, s.Lost)
			}
			assert.Equal(t, test.want, got, skipped)
		})
	}
}

// The score beside a vector neither costs the vector nor chooses it.
func TestMisstatedScores(t *testing.T) {
	const high, low = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:L/PR:L/UI:R/S:U/C:L/I:N/A:N"
	score := func(vector, base string) string {
		return `{"products":["P"],"cvss_v3":{"version":"3.1","vectorString":"` + vector + `","baseScore":` + base + `,"baseSeverity":"CRITICAL"}}`
	}
	for _, test := range []struct {
		name, scores string
		want         []string
	}{
		{"right", score(high, "9.8"), nil},
		{"negative", score(high, "-5"), []string{"x: vulnerabilities[0].scores[0].cvss_v3.baseScore: -5 is not the base score of the vector beside it, which is 9.8 and counts"}},
		{"a low one that boasts", score(high, "9.8") + "," + score(low, "99"), []string{"x: vulnerabilities[0].scores[1].cvss_v3.baseScore: 99 is not the base score of the vector beside it, which is 2.8 and counts"}},
	} {
		found, problems, err := read(t, "x", `{"document":{"csaf_version":"2.0"},"vulnerabilities":[{"title":"T","scores":[`+test.scores+`]}]}`)
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.Equal(t, high, found[0].CVSS, test.name)
		assert.Equal(t, test.want, problems, test.name)
	}
}

// An advisory is recognised in whatever pieces and order it comes, and one
// that a finding quotes is not.
func TestRecognised(t *testing.T) {
	good := pump(t)
	for name, r := range map[string]io.Reader{
		"in pieces":     io.MultiReader(strings.NewReader(good[:70]), strings.NewReader(good[70:])),
		"byte by byte":  iotest.OneByteReader(strings.NewReader(good)),
		"document last": strings.NewReader(`{"product_tree":{"x":"` + strings.Repeat("x", 70_000) + `"},"vulnerabilities":[{},{},{},{}],"document":{"csaf_version":"2.0"}}`),
	} {
		found, _, err := finding.Collect(finding.Read(t.Context(), "x", r, csaf.Format, finding.JSON))
		require.NoError(t, err, name)
		assert.Len(t, found, 4, name)
	}
	found, _, err := read(t, "x", `[{"id":"A","raw":`+good+`}]`)
	require.NoError(t, err)
	assert.Len(t, found, 1)
	found, _, err = read(t, "x", `{"id":"A","raw":`+good+`}`)
	require.NoError(t, err)
	assert.Len(t, found, 1)
}

// Time and size grow with the file, not with its square: a wide tree, a deep
// one and a long name that every product stands under.
func TestLargeTrees(t *testing.T) {
	advisory := func(branches string, ids []string) string {
		return `{"document":{"csaf_version":"2.0","tracking":{"id":"EX-1"}},"product_tree":{"branches":` + branches +
			`},"vulnerabilities":[{"cve":"CVE-2024-10001","product_status":{"known_affected":["` + strings.Join(ids, `","`) + `"]}}]}`
	}
	var wide, ids []string
	for i := range 20_000 {
		ids = append(ids, fmt.Sprint(i))
		wide = append(wide, fmt.Sprintf(`{"category":"product_name","name":"Pump %d","product":{"name":"n","product_id":"%d"}}`, i, i))
	}
	found, _, err := read(t, "x", advisory("["+strings.Join(wide, ",")+"]", ids))
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Empty(t, found[0].Device)
	assert.Equal(t, 20_000, len(found[0].Affected))

	long := strings.Repeat("x", 1000)
	deep := "[]"
	for i := range 300 {
		deep = fmt.Sprintf(`[{"category":"product_family","name":"%d %s","product":{"name":"n","product_id":"%d"},"branches":%s}]`, i, long, i, deep)
	}
	found, _, err = read(t, "x", advisory(deep, ids[:300]))
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, 300, len(found[0].Affected))
	size := 0
	for _, a := range found[0].Affected {
		size += len(a.Product)
	}
	assert.Less(t, size, 500_000)
}

// What a wide tree repeats in every finding has an end, and the end is named.
func TestNamesHaveAnEnd(t *testing.T) {
	var products, ids, vulnerabilities []string
	name := strings.Repeat("x", 190)
	for i := range 2000 {
		ids = append(ids, fmt.Sprint(i))
		products = append(products, fmt.Sprintf(`{"name":"%s %d","product_id":"%d"}`, name, i, i))
	}
	for i := range 200 {
		vulnerabilities = append(vulnerabilities, fmt.Sprintf(`{"cve":"CVE-2024-%d","product_status":{"known_affected":["%s"]},"remediations":[{"category":"workaround","details":"x","product_ids":["1"]}]}`, 10000+i, strings.Join(ids, `","`)))
	}
	found, problems, err := read(t, "x", `{"document":{"csaf_version":"2.0"},"product_tree":{"full_product_names":[`+strings.Join(products, ",")+`]},"vulnerabilities":[`+strings.Join(vulnerabilities, ",")+`]}`)
	require.NoError(t, err)
	require.Len(t, found, 200)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0], "the findings of this advisory repeat more than 32 MiB of product names")
	size := 0
	for _, f := range found {
		for _, p := range f.Products {
			size += len(p)
		}
		for _, r := range f.Remedies {
			assert.NotEmpty(t, r.Products)
		}
	}
	assert.Less(t, size, 32<<20)
	assert.Empty(t, found[199].Products)
}

// Every advisory of the collection is read whole: a vulnerability is a
// finding or is named.
func TestCISAAdvisories(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "data", "csaf", "*.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("needs ../shared/data/csaf")
	}
	total, weak, scored, versions, said := 0, 0, 0, 0, map[string]int{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		found, problems, err := read(t, f, string(b))
		require.NoError(t, err)
		assert.Empty(t, problems)
		for _, x := range found {
			assert.NotEmpty(t, x.Title)
			assert.Equal(t, x.Device == "", len(x.Affected) > 1, "%s: each of several products is a device", x.ID)
			for _, a := range x.Affected {
				assert.NotEmpty(t, a.Product, x.ID)
				versions += len(a.Versions)
			}
			assert.Len(t, x.CVEs, 1)
			assert.NotEmpty(t, x.Products, x.ID)
			assert.NotEmpty(t, x.Remedies, x.ID)
			for _, r := range x.Remedies {
				said[r.Category]++
			}
			weak += len(x.Weaknesses)
			if x.CVSS != "" {
				scored++
			}
		}
		total += len(found)
	}
	assert.Equal(t, 81, len(files))
	assert.Equal(t, 326, total)
	assert.Equal(t, 326, weak)
	assert.Equal(t, 326, scored)
	assert.Len(t, said, 5, "every category: %v", said)
}

func FuzzCSAF(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "pump.json"))
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte(`{"document":{"csaf_version":"2.0"},"vulnerabilities":[{"product_status":{"known_affected":[null]},"scores":[null],"notes":[null]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for found, err := range csaf.Format.Read(t.Context(), "fuzz", bytes.NewReader(b)) {
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
				assert.True(t, utf8.ValidString(found.ID+found.Title+found.Device+found.Description+found.CVSS))
				assert.LessOrEqual(t, len(found.ID)+len(found.Title)+len(found.Device)+len(found.Description), 2*len(b)+1000)
			}
		}
	})
}

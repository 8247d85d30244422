package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
)

var update = flag.Bool("update", false, "write the golden files")

// assess runs the program and returns what it wrote and its exit code.
func assess(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return assessFrom(t, strings.NewReader(""), args...)
}

func assessFrom(t testing.TB, stdin io.Reader, args ...string) (string, string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Code("assess", run(t.Context(), args, stdin, &out, &errs), &errs)
	return out.String(), errs.String(), code
}

func decode(t testing.TB, s string) *graph.Assessment {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	var a graph.Assessment
	require.NoError(t, d.Decode(&a))
	return &a
}

// write makes a file in a temporary folder.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "data", "schema", "assessment.json"))
	require.NoError(t, err)
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, report string) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(report))
	require.NoError(t, err)
	assert.NoError(t, s.Validate(v))
}

func sameAsGolden(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "go test ./examples/assess -update writes it anew")
}

// The sample site shows every kind of gap, a draft for each, and the same
// bytes each time.
func TestSampleSite(t *testing.T) {
	text, stderr, code := assess(t)
	require.Zero(t, code, stderr)
	sameAsGolden(t, "sample.txt", text)
	for _, line := range strings.Split(text, "\n") {
		assert.LessOrEqual(t, len([]rune(line)), 100, line)
	}

	report, _, code := assess(t, "-format", "json")
	require.Zero(t, code)
	validate(t, schema(t), report)
	a := decode(t, report)
	kinds := map[graph.GapKind]bool{}
	for _, g := range a.Gaps {
		kinds[g.Kind] = true
	}
	assert.Len(t, kinds, 6, "every kind of gap: %v", kinds)
	require.Len(t, a.Drafts, len(a.Gaps))
	for i, d := range a.Drafts {
		assert.Equal(t, i, d.Gap)
		assert.Equal(t, "draft", d.Status)
		assert.Equal(t, "template", d.Generator)
	}
	again, _, _ := assess(t, "-format", "json")
	assert.Equal(t, report, again)

	none, _, code := assess(t, "-format", "json", "-draft", "none")
	require.Zero(t, code)
	assert.Empty(t, decode(t, none).Drafts)
	validate(t, schema(t), none)
}

func advisories(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "csaf", "*.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("needs ../shared/data/csaf")
	}
	return files
}

func TestAdvisories(t *testing.T) {
	files := advisories(t)
	report, stderr, code := assess(t, append([]string{"-format", "json"}, files...)...)
	require.Zero(t, code, stderr)
	validate(t, schema(t), report)
	a := decode(t, report)
	assert.Len(t, files, 81)
	assert.Len(t, a.Findings, 326)
	assert.Len(t, a.Drafts, len(a.Gaps))

	official := filepath.Join("..", "..", "..", "shared", "data", "attack", "ics-attack-19.1.json.gz")
	if _, err := os.Stat(official); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-19.1.json.gz")
	}
	if testing.Short() {
		t.Skip("the other release's answer is compared without -short")
	}
	report, stderr, code = assess(t, append([]string{"-attack", official, "-format", "json"}, files...)...)
	require.Zero(t, code, stderr)
	b := decode(t, report)
	assert.Equal(t, a.Findings, b.Findings, "the official release gives other techniques than the embedded facts")
	assert.Equal(t, a.Techniques, b.Techniques)
	assert.Equal(t, a.Mitigations, b.Mitigations)
	assert.Equal(t, official, b.Attack.Source)
}

const oneFinding = `[{"id":"F-1","title":"t","weaknesses":["CWE-798"]}]`

func TestBadInput(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, strings.Repeat(oneFinding, 1000))
	require.NoError(t, w.Close())
	half := zipped.String()[:zipped.Len()/2]
	dir := t.TempDir()
	t.Setenv("MITIGRAPH_OFFLINE", "1")
	t.Setenv("MITIGRAPH_CACHE", dir)
	good, controls := write(t, "good.json", oneFinding), write(t, "controls.json", `{"deployed":["M0801"]}`)
	ownReport, _, _ := assess(t, "-format", "json")
	const enterprise = `{"type":"bundle","id":"bundle--1","objects":[{"type":"x-mitre-collection","id":"x-mitre-collection--1","name":"Enterprise ATT&CK","x_mitre_version":"1.0"},` +
		`{"type":"attack-pattern","id":"attack-pattern--1","name":"A","kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"execution"}],"external_references":[{"source_name":"mitre-attack","external_id":"T1059"}]}]}`
	const stix = `{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--1"}]}`
	for _, test := range []struct {
		name string
		args []string
		want []string // all in the message
	}{
		{"missing file", []string{filepath.Join(dir, "no.json")}, []string{"no.json", "no such file"}},
		{"directory", []string{dir}, []string{dir, "directory"}},
		{"empty file", []string{write(t, "empty.json", "")}, []string{"empty.json: empty"}},
		{"truncated gzip", []string{write(t, "cut.json.gz", half)}, []string{"cut.json.gz"}},
		{"truncated JSON", []string{write(t, "cut.json", oneFinding[:30])}, []string{"cut.json"}},
		{"a STIX bundle", []string{write(t, "stix.json", stix)}, []string{"stix.json", "STIX bundle"}},
		{"other JSON", []string{write(t, "other.json", `{"name":"x","version":1}`)}, []string{"other.json"}},
		{"binary", []string{write(t, "x.bin", "\x7fELF\x00\x01\x02")}, []string{"x.bin"}},
		{"one good, one bad file", []string{good, write(t, "empty.json", "")}, []string{"empty.json: empty"}},
		{"-attack missing", []string{"-attack", filepath.Join(dir, "no.json")}, []string{"-attack", "no.json"}},
		{"-attack directory", []string{"-attack", dir}, []string{"-attack", dir, "directory"}},
		{"-attack truncated", []string{"-attack", write(t, "cut.json.gz", half)}, []string{"cut.json.gz", "cut off"}},
		{"-attack no ATT&CK", []string{"-attack", write(t, "stix.json", stix)}, []string{"stix.json", "not one of ATT&CK"}},
		{"-attack version", []string{"-attack", "17.1"}, []string{"-attack 17.1", "offline", "ics-attack-17.1.json"}},
		{"-attack unknown version", []string{"-attack", "7.7"}, []string{"-attack 7.7", "unknown release; known are 8.0"}},
		{"-controls missing", []string{"-controls", filepath.Join(dir, "no.json")}, []string{"-controls", "no.json"}},
		{"-controls directory", []string{"-controls", dir}, []string{"-controls", dir, "directory"}},
		{"-controls unknown mitigation", []string{"-controls", write(t, "c.json", `{"deployed":["M9999"]}`)}, []string{"c.json", "deployed[0]", "M9999"}},
		{"-controls unknown constraint", []string{"-controls", write(t, "c.json", `{"devices":[{"id":"a","constraints":["nope"]}]}`)}, []string{"c.json", "devices[0].constraints[0]", "no_agent"}},
		{"-kev missing", []string{"-kev", filepath.Join(dir, "no.json")}, []string{"-kev", "no.json"}},
		{"-kev of another kind", []string{"-kev", good}, []string{"-kev", "good.json: want CISA's catalogue"}},
		{"-epss of another kind", []string{"-epss", controls}, []string{"-epss", "controls.json: this is a site description"}},
		{"-epss directory", []string{"-epss", dir}, []string{"-epss", dir, "directory"}},
		{"-o over the catalogue", []string{"-o", good, "-kev", good}, []string{"-o " + good, "also an input"}},
		{"a site description", []string{controls}, []string{"controls.json", "a site description, not findings (assess -controls)"}},
		{"unknown flag", []string{"-fromat", "json"}, []string{"-fromat"}},
		{"unknown format", []string{"-format", "pdf"}, []string{"pdf", "text, json, jsonl, markdown, html, navigator, stix or sarif"}},
		{"unknown writer", []string{"-draft", "gpt"}, []string{"gpt", "ollama:MODEL"}},
		{"model without a name", []string{"-draft", "ollama:"}, []string{"ollama:MODEL"}},
		{"-o directory", []string{"-o", dir}, []string{dir, "directory"}},
		{"-o over the findings", []string{"-o", good, good}, []string{"-o " + good, "also an input"}},
		{"-o over the controls", []string{"-o", controls, "-controls", controls}, []string{"-o " + controls, "also an input"}},
		{"-o over the bundle", []string{"-o", good, "-attack", good}, []string{"-o " + good, "also an input"}},
		{"nothing usable", []string{write(t, "n.json", `[{"plugin_id":10,"plugin_name":"Telnet"},7]`)}, []string{"n.json: nothing of it can be used: 2 of its records can't be read", "[0]: a finding needs an id or a title"}},
		{"one good file, one with nothing usable", []string{good, write(t, "n.json", `[7]`)}, []string{"n.json: nothing of it can be used"}},
		{"a report of its own", []string{write(t, "report.json", ownReport)}, []string{"report.json", "a report of this program, not findings"}},
		{"a JSON Schema", []string{filepath.Join("..", "..", "data", "schema", "assessment.json")}, []string{"a JSON Schema, not findings"}},
		{"-attack of another domain", []string{"-attack", write(t, "m.json", enterprise)}, []string{"m.json", "this bundle is enterprise-attack", "ics-attack only"}},
		{"a flag twice", []string{"-controls", controls, "-controls", controls}, []string{"-controls", "given twice"}},
		{"standard input twice", []string{"-controls", "-", "-"}, []string{"standard input is a FILE already"}},
		{"escapes in an argument", []string{"no\x1b[31m.json"}, []string{"no[31m.json"}},
		{"files behind --", []string{"--", "-a.json", "-b.json"}, []string{"-a.json"}},
		{"-o in no folder", []string{"-o", filepath.Join(dir, "no", "x.txt")}, []string{"-o", "no such file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := write(t, "report.txt", "what was there before")
			args := test.args
			if !strings.HasPrefix(test.name, "-o") {
				args = append([]string{"-o", out}, args...)
			}
			stdout, stderr, code := assess(t, args...)
			assert.Equal(t, 2, code, stderr)
			for _, w := range test.want {
				assert.Contains(t, stderr, w)
			}
			assert.NotContains(t, stderr, "\x1b")
			assert.Empty(t, stdout)
			kept, err := os.ReadFile(out)
			require.NoError(t, err)
			assert.Equal(t, "what was there before", string(kept))
			left, err := filepath.Glob(filepath.Join(filepath.Dir(out), ".*"))
			require.NoError(t, err)
			assert.Empty(t, left, "a temporary file stayed behind")
		})
	}
}

// What can be used is used, and what can't is named.
func TestWarnings(t *testing.T) {
	const noVulnerabilities = `{"document":{"category":"csaf_base","csaf_version":"2.0","title":"T","publisher":{"category":"vendor","name":"N","namespace":"https://n.example"},` +
		`"tracking":{"id":"X-1","status":"final","version":"1","current_release_date":"2024-01-01T00:00:00Z","initial_release_date":"2024-01-01T00:00:00Z","revision_history":[{"date":"2024-01-01T00:00:00Z","number":"1","summary":"s"}]}}}`
	for _, test := range []struct {
		name, file, content string
		findings            int
		want                []string
	}{
		{"CSAF without vulnerabilities", "none.json", noVulnerabilities, 0, []string{"none.json", "vulnerabilities"}},
		{"a weakness that does not exist", "f.json", `[{"id":"F","weaknesses":["CWE-99999"]}]`, 1, []string{"CWE-99999", "no catalogue"}},
		{"no findings", "f.json", `{"findings":[]}`, 0, []string{"f.json", "holds none"}},
		{"EPSS out of range", "f.json", `[{"id":"A","epss":7},{"id":"B"}]`, 2, []string{"f.json", "epss", "7"}},
		{"a score for a vector", "f.csv", "id,cvss\nA,9.8 high\n", 1, []string{"f.csv: A: cvss \"9.8 high\"", "the severity counts as unknown"}},
		{"a row too long", "f.csv", "id,title\nA,b,c\nB,b\n", 1, []string{"f.csv: line 2: 3 cells under a head of 2"}},
		{"neither ID nor title", "f.json", "{\"id\":\"A\"}\n{\"device\":\"x\"}\n", 1, []string{"f.json", "line 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, stderr, code := assess(t, "-format", "json", write(t, test.file, test.content))
			require.Zero(t, code, stderr)
			a := decode(t, report)
			assert.Len(t, a.Findings, test.findings)
			require.NotEmpty(t, a.Warnings)
			for _, w := range test.want {
				assert.Contains(t, stderr, w)
			}
			validate(t, schema(t), report)
		})
	}
}

// A gate must not turn green because a part of the scan was not read.
func TestStrictMissesNothing(t *testing.T) {
	controls := write(t, "c.json", `{"site":"s","deployed":["M0801"],"accepted":[
		{"kind":"no_technique","finding":"OLD","by":"x","why":"y","until":"2999-12-31"},
		{"kind":"no_technique","finding":"OLDER","by":"x","why":"y","until":"2020-01-31"}]}`) // all that T1694.002 has in the embedded release
	for _, test := range []struct {
		name, content string
		code          int
		stderr        string
		records       int
		members       int
	}{
		{"clean", `[{"id":"A","techniques":["T1694.002"]}]`, 0, "", 0, 0},
		{"a gap", `[{"id":"A","weaknesses":["CWE-400"],"techniques":["T1694.002"]},{"id":"B"}]`, 3, "-strict: 2 gaps remain: no_technique 1, not_deployed 1", 0, 0},
		{"an accepted gap", `[{"id":"OLD"}]`, 0, "", 0, 0},
		{"an accepted gap and another", `[{"id":"OLD"},{"id":"B"}]`, 3, "-strict: 1 gap remains: no_technique 1", 0, 0},
		{"an acceptance that ended", `[{"id":"OLDER"}]`, 3, "ended on 2020-01-31; the gap is open again", 0, 0},
		{"one gap", `[{"id":"A"}]`, 3, "-strict: 1 gap remains: no_technique 1", 0, 0},
		{"a wrong type", `[{"id":"A","weaknesses":"CWE-798"}]`, 3, "weaknesses: want a list of strings", 0, 1},
		{"a wrong type beside a technique", `[{"id":"A","weaknesses":"CWE-798","techniques":["T1694.002"]}]`, 2, "-strict: 1 of the input's records or parts of records could not be used", 0, 1},
		{"a score that is none", `[{"id":"A","cvss":"9,1","techniques":["T1694.002"]}]`, 2, "write 9.1", 0, 1},
		{"an unknown technique", `[{"id":"A","techniques":["T1694.002","T9999"]}]`, 2, `technique "T9999" is left out`, 0, 1},
		{"unknown weaknesses", `[{"id":"A","weaknesses":["CWE-99999","CWE798x"],"techniques":["T1694.002"]}]`, 2, "no catalogue here has this weakness", 0, 2},
		{"a revoked technique", `[{"id":"A","techniques":["T0891"]}]`, 0, "was revoked", 0, 0},
		{"a lost record", `[{"id":"A","techniques":["T1694.002"]},7]`, 2, "[1]: want an object", 1, 0},
		{"another member", `[{"id":"A","techniques":["T1694.002"],"severity":"high"}]`, 0, `"severity" in 1`, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, "f.json", test.content)
			report, stderr, code := assess(t, "-strict", "-format", "json", "-controls", controls, file)
			assert.Equal(t, test.code, code, stderr)
			assert.Contains(t, stderr, test.stderr)
			validate(t, schema(t), report)
			a := decode(t, report)
			assert.Equal(t, []int{test.records, test.members}, []int{a.UnreadRecords, a.UnreadMembers})
			text, _, code := assess(t, "-controls", controls, file)
			assert.Zero(t, code)
			assert.Equal(t, test.records+test.members > 0, strings.Contains(text, "INCOMPLETE"))
		})
	}
}

// What -o leaves behind is what the user would expect of a shell.
func TestOutputFile(t *testing.T) {
	dir := t.TempDir()
	in := write(t, "f.json", oneFinding)
	want, _, _ := assess(t, in)
	at := func(name string) string { return filepath.Join(dir, name) }
	read := func(name string) string {
		b, err := os.ReadFile(at(name))
		require.NoError(t, err)
		return string(b)
	}
	require.NoError(t, os.WriteFile(at("private"), []byte("old"), 0o600))
	require.NoError(t, os.WriteFile(at("behind"), []byte("old"), 0o644))
	require.NoError(t, os.Symlink("behind", at("link")))
	require.NoError(t, os.Symlink("new", at("dangling")))
	for _, name := range []string{"fresh", "private", "link", "dangling"} {
		_, stderr, code := assess(t, "-o", at(name), in)
		require.Zero(t, code, stderr)
		assert.Equal(t, want, read(name), name)
	}
	st, err := os.Stat(at("private"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	for _, name := range []string{"link", "dangling"} {
		st, err := os.Lstat(at(name))
		require.NoError(t, err)
		assert.NotZero(t, st.Mode()&os.ModeSymlink, "%s is still a link", name)
	}
	assert.Equal(t, want, read("behind"))
	assert.Equal(t, want, read("new"))
	left, err := filepath.Glob(at(".*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	if _, err := os.Stat("/dev/null"); err == nil {
		_, stderr, code := assess(t, "-o", "/dev/null", in)
		assert.Zero(t, code, stderr)
	}
	_, stderr, code := assess(t, "-o", at("no/x.txt"), in)
	assert.Equal(t, 2, code)
	assert.Equal(t, "assess: -o "+at("no/x.txt")+": no such file or directory\n", stderr)
}

func TestControlsFromStandardInput(t *testing.T) {
	report, stderr, code := assessFrom(t, strings.NewReader(`{"site":"s","deployed":["M0801"]}`), "-format", "json", "-controls", "-", write(t, "f.json", oneFinding))
	require.Zero(t, code, stderr)
	assert.Equal(t, "s", decode(t, report).Site.Name)
}

// Files of all kinds in one call, whatever they are called; what is in two of
// them counts once.
func TestMixedFiles(t *testing.T) {
	at := func(parts ...string) string {
		return filepath.Join(append([]string{"..", "..", "graph", "finding"}, parts...)...)
	}
	files := []string{at("csaf", "testdata", "pump.json"), at("sarif", "testdata", "firmware.sarif"), at("cyclonedx", "testdata", "rtu.cdx.json"), at("cyclonedx", "testdata", "rtu.cdx.xml"),
		write(t, "a.txt", "id;title;cves\nA;a;CVE-2024-10001\nB;b;\n"), write(t, "b.txt", `[{"id":"A","title":"a","cves":["CVE-2024-10001"]}]`), write(t, "c.txt", "{\"id\":\"C\"}\n{\"id\":\"D\"}\n")}
	controls := write(t, "site.json", `{"site":"s","devices":[{"id":"plc-9","products":["ep-110"]},{"id":"rtu-9","products":["Examplia/RTU Firmware"]}]}`)
	report, stderr, code := assess(t, append([]string{"-format", "json", "-controls", controls}, files...)...)
	require.Zero(t, code, stderr)
	validate(t, schema(t), report)
	a := decode(t, report)
	on := map[string]int{}
	sources := map[string]int{}
	for _, f := range a.Findings {
		sources[filepath.Base(f.Source)]++
		for _, d := range f.Devices {
			on[d]++
		}
	}
	assert.Equal(t, map[string]int{"pump.json": 4, "firmware.sarif": 7, "rtu.cdx.json": 4, "rtu.cdx.xml": 1, "a.txt": 2, "c.txt": 2}, sources)
	assert.Equal(t, map[string]int{"plc-9": 2, "rtu-9": 4}, on)
	assert.Contains(t, fmt.Sprint(a.Warnings), "b.txt: findings: A is in "+files[4]+" already, in the same words; it counts once")
	text, _, code := assess(t, append([]string{"-controls", controls}, files...)...)
	require.Zero(t, code)
	assert.Contains(t, text, "\n  no fix is planned: “No fix is planned.” (")
	for _, line := range strings.Split(text, "\n") {
		assert.LessOrEqual(t, len([]rune(line)), 100, line)
	}
}

// What is known of a CVE raises the findings that name it, whatever they were
// written in, and what could not be read of it is named.
func TestKnownExploited(t *testing.T) {
	kev := write(t, "kev.json", `{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2024-10001"},{"cveID":"x"}]}`)
	epss := write(t, "epss.csv", "#model_version:v1,score_date:2026-01-01\ncve,epss,percentile\nCVE-2024-10001,0.25,0.9\nCVE-2024-10002,9,0\n")
	table := write(t, "f.csv", "title;cves;weaknesses\nTelnet;CVE-2024-10001;CWE-798\n")
	advisory := write(t, "a.json", `{"document":{"csaf_version":"2.0","tracking":{"id":"EX-1"}},"vulnerabilities":[{"cve":"CVE-2024-10001"},{"cve":"CVE-2024-10002"}]}`)
	report, stderr, code := assess(t, "-format", "json", "-kev", kev, "-epss", epss, table, advisory)
	require.Zero(t, code, stderr)
	validate(t, schema(t), report)
	a := decode(t, report)
	require.Len(t, a.Findings, 3)
	for i, want := range []bool{true, true, false} {
		assert.Equal(t, want, a.Findings[i].KEV)
		assert.Equal(t, want, a.Findings[i].EPSS == 0.25)
	}
	assert.Equal(t, 2, a.UnreadMembers)
	assert.Contains(t, stderr, "kev.json: vulnerabilities[1].cveID: \"x\" is not a CVE ID")
	assert.Contains(t, stderr, "epss.csv: line 4: 9 is not a probability between 0 and 1")

	db := filepath.Join(t.TempDir(), "x.db")
	_, stderr, code = assess(t, "-store", "bolt:"+db, table)
	require.Zero(t, code, stderr)
	_, stderr, code = assess(t, "-store", "bolt:"+db, "-kev", kev)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "name the FILE to read them from again")
}

// The sample site names a mitigation that older releases don't have.
func TestSampleSiteInAnOlderRelease(t *testing.T) {
	old := filepath.Join("..", "..", "..", "shared", "data", "attack", "ics-attack-8.2.json.gz")
	if _, err := os.Stat(old); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-8.2.json.gz")
	}
	_, stderr, code := assess(t, "-attack", old)
	assert.Zero(t, code, stderr)
	assert.Contains(t, stderr, "has no such mitigation; it is left out")
}

// A failed fetch is not the user's fault.
func TestUnreachableRelease(t *testing.T) {
	t.Setenv("MITIGRAPH_OFFLINE", "")
	t.Setenv("MITIGRAPH_CACHE", t.TempDir())
	t.Setenv("MITIGRAPH_ATTACK_MIRROR", "http://127.0.0.1:1")
	_, stderr, code := assess(t, "-attack", "17.1")
	assert.Equal(t, 1, code, stderr)
	assert.Contains(t, stderr, "-attack 17.1")
}

// repeat yields n bytes without holding them.
type repeat struct{ n int }

func (r *repeat) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.n)
	for i := range p[:n] {
		p[i] = 'x'
	}
	r.n -= n
	return n, nil
}

func TestLineOf200MB(t *testing.T) {
	in := io.MultiReader(strings.NewReader("{\"id\":\"A\"}\n{\"id\":\""), &repeat{200 << 20}, strings.NewReader("\"}\n{\"id\":\"C\"}\n"))
	report, stderr, code := assessFrom(t, in, "-format", "json", "-")
	require.Zero(t, code, stderr)
	a := decode(t, report)
	require.Len(t, a.Findings, 2)
	assert.Equal(t, "C", a.Findings[1].ID)
	assert.Contains(t, stderr, "standard input: line 2")
}

func TestFlagsBehindFiles(t *testing.T) {
	out := filepath.Join(t.TempDir(), "report.json")
	stdout, stderr, code := assess(t, write(t, "f.json", oneFinding), "-format", "json", "-o", out)
	require.Zero(t, code, stderr)
	assert.Empty(t, stdout)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Len(t, decode(t, string(b)).Findings, 1)
}

func TestHelpNamesWhatIsBuilt(t *testing.T) {
	_, stderr, code := assess(t, "-h")
	assert.Zero(t, code)
	for _, flag := range []string{"-attack", "-controls", "-draft", "-epss", "-format", "-kev", "-o ", "-store", "-strict"} {
		assert.Contains(t, stderr, flag)
	}
	for _, f := range formats {
		assert.Contains(t, stderr, f.name)
		assert.Equal(t, f.name == "jsonl", f.write == nil)
	}
	for _, want := range []string{"FILE|VERSION", "WRITER", "FORMAT", "Exit codes", "MITIGRAPH_CACHE"} {
		assert.Contains(t, stderr, want)
	}
	assert.LessOrEqual(t, strings.Count(stderr, "\n"), 50)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := cli.Code("assess", run(ctx, nil, strings.NewReader(""), &out, &errs), &errs)
	assert.Equal(t, 1, code)
	assert.Empty(t, out.String())
	assert.Equal(t, "assess: interrupted\n", errs.String())
}

func TestUnreachableServer(t *testing.T) {
	t.Setenv("OLLAMA_HOST", "127.0.0.1:1")
	stdout, stderr, code := assess(t, "-draft", "ollama:some-model")
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "127.0.0.1:1")
	assert.Contains(t, stderr, "ollama serve")
}

// The exit codes of the program as it is built.
func TestExitCodes(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "assess")
	build, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(build))
	for _, test := range []struct {
		name string
		args []string
		want int
	}{
		{"done", nil, 0},
		{"help", []string{"-h"}, 0},
		{"wrong use", []string{"-nonsense"}, 2},
		{"unreadable", []string{"does-not-exist.json"}, 2},
		{"gaps", []string{"-strict"}, 3},
		{"no gap", []string{"-strict", write(t, "f.json", `{"findings":[]}`)}, 0},
		{"failed", []string{"-draft", "ollama:m"}, 1},
		{"a part not read", []string{"-strict", "-controls", write(t, "c.json", `{"deployed":["M0801"]}`), write(t, "f.json", `[{"id":"A","techniques":["T1694.002"]},7]`)}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := exec.Command(binary, test.args...)
			c.Env = append(os.Environ(), "OLLAMA_HOST=127.0.0.1:1")
			out, err := c.CombinedOutput()
			if test.want == 0 {
				require.NoError(t, err, string(out))
			}
			assert.Equal(t, test.want, c.ProcessState.ExitCode(), string(out))
		})
	}
}

// Waiting for a pipe that nobody writes to ends with the first interrupt, and
// leaves nothing.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs signals")
	}
	binary := filepath.Join(t.TempDir(), "assess")
	build, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(build))
	db := filepath.Join(t.TempDir(), "site.db")
	c := exec.Command(binary, "-store", "bolt:"+db, "-")
	in, err := c.StdinPipe()
	require.NoError(t, err)
	defer in.Close()
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	require.NoError(t, c.Start())
	// Half a record, more than a pipe holds: once it is written, it is being read.
	_, err = io.WriteString(in, `[{"id":"`+strings.Repeat("x", 1<<20))
	require.NoError(t, err)
	require.NoError(t, c.Process.Signal(os.Interrupt))
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-ended:
		assert.Equal(t, 1, c.ProcessState.ExitCode(), out.String())
		assert.Equal(t, "assess: interrupted\n", out.String())
		assert.NoFileExists(t, db, "a first run that was interrupted leaves no store")
	case <-time.After(20 * time.Second):
		_ = c.Process.Kill()
		t.Fatal("still waiting")
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

var update = flag.Bool("update", false, "write the answers in queries.md")

// ask runs the program and returns what it wrote and its exit code.
func ask(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return askFrom(t, "", args...)
}

func askFrom(t testing.TB, stdin string, args ...string) (string, string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Code("query", run(t.Context(), args, strings.NewReader(stdin), &out, &errs), &errs)
	return out.String(), errs.String(), code
}

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

var block = regexp.MustCompile("(?s)```(js|graphql)\n(.*?)```\n\n```text\n(.*?)```\n")

// Every query of the page gives what the page says, each time.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("queries.md")
	require.NoError(t, err)
	n := 0
	anew := block.ReplaceAllStringFunc(string(page), func(b string) string {
		n++
		m := block.FindStringSubmatch(b)
		lang := map[string]string{"js": "gizmo", "graphql": "graphql"}[m[1]]
		answer, stderr, code := ask(t, "-lang", lang, m[2])
		require.Zero(t, code, "%s\n%s", m[2], stderr)
		assert.Empty(t, stderr, m[2])
		again, _, _ := ask(t, "-lang", lang, m[2])
		assert.Equal(t, answer, again, m[2])
		if !*update {
			assert.Equal(t, m[3], answer, m[2])
		}
		return "```" + m[1] + "\n" + m[2] + "```\n\n```text\n" + answer + "```\n"
	})
	assert.GreaterOrEqual(t, n, 10)
	assert.Len(t, regexp.MustCompile("(?m)^```(js|graphql)$").FindAllString(string(page), -1), n, "a block without an answer")
	if *update {
		require.NoError(t, os.WriteFile("queries.md", []byte(anew), 0o644))
	}
}

const oneFinding = `[{"id":"F-1","title":"t","device":"plc-9","weaknesses":["CWE-798"]}]`

// The graph in the formats of other tools.
func TestExports(t *testing.T) {
	for format, want := range map[string]string{
		"nquads": `<device:plc-1> <rel:of> <attack:A0003> <source:site/`, "graphml": "<graphml", "dot": "digraph", "jsonld": `"@graph"`,
		"mermaid": `n0["A0003 Programmable Logic Controller (PLC)"]:::Asset`, "csv-nodes": "key,id,kind,name", "csv-edges": "from,to,predicate",
		"json": `"predicate": "of"`, "table": "of ",
	} {
		out, stderr, code := ask(t, "-around", "plc-1", "-format", format)
		require.Zero(t, code, stderr)
		assert.Contains(t, out, want, format)
	}
	whole, stderr, code := ask(t, "-whole", "-format", "nquads")
	require.Zero(t, code, stderr)
	assert.Contains(t, whole, "<attack:T0843>")
	_, stderr, code = ask(t, "-format", "dot", "g.V().all()")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "is for -around and -whole")
	_, _, code = ask(t, "-whole", "-around", "plc-1")
	assert.Equal(t, 2, code)
}

// What a store keeps can be asked, by several at once, and asking writes
// nothing.
func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	_, stderr, code := ask(t, "-store", "bolt:"+path, "g.V().all()")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "no such file")
	assert.NoFileExists(t, path)

	facts, err := mitre.Embedded()
	require.NoError(t, err)
	kept, err := bolt.Open(t.Context(), path, bolt.Options{})
	require.NoError(t, err)
	g, err := graph.Open(t.Context(), kept, graph.Attack(facts), graph.Knowledge(), graph.FindingsFrom("scan", finding.Finding{ID: "F-0", Weaknesses: []string{"CWE-79"}}))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	reader, err := bolt.Open(t.Context(), path, bolt.Options{ReadOnly: true})
	require.NoError(t, err)
	defer reader.Close()
	out, stderr, code := ask(t, "-store", "bolt:"+path, "-findings", write(t, "one.json", oneFinding), `g.V("class:Finding").in("rdf:type").all()`)
	require.Zero(t, code, stderr)
	assert.Equal(t, "id\nfinding:F-0\nfinding:F-1\n2 rows\n", out)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestFlags(t *testing.T) {
	const findings = `g.V("class:Finding").in("rdf:type").save("rel:id", "finding").all()`
	one := write(t, "one.json", oneFinding)
	two := write(t, "two.json", strings.ReplaceAll(oneFinding, "F-1", "F-2"))
	out, stderr, code := ask(t, "-findings", one, "-findings", two, findings)
	require.Zero(t, code, stderr)
	assert.Equal(t, "id           finding\nfinding:F-1  F-1\nfinding:F-2  F-2\n2 rows\n", out)

	site := write(t, "site.json", `{"site":"pump house","devices":[{"id":"plc-9","asset":"A0003"}]}`)
	out, stderr, code = ask(t, `g.V("class:Device").in("rdf:type").out("rel:of").all()`, "-controls", site, "-findings", one)
	require.Zero(t, code, stderr)
	assert.Contains(t, out, "attack:A0003")
	out, stderr, code = ask(t, "-controls", site, findings)
	require.Zero(t, code, stderr)
	assert.Equal(t, "no rows\n", out, "the sample's findings belong to the sample site")
	assert.Contains(t, stderr, `nothing in the graph is "class:Finding"`)

	file := filepath.Join(t.TempDir(), "answer.json")
	out, stderr, code = askFrom(t, findings, "-findings", one, "-format", "json", "-o", file, "-")
	require.Zero(t, code, stderr)
	assert.Empty(t, out)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var r query.Result
	require.NoError(t, json.Unmarshal(b, &r))
	assert.Equal(t, query.Result{Columns: []string{"id", "finding"}, Rows: [][]any{{"finding:F-1", "F-1"}}}, r)

	out, stderr, code = ask(t, `g.V("attack:T0855").in("rel:mitigates").all()`)
	require.Zero(t, code)
	assert.Equal(t, "no rows\n", out)
	assert.Contains(t, stderr, "warning: T0855 is revoked in ATT&CK ics-attack 19.1; T1692.001 replaced it")
}

func TestAround(t *testing.T) {
	out, stderr, code := ask(t, "-around", "plc-1", "-depth", "0", "-format", "json")
	require.Zero(t, code, stderr)
	var part graph.Part
	require.NoError(t, json.Unmarshal([]byte(out), &part))
	assert.Len(t, part.Nodes, 1)
	out, stderr, code = ask(t, "-around", "plc-1")
	require.Zero(t, code, stderr)
	assert.Contains(t, out, "limited-by")
	out, stderr, code = ask(t, "-around", "plc-1", "-depth", "0")
	require.Zero(t, code, stderr)
	assert.Contains(t, out, "plc-1  Device")
	_, stderr, code = ask(t, "-around", "plc-1", "-depth", "3", "-rows", "5")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "too many rows")
}

func TestBadUse(t *testing.T) {
	t.Setenv("MITIGRAPH_OFFLINE", "1")
	t.Setenv("MITIGRAPH_CACHE", t.TempDir())
	for _, test := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no query", nil, 2, "0 queries given"},
		{"two queries", []string{"1", "2"}, 2, "2 queries given"},
		{"empty", []string{" "}, 2, "it is empty"},
		{"too long", []string{strings.Repeat(" ", 1<<17) + "1"}, 2, "64 KiB"},
		{"syntax", []string{"1;\n g.V("}, 2, "line 2, column 6"},
		{"thrown", []string{`throw new Error("why")`}, 2, "line 1, column 7: Error: why"},
		{"predicate", []string{`g.V().in("mitigates").all()`}, 2, `did you mean rel:mitigates?`},
		{"path", []string{`g.V()`}, 2, "add .all()"},
		{"GraphQL", []string{"-lang", "graphql", "{n{id"}, 2, "line 1, column 6"},
		{"language", []string{"-lang", "sql", "1"}, 2, "want gizmo or graphql"},
		{"format", []string{"-format", "csv", "1"}, 2, "want table, json, nquads"},
		{"rows", []string{"-rows", "0", "1"}, 2, "-rows 0"},
		{"timeout", []string{"-timeout", "-1s", "1"}, 2, "-timeout -1s"},
		{"flag", []string{"-nonsense", "1"}, 2, "-nonsense"},
		{"both", []string{"-around", "plc-1", "1"}, 2, "want one of them"},
		{"depth alone", []string{"-depth", "2", "1"}, 2, "-depth is for -around"},
		{"unknown node", []string{"-around", "T9999"}, 2, `"T9999"`},
		{"negative depth", []string{"-around", "plc-1", "-depth", "-1"}, 2, "-depth -1"},
		{"missing findings", []string{"-findings", "no.json", "1"}, 2, "no.json"},
		{"missing controls", []string{"-controls", "no.json", "1"}, 2, "no.json"},
		{"missing attack", []string{"-attack", "no.json", "1"}, 2, "no.json"},
		{"release offline", []string{"-attack", "17.1", "1"}, 2, "offline"},
		{"deadline", []string{"-timeout", "50ms", "while (true) {}"}, 1, "the deadline passed: 50ms"},
		{"too many rows", []string{"-rows", "3", "g.V().all()"}, 1, "more than the 3"},
		{"memory", []string{`"x".repeat(1e10)`}, 1, "too much memory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			kept := write(t, "answer.txt", "what was there before")
			out, stderr, code := ask(t, append([]string{"-o", kept}, test.args...)...)
			assert.Equal(t, test.code, code, stderr)
			assert.Empty(t, out)
			assert.Contains(t, stderr, test.want)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			b, err := os.ReadFile(kept)
			require.NoError(t, err)
			assert.Equal(t, "what was there before", string(b))
		})
	}
}

func TestHelpFitsAScreen(t *testing.T) {
	_, stderr, code := ask(t, "-h")
	assert.Zero(t, code)
	assert.LessOrEqual(t, strings.Count(stderr, "\n"), 40)
	assert.Equal(t, 3, strings.Count(stderr, "\n  query "), "three examples")
	for _, line := range strings.Split(stderr, "\n") {
		if m := regexp.MustCompile(`^  query (.*)$`).FindStringSubmatch(line); m != nil {
			c := exec.Command("sh", "-c", "printf '%s\\0' "+m[1])
			words, err := c.Output()
			require.NoError(t, err)
			_, stderr, code := ask(t, strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")...)
			assert.Zero(t, code, "%s: %s", line, stderr)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := cli.Code("query", run(ctx, []string{"1"}, strings.NewReader(""), &out, &errs), &errs)
	assert.Equal(t, 1, code)
	assert.Empty(t, out.String())
}

// The first Ctrl-C ends the query, a second one the program.
func TestInterrupt(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "query")
	build, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(build))
	start := func(script string) (*exec.Cmd, *bytes.Buffer) {
		c := exec.Command(binary, "-timeout", "1m", script)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		require.NoError(t, c.Start())
		time.Sleep(time.Second)
		require.NoError(t, c.Process.Signal(os.Interrupt))
		return c, &stderr
	}
	c, stderr := start("while (true) {}")
	_ = c.Wait()
	assert.Equal(t, 1, c.ProcessState.ExitCode())
	assert.Contains(t, stderr.String(), "interrupt")

	// A loop within a built-in function can't be interrupted.
	c, _ = start("var a = []; a.length = 4294967295; a.indexOf(1)")
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, c.Process.Signal(os.Interrupt))
	_ = c.Wait()
	assert.Equal(t, syscall.SIGINT, c.ProcessState.Sys().(syscall.WaitStatus).Signal())
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
)

// cover runs the program and returns what it wrote and its exit code.
func cover(t testing.TB, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Code("coverage", run(t.Context(), args, strings.NewReader(stdin), &out, &errs), &errs)
	return out.String(), errs.String(), code
}

func decode(t testing.TB, s string) graph.Coverage {
	t.Helper()
	var c graph.Coverage
	require.NoError(t, json.Unmarshal([]byte(s), &c))
	return c
}

// The text says what the JSON says, in 100 columns.
func TestSampleSite(t *testing.T) {
	out, stderr, code := cover(t, "")
	require.Zero(t, code, stderr)
	assert.Empty(t, stderr)
	again, _, _ := cover(t, "")
	assert.Equal(t, out, again)
	asJSON, _, code := cover(t, "", "-format", "json")
	require.Zero(t, code)
	c := decode(t, asJSON)
	require.Len(t, c.Mitigations, 52)

	for _, line := range strings.Split(out, "\n") {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), width, line)
	}
	parts := regexp.MustCompile(`(?m)^(MATRIX|UNREACHED|LEFT OPEN|RESEARCH QUESTIONS)  `).Split(out, -1)
	require.Len(t, parts, 5)
	matrix, unreached, open, questions := parts[1], parts[2], parts[3], parts[4]
	flat := strings.Join(strings.Fields(questions), " ")

	assert.Contains(t, matrix, "VULN INCIDENT   POLICY TRAINING    INTEL")
	rows := map[string][]string{}
	for _, line := range strings.Split(matrix, "\n") {
		if f := strings.Fields(line); len(f) > 6 && strings.HasPrefix(f[0], "M0") {
			rows[f[0]] = f[len(f)-5:]
		}
	}
	require.Len(t, rows, 52)
	for _, m := range c.Mitigations {
		want := []string{}
		for _, a := range c.Areas {
			mark := map[graph.Reach]string{graph.ReachNone: "-"}[m.Reach]
			if mark == "" {
				mark = "."
			}
			for _, h := range m.Helps {
				if h.Area == a.ID {
					mark = map[graph.Reach]string{graph.ReachDirect: "##", graph.ReachSupporting: "+"}[h.Reach]
				}
			}
			want = append(want, mark)
		}
		assert.Equal(t, want, rows[m.ID], m.ID)
		assert.Equal(t, m.Reach == graph.ReachNone, strings.Contains(unreached, "  "+m.ID+" "), m.ID)
	}
	for _, o := range c.Open {
		assert.Contains(t, open, "    "+o.ID+" "+o.FullName)
	}
	at := 0
	for _, q := range c.Questions {
		i := strings.Index(flat, strings.Join(strings.Fields(q.Question), " "))
		require.GreaterOrEqual(t, i, at, "not there or not in order: %s", q.Question)
		at = i
	}
	assert.Contains(t, open, "T0814 Denial of Service: M0815; opened by F-05")
}

// How, risk and rationale of every help are in the details.
func TestDetails(t *testing.T) {
	out, stderr, code := cover(t, "", "-details")
	require.Zero(t, code, stderr)
	flat := strings.Join(strings.Fields(out), " ")
	asJSON, _, _ := cover(t, "", "-format", "json")
	n := 0
	for _, m := range decode(t, asJSON).Mitigations {
		for _, h := range m.Helps {
			n++
			for _, s := range []string{h.How, h.Risk, h.Rationale} {
				assert.Contains(t, flat, s, m.ID)
			}
		}
	}
	assert.Greater(t, n, 30)
}

// The findings given count, and what can't be read of them is told.
func TestFindings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.json")
	require.NoError(t, os.WriteFile(file, []byte(`[{"id":"X-1","techniques":["T0880"]},{"id":"X-2","weaknesses":["CWE-798"]}]`), 0o600))
	out, stderr, code := cover(t, "", "-format", "json", file)
	require.Zero(t, code, stderr)
	c := decode(t, out)
	for _, o := range c.Open {
		if o.ID == "T0880" {
			assert.Equal(t, []string{"X-1"}, o.Findings)
		} else {
			assert.Empty(t, o.Findings, o.ID)
		}
	}
	text, _, code := cover(t, `[{"id":"Y-1","techniques":["T0880"]},{"id":7}]`, "-")
	require.Zero(t, code)
	assert.Contains(t, text, "T0880 Loss of Safety: M0805, M0812; opened by Y-1")
	assert.Contains(t, text, "those given")
	assert.Contains(t, text, "could not be read")
	assert.NotContains(t, text, "F-05")

	target := filepath.Join(t.TempDir(), "out.txt")
	out, stderr, code = cover(t, "", "-o", target, file)
	require.Zero(t, code, stderr)
	assert.Empty(t, out)
	b, err := os.ReadFile(target)
	require.NoError(t, err)
	assert.Contains(t, string(b), "RESEARCH QUESTIONS")
}

func TestBadUse(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"format", []string{"-format", "html"}, `-format "html": want text or json`},
		{"flag", []string{"-colour"}, "-h lists the flags"},
		{"details", []string{"-details", "-format", "json"}, "-details is for the text"},
		{"file", []string{"no-such-file.json"}, "no-such-file.json"},
		{"attack", []string{"-attack", "no-such-bundle.json"}, "-attack no-such-bundle.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, stderr, code := cover(t, "", c.args...)
			assert.Equal(t, 2, code)
			assert.Empty(t, out)
			assert.Contains(t, stderr, c.want)
		})
	}
	_, stderr, code := cover(t, "", "-h")
	assert.Zero(t, code)
	assert.Contains(t, stderr, "Usage: coverage")
}

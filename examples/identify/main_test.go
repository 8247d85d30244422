package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
)

// do runs the program and returns its exit code.
func do(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	err := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	code = cli.Code("identify", err, &errs)
	return out.String(), errs.String(), code
}

func TestAnswers(t *testing.T) {
	in := "Mapped to T0855 by the analyst.\n\nThe soup needs salt.\n{\"id\":\"x\\u202e\",\"text\":\"T0836 \\u001b[31m\",\"exclude\":[\"S0603\"],\"more\":1}\r\n"
	out, _, code := do(t, in, "-top", "1")
	require.Equal(t, 0, code)
	assert.Equal(t, `{"id":"1","techniques":[{"id":"T1692.001","score":1,"because":["the text names T0855, now T1692.001"]}]}
{"id":"3","techniques":[]}
{"id":"x\u202e","techniques":[{"id":"T0836","score":1,"because":["the text names T0836"]}]}
`, out)
	file := filepath.Join(t.TempDir(), "texts")
	require.NoError(t, os.WriteFile(file, []byte("\ufeff"+in), 0o600))
	again, _, code := do(t, "", "-top", "1", file)
	assert.Equal(t, 0, code)
	assert.Equal(t, out, again)
}

// Where nothing was recognised it is said what to try.
func TestNothing(t *testing.T) {
	for in, says := range map[string]string{
		"Hello there.\n\nAnd again.\n": "no technique was recognised in standard input; with the texts of an official release",
		" \n":                          "standard input holds no text",
		"":                             "standard input holds no text",
	} {
		_, stderr, code := do(t, in)
		assert.Zero(t, code)
		assert.Contains(t, stderr, says)
	}
	_, stderr, code := do(t, "Hello there.\nT0836\n")
	assert.Zero(t, code)
	assert.Empty(t, stderr)
}

func TestLongAndBroken(t *testing.T) {
	out, _, code := do(t, strings.Repeat("valve ", 1<<18)+"\n\xff\xfe\x00\x1b[2J pump\n")
	require.Equal(t, 0, code)
	for line := range strings.Lines(out) {
		assert.True(t, json.Valid([]byte(line)))
		assert.NotContains(t, line, "\x1b")
	}
	_, stderr, code := do(t, "fine\n"+strings.Repeat("x", longestLine+1))
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "line 2 is longer than 8 MiB")
}

// A line that can't be used is named, and costs no other its answer.
func TestLinesThatCantBeUsed(t *testing.T) {
	out, stderr, code := do(t, "{\"text\":\n{\"text\":\"T0836\",\"exclude\":[\"S4711\"]}\nT0836\n", "-top", "1")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, `{"id":"3","techniques":[{"id":"T0836"`)
	assert.Equal(t, 1, strings.Count(out, "\n"))
	assert.Contains(t, stderr, "standard input: line 1: unexpected end of JSON input; it has no answer")
	assert.Contains(t, stderr, `line 2: exclude "S4711"`)
	assert.Contains(t, stderr, "2 of 3 lines could not be used")
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		args []string
		says string
	}{
		"json":            {"a\n{\"text\":", nil, "standard input: line 2"},
		"no text":         {`{"id":"1"}`, nil, `has no "text"`},
		"line's exclude":  {`{"text":"x","exclude":["S4711"]}`, nil, `line 1: exclude "S4711"`},
		"flag's exclude":  {"", []string{"-exclude", "S0603,G4711"}, `-exclude: exclude "G4711"`},
		"top":             {"", []string{"-top", "0"}, "-top 0"},
		"flag":            {"", []string{"-tip", "0"}, "-h lists the flags"},
		"two files":       {"", []string{"a", "b"}, "2 files"},
		"no file":         {"", []string{"nowhere"}, "nowhere"},
		"no release":      {"", []string{"-attack", "nowhere.json"}, "nowhere.json"},
		"embedder":        {"", []string{"-embed", "all-minilm"}, "ollama:MODEL"},
		"embedder's name": {"", []string{"-embed", "ollama:"}, "ollama:MODEL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, stderr, code := do(t, c.in, c.args...)
			assert.Equal(t, 2, code)
			assert.Contains(t, stderr, c.says)
		})
	}
	t.Setenv("OLLAMA_HOST", "127.0.0.1:1")
	_, stderr, code := do(t, "x", "-embed", "ollama:m")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "no Ollama server")
	ended, end := context.WithCancel(t.Context())
	end()
	err := run(ended, nil, strings.NewReader("x"), &bytes.Buffer{}, &bytes.Buffer{})
	assert.True(t, errors.Is(err, context.Canceled), err)
}

func TestHelp(t *testing.T) {
	_, stderr, code := do(t, "", "-h")
	assert.Equal(t, 0, code)
	for _, flag := range []string{"-attack", "-embed", "-top", "-exclude", "OLLAMA_HOST"} {
		assert.Contains(t, stderr, flag)
	}
}

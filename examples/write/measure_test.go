package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page is of this program, about all kinds of tasks, and about the prompts
// as they are now.
func TestModelsPage(t *testing.T) {
	b, err := os.ReadFile("models.md")
	require.NoError(t, err)
	kept := string(b)
	command := regexp.MustCompile("(?m)^Written by `(go run ./examples/write measure .*)`\\.$").FindStringSubmatch(kept)
	require.NotNil(t, command, "the page says no command")
	renew := "models.md is old; from the top of the repository run: " + command[1] + " -o examples/write/models.md"

	now, stderr, code := write(t, "", "measure")
	require.Zero(t, code, stderr)
	assert.Empty(t, stderr)
	prompts := regexp.MustCompile(`(?m)^Prompts: .*\.$`)
	assert.Equal(t, prompts.FindString(now), prompts.FindString(kept), renew)
	lines := func(page, of string) (out []string) {
		for _, l := range strings.Split(page, "\n") {
			if strings.HasPrefix(l, of) {
				out = append(out, l)
			}
		}
		return out
	}
	for _, of := range []string{"# ", "## ", "| writer", "| task"} {
		assert.Equal(t, lines(now, of), lines(kept, of), renew)
	}
	row := regexp.MustCompile(`^\| (template|ollama:\S+) \| [\w. ]+ \| (\d+) \| \d+ % \| \d+ % \| \d+ % \| \d+ of \d+ \| \d+\.\d \| (?:-|\d+\.\d) \| .+ \|$`)
	n := 0
	for _, l := range append(lines(kept, "| template |"), lines(kept, "| ollama:")...) {
		m := row.FindStringSubmatch(l)
		require.NotNil(t, m, l)
		assert.Equal(t, "6", m[2], "each kind of task")
		n++
	}
	require.GreaterOrEqual(t, n, 2, "the template and a model")
	for _, l := range lines(now, "| ")[1:] {
		if strings.Contains(l, " | template | ") {
			assert.Contains(t, kept, l, renew)
		}
	}
	assert.Regexp(t, `(?m)^- ollama:\S+: [0-9a-f]{64}$`, kept, "the weights are named")
}

func TestMeasureWrongUse(t *testing.T) {
	for want, args := range map[string][]string{
		"want a list of template and ollama:MODEL": {"measure", "-draft", "template,none"},
		"measure writes Markdown":                  {"measure", "-format", "json"},
		"measure keeps no draft":                   {"measure", "-store", "bolt:x.db"},
		"-machine is for the task measure":         {"policy", "-machine", "x"},
		"-keep is for the task measure":            {"policy", "-keep", "x"},
	} {
		_, stderr, code := write(t, "", args...)
		assert.Equal(t, 2, code, want)
		assert.Contains(t, stderr, want)
	}
}

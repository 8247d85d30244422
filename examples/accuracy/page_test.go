package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the figures in accuracy.md")

var block = regexp.MustCompile("(?s)```sh\n(.*?)\n```\n\n```text\n(.*?)```\n")

const shared = "../../../shared/data"

// The page says what the program prints. What it lacks here is left alone.
func TestPage(t *testing.T) {
	if os.Getenv("MITIGRAPH_LONG") == "" {
		t.Skip("takes minutes: set MITIGRAPH_LONG")
	}
	release := filepath.Join(shared, "attack", "ics-attack-19.1.json.gz")
	if _, err := os.Stat(release); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-19.1.json.gz beside the repository")
	}
	advisories, err := filepath.Glob(filepath.Join(shared, "csaf", "*.json"))
	require.NoError(t, err)
	page, err := os.ReadFile("accuracy.md")
	require.NoError(t, err)
	n := 0
	anew := block.ReplaceAllStringFunc(string(page), func(b string) string {
		m := block.FindStringSubmatch(b)
		var args []string
		for _, word := range strings.Fields(strings.TrimPrefix(m[1], "go run ./examples/accuracy ")) {
			switch word {
			case "ics-attack-19.1.json.gz":
				args = append(args, release)
			case "csaf/*.json":
				args = append(args, advisories...)
			default:
				args = append(args, word)
			}
		}
		n++
		var out, errs bytes.Buffer
		require.NoError(t, run(t.Context(), args, strings.NewReader(""), &out, &errs), errs.String())
		return strings.Replace(b, "```text\n"+m[2]+"```", "```text\n"+strings.TrimLeft(out.String(), "\n")+"```", 1)
	})
	assert.GreaterOrEqual(t, n, 2)
	if *update {
		require.NoError(t, os.WriteFile("accuracy.md", []byte(anew), 0o644))
		return
	}
	assert.Equal(t, string(page), anew)
}

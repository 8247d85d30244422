// Package examples_test holds what pages say of the module to what the module is.
package examples_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the table of what an import costs anew")

const module = "github.com/mitigraph/mitigraph"

// The table in doc.go says of each package what importing it brings along.
func TestImportWeights(t *testing.T) {
	const begin, end = "// # What an import brings along\n", "package mitigraph\n"
	page := filepath.Join("..", "doc.go")
	b, err := os.ReadFile(page)
	require.NoError(t, err)
	before, _, found := strings.Cut(string(b), begin)
	require.True(t, found)
	want := before + begin + weights(t) + end
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(b), "go test ./examples -run TestImportWeights -update writes it anew")
}

// The help of each program that has flags fits a screen of 50 lines and 80
// columns, and ends in three examples or more.
func TestHelp(t *testing.T) {
	if os.Getenv("MITIGRAPH_LONG") == "" {
		t.Skip("needs MITIGRAPH_LONG=1: it builds each program")
	}
	folder := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", folder, "./...").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, name := range programs(t) {
		if name == "quickstart" {
			continue // takes no flags
		}
		help, err := exec.CommandContext(t.Context(), filepath.Join(folder, name), "-h").CombinedOutput()
		require.NoError(t, err, "%s: %s", name, help)
		lines := strings.Split(strings.TrimRight(string(help), "\n"), "\n")
		assert.True(t, strings.HasPrefix(lines[0], "Usage: "+name+" "), "%s: %s", name, lines[0])
		assert.LessOrEqual(t, len(lines), 50, name)
		for _, line := range lines {
			assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, "%s: %s", name, line)
		}
		_, examples, found := strings.Cut(string(help), "\nExamples:\n  ")
		assert.True(t, found, name)
		assert.GreaterOrEqual(t, strings.Count(examples, "\n"), 3, "%s has less than three examples", name)
	}
}

// programs are the names of the programs, in order.
func programs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var names []string
	for _, f := range files {
		names = append(names, filepath.Dir(f))
	}
	return names
}

// README.md names each program, and no other.
func TestPrograms(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var got []string
	for line := range strings.Lines(string(page)) {
		if _, rest, ok := strings.Cut(line, "| ["); ok && strings.HasPrefix(line, "| [") {
			name, _, _ := strings.Cut(rest, "]")
			got = append(got, name)
		}
	}
	slices.Sort(got)
	assert.Equal(t, programs(t), got)
}

func weights(t *testing.T) string {
	t.Helper()
	// One line for each dependency of each package that a program can import.
	list := exec.CommandContext(t.Context(), "go", "list", "-f",
		`{{if and .GoFiles (ne .Name "main")}}{{.ImportPath}}{{range .Deps}} {{.}}{{end}}{{end}}`, module+"/...")
	out, err := list.Output()
	require.NoError(t, err)
	modules := modulesOf(t)
	var table strings.Builder
	fmt.Fprintf(&table, "//\n// Modules and packages beside the standard library and this module. No package\n// needs a C compiler.\n//\n//\t%-28s %8s %9s\n", "package", "modules", "packages")
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		if len(deps) == 0 {
			continue
		}
		name, within := strings.CutPrefix(deps[0], module+"/")
		if !within || !importable(deps[0]) {
			continue
		}
		var of []string
		n := 0
		for _, d := range deps[1:] {
			if m := modules[d]; m != "" && m != module {
				of = append(of, m)
				n++
			}
		}
		slices.Sort(of)
		fmt.Fprintf(&table, "//\t%-28s %8d %9d\n", name, len(slices.Compact(of)), n)
	}
	return table.String()
}

// modulesOf maps each package that the module needs to the module that has it.
func modulesOf(t *testing.T) map[string]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{if .Module}}{{.ImportPath}} {{.Module.Path}}{{end}}`, module+"/...")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	require.NoError(t, err, stderr.String())
	of := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, m, _ := strings.Cut(strings.TrimSpace(line), " ")
		of[name] = m
	}
	return of
}

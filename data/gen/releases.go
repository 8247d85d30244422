package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// officialReleases is the table of releases, below the folder of -shared.
const officialReleases = "attack/RELEASES.tsv"

// releasesHead says in the file what its columns are and where they are from.
const releasesHead = `# Official ATT&CK releases, files of https://github.com/mitre-attack/attack-stix-data.
# Columns: domain, version, SHA-256, bytes, path in that repository. Facts about the files, none of their content.
`

// releasesTable takes the lines of the table over, in their order, and leaves
// its comments.
func releasesTable(path string) (file, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return file{}, err
	}
	var content bytes.Buffer
	content.WriteString(releasesHead)
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if fields := strings.Count(line, "\t") + 1; fields != 5 {
			return file{}, fmt.Errorf("line %d has %d fields, want 5", n, fields)
		}
		content.WriteString(line + "\n")
	}
	return file{name: "attack/releases.tsv", content: content.Bytes()}, nil
}

// Command gen writes the embedded facts of package data from their sources:
//
//	attack/  an official release of ATT&CK for ICS, reduced to facts, and
//	         the table of the official releases
//	cwe/     the CWE catalogue in the npm package cwe-sdk, reduced to facts
//	owasp/   the OWASP IoT Top 10, from the table in owasp.go
//	emb3d/   a release of MITRE EMB3D, reduced to facts
//
// It names each file for the version that its source declares. A source that
// is not given leaves its file as it is, and gen says so. The same sources
// make the same bytes.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// attackRelease is the release to reduce, below the folder of -shared.
const attackRelease = "attack/ics-attack-19.1.json.gz"

// A file is one output: its path below the folder of package data, with
// slashes, and what it holds.
type file struct {
	name    string
	content []byte
}

func main() {
	shared := flag.String("shared", "", "`folder` with "+attackRelease+", "+officialReleases+" and "+emb3dRelease+"; empty leaves attack/ and emb3d/ as they are")
	sdk := flag.String("cwe", "", "npm package cwe-sdk, a .tgz or its unpacked `folder`; empty leaves cwe/ as it is")
	out := flag.String("o", ".", "`folder` of package data")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "gen: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := generate(*shared, *sdk, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// generate writes what there are sources for.
func generate(shared, sdk, out string) error {
	below := func(name string) string {
		if shared == "" {
			return ""
		}
		return filepath.Join(shared, filepath.FromSlash(name))
	}
	jobs := []struct {
		source, flag string
		make         func(source string) (file, error)
	}{
		{below(attackRelease), "-shared", attackFacts},
		{below(officialReleases), "-shared", releasesTable},
		{below(emb3dRelease), "-shared", emb3dFacts},
		{sdk, "-cwe", cweFacts},
		{"the table in owasp.go", "", func(string) (file, error) { return owaspFacts() }},
	}
	for _, j := range jobs {
		if j.source == "" {
			fmt.Fprintf(os.Stderr, "gen: no %s given, its file is left as it is\n", j.flag)
			continue
		}
		f, err := j.make(j.source)
		if err != nil {
			return fmt.Errorf("from %s: %w", j.source, err)
		}
		path := filepath.Join(out, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compact is v as JSON on one line. It leaves & in a URL as it is, which
// json.Marshal does not.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// perLine puts the elements of a JSON array on a line each between head and
// tail, so that a change of one shows as a change of one line.
func perLine(head string, elements [][]byte, tail string) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	b.WriteByte('\n')
	b.Write(bytes.Join(elements, []byte(",\n")))
	b.WriteByte('\n')
	b.WriteString(tail)
	b.WriteByte('\n')
	return b.Bytes()
}

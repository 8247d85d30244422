package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// What is read of the npm package cwe-sdk: its manifest, and MITRE's own XML.
// The package's JSON files are made of that XML and say less: its hierarchy
// does not tell one view from another.
const (
	cweManifest = "package.json"
	cweArchive  = "raw/cwe-archive.xml"
)

var cweFiles = []string{cweManifest, cweArchive}

// researchView is CWE-1000, Research Concepts, the one view whose ChildOf
// relations cover all weaknesses. Parents are those in this view.
const researchView = "1000"

// cweXML is what is kept of MITRE's file.
type cweXML struct {
	Name       string `xml:"Name,attr"`
	Version    string `xml:"Version,attr"`
	Date       string `xml:"Date,attr"`
	Weaknesses []struct {
		cweEntry
		Abstraction string        `xml:"Abstraction,attr"`
		Related     []cweRelation `xml:"Related_Weaknesses>Related_Weakness"`
	} `xml:"Weaknesses>Weakness"`
	Categories []cweEntry `xml:"Categories>Category"`
	Views      []cweEntry `xml:"Views>View"`
}

type cweEntry struct {
	ID     int    `xml:"ID,attr"`
	Name   string `xml:"Name,attr"`
	Status string `xml:"Status,attr"`
}

type cweRelation struct {
	Nature  string `xml:"Nature,attr"`
	CWE     string `xml:"CWE_ID,attr"`
	View    string `xml:"View_ID,attr"`
	Ordinal string `xml:"Ordinal,attr"` // Primary or empty
}

func (e cweEntry) weakness(kind string) weakness {
	return weakness{ID: "CWE-" + strconv.Itoa(e.ID), Kind: kind, Name: e.Name, Status: e.Status}
}

// cweFacts reads the package cwe-sdk from its .tgz or its unpacked folder.
func cweFacts(path string) (file, error) {
	sdk, err := readPackage(path)
	if err != nil {
		return file{}, err
	}
	var manifest struct{ Name, Version string }
	if err := json.Unmarshal(sdk[cweManifest], &manifest); err != nil {
		return file{}, fmt.Errorf("%s: %w", cweManifest, err)
	}
	if manifest.Name != "cwe-sdk" {
		return file{}, fmt.Errorf("%s: package %q, want cwe-sdk", cweManifest, manifest.Name)
	}
	var x cweXML
	if err := xml.Unmarshal(sdk[cweArchive], &x); err != nil {
		return file{}, fmt.Errorf("%s: %w", cweArchive, err)
	}
	if x.Name != "CWE" || x.Version == "" || len(x.Weaknesses) == 0 {
		return file{}, fmt.Errorf("%s: not a CWE catalogue", cweArchive)
	}

	byNumber := map[int]weakness{}
	add := func(e cweEntry, w weakness) error {
		if _, ok := byNumber[e.ID]; ok {
			return fmt.Errorf("%s: %s occurs twice", cweArchive, w.ID)
		}
		byNumber[e.ID] = w
		return nil
	}
	var problems []error
	for _, e := range x.Weaknesses {
		w := e.weakness("")
		w.Abstraction = e.Abstraction
		// Stable, so that the primary parent comes first and the others keep
		// CWE's order.
		slices.SortStableFunc(e.Related, func(a, b cweRelation) int { return cmp.Compare(b.Ordinal, a.Ordinal) })
		for _, r := range e.Related {
			if r.Nature == "ChildOf" && r.View == researchView {
				w.Parents = append(w.Parents, "CWE-"+r.CWE)
			}
		}
		problems = append(problems, add(e.cweEntry, w))
	}
	for _, e := range x.Categories {
		problems = append(problems, add(e, e.weakness("category")))
	}
	for _, e := range x.Views {
		problems = append(problems, add(e, e.weakness("view")))
	}
	if err := errors.Join(problems...); err != nil {
		return file{}, err
	}

	c := catalogue{
		Catalogue: x.Name,
		Version:   x.Version,
		Source:    fmt.Sprintf("CWE %s of %s, in the npm package cwe-sdk %s", x.Version, x.Date, manifest.Version),
	}
	numbers := make([]int, 0, len(byNumber))
	for n := range byNumber {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		c.Weaknesses = append(c.Weaknesses, byNumber[n])
	}
	content, err := c.encode()
	return file{name: "cwe/cwe-" + x.Version + ".json", content: content}, err
}

// readPackage reads cweFiles from an npm package.
func readPackage(path string) (map[string][]byte, error) {
	found := map[string][]byte{}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		for _, name := range cweFiles {
			b, err := os.ReadFile(filepath.Join(path, filepath.FromSlash(name)))
			if err != nil {
				return nil, err
			}
			found[name] = b
		}
		return found, nil
	}

	raw, err := readGzip(path)
	if err != nil {
		return nil, err
	}
	archive := tar.NewReader(bytes.NewReader(raw))
	for {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, name := range cweFiles {
			if h.Name != "package/"+name {
				continue
			}
			if found[name], err = io.ReadAll(archive); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for _, name := range cweFiles {
		if found[name] == nil {
			return nil, fmt.Errorf("no package/%s in it", name)
		}
	}
	return found, nil
}

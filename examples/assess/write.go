package main

import (
	"cmp"
	"io"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/graph/report/sarif"
	"github.com/mitigraph/mitigraph/graph/report/stix"
)

// A writer writes an assessment of a snapshot.
type writer func(w io.Writer, a *graph.Assessment, now *graph.Snapshot) error

// formats are what -format may be, each with the endings of files that stand
// for it where -format is not given; jsonl is written while findings are read.
var formats = []struct {
	name    string
	write   writer
	endings []string // the longer of two that fit counts
}{
	{"text", func(w io.Writer, a *graph.Assessment, _ *graph.Snapshot) error { return report.Text(w, a) }, []string{".txt", ".text"}},
	{"json", func(w io.Writer, a *graph.Assessment, _ *graph.Snapshot) error { return report.JSON(w, a) }, []string{".json"}},
	{"jsonl", nil, []string{".jsonl", ".ndjson"}},
	{"markdown", func(w io.Writer, a *graph.Assessment, _ *graph.Snapshot) error { return report.Markdown(w, a) }, []string{".md", ".markdown"}},
	{"html", report.HTML, []string{".html", ".htm"}},
	{"navigator", func(w io.Writer, a *graph.Assessment, now *graph.Snapshot) error {
		return report.Navigator(w, a, now.Catalog())
	}, []string{".layer.json", ".navigator.json"}},
	{"stix", func(w io.Writer, a *graph.Assessment, now *graph.Snapshot) error {
		return stix.Write(w, a, now.Catalog())
	}, []string{".stix.json", ".stix"}},
	{"sarif", func(w io.Writer, a *graph.Assessment, _ *graph.Snapshot) error { return sarif.Write(w, a) }, []string{".sarif", ".sarif.json"}},
}

func formatNames() (names []string) {
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// formatOf is the format that a file's name ends in; text, and false, where
// there is none.
func formatOf(file string) (string, bool) {
	format, longest := "", 0
	for _, f := range formats {
		for _, ending := range f.endings {
			if n := len(ending); n > longest && strings.HasSuffix(strings.ToLower(file), ending) {
				format, longest = f.name, n
			}
		}
	}
	return cmp.Or(format, "text"), format != ""
}

func writerOf(format string) writer {
	for _, f := range formats {
		if f.name == format {
			return f.write
		}
	}
	return nil
}

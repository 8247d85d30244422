package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph/finding"
)

const usage = `Usage: assess [flags] [FILE...]

Takes findings on IoT and OT devices to the ATT&CK for ICS techniques that they
open, the mitigations, the gaps, and a draft for each gap. FILE is findings
in this project's JSON (a list or one a line) or CSV, a CSAF 2.0 advisory, a
SARIF log or a CycloneDX document, known by content, gzipped or not; "-" is
standard input. Without a FILE what the store holds is assessed, or else the
embedded sample site.

`

const examples = `
Exit codes: 0 done, 1 failed, 2 wrong use or unreadable input, and with -strict
3 when a gap of any kind remains, 2 when a part of the input was not read.

Environment: OLLAMA_HOST (server of -draft ollama:MODEL); MITIGRAPH_CACHE
(answers and releases kept); MITIGRAPH_OFFLINE, MITIGRAPH_ATTACK_MIRROR
(releases that -attack fetches); NO_COLOR (no colours on a terminal).

Examples:
  assess -controls site.json -kev kev.json -o report.html advisory.json
  assess -store bolt:site.db -controls site.json advisory.json
  assess -draft ollama:llama3.1 -format json -o report.json findings.json
`

// options are the flags.
type options struct {
	attack, controls, kev, epss, store, draft, format, out string
	remove                                                 string
	strict, sources, suggest                               bool
	files                                                  []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("assess", flag.ContinueOnError)
	once := func(name string, to *string, usage string) {
		given := false
		fs.Func(name, usage, func(value string) error {
			if given {
				return errors.New("given twice")
			}
			given, *to = true, value
			return nil
		})
	}
	o.store, o.draft = "mem", "template"
	once("attack", &o.attack, "official ATT&CK bundle, or version to fetch once, such as 18.1 (`FILE|VERSION`); default: the embedded facts of 19.1")
	once("controls", &o.controls, cli.ControlsUsage)
	once("kev", &o.kev, "`FILE` with CISA's known exploited vulnerabilities in JSON: marks findings by their CVEs")
	once("epss", &o.epss, "`FILE` with FIRST's EPSS scores in CSV: gives findings without a score the highest of their CVEs'")
	once("store", &o.store, "keep the graph and go on from what it holds: `STORE` is mem (the default), bolt:PATH or postgres:DSN")
	once("draft", &o.draft, "who writes drafts: `WRITER` is none, template (the default) or ollama:MODEL")
	once("format", &o.format, "`FORMAT` is text (the default), json, jsonl, markdown, html, navigator (an ATT&CK Navigator layer), stix (a STIX 2.1 bundle) or sarif (SARIF 2.1.0); unset, it is as FILE of -o ends: .md, .html, .layer.json, .stix.json, .sarif and so on. jsonl is for fleets, a line for each finding while they are read, and a last one with a summary, without which the run did not come to its end; not with -store")
	once("o", &o.out, "write to `FILE` instead of standard output")
	fs.BoolVar(&o.strict, "strict", false, "exit with code 3 when a gap remains that -controls does not accept")
	fs.BoolVar(&o.suggest, "suggest", false, "for findings that lead to no technique, suggest some from their words; examples/accuracy says how often that is right. Nothing counts them")
	fs.BoolVar(&o.sources, "sources", false, "list where what the -store holds comes from, and end")
	once("remove", &o.remove, "drop the source `KEY` of -sources from the -store, and end")
	var err error
	if o.files, err = cli.Parse(fs, args, stderr, usage, examples); err != nil {
		return o, err
	}
	if o.format == "" {
		var known bool
		if o.format, known = formatOf(o.out); !known && filepath.Ext(o.out) != "" {
			fmt.Fprintf(stderr, "note: %s is the ending of no format, so %s becomes text; -format names another\n", finding.Plain(filepath.Ext(o.out), 80), finding.Plain(o.out, 200))
		}
	}
	if err := cli.Choice("format", o.format, formatNames()...); err != nil {
		return o, err
	}
	switch {
	case !o.sources && o.remove == "":
	case o.store == "mem":
		return o, cli.Misuse("-sources and -remove are about a -store that is kept")
	case o.sources && o.remove != "", len(o.files) > 0:
		return o, cli.Misuse("-sources and -remove do nothing else: want one of them, and no FILE")
	}
	if err := cli.CheckStore(o.store); err != nil {
		return o, err
	}
	if o.format == "jsonl" && o.store != "mem" {
		return o, cli.Misuse("-store %s: -format jsonl keeps no finding, so there is nothing to store; use -format json", o.store)
	}
	if o.draft != "none" && o.draft != "template" && !(strings.HasPrefix(o.draft, "ollama:") && len(o.draft) > len("ollama:")) {
		return o, cli.Misuse("-draft %q: want none, template or ollama:MODEL", o.draft)
	}
	if from := slices.Index(o.files, "-"); o.controls == "-" && from >= 0 {
		return o, cli.Misuse("-controls -: standard input is a FILE already")
	} else if from >= 0 && slices.Contains(o.files[from+1:], "-") {
		return o, cli.Misuse("-: standard input is given twice")
	}
	if err := cli.SpareStore(o.out, o.store); err != nil {
		return o, err
	}
	return o, cli.SpareInputs(o.out, append([]string{o.attack, o.controls, o.kev, o.epss}, o.files...)...)
}

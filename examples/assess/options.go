package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
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

Environment: OLLAMA_HOST (server of -draft ollama:MODEL); MITIGRAPH_CACHE,
MITIGRAPH_OFFLINE and MITIGRAPH_ATTACK_MIRROR (releases that -attack fetches).

Examples:
  assess -controls site.json -kev kev.json -epss epss.csv.gz advisory.json
  assess -store bolt:site.db -controls site.json advisory.json
  assess -draft ollama:llama3.1 -format json -o report.json findings.json
`

// formats are what -format may be.
var formats = []string{"text", "json", "jsonl"}

// options are the flags.
type options struct {
	attack, controls, kev, epss, store, draft, format, out string
	strict                                                 bool
	files                                                  []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("assess", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
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
	o.store, o.draft, o.format = "mem", "template", "text"
	once("attack", &o.attack, "official ATT&CK bundle (`FILE|VERSION`: .json or .json.gz, or a version to fetch once, such as 18.1); default: the embedded facts of 19.1")
	once("controls", &o.controls, "`FILE` with deployed mitigations and device constraints")
	once("kev", &o.kev, "`FILE` with CISA's catalogue of known exploited vulnerabilities in JSON: marks findings by their CVEs")
	once("epss", &o.epss, "`FILE` with FIRST's EPSS scores in CSV: gives findings without a score the highest of their CVEs'")
	once("store", &o.store, "keep the graph and go on from what it holds: `STORE` is mem (the default), bolt:PATH or postgres:DSN")
	once("draft", &o.draft, "who writes drafts: `WRITER` is none, template (the default) or ollama:MODEL")
	once("format", &o.format, "`FORMAT` is text (the default), json, or jsonl: for fleets, a line for each finding while they are read, and a last one with a summary, without which the run did not come to its end; not with -store")
	once("o", &o.out, "write to `FILE` instead of standard output")
	fs.BoolVar(&o.strict, "strict", false, "exit with code 3 when a gap remains")
	// Flags may stand behind files, where package flag would end.
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, usage)
			fs.SetOutput(stderr)
			fs.PrintDefaults()
			fmt.Fprint(stderr, examples)
			return o, err
		}
		if err != nil {
			return o, cli.Misuse("%w; -h lists the flags", err)
		}
		if n := len(args) - fs.NArg(); n > 0 && args[n-1] == "--" { // what follows is files
			o.files = append(o.files, fs.Args()...)
			break
		}
		if fs.NArg() == 0 {
			break
		}
		o.files = append(o.files, fs.Arg(0))
		args = fs.Args()[1:]
	}
	if !slices.Contains(formats, o.format) {
		return o, cli.Misuse("-format %q: want text, json or jsonl", o.format)
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
	return o, o.spareInputs()
}

// spareInputs refuses to write over what is read.
func (o options) spareInputs() error {
	out, err := os.Stat(o.out)
	if o.out == "" || err != nil || !out.Mode().IsRegular() {
		return nil
	}
	for _, name := range append([]string{o.attack, o.controls, o.kev, o.epss}, o.files...) {
		if in, err := os.Stat(name); name != "" && err == nil && os.SameFile(in, out) {
			return cli.Misuse("-o %s: that is also an input", o.out)
		}
	}
	return nil
}

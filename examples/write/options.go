package main

import (
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
)

const usage = `Usage: write TASK [flags] [FILE...]

Drafts one text about a site from what ATT&CK for ICS and its findings say. TASK
is one of

  mitigation         what to do about a gap of the assessment (-gap)
  incident-response  a plan for an incident: safe state, who decides, the phases
  policy             a security policy, each requirement traced to a mitigation
  training           material for operators, and a quiz with its answers
  report             what the techniques that a report names mean here (-report)
  triage             affected? reachable? what first? about a finding (-finding)
  measure            each of these once, by each WRITER of -draft (a list with
                     commas): a page in Markdown, as models.md here is one, on
                     how many answers are accepted and why others are not

FILE is what examples/assess reads; without one what the store holds is read, or
else the embedded sample site.

`

const examples = `
Exit codes: 0 done, 1 failed, 2 wrong use, unreadable input, or nothing to write
about.

Environment: OLLAMA_HOST (server of -draft ollama:MODEL); MITIGRAPH_CACHE
(folder of answers and releases that are kept); MITIGRAPH_OFFLINE and
MITIGRAPH_ATTACK_MIRROR (releases that -attack fetches).

Examples:
  write incident-response
  write triage -finding F-02 -format markdown
  write report -report news.txt -controls site.json findings.json
  write measure -draft template,ollama:smollm2:135m -machine "2 cores, no GPU"
`

var tasks = []string{"mitigation", "incident-response", "policy", "training", "report", "triage", "measure"}

// options are the flags.
type options struct {
	task                                                                                   string
	attack, controls, kev, epss, store, draft, format, out, finding, report, machine, keep string
	timeout                                                                                time.Duration // of measure
	gap                                                                                    int
	files                                                                                  []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("write", flag.ContinueOnError)
	given := map[string]bool{}
	once := func(name string, to *string, usage string) {
		fs.Func(name, usage, func(value string) error {
			if given[name] {
				return errors.New("given twice")
			}
			given[name], *to = true, value
			return nil
		})
	}
	o.store, o.draft, o.format = "mem", "template", "text"
	once("attack", &o.attack, "official ATT&CK bundle, or version to fetch once, such as 18.1 (`FILE|VERSION`); default: the embedded facts of 19.1")
	once("controls", &o.controls, cli.ControlsUsage)
	once("kev", &o.kev, "`FILE` with CISA's known exploited vulnerabilities in JSON")
	once("epss", &o.epss, "`FILE` with FIRST's EPSS scores in CSV")
	once("store", &o.store, "go on from what a kept graph holds, and keep the draft in it: `STORE` is mem (the default), bolt:PATH or postgres:DSN")
	once("draft", &o.draft, "who writes: `WRITER` is template (the default) or ollama:MODEL")
	once("format", &o.format, "`FORMAT` is text (the default), markdown or json")
	once("o", &o.out, "write to `FILE` instead of standard output")
	once("finding", &o.finding, "triage: the finding's `ID`")
	once("report", &o.report, "report: `FILE` with the text of a threat report; \"-\" is standard input")
	once("machine", &o.machine, "measure: what the models run on, in `words`: \"2 cores, no GPU\"")
	once("keep", &o.keep, "measure: keep the drafts and all answers in this `FOLDER`")
	fs.DurationVar(&o.timeout, "timeout", 0, "measure: the `time` that an answer may take; default 2m")
	fs.IntVar(&o.gap, "gap", 0, "mitigation: the gap's `number`; default 0, the most urgent")
	words, err := cli.Parse(fs, args, stderr, usage, examples)
	if err != nil {
		return o, err
	}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if len(words) == 0 {
		return o, cli.Misuse("the first word is to be a task: %s; -h says more", strings.Join(tasks, ", "))
	}
	if err := cli.OneOf("task", words[0], tasks...); err != nil {
		return o, err
	}
	o.task, o.files = words[0], words[1:]
	for name, task := range map[string]string{"finding": "triage", "report": "report", "gap": "mitigation", "machine": "measure", "keep": "measure", "timeout": "measure"} {
		if given[name] && o.task != task {
			return o, cli.Misuse("-%s is for the task %s", name, task)
		}
	}
	switch {
	case o.task == "triage" && o.finding == "":
		return o, cli.Misuse("triage needs -finding ID")
	case o.task == "report" && o.report == "":
		return o, cli.Misuse("report needs -report FILE")
	case !slices.Contains([]string{"text", "markdown", "json"}, o.format):
		return o, cli.Misuse("-format %q: want text, markdown or json", o.format)
	case o.task == "measure" && o.format != "text" && o.format != "markdown":
		return o, cli.Misuse("-format %s: measure writes Markdown", o.format)
	case o.task == "measure" && o.store != "mem":
		return o, cli.Misuse("-store %s: measure keeps no draft", o.store)
	case o.task == "measure":
		for _, who := range strings.Split(o.draft, ",") {
			if who != "template" && !(strings.HasPrefix(who, "ollama:") && len(who) > len("ollama:")) {
				return o, cli.Misuse("-draft %q: want a list of template and ollama:MODEL", who)
			}
		}
	case o.draft != "template" && !(strings.HasPrefix(o.draft, "ollama:") && len(o.draft) > len("ollama:")):
		return o, cli.Misuse("-draft %q: want template or ollama:MODEL", o.draft)
	}
	if err := cli.CheckStore(o.store); err != nil {
		return o, err
	}
	from := 0
	for _, name := range append([]string{o.controls, o.report}, o.files...) {
		if name == "-" {
			from++
		}
	}
	if from > 1 {
		return o, cli.Misuse("-: standard input is given twice")
	}
	if err := cli.SpareStore(o.out, o.store); err != nil {
		return o, err
	}
	return o, cli.SpareInputs(o.out, append([]string{o.attack, o.controls, o.kev, o.epss, o.report}, o.files...)...)
}

// Command identify says which ATT&CK techniques texts speak of.
//
//	go run ./examples/identify [flags] [FILE]
//
// See -h for the flags. Exit codes: 0 done, 1 failed, 2 wrong use, or a line that
// can't be used: the message names it, and the others have their answers.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/identify"
)

func main() { cli.Main("identify", run) }

const usage = `Usage: identify [flags] [FILE]

Says which ATT&CK techniques texts speak of. FILE, or standard input, has one
text a line, or on a line {"id": "..", "text": "..", "exclude": ["S0603"]}. Each
gives a line, the best technique first, with the likelihood, 0 to 1, that it is
the right one:
{"id": "..", "techniques": [{"id": "..", "score": 0.71, "because": [".."]}]}
A text about something else gives no technique. Texts are taken to be English.
Without "id" it is the number of the line. Only an official release (-attack)
has the texts that make good answers: the embedded facts have names and
summaries.

`

const examples = `
Environment: OLLAMA_HOST (server of -embed ollama:MODEL); MITIGRAPH_CACHE,
MITIGRAPH_OFFLINE (fetched releases).

Examples:
  echo "The attacker changed the setpoints of the pumps" | identify -attack 19.1
  identify -attack 19.1 -exclude S0603,C0025 -top 10 report.txt
  identify -attack ics-attack.json -embed ollama:all-minilm:22m texts.jsonl
`

type options struct {
	attack, embed, file string
	top                 int
	exclude             []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("identify", flag.ContinueOnError)
	fs.StringVar(&o.attack, "attack", "", "official ATT&CK bundle, or version to fetch once, such as 18.1 (`FILE|VERSION`); default: the embedded facts of 19.1")
	fs.StringVar(&o.embed, "embed", "", "compare meanings too, by a `MODEL` for embeddings: ollama:MODEL")
	fs.IntVar(&o.top, "top", identify.DefaultTop, "give at most `N` techniques for a text")
	fs.Func("exclude", "do without what these groups, software or campaigns contributed: `ID,...`", func(s string) error {
		for id := range strings.SplitSeq(s, ",") {
			if id = strings.TrimSpace(id); id != "" {
				o.exclude = append(o.exclude, id)
			}
		}
		return nil
	})
	rest, err := cli.Parse(fs, args, stderr, usage, examples)
	switch {
	case err != nil:
		return o, err
	case len(rest) > 1:
		return o, cli.Misuse("%d files given, want one", len(rest))
	case o.top < 1:
		return o, cli.Misuse("-top %d: want at least 1", o.top)
	}
	o.file = strings.Join(rest, "")
	return o, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	name, in := "standard input", stdin
	if o.file != "" && o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return &cli.InputError{Err: err}
		}
		defer f.Close()
		name, in = o.file, f
	}
	catalog, err := cli.LoadAttack(ctx, o.attack)
	if err != nil {
		return err
	}
	cli.TellWarnings(stderr, cli.Warnings(catalog, nil), "")
	embedder, err := cli.LoadEmbedder(ctx, o.embed)
	if err != nil {
		return err
	}
	model, err := identify.New(ctx, catalog, identify.Options{Embedder: embedder})
	switch {
	case errors.Is(err, identify.ErrNoTechniques), errors.Is(err, identify.ErrTooLarge):
		return cli.Misuse("-attack: %w", err)
	case err != nil:
		return err
	}
	if _, err := model.Identify(ctx, "", identify.Query{Exclude: o.exclude}); err != nil {
		return unusable(fmt.Errorf("-exclude: %w", err))
	}
	return answer(ctx, model, o, name, in, stdout, stderr)
}

// unusable tells input that can't be used from what failed.
func unusable(err error) error {
	if errors.Is(err, identify.ErrUnknown) {
		return &cli.InputError{Err: err}
	}
	return err
}

// question is a line of the input.
type question struct {
	ID      *string  `json:"id"`
	Text    *string  `json:"text"`
	Exclude []string `json:"exclude"`
}

// read reads the line of a number; a line that is no object is a text.
func read(line []byte, number int) (q question, err error) {
	if line[0] == '{' {
		if err := json.Unmarshal(line, &q); err != nil {
			return q, &cli.InputError{Err: err}
		}
		if q.Text == nil {
			return q, cli.Misuse(`has no "text"`)
		}
	} else {
		text := string(line)
		q.Text = &text
	}
	if q.ID == nil {
		id := strconv.Itoa(number)
		q.ID = &id
	}
	return q, nil
}

// technique is one of an answer.
type technique struct {
	ID      string   `json:"id"`
	Score   float64  `json:"score"`
	Because []string `json:"because"`
}

// longestLine is the longest that is read, in bytes.
const longestLine = 8 << 20

// answer answers line after line. One that can't be used is named and costs no
// other its answer.
func answer(ctx context.Context, model *identify.Model, o options, name string, in io.Reader, stdout, stderr io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), longestLine)
	n, unread, answered, recognised := 0, 0, 0, 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff")))
		if len(line) == 0 {
			continue
		}
		q, err := read(line, n)
		if err == nil {
			var found int
			if found, err = one(ctx, model, o, q, stdout); err == nil {
				answered++
				recognised += found
			}
		}
		var wrong *cli.InputError
		switch {
		case errors.As(err, &wrong):
			unread++
			fmt.Fprintf(stderr, "warning: %s: line %d: %s; it has no answer\n", name, n, finding.Plain(err.Error(), 400))
		case err != nil:
			return fmt.Errorf("%s: line %d: %w", name, n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return cli.Misuse("%s: line %d is longer than %d MiB", name, n+1, longestLine>>20)
	case err != nil:
		return cli.UnlessEnded(ctx, fmt.Errorf("%s: %w", name, err))
	case ctx.Err() == nil && unread > 0:
		return cli.Misuse("%s: %d of %d lines could not be used", name, unread, n)
	}
	if ctx.Err() == nil && recognised == 0 {
		tellNothing(stderr, o, name, answered)
	}
	return ctx.Err()
}

// tellNothing says what to try where no text was answered with a technique.
func tellNothing(stderr io.Writer, o options, name string, texts int) {
	switch {
	case texts == 0:
		fmt.Fprintf(stderr, "note: %s holds no text; want one a line\n", name)
	case o.attack == "":
		fmt.Fprintf(stderr, "note: no technique was recognised in %s; with the texts of an official release, such as -attack 19.1, more are\n", name)
	default:
		fmt.Fprintf(stderr, "note: no technique was recognised in %s; what a device or an attacker does says more than a product's name\n", name)
	}
}

// one answers a question, and returns how many techniques the answer has.
func one(ctx context.Context, model *identify.Model, o options, q question, stdout io.Writer) (int, error) {
	found, err := model.Identify(ctx, *q.Text, identify.Query{Top: o.top, Exclude: append(q.Exclude, o.exclude...)})
	if err != nil {
		return 0, unusable(err)
	}
	out := struct {
		ID         string      `json:"id"`
		Techniques []technique `json:"techniques"`
	}{*q.ID, []technique{}}
	for _, m := range found {
		t := technique{ID: m.ID, Score: math.Round(m.Score*1e4) / 1e4, Because: []string{}}
		for _, r := range m.Because {
			t.Because = append(t.Because, finding.Plain(r.String(), 400))
		}
		out.Techniques = append(out.Techniques, t)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		return 0, err
	}
	_, err = stdout.Write(inert(b.Bytes()))
	return len(found), err
}

// inert escapes what a terminal might act upon, which JSON may hold in strings.
func inert(line []byte) []byte {
	out := make([]byte, 0, len(line))
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		switch {
		case r < utf8.RuneSelf && r != 0x7f || unicode.IsPrint(r):
			out = append(out, line[:n]...)
		case r > 0xffff:
			a, b := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, a, b)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		line = line[n:]
	}
	return out
}

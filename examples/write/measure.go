package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/examples/internal/reported"
	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// measuredReport is the report that is explained where models are measured.
const measuredReport = `The intruders came in with the password of the maker.
Then they sent unauthorized commands to the pumps, and a denial of view followed.`

// measuredTasks are one of each kind: the most urgent gap, and the riskiest
// finding. Kinds that the site gives nothing to write about are left out.
func measuredTasks(ctx context.Context, s *graph.Snapshot, a *graph.Assessment) ([]genai.Task, error) {
	var tasks []genai.Task
	if len(a.Gaps) > 0 {
		tasks = append(tasks, genai.Mitigation(0))
	}
	tasks = append(tasks, genai.IncidentResponse(), genai.SecurityPolicy(), genai.Training())
	r, err := reported.Techniques(ctx, s.Catalog(), measuredReport)
	if err != nil {
		return nil, err
	}
	if len(r.Found) > 0 {
		tasks = append(tasks, genai.ThreatReport("report.txt", measuredReport, r.Found))
	}
	if len(a.Findings) > 0 {
		worst := slices.MaxFunc(a.Findings, func(x, y graph.FindingResult) int {
			return cmp.Or(cmp.Compare(x.Score, y.Score), cmp.Compare(y.ID, x.ID))
		})
		tasks = append(tasks, genai.Triage(worst.ID))
	}
	return tasks, nil
}

// timed is a writer that is watched.
type timed struct {
	genai.Writer

	mu     sync.Mutex
	kept   *bytes.Buffer // of each answer a line of JSON with what was asked; nil for none
	tokens int
	took   time.Duration // of the answers whose tokens are known
}

func (w *timed) Ready(ctx context.Context) error {
	if r, ok := w.Writer.(interface{ Ready(context.Context) error }); ok {
		return r.Ready(ctx)
	}
	return nil
}

func (w *timed) ContextTokens() int {
	if l, ok := w.Writer.(interface{ ContextTokens() int }); ok {
		return l.ContextTokens()
	}
	return 0
}

func (w *timed) Parameters() int64 {
	if l, ok := w.Writer.(interface{ Parameters() int64 }); ok {
		return l.Parameters()
	}
	return 0
}

func (w *timed) Write(ctx context.Context, r genai.Request) (genai.Answer, error) {
	begin, heard := time.Now(), 0
	listener := r.Streaming
	r.Streaming = func(tokens int) {
		heard = tokens
		if listener != nil {
			listener(tokens)
		}
	}
	answer, err := w.Writer.Write(ctx, r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kept != nil {
		line, jsonErr := json.Marshal(map[string]any{"prompt": r.Prompt, "repair": r.Repair, "seed": r.Seed, "answer": answer.Text, "error": fmt.Sprint(err)})
		if jsonErr == nil {
			fmt.Fprintf(w.kept, "%s\n", line)
		}
	}
	w.tokens += max(heard, answer.OutputTokens)
	w.took += time.Since(begin)
	return answer, err
}

// results are the drafts of one writer.
type results struct {
	who, parameters string
	drafts          []graph.Draft
	took            time.Duration
	each            []time.Duration
	tokens          int
	writing         time.Duration
}

// measure has each writer do each kind of task once and writes a page about it.
func measure(ctx context.Context, o options, stdin io.Reader, stdout, stderr io.Writer) error {
	l, err := cli.Load(ctx, cli.Input{Attack: o.attack, Controls: o.controls, Findings: o.files, KEV: o.kev, EPSS: o.epss}, stdin, stderr)
	if err != nil {
		return err
	}
	defer l.Graph.Close()
	a, err := l.Now.Assess(ctx)
	if err != nil {
		return err
	}
	tasks, err := measuredTasks(ctx, l.Now, a)
	if err != nil {
		return err
	}
	var all []results
	for _, who := range strings.Split(o.draft, ",") {
		var r results
		if r, tasks, err = measureOne(ctx, l.Now, a, tasks, who, o, stderr); err != nil {
			return err
		}
		all = append(all, r)
	}
	return cli.Output(o.out, page(o, tasks, all), stdout)
}

// measureOne returns what one writer made of the tasks, and those of them that
// there was something to write about.
func measureOne(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, tasks []genai.Task, who string, o options, stderr io.Writer) (results, []genai.Task, error) {
	r := results{who: who}
	w := &timed{Writer: template.Writer{}}
	if name, ok := strings.CutPrefix(who, "ollama:"); ok {
		model, err := ollama.New("", name)
		if err != nil {
			return r, nil, &cli.InputError{Err: err}
		}
		report, err := model.Check(ctx, func(context int) (genai.Need, error) { return genai.Needs(ctx, s, a, tasks, context) })
		if err != nil {
			return r, nil, err
		}
		w.Writer = model
		r.parameters = strings.TrimSpace(report.Parameters + " " + report.Quantization)
	}
	var done []genai.Task
	for _, t := range tasks {
		begin := time.Now()
		if o.keep != "" {
			w.kept = &bytes.Buffer{}
		}
		d, err := genai.Draft(ctx, s, a, t, w, genai.Options{Timeout: o.timeout})
		switch {
		case errors.Is(err, genai.ErrNothing):
			continue
		case err != nil:
			return r, nil, err
		}
		r.took, r.each = r.took+time.Since(begin), append(r.each, time.Since(begin))
		r.drafts, done = append(r.drafts, d), append(done, t)
		if cli.IsTerminal(stderr) {
			fmt.Fprintf(stderr, "%s: %s: %s, %.0f s\n", who, finding.Plain(t.String(), 80), outcome(d), time.Since(begin).Seconds())
		}
		if o.keep != "" {
			b, err := options{format: "json"}.render(d)
			if err != nil {
				return r, nil, err
			}
			name := strings.Map(func(r rune) rune {
				if r == '/' || r == ':' || r == '\\' {
					return '-'
				}
				return r
			}, who+"-"+t.Name())
			for ending, b := range map[string][]byte{".json": b, ".answers.jsonl": w.kept.Bytes()} {
				if err := cli.Output(filepath.Join(o.keep, name+ending), b, io.Discard); err != nil {
					return r, nil, fmt.Errorf("-keep: %w", err)
				}
			}
		}
	}
	r.tokens, r.writing = w.tokens, w.took
	return r, done, nil
}

const (
	atFirst  = "accepted whole"
	repaired = "accepted by claims"
	fallback = "the template stood in"
)

func outcome(d graph.Draft) string {
	switch {
	case d.Checks.Fallback:
		return fallback
	case strings.HasSuffix(d.Checks.Prompt, genai.ClaimPrompt):
		return repaired
	}
	return atFirst
}

// own counts the claims in the writer's words, of all.
func own(drafts ...graph.Draft) (n, of int) {
	for _, d := range drafts {
		claims := 0
		for range d.Text.Claims() {
			claims++
		}
		of += claims
		if !d.Checks.Fallback {
			n += claims - len(d.Checks.TemplateClaims)
		}
	}
	return n, of
}

// kinds are the checks that rejected something, with how often each did.
func kinds(drafts ...graph.Draft) string {
	count := map[string]int{}
	for _, d := range drafts {
		for _, r := range d.Checks.Rejections {
			count[r.Check]++
		}
	}
	if len(count) == 0 {
		return "none"
	}
	var out []string
	for _, k := range slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) }) {
		out = append(out, fmt.Sprintf("%s %d", k, count[k]))
	}
	return strings.Join(out, ", ")
}

// page is what was measured, in Markdown. But for the times it is the same
// for the same answers.
func page(o options, tasks []genai.Task, all []results) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	cell := func(s string) string { return strings.ReplaceAll(finding.Plain(s, 120), "|", "/") }
	limit := o.timeout
	if limit <= 0 {
		limit = 2 * time.Minute
	}
	about := "the sample site"
	if len(o.files) > 0 {
		about = fmt.Sprintf("%d files of findings", len(o.files))
	}
	words := []string{"go run ./examples/write measure -draft " + o.draft}
	if o.timeout > 0 {
		words = append(words, "-timeout "+o.timeout.String())
	}
	if o.machine != "" {
		words = append(words, fmt.Sprintf("-machine %q", o.machine))
	}
	line("# What models make of the tasks\n\nWritten by `%s`.\n", cell(strings.Join(words, " ")))
	line("Each kind of task was asked for once of each writer, about %s. An answer is accepted when", about)
	line("package verify has nothing against it. After a rejected whole, and with a model of less than a")
	line("billion parameters at once, each claim is asked for by itself; those in the writer's words are")
	line("its own, the others the template's, which stands in for the draft where they are less than")
	line("half. An answer may take %v. Few drafts say little: n", limit)
	line("stands beside each share. Times are of a machine that may have had other work.\n")
	line("Machine: %s.\n", cmp.Or(cell(o.machine), "not said"))
	var versions []string
	for _, t := range tasks {
		versions = append(versions, t.Prompt())
	}
	line("Prompts: %s.\n", strings.Join(append(versions, genai.ClaimPrompt), ", "))
	line("## Writers\n")
	line("| writer | model | n | accepted whole | by claims | template stood in | own claims | s a draft | tokens a second | reasons against answers |")
	line("|---|---|--:|--:|--:|--:|--:|--:|--:|---|")
	for _, r := range all {
		count := map[string]int{}
		for _, d := range r.drafts {
			count[outcome(d)]++
		}
		n := max(1, len(r.drafts))
		share := func(k string) string { return fmt.Sprintf("%.0f %%", 100*float64(count[k])/float64(n)) }
		claims, total := own(r.drafts...)
		speed := "-"
		if r.tokens > 0 && r.writing > 0 {
			speed = fmt.Sprintf("%.1f", float64(r.tokens)/r.writing.Seconds())
		}
		line("| %s | %s | %d | %s | %s | %s | %d of %d | %.1f | %s | %s |", cell(r.who), cmp.Or(cell(r.parameters), "none"), len(r.drafts),
			share(atFirst), share(repaired), share(fallback), claims, total, r.took.Seconds()/float64(n), speed, kinds(r.drafts...))
	}
	line("\n## Tasks\n")
	line("| task | writer | answers | outcome | own claims | s | reasons against answers |")
	line("|---|---|--:|---|--:|--:|---|")
	for i, t := range tasks {
		for _, r := range all {
			if i < len(r.drafts) {
				d := r.drafts[i]
				claims, total := own(d)
				took := "-" // the template's is too short to tell
				if r.tokens > 0 {
					took = fmt.Sprintf("%.0f", r.each[i].Seconds())
				}
				line("| %s | %s | %d | %s | %d of %d | %s | %s |", cell(t.String()), cell(r.who), d.Checks.Attempts, outcome(d), claims, total, took, kinds(d))
			}
		}
	}
	line("\n## Weights\n")
	for _, r := range all {
		digest := ""
		for _, d := range r.drafts {
			digest = cmp.Or(digest, d.Checks.Model)
		}
		line("- %s: %s", cell(r.who), cmp.Or(cell(digest), "no model, or none that answered"))
	}
	return b.Bytes()
}

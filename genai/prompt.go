package genai

import (
	"cmp"
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// The prompts, one file for a version of a task's. What a changed text would
// be is a new version in a new file.
//
//go:embed prompts/*.txt
var promptFiles embed.FS

// prompt reads a version's text.
func prompt(version string) *template.Template {
	return template.Must(template.ParseFS(promptFiles, "prompts/"+version+".txt"))
}

// The parts of the context that are not evidence, in tokens.
const (
	maxAnswerTokens = 1500 // enough for the longest answer that the schema allows
	frameTokens     = 64   // roles and separators of a chat
)

const maxRejections = 20 // of one answer, kept with the draft

// tokens estimates how many tokens a text has, rather too many: three bytes a
// token, where English has about four.
func tokens(s string) int { return (len(s) + 2) / 3 }

// newRequest packs as much evidence as the writer's context holds, from the
// first on, since it comes by value. It returns what was left out, and false
// when not enough fits.
func newRequest(k *kind, j job, evidence []graph.Evidence, context int) (r Request, leftOut []graph.Evidence, ok bool) {
	most := cmp.Or(k.tokens, maxAnswerTokens)
	if context > 0 {
		most = min(most, context/2)
	}
	for n := len(evidence); n > 0; n-- {
		p, ok := j.plan(evidence[:n:n])
		if !ok {
			break
		}
		r := newRequestOf(k, p, evidence, n)
		r.MaxTokens = most
		if context <= 0 || r.tokens() <= context {
			r.Schema, r.plan = verify.Schema(p.form, r.Evidence), p
			return r, evidence[n:], true
		}
	}
	return Request{}, evidence, false
}

// newRequestOf is the request over the first n of the evidence, as far as its
// size rests on it.
func newRequestOf(k *kind, p plan, evidence []graph.Evidence, n int) Request {
	asks := make([]string, len(p.asks))
	for i, s := range p.asks {
		asks[i] = quoted(s)
	}
	r := Request{Task: k.name, System: k.render("system", nil), Evidence: evidence[:n:n]}
	r.Prompt = k.render("task", taskData{p.words, asks, lines(r.Evidence), len(evidence) - n})
	return r
}

// tokens estimates what the request takes of the context, the answer
// included.
func (r Request) tokens() int {
	return frameTokens + tokens(r.System) + tokens(r.Prompt) + tokens(r.Repair) + r.MaxTokens
}

func (k *kind) render(name string, data any) string { return render(k.prompt, name, data) }

func render(prompt *template.Template, name string, data any) string {
	var b strings.Builder
	if err := prompt.ExecuteTemplate(&b, name, data); err != nil {
		panic(err) // the text is embedded, and its data are strings
	}
	return strings.TrimSpace(b.String())
}

// taskData is what a prompt's text may use.
type taskData struct {
	Words    map[string]string // of the task, see plan
	Asks     []string
	Evidence []string
	LeftOut  int
}

func lines(evidence []graph.Evidence) []string {
	out := make([]string, len(evidence))
	for i, e := range evidence {
		out[i] = fmt.Sprintf("%s (%s): %s", e.Handle, e.Provenance, quoted(e.Text))
	}
	return out
}

// quoted makes foreign text unable to end the data block that it stands in,
// or to pass for one of the marks that chat templates are made of.
func quoted(s string) string { return quoting.Replace(s) }

var quoting = strings.NewReplacer("<", "‹", ">", "›", "[", "(", "]", ")", "\n", " ", "\r", " ")

// cut shortens to a number of characters.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "..."
		}
	}
	return s
}

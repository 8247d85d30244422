package genai

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// promptVersion names the prompt text in a draft's checks. A changed text is
// a new version in a new file.
const promptVersion = "mitigation-v1"

//go:embed prompts/mitigation-v1.txt
var promptText string

var prompts = template.Must(template.New(promptVersion).Parse(promptText))

// The parts of the context that are not evidence, in tokens.
const (
	maxAnswerTokens = 1500 // enough for the longest answer that the schema allows
	repairTokens    = 400  // reserved for the reasons of a second attempt
	frameTokens     = 64   // roles and separators of a chat
)

const (
	maxReasons    = 8    // told to the writer
	maxRejections = 20   // of one attempt, kept with the draft
	maxPrevious   = 4000 // bytes of a rejected answer that are shown again
)

// tokens estimates how many tokens a text has, rather too many: three bytes a
// token, where English has about four.
func tokens(s string) int { return (len(s) + 2) / 3 }

// newRequest packs as much evidence as the writer's context holds, from the
// first on, since it comes by value. It returns how many pieces were left out
// and false when not even one fits.
func newRequest(g graph.Gap, evidence []graph.Evidence, context int) (r Request, leftOut int, ok bool) {
	r = Request{Gap: g, System: render("system", nil), MaxTokens: maxAnswerTokens}
	if context > 0 {
		r.MaxTokens = min(r.MaxTokens, context/2)
	}
	for n := len(evidence); n > 0; n-- {
		r.Evidence = evidence[:n:n]
		r.Prompt = render("task", task(g, r.Evidence, len(evidence)-n))
		if context <= 0 || r.tokens()+repairTokens <= context {
			r.Schema = verify.Schema(r.Evidence)
			return r, len(evidence) - n, true
		}
	}
	return Request{}, len(evidence), false
}

// tokens estimates what the request takes of the context, the answer
// included.
func (r Request) tokens() int {
	return frameTokens + tokens(r.System) + tokens(r.Prompt) + tokens(r.Previous) + tokens(r.Repair) + r.MaxTokens
}

// repair turns the request into a second attempt.
func (r Request) repair(previous string, rejected []graph.Rejection, context int) Request {
	reasons := make([]string, 0, maxReasons)
	for _, x := range rejected[:min(len(rejected), maxReasons)] {
		why := quoted(x.Why)
		if x.Where != "" {
			why = quoted(x.Where) + ": " + why
		}
		reasons = append(reasons, cut(why, 120))
	}
	r.Repair = render("repair", reasons)
	if len(previous) <= maxPrevious {
		r.Previous = previous
		if context > 0 && r.tokens() > context {
			r.Previous = ""
		}
	}
	return r
}

func render(name string, data any) string {
	var b strings.Builder
	if err := prompts.ExecuteTemplate(&b, name, data); err != nil {
		panic(err) // the text is embedded, and its data are strings
	}
	return strings.TrimSpace(b.String())
}

type taskData struct {
	Missing    string
	Candidates string
	Evidence   []string
	LeftOut    int
}

func task(g graph.Gap, evidence []graph.Evidence, leftOut int) taskData {
	d := taskData{Missing: missing[g.Kind], LeftOut: leftOut}
	if d.Missing == "" {
		d.Missing = "an answer"
	}
	for _, e := range evidence {
		d.Evidence = append(d.Evidence, fmt.Sprintf("%s (%s): %s", e.Handle, e.Provenance, quoted(e.Text)))
	}
	return d
}

// missing says for a writer what a kind of gap lacks.
var missing = map[graph.GapKind]string{
	graph.GapNoMitigation:    "a mitigation: ATT&CK lists none",
	graph.GapPlaceholderOnly: "a mitigation: ATT&CK only says that mitigation is limited or not effective",
	graph.GapNotFeasible:     "a mitigation that the devices allow: their constraints rule the official ones out",
	graph.GapNotDeployed:     "a deployed mitigation: official ones exist, none is in place",
	graph.GapNoDetection:     "a way to notice the technique: ATT&CK names nothing to collect",
	graph.GapNoTechnique:     "a technique: the findings lead to none",
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

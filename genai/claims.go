package genai

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// ClaimPrompt is the version of the prompt by which single claims are asked
// for, whatever the task.
const ClaimPrompt = "claim-v1"

var claimPrompt = prompt(ClaimPrompt)

const (
	claimTries  = 5   // answers for one claim
	claimTokens = 120 // of an answer
	claimReason = 120 // characters of a reason that the writer is told
	// leastWhole is how many parameters a model has that is asked for a whole
	// draft first. Of the one model measured, with 0.13 billion, no whole draft
	// was accepted and each took minutes; where the limit is best is not measured.
	leastWhole = 1_000_000_000
	mostAdded  = 5 // at most one word in so many may be new
	leastKept  = 4 // at most one word in so many may be lost
)

// slot is a claim of the template's text that a writer may word.
type slot struct {
	where, name   string   // the claim's place, and its section's name
	section, at   int      // in the text
	said          []string // the sentences of it that the evidence carries
	before, after []string // the other sentences, which stay
	cited         []graph.Evidence
}

// worder puts a text together whose structure is the template's, claim by
// claim in the words of a writer where these hold.
type worder struct {
	plan     plan
	evidence []graph.Evidence
	text     graph.DraftText // so far
	template graph.DraftText
	slots    []slot
	worded   map[string]bool // the places where the writer's words stand
	checks   map[string]func(graph.Claim) []graph.Rejection
}

func newWorder(p plan, evidence []graph.Evidence) (*worder, error) {
	w := &worder{plan: p, evidence: evidence, worded: map[string]bool{}, checks: map[string]func(graph.Claim) []graph.Rejection{}}
	var err error
	if w.template, err = p.compose(); err != nil {
		return nil, err
	}
	carried := verify.Claims(evidence)
	for i, s := range w.template {
		section := w.section(s.Name)
		s.Claims = slices.Clone(s.Claims)
		w.text = append(w.text, s)
		for k, c := range s.Claims {
			x := slot{where: s.Name, name: s.Name, section: i, at: k}
			if !s.Single {
				x.where = fmt.Sprintf("%s[%d]", s.Name, k)
			}
			for _, sentence := range sentences(c.Text) {
				switch {
				case note.MatchString(sentence): // true of the template's claim alone
				case section.Open, len(carried(graph.Claim{Text: sentence, Evidence: c.Evidence})) == 0:
					x.said = append(x.said, sentence)
				case x.said == nil:
					x.before = append(x.before, sentence)
				default:
					x.after = append(x.after, sentence)
				}
			}
			if len(x.said) == 0 {
				continue // general advice, which is the form's own
			}
			for _, e := range evidence {
				if slices.Contains(c.Evidence, e.Handle) {
					x.cited = append(x.cited, e)
				}
			}
			w.slots = append(w.slots, x)
		}
	}
	return w, nil
}

// claims asks for a text claim by claim, where an answer for the whole has left
// none: the claims of that answer which hold come first. Nil means that fewer
// than half of the claims are the writer's.
func (a *asking) claims(t Task, p plan, evidence []graph.Evidence, whole string) (graph.DraftText, error) {
	w, err := newWorder(p, evidence)
	if err != nil {
		return nil, err
	}
	if a.checks.Prompt != "" {
		a.checks.Prompt += ", "
	}
	a.checks.Prompt += ClaimPrompt
	w.keep(whole)
	total := 0
	for range w.text.Claims() {
		total++
	}
	for i, x := range w.slots {
		if left := len(w.slots) - i; 2*(len(w.worded)+left) < total {
			a.reject(graph.Rejection{Check: CheckWording, Why: fmt.Sprintf("not asked on: of %d claims the evidence carries %d, and %d of those are in the writer's words", total, len(w.slots), len(w.worded))})
			break
		}
		if w.worded[x.where] {
			continue
		}
		if silent, err := a.claim(t, w, x, whole != ""); err != nil {
			return nil, err
		} else if silent {
			break
		}
	}
	w.settle()
	if 2*len(w.worded) < total {
		return nil, nil
	}
	for where := range w.text.Claims() {
		if !w.worded[where] {
			a.checks.TemplateClaims = append(a.checks.TemplateClaims, where)
		}
	}
	return p.decided(w.text), nil
}

// claim asks for the words of one claim, sentence by sentence. It is the
// writer's when half of these are; silent says that the writer gave no answer at
// all.
func (a *asking) claim(t Task, w *worder, x slot, reasons bool) (silent bool, err error) {
	now, mine := slices.Clone(x.said), 0
	for k := range now {
		if left := len(now) - k; silent || 2*(mine+left) < len(now) {
			break
		}
		one := x
		one.said, one.before, one.after = now[k:k+1:k+1], slices.Concat(x.before, now[:k]), slices.Concat(now[k+1:], x.after)
		var said string
		if said, silent, err = a.sentence(t, w, one, reasons); err != nil {
			return false, err
		}
		if said != "" {
			now[k] = said
			mine++
		}
	}
	if 2*mine >= len(now) {
		w.worded[x.where] = true
	} else {
		w.restore(x)
	}
	return silent, nil
}

// sentence asks for the words of a slot with one sentence, some times. It is
// empty when none hold.
func (a *asking) sentence(t Task, w *worder, x slot, reasons bool) (words string, silent bool, err error) {
	r := x.request(t)
	if a.window > 0 && r.tokens()+tokens(strings.Repeat("x", claimReason)) > a.window {
		a.reject(graph.Rejection{Check: CheckContext, Where: x.where, Why: fmt.Sprintf("what this claim cites does not fit a context of %d tokens", a.window)})
		return "", false, nil
	}
	for r.Seed = range claimTries {
		answer, rejected, err := a.answer(r)
		if err != nil {
			return "", false, err
		}
		var said struct {
			Text string `json:"text"`
		}
		if len(rejected) == 0 {
			if len(answer.Text) > verify.MaxAnswer || json.Unmarshal([]byte(answer.Text), &said) != nil {
				rejected = []graph.Rejection{{Check: verify.CheckSchema, Why: "the answer is not the JSON object that was asked for"}}
			} else if words, rejected = w.take(x, said.Text); len(rejected) == 0 {
				return words, false, nil
			}
		}
		why := rejected[0]
		if why.Where == "" {
			why.Where = x.where
		}
		a.reject(why)
		if why.Check == CheckTimeout || why.Check == CheckServer {
			return "", true, nil
		}
		if reasons {
			r.Repair = render(claimPrompt, "repair", cut(quoted(why.Why), claimReason))
		}
	}
	return "", false, nil
}

// request asks for the words of a slot.
func (x slot) request(t Task) Request {
	data := map[string]any{"Section": title(x.name), "Evidence": lines(x.cited), "Said": quoted(strings.Join(x.said, " "))}
	return Request{
		Task: t.kind.name, Evidence: x.cited, Schema: claimSchema, MaxTokens: claimTokens,
		System: render(claimPrompt, "system", nil), Prompt: render(claimPrompt, "task", data),
	}
}

var claimSchema = json.RawMessage(`{"type":"object","properties":{"text":{"type":"string","minLength":20,"maxLength":400}},"required":["text"],"additionalProperties":false}`)

// keep takes what holds of the claims of a rejected answer, each for a slot of
// its section that cites one of the same handles.
func (w *worder) keep(raw string) {
	var whole graph.DraftText
	if len(raw) > verify.MaxAnswer || json.Unmarshal([]byte(raw), &whole) != nil {
		return
	}
	for _, x := range w.slots {
		s := w.text[x.section]
		for _, c := range whole.Section(s.Name) {
			shares := func(h string) bool { return slices.Contains(s.Claims[x.at].Evidence, h) }
			if !slices.ContainsFunc(c.Evidence, shares) {
				continue
			}
			if _, rejected := w.take(x, c.Text); len(rejected) == 0 {
				w.worded[x.where] = true
				break
			}
		}
	}
}

// settle holds the text as a whole against the evidence, and puts the
// template's claims back where something is against it.
func (w *worder) settle() {
	for len(w.worded) > 0 {
		rejected := append(verify.Draft(w.text, w.plan.form, w.evidence), disguised(w.text, w.evidence)...)
		if rejected = append(rejected, w.plan.verified(w.text)...); len(rejected) == 0 {
			return
		}
		named := func(where string) bool {
			return slices.ContainsFunc(rejected, func(r graph.Rejection) bool {
				rest, ok := strings.CutPrefix(r.Where, where)
				return ok && (rest == "" || rest[0] == '.')
			})
		}
		none := !slices.ContainsFunc(w.slots, func(x slot) bool { return w.worded[x.where] && named(x.where) })
		for _, x := range w.slots {
			if w.worded[x.where] && (none || named(x.where)) {
				w.restore(x)
				delete(w.worded, x.where)
			}
		}
	}
}

// restore puts the template's claim back in a slot.
func (w *worder) restore(x slot) {
	w.text[x.section].Claims[x.at] = w.template[x.section].Claims[x.at]
}

func (w *worder) section(name string) verify.Section {
	return w.plan.form[slices.IndexFunc(w.plan.form, func(s verify.Section) bool { return s.Name == name })]
}

var sentenceEnd = regexp.MustCompile(`([.!?]) +(\p{Lu})`)

// sentences splits a text of the template writer. Where a name looks like an
// end the pieces are smaller, and are verified all the same.
func sentences(s string) []string {
	return strings.Split(sentenceEnd.ReplaceAllString(s, "$1\x00$2"), "\x00")
}

// note is what the template says of itself, which would be wrong of a writer's
// words.
var note = regexp.MustCompile(`^This (?:draft|text) is assembled from the graph, not written by a person or a model\.$`)

// take puts a writer's words in a slot and returns them with an end, or says what
// stands against them.
func (w *worder) take(x slot, said string) (string, []graph.Rejection) {
	said = strings.Join(strings.Fields(said), " ")
	if why := x.against(said); why != "" {
		return "", []graph.Rejection{{Check: CheckWording, Where: x.where + ".text", Why: why}}
	}
	if !strings.ContainsAny(said[len(said)-1:], ".!?") {
		said += "."
	}
	claims := w.text[x.section].Claims
	was := claims[x.at]
	c := graph.Claim{Evidence: was.Evidence, Text: strings.Join(slices.Concat(x.before, []string{said}, x.after), " ")}
	for where, other := range w.text.Claims() {
		if where != x.where && slices.Equal(words(other.Text), words(c.Text)) {
			return "", []graph.Rejection{{Check: verify.CheckLength, Where: x.where + ".text", Why: "this says the same as " + where}}
		}
	}
	rejected := w.check(x, c)
	if len(rejected) == 0 {
		claims[x.at] = c
		if rejected = append(disguised(w.text, w.evidence), w.plan.verified(w.text)...); len(rejected) == 0 {
			return said, nil
		}
		claims[x.at] = was
	}
	return "", rejected
}

// check is package verify's judgement of a claim in a slot.
func (w *worder) check(x slot, c graph.Claim) []graph.Rejection {
	name := x.name
	section := w.section(name)
	if section.Open {
		section.Min, section.Max = 1, 1
		one := graph.DraftText{{Name: name, Single: section.Single, Claims: []graph.Claim{c}}}
		return verify.Draft(one, verify.Form{section}, w.evidence)
	}
	judge, ok := w.checks[name]
	if !ok {
		judge = verify.Claims(w.evidence, section)
		w.checks[name] = judge
	}
	rejected := judge(c)
	for i := range rejected {
		rejected[i].Where = x.where + "." + rejected[i].Where
	}
	return rejected
}

// against says why words are not a writer's own, or not what the template says
// there; empty where nothing is against them.
func (x slot) against(said string) string {
	mine := words(said)
	if len(mine) == 0 {
		return "there are no words"
	}
	given := words(strings.Join(x.said, " "))
	if within(mine, given) || within(given, mine) {
		return "these are the words of the template"
	}
	var all []string
	for _, e := range x.cited {
		if within(mine, words(e.Text)) {
			return "this only repeats " + e.Handle
		}
		all = append(all, words(e.Text)...)
	}
	for _, g := range given {
		if strings.ContainsFunc(g, unicode.IsDigit) && !slices.Contains(mine, g) {
			return fmt.Sprintf("%q is missing", g)
		}
	}
	if negations(mine) != negations(given) {
		return "it denies more or less than the sentence does"
	}
	if lost, of := absent(given, mine); len(lost)*leastKept > of {
		return fmt.Sprintf("too much is missing, such as %q", lost[0])
	}
	if added, of := absent(mine, append(all, given...)); len(added)*mostAdded > of {
		return fmt.Sprintf("too much is new, such as %q", added[0])
	}
	return ""
}

// words are those of a text in small letters. An ID is one, a label of a
// standard several, however they are joined.
func words(s string) []string {
	s = strings.ReplaceAll(strings.ToLower(s), "’", "'")
	list := strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._'", r)
	})
	for i := range list {
		list[i] = strings.Trim(list[i], "._'")
	}
	return slices.DeleteFunc(list, func(w string) bool { return w == "" })
}

// within reports whether words stand in a list in their order, though others
// may stand between them.
func within(list, in []string) bool {
	for _, w := range in {
		if len(list) > 0 && w == list[0] {
			list = list[1:]
		}
	}
	return len(list) == 0
}

var denying = []string{"no", "not", "none", "never", "neither", "nor", "nobody", "nothing", "without", "cannot"}

func negations(list []string) (n int) {
	for _, w := range list {
		if slices.Contains(denying, w) || strings.HasSuffix(w, "n't") {
			n++
		}
	}
	return n
}

// absent are the words of four letters or more that a list has and another has
// not, in no form, of how many there are.
func absent(list, in []string) (out []string, of int) {
	for _, w := range list {
		if len(w) < 4 {
			continue
		}
		of++
		begin := w[:max(4, len(w)-3)]
		if !slices.ContainsFunc(in, func(x string) bool { return strings.HasPrefix(x, begin) }) {
			out = append(out, w)
		}
	}
	return out, of
}

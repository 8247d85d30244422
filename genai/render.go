package genai

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// titles are the headings of tasks and sections; others are called by their
// names.
var titles = map[string]string{
	"": "Mitigation", "mitigation": "Mitigation", "incident-response": "Incident response plan", "security-policy": "Security policy",
	"training": "Training", "threat-report": "Threat report", "triage": "Triage",
	"summary": "Summary", "steps": "Steps", "limits": "What stays open",
	"safe_state": "Safe state and manual operation", "decisions": "Who decides", "preparation": "Preparation",
	"detection_analysis": "Detection and analysis", "containment_eradication_recovery": "Containment, eradication and recovery",
	"post_incident": "Post-incident activity",
	"scope":         "Scope", "requirements": "Requirements", "exceptions": "Exceptions", "review": "Review",
	"material": "For operators", "quiz": "Quiz",
	"techniques": "Techniques", "affected": "Affected?", "reachable": "Reachable?", "first": "What first",
}

func title(name string) string {
	if t, ok := titles[name]; ok {
		return t
	}
	return strings.ReplaceAll(name, "_", " ")
}

// standing is the line on top: what the draft is worth, and who wrote it.
func standing(d graph.Draft) string {
	mark := "DRAFT, not reviewed"
	if d.Status != "draft" {
		mark = "status: " + d.Status
	}
	s := mark + "; written by " + d.By()
	if d.Checks.Fallback && d.Checks.Asked != "" {
		s += " in place of " + d.Checks.Asked
	}
	s += "; status " + d.Status
	if n := d.Checks.LeftOut; n > 0 {
		s += fmt.Sprintf("; %d pieces of evidence were left out", n)
	}
	return s
}

// shown is a claim with what the graph says of it.
func shown(c graph.Claim) string {
	var marks []string
	for _, s := range []string{c.Verdict, c.Subject} {
		if s != "" && !strings.Contains(c.Text, s) {
			marks = append(marks, s)
		}
	}
	if len(marks) == 0 {
		return c.Text
	}
	return strings.Join(marks, ", ") + ": " + c.Text
}

// letter is the mark of an option.
func letter(i int) string {
	switch {
	case i < 0:
		return "?"
	case i < 26:
		return string(rune('a' + i))
	}
	return fmt.Sprint(i + 1)
}

// Markdown writes a draft as CommonMark for a person: what it is worth and who
// wrote it on top, the sections as headings, the handles of the evidence as
// marks, and the evidence with its provenance at the end. The answers of a quiz
// stand behind all questions.
//
// Whatever a draft or its evidence holds is text in it: it can begin no
// heading, list, link, image, address, table, code or HTML, whether the
// Markdown is read, shown on a terminal or turned into HTML; an @ is written
// "(at)". Any draft is written, also one that passed no check.
func Markdown(d graph.Draft) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s", finding.Markdown(title(d.Task)))
	line("\n**%s**", finding.Markdown(standing(d)))
	if d.ID != "" {
		line("\n%s", finding.Markdown(d.ID))
	}
	var answers []string
	for _, s := range d.Text {
		line("\n## %s\n", finding.Markdown(title(s.Name)))
		for i, c := range s.Claims {
			switch {
			case c.Quiz != nil:
				line("%d. %s", i+1, finding.Markdown(c.Quiz.Text))
				for j, o := range c.Quiz.Options {
					line("   - %s\\) %s", letter(j), finding.Markdown(o))
				}
				answers = append(answers, fmt.Sprintf("%d. %s\\) %s%s", i+1, letter(c.Quiz.Right), finding.Markdown(c.Text), handles(c, finding.Markdown)))
			case s.Single:
				line("%s%s", finding.Markdown(shown(c)), handles(c, finding.Markdown))
			default:
				line("- %s%s", finding.Markdown(shown(c)), handles(c, finding.Markdown))
			}
		}
	}
	if len(answers) > 0 {
		line("\n## Answers\n\n%s", strings.Join(answers, "\n"))
	}
	if len(d.Evidence) > 0 {
		line("\n## Evidence\n")
		for _, e := range d.Evidence {
			line("- %s \\(%s\\): %s", finding.Markdown(e.Handle), finding.Markdown(from(e)), finding.Markdown(e.Text))
		}
	}
	if len(d.Checks.LeftOutOf) > 0 {
		line("\n## Evidence left out\n")
		for _, o := range d.Checks.LeftOutOf {
			line("- %s: %s", finding.Markdown(o.Handle), finding.Markdown(o.About))
		}
	}
	return b.String()
}

func from(e graph.Evidence) string {
	if e.Source == "" {
		return e.Provenance
	}
	return e.Provenance + ", " + e.Source
}

func handles(c graph.Claim, as func(string) string) string {
	if len(c.Evidence) == 0 {
		return ""
	}
	marks := make([]string, len(c.Evidence))
	for i, h := range c.Evidence {
		marks[i] = as(h)
	}
	return " (" + strings.Join(marks, ", ") + ")"
}

const (
	defaultWidth = 100
	leastWidth   = 20
)

// Text writes a draft for a terminal, with what [Markdown] has, in lines of at
// most width columns; 100 where it is zero or less, and never fewer than 20.
// Whatever a draft or its evidence holds is printable text in it and nothing
// that a terminal obeys.
func Text(d graph.Draft, width int) string {
	if width <= 0 {
		width = defaultWidth
	}
	t := &page{width: max(width, leastWidth)}
	t.say("", title(d.Task))
	t.say("", standing(d))
	if d.ID != "" {
		t.say("", d.ID)
	}
	plain := func(s string) string { return s }
	var answers [][2]string
	for _, s := range d.Text {
		t.heading(title(s.Name))
		for i, c := range s.Claims {
			switch {
			case c.Quiz != nil:
				t.say(fmt.Sprintf("%d. ", i+1), c.Quiz.Text)
				for j, o := range c.Quiz.Options {
					t.say("   "+letter(j)+") ", o)
				}
				answers = append(answers, [2]string{fmt.Sprintf("%d. %s) ", i+1, letter(c.Quiz.Right)), c.Text + handles(c, plain)})
			case s.Single:
				t.say("", shown(c)+handles(c, plain))
			default:
				t.say("- ", shown(c)+handles(c, plain))
			}
		}
	}
	if len(answers) > 0 {
		t.heading("Answers")
		for _, a := range answers {
			t.say(a[0], a[1])
		}
	}
	if len(d.Evidence) > 0 {
		t.heading("Evidence")
		for _, e := range d.Evidence {
			t.say(finding.Plain(e.Handle, 8)+"  ", e.Text+" ["+from(e)+"]")
		}
	}
	if len(d.Checks.LeftOutOf) > 0 {
		t.heading("Evidence left out")
		for _, o := range d.Checks.LeftOutOf {
			t.say(finding.Plain(o.Handle, 8)+"  ", o.About)
		}
	}
	return t.String()
}

// page is text in lines of a width.
type page struct {
	strings.Builder
	width int
}

func (t *page) heading(s string) {
	t.WriteByte('\n')
	t.say("", strings.ToUpper(s))
}

// say writes words behind a prefix of this package's own; further lines are
// indented as far. A word that is wider than a line is broken.
func (t *page) say(prefix, s string) {
	if uniseg.StringWidth(prefix) > t.width/2 {
		prefix, s = "", prefix+s
	}
	room := t.width - uniseg.StringWidth(prefix)
	line, used := "", 0
	begin := prefix
	end := func() {
		t.WriteString(strings.TrimRight(begin+line, " "))
		t.WriteByte('\n')
		begin, line, used = strings.Repeat(" ", t.width-room), "", 0
	}
	for _, word := range strings.Fields(finding.Plain(s, 0)) {
		if n := uniseg.StringWidth(word); used > 0 && used+1+n > room {
			end()
		} else if used > 0 {
			line, used = line+" ", used+1
		}
		for g := uniseg.NewGraphemes(word); g.Next(); {
			if used+g.Width() > room && used > 0 {
				end()
			}
			line, used = line+g.Str(), used+g.Width()
		}
	}
	if used > 0 || slices.Contains([]string{prefix}, begin) {
		end()
	}
}

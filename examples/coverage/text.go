package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

const (
	width     = 100 // columns of the text
	nameWidth = 43  // of a mitigation's name in the matrix
	maxIDs    = 8   // shown of a list of IDs
)

// heads are the areas' names in the head of the matrix.
var heads = map[string]string{
	"vulnerability_detection": "VULN", "incident_response": "INCIDENT", "policy_generation": "POLICY",
	"user_training": "TRAINING", "threat_intelligence": "INTEL",
}

// marks are what the matrix has for a help.
var marks = map[graph.Reach]string{graph.ReachDirect: "##", graph.ReachSupporting: "+"}

// text writes a coverage for people.
type text struct {
	*bytes.Buffer
	c *graph.Coverage
}

// about is what the text says of the input.
type about struct {
	sample bool // the findings are the sample site's
	unread int  // records and parts of records that could not be read
}

func writeText(b *bytes.Buffer, c *graph.Coverage, in about, details bool) {
	t := text{b, c}
	t.summary(in)
	t.matrix()
	if details {
		t.details()
	}
	t.unreached()
	t.open()
	t.questions()
}

func (t text) line(format string, args ...any) {
	fmt.Fprintln(t, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// wrap writes words behind a first indent, and further lines behind spaces.
func (t text) wrap(indent, words string) {
	line, used := indent, utf8.RuneCountInString(indent)
	blank := strings.Repeat(" ", used)
	start := used
	for _, w := range strings.Fields(finding.Plain(words, 0)) {
		n := utf8.RuneCountInString(w)
		if used > start && used+1+n > width {
			t.line("%s", line)
			line, used = blank, start
		}
		if used > start {
			line += " "
			used++
		}
		line += w
		used += n
	}
	t.line("%s", line)
}

func (t text) summary(in about) {
	m, k := t.c.OfMitigations, t.c.OfTechniques
	findings := "those given"
	if in.sample {
		findings = "those of the sample site"
	}
	t.wrap("", fmt.Sprintf("What generative AI can do for the mitigations of ATT&CK %s %s: this project's judgement, tried nowhere. Findings are %s.",
		t.c.Attack.Domain, t.c.Attack.Version, findings))
	if in.unread > 0 {
		t.wrap("", count(in.unread, "record or part of one", "records or parts of records")+" of the input could not be read; the warnings name them.")
	}
	t.line("")
	t.line("%-13s%8s%12s%11s%10s%15s", "", "DIRECT", "SUPPORTING", "UNREACHED", "UNJUDGED", "NO MITIGATION")
	t.line("%-13s%8d%12d%11d%10d%15s", "mitigations", m.Direct, m.Supporting, m.Unreached, m.Unjudged, "")
	t.line("%-13s%8d%12d%11d%10d%15d", "techniques", k.Direct, k.Supporting, k.Unreached, k.Unjudged, k.NoMitigation)
	t.wrap("", "A technique counts by the best of its mitigations. That a text helps with one does not mean that the technique is prevented.")
}

func (t text) matrix() {
	t.heading("MATRIX", "## what a model writes is itself a part of the mitigation, once corrected; + it prepares, checks or keeps up what a device or a person does; - judged, and no area helps")
	head := fmt.Sprintf("  %-6s%-*s", "", nameWidth, "")
	for _, a := range t.c.Areas {
		head += fmt.Sprintf("%9s", headOf(a))
	}
	t.line("%s", head)
	for _, m := range t.c.Mitigations {
		row := fmt.Sprintf("  %-6s%-*s", m.ID, nameWidth, finding.Plain(m.Name, nameWidth-1))
		for _, a := range t.c.Areas {
			mark := "."
			switch m.Reach {
			case graph.ReachNone:
				mark = "-"
			case graph.ReachUnjudged:
				mark = "?"
			}
			for _, h := range m.Helps {
				if h.Area == a.ID {
					mark = marks[h.Reach]
				}
			}
			row += fmt.Sprintf("%9s", mark)
		}
		t.line("%s", row)
	}
	if t.c.OfMitigations.Unjudged > 0 {
		t.wrap("  ", "? nothing was judged of this mitigation")
	}
}

func headOf(a graph.Area) string {
	if h, ok := heads[a.ID]; ok {
		return h
	}
	return finding.Plain(strings.ToUpper(a.Name), 7)
}

func (t text) details() {
	t.heading("WHAT EACH AREA MEANS", "")
	for _, a := range t.c.Areas {
		t.wrap("  ", fmt.Sprintf("%s (%s): %s", headOf(a), a.Name, a.Means))
	}
	t.heading("HOW, AT WHAT RISK, AND WHY IT IS SAID", "with the confidence of the judgement, 0 to 1")
	for _, m := range t.c.Mitigations {
		if len(m.Helps) == 0 {
			continue
		}
		t.wrap("  ", m.ID+" "+m.Name)
		for _, h := range m.Helps {
			t.line("    %s, %s, %.2f", strings.ReplaceAll(h.Area, "_", " "), h.Reach, h.Confidence)
			t.wrap("      how  ", h.How)
			t.wrap("      risk ", h.Risk)
			t.wrap("      why  ", h.Rationale)
		}
	}
}

func (t text) unreached() {
	t.heading("UNREACHED", "mitigations that no area helps with, and why; with the techniques and findings on which they bear")
	for _, m := range t.c.Mitigations {
		if m.Reach != graph.ReachNone {
			continue
		}
		bears := "no technique"
		if len(m.Techniques) > 0 {
			bears = on(m.Techniques, m.Findings)
		}
		t.wrap("  ", m.ID+" "+m.Name+": "+bears)
		t.wrap("        ", m.Why)
	}
}

// reasons are why a technique is left open.
var reasons = []struct {
	reason graph.OpenReason
	means  string
}{
	{graph.OpenUnreached, "no area reaches any of their mitigations"},
	{graph.OpenPlaceholder, "ATT&CK lists only M0816, that mitigation is limited or not effective"},
	{graph.OpenNoMitigation, "ATT&CK lists no mitigation"},
}

func (t text) open() {
	t.heading("LEFT OPEN", "techniques that no area touches through a mitigation")
	for _, r := range reasons {
		n := 0
		for _, o := range t.c.Open {
			if o.Reason != r.reason {
				continue
			}
			if n++; n == 1 {
				t.line("  %s", r.means)
			}
			more := ""
			if len(o.Mitigations) > 0 {
				more = ": " + ids(o.Mitigations)
			}
			if len(o.Findings) > 0 {
				more += "; opened by " + ids(o.Findings)
			}
			t.wrap("    ", o.ID+" "+o.FullName+more)
		}
	}
	if len(t.c.Open) == 0 {
		t.line("  none")
	}
}

func (t text) questions() {
	t.heading("RESEARCH QUESTIONS", "the more techniques, then findings, hang on one, the earlier")
	for i, q := range t.c.Questions {
		t.wrap(fmt.Sprintf("  %2d. ", i+1), q.Question)
		if len(q.Techniques) > 0 {
			t.wrap("      ", on(q.Techniques, q.Findings)+": "+ids(q.Techniques))
		}
	}
	if len(t.c.Questions) == 0 {
		t.line("  none")
	}
}

func (t text) heading(name, means string) {
	t.line("")
	t.wrap(name+"  ", means)
}

// on counts what hangs on a mitigation or a question.
func on(techniques, findings []string) string {
	return count(len(techniques), "technique", "techniques") + ", " + count(len(findings), "finding", "findings")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ids lists the first of some IDs; those of findings come from the input.
func ids(all []string) string {
	shown := []string{}
	for _, id := range all[:min(maxIDs, len(all))] {
		shown = append(shown, finding.Plain(id, 40))
	}
	s := strings.Join(shown, ", ")
	if n := len(all) - len(shown); n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/yuin/goldmark"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/report"
	"github.com/mitigraph/mitigraph/mitre"
)

const width = 100 // columns of the text

// block is a piece of a study in the order of reading.
type block struct {
	kind blockKind
	text string
	// of is what a draft's block shows.
	of graph.Draft
}

type blockKind int

const (
	title blockKind = iota
	heading
	heading2
	paragraph
	item
	assessment // the whole report
	draft
)

type page []block

func (p *page) add(kind blockKind, format string, args ...any) {
	*p = append(*p, block{kind: kind, text: fmt.Sprintf(format, args...)})
}

// page puts a study together.
func (w *walk) page(ctx context.Context) (page, error) {
	points, err := w.missed(ctx)
	if err != nil {
		return nil, err
	}
	var p page
	p.add(title, "Case study %s: %s", w.name, w.line)
	lines, err := w.narrative()
	if err != nil {
		return nil, err
	}
	said := false // behind the first part come the points in short
	for _, l := range lines {
		if l.kind == heading && len(p) > 1 && !said {
			said = true
			for _, m := range points {
				p.add(item, "%s", m.short)
			}
		}
		p = append(p, l)
	}
	p.add(heading, "What the system found")
	p.add(paragraph, "This is the report that examples/assess gives for the same files. ATT&CK for ICS is MITRE's public list of what attackers do to plants; IDs with T are its techniques, IDs with M its mitigations. The riskiest findings, each as a way through the graph, with who claims each step:")
	ways, err := w.ways(ctx)
	if err != nil {
		return nil, err
	}
	for _, way := range ways {
		p.add(item, "%s", way)
	}
	p.add(assessment, "")
	p.add(heading, "What a reader of the advisories alone would have missed")
	for _, m := range points {
		p.add(item, "%s %s", m.short, m.long)
	}
	p.add(heading, "What the system could not know")
	for _, s := range w.unknown() {
		p.add(item, "%s", s)
	}
	return p, w.addDrafts(ctx, &p)
}

func (w *walk) addDrafts(ctx context.Context, p *page) error {
	p.add(heading, "What was drafted")
	if len(w.drafts) == 0 {
		p.add(paragraph, "Nothing: -draft template, the default, shows the drafts of this study.")
		return nil
	}
	areas := map[string]string{}
	c, err := w.now.Coverage(ctx)
	if err != nil {
		return err
	}
	for _, a := range c.Areas {
		areas[a.ID] = a.Name
	}
	p.add(paragraph, "Drafts are for a person to judge, and count as nothing until one accepts them. The template writer needs no model; -draft ollama:MODEL names one.")
	plain := !w.now.Catalog().HasTexts()
	for _, d := range w.drafts {
		about := d.title
		if d.area != "" {
			about = fmt.Sprintf("%s (area of generative AI: %s)", d.title, areas[d.area])
		}
		p.add(heading2, "%s", about)
		of, all := d.Draft, len(d.Evidence)
		of.Evidence = cited(d.Draft)
		*p = append(*p, block{kind: draft, of: of})
		if n := all - len(of.Evidence); n > 0 {
			p.add(paragraph, "The draft was given %s more and cites none of it; examples/write shows it.", count(n, "piece of evidence", "pieces of evidence"))
		}
		plain = plain && d.Generator == "template" && !d.Checks.Fallback
	}
	p.add(heading, "Where the drafts are good, and where they are bad")
	if !plain {
		p.add(paragraph, "The remarks of this study are on the template's drafts from the embedded facts, and these are others.")
		return nil
	}
	rs, err := w.remarks()
	if err != nil {
		return err
	}
	p.add(paragraph, "Read by a person as a safety engineer would, not computed.")
	for _, r := range rs {
		verdict := "Bad"
		if r.Good {
			verdict = "Good"
		}
		p.add(item, "%s, %s, %q: %s", verdict, r.Draft, r.Quote, r.Say)
	}
	return nil
}

// cited is the part of a draft's evidence that its text rests on.
func cited(d graph.Draft) []graph.Evidence {
	used := map[string]bool{}
	for _, c := range d.Text.Claims() {
		for _, h := range c.Evidence {
			used[h] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(d.Evidence), func(e graph.Evidence) bool { return !used[e.Handle] })
}

// narrative fills the study's own words. A figure in them is a slot.
func (w *walk) narrative() (page, error) {
	b, err := w.read("narrative.md")
	if err != nil {
		return nil, err
	}
	named := func(id string) (string, error) {
		r, err := w.now.Catalog().Resolve(id)
		if err != nil {
			return "", err
		}
		return r.Object.Common().ID + " " + w.now.Catalog().FullName(r.Object), nil
	}
	t, err := template.New("narrative.md").Option("missingkey=error").Funcs(template.FuncMap{
		"count":  count,
		"device": w.device,
		"named":  named,
		"uses": func(id string) (int, error) {
			r, err := w.now.Catalog().Resolve(id)
			if err != nil {
				return 0, err
			}
			n := 0
			for range mitre.Outgoing[*mitre.Technique](w.now.Catalog(), r.Object, mitre.Uses) {
				n++
			}
			return n, nil
		},
		"behind": func(id string) (string, error) {
			r, err := w.now.Catalog().Resolve(id)
			if err != nil {
				return "", err
			}
			var groups []string
			for g := range mitre.Outgoing[*mitre.Group](w.now.Catalog(), r.Object, mitre.AttributedTo) {
				groups = append(groups, g.ID+" "+g.Name)
			}
			return enumerate(groups), nil
		},
		"on": func(device string) int {
			n := 0
			for _, f := range w.a.Findings {
				for _, d := range devicesOf(f) {
					if d == device {
						n++
					}
				}
			}
			return n
		},
	}).Parse(string(b))
	if err != nil {
		return nil, err
	}
	from := map[string]int{}
	known := 0
	for _, f := range w.a.Findings {
		from[f.Source]++
		if f.KEV {
			known++
		}
	}
	var out strings.Builder
	err = t.Execute(&out, map[string]any{
		"Site": w.site.Site, "Devices": len(w.site.Devices), "Findings": len(w.a.Findings), "Techniques": len(w.a.Techniques),
		"Gaps": len(w.a.Gaps), "Advisories": len(w.advisories()), "From": from, "Exploited": known,
	})
	if err != nil {
		return nil, err
	}
	var p page
	for _, part := range strings.Split(strings.TrimSpace(out.String()), "\n\n") {
		part = strings.Join(strings.Fields(part), " ")
		if words, ok := strings.CutPrefix(part, "## "); ok {
			p.add(heading, "%s", words)
			continue
		}
		p.add(paragraph, "%s", part)
	}
	return p, nil
}

func (p page) render(format string, w *walk) ([]byte, error) {
	switch format {
	case "markdown":
		return p.markdown(w)
	case "html":
		return p.html(w)
	}
	return p.text(w)
}

func (p page) text(w *walk) ([]byte, error) {
	var b bytes.Buffer
	for i, l := range p {
		switch l.kind {
		case title:
			b.WriteString(wrap("", l.text))
		case heading:
			b.WriteString("\n" + wrap("", strings.ToUpper(l.text)))
		case heading2:
			b.WriteString("\n" + wrap("== ", l.text))
		case paragraph:
			if i > 0 && (p[i-1].kind == paragraph || p[i-1].kind == draft) {
				b.WriteByte('\n')
			}
			b.WriteString(wrap("", l.text))
		case item:
			if p[i-1].kind != item {
				b.WriteByte('\n')
			}
			b.WriteString(wrap("- ", l.text))
		case assessment:
			var r bytes.Buffer
			if err := report.Text(&r, w.a); err != nil {
				return nil, err
			}
			b.WriteByte('\n')
			// The same width, and here it is HTML that has all.
			b.WriteString(strings.ReplaceAll(r.String(), "(-format json has all)", "(-format html has all)"))
		case draft:
			b.WriteString(genai.Text(l.of, width))
		}
	}
	return b.Bytes(), nil
}

// wrap writes words in lines of at most [width] columns behind a prefix.
func wrap(prefix, s string) string {
	var b strings.Builder
	line, empty := prefix, true
	for _, word := range strings.Fields(finding.Plain(s, 0)) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(line + "\n")
			line, empty = strings.Repeat(" ", len(prefix)), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return b.String() + line + "\n"
}

// markdown writes everything, the report and the drafts under the headings of
// the study.
func (p page) markdown(w *walk) ([]byte, error) {
	var b bytes.Buffer
	for _, l := range p {
		if l.kind == assessment {
			var r bytes.Buffer
			if err := report.Markdown(&r, w.a); err != nil {
				return nil, err
			}
			b.WriteString(demote(r.String(), "##") + "\n")
			continue
		}
		l.markdown(&b, "#")
	}
	return b.Bytes(), nil
}

func (l block) markdown(b *bytes.Buffer, level string) {
	words := finding.Markdown(l.text)
	switch l.kind {
	case title:
		fmt.Fprintf(b, "%s %s\n\n", level, words)
	case heading:
		fmt.Fprintf(b, "\n%s# %s\n\n", level, words)
	case heading2:
		fmt.Fprintf(b, "\n%s## %s\n\n", level, words)
	case paragraph:
		fmt.Fprintf(b, "%s\n\n", words)
	case item:
		fmt.Fprintf(b, "- %s\n", words)
	case draft:
		b.WriteString(demote(genai.Markdown(l.of), level+"##") + "\n")
	}
}

// demote puts headings below another one. What the input wrote begins no line
// with #, since both writers escape it.
func demote(markdown, level string) string {
	lines := strings.Split(markdown, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "#") {
			lines[i] = level + l
		}
	}
	return strings.Join(lines, "\n")
}

// errPage says that package report's page is not what it was.
var errPage = errors.New("the report's page has no main part")

// html puts the study around the report, on the report's own page: what stands
// before the report in p before it, and the rest behind it.
func (p page) html(w *walk) ([]byte, error) {
	var whole bytes.Buffer
	if err := report.HTML(&whole, w.a, w.now); err != nil {
		return nil, err
	}
	var part bytes.Buffer
	var before string
	for _, l := range p {
		if l.kind == assessment {
			before = part.String()
			part.Reset()
			continue
		}
		l.markdown(&part, "#")
	}
	var parts [2]bytes.Buffer
	for i, markdown := range []string{before, part.String()} {
		if err := goldmark.Convert([]byte(markdown), &parts[i]); err != nil {
			return nil, err
		}
	}
	head, rest, ok := strings.Cut(whole.String(), `<main id="main" tabindex="-1">`)
	body, foot, closed := strings.Cut(rest, "</main>")
	if !ok || !closed {
		return nil, errPage
	}
	// The page has its own title; the study's is a part of it.
	study := strings.NewReplacer("<h1>", "<h2>", "</h1>", "</h2>")
	return []byte(head + `<main id="main" tabindex="-1">` + "\n<section>\n" + study.Replace(parts[0].String()) + "</section>\n" + body + "<section>\n" + parts[1].String() + "</section>\n</main>" + foot), nil
}

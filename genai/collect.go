package genai

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
)

// The keys of nodes, as graph.Node.Key has them.

func attackKey(id string) string  { return "attack:" + url.PathEscape(id) }
func findingKey(id string) string { return "finding:" + url.PathEscape(id) }
func deviceKey(id string) string  { return "device:" + url.PathEscape(id) }

func keys(ids []string, key func(string) string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = key(id)
	}
	return out
}

// urgent are the IDs of the first techniques of an assessment, the most urgent
// first.
func urgent(a *graph.Assessment, most int) []string {
	var out []string
	for _, t := range a.Techniques[:min(most, len(a.Techniques))] {
		out = append(out, t.ID)
	}
	return out
}

// risky are the IDs of the riskiest findings.
func risky(a *graph.Assessment, most int) []string {
	found := slices.Clone(a.Findings)
	slices.SortStableFunc(found, func(a, b graph.FindingResult) int { return cmp.Compare(b.Score, a.Score) })
	var out []string
	for _, f := range found[:min(most, len(found))] {
		out = append(out, f.ID)
	}
	return out
}

// touched are the devices of the first techniques, each once.
func touched(a *graph.Assessment, techniques, most int) []string {
	var out []string
	for _, t := range a.Techniques[:min(techniques, len(a.Techniques))] {
		for _, d := range t.Devices {
			if len(out) < most && !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	return out
}

// summaries are the words by which [arranged] knows what a thing is in this
// project's words.
const summaries = "[mitigraph summary]"

// arranged puts the statements that hold the first words, or have them in
// brackets as their source, before those that hold the next, and those that
// hold none last, and numbers them anew: what a writer with a small context
// can't read comes last.
func arranged(evidence []graph.Evidence, words ...string) []graph.Evidence {
	rank := func(e graph.Evidence) int {
		i := slices.IndexFunc(words, func(w string) bool { return strings.Contains(e.Text, w) || w == "["+e.Source+"]" })
		if i < 0 {
			return len(words)
		}
		return i
	}
	out := slices.Clone(evidence)
	slices.SortStableFunc(out, func(a, b graph.Evidence) int { return cmp.Compare(rank(a), rank(b)) })
	for i := range out {
		out[i].Handle = fmt.Sprintf("E%d", i+1)
	}
	return out
}

// vouching are the handles of statements that are not the site's, name an ID
// and hold all of the words.
func vouching(evidence []graph.Evidence, id string, words ...string) []string {
	var out []string
	for _, e := range evidence {
		if e.Provenance != string(graph.Site) && slices.Contains(e.IDs, id) && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(e.Text, w) }) {
			out = append(out, e.Handle)
		}
	}
	return out
}

// eachCites rejects claims of a section that cite none of the handles that the
// graph holds for them, by position.
func eachCites(section string, subjects []string, handles [][]string) func(graph.DraftText) []graph.Rejection {
	return func(t graph.DraftText) []graph.Rejection {
		var out []graph.Rejection
		for i, c := range t.Section(section) {
			if i < len(handles) && !slices.ContainsFunc(c.Evidence, func(h string) bool { return slices.Contains(handles[i], h) }) {
				out = append(out, graph.Rejection{Check: CheckGraph, Where: fmt.Sprintf("%s[%d].evidence", section, i),
					Why: fmt.Sprintf("this is to be about %s, and cites none of %s", subjects[i], strings.Join(handles[i], ", "))})
			}
		}
		return out
	}
}

// marked writes into the claims of a section what each is about.
func marked(section string, subjects []string) func(graph.DraftText) {
	return func(t graph.DraftText) {
		claims := t.Section(section)
		for i := range min(len(claims), len(subjects)) {
			claims[i].Subject = subjects[i]
		}
	}
}

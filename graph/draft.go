package graph

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-json"
)

// Evidence is one statement of the graph in plain words, under the handle by
// which a draft may cite it.
type Evidence struct {
	Handle string `json:"handle"` // "E1", "E2", ... in the order given
	Text   string `json:"text"`   // one or two sentences
	// IDs lists the ATT&CK, weakness and CVE IDs that Text names.
	IDs        []string `json:"ids,omitempty"`
	Provenance string   `json:"provenance"` // a Kind: official, cited, analyst, site or draft
	Source     string   `json:"source"`     // as in [Provenance], or the file that the site's word came from
}

// Draft is text that a generator wrote for a task. It never counts as a
// mitigation: it has its own ID, its own named graph and the status "draft"
// until a named person accepts it. What is accepted is the site's own word, also
// where it goes out, and no assessment counts it either.
type Draft struct {
	ID string `json:"id"` // the same for the same text of the same generator and task
	// Task is what was asked for, as package genai names its tasks; empty in
	// drafts of before there was more than one, which are mitigation drafts.
	Task string `json:"task,omitempty"`
	// Gap is an index into Assessment.Gaps; -1 where the task is about no gap.
	Gap int `json:"gap"`
	// About holds the keys of the nodes that the draft is for, as Node.Key has
	// them: "attack:T0837". Of a draft about a gap it is the technique, none where
	// the gap has none; in one that the graph keeps the findings are there too.
	About []string `json:"about,omitempty"`
	// GapKind is the kind of the gap, since Gap is an index into an assessment
	// that may be gone; empty where the task is about no gap.
	GapKind   GapKind    `json:"gap_kind,omitempty"`
	Generator string     `json:"generator"` // who wrote the text: "template", "ollama:llama3.1"
	Status    string     `json:"status"`    // StatusDraft, ...
	Text      DraftText  `json:"text"`
	Evidence  []Evidence `json:"evidence"`
	Checks    Checks     `json:"checks"`
	// Reviews is what people did with it, the oldest first; see Graph.Review.
	Reviews []Review `json:"reviews,omitempty"`
}

// Checks records how a draft came to be: what was rejected on the way, and
// whether the template writer had to stand in for the named generator.
type Checks struct {
	Attempts   int         `json:"attempts"` // answers asked of the named generator
	Passed     []string    `json:"passed"`   // names of the checks that the text passed, in order
	Rejections []Rejection `json:"rejections,omitempty"`
	Fallback   bool        `json:"fallback"` // true when the template writer stood in
	// TemplateClaims are the places of the claims that the template writer had
	// to give, as Claims has them, in a draft whose others are in the named
	// generator's words; absent where all are the generator's, or none.
	TemplateClaims []string `json:"template_claims,omitempty"`
	// Asked names the generator that the template writer stood in for; empty
	// when none was needed.
	Asked string `json:"asked,omitempty"`
	// Model is the digest of the model that was asked; empty where there was
	// none or it is not known.
	Model string `json:"model,omitempty"`
	// Prompt names the versions of the prompts: "mitigation-v1" of the task's,
	// "claim-v1" where its claims were asked for one by one, or both.
	Prompt string `json:"prompt,omitempty"`
	// LeftOut counts the pieces of evidence that the generator's context had
	// no room for. They are the last, and not among the draft's evidence.
	LeftOut int `json:"left_out,omitempty"`
	// LeftOutOf names what was left out, in order; absent where nothing was.
	LeftOutOf []Omission `json:"left_out_of,omitempty"`
}

// Omission names a piece of evidence that a generator was not given.
type Omission struct {
	Handle string   `json:"handle"`        // which the draft can't cite
	IDs    []string `json:"ids,omitempty"` // as in Evidence
	About  string   `json:"about"`         // the begin of its text, at most 80 characters
}

// Rejection is one reason why an answer was not kept.
type Rejection struct {
	Attempt int    `json:"attempt"`         // 1 for the first answer; 0 where none was asked for
	Check   string `json:"check"`           // schema, handles, ids, urls, length, ...
	Where   string `json:"where,omitempty"` // the place in the answer, such as "steps[1].text"
	Why     string `json:"why"`             // in words, for people and for a repair
}

// By says who wrote the draft: the generator's name and, where claims of the
// template stand among its own, how many: "ollama:llama3.1, 3 of 5 claims; the
// other 2 by template". A text that a person changed is not counted.
func (d Draft) By() string {
	total := 0
	for range d.Text.Claims() {
		total++
	}
	changed := slices.ContainsFunc(d.Reviews, func(r Review) bool { return r.Was != nil })
	n := len(d.Checks.TemplateClaims)
	if n == 0 || n > total || changed {
		return d.Generator
	}
	return fmt.Sprintf("%s, %d of %d claims; the other %d by template", d.Generator, total-n, total, n)
}

// Drafts is the source of an assessment's drafts. They enter under their own
// IDs and their own named graph, linked to the technique whose gap they are
// for; no question counts them as mitigations.
func Drafts(a *Assessment) Source {
	if a == nil {
		return drafts{err: errors.New("graph: Drafts: the assessment is nil")}
	}
	// A copy, since the caller goes on with the assessment.
	d := drafts{gaps: slices.Clone(a.Gaps)}
	text, err := json.Marshal(a.Drafts)
	if err == nil {
		err = json.Unmarshal([]byte(strings.ToValidUTF8(string(text), "\uFFFD")), &d.drafts)
	}
	if err != nil {
		d.err = fmt.Errorf("graph: Drafts: %w", err)
	}
	return d
}

type drafts struct {
	task   string // of all of them; empty for mitigation drafts
	drafts []Draft
	gaps   []Gap
	err    error
}

// parts are sources of their own for each task, so that the drafts of one take
// the place of none of another. Mitigation drafts are always said, though there
// be none.
func (d drafts) parts() ([]Source, error) {
	if d.err != nil {
		return nil, d.err
	}
	byTask := map[string][]Draft{"": nil}
	for _, x := range d.drafts {
		task := x.Task
		if task == "mitigation" {
			task = ""
		}
		byTask[task] = append(byTask[task], x)
	}
	var out []Source
	for _, task := range sorted(byTask) {
		out = append(out, draftsOf{task: task, drafts: byTask[task], gaps: d.gaps})
	}
	return out, nil
}

func (d drafts) origin() (origin, error) {
	return origin{}, errors.New("graph: drafts enter by task")
}

func (d drafts) write(*batch, *index) error { return errors.New("graph: drafts enter by task") }

type draftsOf drafts

func (d draftsOf) origin() (origin, error) {
	key := "drafts"
	if d.task != "" {
		key += "/" + url.PathEscape(d.task)
	}
	return originOf(Drafted, "mitigraph drafts", key), nil
}

func (d draftsOf) write(b *batch, _ *index) error {
	for i := range d.drafts {
		draft := d.drafts[i]
		if draft.ID == "" || draft.Gap < -1 || draft.Gap >= len(d.gaps) {
			return fmt.Errorf("graph: Drafts: draft %d has no ID or names gap %d of %d", i, draft.Gap, len(d.gaps))
		}
		if draft.Gap >= 0 {
			g := d.gaps[draft.Gap]
			draft.GapKind, draft.About = g.Kind, nil
			if g.Technique != "" {
				draft.About = append(draft.About, "attack:"+url.PathEscape(g.Technique))
			}
			for _, id := range g.Findings {
				draft.About = append(draft.About, findingKey(id))
			}
		}
		b.node(draftKey(draft.ID), "Draft", "", &draft)
		for _, key := range draft.About {
			b.edge(draftKey(draft.ID), predAnswers, key)
		}
	}
	return nil
}

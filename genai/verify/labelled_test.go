package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// A labelledPack is the evidence that sentences of one task are judged by.
type labelledPack struct {
	Name     string           `json:"name"`
	Task     string           `json:"task"`
	Part     string           `json:"part"`
	Evidence []graph.Evidence `json:"evidence"`
}

// A labelledSentence is one sentence, the evidence that it cites, and whether
// that supports it; see testdata/labelled/README.md.
type labelledSentence struct {
	ID    string   `json:"id"`
	Pack  string   `json:"pack"`
	Text  string   `json:"text"`
	Cites []string `json:"cites"`
	Label string   `json:"label"`
	Kind  string   `json:"kind"`
	How   string   `json:"how"`
	Note  string   `json:"note"`
}

var (
	labelledParts  = []string{"dev", "report"} // the large ones
	labelledTasks  = []string{"incident-response", "mitigation", "policy", "threat-report", "training", "triage"}
	supportedKinds = []string{
		"date", "discourse", "hedged", "id", "join", "negation", "number", "paraphrase", "standard", "step", "url",
		"warning",
	}
	wrongKinds = []string{
		"altered_date", "altered_number", "altered_url", "exaggeration", "invented_authority", "invented_id",
		"invented_product", "invented_quotation", "negation", "obeyed_order", "secret_or_attack", "swapped_entity",
		"unsafe_advice", "unsupported", "wrong_citation",
	}
	embeddedID = regexp.MustCompile(`\bMID-\d+\b`)
)

func strictJSON(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func readPacks(t *testing.T) map[string]labelledPack {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "labelled", "packs*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no packs: %v", err)
	}
	packs := map[string]labelledPack{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []labelledPack
		if err := strictJSON(b, &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range list {
			if _, twice := packs[p.Name]; twice {
				t.Errorf("%s: pack %q stands there twice", file, p.Name)
			}
			packs[p.Name] = p
		}
	}
	return packs
}

// devParts are the parts that the checks may be made with, each by another
// writer or on another day.
func devParts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "labelled", "dev*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no parts: %v", err)
	}
	var out []string
	for _, f := range files {
		out = append(out, strings.TrimSuffix(filepath.Base(f), ".jsonl"))
	}
	return out
}

func readSentences(t *testing.T, part string) []labelledSentence {
	t.Helper()
	name := part + ".jsonl"
	b, err := os.ReadFile(filepath.Join("testdata", "labelled", name))
	if err != nil {
		t.Fatal(err)
	}
	var list []labelledSentence
	for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		var s labelledSentence
		if err := strictJSON([]byte(line), &s); err != nil {
			t.Fatalf("%s line %d: %v", name, i+1, err)
		}
		list = append(list, s)
	}
	return list
}

func TestLabelledPacks(t *testing.T) {
	perTask := map[string]int{}
	packs := readPacks(t)
	if len(packs) < 24 {
		t.Errorf("%d packs, want 24 or more", len(packs))
	}
	for _, p := range packs {
		if !slices.Contains(append(devParts(t), "report"), p.Part) || !slices.Contains(labelledTasks, p.Task) {
			t.Errorf("pack %q: part %q, task %q", p.Name, p.Part, p.Task)
		}
		perTask[p.Part+" "+p.Task]++
		if n := len(p.Evidence); n < 4 || n > 12 {
			t.Errorf("pack %q has %d pieces of evidence, want 4 to 12", p.Name, n)
		}
		for i, e := range p.Evidence {
			if want := fmt.Sprintf("E%d", i+1); e.Handle != want {
				t.Errorf("pack %q: handle %q, want %q", p.Name, e.Handle, want)
			}
			if e.Text == "" || e.Source == "" || !slices.Contains([]string{"official", "cited", "analyst", "site"}, e.Provenance) {
				t.Errorf("pack %q, %s: text %q, source %q, provenance %q", p.Name, e.Handle, e.Text, e.Source, e.Provenance)
			}
			if want := graph.IDsIn(e.Text); !slices.Equal(e.IDs, want) {
				t.Errorf("pack %q, %s: IDs %q, want %q", p.Name, e.Handle, e.IDs, want)
			}
		}
	}
	for _, part := range labelledParts {
		for _, task := range labelledTasks {
			if perTask[part+" "+task] < 2 {
				t.Errorf("part %s has %d packs for the task %s, want 2 or more", part, perTask[part+" "+task], task)
			}
		}
	}
}

// TestLabelledSentences looks at the form of the labelled sentences only. What
// a check makes of them is measured elsewhere.
func TestLabelledSentences(t *testing.T) {
	packs := readPacks(t)
	ids, texts := map[string]bool{}, map[string]string{}
	for _, part := range append(devParts(t), "report") {
		list := readSentences(t, part)
		kinds, labels, used := map[string]int{}, map[string]int{}, map[string]bool{}
		for _, s := range list {
			where := part + " " + s.ID
			p, ok := packs[s.Pack]
			if !ok || p.Part != part {
				t.Errorf("%s: pack %q is not one of this part", where, s.Pack)
				continue
			}
			used[s.Pack] = true
			kinds[s.Label+" "+s.Kind]++
			labels[s.Label]++
			if s.ID == "" || ids[s.ID] {
				t.Errorf("%s: the ID is missing or used twice", where)
			}
			ids[s.ID] = true
			key := strings.ToLower(strings.Join(strings.Fields(s.Text), " "))
			if other, twice := texts[key]; twice {
				t.Errorf("%s: the text is that of %s", where, other)
			}
			texts[key] = s.ID
			if n := utf8.RuneCountInString(s.Text); n < verify.MinClaim || n > verify.MaxClaim {
				t.Errorf("%s: %d characters", where, n)
			}
			if s.How != "hand" && s.How != "mutation" || s.Note == "" {
				t.Errorf("%s: how %q, note %q", where, s.How, s.Note)
			}
			known := map[string][]string{"supported": supportedKinds, "wrong": wrongKinds}[s.Label]
			if !slices.Contains(known, s.Kind) {
				t.Errorf("%s: label %q with kind %q", where, s.Label, s.Kind)
			}
			cited := citedText(t, where, p, s.Cites)
			if s.Label != "supported" {
				continue
			}
			for _, id := range append(graph.IDsIn(s.Text), embeddedID.FindAllString(s.Text, -1)...) {
				if !slices.Contains(append(graph.IDsIn(cited), embeddedID.FindAllString(cited, -1)...), id) {
					t.Errorf("%s: the cited evidence does not hold %s", where, id)
				}
			}
		}
		for _, k := range wrongKinds {
			if n := kinds["wrong "+k]; n < 10 && slices.Contains(labelledParts, part) {
				t.Errorf("part %s has %d wrong sentences of the kind %s, want 10 or more", part, n, k)
			}
		}
		if n := len(list); n < 200 || labels["supported"]*100 < n*40 || labels["wrong"]*100 < n*40 {
			t.Errorf("part %s: %d sentences, of them %d supported and %d wrong", part, n, labels["supported"], labels["wrong"])
		}
		for _, p := range packs {
			if p.Part == part && !used[p.Name] {
				t.Errorf("pack %q has no sentence", p.Name)
			}
		}
	}
}

func citedText(t *testing.T, where string, p labelledPack, cites []string) string {
	t.Helper()
	if len(cites) == 0 || len(cites) > verify.MaxCited {
		t.Errorf("%s cites %d handles", where, len(cites))
	}
	var text strings.Builder
	for i, h := range cites {
		k := slices.IndexFunc(p.Evidence, func(e graph.Evidence) bool { return e.Handle == h })
		if k < 0 || slices.Contains(cites[:i], h) {
			t.Errorf("%s cites %q, which is unknown or cited twice", where, h)
			continue
		}
		text.WriteString(p.Evidence[k].Text + "\n")
	}
	return text.String()
}

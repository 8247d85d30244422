package identify_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

func ExampleModel_Identify() {
	ctx := context.Background()
	catalog, err := mitre.Embedded() // an official release answers better
	if err != nil {
		log.Fatal(err)
	}
	model, err := identify.New(ctx, catalog, identify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	found, err := model.Identify(ctx, "The report maps the flooding of the alarm list to T0878.", identify.Query{Top: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, match := range found {
		fmt.Println(match.ID, match.Name, match.Score, match.Because[0])
	}
	// Output: T0878 Alarm Suppression 1 the text names T0878
}

// An advisory is full of addresses and marks that say nothing of the attack.
func ExamplePlain() {
	fmt.Println(identify.Plain("[Sandworm Team](https://attack.mitre.org/groups/G0034) opened breakers.(Citation: Dragos 2017) See https://example.org/a"))
	// Output: the adversary opened breakers.  See
}

// breakers is a small release of three techniques and what two programs did.
func breakers(ctx context.Context) *mitre.Catalog {
	object := func(id, kind, number, name, text string) string {
		return fmt.Sprintf(`{"type": %q, "id": "%s--%s", "name": %q, "description": %q,
			"external_references": [{"source_name": "mitre-attack", "external_id": %q}],
			"kill_chain_phases": [{"kill_chain_name": "mitre-ics-attack", "phase_name": "impact"}]}`, kind, kind, number, name, text, id)
	}
	uses := func(number, from, to, text string) string {
		return fmt.Sprintf(`{"type": "relationship", "id": "relationship--%s", "relationship_type": "uses",
			"source_ref": "malware--%s", "target_ref": "attack-pattern--%s", "description": %q}`, number, from, to, text)
	}
	c, err := mitre.Read(ctx, "small.json", strings.NewReader(`{"type": "bundle", "id": "bundle--1", "spec_version": "2.0", "objects": [`+strings.Join([]string{
		object("T9001", "attack-pattern", "1", "Open Breaker", "Breakers are opened by a command to cut the supply."),
		object("T9002", "attack-pattern", "2", "Erase Firmware", "The flash memory is overwritten and the device can not start."),
		object("T9003", "attack-pattern", "3", "Steal Drawings", "Drawings and project files are copied from a file share."),
		object("S9001", "malware", "1", "Greyfox", "Malware."),
		object("S9002", "malware", "2", "Blueheron", "Malware."),
		uses("1", "1", "1", "Greyfox opened breakers of four feeders."),
		uses("2", "1", "2", "Greyfox overwrote the flash of gateways."),
		uses("3", "2", "3", "Blueheron copied project files to a server abroad."),
	}, ",")+"]}"))
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// What the model says of each procedure example when it did not see what else
// is told of the same group or program.
func ExampleModel_LeaveOut() {
	ctx := context.Background()
	model, err := identify.New(ctx, breakers(ctx), identify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	held, err := model.LeaveOut(ctx, []string{"malware--2"})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range held {
		fmt.Println(h.Technique.ID, h.Link.Description, h.Rank)
	}
	// Output:
	// T9001 Greyfox opened breakers of four feeders. 1
	// T9002 Greyfox overwrote the flash of gateways. 1
}

// Which settings suit a release: the share of its procedure examples whose
// technique comes first. More than one may be the best of so few.
func ExampleCandidates() {
	ctx := context.Background()
	catalog := breakers(ctx)
	for _, settings := range identify.Candidates()[:2] {
		model, err := identify.New(ctx, catalog, identify.Options{Settings: settings})
		if err != nil {
			log.Fatal(err)
		}
		held, err := model.LeaveOut(ctx, nil)
		if err != nil {
			log.Fatal(err)
		}
		first, of := 0, 0
		for _, h := range held {
			if h.Technique == nil {
				continue // of something else
			}
			of++
			if h.Rank == 1 {
				first++
			}
		}
		fmt.Printf("%+v: %d of %d\n", settings, first, of)
	}
	// Output:
	// {Ridge:0.25 Procedure:0.5 Sentence:0.5 Embedding:0.3}: 3 of 3
	// {Ridge:0.25 Procedure:0.5 Sentence:0.5 Embedding:0.5}: 3 of 3
}

// letters embeds a text by how often it has each letter, and counts the texts.
type letters struct{ asked int }

func (*letters) Name() string                           { return "letters" }
func (*letters) Digest(context.Context) (string, error) { return "letters-1", nil }

func (l *letters) Embed(_ context.Context, texts []string) ([][]float32, error) {
	l.asked += len(texts)
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = make([]float32, 26)
		for _, r := range strings.ToLower(text) {
			if 'a' <= r && r <= 'z' {
				vectors[i][r-'a']++
			}
		}
	}
	return vectors, nil
}

// A text is embedded once, also in the next run of a program. For an embedder
// that knows meanings see ollama.NewEmbedder.
func ExampleCached() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	for range 2 {
		embedder := &letters{}
		if _, err := identify.New(ctx, breakers(ctx), identify.Options{Embedder: identify.Cached(embedder, folder)}); err != nil {
			log.Fatal(err)
		}
		fmt.Println("asked for any:", embedder.asked > 0)
	}
	// Output:
	// asked for any: true
	// asked for any: false
}

package ollama_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

// Drafts for the gaps by a local model. An answer that says what the evidence
// does not is replaced by the template's, and the draft says so.
func Example() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		log.Fatal(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge(), graph.Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}}))
	if err != nil {
		log.Fatal(err)
	}
	a, err := g.Snapshot().Assess(ctx)
	if err != nil {
		log.Fatal(err)
	}
	w, err := ollama.New("http://127.0.0.1:11434", "llama3.1")
	if err != nil {
		log.Fatal(err)
	}
	drafts, err := genai.DraftAll(ctx, g.Snapshot(), a, genai.Mitigations(a), genai.Cached(w, ".drafts"), genai.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range drafts {
		fmt.Println(d.Generator, d.Checks.Attempts, d.Checks.Rejections)
		fmt.Print(genai.Text(d, 80))
	}
}

// Techniques in a text, by the meaning of its words too.
func ExampleNewEmbedder() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		log.Fatal(err)
	}
	embedder, err := ollama.NewEmbedder("http://127.0.0.1:11434", "all-minilm:22m")
	if err != nil {
		log.Fatal(err)
	}
	model, err := identify.New(ctx, catalog, identify.Options{Embedder: embedder})
	if err != nil {
		log.Fatal(err)
	}
	found, err := model.Identify(ctx, "The attacker changed the setpoints of the pumps.", identify.Query{})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range found {
		fmt.Println(m.ID, m.Score)
	}
}

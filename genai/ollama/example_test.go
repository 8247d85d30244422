package ollama_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

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

// Whether there is a model at all is said before anything is asked of it.
func ExampleWriter_Ready() {
	w, err := ollama.New("http://127.0.0.1:1", "llama3.1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(w.Ready(context.Background()), ollama.ErrUnreachable))
	// Output: true
}

// server answers as Ollama does about a model with a context of some tokens; it
// has none.
func server(context int) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/tags", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"models": [{"name": "small:1b", "digest": "42", "details": {"parameter_size": "1.2B", "quantization_level": "Q4_0"}}]}`)
	})
	mux.HandleFunc("/api/show", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"template": "{{ .Messages }}", "capabilities": ["completion"],
			"model_info": {"general.architecture": "llama", "llama.context_length": %d}}`, context)
	})
	return httptest.NewServer(mux)
}

// How large a model is: below a billion parameters it is asked claim by claim.
func ExampleWriter_Parameters() {
	server := server(16384)
	defer server.Close()
	w, err := ollama.New(server.URL, "small:1b")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Parameters(), w.Ready(context.Background()), w.Parameters())
	// Output: 0 <nil> 1200000000
}

// Whether a model can do the tasks at hand. Probe has it work too, and tells
// how long they would take.
func ExampleWriter_Check() {
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
	needs := func(context int) (genai.Need, error) {
		return genai.Needs(ctx, g.Snapshot(), a, genai.Mitigations(a), context)
	}
	for _, tokens := range []int{512, 16384} {
		server := server(tokens) // yours is at 127.0.0.1:11434
		w, err := ollama.New(server.URL, "small:1b")
		if err != nil {
			log.Fatal(err)
		}
		report, err := w.Check(ctx, needs)
		if errors.Is(err, ollama.ErrContext) {
			fmt.Println("too small:", w.ContextTokens(), "tokens")
		} else {
			fmt.Println(report, err)
		}
		server.Close()
	}
	// Output:
	// too small: 512 tokens
	// small:1b: 1.2B, Q4_0, context 8192 <nil>
}

// How long tasks take on this machine, once it is known how fast it is.
func ExampleWriter_Probe() {
	w, err := ollama.New("http://127.0.0.1:11434", "llama3.1")
	if err != nil {
		log.Fatal(err)
	}
	report, err := w.Probe(context.Background(), func(int) (genai.Need, error) {
		return genai.Need{Tasks: 10, Prompt: 20_000, Answer: 6_000}, nil // or genai.Needs
	})
	if err != nil {
		log.Fatal(err)
	}
	usually, most := report.Seconds()
	fmt.Printf("%s: some %.0f s, %.0f at most\n", report.Model, usually, most)
}

// A speed that was measured makes an estimate.
func ExampleReport_Seconds() {
	r := ollama.Report{Needs: genai.Need{Tasks: 10, Prompt: 20_000, Answer: 6_000}, Read: 200, Write: 40}
	usually, most := r.Seconds()
	fmt.Printf("some %.0f s, %.0f at most\n", usually, most)
	// Output: some 150 s, 500 at most
}

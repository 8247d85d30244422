package genai_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

type spy struct{ *ollama.Writer }

func (s spy) Write(ctx context.Context, r genai.Request) (genai.Answer, error) {
	t := time.Now()
	a, err := s.Writer.Write(ctx, r)
	if os.Getenv("VERBOSE") != "" {
		fmt.Println("PROMPT", r.Prompt, "\nREPAIR", r.Repair)
	}
	if d := os.Getenv("DUMP"); d != "" { b, _ := json.Marshal(r); os.WriteFile(fmt.Sprintf("%s/%d.json", d, time.Now().UnixNano()), b, 0o600); return genai.Answer{}, &genai.AnswerError{Check: "x", Why: "x"} }
	fmt.Printf("ANSWER %v in %d out %d err %v\n%s\n", time.Since(t).Round(time.Second), a.PromptTokens, a.OutputTokens, err, a.Text)
	return a, err
}

func TestTry(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	g, err := graph.New(t.Context(), graph.Attack(c), graph.Knowledge(),
		graph.Findings(finding.Finding{ID: "F-1", Title: "Safety system can be switched off remotely", Device: "sis-1", Techniques: []string{"T0837"}, CVEs: []string{"CVE-2023-6448"}, KEV: true},
			finding.Finding{ID: "F-2", Title: "Hard-coded credentials in PLC", Device: "plc-1", Techniques: []string{"T1694.002", "T0806", "T0846"}, Weaknesses: []string{"CWE-798"}},
			finding.Finding{ID: "F-3", Title: "Odd device", Device: "hmi-1"}))
	require.NoError(t, err)
	s := g.Snapshot()
	a, err := s.Assess(t.Context())
	require.NoError(t, err)
	ds, err := genai.DraftAll(t.Context(), s, a, template.Writer{}, genai.Options{})
	require.NoError(t, err)
	show := func(d graph.Draft) {
		g := a.Gaps[d.Gap]
		fmt.Printf("\n=== %s %s %s by %s %v\nSUM %s %v\n", g.Kind, g.Technique, g.Name, d.Generator, d.Checks.Fallback, d.Text.Summary.Text, d.Text.Summary.Evidence)
		for _, s := range d.Text.Steps {
			fmt.Println("  -", s.Text, s.Evidence)
		}
		fmt.Println("LIM", d.Text.Limits.Text, d.Text.Limits.Evidence)
		for _, r := range d.Checks.Rejections {
			fmt.Println("REJ", r.Attempt, r.Check, r.Where, r.Why)
		}
	}
	for _, d := range ds {
		show(d)
		for _, e := range d.Evidence {
			fmt.Println("   ", e.Handle, e.Provenance, e.Text)
		}
	}
	if os.Getenv("OLLAMA_HOST") == "" {
		return
	}
	w, err := ollama.New("", "smollm2:135m")
	require.NoError(t, err)
	ok := 0
	for i := range a.Gaps {
		d, err := genai.Draft(t.Context(), s, a, i, spy{w}, genai.Options{})
		require.NoError(t, err)
		show(d)
		if !d.Checks.Fallback {
			ok++
		}
	}
	fmt.Println("ACCEPTED", ok, "of", len(a.Gaps))
}

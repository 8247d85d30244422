package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	clock := time.Unix(0, 0)
	o, end := progressOf(&b, 12, func() time.Time { return clock }, true)
	pass := func(d time.Duration) { clock = clock.Add(d) }
	pass(5 * time.Second)
	o.Streaming(0, 1, 40)
	assert.Contains(t, b.String(), "draft 1 of 12, 40 tokens, 5 s")
	o.Progress(2, 12)
	pass(12 * time.Second)
	o.Streaming(2, 1, 140)
	assert.Contains(t, b.String(), "draft 3 of 12, 140 tokens, 12 s")
	pass(50 * time.Millisecond)
	o.Streaming(2, 1, 141)
	assert.NotContains(t, b.String(), "141 tokens", "not shown for each token")
	pass(time.Second)
	o.Streaming(2, 2, 7)
	assert.Contains(t, b.String(), "draft 3 of 12 (attempt 2), 7 tokens, 13 s")
	end()

	o, end = progressOf(io.Discard, 1, time.Now, false)
	assert.Nil(t, o.Streaming)
	end()
	d, err := LoadDrafter("template", &b)
	require.NoError(t, err)
	o, end = d.Options(3)
	end()
	assert.True(t, o.Progress == nil && o.Streaming == nil, "no terminal, no progress")
}

// A model is asked about before more than one draft, not about one, and
// nothing is told where nobody looks.
func TestDrafterCheck(t *testing.T) {
	t.Setenv("MITIGRAPH_CACHE", t.TempDir())
	size := "1100"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/tags":
			io.WriteString(w, `{"models":[{"name":"small:1b","digest":"42"}]}`)
		case "/api/show":
			io.WriteString(w, `{"capabilities":["completion"],"model_info":{"general.architecture":"x","x.context_length":`+size+`}}`)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	}))
	defer server.Close()
	t.Setenv("OLLAMA_HOST", server.URL)
	c, err := mitre.Embedded()
	require.NoError(t, err)
	g, err := graph.New(t.Context(), graph.Attack(c), graph.Knowledge(), graph.Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}}))
	require.NoError(t, err)
	defer g.Close()
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	tasks := []genai.Task{genai.IncidentResponse(), genai.SecurityPolicy(), genai.Training(), genai.Triage("F-1")}
	check := func(who string, tasks ...genai.Task) error {
		var b bytes.Buffer
		d, err := LoadDrafter(who, &b)
		require.NoError(t, err)
		err = d.Check(context.Background(), g.Snapshot(), a, tasks)
		assert.Empty(t, b.String())
		return err
	}
	err = check("ollama:small:1b", tasks...)
	assert.ErrorIs(t, err, ollama.ErrContext)
	assert.ErrorContains(t, err, "has 1100 tokens, and ")
	assert.NoError(t, check("ollama:small:1b", tasks[:1]...))
	assert.NoError(t, check("template", tasks...))
	assert.ErrorContains(t, check("ollama:smal", tasks...), "did you mean small:1b? ")
	size = "8192"
	assert.NoError(t, check("ollama:small:1b", tasks...))
	_, err = LoadDrafter("ollama: ", nil)
	var bad *InputError
	assert.ErrorAs(t, err, &bad)
}

package ollama_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/graph/identify"
)

var _ identify.Embedder = (*ollama.Embedder)(nil)

func embedServer(t *testing.T, show, embed http.HandlerFunc) *ollama.Embedder {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/tags", say(`{"models":[{"name":"letters:1b","digest":"sha256:7"}]}`))
	mux.HandleFunc("/api/show", or(show, say(`{"capabilities":["embedding"]}`)))
	mux.HandleFunc("/api/embed", or(embed, say(`{"embeddings":[[1,0],[0.5,-2]]}`)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	e, err := ollama.NewEmbedder(server.URL, "letters:1b")
	require.NoError(t, err)
	return e
}

func TestEmbedder(t *testing.T) {
	e := embedServer(t, nil, nil)
	assert.Equal(t, "ollama:letters:1b", e.Name())
	digest, err := e.Digest(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "sha256:7", digest)
	vs, err := e.Embed(t.Context(), []string{"a", strings.Repeat("b", 1<<20)})
	require.NoError(t, err)
	assert.Equal(t, [][]float32{{1, 0}, {0.5, -2}}, vs)
	_, err = e.Embed(t.Context(), []string{"a"})
	assert.ErrorIs(t, err, ollama.ErrServer)
	vs, err = e.Embed(t.Context(), nil)
	assert.NoError(t, err)
	assert.Empty(t, vs)
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = e.Embed(ended, []string{"a"})
	assert.ErrorIs(t, err, context.Canceled)
	_, err = e.Digest(ended)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestEmbedderTrouble(t *testing.T) {
	_, err := ollama.NewEmbedder("", " ")
	assert.ErrorContains(t, err, "no model named")
	_, err = embedServer(t, say(`{"capabilities":["completion"]}`), nil).Digest(t.Context())
	assert.ErrorIs(t, err, ollama.ErrNoModel)
	assert.ErrorContains(t, err, "no embeddings")
	_, err = embedServer(t, nil, fail(500, `{"error":"broken"}`)).Embed(t.Context(), []string{"a"})
	assert.ErrorIs(t, err, ollama.ErrServer)
	assert.ErrorContains(t, err, "broken")
	e := embedServer(t, nil, nil)
	other, err := ollama.NewEmbedder("127.0.0.1:1", "letters:1b")
	require.NoError(t, err)
	_, err = other.Embed(t.Context(), []string{"a"})
	assert.ErrorIs(t, err, ollama.ErrUnreachable)
	assert.NotEqual(t, e, other)
}

func TestRealEmbedder(t *testing.T) {
	if os.Getenv("OLLAMA_HOST") == "" {
		t.Skip("needs OLLAMA_HOST, the address of a running Ollama server (and MITIGRAPH_OLLAMA_EMBED for another model than all-minilm:22m)")
	}
	name := os.Getenv("MITIGRAPH_OLLAMA_EMBED")
	if name == "" {
		name = "all-minilm:22m"
	}
	e, err := ollama.NewEmbedder("", name)
	require.NoError(t, err)
	digest, err := e.Digest(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, digest)
	vs, err := e.Embed(t.Context(), []string{"The breaker was opened.", "Somebody opened the circuit breaker.", "The soup needs salt.", strings.Repeat("long ", 1<<16)})
	require.NoError(t, err)
	require.Len(t, vs, 4)
	product := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	assert.Greater(t, product(vs[0], vs[1]), product(vs[0], vs[2]))
}

package ollama

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/types/model"
)

// Embedder asks one model on one server for embeddings of texts.
// [NewEmbedder] makes it; it is safe for concurrent use.
type Embedder struct{ w *Writer }

// NewEmbedder makes an embedder, as [New] makes a writer.
func NewEmbedder(host, model string) (*Embedder, error) {
	if strings.TrimSpace(model) == "" {
		return nil, errors.New("ollama: no model named; want one such as all-minilm:22m")
	}
	w, err := New(host, model)
	if err != nil {
		return nil, err
	}
	return &Embedder{w}, nil
}

// Name returns "ollama:" and the model's name.
func (e *Embedder) Name() string { return e.w.Name() }

// Digest returns the server's digest of the model. It waits 30 seconds at most;
// the errors are those of [Writer.Ready].
func (e *Embedder) Digest(ctx context.Context) (string, error) {
	limited, cancel := context.WithTimeout(ctx, e.w.readyTimeout)
	defer cancel()
	digest, err := e.digest(limited)
	switch {
	case err == nil:
		return digest, nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("ollama: %w", ctx.Err())
	case limited.Err() != nil:
		return "", fmt.Errorf("%w: %s did not answer within %v; is that an Ollama server?", ErrUnreachable, e.w.base, e.w.readyTimeout)
	}
	return "", err
}

func (e *Embedder) digest(ctx context.Context) (string, error) {
	list, err := e.w.client.List(ctx)
	if err != nil {
		return "", e.w.failure(err)
	}
	i := slices.IndexFunc(list.Models, func(m api.ListModelResponse) bool { return sameModel(m.Name, e.w.model) })
	if i < 0 {
		return "", e.w.noModel(list.Models)
	}
	show, err := e.w.client.Show(ctx, &api.ShowRequest{Model: e.w.model})
	if err != nil {
		return "", e.w.failure(err)
	}
	if len(show.Capabilities) > 0 && !slices.Contains(show.Capabilities, model.CapabilityEmbedding) {
		return "", fmt.Errorf("%w: %s on %s makes no embeddings (it is for %s)", ErrNoModel, clean(e.w.model), e.w.base, clean(fmt.Sprint(show.Capabilities)))
	}
	return clean(list.Models[i].Digest), nil
}

// Embed returns a vector for each text. Of a text that is longer than what
// the model reads only the beginning counts. The errors are those of
// [Writer.Ready].
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	yes := true
	short := make([]string, len(texts))
	for i, t := range texts {
		short[i] = beginning(t)
	}
	r, err := e.w.client.Embed(ctx, &api.EmbedRequest{Model: e.w.model, Input: short, Truncate: &yes, KeepAlive: &api.Duration{Duration: keepAlive}})
	switch {
	case err == nil && len(r.Embeddings) == len(texts):
		return r.Embeddings, nil
	case err == nil:
		return nil, serverError("%d embeddings for %d texts", len(r.Embeddings), len(texts))
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ollama: %w", ctx.Err())
	}
	return nil, e.w.failure(err)
}

// longestText is more than a model for embeddings reads, in bytes. What is
// longer is cut here, since a server tokenizes all of it first.
const longestText = 32 << 10

func beginning(s string) string {
	if len(s) <= longestText {
		return s
	}
	return strings.ToValidUTF8(s[:longestText], "")
}

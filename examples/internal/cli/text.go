package cli

import (
	"context"
	"strings"

	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

// LoadAttack reads the release that -attack names, of any domain; the embedded
// facts when it names none.
func LoadAttack(ctx context.Context, name string) (*mitre.Catalog, error) {
	return loadAttack(ctx, name, true)
}

// LoadEmbedder makes what -embed names; nil when it names nothing. Vectors are
// kept in the user's cache folder, or below MITIGRAPH_CACHE.
func LoadEmbedder(ctx context.Context, name string) (identify.Embedder, error) {
	if name == "" {
		return nil, nil
	}
	model, ok := strings.CutPrefix(name, "ollama:")
	if !ok || model == "" {
		return nil, Misuse("-embed %q: want ollama:MODEL, such as ollama:all-minilm:22m", name)
	}
	e, err := ollama.NewEmbedder("", model)
	if err != nil {
		return nil, Misuse("-embed: %w", err)
	}
	if _, err := e.Digest(ctx); err != nil {
		return nil, err
	}
	folder := CacheFolder("embeddings")
	if folder == "" {
		return e, nil // nowhere to keep them
	}
	return identify.Cached(e, folder), nil
}

package bolt_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/graph/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Skip("one write that removes and adds damages the file: Cayley's key-value store drops a part of an added quad " +
		"when the same deltas remove that value more often than they add it")
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "graph.db")
		return func(ctx context.Context) (store.Store, error) { return bolt.Open(ctx, path, bolt.Options{}) }
	})
}

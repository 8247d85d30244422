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
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "graph.db")
		return func(ctx context.Context) (store.Store, error) { return bolt.Open(ctx, path, bolt.Options{}) }
	})
}

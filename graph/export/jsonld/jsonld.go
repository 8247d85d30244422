// Package jsonld writes a graph as JSON-LD, in its flattened form: one named
// graph for each source, and in it the nodes by their IRIs. It has everything
// that [graph.Snapshot.QuadsOf] says. It is apart from package export for its
// large library. The whole of ATT&CK for ICS and of what this module knows of
// weaknesses takes some 60 milliseconds and 24 MB. The package never reads
// JSON-LD.
package jsonld

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/cayleygraph/quad/jsonld"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/export"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

// Write writes a part of a snapshot, which it holds in memory meanwhile. The
// same part gives the same bytes. With an error, which is the writer's or the
// context's, some of it may be written.
func Write(ctx context.Context, w io.Writer, s *graph.Snapshot, p graph.Part) error {
	var b bytes.Buffer
	out := jsonld.NewWriter(&b)
	n := 0
	for q := range s.QuadsOf(p) {
		if n++; n%256 == 0 && ctx.Err() != nil {
			return fmt.Errorf("export: jsonld: %w", ctx.Err())
		}
		if err := out.WriteQuad(export.Statement(q)); err != nil {
			return fmt.Errorf("export: jsonld: %w", err)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("export: jsonld: %w", err)
	}
	err := out.Close()
	if err == nil {
		err = escape.Write(w, escape.JSON(b.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("export: jsonld: %w", err)
	}
	return nil
}

package mitigraph

import (
	_ "github.com/cayleygraph/cayley/graph/memstore"
	_ "github.com/cayleygraph/cayley/query/path"
	_ "github.com/cayleygraph/cayley/query/gizmo"
	_ "github.com/goccy/go-json"
	_ "github.com/gocsaf/csaf/v3/csaf"
	_ "github.com/ollama/ollama/api"
	_ "github.com/pandatix/go-cvss/20"
	_ "github.com/pandatix/go-cvss/31"
	_ "github.com/pandatix/go-cvss/40"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/stretchr/testify/require"
	_ "go.uber.org/goleak"
)

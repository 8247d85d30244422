package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store/postgres"
	"github.com/mitigraph/mitigraph/mitre"
)

// A test that needs another process runs this program again with these
// variables.
const (
	childVariable  = "MITIGRAPH_TEST_CHILD" // what its findings are called
	schemaVariable = "MITIGRAPH_TEST_SCHEMA"
	timesVariable  = "MITIGRAPH_TEST_TIMES"
)

// release is the smallest that a graph takes.
func release() graph.Source {
	const bundle = `{"type":"bundle","id":"bundle--1b7e5b6f-8f0b-4f6c-9c39-2c6d0a6b6a01","objects":[{"type":"x-mitre-collection",
		"id":"x-mitre-collection--90c00720-636b-4485-b342-8751d232bf09","spec_version":"2.1","name":"ICS ATT&CK",
		"x_mitre_version":"19.1","created":"2020-10-27T14:49:39.188Z","modified":"2026-04-28T14:00:00.188Z",
		"x_mitre_contents":[]},{"type":"attack-pattern","id":"attack-pattern--8e7089d3-fba2-44f8-94a8-9a79c53920c4",
		"spec_version":"2.1","name":"Default Credentials","created":"2020-05-21T17:43:26.506Z","modified":"2025-04-16T21:26:17.000Z",
		"external_references":[{"source_name":"mitre-attack","external_id":"T0812"}],"x_mitre_domains":["ics-attack"]}]}`
	c, err := mitre.Read(context.Background(), "a small release", strings.NewReader(bundle))
	if err != nil {
		panic(err)
	}
	return graph.Attack(c)
}

// child adds findings to a graph, one after the other.
func child() int {
	err := func() error {
		ctx := context.Background()
		n, err := strconv.Atoi(os.Getenv(timesVariable))
		if err != nil {
			return err
		}
		s, err := postgres.Open(ctx, os.Getenv("MITIGRAPH_POSTGRES"), postgres.Options{Schema: os.Getenv(schemaVariable)})
		if err != nil {
			return err
		}
		g, err := graph.Open(ctx, s, release())
		if err != nil {
			return err
		}
		for i := range n {
			f := finding.Finding{ID: fmt.Sprintf("%s-%d", os.Getenv(childVariable), i), Weaknesses: []string{"CWE-798"}}
			if err := g.Add(ctx, graph.Findings(f)); err != nil {
				return err
			}
		}
		return g.Close()
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Two processes that start on an empty schema and write at once lose nothing of
// each other and double nothing.
func TestTwoProcesses(t *testing.T) {
	server(t)
	schema := newSchema(t)
	const times = 50
	names := []string{"A", "B"}
	var running []*exec.Cmd
	var said [2]bytes.Buffer
	for i, name := range names {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), childVariable+"="+name, schemaVariable+"="+schema, timesVariable+"="+strconv.Itoa(times))
		c.Stderr = &said[i]
		require.NoError(t, c.Start())
		running = append(running, c)
	}
	for i, c := range running {
		assert.NoError(t, c.Wait(), "%s: %s", names[i], &said[i])
		assert.Empty(t, said[i].String(), "nothing is logged")
	}
	s := open(t, schema)
	quads, state, err := s.Read(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 2*times+1, state.Writes)
	seen := map[string]int{}
	for _, q := range quads {
		seen[q.String()]++
	}
	assert.Len(t, seen, len(quads), "none twice")
	g, err := graph.Open(t.Context(), s)
	require.NoError(t, err)
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	var got, want []string
	for _, f := range a.Findings {
		got = append(got, f.ID)
	}
	for _, name := range names {
		for i := range times {
			want = append(want, fmt.Sprintf("%s-%d", name, i))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	assert.Equal(t, want, got)
}

// A graph takes over what another one wrote when it is told to, and before its
// own next write.
func TestRefresh(t *testing.T) {
	server(t)
	schema := newSchema(t)
	var graphs [2]*graph.Graph
	for i := range graphs {
		g, err := graph.Open(t.Context(), open(t, schema), release())
		require.NoError(t, err)
		graphs[i] = g
	}
	count := func(g *graph.Graph) int {
		a, err := g.Snapshot().Assess(t.Context())
		require.NoError(t, err)
		return len(a.Findings)
	}
	one, two := graphs[0], graphs[1]
	require.NoError(t, one.Add(t.Context(), graph.Findings(finding.Finding{ID: "F-1"})))
	assert.Equal(t, 0, count(two))
	changed, err := two.Refresh(t.Context())
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, 1, count(two))
	changed, err = two.Refresh(t.Context())
	require.NoError(t, err)
	assert.False(t, changed)
	require.NoError(t, two.Add(t.Context(), graph.Findings(finding.Finding{ID: "F-2"})))
	require.NoError(t, one.Add(t.Context(), graph.Findings(finding.Finding{ID: "F-3"})))
	assert.Equal(t, 3, count(one), "after a conflict it was made again")
	for _, g := range graphs {
		require.NoError(t, g.Close())
	}
}

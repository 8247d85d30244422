package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
)

func compareReleases(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = codeOf(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

func codeOf(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.Code("releases", run(ctx, args, nil, stdout, stderr), stderr)
}

const older = `{"type":"bundle","id":"bundle--1","objects":[
 {"type":"attack-pattern","id":"attack-pattern--1","name":"Old Name","kill_chain_phases":[{"kill_chain_name":"mitre-ics-attack","phase_name":"impact"}],"external_references":[{"source_name":"mitre-attack","external_id":"T0001"}]}]}`

func TestReleases(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "a.json"), filepath.Join(t.TempDir(), "b.json")
	require.NoError(t, os.WriteFile(a, []byte(older), 0o600))
	require.NoError(t, os.WriteFile(b, []byte(strings.ReplaceAll(older, "Old", "New")), 0o600))
	code, stdout, stderr := compareReleases(t, a, b)
	assert.Zero(t, code, stderr)
	assert.Contains(t, stdout, "renamed        1 technique\n")
	assert.Contains(t, stdout, "  T0001 New Name, before Old Name\n")

	code, stdout, stderr = compareReleases(t, "-format", "json", a, b)
	assert.Zero(t, code, stderr)
	var short struct {
		Objects []struct {
			ID, Name string
			OldName  string `json:"old_name"`
			Kinds    []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &short))
	require.Len(t, short.Objects, 1)
	assert.Equal(t, "T0001", short.Objects[0].ID)
	assert.Equal(t, "Old Name", short.Objects[0].OldName)
	assert.Equal(t, []string{"renamed"}, short.Objects[0].Kinds)
}

// A version is fetched from the mirror, once.
func TestFetched(t *testing.T) {
	f, err := os.Open("../../../shared/data/attack/ics-attack-18.1.json.gz")
	if err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-18.1.json.gz")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	bundle, err := io.ReadAll(z)
	require.NoError(t, err)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		assert.Equal(t, "/mirror/ics-attack/ics-attack-18.1.json", r.URL.Path)
		_, _ = w.Write(bundle)
	}))
	defer server.Close()
	t.Setenv("MITIGRAPH_ATTACK_MIRROR", server.URL+"/mirror")
	t.Setenv("MITIGRAPH_CACHE", t.TempDir())
	for range 2 {
		code, stdout, stderr := compareReleases(t, "v18.1", "19.1")
		assert.Zero(t, code, stderr)
		assert.Contains(t, stdout, "ATT&CK ics-attack 19.1 compared with ATT&CK ics-attack 18.1\nOne of the two has facts only")
		assert.Contains(t, stdout, "  T0855 Unauthorized Command Message -> T1692.001 Unauthorized Message: Command Message\n")
	}
	assert.Equal(t, 1, asked)
}

func TestMisuse(t *testing.T) {
	t.Setenv("MITIGRAPH_OFFLINE", "1")
	t.Setenv("MITIGRAPH_CACHE", t.TempDir())
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "0 releases given, want two"},
		{[]string{"a", "b", "c"}, "3 releases given"},
		{[]string{"-format", "xml", "a", "b"}, `-format "xml"`},
		{[]string{"-nope"}, "-nope"},
		{[]string{"missing.json", "19.1"}, "missing.json"},
		{[]string{"99.9", "19.1"}, "unknown release; known are 8.0"},
		{[]string{"latest", "19.1"}, "latest: no such file"},
		{[]string{"", ""}, "named by an empty string"},
		{[]string{"19.1", ""}, "named by an empty string"},
		{[]string{t.TempDir(), "19.1"}, "a directory"},
	} {
		code, stdout, stderr := compareReleases(t, test.args...)
		assert.Equal(t, 2, code, test.args)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, test.want)
	}
	code, stdout, _ := compareReleases(t, "-h")
	assert.Zero(t, code)
	assert.Contains(t, stdout, "Usage:")

	var stderr2 bytes.Buffer
	assert.Equal(t, 1, codeOf(t.Context(), []string{"-h"}, failing{}, &stderr2))
	assert.Contains(t, stderr2.String(), "disk full")

	mobile := filepath.Join(t.TempDir(), "m.json")
	require.NoError(t, os.WriteFile(mobile, []byte(strings.ReplaceAll(older, "mitre-ics-attack", "mitre-mobile-attack")), 0o600))
	code, _, stderr := compareReleases(t, mobile, "19.1")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "nothing to compare")
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// What may work the next time is not the input's fault.
func TestFailures(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("MITIGRAPH_CACHE", dir)
	t.Setenv("MITIGRAPH_OFFLINE", "1")
	code, _, stderr := compareReleases(t, "18.1", "19.1")
	assert.Equal(t, 1, code, stderr)
	assert.Contains(t, stderr, "offline, and there is no ")

	t.Setenv("MITIGRAPH_OFFLINE", "")
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	t.Setenv("MITIGRAPH_ATTACK_MIRROR", server.URL)
	code, _, stderr = compareReleases(t, "18.1", "19.1")
	assert.Equal(t, 1, code, stderr)
	assert.Contains(t, stderr, "404")

	require.NoError(t, os.RemoveAll(filepath.Join(dir, "attack")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "attack"), nil, 0o600))
	code, _, stderr = compareReleases(t, "18.1", "19.1")
	assert.Equal(t, 1, code, stderr)
	assert.Contains(t, stderr, "not a directory")

	var b bytes.Buffer
	assert.Equal(t, 1, codeOf(t.Context(), []string{"19.1", "19.1"}, failing{}, &b))
	assert.Contains(t, b.String(), "disk full")
}

// An interrupt ends a download; what blocks is left to cli.Main.
func TestInterrupt(t *testing.T) {
	t.Setenv("MITIGRAPH_CACHE", t.TempDir())
	asked, cancelled := make(chan struct{}), errors.New("test over")
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	defer server.Close()
	t.Setenv("MITIGRAPH_ATTACK_MIRROR", server.URL)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-asked; cancel(cancelled) }()
	var stderr bytes.Buffer
	assert.Equal(t, 1, codeOf(ctx, []string{"18.1", "19.1"}, io.Discard, &stderr))
	assert.Contains(t, stderr.String(), "interrupted")
}

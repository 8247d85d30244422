package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	golib "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre/navigator"
)

// Each format of the sample site is the same each time. Small ones are kept, to
// be looked at when they change.
func TestFormats(t *testing.T) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			if testing.Short() && f.name != "json" && f.name != "html" {
				t.Skip("the race detector needs ten times as long: without -short")
			}
			got, stderr, code := assess(t, "-format", f.name)
			require.Zero(t, code, stderr)
			again, _, _ := assess(t, "-format", f.name)
			assert.Equal(t, got, again)
			switch f.name {
			case "markdown":
				sameAsGolden(t, "sample.md", got)
			case "navigator":
				sameAsGolden(t, "sample.layer.json", got)
				l, err := navigator.Read(t.Context(), "layer", bytes.NewReader([]byte(got)))
				require.NoError(t, err)
				assert.Equal(t, "19.1", l.Versions.Attack)
				assert.GreaterOrEqual(t, len(l.Techniques), 27)
			case "sarif":
				sameAsGolden(t, "sample.sarif", got)
				log, err := golib.FromString(got)
				require.NoError(t, err)
				require.NoError(t, log.Validate(), "against the schema of the standard")
				assert.Len(t, log.Runs[0].Results, 24)
			}
		})
	}
}

// The page of 81 advisories can be sent by mail.
func TestPageOfAdvisories(t *testing.T) {
	page, stderr, code := assess(t, append([]string{"-format", "html"}, advisories(t)...)...)
	require.Zero(t, code, stderr)
	assert.Less(t, len(page), 3<<20)
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]string{
		"": "text", "-": "text", "r": "text", "r.txt": "text", "r.pdf": "text", "r.json": "json", "R.JSON": "json", "r.jsonl": "jsonl", "r.ndjson": "jsonl",
		"r.md": "markdown", "r.markdown": "markdown", "r.html": "html", "r.htm": "html", "r.layer.json": "navigator", "r.navigator.json": "navigator",
		"r.stix.json": "stix", "r.sarif": "sarif", "r.sarif.json": "sarif", "dir.html/r": "text", "stix.json": "json", ".md": "markdown",
	} {
		format, _ := formatOf(name)
		assert.Equal(t, want, format, name)
	}
	_, told, code := assess(t, "-o", filepath.Join(t.TempDir(), "r.pdf"))
	require.Zero(t, code)
	assert.Contains(t, told, ".pdf is the ending of no format")
	file := filepath.Join(t.TempDir(), "report.html")
	_, stderr, code := assess(t, "-o", file)
	require.Zero(t, code, stderr)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(b, []byte("<!DOCTYPE html>")))
}

package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/graph/finding"
)

func inputSchema(t testing.TB, name string) func(text string) error {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "data", "schema", name))
	require.NoError(t, err)
	return func(text string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		require.NoError(t, err)
		return s.Validate(v)
	}
}

func sampleFile(t testing.TB, name string) string {
	t.Helper()
	b, err := data.FS.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// The schema of findings takes what the reader takes without a word.
func TestSchemaOfFindings(t *testing.T) {
	valid := inputSchema(t, "findings.json")
	for _, test := range []struct {
		text string
		good bool
	}{
		{sampleFile(t, data.SampleFindings), true},
		{`[]`, true},
		{`{"findings":[{"title":"a"}],"site":"s"}`, true},
		{`{"id":"A"}`, true},
		{`[{"id":"A","title":"t","description":"d","device":"x","weaknesses":["CWE-798"],"cves":["CVE-2024-1234"],"cvss":"v","kev":true,"epss":0.5,"techniques":["T0859"],
			"place":"a.c:1","products":["p"],"remedies":[{"category":"vendor_fix","text":"t","products":["p"]}]}]`, true},
		{`[{"device":"x"}]`, false},
		{`[{"id":" "}]`, false},
		{`[{"id":7,"title":"t"}]`, false},
		{`[{"id":"A","epss":7}]`, false},
		{`[{"id":"A","kev":"yes"}]`, false},
		{`[{"id":"A","cves":["CVE-1"]}]`, false},
		{`[{"id":"A","weaknesses":"CWE-798"}]`, false},
		{`[{"id":"A","products":[1]}]`, false},
		{`[{"id":"A","remedies":[{"text":"t"}]}]`, false},
		{`[{"id":"A","severity":"high"}]`, false},
		{`[7]`, false},
	} {
		assert.Equal(t, test.good, valid(test.text) == nil, test.text)
		_, skipped, err := finding.Collect(finding.Read(t.Context(), "x", strings.NewReader(test.text), finding.JSON))
		require.NoError(t, err)
		assert.Equal(t, test.good, len(skipped) == 0, "%s: %v", test.text, skipped)
	}
	var s struct {
		Defs struct {
			Finding struct {
				Properties map[string]any `json:"properties"`
			} `json:"finding"`
		} `json:"$defs"`
	}
	readSchema(t, "findings.json", &s)
	var f map[string]any
	b, err := json.Marshal(finding.Finding{ID: "A", Title: "a", Description: "a", Device: "a", Weaknesses: []string{"a"}, CVEs: []string{"a"}, CVSS: "a",
		KEV: true, EPSS: 1, Techniques: []string{"a"}, Products: []string{"a"}, Affected: []finding.Affected{{}}, Remedies: []finding.Remedy{{}}, Place: "a"})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &f))
	assert.Equal(t, slices.Sorted(maps.Keys(f)), slices.Sorted(maps.Keys(s.Defs.Finding.Properties)), "the members of a Finding")
}

// The schema of a site description takes what -controls takes.
func TestSchemaOfControls(t *testing.T) {
	valid := inputSchema(t, "controls.json")
	for _, test := range []struct {
		text string
		good bool
	}{
		{sampleFile(t, data.SampleControls), true},
		{`{"site":"s"}`, true},
		{`{"deployed":["M0801"],"devices":[{"id":"a","name":"n","asset":"A0003","deployed":["M0807"],"constraints":["no_agent"],"products":["EP-100"]}]}`, true},
		{`{"accepted":[{"kind":"no_mitigation","technique":"T0837","by":"a","why":"b"}]}`, true},
		{`{"devices":[{"id":"a"}],"accepted":[{"kind":"no_technique","finding":"A","device":"a","by":"a","until":"2027-01-31","why":"b"}]}`, true},
		{`{"accepted":[{"kind":"no_mitigation","technique":"T0837","why":"b"}]}`, false},
		{`{"accepted":[{"kind":"no_mitigation","by":"a","why":"b"}]}`, false},
		{`{"accepted":[{"kind":"none","technique":"T0837","by":"a","why":"b"}]}`, false},
		{`{"accepted":[{"kind":"no_mitigation","technique":"T0837","by":"a","until":"soon","why":"b"}]}`, false},
		{`{}`, false},
		{`{"deploid":["M0801"]}`, false},
		{`{"deployed":"M0801"}`, false},
		{`{"deployed":["T0859"]}`, false},
		{`{"devices":[{"name":"n"}]}`, false},
		{`{"devices":[{"id":""}]}`, false},
		{`{"devices":[{"id":"a","asset":"PLC"}]}`, false},
		{`{"devices":[{"id":"a","constraints":["no_agnt"]}]}`, false},
		{`{"devices":[{"id":"a","products":[""]}]}`, false},
		{`{"devices":[{"id":"a","product":["x"]}]}`, false},
	} {
		assert.Equal(t, test.good, valid(test.text) == nil, test.text)
		_, stderr, code := assess(t, "-draft", "none", "-controls", write(t, "site.json", test.text), write(t, "f.json", oneFinding))
		assert.Equal(t, test.good, code == 0, "%s: %s", test.text, stderr)
	}
	var s struct {
		Properties struct {
			Devices struct {
				Items struct {
					Properties map[string]struct {
						Items struct {
							Enum []string `json:"enum"`
						} `json:"items"`
					} `json:"properties"`
				} `json:"items"`
			} `json:"devices"`
		} `json:"properties"`
	}
	readSchema(t, "controls.json", &s)
	var known struct {
		Constraints []struct{ ID string } `json:"constraints"`
	}
	require.NoError(t, json.Unmarshal([]byte(sampleFile(t, data.Constraints)), &known))
	var ids []string
	for _, c := range known.Constraints {
		ids = append(ids, c.ID)
	}
	assert.Equal(t, ids, s.Properties.Devices.Items.Properties["constraints"].Items.Enum)
}

func readSchema(t testing.TB, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "data", "schema", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, v))
}

package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
)

// Neither the facts of EMB3D nor this project's reasons for its mapping may
// carry MITRE's prose. Names are names: some descriptions quote one whole.
func TestEMB3DSharesNoSentenceWithDescriptions(t *testing.T) {
	b, err := os.ReadFile(shared(t, emb3dRelease))
	require.NoError(t, err)
	var bundle any
	require.NoError(t, json.Unmarshal(b, &bundle))
	prose := map[string]bool{}
	eachString(bundle, "", func(path, s string) {
		switch path[strings.LastIndex(path, ".")+1:] {
		case "description", "x_mitre_emb3d_threat_evidence", "x_mitre_emb3d_threat_CWEs", "x_mitre_emb3d_threat_CVEs",
			"x_mitre_emb3d_mitigation_references":
			for _, r := range runs(s) {
				prose[r] = true
			}
		}
	})
	require.Greater(t, len(prose), 10_000, "the descriptions were not found")

	for _, name := range []string{data.EMB3D, data.MappingEMB3D} {
		facts, err := data.FS.ReadFile(name)
		require.NoError(t, err)
		var v any
		require.NoError(t, json.Unmarshal(facts, &v))
		eachString(v, "", func(path, s string) {
			if name == data.EMB3D && strings.HasSuffix(path, ".name") {
				return
			}
			for _, r := range runs(s) {
				assert.False(t, prose[r], "%s%s: %q shares %q with a text of MITRE's", name, path, s, r)
			}
		})
	}
}

// What EMB3D writes as Markdown, slips of the pen included.
func TestEMB3DLists(t *testing.T) {
	cwes, err := cwesNamed("- [CWE-12326: Missing](https://cwe.mitre.org/data/definitions/1326.html)  \n  \"Text.\"\n\n" +
		"- [CWE 1218: Memory (Base)](http://cwe.mitre.org/data/definitions/1218.html)")
	require.NoError(t, err)
	assert.Equal(t, []string{"CWE-1326", "CWE-1218"}, cwes)
	_, err = cwesNamed("- [CAPEC-1](https://capec.mitre.org/1.html)")
	assert.ErrorContains(t, err, "CAPEC-1")

	for in, want := range map[string][]string{
		"- none":                            nil,
		"- None":                            nil,
		"- EDR / HDR/ NDR 3.14 – Integrity": {"EDR 3.14", "HDR 3.14", "NDR 3.14"},
		"- CR 2.8 – Auditable events\u00a0\n\nCR 3.7 – Error handling":  {"CR 2.8", "CR 3.7"},
		"- CR 1.1 – Human user: RE (2) Multifactor authentication":      {"CR 1.1 RE 2"},
		"- CR 3.1 – Communication integrity (1) Authentication":         {"CR 3.1 RE 1"},
		"- CR – 3.5 Input Validation\n\n- CR 4.3 – Use of cryptography": {"CR 3.5", "CR 4.3"},
	} {
		got, err := requirementsNamed(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	_, err = requirementsNamed("- FR 9 – Something new")
	assert.ErrorContains(t, err, "FR 9")
}

// What EMB3D may say tomorrow is an error, not a loss.
func TestEMB3DUnknown(t *testing.T) {
	property := &emb3dObject{Type: "x-mitre-emb3d-property", ID: "p", Property: "PID-1"}
	threat := &emb3dObject{Type: "vulnerability", ID: "t", Threat: "TID-1"}
	for name, objects := range map[string][]*emb3dObject{
		"type":            {{Type: "x-new", ID: "x"}},
		"link":            {property, threat, {Type: "relationship", Link: "x-new", Source: "p", Target: "t"}},
		"link to nothing": {property, {Type: "relationship", Link: "relates-to", Source: "p", Target: "t"}},
	} {
		_, err := emb3dContent("1", objects)
		assert.ErrorContains(t, err, "unknown", name)
	}
	_, err := emb3dFacts("bundle.json")
	assert.ErrorContains(t, err, "emb3d-stix-2.0.1.json")
}

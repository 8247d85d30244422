package main

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
)

// cweIntegrity is what the registry says of cwe-sdk 1.1.19: the SHA-512 of
// its .tgz.
const cweIntegrity = "pCmiSmBV2/QOPh3I12VnNZXbTZTdCk2H2oW05phN7APXHvyA7hF7qifzBp7RFVEaBJcOjlfsgcUZz7jSzDStGA=="

// release is the path of the official release.
func release(t *testing.T) string {
	t.Helper()
	return shared(t, attackRelease)
}

// shared is the path of a file in the folder shared beside the module.
// Without it the test is skipped.
func shared(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs ../shared/data/" + name)
	}
	return path
}

func TestFilesAreWhatTheGeneratorWrites(t *testing.T) {
	equal := func(t *testing.T, name string, got file, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, name, got.name, "the constant in package data and the source's version differ")
		want, err := data.FS.ReadFile(name)
		require.NoError(t, err)
		if string(want) != string(got.content) { // not assert.Equal: a megabyte of difference helps nobody
			t.Errorf("data/%s is not what its generator writes; run go generate ./data", name)
		}
	}
	t.Run("attack", func(t *testing.T) {
		f, err := attackFacts(release(t))
		equal(t, data.AttackICS, f, err)
	})
	t.Run("releases", func(t *testing.T) {
		f, err := releasesTable(shared(t, officialReleases))
		equal(t, data.AttackReleases, f, err)
	})
	t.Run("emb3d", func(t *testing.T) {
		f, err := emb3dFacts(shared(t, emb3dRelease))
		equal(t, data.EMB3D, f, err)
	})
	t.Run("cwe", func(t *testing.T) {
		path := os.Getenv("MITIGRAPH_CWE_SDK")
		if path == "" {
			t.Skip("needs MITIGRAPH_CWE_SDK, the path of the npm package cwe-sdk 1.1.19")
		}
		info, err := os.Stat(path)
		require.NoError(t, err)
		if !info.IsDir() {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			sum := sha512.Sum512(b)
			require.Equal(t, cweIntegrity, base64.StdEncoding.EncodeToString(sum[:]), "SHA-512 of %s", path)
		}
		f, err := cweFacts(path)
		equal(t, data.CWE, f, err)
	})
	t.Run("owasp", func(t *testing.T) {
		f, err := owaspFacts()
		equal(t, data.OWASPIoT, f, err)
	})
}

// The facts must not lose an object, or where a relationship leads.
func TestFactsHoldEveryObject(t *testing.T) {
	type reference struct {
		ID string `json:"external_id"`
	}
	type object struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Name     string `json:"name"`
		Created  string `json:"created"`
		Modified string `json:"modified"`
		Link     string `json:"relationship_type"`
		Source   string `json:"source_ref"`
		Target   string `json:"target_ref"`
		// Both mean the same when absent and when false.
		Revoked    bool        `json:"revoked"`
		Deprecated bool        `json:"x_mitre_deprecated"`
		References []reference `json:"external_references"`
	}
	read := func(b []byte) map[string]object {
		var bundle struct{ Objects []object }
		require.NoError(t, json.Unmarshal(b, &bundle))
		byID := map[string]object{}
		for _, o := range bundle.Objects {
			// The ATT&CK ID stays, references to other things may go.
			withID := slices.DeleteFunc(o.References, func(r reference) bool { return r.ID == "" })
			o.References = append([]reference{}, withID...)
			byID[o.ID] = o
		}
		assert.Len(t, byID, len(bundle.Objects))
		return byID
	}
	official, err := readGzip(release(t))
	require.NoError(t, err)
	facts, err := data.FS.ReadFile(data.AttackICS)
	require.NoError(t, err)
	assert.Equal(t, read(official), read(facts))
}

// run is how many words in a row, shared, count as a copied sentence.
const run = 8

// The facts must not carry MITRE's prose. The name of a reference is often
// its authors and year, so it is compared to all but bibliographic entries.
func TestFactsShareNoSentenceWithDescriptions(t *testing.T) {
	const entry = ".external_references.description"
	citation := regexp.MustCompile(`\(Citation:[^)]*\)`) // holds a reference's name

	official, err := readGzip(release(t))
	require.NoError(t, err)
	var bundle any
	require.NoError(t, json.Unmarshal(official, &bundle))
	prose, entries := map[string]bool{}, map[string]bool{}
	eachString(bundle, "", func(path, s string) {
		into := prose
		switch {
		case strings.HasSuffix(path, entry):
			into = entries
		case !strings.HasSuffix(path, ".description") && !strings.HasSuffix(path, ".channel"):
			return
		}
		for _, r := range runs(citation.ReplaceAllString(s, "")) {
			into[r] = true
		}
	})
	require.Greater(t, len(prose), 10_000, "the descriptions were not found")
	require.Greater(t, len(entries), 1_000, "the references were not found")

	facts, err := data.FS.ReadFile(data.AttackICS)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(facts, &bundle))
	eachString(bundle, "", func(path, s string) {
		name := strings.HasSuffix(path, ".external_references.source_name")
		for _, r := range runs(s) {
			if prose[r] || entries[r] && !name {
				t.Errorf("%s: %q shares %q with a description of MITRE's", path, s, r)
			}
		}
	})
}

// runs are the runs of words in s, in lower case and without punctuation.
func runs(s string) []string {
	var words, all []string
	for _, w := range strings.Fields(strings.ToLower(s)) {
		if w = strings.Trim(w, `.,;:!?()[]"'*`); w != "" {
			words = append(words, w)
		}
	}
	for i := 0; i+run <= len(words); i++ {
		all = append(all, strings.Join(words[i:i+run], " "))
	}
	return all
}

func eachString(v any, path string, f func(path, s string)) {
	switch v := v.(type) {
	case string:
		f(path, v)
	case []any:
		for _, e := range v {
			eachString(e, path, f)
		}
	case map[string]any:
		for k, e := range v {
			eachString(e, path+"."+k, f)
		}
	}
}

// What the reduction does to properties, without a release at hand.
func TestReduce(t *testing.T) {
	for name, test := range map[string]struct{ in, want, err string }{
		"unknown properties and sentences go": {
			in:   `{"type":"course-of-action","description":"Text.","x_new":"Text.","id":"course-of-action--1","name":"A & B"}`,
			want: `{"type":"course-of-action","id":"course-of-action--1","name":"A & B"}`,
		},
		"a property of another type goes": {
			in:   `{"type":"course-of-action","x_mitre_shortname":"x"}`,
			want: `{"type":"course-of-action"}`,
		},
		"flags only when true": {
			in:   `{"type":"attack-pattern","revoked":false,"x_mitre_deprecated":true,"x_mitre_is_subtechnique":false}`,
			want: `{"type":"attack-pattern","x_mitre_deprecated":true}`,
		},
		"but is_family always": {
			in:   `{"type":"malware","is_family":false}`,
			want: `{"type":"malware","is_family":false}`,
		},
		"references": {
			in: `{"type":"malware","external_references":[
				{"source_name":"mitre-attack","url":"https://attack.mitre.org/software/S1","external_id":"S1","description":"Text."},
				{"source_name":"An alias","description":"Text."},
				{"source_name":"A report","url":"https://example.org/?a=1&b=2","description":"Text."}]}`,
			want: `{"type":"malware","external_references":[` +
				`{"source_name":"mitre-attack","url":"https://attack.mitre.org/software/S1","external_id":"S1"},` +
				`{"source_name":"A report","url":"https://example.org/?a=1&b=2"}]}`,
		},
		"the older name of ATT&CK for ICS": {
			in:   `{"type":"relationship","external_references":[{"source_name":"mitre-ics-attack","url":"https://collaborate.mitre.org/T1","external_id":"T1"}]}`,
			want: `{"type":"relationship","external_references":[{"source_name":"mitre-ics-attack","url":"https://collaborate.mitre.org/T1","external_id":"T1"}]}`,
		},
		"another catalogue's ID": {
			in:   `{"type":"relationship","external_references":[{"source_name":"capec","url":"https://example.org/1","external_id":"CAPEC-1"}]}`,
			want: `{"type":"relationship","external_references":[{"source_name":"capec","url":"https://example.org/1"}]}`,
		},
		"no reference left": {
			in:   `{"type":"relationship","external_references":[{"source_name":"A report","description":"Text."}]}`,
			want: `{"type":"relationship"}`,
		},
		"log sources that differ in the channel are one": {
			in:   `{"type":"x-mitre-data-component","x_mitre_log_sources":[{"name":"a","channel":"x"},{"name":"b","channel":"y"},{"name":"a","channel":"z"}]}`,
			want: `{"type":"x-mitre-data-component","x_mitre_log_sources":[{"name":"a"},{"name":"b"}]}`,
		},
		"unknown type":      {in: `{"type":"x-new"}`, err: `type "x-new" is not in the allow-list`},
		"value of any type": {in: `{"type":"malware","name":{"description":"Text."}}`, err: "name: "},
	} {
		t.Run(name, func(t *testing.T) {
			var o map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(test.in), &o))
			got, err := reduce(unquote(o["type"]), o)
			if test.err != "" {
				assert.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, string(got))
		})
	}
}

// Every property allowed has a shape, or it would be dropped unseen.
func TestAllowedPropertiesHaveShapes(t *testing.T) {
	shaped := map[string]bool{}
	for _, s := range shapes {
		assert.False(t, shaped[s.property], "%s has two shapes", s.property)
		shaped[s.property] = true
	}
	for kind, properties := range allowed {
		for _, p := range strings.Fields(everywhere + " " + properties) {
			assert.True(t, shaped[p], "%s: %s has no shape", kind, p)
		}
	}
}

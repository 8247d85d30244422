package data_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
)

func TestEveryNamedFileIsEmbeddedJSON(t *testing.T) {
	named := []string{
		data.AttackICS, data.CWE, data.OWASPIoT, data.Mapping,
		data.EMB3D, data.MappingEMB3D,
		data.Constraints, data.Coverage, data.SampleFindings, data.SampleControls,
	}
	for _, name := range named {
		b, err := data.FS.ReadFile(name)
		if assert.NoError(t, err) {
			assert.True(t, json.Valid(b), "%s is not JSON", name)
		}
	}

	// Nothing else of the generated folders is carried along, such as the
	// file of an older version.
	for dir, want := range map[string][]string{
		"attack": {data.AttackICS, data.AttackReleases},
		"cwe":    {data.CWE},
		"owasp":  {data.OWASPIoT},
		"emb3d":  {data.EMB3D},
	} {
		files, err := fs.Glob(data.FS, dir+"/*")
		require.NoError(t, err)
		assert.Equal(t, want, files)
	}
}

func TestAttackCounts(t *testing.T) {
	got := map[string]int{}
	var revoked, deprecated int
	for _, o := range attackObjects(t) {
		got[o["type"].(string)]++
		if o["revoked"] == true {
			revoked++
		}
		if o["x_mitre_deprecated"] == true {
			deprecated++
		}
	}
	assert.Equal(t, map[string]int{
		"attack-pattern":             118,
		"campaign":                   9,
		"course-of-action":           52,
		"identity":                   1,
		"intrusion-set":              16,
		"malware":                    30,
		"marking-definition":         1,
		"relationship":               1668,
		"x-mitre-analytic":           97,
		"x-mitre-asset":              18,
		"x-mitre-collection":         1,
		"x-mitre-data-component":     36,
		"x-mitre-data-source":        17,
		"x-mitre-detection-strategy": 97,
		"x-mitre-matrix":             1,
		"x-mitre-tactic":             12,
	}, got)
	assert.Equal(t, 11, revoked)
	assert.Equal(t, 37, deprecated)
}

func TestAttackIDsAreUniqueAndReferencesResolve(t *testing.T) {
	objects := attackObjects(t)
	ids := map[string]bool{}
	for _, o := range objects {
		id := o["id"].(string)
		assert.False(t, ids[id], "%s occurs twice", id)
		assert.True(t, strings.HasPrefix(id, o["type"].(string)+"--"), "%s has another type", id)
		ids[id] = true
	}
	reference := regexp.MustCompile(`^[a-z-]+--[0-9a-f]{8}-[0-9a-f-]{27}$`)
	for _, o := range objects {
		eachString(o, "", func(path, s string) {
			if reference.MatchString(s) {
				assert.True(t, ids[s], "%s%s: no object %s", o["id"], path, s)
			}
		})
	}
}

func TestAttackHoldsNoDescription(t *testing.T) {
	for _, o := range attackObjects(t) {
		eachString(o, "", func(path, s string) {
			assert.NotContains(t, path, "description", o["id"])
			assert.NotContains(t, path, "channel", o["id"])
			assert.NotContains(t, s, "\n", "%s%s", o["id"], path)
		})
	}
}

func TestAttackKeepsTheCopyrightNotice(t *testing.T) {
	for _, o := range attackObjects(t) {
		switch o["type"] {
		case "marking-definition":
			assert.Contains(t, o["definition"].(map[string]any)["statement"], "The MITRE Corporation")
		case "identity", "x-mitre-collection":
			assert.NotEmpty(t, o["object_marking_refs"])
		default:
			assert.Len(t, o["object_marking_refs"], 1, o["id"])
		}
	}
}

func TestWeaknessCatalogues(t *testing.T) {
	type weakness struct {
		ID, Kind, Name, Abstraction, Status string
		Parents                             []string
	}
	for name, want := range map[string]struct {
		id    string
		kinds map[string]int
	}{
		data.CWE:      {`^CWE-[1-9][0-9]*$`, map[string]int{"": 964, "category": 409, "view": 54}},
		data.OWASPIoT: {`^OWASP-IOT-2018-I([1-9]|10)$`, map[string]int{"": 10}},
	} {
		t.Run(name, func(t *testing.T) {
			var c struct {
				Catalogue, Version, Source string
				Weaknesses                 []weakness
			}
			decode(t, name, &c)
			assert.NotEmpty(t, c.Catalogue)
			assert.Contains(t, name, c.Version)
			assert.NotEmpty(t, c.Source)

			byID := map[string]weakness{}
			kinds := map[string]int{}
			for _, w := range c.Weaknesses {
				assert.Regexp(t, want.id, w.ID)
				assert.NotContains(t, byID, w.ID, "occurs twice")
				assert.NotEmpty(t, w.Name, w.ID)
				byID[w.ID] = w
				kinds[w.Kind]++
			}
			assert.Equal(t, want.kinds, kinds)

			// Up from each weakness there are weaknesses only, and an end.
			done := map[string]bool{}
			var up func(id string, below []string)
			up = func(id string, below []string) {
				if done[id] {
					return
				}
				require.NotContains(t, below, id, "a cycle: %v", below)
				for _, p := range byID[id].Parents {
					require.Contains(t, byID, p, "parent of %s", id)
					require.Empty(t, byID[p].Kind, "%s, parent of %s", p, id)
					up(p, append(slices.Clone(below), id))
				}
				done[id] = true
			}
			for _, w := range c.Weaknesses {
				up(w.ID, nil)
			}

			// Only a pillar of CWE, or a deprecated entry, has nothing above.
			for _, w := range c.Weaknesses {
				if name == data.CWE && w.Kind == "" && w.Abstraction != "Pillar" && w.Status != "Deprecated" {
					assert.NotEmpty(t, w.Parents, w.ID)
				}
			}
		})
	}
}

func attackObjects(t *testing.T) []map[string]any {
	t.Helper()
	var bundle struct{ Objects []map[string]any }
	decode(t, data.AttackICS, &bundle)
	return bundle.Objects
}

func decode(t *testing.T, name string, v any) {
	t.Helper()
	b, err := data.FS.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, v))
}

// eachString calls f for every string in v with the way to it, such as
// .external_references.url.
func eachString(v any, path string, f func(path, s string)) {
	switch v := v.(type) {
	case string:
		f(path, v)
	case []any:
		for _, e := range v {
			eachString(e, path, f)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			eachString(v[k], path+"."+k, f)
		}
	}
}

package data_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/data"
)

type emb3dEntry struct {
	ID, Name, Category, Maturity        string
	Parents, Threats, CWEs, Mitigations []string
	IEC62443                            []string `json:"iec_62443_4_2"`
}

type emb3d struct {
	Catalogue, Version, Source       string
	Properties, Threats, Mitigations []emb3dEntry
}

func TestEMB3D(t *testing.T) {
	var c emb3d
	decode(t, data.EMB3D, &c)
	assert.Equal(t, "EMB3D", c.Catalogue)
	assert.Contains(t, data.EMB3D, c.Version)

	ids := map[string]bool{}
	links := map[string]int{}
	for _, list := range []struct {
		of, id  string
		entries []emb3dEntry
	}{
		{"property", `^PID-[1-9][0-9]*$`, c.Properties},
		{"threat", `^TID-[1-4][0-9]{2}$`, c.Threats},
		{"mitigation", `^MID-[0-9]{3}$`, c.Mitigations},
	} {
		links[list.of] = len(list.entries)
		last := ""
		for _, e := range list.entries {
			assert.Regexp(t, list.id, e.ID)
			assert.Less(t, last, e.ID, "order")
			last = e.ID
			ids[e.ID] = true
			assert.NotEmpty(t, e.Name, e.ID)
			assert.NotContains(t, e.Name, "\n", e.ID)
			assert.Equal(t, list.of != "mitigation", e.Category != "", e.ID)
			assert.Equal(t, list.of != "property", e.Maturity != "", e.ID)
			links["parents"] += len(e.Parents)
			links["threats"] += len(e.Threats)
			links["mitigations"] += len(e.Mitigations)
			links["requirements"] += len(e.IEC62443)
			links["cwes"] += len(e.CWEs)
		}
	}
	// The bundle has 81 threats, 59 properties, 89 mitigations and 343 links.
	assert.Equal(t, map[string]int{
		"property": 59, "threat": 81, "mitigation": 89,
		"parents": 40, "threats": 90, "mitigations": 213, "requirements": 182, "cwes": 109,
	}, links)

	var cwe struct{ Weaknesses []struct{ ID string } }
	decode(t, data.CWE, &cwe)
	for _, w := range cwe.Weaknesses {
		ids[w.ID] = true
	}
	reached := map[string]bool{}
	for _, e := range append(append(c.Properties, c.Threats...), c.Mitigations...) {
		for _, to := range [][]string{e.Parents, e.Threats, e.CWEs, e.Mitigations} {
			for _, id := range to {
				assert.True(t, ids[id], "%s leads to %s, which is not there", e.ID, id)
				reached[id] = true
			}
		}
		for _, r := range e.IEC62443 {
			assert.Regexp(t, `^(CR|SAR|EDR|HDR|NDR) [1-7]\.[0-9]{1,2}( RE [1-9])?$`, r, e.ID)
		}
	}
	for _, e := range c.Threats {
		assert.True(t, reached[e.ID], "no property leads to %s", e.ID)
	}
}

// Every threat is mapped to live techniques, or the mapping says why not.
func TestEMB3DMapping(t *testing.T) {
	var m struct {
		Version, Source, Attack string
		Links                   []struct {
			Weakness, Technique, Relation, Rationale string
			Confidence                               float64
			Devices                                  []string
		}
		None []struct{ Weakness, Rationale string }
	}
	decode(t, data.MappingEMB3D, &m)
	var c emb3d
	decode(t, data.EMB3D, &c)
	assert.NotEmpty(t, m.Version)
	assert.Contains(t, m.Source, c.Catalogue+" "+c.Version)

	live := map[string]bool{}
	for _, o := range attackObjects(t) {
		if o["type"] != "attack-pattern" || o["revoked"] == true || o["x_mitre_deprecated"] == true {
			continue
		}
		for _, r := range o["external_references"].([]any) {
			if r := r.(map[string]any); r["source_name"] == "mitre-attack" {
				live[r["external_id"].(string)] = true
			}
		}
	}
	answered := map[string]string{} // threat to the way in which it is
	said := map[string]bool{}
	says := func(weakness, rationale string) {
		assert.False(t, said[rationale], "%s: said before: %s", weakness, rationale)
		said[rationale] = true
		assert.LessOrEqual(t, len([]rune(rationale)), 200, "%s: %s", weakness, rationale)
		assert.True(t, strings.HasSuffix(rationale, "."), "%s: %s", weakness, rationale)
	}
	pairs := map[[2]string]bool{}
	last, first, confidence := "", 0.0, 0.0
	for _, l := range m.Links {
		if l.Weakness != last {
			assert.Empty(t, answered[l.Weakness], "the links of %s are not together", l.Weakness)
			last, first = l.Weakness, l.Confidence
		} else {
			assert.Less(t, l.Confidence, first, "%s: the first link of %s is to be the surest", l.Technique, l.Weakness)
			assert.LessOrEqual(t, l.Confidence, confidence, "%s: %s", l.Weakness, l.Technique)
		}
		confidence = l.Confidence
		answered[l.Weakness] = "links"
		says(l.Weakness, l.Rationale)
		pair := [2]string{l.Weakness, l.Technique}
		assert.False(t, pairs[pair], "%v occurs twice", pair)
		pairs[pair] = true
		assert.True(t, live[l.Technique], "%s: %s is no live technique", l.Weakness, l.Technique)
		assert.Contains(t, []string{"performs", "enables"}, l.Relation, pair)
		assert.True(t, l.Confidence >= 0.3 && l.Confidence <= 0.95, pair)
		assert.Subset(t, []string{"controller", "operator", "server", "network", "iot", "cloud"}, l.Devices, pair)
	}
	for _, n := range m.None {
		assert.Empty(t, answered[n.Weakness], "%s is mapped and is not", n.Weakness)
		answered[n.Weakness] = "none"
		says(n.Weakness, n.Rationale)
	}
	for _, e := range c.Threats {
		assert.NotEmpty(t, answered[e.ID], "%s is neither mapped nor is said why not", e.ID)
		delete(answered, e.ID)
	}
	assert.Empty(t, answered, "EMB3D has no such threats")
}

package data_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/data"
)

// Every live mitigation of the release is either helped with or said to be
// unreached, never both, and no sentence stands there twice.
func TestCoverageOfTheMitigations(t *testing.T) {
	var c struct {
		Version, Source, Attack string
		Meaning, Scale          map[string]string
		Areas                   []struct{ ID, Name, Means string }
		Helps                   []struct {
			Mitigation, Area, Help string
			How, Risk, Rationale   string
			Confidence             float64
		}
		Unreached []struct{ Mitigation, Why string }
	}
	decode(t, data.Coverage, &c)
	assert.NotEmpty(t, c.Version)
	assert.Contains(t, c.Source, "mitigraph analyst")
	assert.Equal(t, "ics-attack 19.1", c.Attack)
	assert.Contains(t, c.Meaning["basis"], "no trial")
	assert.Len(t, c.Scale, 3)

	mitigations := map[string]bool{} // and whether something is said of it
	for _, o := range attackObjects(t) {
		if o["type"] == "course-of-action" && o["revoked"] != true && o["x_mitre_deprecated"] != true {
			for _, r := range o["external_references"].([]any) {
				r := r.(map[string]any)
				if r["source_name"] == "mitre-attack" {
					mitigations[r["external_id"].(string)] = false
				}
			}
		}
	}
	assert.Len(t, mitigations, 52)

	seen := map[string]string{}
	said := func(where, sentence string) {
		assert.Regexp(t, `^[A-Z].{30,}[^.]\.$`, sentence, where)
		assert.LessOrEqual(t, len(sentence), 200, where)
		plain := strings.Join(words.FindAllString(strings.ToLower(sentence), -1), " ")
		assert.Empty(t, seen[plain], "%s says what stands at %s", where, seen[plain])
		seen[plain] = where
	}
	places := map[string]int{}
	for i, a := range c.Areas {
		places[a.ID] = i + 1
		assert.NotEmpty(t, a.Name)
		assert.Contains(t, a.Means, "A language model", a.ID)
	}
	assert.Len(t, places, 5)

	last, helped := "", map[string]bool{}
	for _, h := range c.Helps {
		where := h.Mitigation + " " + h.Area
		assert.Contains(t, mitigations, h.Mitigation)
		assert.NotEqual(t, "M0816", h.Mitigation, "the placeholder can't be helped with")
		assert.Positive(t, places[h.Area], where)
		assert.Contains(t, []string{"direct", "supporting"}, h.Help, where)
		assert.True(t, h.Confidence > 0 && h.Confidence <= 1, where)
		at := h.Mitigation + string(rune('0'+places[h.Area]))
		assert.Less(t, last, at, "%s: by mitigation, then in the order of areas, each once", where)
		last = at
		mitigations[h.Mitigation], helped[h.Mitigation] = true, true
		said(where+" how", h.How)
		said(where+" risk", h.Risk)
		said(where+" rationale", h.Rationale)
	}
	last = ""
	for _, u := range c.Unreached {
		assert.Less(t, last, u.Mitigation)
		last = u.Mitigation
		assert.Contains(t, mitigations, u.Mitigation)
		assert.False(t, helped[u.Mitigation], "%s is helped with and unreached", u.Mitigation)
		mitigations[u.Mitigation] = true
		said(u.Mitigation, u.Why)
	}
	for id, yes := range mitigations {
		assert.True(t, yes, "nothing is said of %s", id)
	}
	// A sentence that names a mitigation means one to which its help belongs.
	for sentence, where := range seen {
		for _, id := range named.FindAllString(sentence, -1) {
			assert.True(t, helped[strings.ToUpper(id)], "%s: help is said to count at %s", where, id)
		}
	}
}

var (
	words = regexp.MustCompile(`[\p{L}\p{N}]+`)
	named = regexp.MustCompile(`\bm0[0-9]{3}\b`)
)

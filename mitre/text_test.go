package mitre_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/mitre"
)

// summarised are the live objects that have a summary of this project.
func summarised(c *mitre.Catalog) map[string]string {
	out := map[string]string{}
	for o := range mitre.Live[mitre.Object](c) {
		switch o.(type) {
		case *mitre.Technique, *mitre.Mitigation, *mitre.Asset, *mitre.Tactic:
			out[o.Common().ID] = o.Common().Name
		}
	}
	return out
}

var wordPattern = regexp.MustCompile("[a-z0-9]+")

// runs are the runs of n words of a text, as one string each.
func runs(text string, n int) map[string]bool {
	words := wordPattern.FindAllString(strings.ToLower(text), -1)
	out := map[string]bool{}
	for i := 0; i+n <= len(words); i++ {
		out[strings.Join(words[i:i+n], " ")] = true
	}
	return out
}

func TestSummaries(t *testing.T) {
	entries := summarised(embedded(t))
	assert.Len(t, entries, 97+52+18+12)
	seen := map[string]string{}
	for id, name := range entries {
		text, ok := mitre.Summary(id)
		if !assert.True(t, ok, "%s %s has no summary", id, name) {
			continue
		}
		n := len(strings.Fields(text))
		assert.True(t, n >= 20 && n <= 70, "%s has %d words", id, n)
		sentences := len(regexp.MustCompile(`[.!?](?: |$)`).FindAllString(text, -1))
		assert.True(t, sentences >= 1 && sentences <= 3, "%s has %d sentences", id, sentences)
		assert.True(t, strings.HasSuffix(text, "."), id)
		assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || r < ' ' }), id)
		for run := range runs(text, 8) {
			assert.Empty(t, seen[run], "%s says what %s says: %s", id, seen[run], run)
			seen[run] = id
		}
	}
	_, ok := mitre.Summary("T0855")
	assert.False(t, ok, "revoked")
	_, ok = mitre.Summary("")
	assert.False(t, ok)
}

// No summary takes eight words in a row from MITRE, from whichever entry and
// release.
func TestSummariesAreOurWords(t *testing.T) {
	entries := summarised(embedded(t))
	theirs := map[string]string{}
	for _, file := range []string{"ics-attack-19.1.json.gz", "ics-attack-18.1.json.gz", "ics-attack-16.1.json.gz", "ics-attack-8.2.json.gz", "enterprise-attack-18.1-stix20.json.gz"} {
		c := official(t, file)
		for o := range mitre.All[mitre.Object](c) {
			for run := range runs(o.Common().Description, 8) {
				theirs[run] = o.Common().ID + " of " + file
			}
		}
		for r := range c.Relationships() {
			for run := range runs(r.Description, 8) {
				theirs[run] = r.STIXID + " of " + file
			}
		}
	}
	assert.Greater(t, len(theirs), 100_000)
	for id := range entries {
		text, _ := mitre.Summary(id)
		for run := range runs(text, 8) {
			assert.Empty(t, theirs[run], "%s: %q", id, run)
		}
	}
}

func TestText(t *testing.T) {
	o, _ := embedded(t).Lookup("T0837")
	text, source := mitre.Text(o)
	summary, _ := mitre.Summary("T0837")
	assert.Equal(t, summary, text)
	assert.Equal(t, mitre.SummaryText, source)
	g, _ := embedded(t).Lookup("G0034")
	text, source = mitre.Text(g)
	assert.Empty(t, text)
	assert.Equal(t, mitre.NoText, source)
	c := attackBundle(t, technique("T0837", "N", `,"description":"Official."`))
	o, _ = c.Lookup("T0837")
	text, source = mitre.Text(o)
	assert.Equal(t, "Official.", text)
	assert.Equal(t, mitre.OfficialText, source)
}

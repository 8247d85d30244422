package identify

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

// TestDefaults: what a model takes that can learn nothing makes the scores of
// the embedded facts honest on the official procedure examples.
func TestDefaults(t *testing.T) {
	const official = "../../../shared/data/attack/ics-attack-19.1.json.gz"
	if _, err := os.Stat(official); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-19.1.json.gz beside the repository")
	}
	c, err := mitre.Open(t.Context(), official)
	require.NoError(t, err)
	facts, err := mitre.Embedded()
	require.NoError(t, err)
	m, err := New(t.Context(), facts, Options{})
	require.NoError(t, err)
	f := m.all
	var real []Held
	for _, d := range newCorpus(c).documents {
		if d.kind != Procedure {
			continue
		}
		values, _, _, err := f.values(t.Context(), d.text, nil)
		require.NoError(t, err)
		if values != nil {
			real = append(real, Held{class: d.class, values: values})
		}
	}
	require.Greater(t, len(real), 260)
	f.sharpen(real)
	assert.InEpsilon(t, f.sharpness, defaultSharpness, 0.1)
	assert.InDelta(t, f.slope, defaultSlope, 0.05)
	assert.InDelta(t, f.lead, defaultLead, 0.05)
	assert.InDelta(t, f.offset, defaultOffset, 0.05)
	t.Logf("sharpness %.0f, slope %.2f, lead %.2f, offset %.2f", f.sharpness, f.slope, f.lead, f.offset)
	assert.Contains(t, Candidates(), DefaultSettings)
}

// TestHeld: what is found without making a model is what a model says that was
// made without the source, but that it knows which words are rare.
func TestHeld(t *testing.T) {
	const official = "../../../shared/data/attack/ics-attack-19.1.json.gz"
	if _, err := os.Stat(official); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-19.1.json.gz beside the repository")
	}
	c, err := mitre.Open(t.Context(), official)
	require.NoError(t, err)
	m, err := New(t.Context(), c, Options{})
	require.NoError(t, err)
	held, err := m.LeaveOut(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, held, 272)
	source := held[0].Link.Source.Common().STIXID
	f, err := m.without(t.Context(), []string{source})
	require.NoError(t, err)
	for _, h := range held {
		if h.Link.Source.Common().STIXID != source {
			continue
		}
		values, _, _, err := f.values(t.Context(), h.Link.Description, nil)
		require.NoError(t, err)
		for class, v := range values {
			assert.InDelta(t, v, h.values[class], 0.08, "%s, class %d", h.Link.STIXID, class)
		}
	}
}

func TestOtherTexts(t *testing.T) {
	assert.Len(t, otherTexts(), 400)
	b, err := os.ReadFile("../../examples/accuracy/other.json")
	require.NoError(t, err)
	var reported []string
	require.NoError(t, json.Unmarshal(b, &reported))
	assert.Len(t, reported, 200)
	for _, s := range reported {
		assert.NotContains(t, otherTexts(), s, "reported, and learned from")
	}
}

// TestCholesky compares with what the triangle was made of.
func TestCholesky(t *testing.T) {
	const n = 131
	m, want := newMatrix(n), newMatrix(n)
	for i := range n {
		for j := range n {
			m[i][j] = 1 / float64(1+i+j+(i-j)*(i-j))
			if i == j {
				m[i][j] += 2
			}
			want[i][j] = m[i][j]
		}
	}
	require.NoError(t, cholesky(t.Context(), m))
	b := make([]float64, n)
	for i := range b {
		b[i] = float64(i%7) - 3
	}
	x := m.solve(b)
	for i := range b {
		assert.InDelta(t, b[i], dot(want[i], x), 1e-9)
	}
}

// TestLogistic: it finds its top also where full steps of Newton's lead away.
func TestLogistic(t *testing.T) {
	var x [][]float64
	var y []bool
	for i := range 300 {
		x, y = append(x, []float64{float64(i % 20), float64(i % 3), 1}), append(y, i%20 > 1 && i%7 != 0)
	}
	prior := []float64{1, 0, 0}
	w := logistic(x, y, prior)
	for a := range w { // what the slope of the likelihood and of the prior leave
		g := prior[a] - w[a]
		for i := range x {
			g -= x[i][a] / (1 + math.Exp(-dot(w, x[i])))
			if y[i] {
				g += x[i][a]
			}
		}
		assert.InDelta(t, 0, g, 1e-3)
	}
	assert.Equal(t, prior, logistic(nil, nil, prior))
}

// Who did it is not what was done.
func TestBare(t *testing.T) {
	for text, want := range map[string]string{
		"the adversary can collect the device's contact list.":              "collect the device's contact list.",
		"During the the adversary, the adversary overwrote the firmware.":   "overwrote the firmware.",
		"Files were sent by the adversary’s malware to a server.":           "Files were sent by to a server.",
		"the adversary has the ability to list open windows with a script.": "list open windows with a script.",
		"The pump was painted on Monday.":                                   "The pump was painted on Monday.",
		"the adversary is":                                                  "the adversary is",
		"":                                                                  "",
	} {
		assert.Equal(t, want, bare(text), text)
	}
}

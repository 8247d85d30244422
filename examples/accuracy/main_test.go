package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestRefused(t *testing.T) {
	for says, args := range map[string][]string{
		"no texts": nil,
		"-format":  {"-format", "xml"},
		"-only":    {"-only", "text"},
		"some":     {"-only", "weaknesses"},
		"-h lists": {"-x"},
		"MODEL":    {"-attack", "nowhere.json", "-embed", "x"},
	} {
		var out, errs bytes.Buffer
		code := cli.Code("accuracy", run(t.Context(), args, strings.NewReader(""), &out, &errs), &errs)
		assert.Equal(t, 2, code, says)
		assert.Empty(t, out.String())
		if says != "MODEL" {
			assert.Contains(t, errs.String(), says)
		}
	}
}

func TestMasked(t *testing.T) {
	s := &mitre.Software{Properties: mitre.Properties{Name: "Greyfox", Aliases: []string{"Greyfox", "Grey Fox 2"}}}
	got := masked("[Greyfox](https://attack.mitre.org/software/S9001) is GREYFOX or Grey Fox 2.(Citation: Greyfox (2020) report) See [here](https://example.com/greyfox).", s)
	assert.Equal(t, "the adversary is the adversary or the adversary.  See here.", got)
}

func TestFigures(t *testing.T) {
	a, b := &mitre.Software{}, &mitre.Group{}
	all := []answered{
		{example: example{source: a}, rank: 1, score: 0.9}, {example: example{source: a}, rank: 2, score: 0.5},
		{example: example{source: b}, rank: 4, score: 0.4}, {example: example{source: b}, none: true},
	}
	m := measure(all)
	assert.Equal(t, 0.25, m.R1.Value)
	assert.Equal(t, 0.5, m.R3.Value)
	assert.Equal(t, 0.75, m.R5.Value)
	assert.InDelta(t, (1+0.5+0.25)/4, m.MRR.Value, 1e-12)
	assert.Equal(t, 1, m.Lost)
	assert.InDelta(t, (0.1+0.5+0.4)/3, m.ECE, 1e-12)
	assert.InDelta(t, (2*0.9*0.1+2*0.5*0.5+2*0.4*0.6)/3, m.Chance, 0.01, "each is off by score or by 1-score")
	assert.Equal(t, interval{0.25, 0, 0.5}, m.R1, "either source twice, at the ends")
	assert.Equal(t, m, measure(all))
}

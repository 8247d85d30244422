package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
)

// A draft names the candidates that its evidence holds, the best of them first
// and at most four. One without any says why.
func TestDraftsNameTheirCandidates(t *testing.T) {
	study := func(name string, files ...string) []string {
		args := []string{"-controls", filepath.Join("..", "casestudy", name, "site.json")}
		for _, f := range files {
			args = append(args, filepath.Join("..", "casestudy", name, f))
		}
		return args
	}
	cases := map[string][]string{
		"sample":   nil,
		"water":    study("water", "findings.json", "integrator.csaf.json"),
		"hospital": study("hospital", "rounds.csv", "infusion.vex.cdx.json"),
		"camera":   study("camera", "firmware.sarif", "installer.csaf.json"),
	}
	files := []string{"icsa-19-078-02", "icsa-20-343-01", "icsa-21-257-18", "icsa-22-104-04", "icsa-23-143-02", "icsa-24-046-15"}
	if testing.Short() { // the race detector needs ten times as long
		files = files[:1]
	}
	for _, advisory := range files {
		cases[advisory] = []string{filepath.Join("..", "..", "..", "shared", "data", "csaf", advisory+".json")}
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			if len(args) == 1 {
				if _, err := os.Stat(args[0]); err != nil {
					t.Skipf("needs %s", strings.TrimPrefix(args[0], "../../"))
				}
			}
			out, stderr, code := assess(t, append([]string{"-format", "json"}, args...)...)
			require.Zero(t, code, stderr)
			a := decode(t, out)
			require.Len(t, a.Drafts, len(a.Gaps))
			for _, d := range a.Drafts {
				g := a.Gaps[d.Gap]
				steps, whole := d.Text.Section("steps"), ""
				for _, c := range d.Text.Claims() {
					whole += c.Text + "\n"
				}
				named := g.Candidates[:min(4, len(g.Candidates))]
				require.LessOrEqual(t, len(named), len(steps), "%s %s", g.Kind, g.Technique)
				for i, c := range named {
					assert.Contains(t, steps[i].Text, c.ID+" "+c.Name, "%s %s", g.Kind, g.Technique)
				}
				if i := len(named); i > 1 && g.Kind == graph.GapNotDeployed && g.Candidates[0].Score > g.Candidates[1].Score {
					assert.Contains(t, steps[0].Text, "which of those listed by itself answers the most risk", g.Technique)
				}
				if len(named) > 0 {
					continue
				}
				assert.Empty(t, graph.IDsIn(strings.ReplaceAll(whole, g.Technique, "")), "%s %s", g.Kind, g.Technique)
				assert.Regexp(t, "The graph holds no control to propose|no mitigation is named|lead to no ATT&CK technique", whole, "%s %s", g.Kind, g.Technique)
			}
		})
	}
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
)

// weaknessReport says how far the mapping reaches what real findings name.
type weaknessReport struct {
	Data     string `json:"data"`
	Findings int    `json:"findings"`
	Mapped   int    `json:"mapped"`   // findings that lead to a technique
	Mentions int    `json:"mentions"` // weaknesses, each once for each finding that names it
	Direct   int    `json:"direct"`   // with links of their own
	Nothing  int    `json:"nothing"`  // judged themselves: no technique follows
	Fallback int    `json:"fallback"` // through a weakness beside them
	Unmapped int    `json:"unmapped"`
	Unknown  int    `json:"unknown"` // in no catalogue
	// Missing names what no judgement is about, the most frequent first.
	Missing []string `json:"missing"`
}

// weaknesses measures the mapping on the findings of files. It is no measure
// of how right the links are.
func weaknesses(ctx context.Context, in input) (report, error) {
	if in.findings == nil {
		return nil, cli.Misuse("weaknesses are measured on the findings of files: name some")
	}
	s := in.findings.Now
	a, err := s.Assess(ctx)
	if err != nil {
		return nil, err
	}
	sources := map[string]bool{}
	for _, f := range a.Findings {
		sources[f.Source] = true
	}
	r := &weaknessReport{Data: fmt.Sprintf("%d files with findings; mapping of this version", len(sources)), Findings: len(a.Findings), Missing: []string{}}
	missing := map[string]int{}
	for _, f := range a.Findings {
		if f.Status == graph.Mapped {
			r.Mapped++
		}
		for _, id := range f.Weaknesses {
			r.Mentions++
			openings, status := s.Opens(id)
			_, nothing := s.OpensNothing(id)
			switch {
			case len(openings) > 0 && len(openings[0].Path) <= 1:
				r.Direct++
				continue
			case nothing:
				r.Nothing++
				continue
			case len(openings) > 0:
				r.Fallback++
			case status == graph.UnknownWeakness:
				r.Unknown++
			default:
				r.Unmapped++
			}
			missing[id]++
		}
	}
	for id := range missing {
		r.Missing = append(r.Missing, id)
	}
	slices.SortFunc(r.Missing, func(a, b string) int { return cmp.Or(missing[b]-missing[a], strings.Compare(a, b)) })
	return r, nil
}

func (r *weaknessReport) writeText(w io.Writer) {
	share := func(n, of int) string {
		if of == 0 {
			return "-"
		}
		return fmt.Sprintf("%5.1f %%", 100*float64(n)/float64(of))
	}
	fmt.Fprintf(w, "\nWEAKNESSES  how far the mapping reaches; not how right its links are\ndata   %s\nn      %d findings that name %d weaknesses, repeats counted\n\n",
		r.Data, r.Findings, r.Mentions)
	for _, line := range []struct {
		name  string
		n, of int
	}{
		{"judged by themselves", r.Direct + r.Nothing, r.Mentions},
		{"  of these: no technique follows", r.Nothing, r.Mentions},
		{"through a weakness beside them", r.Fallback, r.Mentions},
		{"not mapped", r.Unmapped, r.Mentions},
		{"in no catalogue", r.Unknown, r.Mentions},
		{"findings that lead to a technique", r.Mapped, r.Findings},
	} {
		fmt.Fprintf(w, "%-36s%6d  %s\n", line.name, line.n, share(line.n, line.of))
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(w, "judged by nobody: %s\n", strings.Join(r.Missing[:min(len(r.Missing), 12)], ", "))
	}
}

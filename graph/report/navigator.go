package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
	"github.com/mitigraph/mitigraph/graph/internal/remedy"
	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/navigator"
)

// Navigator writes what is open as a layer for MITRE's ATT&CK Navigator, of
// format 4.5: each technique with 100 times its risk as the score, how it is
// answered as the comment, and its findings, devices and gaps as metadata. The
// catalogue is the release that the assessment is of. The error says that there
// is none, or that it lacks a technique.
func Navigator(w io.Writer, a *graph.Assessment, c *mitre.Catalog) error {
	if c == nil {
		return errors.New("report: a Navigator layer needs the ATT&CK release")
	}
	sh := newShown(a)
	gaps := map[string][]string{}
	for _, g := range sh.a.Gaps {
		say := string(g.Kind)
		if g.Accepted != nil {
			say += " (accepted)"
		}
		gaps[g.Technique] = append(gaps[g.Technique], say)
	}
	ones := map[string][]string{}
	for _, r := range sh.a.RestsOnOne {
		ones[r.Technique] = append(ones[r.Technique], r.Mitigation)
	}
	var marks []navigator.Technique
	for i, t := range sh.a.Techniques {
		if sh.place[t.ID] != i {
			continue // a second one with this ID
		}
		marks = append(marks, navigator.Technique{
			TechniqueID: t.ID,
			Score:       new(math.Round(1000*t.Score) / 10),
			Comment:     finding.Plain(fmt.Sprintf("%s; %.2f = %s", sh.standing(t), t.Score, t.Why), 0),
			Metadata:    metadata("findings", t.Findings, "devices", t.Devices, "gaps", gaps[t.ID], "rests on one", ones[t.ID], "the sources say", sh.saidOf(t)),
		})
	}
	layer, err := navigator.New(c, finding.Plain(sh.title(), 120), marks...)
	if err != nil {
		return err
	}
	layer.Description = finding.Plain(strings.Join(sh.headline(), ". "), 0) + ". Scores are 100 times the risk."
	var b bytes.Buffer
	if _, err := layer.WriteTo(&b); err != nil {
		return err
	}
	return escape.Write(w, escape.JSON(b.Bytes()))
}

// saidOf is what the sources of the findings that open a technique say.
func (sh *shown) saidOf(t graph.TechniqueResult) (out []string) {
	const most = 3
	var fs []*graph.FindingResult
	for _, id := range t.Findings {
		if f := sh.findings[id]; f != nil && len(f.Remedies) > 0 {
			fs = append(fs, f)
		}
	}
	all := remedy.Gather(sh.a.Site, fs)
	for _, r := range all[:min(most, len(all))] {
		out = append(out, r.String())
	}
	if n := len(all) - most; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return out
}

// metadata makes entries of names and lists; a long list is counted.
func metadata(pairs ...any) (out []navigator.Metadata) {
	for i := 0; i < len(pairs); i += 2 {
		list := pairs[i+1].([]string)
		if len(list) == 0 {
			continue
		}
		const shown = 12
		value := strings.Join(list[:min(shown, len(list))], ", ")
		if n := len(list) - shown; n > 0 {
			value += fmt.Sprintf(" and %d more", n)
		}
		out = append(out, navigator.Metadata{Name: pairs[i].(string), Value: finding.Plain(value, 0)})
	}
	return out
}

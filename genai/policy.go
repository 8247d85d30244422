package genai

import (
	"context"
	"slices"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

var policy = &kind{
	name: "security-policy", version: "security-policy-v1", prompt: prompt("security-policy-v1"),
	form:   atMost(compose.PolicyForm(1), "requirements", compose.MaxRequirements),
	tokens: longAnswer,
	collect: func(_ context.Context, s *graph.Snapshot, a *graph.Assessment, _ Task) (job, error) {
		var chosen []graph.MitigationResult
		var ids []string
		add := func(keep func(graph.MitigationResult) bool, most int) {
			for _, m := range a.Mitigations {
				if len(chosen) < most && keep(m) && !slices.Contains(ids, m.ID) {
					chosen, ids = append(chosen, m), append(ids, m.ID)
				}
			}
		}
		// What is missing comes first; a policy also keeps what is there.
		add(func(m graph.MitigationResult) bool { return m.Score > 0 }, compose.MaxRequirements-2)
		add(func(m graph.MitigationResult) bool { return m.Deployed }, compose.MaxRequirements)
		asked := keys(ids, attackKey)
		for _, t := range a.Techniques {
			if len(t.Mitigations) == 0 || slices.ContainsFunc(t.Mitigations, func(m graph.TechniqueMitigation) bool { return !m.Feasible }) {
				asked = append(asked, attackKey(t.ID))
			}
			if len(asked) >= len(ids)+3 {
				break
			}
		}
		asked = append(asked, keys(touched(a, planTechniques, planDevices), deviceKey)...)
		asked = append(asked, keys(risky(a, planFindings), findingKey)...)
		evidence, err := s.EvidenceAbout(a, asked...)
		if err != nil {
			return job{}, err
		}
		return job{
			evidence: arranged(evidence, "open here; ", " is asked for by ", "constraints: ", "lists no mitigation", "the devices do not allow it"),
			about:    keys(ids, attackKey), subject: ids,
			plan: func(e []graph.Evidence) (plan, bool) {
				var held []graph.MitigationResult
				var subjects, asks []string
				var cites [][]string
				for _, m := range chosen {
					if h := vouching(e, m.ID, "open here; "); len(h) > 0 {
						held, subjects = append(held, m), append(subjects, m.ID)
						cites = append(cites, append(h, vouching(e, m.ID, " is asked for by ")...))
						asks = append(asks, m.ID+" "+m.Name)
					}
				}
				return plan{
					form: compose.PolicyForm(len(held)), asks: asks,
					compose: func() (graph.DraftText, error) { return compose.Policy(a, held, e) },
					check:   eachCites("requirements", subjects, cites),
					decide:  marked("requirements", subjects),
				}, len(held) > 0
			},
		}, nil
	},
}

// atMost lets a section of a form have fewer claims, for the form of a whole
// kind of task.
func atMost(f verify.Form, section string, most int) verify.Form {
	f = slices.Clone(f)
	for i := range f {
		if f[i].Name == section {
			f[i].Max = most
		}
	}
	return f
}

// SecurityPolicy is the task to write a security policy for the site as it was
// assessed: "scope", "requirements", "exceptions" and "review". There is one
// requirement for each of at most eight mitigations, which the graph chooses:
// first those that answer most of the risk that is left, then those that are
// deployed. [graph.Claim.Subject] is the mitigation's ID; IEC 62443 and NIST
// are named only where ATT&CK does. Drafting is [ErrNothing] where no mitigation
// answers anything that is open.
func SecurityPolicy() Task { return Task{kind: policy, gap: -1} }

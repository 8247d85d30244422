package genai

import (
	"context"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/graph"
)

const (
	planTechniques = 6 // the most urgent, that a plan is about
	planFindings   = 3
	planDevices    = 4
	longAnswer     = 2500 // tokens, of tasks with many sections
)

var incident = &kind{
	name: "incident-response", version: "incident-response-v1", prompt: prompt("incident-response-v1"),
	form: compose.IncidentForm, tokens: longAnswer,
	collect: func(_ context.Context, s *graph.Snapshot, a *graph.Assessment, _ Task) (job, error) {
		techniques, findings := urgent(a, planTechniques), risky(a, planFindings)
		ids := append(append(keys(techniques, attackKey), keys(findings, findingKey)...), keys(touched(a, planTechniques, planDevices), deviceKey)...)
		evidence, err := s.EvidenceAbout(a, ids...)
		if err != nil {
			return job{}, err
		}
		return job{
			evidence: arranged(evidence, " serves ", "; its score is ", "Finding ", "constraints: ", "is deployed wherever", "lists no mitigation",
				"can be seen in", "names nothing to collect", " opens T", "Affected by", "it is feasible"),
			about: keys(techniques, attackKey), subject: []any{techniques, findings},
			plan: func(e []graph.Evidence) (plan, bool) {
				return plan{form: compose.IncidentForm, compose: func() (graph.DraftText, error) { return compose.Incident(a, e) }}, len(e) > 0
			},
		}, nil
	},
}

// IncidentResponse is the task to write an incident-response plan for the site
// as it was assessed, about its most urgent techniques, at most six. The
// sections are the phases that NIST SP 800-61 Revision 2 (2012) names, which are
// "preparation", "detection_analysis", "containment_eradication_recovery" and
// "post_incident", and before them what a plant needs first: "summary",
// "safe_state" (the safe state and manual operation) and "decisions" (which
// role decides). "limits" says what the plan does not know. (Revision 3 of 2025
// names no phases.) An assessment without findings has nothing to plan for:
// drafting is then [ErrNothing].
func IncidentResponse() Task { return Task{kind: incident, gap: -1} }

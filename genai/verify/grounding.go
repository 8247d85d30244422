package verify

import (
	"regexp"
	"slices"

	"github.com/mitigraph/mitigraph/graph"
)

// talk matches a writer that speaks of itself or its task instead of the gap.
var talk = regexp.MustCompile(`(?i)\bI(?:['’]m|['’]ve|['’]ll| am| have| will| can| do| don| would| think)\b|\bJSON\b|\b(?:AI|language) model\b|\?\s*$`)

// grounding returns what [Draft] has against a text for want of support: the
// rejections of [CheckGrounding] alone, nil when there are none. A sentence
// that another check rejects is not asked for support.
func grounding(t graph.DraftText, form Form, evidence []graph.Evidence) []graph.Rejection {
	out := slices.DeleteFunc(Draft(t, form, evidence), func(r graph.Rejection) bool { return r.Check != CheckGrounding })
	if len(out) == 0 {
		return nil
	}
	return out
}

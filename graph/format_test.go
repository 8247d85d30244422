package graph

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
)

// classesSince are the classes of nodes that each format brought. A new one
// takes a new format: what reads the format before would call it damage.
var classesSince = map[int][]string{
	1: {"Constraint", "Device", "DeviceKind", "Draft", "EMB3DMitigation", "Finding", "Site", "Weakness"},
	2: {"Area", "AreaSet", "Review"},
}

func TestFormatKnowsEachClass(t *testing.T) {
	kept := &strictStore{}
	g, err := Open(t.Context(), kept, Attack(embedded(t)), Knowledge(), SiteFacts(site), Findings(finding.Finding{ID: "F-1", Weaknesses: []string{"CWE-798"}}))
	require.NoError(t, err)
	a := assess(t, g)
	require.NoError(t, g.Add(t.Context(), Drafts(&Assessment{Gaps: a.Gaps, Drafts: []Draft{{ID: "D-1", Gap: 0, Text: DraftText{{Name: "summary", Claims: []Claim{{Text: "x", Evidence: []string{"E1"}}}}}}}})))
	_, err = g.Review(t.Context(), "D-1", Review{Status: StatusInReview, By: "J. Doe", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, nil)
	require.NoError(t, err)
	require.NoError(t, g.Close())

	of := map[string]string{} // class by label, of sources that are no release
	releases := map[string]bool{}
	for _, q := range kept.quads {
		if class, ok := q.Object.(interface{ String() string }); ok && q.Predicate.String() == "<"+string(predType)+">" {
			if name := class.String(); name == "<class:Release>" {
				releases[q.Label.String()] = true
			}
		}
	}
	for _, q := range kept.quads {
		if q.Predicate.String() == "<"+string(predType)+">" && !releases[q.Label.String()] {
			of[q.Object.String()] = q.Label.String()
		}
	}
	var known []string
	for f := store.Oldest; f <= store.Format; f++ {
		require.NotEmpty(t, classesSince[f], "format %d brings nothing", f)
		known = append(known, classesSince[f]...)
	}
	assert.Len(t, classesSince, store.Format-store.Oldest+1)
	for class, label := range of {
		if class = class[len("<class:") : len(class)-1]; class != "Source" {
			assert.True(t, slices.Contains(known, class), "%s of %s is of no format: raise store.Format", class, label)
			assert.NotNil(t, newDoc(class), class)
		}
	}
	for _, class := range known {
		assert.Contains(t, of, "<class:"+class+">", "nothing was written of it")
	}
}

package identify_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/identify"
)

// One sentence that matters is found among many that do not, with the score
// that it has by itself; many that do not are still nothing.
func TestBySentence(t *testing.T) {
	m := model(t, release(t))
	const matters = "The intruders logged in with the manufacturer's hard-coded password."
	idle := strings.Repeat("The canteen serves fish on Fridays and the parking lot is closed for repairs. ", 12)
	alone := ask(t, m, matters, identify.Query{})
	require.NotEmpty(t, alone)
	among := ask(t, m, idle+matters+" "+idle, identify.Query{})
	require.NotEmpty(t, among)
	assert.Equal(t, alone[0].ID, among[0].ID)
	assert.NotEmpty(t, among[0].Because)
	assert.LessOrEqual(t, len(ask(t, m, idle+matters+" "+idle, identify.Query{Top: 1})), 1)
	assert.Empty(t, ask(t, m, idle, identify.Query{}))

	ended, end := context.WithCancel(t.Context())
	end()
	_, err := m.Identify(ended, idle, identify.Query{})
	assert.ErrorIs(t, err, context.Canceled)
}

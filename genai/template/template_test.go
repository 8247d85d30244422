package template_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/template"
)

func TestRequestOfNoTask(t *testing.T) {
	a, err := template.Writer{}.Write(t.Context(), genai.Request{})
	assert.ErrorContains(t, err, "no task")
	assert.Zero(t, a)
}

func TestContextEnds(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	end()
	_, err := template.Writer{}.Write(ctx, genai.Request{})
	assert.ErrorIs(t, err, context.Canceled)
}

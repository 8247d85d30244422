package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuickstart(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, run(t.Context(), &b))
	assert.Contains(t, b.String(), "T1694.002 Insecure Credentials: Hardcoded Credentials")
	assert.Contains(t, b.String(), "not_deployed T1694.002: 1 mitigation exists, none deployed on plc-1.")
	assert.Contains(t, b.String(), "draft: ")
}

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A finding without a weakness gets suggestions from its words when they are
// asked for; nothing else changes.
func TestSuggest(t *testing.T) {
	file := write(t, "f.json", `[
		{"id":"F-1","title":"Firmware update","description":"The device takes a module firmware image that nobody signed; an attacker can install modified firmware."},
		{"id":"F-2","title":"The canteen menu changed on Tuesday"},
		{"id":"F-3","title":"Modified module firmware can be installed","weaknesses":["CWE-798"]}]`)
	out, _, code := assess(t, "-format", "json", "-suggest", file)
	require.Zero(t, code)
	validate(t, schema(t), out)
	with := decode(t, out)
	first := with.Findings[0].Suggested
	require.NotEmpty(t, first)
	assert.Equal(t, "T1693.002", first[0].ID)
	assert.NotEmpty(t, first[0].Because)
	assert.Empty(t, with.Findings[1].Suggested)
	assert.Empty(t, with.Findings[2].Suggested, "its weakness leads to techniques")

	out, _, code = assess(t, "-format", "json", file)
	require.Zero(t, code)
	without := decode(t, out)
	assert.Empty(t, without.Findings[0].Suggested)
	with.Findings[0].Suggested = nil
	assert.Equal(t, without, with)

	bothAlike(t, "-suggest", file)
	out, _, code = assess(t, "-suggest", file)
	require.Zero(t, code)
	assert.Contains(t, out, "F-1: T1693.002 Modify Firmware: Module Firmware (likely to ")
}

// Where no finding leads to a technique the report says what may.
func TestSuggestIsSuggested(t *testing.T) {
	nothing := write(t, "f.json", `[{"id":"F","title":"Hello"}]`)
	out, stderr, code := assess(t, nothing)
	require.Zero(t, code, stderr)
	assert.Contains(t, out, "-suggest proposes techniques")
	out, stderr, code = assess(t, "-suggest", nothing)
	require.Zero(t, code, stderr)
	assert.NotContains(t, out, "-suggest proposes")
	out, stderr, code = assess(t, write(t, "g.json", `[{"id":"F","weaknesses":["CWE-79"]}]`))
	require.Zero(t, code, stderr)
	assert.NotContains(t, out, "-suggest proposes")
}

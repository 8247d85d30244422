package graph

import (
	"encoding/json"
	"testing"

	goccy "github.com/goccy/go-json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDraftTextInJSON(t *testing.T) {
	text := DraftText{
		{Name: "summary", Single: true, Claims: []Claim{{Text: "a", Evidence: []string{"E1"}}}},
		{Name: "steps", Claims: []Claim{{Text: "b", Evidence: []string{"E1", "E2"}}, {Text: "c", Evidence: []string{}}}},
		{Name: "a name with \"quotes\"", Claims: []Claim{}},
	}
	want := `{"summary":{"text":"a","evidence":["E1"]},"steps":[{"text":"b","evidence":["E1","E2"]},{"text":"c","evidence":[]}],"a name with \"quotes\"":[]}`
	b, err := json.Marshal(text)
	require.NoError(t, err)
	assert.Equal(t, want, string(b))
	b, err = goccy.Marshal(text)
	require.NoError(t, err)
	assert.Equal(t, want, string(b))
	var back DraftText
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, text, back)
	var places []string
	for where := range text.Claims() {
		places = append(places, where)
	}
	assert.Equal(t, []string{"summary", "steps[0]", "steps[1]"}, places)
	assert.Nil(t, text.Section("limits"))

	for _, bad := range []string{`[]`, `"x"`, `{"a":1}`, `{"a":[1]}`, `{"a":[],"a":[]}`, `{"a":{"text":1}}`} {
		before := DraftText{{Name: "x"}}
		assert.Error(t, json.Unmarshal([]byte(bad), &before), bad)
		assert.Equal(t, DraftText{{Name: "x"}}, before, bad)
	}
	_, err = json.Marshal(DraftText{{Name: "summary", Single: true}})
	assert.ErrorContains(t, err, "is one claim, and has 0")
}

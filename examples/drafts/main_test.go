package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/export/stix"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store/bolt"
	"github.com/mitigraph/mitigraph/mitre"
)

// keep makes a store with the template's drafts, and names it as flags do.
func keep(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "site.db")
	s, err := bolt.Open(t.Context(), file, bolt.Options{})
	require.NoError(t, err)
	catalog, err := mitre.Embedded()
	require.NoError(t, err)
	g, err := graph.Open(t.Context(), s, graph.Attack(catalog), graph.Knowledge(),
		graph.Findings(finding.Finding{ID: "F-1", Title: "\x1b[31mx", Device: "plc-1", Techniques: []string{"T0837"}}))
	require.NoError(t, err)
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	a.Drafts, err = genai.DraftAll(t.Context(), g.Snapshot(), a, genai.Mitigations(a), template.Writer{}, genai.Options{})
	require.NoError(t, err)
	require.NoError(t, g.Add(t.Context(), graph.Drafts(a)))
	require.NoError(t, g.Close())
	return "bolt:" + file
}

func call(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Code("drafts", run(t.Context(), args, strings.NewReader(""), &out, &errs), &errs)
	return out.String(), errs.String(), code
}

// A draft's way from the list to STIX.
func TestLife(t *testing.T) {
	where := keep(t)
	out, _, code := call(t, "-store", where, "-format", "json")
	require.Zero(t, code)
	var drafts []graph.Draft
	require.NoError(t, json.Unmarshal([]byte(out), &drafts))
	require.Len(t, drafts, 2)
	first, second := drafts[0], drafts[1]

	out, stderr, code := call(t, "-store", where, "export")
	assert.Zero(t, code)
	assert.Contains(t, stderr, "no draft is accepted")
	assert.NotContains(t, out, "course-of-action")
	_, stderr, code = call(t, "-store", where, "export", first.ID)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "not accepted")

	changed := filepath.Join(t.TempDir(), "text.json")
	require.NoError(t, os.WriteFile(changed, []byte(`{"summary":{"text":"What Ann says.","evidence":["E1"]}}`), 0o600))
	out, _, code = call(t, "-store", where, "accept", first.ID, "-by", "Ann", "-text", changed)
	assert.Zero(t, code)
	assert.Equal(t, first.ID+" is accepted, by Ann\n", out)
	_, stderr, code = call(t, "-store", where, "reject", second.ID, "-by", "Ben")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "reject needs a reason: -why REASON")
	_, _, code = call(t, "-store", where, "reject", second.ID, "-by", "Ben", "-why", "says nothing")
	assert.Zero(t, code)

	out, stderr, code = call(t, "-store", where, "-status", "accepted")
	assert.Zero(t, code)
	assert.Contains(t, stderr, "reject ID -why REASON")
	_, stderr, code = call(t, "-store", where, "show", first.ID[:len(first.ID)-1])
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "did you mean "+first.ID+"?")
	assert.Contains(t, out, first.ID)
	assert.NotContains(t, out, second.ID)
	out, _, code = call(t, "-store", where, "show", first.ID)
	assert.Zero(t, code)
	assert.Contains(t, out, "What Ann says. [E1]")
	assert.Contains(t, out, "accepted by Ann. the text was changed.")
	assert.NotContains(t, out, "\x1b")

	file := filepath.Join(t.TempDir(), "accepted.json")
	_, _, code = call(t, "-store", where, "export", "-o", file)
	require.Zero(t, code)
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	back, err := stix.Read(f)
	require.NoError(t, err)
	require.Len(t, back, 1)
	assert.Equal(t, "What Ann says.", back[0].Text.Section("summary")[0].Text)
	assert.Equal(t, first.Text, back[0].Reviews[0].Was)
}

func TestMisuse(t *testing.T) {
	where := keep(t)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no store":         {nil, "-store is needed"},
		"no such store":    {[]string{"-store", "bolt:/nowhere/site.db"}, "no such file"},
		"other store":      {[]string{"-store", "redis:x"}, "want mem, bolt:PATH"},
		"unknown command":  {[]string{"-store", where, "approve"}, "want list, show, review"},
		"no ID":            {[]string{"-store", where, "show"}, "0 IDs given"},
		"an empty reason":  {[]string{"-store", where, "reject", "x", "-why", " "}, "-why REASON"},
		"unknown ID":       {[]string{"-store", where, "show", "draft--0"}, "no draft has this ID"},
		"unknown to all":   {[]string{"-store", where, "accept", "draft--0", "-by", "Ann"}, "no draft has this ID"},
		"text of another":  {[]string{"-store", where, "reject", "x", "-text", "y"}, "-text is for accept"},
		"text not there":   {[]string{"-store", where, "accept", "x", "-text", "/nowhere"}, "-text"},
		"format":           {[]string{"-store", where, "-format", "xml"}, "want text or json"},
		"status":           {[]string{"-store", where, "list", "-status", "acepted"}, "did you mean accepted?"},
		"status of show":   {[]string{"-store", where, "show", "x", "-status", "draft"}, "-status is for list"},
		"no person":        {[]string{"-store", where, "accept", draftID(t, where), "-by", "Administrator"}, "no person; a decision needs the name"},
		"unknown flag":     {[]string{"-bye", "x"}, "-h lists the flags"},
		"reopen too early": {[]string{"-store", where, "reopen", "x"}, "no draft has this ID"},
	} {
		t.Run(name, func(t *testing.T) {
			out, stderr, code := call(t, c.args...)
			assert.Equal(t, 2, code)
			assert.Contains(t, stderr, c.says)
			assert.Empty(t, out)
		})
	}
}

func draftID(t *testing.T, where string) string {
	t.Helper()
	out, _, code := call(t, "-store", where, "-format", "json")
	require.Zero(t, code)
	var drafts []graph.Draft
	require.NoError(t, json.Unmarshal([]byte(out), &drafts))
	return drafts[0].ID
}

// Nobody stands for a draft under the name of an account that is no person's.
func TestPerson(t *testing.T) {
	account := func(name, login, uid string) func() (*user.User, error) {
		return func() (*user.User, error) { return &user.User{Name: name, Username: login, Uid: uid}, nil }
	}
	for _, c := range []struct {
		given   string
		account func() (*user.User, error)
		want    string // empty where it is refused
	}{
		{"Ann", account("root", "root", "0"), "Ann"},
		{"", account("Ann Engineer", "ann", "1000"), "Ann Engineer"},
		{"", account("", "ann", "1000"), "ann"},
		{"", account("root", "root", "0"), ""},
		{"", account("Ann", "ann", "0"), ""},
		{"", account("", `PLANT\Administrator`, "S-1-5-21"), ""},
		{"", account("System Administrator", "x", "501"), ""},
		{"", account("", "", "1000"), ""},
		{"", func() (*user.User, error) { return nil, errors.New("none") }, ""},
		{"Root", account("Ann", "ann", "1000"), ""},
		{"Ann Root", account("", "", ""), "Ann Root"},
	} {
		got, err := person(c.given, c.account)
		assert.Equal(t, c.want, got)
		if c.want == "" {
			require.Error(t, err)
			assert.Contains(t, err.Error(), map[bool]string{true: "-by NAME", false: "no person"}[c.given == ""])
		}
	}
}

// Of what a person accepted the bundle does not say that no person stands for it.
func TestExportSaysWhoStandsForIt(t *testing.T) {
	where := keep(t)
	out, _, code := call(t, "-store", where, "-format", "json")
	require.Zero(t, code)
	var drafts []graph.Draft
	require.NoError(t, json.Unmarshal([]byte(out), &drafts))
	require.Contains(t, drafts[0].Text.Section("summary")[0].Text, "not written by a person")
	_, _, code = call(t, "-store", where, "accept", drafts[0].ID, "-by", "Ann")
	require.Zero(t, code)
	out, _, code = call(t, "-store", where, "export")
	require.Zero(t, code)
	var bundle struct{ Objects []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(out), &bundle))
	actions := 0
	for _, o := range bundle.Objects {
		if o["type"] == "course-of-action" {
			actions++
			assert.Contains(t, o["description"], "This draft is assembled from the graph.")
			assert.NotContains(t, o["description"], "not written by a person")
		}
	}
	assert.Equal(t, 1, actions)
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/graph"
)

// A kept graph gives the same report as one in memory, however often it is
// opened, and goes on from what it holds.
func TestStore(t *testing.T) {
	db := "bolt:" + filepath.Join(t.TempDir(), "site.db")
	sample, controls := sampleFiles(t)
	want, _, code := assess(t, "-format", "json", "-controls", controls, sample)
	require.Zero(t, code)
	for range 3 {
		got, _, code := assess(t, "-store", db, "-format", "json", "-controls", controls, sample)
		require.Zero(t, code)
		assert.Equal(t, want, got)
	}
	got, _, code := assess(t, "-store", db, "-format", "json")
	require.Zero(t, code)
	assert.Equal(t, want, got)

	db = "bolt:" + filepath.Join(t.TempDir(), "other.db")
	file := write(t, "scan.json", `[{"id":"F-1","title":"x","weaknesses":["CWE-798"]},{"id":"F-2","title":"y","weaknesses":["CWE-79"]}]`)
	got, _, code = assess(t, "-store", db, "-format", "json", file)
	require.Zero(t, code)
	assert.Len(t, decode(t, got).Findings, 2)
	got, _, code = assess(t, "-store", db, "-format", "json")
	require.Zero(t, code)
	assert.Len(t, decode(t, got).Findings, 2, "without a file it is what the store holds, not the sample")
	require.NoError(t, os.WriteFile(file, []byte(`[{"id":"F-1","title":"x","weaknesses":["CWE-306"]}]`), 0o600))
	got, _, code = assess(t, "-store", db, "-format", "json", file)
	require.Zero(t, code)
	require.Len(t, decode(t, got).Findings, 1, "a file that is read again replaces what it said")
	assert.Equal(t, []string{"CWE-306"}, decode(t, got).Findings[0].Weaknesses)
	more := write(t, "more.json", `[{"id":"F-9","title":"z","weaknesses":["CWE-400"]}]`)
	got, _, code = assess(t, "-store", db, "-format", "json", more)
	require.Zero(t, code)
	assert.Len(t, decode(t, got).Findings, 2, "another file adds to it")
}

// What was read only in part is told of until it is read again.
func TestStoreKeepsWhatWasNotRead(t *testing.T) {
	db := "bolt:" + filepath.Join(t.TempDir(), "site.db")
	file := write(t, "scan.json", `[{"id":"F-1","weaknesses":["CWE-798"],"epss":7},{"device":"x"}]`)
	want, told, code := assess(t, "-store", db, file)
	require.Zero(t, code, told)
	assert.Contains(t, want, "INCOMPLETE: ")
	assert.Contains(t, told, "[0].epss: 7 is not a probability")
	other := write(t, "more.json", `[{"id":"F-2","weaknesses":["CWE-79"]}]`)
	for _, args := range [][]string{{"-store", db}, {"-store", db, other}} {
		got, again, code := assess(t, args...)
		require.Zero(t, code, again)
		assert.Contains(t, got, "INCOMPLETE: 1 record of the input could not be read and is missing here, 1 part of a record could", "%v", args)
		assert.Contains(t, again, "scan.json: [0].epss: 7 is not a probability")
		assert.Contains(t, again, "scan.json: [1]: a finding needs an id or a title")
	}
	_, again, code := assess(t, "-store", db, "-strict")
	assert.Equal(t, 3, code)
	assert.Contains(t, again, "-strict: 2 of the input's records")
	require.NoError(t, os.WriteFile(file, []byte(`[{"id":"F-1","weaknesses":["CWE-798"]}]`), 0o600))
	got, again, code := assess(t, "-store", db, file)
	require.Zero(t, code, again)
	assert.NotContains(t, got+again, "INCOMPLETE")
	assert.NotContains(t, again, "scan.json: [")
}

// The same through PostgreSQL, in a schema of its own.
func TestStorePostgres(t *testing.T) {
	dsn := os.Getenv("MITIGRAPH_POSTGRES")
	if dsn == "" {
		t.Skip("needs MITIGRAPH_POSTGRES, the DSN of a database; .ci/postgres starts one")
	}
	schema := fmt.Sprint("assess_", time.Now().UnixNano())
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	require.NoError(t, c.Close(t.Context()))
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	sample, controls := sampleFiles(t)
	want, _, code := assess(t, "-format", "json", "-controls", controls, sample)
	require.Zero(t, code)
	for _, prefix := range []string{"postgres:", ""} { // the URL as it is will do
		got, stderr, code := assess(t, "-store", prefix+u.String(), "-format", "json", "-controls", controls, sample)
		require.Zero(t, code, stderr)
		assert.Equal(t, want, got)
	}
}

// A newer release beside the one that a store holds says what it changes.
func TestStoreNewerRelease(t *testing.T) {
	older := filepath.Join("..", "..", "..", "shared", "data", "attack", "ics-attack-17.1.json.gz")
	if _, err := os.Stat(older); err != nil {
		t.Skipf("needs %s", "../shared/data/attack/ics-attack-17.1.json.gz")
	}
	db := "bolt:" + filepath.Join(t.TempDir(), "site.db")
	file := write(t, "f.json", `[{"id":"F-1","weaknesses":["CWE-306"],"techniques":["T0855"]}]`)
	out, _, code := assess(t, "-store", db, "-attack", older, file)
	require.Zero(t, code)
	assert.NotContains(t, out, "WHAT CHANGED")
	out, _, code = assess(t, "-store", db, "-attack", "19.1")
	require.Zero(t, code)
	assert.Contains(t, out, "WHAT CHANGED  from release 17.1 to 19.1")
	assert.Contains(t, out, "T0855 Unauthorized Command Message became T1692.001")
	out, _, code = assess(t, "-store", db)
	require.Zero(t, code)
	assert.NotContains(t, out, "WHAT CHANGED")
	out, _, code = assess(t, "-store", db, "-attack", older)
	require.Zero(t, code)
	assert.Contains(t, out, "seen through ATT&CK ics-attack 17.1", "a release that is named is the one looked through")
	for format, want := range map[string]string{
		"markdown": "## What changed\n\nFrom release 17.1 to 19.1.\n\n- T0855 Unauthorized Command Message became T1692.001 ",
		"html":     "<p>From release 17.1 to 19.1.</p>\n<ul>\n<li>T0855 Unauthorized Command Message became T1692.001 ",
		"json":     "\"changes\": {\n    \"before\": {\n      \"domain\": \"ics-attack\",\n      \"version\": \"17.1\"",
	} {
		db := "bolt:" + filepath.Join(t.TempDir(), "site.db")
		_, _, code := assess(t, "-store", db, "-attack", older, file)
		require.Zero(t, code)
		out, _, code := assess(t, "-store", db, "-attack", "19.1", "-format", format)
		require.Zero(t, code)
		assert.Contains(t, out, want)
		if format == "json" {
			validate(t, schema(t), out)
			a := decode(t, out)
			require.NotNil(t, a.Changes)
			assert.NotEmpty(t, a.Changes.Techniques)
			assert.NotEmpty(t, a.Changes.Gaps)
		}
	}
}

// sampleFiles are the sample site's findings and controls as a user's files.
func sampleFiles(t *testing.T) (findings, controls string) {
	t.Helper()
	f, err := data.FS.ReadFile(data.SampleFindings)
	require.NoError(t, err)
	c, err := data.FS.ReadFile(data.SampleControls)
	require.NoError(t, err)
	return write(t, "findings.json", string(f)), write(t, "controls.json", string(c))
}

// A kept graph never holds the sample site, a run that fails leaves no store,
// and a file that has no findings any more takes its own out.
func TestStoreHoldsWhatIsGiven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "site.db")
	_, stderr, code := assess(t, "-store", "bolt:"+path)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "holds no findings; give a FILE")
	assert.NoFileExists(t, path)

	file := write(t, "f.json", `[{"id":"F-1","weaknesses":["CWE-306"]}]`)
	other := write(t, "g.json", `[{"id":"F-2","weaknesses":["CWE-79"]}]`)
	_, _, code = assess(t, "-store", "bolt:"+path, file, other)
	require.Zero(t, code)
	require.NoError(t, os.WriteFile(file, []byte("[]"), 0o600))
	out, _, code := assess(t, "-store", "bolt:"+path, "-format", "json", file)
	require.Zero(t, code)
	a := decode(t, out)
	require.Len(t, a.Findings, 1)
	assert.Equal(t, "F-2", a.Findings[0].ID)
}

// A first run that fails or is interrupted late leaves no store either, and a
// later one leaves it as it was.
func TestStoreOfAFailedRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "site.db")
	file := write(t, "f.json", `[{"id":"F-1","weaknesses":["CWE-306"]}]`)
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	t.Setenv("OLLAMA_HOST", server.URL)
	var out, errs bytes.Buffer
	code := cli.Code("assess", run(ctx, []string{"-store", "bolt:" + path, "-draft", "ollama:m", file}, nil, &out, &errs), &errs)
	assert.Equal(t, 1, code)
	assert.Equal(t, "assess: interrupted\n", errs.String())
	assert.NoFileExists(t, path)

	nowhere := filepath.Join(t.TempDir(), "no", "report.html")
	_, _, code = assess(t, "-store", "bolt:"+path, "-o", nowhere, file)
	assert.Equal(t, 2, code)
	assert.NoFileExists(t, path)
	_, stderr, code := assess(t, "-store", "bolt:"+path, "-strict", file)
	assert.Equal(t, 3, code, stderr)
	assert.FileExists(t, path, "a gap is no failure")
	_, _, code = assess(t, "-store", "bolt:"+path, "-o", nowhere)
	assert.Equal(t, 2, code)
	assert.FileExists(t, path)
}

// The release that is named is the one looked through, also where its bundle
// does not say which it is, and a change of release is told.
func TestStoreReleaseWithoutVersion(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "data", "attack")
	unversioned := filepath.Join(folder, "ics-attack-18.1-stix20.json.gz")
	if _, err := os.Stat(unversioned); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-18.1-stix20.json.gz")
	}
	db := "bolt:" + filepath.Join(t.TempDir(), "site.db")
	file := write(t, "f.json", `[{"id":"F-1","weaknesses":["CWE-306"],"techniques":["T0855"]}]`)
	_, stderr, code := assess(t, "-store", db, file)
	require.Zero(t, code, stderr)
	out, stderr, code := assess(t, "-store", db, "-attack", unversioned)
	require.Zero(t, code, stderr)
	flat := strings.Join(strings.Fields(out), " ")
	assert.Contains(t, flat, "seen through ATT&CK ics-attack ("+unversioned+")")
	assert.Contains(t, flat, "WHAT CHANGED from release 19.1 to a bundle without a version ("+unversioned+")")
	assert.Contains(t, flat, "= T1692.001 Unauthorized Message: Command Message became T0855 Unauthorized Command Message (")
	assert.NotContains(t, flat, "T0855 Unauthorized Command Message is open now")
	assert.NotContains(t, flat, "T1692.001 Unauthorized Message: Command Message is not open")

	db = "bolt:" + filepath.Join(t.TempDir(), "other.db")
	out, stderr, code = assess(t, "-store", db, "-attack", unversioned, file)
	require.Zero(t, code, stderr)
	assert.NotContains(t, out, "WHAT CHANGED")
	out, stderr, code = assess(t, "-store", db, "-attack", "19.1")
	require.Zero(t, code, stderr)
	flat = strings.Join(strings.Fields(out), " ")
	assert.Contains(t, flat, "seen through ATT&CK ics-attack 19.1 ")
	assert.Contains(t, flat, "WHAT CHANGED from a bundle without a version ("+unversioned+") to release 19.1")
	out, stderr, code = assess(t, "-store", db, "-attack", filepath.Join(folder, "ics-attack-19.1.json.gz"), "-format", "json")
	require.Zero(t, code, stderr)
	assert.Nil(t, decode(t, out).Changes, "the same release")
}

func TestStoreErrors(t *testing.T) {
	text := write(t, "notes.txt", "not a database")
	_, stderr, code := assess(t, "-store", "bolt:"+text)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, text+": not a mitigraph store")

	db := filepath.Join(t.TempDir(), "site.db")
	_, _, code = assess(t, "-store", "bolt:"+db, "-draft", "none", write(t, "f.json", `[{"id":"F-1"}]`))
	require.Zero(t, code)
	b, err := os.ReadFile(db)
	require.NoError(t, err)
	_, stderr, code = assess(t, "-store", "bolt:"+write(t, "cut.db", string(b[:len(b)/2])))
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "cut.db: the store is damaged: the file is cut off")

	for _, bad := range []string{"bolt", "bolt:", "disk:x", ""} {
		_, stderr, code = assess(t, "-store", bad)
		assert.Equal(t, 2, code, bad)
		assert.Contains(t, stderr, "want mem, bolt:PATH or postgres:DSN", bad)
	}
	_, stderr, code = assess(t, "-store", "bolt:"+filepath.Join(t.TempDir(), "no", "folder.db"))
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "no such file or directory")
}

// What a kept graph holds is listed, and a file's findings can be taken out.
func TestSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.db")
	db := "bolt:" + file
	_, stderr, code := assess(t, "-store", db, "-sources")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "no such file")
	assert.NoFileExists(t, file)
	a, b := write(t, "a.json", `[{"id":"A","weaknesses":["CWE-798"]}]`), write(t, "b.json", `[{"id":"B"}]`)
	_, stderr, code = assess(t, "-store", db, a, b)
	require.Zero(t, code, stderr)
	listed, stderr, code := assess(t, "-store", db, "-sources")
	require.Zero(t, code, stderr)
	assert.Contains(t, listed, "source:attack/ics-attack/19.1 ")
	assert.Contains(t, listed, "source:findings/"+url.PathEscape(a)+" ")
	_, stderr, code = assess(t, "-store", db, "-remove", "source:findings/none")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "source:findings/"+url.PathEscape(a))
	_, stderr, code = assess(t, "-store", db, "-remove", "source:findings/"+url.PathEscape(a))
	require.Zero(t, code, stderr)
	report, _, code := assess(t, "-store", db, "-format", "json")
	require.Zero(t, code)
	require.Len(t, decode(t, report).Findings, 1)
	assert.Equal(t, "B", decode(t, report).Findings[0].ID)
	for _, args := range [][]string{{"-sources"}, {"-remove", "x"}, {"-sources", "-store", db, a}, {"-sources", "-remove", "x", "-store", db}} {
		_, _, code = assess(t, args...)
		assert.Equal(t, 2, code, "%v", args)
	}
}

// The ending of -o names the format where -format does not.
func TestFormatOfOutput(t *testing.T) {
	out := filepath.Join(t.TempDir(), "report.json")
	_, stderr, code := assess(t, "-o", out)
	require.Zero(t, code, stderr)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Len(t, decode(t, string(b)).Findings, 12)
	_, stderr, code = assess(t, "-format", "jsno")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "did you mean json?")
}

// What people decided of drafts is in the next report, in every format that
// shows drafts, and also where another writer drafts again.
func TestStoreReportsReviews(t *testing.T) {
	file := write(t, "f.json", `[{"id":"F-1","device":"plc-1","techniques":["T0837","T0814","T0823"]}]`)
	where := "bolt:" + filepath.Join(t.TempDir(), "site.db")
	out, _, code := assess(t, "-store", where, "-format", "json", file)
	require.Zero(t, code)
	before := decode(t, out).Drafts
	of := func(drafts []graph.Draft, technique string) graph.Draft {
		for _, d := range drafts {
			if slices.Equal(d.About, []string{"attack:" + technique}) && d.GapKind != graph.GapNoDetection {
				return d
			}
		}
		require.Fail(t, "no draft", technique)
		return graph.Draft{}
	}
	undecided, _, code := assess(t, "-store", where)
	require.Zero(t, code)
	g, err := cli.OpenKept(t.Context(), where, false)
	require.NoError(t, err)
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	taken, turned := of(before, "T0837"), of(before, "T0814")
	_, err = g.Review(t.Context(), taken.ID, graph.Review{Status: graph.StatusAccepted, By: "Ann", At: at}, nil)
	require.NoError(t, err)
	_, err = g.Review(t.Context(), turned.ID, graph.Review{Status: graph.StatusRejected, By: "Ben", At: at, Why: "the broker goes"}, nil)
	require.NoError(t, err)
	require.NoError(t, g.Close())

	out, _, code = assess(t, "-store", where, "-format", "json")
	require.Zero(t, code)
	validate(t, schema(t), out)
	d := of(decode(t, out).Drafts, "T0837")
	assert.Equal(t, taken.ID, d.ID)
	assert.Equal(t, graph.GapNoMitigation, d.GapKind)
	assert.Equal(t, graph.StatusAccepted, d.Status)
	assert.Equal(t, "Ann", d.Reviews[0].By)
	d = of(decode(t, out).Drafts, "T0814")
	assert.Equal(t, graph.StatusRejected, d.Status)
	assert.Equal(t, "the broker goes", d.Reviews[0].Why)

	for format, want := range map[string][]string{
		"text": {
			"\nDECIDED DRAFTS not official; what is accepted a person stands for", taken.ID + " accepted: T0837 Loss of Protection (no_mitigation), by template; accepted by Ann on 2026-12-01",
			turned.ID + " rejected: T0814 Denial of Service (not_deployed), by template; rejected by Ben on 2026-12-01: the broker goes",
			"for a person to judge T0823 Graphical User Interface (placeholder_only), by template ",
		},
		"markdown": {
			"2 are decided by a person, as each says; the others are for a person to judge", "### ACCEPTED DRAFT: T0837", "accepted by Ann on 2026-12-01",
			"### REJECTED DRAFT: T0814", "rejected by Ben on 2026-12-01: the broker goes",
		},
		"html": {"ACCEPTED DRAFT<", "accepted by Ann on 2026-12-01", "REJECTED DRAFT<", "rejected by Ben on 2026-12-01: the broker goes", "2 are decided by a person"},
		"stix": {`"x_mitigraph_accepted_by":"Ann"`, `"type":"course-of-action"`},
	} {
		out, _, code := assess(t, "-store", where, "-format", format)
		require.Zero(t, code)
		flat := "\n" + strings.ReplaceAll(strings.Join(strings.Fields(strings.ReplaceAll(out, "\n\n", " \x00")), " "), "\x00", "\n")
		for _, w := range want {
			assert.Contains(t, flat, w, format)
		}
		if format == "text" {
			assert.NotEqual(t, undecided, out)
		}
	}

	// Another writer's text for the same gap does not undo the decision.
	g, err = cli.OpenKept(t.Context(), where, false)
	require.NoError(t, err)
	a := decode(t, out)
	for i := range a.Drafts {
		a.Drafts[i].ID, a.Drafts[i].Status, a.Drafts[i].Reviews, a.Drafts[i].Generator = fmt.Sprint("other-", i), graph.StatusDraft, nil, "ollama:m"
	}
	require.NoError(t, g.Add(t.Context(), graph.Replace(graph.Drafts(a))))
	decisions(g.Snapshot(), a)
	require.NoError(t, g.Close())
	assert.Equal(t, taken.ID, of(a.Drafts, "T0837").ID)
	assert.Equal(t, "template", of(a.Drafts, "T0837").Generator)
	assert.Equal(t, graph.StatusDraft, of(a.Drafts, "T0814").Status, "a new text for a gap whose old one was rejected is to be judged")
}

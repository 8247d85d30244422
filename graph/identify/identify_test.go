package identify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

const official = "../../../shared/data/attack/ics-attack-19.1.json.gz"

func release(t testing.TB) *mitre.Catalog {
	t.Helper()
	if _, err := os.Stat(official); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-19.1.json.gz beside the repository")
	}
	c, err := mitre.Open(t.Context(), official)
	require.NoError(t, err)
	return c
}

func model(t testing.TB, c *mitre.Catalog) *identify.Model {
	t.Helper()
	m, err := identify.New(t.Context(), c, identify.Options{})
	require.NoError(t, err)
	return m
}

// small is a release made up for the tests, without what drop names.
func small(t testing.TB, secret string, backwards bool, drop ...string) *mitre.Catalog {
	t.Helper()
	object := func(kind, n, id, name, description string) map[string]any {
		return map[string]any{
			"type": kind, "id": kind + "--00000000-0000-4000-8000-0000000000" + n, "spec_version": "2.1",
			"created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z", "name": name, "description": description,
			"external_references": []any{map[string]any{"source_name": "mitre-attack", "external_id": id}},
			"x_mitre_domains":     []string{"ics-attack"},
			"kill_chain_phases":   []any{map[string]any{"kill_chain_name": "mitre-ics-attack", "phase_name": "impact"}},
		}
	}
	all := []map[string]any{
		object("attack-pattern", "01", "T9001", "Open Breaker", "Breakers are opened by a command to cut the supply."),
		object("attack-pattern", "02", "T9002", "Erase Firmware", "The flash memory is overwritten and the device can not start."),
		object("attack-pattern", "03", "T9003", "Steal Drawings", "Drawings and project files are copied from a file share."),
		object("malware", "11", "S9001", "Greyfox "+secret, "Malware."),
		object("malware", "12", "S9002", "Blueheron", "Malware."),
	}
	uses := func(n, from, to, text string) {
		all = append(all, map[string]any{
			"type": "relationship", "id": "relationship--00000000-0000-4000-8000-0000000000" + n, "spec_version": "2.1",
			"created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z", "relationship_type": "uses",
			"source_ref": "malware--00000000-0000-4000-8000-0000000000" + from, "target_ref": "attack-pattern--00000000-0000-4000-8000-0000000000" + to,
			"description": text,
		})
	}
	uses("21", "11", "01", "Greyfox opened breakers with the word "+secret+".")
	uses("22", "11", "02", "Greyfox erased the flash "+secret+" of gateways.")
	uses("23", "12", "03", "Blueheron copied drawings to a server abroad.")
	all = slices.DeleteFunc(all, func(o map[string]any) bool {
		return slices.Contains(drop, o["id"].(string)) || slices.Contains(drop, fmt.Sprint(o["source_ref"]))
	})
	if backwards {
		slices.Reverse(all)
	}
	b, err := json.Marshal(map[string]any{"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000000", "objects": all})
	require.NoError(t, err)
	c, err := mitre.Read(t.Context(), "small", strings.NewReader(string(b)))
	require.NoError(t, err)
	return c
}

const greyfox = "malware--00000000-0000-4000-8000-000000000011"

func ask(t testing.TB, m *identify.Model, text string, q identify.Query) []identify.Match {
	t.Helper()
	found, err := m.Identify(t.Context(), text, q)
	require.NoError(t, err)
	return found
}

func TestFound(t *testing.T) {
	m := model(t, release(t))
	for text, want := range map[string]string{
		"The intruders logged in with the manufacturer's hard-coded password.":                        "T1694.002",
		"The wiper overwrote files and system logs so that the server could not be started any more.": "T0809",
		"An employee opened the attachment of a phishing mail with a macro.":                          "T0865",
		"The malware spread through infected USB drives that were carried into the plant.":            "T0847",
		"Attackers took pictures of the operator's screen to learn how the substation is run.":        "T0852",
	} {
		found := ask(t, m, text, identify.Query{})
		if assert.NotEmpty(t, found, text) {
			var ids []string
			for i, f := range found {
				ids = append(ids, f.ID)
				assert.True(t, f.Score > 0 && f.Score <= 1, f.Score)
				assert.NotEmpty(t, f.Because)
				if i > 0 {
					assert.LessOrEqual(t, f.Score, found[i-1].Score)
				}
			}
			assert.Contains(t, ids, want, text)
			assert.Len(t, ids, identify.DefaultTop)
		}
	}
}

func TestSomethingElse(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	for name, m := range map[string]*identify.Model{"embedded": model(t, c), "official": nil} {
		t.Run(name, func(t *testing.T) {
			if m == nil {
				m = model(t, release(t))
			}
			for _, text := range []string{"", " \t", "?!", "zzxqy qqwx", "The soup needs more salt and a little pepper.", "The goalkeeper saved two penalties in the final."} {
				assert.Empty(t, ask(t, m, text, identify.Query{}), text)
			}
		})
	}
}

// TestExclude: what is excluded is as if it had never been in the release.
func TestExclude(t *testing.T) {
	texts := []string{"It opened breakers", "flash of gateways erased", "xylophone", "Greyfox xylophone opened drawings", "Blueheron copied files"}
	const secret = "xylophone"
	for _, name := range []string{greyfox, "S9001", "s9001", "greyfox " + secret} {
		with, without := model(t, small(t, secret, false)), model(t, small(t, secret, false, greyfox))
		for _, text := range texts {
			q := identify.Query{Top: 9}
			want := ask(t, without, text, q)
			q.Exclude = []string{name}
			assert.Equal(t, want, ask(t, with, text, q), "%s, %s", name, text)
		}
	}
	a, b := model(t, small(t, secret, false)), model(t, small(t, "marimba", false))
	q := identify.Query{Top: 9, Exclude: []string{"S9001"}}
	for _, text := range texts {
		assert.Equal(t, ask(t, a, text, q), ask(t, b, text, q), "a word of the excluded source counts: %s", text)
	}
	assert.NotEqual(t, ask(t, a, "breakers xylophone", identify.Query{}), ask(t, b, "breakers xylophone", identify.Query{}), "the word counts where nothing is excluded")
	_, err := a.Identify(t.Context(), "x", identify.Query{Exclude: []string{"S4711"}})
	assert.ErrorIs(t, err, identify.ErrUnknown)
	assert.ErrorContains(t, err, `"S4711"`)
}

func TestOrderOfTheBundle(t *testing.T) {
	a, b := model(t, small(t, "tuba", false)), model(t, small(t, "tuba", true))
	for _, text := range []string{"breakers opened", "drawings", "the flash of the device"} {
		q := identify.Query{Top: 9}
		assert.Equal(t, ask(t, a, text, q), ask(t, b, text, q))
		assert.Equal(t, ask(t, a, text, q), ask(t, a, text, q))
	}
}

func TestNamed(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	m := model(t, c)
	for text, want := range map[string]string{
		"Mapped to T0836.": "the text names T0836",
		"see https://attack.mitre.org/techniques/T1692/001 there": "the text names T1692/001",
		"T0855": "the text names T0855, now T1692.001",
	} {
		found := ask(t, m, text, identify.Query{Top: 1})
		if assert.Len(t, found, 1, text) {
			assert.Equal(t, 1.0, found[0].Score)
			assert.Equal(t, want, found[0].Because[0].String())
		}
	}
	assert.Empty(t, ask(t, m, "T9999 XT0836 T08361", identify.Query{}))
}

func TestRefused(t *testing.T) {
	c := small(t, "", false)
	for _, bad := range []*mitre.Catalog{nil, {}} {
		_, err := identify.New(t.Context(), bad, identify.Options{})
		assert.ErrorIs(t, err, identify.ErrNoTechniques)
	}
	_, err := identify.New(t.Context(), c, identify.Options{Settings: identify.Settings{Ridge: -1, Procedure: 1}})
	assert.ErrorContains(t, err, "ridge")
	_, err = model(t, c).Identify(t.Context(), "x", identify.Query{Top: -1})
	assert.ErrorContains(t, err, "-1")
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = identify.New(ended, c, identify.Options{})
	assert.ErrorIs(t, err, context.Canceled)
	m := model(t, c)
	for _, q := range []identify.Query{{}, {Exclude: []string{"S9001"}}} {
		_, err = m.Identify(ended, "breakers", q)
		assert.ErrorIs(t, err, context.Canceled)
	}
}

func TestHostile(t *testing.T) {
	m := model(t, small(t, "", false))
	for _, text := range []string{
		strings.Repeat("breaker ", 1<<17), strings.Repeat("a", 1<<20), strings.Repeat("(Citation: ", 1<<14), strings.Repeat("[", 1<<16),
		"\xff\xfebreaker\x00\x1b[31m opened", "break\u202eer \u200bopened", "T9001\x1b]0;x\a",
	} {
		for _, f := range ask(t, m, text, identify.Query{}) {
			assert.False(t, f.Score < 0 || f.Score > 1 || f.Score != f.Score, f.Score)
			for _, r := range f.Because {
				assert.Equal(t, -1, strings.IndexFunc(r.String(), func(r rune) bool { return !unicode.IsPrint(r) }), "%q", r.String())
			}
		}
	}
}

func TestConcurrent(t *testing.T) {
	m := model(t, small(t, "tuba", false))
	texts := []string{"breakers opened", "drawings copied", "flash erased"}
	queries := []identify.Query{{}, {Exclude: []string{"S9001"}}, {Exclude: []string{"S9002"}}, {Exclude: []string{"S9002", "S9001"}}}
	want := map[string][]identify.Match{}
	for _, text := range texts {
		for i, q := range queries {
			want[fmt.Sprint(text, i)] = ask(t, model(t, small(t, "tuba", false)), text, q)
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, text := range texts {
				for i, q := range queries {
					got, err := m.Identify(t.Context(), text, q)
					assert.NoError(t, err)
					assert.Equal(t, want[fmt.Sprint(text, i)], got)
				}
			}
		})
	}
	wg.Wait()
}

// toy embeds a text by its letters, and counts what it is asked.
type toy struct {
	mu     sync.Mutex
	asked  int
	broken func([][]float32) ([][]float32, error)
}

func (*toy) Name() string                           { return "toy" }
func (*toy) Digest(context.Context) (string, error) { return "1", nil }

func (e *toy) Embed(_ context.Context, texts []string) ([][]float32, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked += len(texts)
	var out [][]float32
	for _, s := range texts {
		v := make([]float32, 27)
		v[26] = 1
		for _, r := range strings.ToLower(s) {
			if r >= 'a' && r <= 'z' {
				v[r-'a']++
			}
		}
		out = append(out, v)
	}
	if e.broken != nil {
		return e.broken(out)
	}
	return out, nil
}

func TestEmbedder(t *testing.T) {
	c := small(t, "", false)
	plain := model(t, c)
	m, err := identify.New(t.Context(), c, identify.Options{Embedder: &toy{}})
	require.NoError(t, err)
	const text = "T9003, and breakers opened, flash overwritten"
	a, b := ask(t, plain, text, identify.Query{}), ask(t, m, text, identify.Query{})
	require.Len(t, a, 3)
	require.Len(t, b, 3)
	assert.NotEqual(t, a[1].Score, b[1].Score)
	for name, broken := range map[string]func([][]float32) ([][]float32, error){
		"server":  func([][]float32) ([][]float32, error) { return nil, errors.New("no server") },
		"vectors": func(v [][]float32) ([][]float32, error) { return v[:len(v)-1], nil },
		"lengths": func(v [][]float32) ([][]float32, error) { v[len(v)-1] = []float32{1}; return v, nil },
		"length":  func(v [][]float32) ([][]float32, error) { v[0] = make([]float32, 27); return v, nil },
	} {
		_, err := identify.New(t.Context(), c, identify.Options{Embedder: &toy{broken: broken}})
		assert.ErrorContains(t, err, name)
		assert.ErrorContains(t, err, "toy")
	}
}

func TestCached(t *testing.T) {
	folder, e := t.TempDir(), &toy{}
	texts := []string{"one", "two", "one more"}
	want, err := e.Embed(t.Context(), texts)
	require.NoError(t, err)
	e.asked = 0
	for range 2 {
		got, err := identify.Cached(e, folder).Embed(t.Context(), texts)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, 3, e.asked, "asked once")
	}
	root, err := os.OpenRoot(folder)
	require.NoError(t, err)
	defer root.Close()
	models, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, models, 1)
	files, err := os.ReadDir(folder + "/" + models[0].Name())
	require.NoError(t, err)
	require.Len(t, files, 3)
	for i, damage := range []string{"", "abcdefgh", strings.Repeat("x", 1<<17)} {
		require.NoError(t, root.WriteFile(models[0].Name()+"/"+files[i].Name(), []byte(damage), 0o600))
	}
	got, err := identify.Cached(e, folder).Embed(t.Context(), texts)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, 6, e.asked, "damaged files are made again")
	got, err = identify.Cached(e, folder+"/"+models[0].Name()+"/"+files[0].Name()).Embed(t.Context(), texts)
	require.NoError(t, err, "a folder that can't be made")
	assert.Equal(t, want, got)
}

func FuzzIdentify(f *testing.F) {
	m := model(f, small(f, "", false))
	for _, s := range []string{"breakers opened", "T9001", "[a](b)(Citation: c", "\xff", "https://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := m.Identify(t.Context(), text, identify.Query{Top: 9})
		require.NoError(t, err)
		again, err := m.Identify(t.Context(), text, identify.Query{Top: 9})
		require.NoError(t, err)
		assert.Equal(t, found, again)
		for _, x := range found {
			assert.True(t, x.Score >= 0 && x.Score <= 1)
		}
	})
}

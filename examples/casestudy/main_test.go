package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/mitre"
)

var update = flag.Bool("update", false, "write the golden files")

func casestudy(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Code("casestudy", run(t.Context(), args, strings.NewReader(""), &out, &errs), &errs)
	return out.String(), errs.String(), code
}

var (
	walks = map[string]*walk{}
	texts = map[string]string{}
)

// walked is a study with the template's drafts. It is made once; tests look at
// it only.
func walked(t testing.TB, s *study) *walk {
	t.Helper()
	if walks[s.name] == nil {
		w, err := s.assess(t.Context(), "")
		require.NoError(t, err)
		require.NoError(t, w.write(t.Context(), template.Writer{}))
		walks[s.name] = w
	}
	return walks[s.name]
}

// text is what a study prints by default.
func text(t testing.TB, name string) string {
	t.Helper()
	if texts[name] == "" {
		got, stderr, code := casestudy(t, name)
		require.Zero(t, code, stderr)
		assert.Empty(t, stderr)
		texts[name] = got
	}
	return texts[name]
}

func TestGolden(t *testing.T) {
	for _, s := range studies {
		t.Run(s.name, func(t *testing.T) {
			got := text(t, s.name)
			name := filepath.Join("testdata", s.name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
			}
			want, err := os.ReadFile(name)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "go test ./examples/casestudy -update writes it anew")
			p, err := walked(t, &s).page(t.Context())
			require.NoError(t, err)
			again, err := p.render("text", walked(t, &s))
			require.NoError(t, err)
			assert.Equal(t, got, string(again), "the same bytes each time")
			for _, l := range strings.Split(got, "\n") {
				assert.LessOrEqual(t, len([]rune(l)), width, l)
			}
		})
	}
}

// The studies show every kind of gap and every area of generative AI, and each
// shows several.
func TestTogetherTheyShowAll(t *testing.T) {
	kinds, areas := map[graph.GapKind]bool{}, map[string]bool{}
	formats := map[string]bool{}
	var all []string
	for i := range studies {
		w := walked(t, &studies[i])
		here := map[graph.GapKind]bool{}
		for _, g := range w.a.Gaps {
			kinds[g.Kind], here[g.Kind] = true, true
		}
		assert.GreaterOrEqual(t, len(here), 4, "%s shows %v", w.name, here)
		require.Len(t, w.drafts, len(w.study.drafts))
		for _, d := range w.drafts {
			areas[d.area] = true
			assert.False(t, d.Checks.Fallback)
		}
		for _, name := range w.observed {
			formats[strings.SplitN(name, ".", 2)[1]] = true
		}
		c, err := w.now.Coverage(t.Context())
		require.NoError(t, err)
		for _, a := range c.Areas {
			if !slices.Contains(all, a.ID) {
				all = append(all, a.ID)
			}
		}
	}
	for _, k := range []graph.GapKind{graph.GapNoMitigation, graph.GapPlaceholderOnly, graph.GapNotDeployed, graph.GapNotFeasible, graph.GapNoTechnique, graph.GapNoDetection} {
		assert.True(t, kinds[k], "no study has a gap of the kind %s", k)
	}
	require.Len(t, all, 5)
	for _, a := range all {
		assert.True(t, areas[a], "no study shows the area %s", a)
	}
	assert.Len(t, formats, 5, "%v", formats)
}

// What the input says of a CVE is what CISA's advisories say: the number, the
// class, the vector, and the advisory that has it.
func TestFactsAreCISAs(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "csaf", "*.json"))
	require.NoError(t, err)
	if len(names) == 0 {
		t.Skip("needs ../shared/data/csaf")
	}
	type fact struct {
		advisory, weakness string
		vectors            []string
	}
	known, advisories := map[string][]fact{}, map[string]bool{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		var d struct {
			Vulnerabilities []struct {
				CVE string `json:"cve"`
				CWE struct {
					ID string `json:"id"`
				} `json:"cwe"`
				Scores []struct {
					V3 struct {
						Vector string `json:"vectorString"`
					} `json:"cvss_v3"`
				} `json:"scores"`
			} `json:"vulnerabilities"`
		}
		require.NoError(t, json.Unmarshal(b, &d), name)
		id := strings.ToUpper(strings.TrimSuffix(filepath.Base(name), ".json"))
		advisories[id] = true
		for _, v := range d.Vulnerabilities {
			f := fact{advisory: id, weakness: v.CWE.ID}
			for _, s := range v.Scores {
				f.vectors = append(f.vectors, s.V3.Vector)
			}
			known[v.CVE] = append(known[v.CVE], f)
		}
	}
	cited := 0
	for i := range studies {
		w := walked(t, &studies[i])
		for _, f := range w.a.Findings {
			for _, cve := range f.CVEs {
				cited++
				assert.True(t, slices.ContainsFunc(known[cve], func(k fact) bool {
					return slices.Contains(w.advisories(f.ID), k.advisory) && slices.Equal(f.Weaknesses, []string{k.weakness}) && slices.Contains(k.vectors, f.CVSS)
				}), "%s: %s %v %v %s is not what the advisory says", w.name, cve, w.advisories(f.ID), f.Weaknesses, f.CVSS)
			}
		}
	}
	assert.Greater(t, cited, 20)
	eachFile(t, func(name, text string) {
		for _, id := range advisory.FindAllString(text, -1) {
			assert.True(t, advisories[id], "%s: %s", name, id)
		}
		for _, id := range regexp.MustCompile(`CVE-\d{4}-\d+`).FindAllString(text, -1) {
			assert.NotEmpty(t, known[id], "%s: %s", name, id)
		}
	})
}

func eachFile(t *testing.T, check func(name, text string)) {
	t.Helper()
	require.NoError(t, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(name)
		check(name, string(b))
		return err
	}))
}

// Every ATT&CK ID in the files and in what is printed exists.
func TestIDsExist(t *testing.T) {
	c, err := mitre.Embedded()
	require.NoError(t, err)
	id := regexp.MustCompile(`\b([TMAGSC]\d{4}|T\d{4}\.\d{3})\b`)
	check := func(name, text string) {
		for _, found := range id.FindAllString(text, -1) {
			_, err := c.Resolve(found)
			assert.NoError(t, err, name)
		}
	}
	eachFile(t, check)
	printed := 0
	for _, s := range studies {
		check(s.name, text(t, s.name))
		printed += len(id.FindAllString(text(t, s.name), -1))
	}
	assert.Greater(t, printed, 100)
}

// No figure that the program can compute is typed into the narratives and the
// remarks.
func TestFiguresAreSlots(t *testing.T) {
	slot := regexp.MustCompile(`\{\{[^}]*\}\}`)
	id := regexp.MustCompile(`CSAF 2\.0|IG-4|\b[TM]\d{4}\b`) // a format and handles, no figures
	for _, s := range studies {
		b, err := s.read("narrative.md")
		require.NoError(t, err)
		texts := []string{string(b)}
		rs, err := s.remarks()
		require.NoError(t, err)
		for _, r := range rs {
			texts = append(texts, r.Say)
		}
		for _, text := range texts {
			assert.NotRegexp(t, `\d`, id.ReplaceAllString(slot.ReplaceAllString(text, ""), ""), s.name)
		}
	}
}

// What a remark quotes stands in the draft that it is about, and each draft has
// its good and its bad sides.
func TestRemarksQuoteTheDrafts(t *testing.T) {
	for i := range studies {
		w := walked(t, &studies[i])
		rs, err := w.remarks()
		require.NoError(t, err)
		sides := map[string][2]bool{}
		for _, r := range rs {
			var text strings.Builder
			for _, d := range w.drafts {
				if d.Task != r.Draft {
					continue
				}
				for _, c := range d.Text.Claims() {
					if text.WriteString(c.Text + "\n"); c.Quiz != nil {
						text.WriteString(c.Quiz.Text + "\n")
					}
				}
			}
			assert.Contains(t, text.String(), r.Quote, "%s: %s", w.name, r.Draft)
			assert.NotEmpty(t, r.Say)
			both := sides[r.Draft]
			if r.Good {
				both[0] = true
			} else {
				both[1] = true
			}
			sides[r.Draft] = both
		}
		for _, d := range w.drafts {
			assert.Equal(t, [2]bool{true, true}, sides[d.Task], "%s: %s needs a good and a bad word", w.name, d.Task)
		}
	}
}

// What the remarks say of the drafts beyond their words is so.
func TestRemarksHold(t *testing.T) {
	water := walked(t, &studies[1])
	claims := func(task, section string) []graph.Claim {
		for _, d := range water.drafts {
			if d.Task == task {
				return d.Text.Section(section)
			}
		}
		return nil
	}
	recognised := claims("threat-report", "techniques")
	require.NotEmpty(t, recognised)
	for _, c := range recognised {
		assert.NotContains(t, []string{"T0846", "T0846.001", "T0859", "T0836"}, c.Subject, "the remark says that it was not recognised")
	}
	steps := claims("mitigation", "steps")
	require.Greater(t, len(steps), 3)
	assert.Contains(t, steps[2].Text, "M0812")
	assert.Contains(t, steps[3].Text, "M0805")
	hidden := map[string]bool{}
	for _, d := range water.drafts {
		for _, c := range d.Text.Section("safe_state") {
			for _, e := range d.Evidence {
				for _, id := range []string{"router", "booster", "dosing", "well"} {
					if strings.Contains(c.Text, "and other devices") && !strings.Contains(c.Text, id) &&
						slices.Contains(c.Evidence, e.Handle) && strings.HasPrefix(e.Text, `Device "`+id+`"`) {
						hidden[id] = true
					}
				}
			}
		}
	}
	assert.Equal(t, map[string]bool{"router": true, "booster": true}, hidden, "the devices that are not named")
}

// What the narratives say in words is so in the graph.
func TestNarrativesHold(t *testing.T) {
	on := func(w *walk, technique, device string) bool {
		for _, r := range w.a.Techniques {
			if r.ID == technique {
				return slices.Contains(r.Devices, device)
			}
		}
		return false
	}
	kind := func(w *walk, k graph.GapKind, technique string) bool {
		return slices.ContainsFunc(w.a.Gaps, func(g graph.Gap) bool { return g.Kind == k && g.Technique == technique })
	}
	camera, water, hospital := walked(t, &studies[0]), walked(t, &studies[1]), walked(t, &studies[2])
	assert.True(t, on(camera, "T0842", "cam-yard"), "the cameras can be watched")
	assert.True(t, on(camera, "T0807", "pdu-1"), "the power strip can be switched")
	assert.True(t, on(camera, "T0819", "gw-1"), "the gateway is a way in")
	assert.True(t, on(water, "T0814", "well") && on(water, "T0883", "well"), "the well pumps can be stopped from the internet")
	assert.True(t, kind(water, graph.GapNoMitigation, "T0837"), "nothing for the interlock")
	for _, device := range []string{"infusion", "oxygen"} {
		assert.True(t, on(hospital, "T0814", device), "%s can be kept busy", device)
		i := slices.IndexFunc(hospital.site.Devices, func(d graph.Device) bool { return d.ID == device })
		assert.Contains(t, hospital.site.Devices[i].Constraints, "no_patch")
		assert.Contains(t, hospital.site.Devices[i].Constraints, "safety_certified")
	}
	p, err := hospital.hard(t.Context())
	require.NoError(t, err)
	assert.Contains(t, p.long, "on the gateway of the infusion pumps, which no_patch and safety_certified make hard", "what is advised would change it")
	p, err = water.users(t.Context())
	require.NoError(t, err)
	assert.Contains(t, p.long, "C0031: T0814", "the campaign against exposed controllers is the nearest")
	r, err := water.now.Catalog().Resolve("C0031")
	require.NoError(t, err)
	var behind []string
	for g := range mitre.Outgoing[*mitre.Group](water.now.Catalog(), r.Object, mitre.AttributedTo) {
		behind = append(behind, g.ID)
	}
	assert.Equal(t, []string{"G1027"}, behind)
}

// Each point is counted a second time, in another way.
func TestPointsHold(t *testing.T) {
	w := walked(t, &studies[1])
	p, err := w.unusable(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "2 of 6 weaknesses with an advisory can't be answered by an update on this site.", p.short)
	assert.Contains(t, p.long, "no_fix_planned rules out M0951")
	assert.Contains(t, p.long, `"Bring the controller to version 151.2."`)

	p, err = w.first(t.Context())
	require.NoError(t, err)
	step := w.a.Plan[0]
	site := w.site
	site.Deployed = append(slices.Clone(site.Deployed), step.ID)
	g, err := graph.New(t.Context(), graph.Attack(w.now.Catalog()), graph.Knowledge(), graph.SiteFacts(site))
	require.NoError(t, err)
	defer g.Close()
	for _, f := range w.a.Findings {
		known, ok := w.now.Finding(f.ID)
		require.True(t, ok)
		require.NoError(t, g.Add(t.Context(), graph.Findings(known)))
	}
	after, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	assert.Contains(t, p.long, "from "+count(len(w.a.Gaps), "", "")+"to "+strings.TrimSpace(count(len(after.Gaps), "", "")))

	p, err = w.hard(t.Context())
	require.NoError(t, err)
	assert.Contains(t, p.long, "M0950 Exploit Protection on the cellular router of the well, which no_agent makes hard: [analyst]")

	ways, err := w.ways(t.Context())
	require.NoError(t, err)
	require.Len(t, ways, maxWays)
	assert.Contains(t, ways[0], `"A maintenance bit suspends the chlorine interlock" > T0837 Loss of Protection [site] > TA0105 Impact [official]`)

	p, err = w.mended(t.Context())
	require.NoError(t, err)
	assert.Contains(t, p.long, "T0837")
	assert.Contains(t, p.short, "6 weaknesses")

	for i := range studies {
		points, err := walked(t, &studies[i]).missed(t.Context())
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(points), 5, studies[i].name)
		for _, p := range points {
			assert.NotEmpty(t, p.short)
			assert.NotEmpty(t, p.long)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, s := range studies {
		w := walked(t, &s)
		p, err := w.page(t.Context())
		require.NoError(t, err)
		made, err := p.render("html", w)
		require.NoError(t, err)
		page := string(made)
		assert.True(t, strings.HasPrefix(page, "<!DOCTYPE html>"))
		for _, once := range []string{"<main", "</main>", "<h1", "<style", "<script", "In short", "What the system could not know"} {
			assert.Equal(t, 1, strings.Count(page, once), once)
		}
		assert.NotContains(t, page, "raw HTML omitted")

		b, err := p.render("markdown", w)
		require.NoError(t, err)
		var tops []string
		for _, l := range strings.Split(string(b), "\n") {
			if strings.HasPrefix(l, "# ") {
				tops = append(tops, l)
			}
		}
		assert.Equal(t, []string{"# Case study " + s.name + ": " + s.line}, tops, "one title, and all else below it")
		assert.Contains(t, string(b), "\n## Where the drafts are good, and where they are bad\n")
	}
	out := filepath.Join(t.TempDir(), "study.md")
	stdout, stderr, code := casestudy(t, "water", "-draft", "none", "-o", out)
	require.Zero(t, code, stderr)
	assert.Empty(t, stdout)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(b), "# Case study water"))
	short, _, code := casestudy(t, "water", "-draft", "none")
	require.Zero(t, code)
	assert.NotContains(t, short, "draft--")
	assert.Contains(t, short, "Nothing: -draft template")
	assert.NotContains(t, short, "WHERE THE DRAFTS ARE GOOD")
}

// Official texts of another release change what is written, and the remarks on
// the drafts of this one are left out.
func TestOtherRelease(t *testing.T) {
	official := filepath.Join("..", "..", "..", "shared", "data", "attack", "ics-attack-17.1.json.gz")
	if _, err := os.Stat(official); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-17.1.json.gz")
	}
	text, stderr, code := casestudy(t, "water", "-attack", official)
	require.Zero(t, code, stderr)
	assert.Contains(t, text, "17.1")
	assert.Contains(t, strings.Join(strings.Fields(text), " "), "these are others")
	assert.NotContains(t, text, "MITRE's own descriptions: this run has")
}

func TestListAndWrongUse(t *testing.T) {
	text, stderr, code := casestudy(t)
	require.Zero(t, code, stderr)
	for _, s := range studies {
		assert.Contains(t, text, s.name)
		assert.Contains(t, text, s.line)
	}
	stdout, stderr, code := casestudy(t, "-h")
	assert.Zero(t, code)
	assert.Empty(t, stdout)
	assert.Equal(t, 3, strings.Count(stderr[strings.Index(stderr, "Examples:"):], "  casestudy "))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"watre"}, `study "watre": want camera, water or hospital; did you mean water?`},
		{[]string{"plant"}, `study "plant": want camera, water or hospital`},
		{[]string{"water", "camera"}, `one study at a time`},
		{[]string{"water", "-format", "htlm"}, `did you mean html?`},
		{[]string{"water", "-draft", "ollama:"}, `want none, template or ollama:MODEL`},
		{[]string{"water", "-fromat", "html"}, `did you mean -format?`},
		{[]string{"water", "-attack", filepath.Join(t.TempDir(), "none.json")}, `none.json`},
	} {
		stdout, stderr, code := casestudy(t, c.args...)
		assert.Equal(t, 2, code, "%v: %s", c.args, stderr)
		assert.Contains(t, stderr, c.want)
		assert.Empty(t, stdout)
	}
}

// A model that can't be asked is an error that says where it was looked for.
func TestNoServer(t *testing.T) {
	t.Setenv("OLLAMA_HOST", "http://127.0.0.1:1")
	stdout, stderr, code := casestudy(t, "hospital", "-draft", "ollama:none")
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "127.0.0.1:1")
}

// A release that is too old for the sites is told from a broken file.
func TestTooOldRelease(t *testing.T) {
	old := filepath.Join("..", "..", "..", "shared", "data", "attack", "ics-attack-8.2.json.gz")
	if _, err := os.Stat(old); err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-8.2.json.gz")
	}
	stdout, stderr, code := casestudy(t, "water", "-attack", old)
	assert.Equal(t, 2, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, `the study does not fit this release: site.json: deployed[0]: mitigation "M0953"`)
}

func TestEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	err := run(ctx, []string{"water"}, strings.NewReader(""), &out, &out)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, out.String())
}

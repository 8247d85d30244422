package genai_test

import (
	"bytes"
	ctx "context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is the embedded sample site.
func sample(t testing.TB) (*graph.Snapshot, *graph.Assessment) {
	t.Helper()
	catalog, err := mitre.Embedded()
	require.NoError(t, err)
	b, err := data.FS.ReadFile(data.SampleFindings)
	require.NoError(t, err)
	found, skipped, err := finding.Collect(finding.Read(t.Context(), "sample site", bytes.NewReader(b), finding.JSON))
	require.NoError(t, err)
	require.Empty(t, skipped)
	b, err = data.FS.ReadFile(data.SampleControls)
	require.NoError(t, err)
	described, err := graph.ReadSite(t.Context(), "sample site", bytes.NewReader(b))
	require.NoError(t, err)
	g, err := graph.New(t.Context(), graph.Attack(catalog), graph.Knowledge(), graph.SiteFacts(described), graph.Findings(found...))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.Close()) })
	s := g.Snapshot()
	a, err := s.Assess(t.Context())
	require.NoError(t, err)
	return s, a
}

const story = `In the night the intruders logged in with the password of the maker.
They sent write commands to the pumps. Later the operators saw a frozen screen.`

var shownInStory = []genai.Found{
	{Technique: "T0855", Sentence: "They sent write commands to the pumps.", Score: 0.71, Because: []string{"write commands", "pumps"}},
	{Technique: "T0815", Sentence: "Later the operators saw a frozen screen.", Score: 0.4},
	{Technique: "T1694.001", Sentence: "In the night the intruders logged in with the password of the maker.", Score: 0.8},
	{Technique: "T1692.001", Sentence: "They sent write commands to the pumps.", Score: 0.3},
}

// allTasks are the tasks about no gap, by the names of their golden files.
func allTasks() map[string]genai.Task {
	return map[string]genai.Task{
		"incident-response": genai.IncidentResponse(),
		"security-policy":   genai.SecurityPolicy(),
		"training":          genai.Training(),
		"threat-report":     genai.ThreatReport("story.txt", story, shownInStory),
		"triage":            genai.Triage("F-02"),
	}
}

// The golden files show what the template writer says about the sample site.
func TestTemplateDoesEveryTask(t *testing.T) {
	s, a := sample(t)
	for name, task := range allTasks() {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, name, task.Name())
			d, err := genai.Draft(t.Context(), s, a, task, template.Writer{}, genai.Options{})
			require.NoError(t, err)
			assert.Equal(t, name, d.Task)
			assert.Equal(t, -1, d.Gap)
			assert.Equal(t, "draft", d.Status)
			assert.Equal(t, "template", d.Generator)
			assert.False(t, d.Checks.Fallback)
			assert.Empty(t, d.Checks.Rejections)
			assert.Empty(t, verify.Draft(d.Text, task.Form(), d.Evidence))
			require.NoError(t, genai.CheckQuiz(s, a, d))
			require.NotEmpty(t, d.About)
			for _, key := range d.About {
				_, ok := s.Node(key)
				assert.True(t, ok, key)
			}
			var sections []string
			for _, s := range d.Text {
				sections = append(sections, s.Name)
			}
			var wanted []string
			for _, s := range task.Form() {
				wanted = append(wanted, s.Name)
			}
			assert.Equal(t, wanted, sections)

			again, err := genai.Draft(t.Context(), s, a, task, template.Writer{}, genai.Options{})
			require.NoError(t, err)
			assert.Equal(t, d, again)

			text := genai.Text(d, 100)
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), text, "go test ./genai -update writes it anew")
		})
	}
}

// said is a text of a form over the evidence of a request, as a model might
// give it: claims that pass, each citing what say chooses.
func said(t testing.TB, form verify.Form, say func(section string, i int) graph.Claim) string {
	t.Helper()
	var text graph.DraftText
	for _, s := range form {
		n := max(1, s.Min)
		section := graph.DraftSection{Name: s.Name, Single: s.Single}
		for i := range n {
			section.Claims = append(section.Claims, say(s.Name, i))
		}
		text = append(text, section)
	}
	b, err := json.Marshal(text)
	require.NoError(t, err)
	return string(b)
}

// handle finds the evidence that holds all of the words.
func handle(t testing.TB, evidence []graph.Evidence, words ...string) string {
	t.Helper()
	for _, e := range evidence {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(e.Text, w) }) {
			return e.Handle
		}
	}
	t.Fatalf("no evidence holds %q", words)
	return ""
}

// byWriter has a model write a task: reply sees the request.
func byWriter(t *testing.T, task genai.Task, context int, reply func(genai.Request) string) (graph.Draft, *scripted) {
	t.Helper()
	s, a := sample(t)
	w := &scripted{context: context}
	w.write = func(_ ctx.Context, r genai.Request) (genai.Answer, error) { return genai.Answer{Text: reply(r)}, nil }
	d, err := genai.Draft(t.Context(), s, a, task, w, genai.Options{})
	require.NoError(t, err)
	require.NoError(t, genai.CheckQuiz(s, a, d))
	return d, w
}

func TestTriageHoldsToTheVerdict(t *testing.T) {
	reply := func(affected, reachable string) func(genai.Request) string {
		return func(r genai.Request) string {
			if claimed(r) != "" {
				return "{}"
			}
			return said(t, genai.Triage("F-02").Form(), func(section string, i int) graph.Claim {
				switch section {
				case "affected":
					return graph.Claim{Text: affected, Evidence: []string{handle(t, r.Evidence, "Affected by")}}
				case "reachable":
					return graph.Claim{Text: reachable, Evidence: []string{handle(t, r.Evidence, "Reach of")}}
				}
				return graph.Claim{Text: "Look at the command injection in the network test page, " + section + ".", Evidence: []string{"E1"}}
			})
		}
	}
	good, fine := "The finding names a device that the site describes.", "Whoever can send packets to the device can use it."
	d, w := byWriter(t, genai.Triage("F-02"), 0, reply(good, fine))
	assert.Equal(t, "scripted", d.Generator, d.Checks.Rejections)
	assert.Equal(t, "yes", d.Text.Section("affected")[0].Verdict)
	assert.Equal(t, "network", d.Text.Section("reachable")[0].Verdict)
	assert.Contains(t, d.Checks.Passed, genai.CheckGraph)
	assert.Equal(t, []string{"finding:F-02"}, d.About)
	assert.Contains(t, w.asked[0].Prompt, "affected: yes; and that the flaw is reachable: network.")
	assert.NotContains(t, string(w.asked[0].Schema), "verdict")

	for _, bad := range [][2]string{{"The device that the site describes is not affected by the finding.", fine}, {good, "The attacker can send packets to the device only from the device."}} {
		d, w := byWriter(t, genai.Triage("F-02"), 0, reply(bad[0], bad[1]))
		assert.Equal(t, "template", d.Generator)
		assert.True(t, d.Checks.Fallback)
		assert.Greater(t, len(w.asked), 1)
		require.NotEmpty(t, d.Checks.Rejections)
		assert.Equal(t, genai.CheckGraph, d.Checks.Rejections[0].Check)
		assert.Contains(t, d.Checks.Rejections[0].Why, "the graph says")
		assert.Equal(t, "yes", d.Text.Section("affected")[0].Verdict)
	}

	s, a := sample(t)
	_, err := genai.Draft(t.Context(), s, a, genai.Triage("F-99"), template.Writer{}, genai.Options{})
	assert.ErrorIs(t, err, graph.ErrUnknownNode)
}

func TestQuizIsTheGraphs(t *testing.T) {
	var form verify.Form
	explain := func(r genai.Request, spoil string) string {
		if claimed(r) != "" {
			return "{}"
		}
		s, a := sample(t)
		d, err := genai.Draft(t.Context(), s, a, genai.Training(), template.Writer{}, genai.Options{})
		require.NoError(t, err)
		form = verify.Form{{Name: "material", Min: 1}, {Name: "quiz", Min: len(d.Text.Section("quiz"))}}
		return said(t, form, func(section string, i int) graph.Claim {
			if section == "material" {
				return graph.Claim{Text: "Loss of Protection serves the tactic Impact.", Evidence: []string{handle(t, r.Evidence, "T0837 Loss", " serves ")}}
			}
			c := d.Text.Section("quiz")[i]
			q := *c.Quiz
			c.Quiz = nil
			if i == 0 && spoil == "cites" {
				// What other evidence says does not show which answer is right.
				i := slices.IndexFunc(r.Evidence, func(e graph.Evidence) bool {
					return e.Provenance == string(graph.Official) && !slices.Contains(c.Evidence, e.Handle)
				})
				c.Text, c.Evidence = r.Evidence[i].Text, []string{r.Evidence[i].Handle}
			}
			if i == 0 && spoil == "wrong" {
				// What holds of a wrong option, and cites what answers the question too.
				i := slices.IndexFunc(r.Evidence, func(e graph.Evidence) bool {
					return !strings.Contains(e.Text, q.Options[q.Right]) && slices.ContainsFunc(q.Options, func(o string) bool { return strings.HasPrefix(e.Text, o+" mitigates ") })
				})
				c.Text, c.Evidence = r.Evidence[i].Text, append(slices.Clone(c.Evidence), r.Evidence[i].Handle)
			}
			return c
		})
	}
	d, w := byWriter(t, genai.Training(), 0, func(r genai.Request) string { return explain(r, "") })
	assert.Equal(t, "scripted", d.Generator, d.Checks.Rejections)
	quiz := d.Text.Section("quiz")
	require.Len(t, quiz, 6)
	kinds := map[string]bool{}
	for _, c := range quiz {
		kinds[c.Quiz.Kind] = true
		assert.GreaterOrEqual(t, len(c.Quiz.Options), 2)
		assert.Contains(t, w.asked[0].Prompt, c.Quiz.Text)
	}
	assert.Len(t, kinds, 3, "every kind of question")
	for _, spoil := range []string{"cites", "wrong"} {
		d, _ := byWriter(t, genai.Training(), 0, func(r genai.Request) string { return explain(r, spoil) })
		assert.True(t, d.Checks.Fallback, spoil)
		assert.Equal(t, genai.CheckGraph, d.Checks.Rejections[0].Check, d.Checks.Rejections)
	}

	s, a := sample(t)
	spoiled := func(change func(q *graph.Question)) error {
		b, err := json.Marshal(d)
		require.NoError(t, err)
		var again graph.Draft
		require.NoError(t, json.Unmarshal(b, &again))
		require.NoError(t, genai.CheckQuiz(s, a, again))
		change(again.Text.Section("quiz")[0].Quiz)
		return genai.CheckQuiz(s, a, again)
	}
	for want, change := range map[string]func(*graph.Question){
		"is said to be right, and is wrong": func(q *graph.Question) { q.Options[q.Right] = "M0953 Data Backup" },
		"is right too":                      func(q *graph.Question) { q.Right = (q.Right + 1) % len(q.Options) },
		"the right option is 9 of 4":        func(q *graph.Question) { q.Right = 9 },
		"the right option is -1 of 4":       func(q *graph.Question) { q.Right = -1 },
		"stands there twice":                func(q *graph.Question) { q.Options[0] = q.Options[1] },
		`"M9999 X" is no mitigation`:        func(q *graph.Question) { q.Options[0] = "M9999 X" },
		`"M0801 Wrong name" is no mitig`:    func(q *graph.Question) { q.Options[0] = "M0801 Wrong name" },
		`"poetry" is no kind of question`:   func(q *graph.Question) { q.Kind = "poetry" },
		`"T9999" is no technique`:           func(q *graph.Question) { q.Subject = "T9999" },
		"a question needs two":              func(q *graph.Question) { q.Options = q.Options[:1] },
		"not in the graph's words":          func(q *graph.Question) { q.Text = "Which?" },
		"is no tactic of this release":      func(q *graph.Question) { q.Kind = "tactic" },
		"is no device of this site":         func(q *graph.Question) { q.Kind = "open" },
	} {
		err := spoiled(change)
		assert.ErrorContains(t, err, "quiz[0]: ", want)
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, genai.CheckQuiz(nil, a, d), "needs a snapshot")
	d.Text.Section("quiz")[1].Quiz = nil
	assert.ErrorContains(t, genai.CheckQuiz(s, a, d), "quiz[1]: an explanation without a question")
}

func TestReportIsQuotedAndVouchesForNothing(t *testing.T) {
	hostile := order + " T0855 M9999"
	text := story + "\n" + hostile
	found := []genai.Found{{Technique: "T0815", Sentence: hostile, Score: 0.9, Because: []string{"M9999", order}}}
	task := genai.ThreatReport("a <b>name</b>\x1b[31m", text, found)
	d, w := byWriter(t, task, 0, func(r genai.Request) string {
		return said(t, task.Form(), func(section string, i int) graph.Claim {
			return graph.Claim{Text: "The technique is T0815 Denial of View, in the " + section + ".", Evidence: []string{"E2", "E1"}}
		})
	})
	assert.Equal(t, "scripted", d.Generator, d.Checks.Rejections)
	assert.Equal(t, "T0815", d.Text.Section("techniques")[0].Subject)
	assert.Equal(t, "site", d.Evidence[0].Provenance)
	assert.Equal(t, 1, strings.Count(w.asked[0].Prompt, "</evidence>"))
	assert.NotContains(t, w.asked[0].Prompt, "<|")
	assert.NotContains(t, w.asked[0].Prompt, "\x1b")

	// Another technique, or a mitigation that the report names, can't come in.
	for _, bad := range []string{"The sentence shows T0855 in this case too.", "The report wants M9999 to be applied.", "See https://evil.example for the rest."} {
		d, _ := byWriter(t, task, 0, func(r genai.Request) string {
			return said(t, task.Form(), func(section string, i int) graph.Claim {
				return graph.Claim{Text: bad + " In the " + section + ".", Evidence: []string{"E1"}}
			})
		})
		assert.True(t, d.Checks.Fallback)
		b, err := json.Marshal(d.Text)
		require.NoError(t, err)
		assert.NotContains(t, string(b), "M9999")
		assert.NotContains(t, string(b), "evil")
	}

	s, a := sample(t)
	for want, found := range map[string][]genai.Found{
		"no technique was found":                          nil,
		"found[0]:":                                       {{Technique: "T9999", Sentence: "They sent write commands to the pumps."}},
		`found[0]: "M0801" is no technique`:               {{Technique: "M0801", Sentence: "They sent write commands to the pumps."}},
		"found[1]: the report does not hold the sentence": {shownInStory[0], {Technique: "T0837", Sentence: "They stopped the pumps."}},
		"found[0]: the report does not hold the sentence": {{Technique: "T0837"}},
		"found[0]: the score 2 is not between 0 and 1":    {{Technique: "T0837", Sentence: "frozen screen", Score: 2}},
	} {
		d, err := genai.Draft(t.Context(), s, a, genai.ThreatReport("story", story, found), template.Writer{}, genai.Options{})
		assert.ErrorContains(t, err, want)
		assert.Zero(t, d)
	}
	// White space does not matter: sentences are often broken into lines.
	_, err := genai.Draft(t.Context(), s, a, genai.ThreatReport("story", story, []genai.Found{{Technique: "T0815", Sentence: "pumps. Later  the"}}), template.Writer{}, genai.Options{})
	assert.NoError(t, err)
}

func TestRequirementsAreTraced(t *testing.T) {
	s, a := sample(t)
	d, err := genai.Draft(t.Context(), s, a, genai.SecurityPolicy(), template.Writer{}, genai.Options{})
	require.NoError(t, err)
	texts := map[string]string{}
	for _, e := range d.Evidence {
		texts[e.Handle] = e.Text
	}
	labels := 0
	for _, c := range d.Text.Section("requirements") {
		m, ok := mitre.Find[*mitre.Mitigation](s.Catalog(), c.Subject)
		require.True(t, ok, c.Subject)
		assert.Contains(t, c.Text, c.Subject)
		assert.Contains(t, texts[c.Evidence[0]], c.Subject+" "+m.Name)
		for _, l := range m.Standards {
			if strings.Contains(c.Text, l) {
				labels++
			}
		}
	}
	assert.Positive(t, labels)

	// A requirement about another mitigation is none of the graph's.
	d, _ = byWriter(t, genai.SecurityPolicy(), 0, func(r genai.Request) string {
		form := slices.Clone(genai.SecurityPolicy().Form())
		form[1].Min = 8
		return said(t, form, func(section string, i int) graph.Claim {
			return graph.Claim{Text: fmt.Sprintf("Access Management is required where the techniques are open, %s %c.", section, 'a'+i), Evidence: []string{"E1"}}
		})
	})
	assert.True(t, d.Checks.Fallback)
	assert.Contains(t, fmt.Sprint(d.Checks.Rejections), "this is to be about")
}

// A small context gets the most valuable part, and what it lacks is named.
func TestEveryTaskIsPacked(t *testing.T) {
	for name, task := range allTasks() {
		t.Run(name, func(t *testing.T) {
			d, w := byWriter(t, task, 4096, func(genai.Request) string { return "{}" })
			require.NotEmpty(t, w.asked)
			given := w.asked[0].Evidence
			assert.True(t, d.Checks.Fallback)
			assert.Empty(t, d.Checks.LeftOutOf, "the template was given all")
			assert.Greater(t, len(given), 2)
			assert.Contains(t, string(w.asked[0].Schema), `"evidence"`)
			composed, err := w.asked[0].Compose()
			require.NoError(t, err)
			b, err := json.Marshal(composed)
			require.NoError(t, err)

			// The same words by a model are accepted, over the same evidence.
			d, w = byWriter(t, task, 4096, func(r genai.Request) string { return string(b) })
			if d.Checks.Fallback {
				for _, r := range d.Checks.Rejections {
					assert.Equal(t, verify.CheckGrounding, r.Check, "%v", r)
				}
				return
			}
			assert.Len(t, d.Checks.LeftOutOf, d.Checks.LeftOut)
			for i, o := range d.Checks.LeftOutOf {
				assert.Equal(t, fmt.Sprintf("E%d", len(given)+1+i), o.Handle)
				assert.NotEmpty(t, o.About)
				assert.LessOrEqual(t, len([]rune(o.About)), 80)
			}
		})
	}
}

func TestNothingToWriteAbout(t *testing.T) {
	catalog, err := mitre.Embedded()
	require.NoError(t, err)
	g, err := graph.New(t.Context(), graph.Attack(catalog), graph.Knowledge())
	require.NoError(t, err)
	defer g.Close()
	a, err := g.Snapshot().Assess(t.Context())
	require.NoError(t, err)
	for _, task := range []genai.Task{genai.IncidentResponse(), genai.SecurityPolicy(), genai.Training(), genai.Triage("")} {
		d, err := genai.Draft(t.Context(), g.Snapshot(), a, task, template.Writer{}, genai.Options{})
		assert.ErrorContains(t, err, task.Name())
		assert.Zero(t, d)
	}
	// A report speaks of the world, so that a site without findings is no error.
	d, err := genai.Draft(t.Context(), g.Snapshot(), a, genai.ThreatReport("story", story, shownInStory), template.Writer{}, genai.Options{})
	require.NoError(t, err)
	assert.Contains(t, d.Text.Section("summary")[0].Text, "no finding of this site")
}

// A site whose names are hostile gets every task, and nothing of it gets out.
func TestHostileSiteGetsEveryTask(t *testing.T) {
	s, a := site(t)
	for _, task := range []genai.Task{genai.IncidentResponse(), genai.SecurityPolicy(), genai.Training(), genai.Triage("F-1"), genai.Triage("F-2"), genai.Triage("F-3")} {
		d, err := genai.Draft(t.Context(), s, a, task, template.Writer{}, genai.Options{})
		require.NoError(t, err)
		assert.Empty(t, verify.Draft(d.Text, task.Form(), d.Evidence))
		require.NoError(t, genai.CheckQuiz(s, a, d))
		b, err := json.Marshal(d.Text)
		require.NoError(t, err)
		for _, bad := range []string{"M9999", "M9998", "evil.example", "im_start"} {
			assert.NotContains(t, string(b), bad, task)
		}
	}
}

// Drafts of all tasks are kept in the graph, linked to what they are about.
func TestDraftsOfEveryTaskAreKept(t *testing.T) {
	s, a := sample(t)
	for _, task := range allTasks() {
		d, err := genai.Draft(t.Context(), s, a, task, template.Writer{}, genai.Options{})
		require.NoError(t, err)
		a.Drafts = append(a.Drafts, d)
	}
	catalog := s.Catalog()
	g, err := graph.New(t.Context(), graph.Attack(catalog), graph.Knowledge(), graph.Drafts(a))
	require.NoError(t, err)
	defer g.Close()
	for _, d := range a.Drafts {
		n, ok := g.Snapshot().Node(d.ID)
		require.True(t, ok)
		assert.Equal(t, "Draft", n.Kind)
	}
}

// What comes first follows from what the graph holds: exploitation, the
// maker's word, what is deployed, and the device's constraints.
func TestTriageFollowsTheGraph(t *testing.T) {
	fix := finding.Remedy{Category: "vendor_fix", Text: "Update to 2.0, see https://maker.example."}
	cases := map[string]struct {
		finding     finding.Finding
		constraints []string
		deployed    []string
		want, not   []string
	}{
		"exploited, with a fix": {finding.Finding{Device: "plc-1", KEV: true, Remedies: []finding.Remedy{fix}}, nil, nil,
			[]string{"Affected: yes, plc-1", "known to be exploited", "The maker offers a fix, quoted", "Reachable: unknown"}, []string{"maker.example", "takes no patch"}},
		"a fix that the device can't take": {finding.Finding{Device: "plc-1", Remedies: []finding.Remedy{fix}}, []string{"no_patch"}, nil,
			[]string{"the device takes no patch by the site's word"}, []string{"known to be exploited"}},
		"no fix": {finding.Finding{Device: "plc-1", Remedies: []finding.Remedy{{Category: "no_fix_planned", Text: "End of life."}, {Category: "workaround", Text: "Close port 80."}}}, nil, nil,
			[]string{"The maker offers no fix", "Compare what the maker advises"}, nil},
		"by product": {finding.Finding{Products: []string{"EP-100"}}, nil, nil, []string{"Affected: likely, plc-1"}, []string{"is here at all"}},
		"elsewhere":  {finding.Finding{Device: "stranger"}, nil, nil, []string{"Affected: unknown", "Find out first whether the product is here at all"}, nil},
		"behind a barrier": {finding.Finding{Device: "plc-1", Techniques: []string{"T1692.001"}, CVSS: "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H"}, nil, []string{"M0930"},
			[]string{"from the device's own network", "a barrier is deployed at the device: M0930 Network Segmentation. Check that it holds", "M0930 Network Segmentation is deployed against T1692.001 Command Message"}, []string{"Weigh"}},
		"without one": {finding.Finding{Device: "plc-1", Techniques: []string{"T1692.001"}}, nil, nil, []string{"Weigh M0"}, []string{"is deployed"}},
	}
	catalog, err := mitre.Embedded()
	require.NoError(t, err)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.finding.ID = "F-1"
			g, err := graph.New(t.Context(), graph.Attack(catalog), graph.Knowledge(), graph.SiteFacts(graph.SiteDescription{Site: "s", Devices: []graph.Device{
				{ID: "plc-1", Products: []string{"EP-100"}, Constraints: c.constraints, Deployed: c.deployed}}}), graph.Findings(c.finding))
			require.NoError(t, err)
			defer g.Close()
			a, err := g.Snapshot().Assess(t.Context())
			require.NoError(t, err)
			d, err := genai.Draft(t.Context(), g.Snapshot(), a, genai.Triage("F-1"), template.Writer{}, genai.Options{})
			require.NoError(t, err)
			all := ""
			for _, x := range d.Text.Claims() {
				all += x.Text + "\n"
			}
			for _, w := range c.want {
				assert.Contains(t, all, w)
			}
			for _, n := range c.not {
				assert.NotContains(t, all, n)
			}
			for _, r := range c.finding.Remedies { // they are quoted in the evidence
				assert.NotEmpty(t, handle(t, d.Evidence, r.Text))
			}
		})
	}
}

package gizmo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cayley "github.com/cayleygraph/cayley/query"
	engine "github.com/cayleygraph/cayley/query/gizmo"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/gizmo"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var store = sync.OnceValue(func() *query.Store {
	c, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(context.Background(), graph.Attack(c), graph.Knowledge(),
		graph.SiteFacts(graph.SiteDescription{Site: "s", Devices: []graph.Device{{ID: "plc", Asset: "A0003"}}}),
		graph.Findings(finding.Finding{ID: "F-1", Device: "plc", Weaknesses: []string{"CWE-798", "CWE-306"}},
			finding.Finding{ID: "F-2", Device: "plc", Weaknesses: []string{"CWE-798"}, Techniques: []string{"T0834"}}))
	if err != nil {
		panic(err)
	}
	defer g.Close()
	return query.New(g.Snapshot())
})

func run(t testing.TB, script string, l query.Limits) (query.Result, error) {
	t.Helper()
	return gizmo.Run(t.Context(), store(), script, l)
}

// The language, in scripts and what they give: one value in a row where there
// is one.
func TestLanguage(t *testing.T) {
	for script, want := range map[string]string{
		`g.V("attack:T0834").in("rel:mitigates").all()`:                                                                           "attack:M0938",
		`g.V("<attack:T0834>").In("<rel:mitigates>").All()`:                                                                       "attack:M0938",
		`graph.Vertex(iri("attack:T0834")).in(iri("rel:mitigates")).getLimit(1)`:                                                  "attack:M0938",
		`g.V("attack:T0834").in(g.V("rel:mitigates")).all()`:                                                                      "attack:M0938",
		`g.V("attack:T0834").in("rel:mitigates").count()`:                                                                         "1",
		`g.V("attack:T0834").in("rel:mitigates").toArray()`:                                                                       `[attack:M0938]`,
		`g.V("attack:T0834").in("rel:mitigates").toValue()`:                                                                       "attack:M0938",
		`g.V("attack:T0834").in("rel:answers").toValue()`:                                                                         "",
		`g.V("attack:T0834").save("rel:name", "n").tagValue().n`:                                                                  "Native API",
		`g.V("attack:T0834").save("rel:name").tagArray()[0]["rel:name"]`:                                                          "Native API",
		`g.V(str("Native API")).in("rel:name").all()`:                                                                             "attack:T0834",
		`g.V("Native API").in("rel:name").all()`:                                                                                  "attack:T0834",
		`g.V("finding:F-1", ["finding:F-2"]).out("rel:on").unique().all()`:                                                        "device:plc",
		`g.V("finding:F-1").out("rel:on").all(); g.V("finding:F-2").out("rel:states").all()`:                                      "device:plc attack:T0834",
		`g.V("class:Finding").in("rdf:type").has("rel:states", "attack:T0834").all()`:                                             "finding:F-2",
		`g.V("attack:T0834").hasR("rel:states", "finding:F-2").all()`:                                                             "attack:T0834",
		`g.V("class:Finding").in("rdf:type").except(g.V().has("rel:states")).all()`:                                               "finding:F-1",
		`g.V("weakness:CWE-798").intersect(g.V("finding:F-1").out("rel:has")).all()`:                                              "weakness:CWE-798",
		`g.V("finding:F-1").out(["rel:on", "rel:has"]).count()`:                                                                   "3",
		`g.V("finding:F-2").out(["rel:on", "rel:states"], "p").tagArray().map(function (d) { return d.p })`:                       `[rel:on rel:states]`,
		`g.V("finding:F-2").tag("f").out("rel:on").back("f").out("rel:states").toValue()`:                                         "attack:T0834",
		`var p = g.V("finding:F-2").tag("f").out("rel:on"); p.back("f").out("rel:states"); p.toValue()`:                           "device:plc",
		`var p = g.V("class:Tactic").in("rdf:type"); p.limit(2); p.count()`:                                                       "12",
		`g.V("class:Tactic").in("rdf:type").order().skip(1).limit(1).all()`:                                                       "attack:TA0101",
		`var m = g.M().out("rel:has").out("rel:opens"); g.V("attack:T1694.002").followR(m).unique().order().all()`:                "finding:F-1 finding:F-2",
		`g.V("finding:F-2").follow(g.Morphism().out("rel:on").out("rel:of")).all()`:                                               "attack:A0003",
		`g.V("weakness:CWE-259").followRecursive("rel:child-of", 1).all()`:                                                        "weakness:CWE-798",
		`g.V("device:plc").followRecursive(g.M().both(["rel:on", "rel:states"]), "d").has("rel:name", "Native API").tagValue().d`: "2",
		`g.V("finding:F-2").outPredicates().except(g.V("rdf:type", "rel:id")).order().all()`:                                      "rel:has rel:on rel:states",
		`g.V("finding:F-2").labels().all()`:                                                                                       "source:findings/findings",
		`g.V("finding:F-2").labelContext("source:findings/findings").out("rel:on").all()`:                                         "device:plc",
		`g.V("finding:F-2").labelContext("source:mapping/2026.11").out("rel:on").count()`:                                         "0",
		`g.V("attack:T0834").out("rel:name").filter(like("Nat%")).all()`:                                                          "Native API",
		`g.V("attack:T0834").out("rel:name").filter(regex("^native")).count()`:                                                    "0",
		`g.V("weakness:CWE-798").in("rel:from").out("rel:confidence").filter(gt(0.9), lt(1)).all()`:                               "0.95",
		`g.V("weakness:CWE-798").in("rel:from").has("rel:confidence", gt(0.9)).out("rel:to").all()`:                               "attack:T1694.002",
		`g.V("finding:F-1").saveOpt("rel:states", "s").saveOpt("rel:on", "d").tagValue().s === undefined`:                         "true",
		`g.V("class:Finding").in("rdf:type").order().forEach(1, function (d) { g.emit(d.id) })`:                                   "finding:F-1",
		`g.V("class:Tactic").in("rdf:type").order().limit(3).hasR("rel:in-tactic").has("rel:name", like("%")).unique().count()`:   "3",
		`g.emit({a: 1}); g.emit(null); g.emit("x")`:                                                                               "1  x",
		`g.emit("<attack:T0834>"); g.emit("<no:such>")`:                                                                           "attack:T0834 <no:such>",
		`new Array(3).fill(1).join("-") + [1,[2,3]] + "ab".repeat(2) + "a,b".split(",").length`:                                   "1-1-11,2,3abab2",
		`[[] instanceof Array, Array.isArray(new Array(2)), Array.from({length: 2}).length, new Uint8Array(3).length]`:            "[true true 2 3]",
		`var x = 0; g.V().forEach(function () { x++ }); x === g.V().count()`:                                                      "true",
		`undefined`: "",
	} {
		t.Run(script, func(t *testing.T) {
			r, err := run(t, script, query.Limits{})
			require.NoError(t, err)
			var got []string
			for _, row := range r.Rows {
				for _, v := range row {
					if iri, ok := v.(quad.IRI); ok {
						v = string(iri)
					}
					if v != nil {
						got = append(got, strings.NewReplacer("<", "", ">", "").Replace(fmt.Sprint(v)))
					}
				}
			}
			clean := strings.NewReplacer("<", "", ">", "").Replace(want)
			assert.Equal(t, strings.Fields(clean), strings.Fields(strings.Join(got, " ")))
		})
	}
}

// Scripts that are wrong say where, and why.
func TestErrors(t *testing.T) {
	for _, test := range []struct{ script, want string }{
		{"", "it is empty"},
		{strings.Repeat("x", query.MaxQuery+1), "it is longer than 64 KiB"},
		{"g.V(", "line 1, column 5: Unexpected end of input"},
		{"var x = 1;\nlet x = 2;", "line 2, column 5"},
		{"\n  g.V().foo()", "line 2, column 12: TypeError: Object has no member 'foo'"},
		{"nope", "line 1, column 1: ReferenceError: nope is not defined"},
		{`throw new Error("why")`, "line 1, column 7: Error: why"},
		{`throw "why"`, "why"},
		{`g.V().in("mitigates")`, `line 1, column 9: in: "mitigates" is no predicate; did you mean rel:mitigates?`},
		{`g.V().save("rel:nam", "x").all()`, `did you mean rel:name?`},
		{`g.V().has("rel:qqqqqqqq").all()`, `"rel:qqqqqqqq" is no predicate`},
		{`g.V()`, "add .all()"},
		{`g.V`, "call it"},
		{`lt(3)`, "asks for nothing"},
		{`g.V({})`, "an object is no value of the graph"},
		{`g.V(undefined)`, "undefined is no value"},
		{`g.V().out("rel:name", {})`, "an object is no name of a tag"},
		{`g.V().out({})`, "an object is no value of the graph"},
		{`g.V().out([g.V()])`, "a path is no value of the graph"},
		{`g.V().has()`, "no predicate given"},
		{`g.V().has("rel:name", lt("x"), "y")`, "can't be mixed"},
		{`g.V().is()`, "no node given"},
		{`g.V().and("x")`, `"x" is no path`},
		{`g.V().follow()`, "0 arguments given"},
		{`g.V().followR(g.M().followRecursive("rel:child-of"))`, "can't be followed in reverse"},
		{`g.V().tag("a").followRecursive("rel:child-of").back("a")`, "to go back to"},
		{`g.V().back("x")`, `no tag ["x"] to go back to`},
		{`g.V().tag("x").labels().back("x")`, "not implemented"},
		{`g.V().filter(1)`, "1 is no filter"},
		{`g.V().limit("x")`, `"x" is no whole number`},
		{`g.V().skip(-1)`, "-1 is negative"},
		{`g.V().getLimit()`, "no limit given"},
		{`g.V().all(1)`, "1 arguments given"},
		{`g.V().forEach(1)`, "is no function"},
		{`g.V().unique(1)`, "want none"},
		{`g.V().all.call({})`, "no path"},
		{`g.emit(g.V())`, "a path is no value"},
		{`g.emit({f: function () {}})`, "can't be in a row"},
		{`var a = {}; a.a = a; g.emit(a)`, "contains itself"},
		{`regex("(")`, "missing closing )"},
		{`iri(1)`, "1 is no text"},
		{`lang("x")`, "1 arguments given, want 2"},
		{`(function f() { f() })()`, "calls itself more than 4000 deep"},
		{`var o = {toString: function () { return "" + o }}; "" + o`, "calls itself"},
		{`g.V().forEach(function () { throw new TypeError("inside") })`, "TypeError: inside"},
		{`eval("1 +")`, "ReferenceError"},
		{strings.Repeat("(", query.MaxQuery-1), "Unexpected end of input"},
		{strings.Repeat("[", query.MaxQuery-1), "Unexpected end of input"},
		{strings.Repeat("{", query.MaxQuery-1), "Unexpected end of input"},
		{"x = " + strings.Repeat("[", 30000) + strings.Repeat("]", 30000), "nested more than 100 deep"},
	} {
		t.Run(test.script[:min(60, len(test.script))], func(t *testing.T) {
			r, err := run(t, test.script, query.Limits{})
			var bad *query.Error
			require.ErrorAs(t, err, &bad)
			assert.ErrorContains(t, err, test.want)
			assert.Equal(t, query.Result{}, r)
			assert.Equal(t, 1, strings.Count(err.Error(), "query: "))
		})
	}
}

// Errors that a script can catch leave it alive.
func TestCatch(t *testing.T) {
	r, err := run(t, `try { g.V().in("x") } catch (e) { g.emit("" + e) }`, query.Limits{})
	require.NoError(t, err)
	assert.Equal(t, [][]any{{`GoError: in: "x" is no predicate`}}, r.Rows)
}

func TestLimits(t *testing.T) {
	brief := query.Limits{Deadline: 100 * time.Millisecond}
	patient := query.Limits{Deadline: time.Minute} // a busy machine fills memory slowly
	small := query.Limits{Memory: 32 << 20}
	for _, test := range []struct {
		script string
		limits query.Limits
		want   error
	}{
		{`while (true) {}`, brief, query.ErrDeadline},
		{`try { while (true) {} } finally { while (true) {} }`, brief, query.ErrDeadline},
		{`while (true) { try { while (true) {} } catch (e) {} }`, brief, query.ErrDeadline},
		{`g.V().both().both().both().both().all()`, query.Limits{Deadline: 100 * time.Millisecond, Rows: 1 << 30}, query.ErrDeadline},
		{`g.V().both().both().both().both().count()`, brief, query.ErrDeadline},
		{`g.V().forEach(function () { while (true) {} })`, brief, query.ErrDeadline},
		{`while (true) { try { g.V().both().both().both().count() } catch (e) {} }`, brief, query.ErrDeadline},
		{`for (;;) "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!".match(/^(a+)+$/)`, brief, query.ErrDeadline},
		{`g.V().all()`, query.Limits{Rows: 10}, query.ErrRows},
		{`try { g.V().all() } catch (e) { g.emit(1) }`, query.Limits{Rows: 10}, query.ErrRows},
		{`for (;;) g.emit(1)`, query.Limits{Rows: 10}, query.ErrRows},
		{`"x".repeat(1e10)`, patient, query.ErrMemory},
		{`"x".repeat(1e18)`, patient, query.ErrMemory},
		{`"x".padStart(1e10)`, patient, query.ErrMemory},
		{`"x".padEnd(1e10)`, patient, query.ErrMemory},
		{`new Array(1e9).fill(0)`, patient, query.ErrMemory},
		{`Array(1e9)`, patient, query.ErrMemory},
		{`Array.from({length: 1e9})`, patient, query.ErrMemory},
		{`var a = []; a.length = 4294967295; a.fill(0)`, patient, query.ErrMemory},
		{`var a = []; a.length = 4294967295; a.join("xx")`, patient, query.ErrMemory},
		{`var s = "x".repeat(1e6); "" + new Array(1000).fill(s)`, patient, query.ErrMemory},
		{`var s = "x".repeat(1e6); s.replace(/x/g, s)`, patient, query.ErrMemory},
		{`"x".repeat(1e7).split("")`, patient, query.ErrMemory},
		{`new Float64Array(1e9)`, patient, query.ErrMemory},
		{`new ArrayBuffer(1e10)`, patient, query.ErrMemory},
		{`var s = "x"; while (true) s += s`, small, query.ErrMemory},
		{`var a = []; while (true) a.push({a: 1})`, small, query.ErrMemory},
		{`var a = ["x"]; for (var i = 0; i < 40; i++) a = [a, a]; g.emit({a: a})`, small, query.ErrMemory},
		{`var s = "x".repeat(1e6); for (;;) g.emit(s)`, query.Limits{Memory: 32 << 20, Rows: 1 << 30}, query.ErrMemory},
	} {
		t.Run(test.script, func(t *testing.T) {
			r, err := run(t, test.script, test.limits)
			require.ErrorIs(t, err, test.want)
			assert.Equal(t, query.Result{}, r)
		})
	}
	r, err := run(t, `g.V().getLimit(10)`, query.Limits{Rows: 10})
	require.NoError(t, err)
	assert.Len(t, r.Rows, 10)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := gizmo.Run(ctx, store(), "while (true) {}", query.Limits{})
	assert.ErrorIs(t, err, context.Canceled)
}

// The same script gives the same rows, side by side with others.
func TestConcurrent(t *testing.T) {
	const script = `g.V("class:Weakness").in("rdf:type").tag("w").out("rel:opens").in("rel:mitigates").save("rel:name", "n").limit(500).all(); g.emit(Math.random())`
	want, err := run(t, script, query.Limits{})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 3 {
				r, err := gizmo.Run(context.Background(), store(), script, query.Limits{})
				assert.NoError(t, err)
				assert.Equal(t, want, r)
			}
		})
	}
	wg.Wait()
}

// Cayley's own Gizmo gives the same, where it is right.
func TestAgainstCayley(t *testing.T) {
	for _, script := range []string{
		`g.V("<attack:T0834>").in("<rel:mitigates>").all()`,
		`g.V("<attack:T0843>").In("<rel:mitigates>").Tag("m").Out("<rel:name>").All()`,
		`g.V("<attack:T0843>").in("<rel:mitigates>").save("<rel:name>", "n").all()`,
		`g.V("<attack:T0843>").saveR("<rel:mitigates>", "m").all()`,
		`g.V("<class:Finding>").in("<rdf:type>").saveOpt("<rel:states>", "s").all()`,
		`g.V("<class:Finding>").in("<rdf:type>").has("<rel:states>", "<attack:T0834>").all()`,
		`g.V("<class:Finding>").in("<rdf:type>").has("<rel:id>", lt("F-2")).all()`,
		`g.V("<class:Technique>").in("<rdf:type>").except(g.V("<class:Mitigation>").in("<rdf:type>").out("<rel:mitigates>")).all()`,
		`g.V("<attack:A0003>").both().unique().all()`,
		`g.V("<device:plc>").both(["<rel:on>", "<rel:of>"], "p").all()`,
		`g.V("<finding:F-2>").out(null, "p").all()`,
		`g.V("<finding:F-2>").tag("f").out("<rel:on>").back("f").all()`,
		`g.V("<weakness:CWE-259>").followRecursive("<rel:child-of>").all()`,
		`g.V("<weakness:CWE-259>").followRecursive(g.M().out("<rel:child-of>"), 2, "d").all()`,
		`g.V("<attack:T1694.002>").followR(g.M().out("<rel:has>").out("<rel:opens>")).all()`,
		`g.V("<finding:F-1>").union(g.V("<finding:F-2>")).out("<rel:has>").all()`,
		`g.V("<finding:F-1>").out("<rel:has>").intersect(g.V("<finding:F-2>").out("<rel:has>")).all()`,
		`g.V("<finding:F-1>").outPredicates().all()`,
		`g.V("<device:plc>").inPredicates().all()`,
		`g.V("<finding:F-1>").labels().all()`,
		`g.V("<finding:F-1>").labelContext("<source:findings/findings>").out("<rel:has>").all()`,
		`g.V().has("<rel:name>", "Native API").all()`,
		`g.V().has("<rel:name>", like("%Command%")).save("<rel:name>", "n").all()`,
		`g.V("<class:Tactic>").in("<rdf:type>").order().skip(2).limit(3).all()`,
		`g.V("<class:Tactic>").in("<rdf:type>").out("<rel:name>").filter(regex("^I")).all()`,
		`g.V("<finding:F-1>").forEach(function (d) { g.emit(d) })`,
		`g.emit(g.V("<finding:F-1>").out("<rel:has>").toArray())`,
		`g.emit(g.V("<finding:F-1>").out("<rel:has>").tagArray())`,
		`g.emit({n: g.V("<finding:F-1>").out().count()})`,
	} {
		t.Run(script, func(t *testing.T) {
			r, err := run(t, script, query.Limits{})
			require.NoError(t, err)
			var got []string
			for _, row := range r.Rows {
				m := map[string]any{}
				for i, v := range row {
					if v != nil {
						m[r.Columns[i]] = native(v)
					}
				}
				if v, ok := m["value"]; ok && len(m) == 1 {
					got = append(got, fmt.Sprint(v))
				} else {
					got = append(got, fmt.Sprint(m))
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			it, err := engine.NewSession(store()).Execute(ctx, script, cayley.Options{Collation: cayley.JSON})
			require.NoError(t, err)
			defer it.Close()
			var want []string
			for it.Next(ctx) {
				if v := it.Result(); v != nil {
					want = append(want, fmt.Sprint(v))
				}
			}
			require.NoError(t, it.Err())
			require.NotEmpty(t, want)
			if !strings.Contains(script, "order") {
				slices.Sort(got)
				slices.Sort(want)
			}
			assert.Equal(t, want, got)
		})
	}
}

// native is a value as Cayley's JSON has it.
func native(v any) any {
	switch v := v.(type) {
	case quad.IRI:
		return v.String()
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = native(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[k] = native(v[k])
		}
		return out
	}
	return v
}

// No script ends the process, hangs, or makes a result beside an error.
func FuzzRun(f *testing.F) {
	for _, s := range []string{`g.V("attack:T0834").in("rel:mitigates").save("rel:name", "n").all()`, `g.V().tag("a").out().back("a").limit(3).all()`,
		`g.emit({a: [1, "x", iri("y")]})`, `g.V().labels().order().all()`, `g.M().followRecursive(g.M().both())`, `while(1){}`, "x = `a${1}`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		r, err := gizmo.Run(t.Context(), store(), script, query.Limits{Deadline: 200 * time.Millisecond, Rows: 100, Memory: 64 << 20})
		if err != nil {
			assert.Equal(t, query.Result{}, r)
		}
	})
}

func BenchmarkRun(b *testing.B) {
	store()
	for name, script := range map[string]string{
		"nothing": `1`,
		"one hop": `g.V("attack:T0843").in("rel:mitigates").save("rel:name", "name").all()`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := run(b, script, query.Limits{})
				require.NoError(b, err)
			}
		})
	}
}

func Example() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog), graph.Knowledge())
	if err != nil {
		panic(err)
	}
	defer g.Close()
	s := query.New(g.Snapshot()) // once for a snapshot
	r, err := gizmo.Run(ctx, s, `g.V("weakness:CWE-798").out("rel:opens").save("rel:name", "name").all()`, query.Limits{})
	if err != nil {
		panic(err)
	}
	for _, row := range r.Rows {
		fmt.Println(row...)
	}
	// Output:
	// <attack:T0859> Valid Accounts
	// <attack:T0886> Remote Services
	// <attack:T1694.002> Hardcoded Credentials
}

// What would end the process, where nobody could catch it, ends the script.
func TestNothingEndsTheProcess(t *testing.T) {
	for name, script := range map[string]string{
		"a list in itself":      `a = []; a.push(a); g.V(a).all()`,
		"eval":                  `eval("[".repeat(5e6))`,
		"Function":              `new Function("[".repeat(5e6))`,
		"Function by the back":  `(function () {}).constructor("[".repeat(5e6))`,
		"an async one":          `(async function () {}).constructor("1")`,
		"an arrow's":            `(() => 1).constructor("1")`,
		"deep JSON":             `JSON.parse("[".repeat(5e6))`,
		"apply":                 `Math.max.apply(null, {length: 2**33})`,
		"Reflect.apply":         `Reflect.apply(Math.max, null, {length: 2**33})`,
		"Reflect.construct":     `Reflect.construct(Array, {length: 2**33})`,
		"concat by apply":       `[].concat.apply([], {length: 2**33})`,
		"the guards themselves": `__check("x", 1, 1)`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, script, query.Limits{Deadline: 5 * time.Second})
			assert.Error(t, err)
		})
	}
	r, err := run(t, `g.emit(Math.max.apply(null, [1, 3, 2]) + JSON.parse("[[4]]")[0][0] + Reflect.apply(Math.min, null, [1, 2]))`, query.Limits{})
	require.NoError(t, err)
	assert.Len(t, r.Rows, 1)
}

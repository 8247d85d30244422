package graphql_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/graphql"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var store = sync.OnceValue(func() *query.Store {
	c, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(context.Background(), graph.Attack(c), graph.Knowledge())
	if err != nil {
		panic(err)
	}
	defer g.Close()
	return query.New(g.Snapshot())
})

func TestLanguage(t *testing.T) {
	for text, want := range map[string]string{
		`{ t(id: "attack:T0834") { id, name: rel:name } }`:                                `{"columns":["id","name"],"rows":[["attack:T0834","Native API"]]}`,
		`{ t(id: <attack:T0834>) { <rel:name> } }`:                                        `{"columns":["rel:name"],"rows":[["Native API"]]}`,
		`{ t(id: attack:T1694.002) { ~rel:subtechnique-of { id } rel:id } }`:              `{"columns":["rel:id","rel:subtechnique-of"],"rows":[["T1694.002",null]]}`,
		`{ t(id: "attack:T0834") { by: ~rel:mitigates { id, rel:name } } }`:               `{"columns":["by"],"rows":[[{"id":"attack:M0938","rel:name":"Execution Prevention"}]]}`,
		`{ t(rdf:type: "class:Tactic", offset: 1, first: 2) { id } }`:                     `{"columns":["id"],"rows":[["attack:TA0101"],["attack:TA0102"]]}`,
		`{ a(id: "attack:T0834") { rel:id } b(id: "attack:M0938") { rel:id } }`:           `{"columns":["query","rel:id"],"rows":[["a","T0834"],["b","M0938"]]}`,
		`{ t(id: "attack:T0834") { id, a: rel:answers @opt, n: rel:name @opt } }`:         `{"columns":["id","n"],"rows":[["attack:T0834","Native API"]],"warnings":["nothing in the graph is \"rel:answers\""]}`,
		`{ t(id: "attack:T0855") { id } }`:                                                `{"columns":["id"],"rows":[["attack:T0855"]],"warnings":["T0855 is revoked in ATT&CK ics-attack 19.1; T1692.001 replaced it"]}`,
		`{ t(id: "attack:T9999") { id } }`:                                                `{"columns":[],"rows":[],"warnings":["nothing in the graph is \"attack:T9999\""]}`,
		`{ t(id: "weakness:CWE-798") @label(v: <source:mapping/2026.11>) { rel:opens } }`: `{"columns":["rel:opens"],"rows":[[["attack:T0859","attack:T0886","attack:T1694.002"]]]}`,
	} {
		t.Run(text, func(t *testing.T) {
			r, err := graphql.Run(t.Context(), store(), text, query.Limits{})
			require.NoError(t, err)
			var b bytes.Buffer
			require.NoError(t, r.WriteJSON(&b))
			assert.JSONEq(t, want, b.String())
		})
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "it is empty"},
		{strings.Repeat(" ", query.MaxQuery) + "{}", "longer than 64 KiB"},
		{"{n{id,", "line 1, column 7: Expected Name, found EOF"},
		{"{\n n(x: ) {id}}", "line 2, column 7: Unexpected )"},
		{"mutation {n{id}}", "unsupported operation: mutation"},
		{"{n{id}} {m{id}}", "unsupported query type"},
		{"{n{id rel:name @foo}}", `unknown directive: "foo"`},
		{`{n(first: "x"){id}}`, "unexpected value type"},
		{"{n(id: attack:T0834) {id mitigates}}", `"mitigates" is no predicate; did you mean rel:mitigates?`},
		{"{n(id: attack:T0834) {id rel:mitigate}}", `did you mean rel:mitigates?`},
		{"{n(id: attack:T0834) {id attack:M0938}}", `"attack:M0938" is no predicate`},
		{"{n(id: attack:T0834)\n {*}}", `line 2, column 3: "*" would give only one answer`},
		{"{n(id: attack:T0834) {a: rel:answers @opt, rel:name, b: rel:text @opt}}", "put all with @opt last"},
		{strings.Repeat("{a", query.MaxQuery/4), "Expected Name, found EOF"},
		{"{a(b:" + strings.Repeat("[", query.MaxQuery/2), "found EOF"},
	} {
		t.Run(test.text[:min(60, len(test.text))], func(t *testing.T) {
			r, err := graphql.Run(t.Context(), store(), test.text, query.Limits{})
			var bad *query.Error
			require.ErrorAs(t, err, &bad)
			assert.ErrorContains(t, err, test.want)
			assert.Equal(t, query.Result{}, r)
		})
	}
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		text   string
		limits query.Limits
		want   error
	}{
		{`{ a { id } }`, query.Limits{Rows: 5}, query.ErrRows},
		{`{ a { id ~rel:mitigates { id rel:mitigates { id ~rel:mitigates { id } } } } }`, query.Limits{Deadline: 50 * time.Millisecond}, query.ErrDeadline},
	} {
		_, err := graphql.Run(t.Context(), store(), test.text, test.limits)
		assert.ErrorIs(t, err, test.want, test.text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := graphql.Run(ctx, store(), `{ a { id } }`, query.Limits{})
	assert.ErrorIs(t, err, context.Canceled)
}

func FuzzRun(f *testing.F) {
	for _, s := range []string{`{ t(id: "attack:T0834") { id, name: rel:name by: ~rel:mitigates @opt { id } } }`, `{ a(first: 1) { id } }`, "{n{*}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := graphql.Run(t.Context(), store(), text, query.Limits{Deadline: 200 * time.Millisecond, Rows: 100, Memory: 64 << 20})
		if err != nil {
			assert.Equal(t, query.Result{}, r)
		}
	})
}

func Example() {
	ctx := context.Background()
	catalog, err := mitre.Embedded()
	if err != nil {
		panic(err)
	}
	g, err := graph.New(ctx, graph.Attack(catalog))
	if err != nil {
		panic(err)
	}
	defer g.Close()
	s := query.New(g.Snapshot()) // once for a snapshot
	r, err := graphql.Run(ctx, s, `{
		technique(id: "attack:T1694.002") {
			name: rel:name
			tactics: rel:in-tactic { rel:name }
		}
	}`, query.Limits{})
	if err != nil {
		panic(err)
	}
	if err := r.WriteTable(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// name                   tactics
	// Hardcoded Credentials  [{"rel:name":"Lateral Movement"},{"rel:name":"Persistence"}]
	// 1 row
}

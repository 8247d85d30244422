package query_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"testing"
	"time"

	cpath "github.com/cayleygraph/cayley/query/path"
	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/query"
	"github.com/mitigraph/mitigraph/graph/query/path"
)

func run(t *testing.T, l query.Limits, f func(context.Context, *query.Session) error) (query.Result, error) {
	t.Helper()
	return query.Run(t.Context(), nil, l, f)
}

func TestLimits(t *testing.T) {
	emit := func(n int) func(context.Context, *query.Session) error {
		return func(_ context.Context, q *query.Session) error {
			for range n {
				_ = q.Emit(map[string]any{"a": "x"}) // the error ends the run even where nobody looks
			}
			return nil
		}
	}
	for _, test := range []struct {
		name   string
		limits query.Limits
		f      func(context.Context, *query.Session) error
		want   error
	}{
		{"just enough rows", query.Limits{Rows: 3}, emit(3), nil},
		{"one row too many", query.Limits{Rows: 3}, emit(4), query.ErrRows},
		{"rows too large", query.Limits{Memory: 10_000}, emit(1000), query.ErrMemory},
		{"deadline", query.Limits{Deadline: time.Millisecond}, func(ctx context.Context, q *query.Session) error {
			<-ctx.Done()
			return nil // as Cayley does
		}, query.ErrDeadline},
		{"heap", query.Limits{Memory: 8 << 20}, func(ctx context.Context, _ *query.Session) error {
			var kept [][]byte
			for ctx.Err() == nil {
				kept = append(kept, make([]byte, 1<<20))
				time.Sleep(time.Millisecond)
			}
			runtime.KeepAlive(kept)
			return nil
		}, query.ErrMemory},
		{"garbage alone", query.Limits{Memory: 64 << 20}, func(ctx context.Context, _ *query.Session) error {
			for range 1000 { // far more than the limit; what a busy collector has not come to yet is less
				b := make([]byte, 1<<20)
				runtime.KeepAlive(b)
				time.Sleep(100 * time.Microsecond)
			}
			return nil
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := run(t, test.limits, test.f)
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, test.want)
			assert.Equal(t, query.Result{}, r, "no shorter answer")
		})
	}
	for _, l := range []query.Limits{{Rows: -1}, {Deadline: -1}, {Memory: -1}} {
		_, err := run(t, l, emit(0))
		assert.ErrorContains(t, err, "negative")
	}
}

func TestRunEnds(t *testing.T) {
	cause := errors.New("the lights went out")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := query.Run(ctx, nil, query.Limits{}, func(ctx context.Context, _ *query.Session) error {
		cancel(cause)
		<-ctx.Done()
		return nil
	})
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, cause)
	_, err = query.Run(ctx, nil, query.Limits{}, func(context.Context, *query.Session) error { panic("not called") })
	assert.ErrorIs(t, err, cause)

	late, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	_, err = query.Run(late, nil, query.Limits{}, func(ctx context.Context, _ *query.Session) error {
		<-ctx.Done()
		return nil
	})
	assert.ErrorIs(t, err, context.DeadlineExceeded, "the caller's own deadline")
	assert.NotErrorIs(t, err, query.ErrDeadline)

	_, err = run(t, query.Limits{}, func(context.Context, *query.Session) error { panic("why") })
	var bad *query.Error
	require.ErrorAs(t, err, &bad)
	assert.EqualError(t, err, "query: the engine can't run it: why")

	start := time.Now()
	free := make(chan struct{})
	_, err = run(t, query.Limits{Deadline: time.Millisecond}, func(context.Context, *query.Session) error {
		<-free // as a built-in function that nothing interrupts
		return nil
	})
	assert.ErrorIs(t, err, query.ErrDeadline)
	assert.ErrorContains(t, err, "still running")
	assert.Less(t, time.Since(start), 30*time.Second)
	close(free)
}

func TestResult(t *testing.T) {
	r, err := run(t, query.Limits{}, func(_ context.Context, q *query.Session) error {
		q.Warn("first")
		q.Warn("first")
		for _, row := range []map[string]any{
			{"id": quad.IRI("attack:T1"), "b": "two\nlines \x1b[31m", "a": int64(1)},
			{"id": quad.String("<attack:T1>"), "c": []any{true, nil, 0.5, map[string]any{"z": 1, "a": quad.IRI("x")}}},
			{"b": "<&>", "c": math.NaN()},
		} {
			if err := q.Emit(row); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	var table, text bytes.Buffer
	require.NoError(t, r.WriteTable(&table))
	assert.Equal(t, `id           a  b               c
attack:T1    1  two lines [31m
<attack:T1>                     [true,null,0.5,{"a":"x","z":1}]
                <&>
3 rows
`, table.String())
	require.NoError(t, r.WriteJSON(&text))
	assert.Equal(t, `{
  "columns": ["id","a","b","c"],
  "rows": [
    ["attack:T1",1,"two\nlines \u001b[31m",null],
    ["<attack:T1>",null,null,[true,null,0.5,{"a":"x","z":1}]],
    [null,null,"<&>",null]
  ],
  "warnings": ["first"]
}
`, text.String())
	assert.True(t, json.Valid(text.Bytes()))

	empty, err := run(t, query.Limits{}, func(context.Context, *query.Session) error { return nil })
	require.NoError(t, err)
	text.Reset()
	require.NoError(t, empty.WriteJSON(&text))
	assert.JSONEq(t, `{"columns":[],"rows":[]}`, text.String())

	for name, v := range map[string]any{"cycle": cycle(), "function": func() {}} {
		_, err = run(t, query.Limits{}, func(_ context.Context, q *query.Session) error { return q.Emit(map[string]any{"a": v}) })
		var bad *query.Error
		assert.ErrorAs(t, err, &bad, name)
	}
}

func cycle() any {
	m := map[string]any{}
	m["m"] = m
	return m
}

// The hazards of names: what a user means is found, or said not to be there.
func TestNames(t *testing.T) {
	st := query.New(sample(t))
	for _, test := range []struct {
		name string
		path *cpath.Path
		rows int
		warn string
		bad  string
	}{
		{"strings", cpath.StartMorphism(quad.String("attack:T0834")).In("rel:mitigates"), 1, "", ""},
		{"IRIs", from("attack:T0834").In(quad.IRI("rel:mitigates")), 1, "", ""},
		{"the long form of rdf:type", from("class:Tactic").In(quad.IRI("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")), 12, "", ""},
		{"a text", cpath.StartMorphism(quad.String("Native API")).In("rel:name"), 1, "", ""},
		{"a literal", cpath.StartMorphism(query.Literal("attack:T0834")), 0, `no text of the graph is "attack:T0834"`, ""},
		{"an unknown node", from("attack:T9999").In("rel:mitigates"), 0, `nothing in the graph is "attack:T9999"`, ""},
		{"a revoked technique", from("attack:T0855").In("rel:mitigates"), 0, "T0855 is revoked in ATT&CK ics-attack 19.1; T1692.001 replaced it", ""},
		{"what the graph could say", from("attack:T0834").In("rel:answers"), 0, `nothing in the graph is "rel:answers"`, ""},
		{"a bare predicate", from("attack:T0834").In("mitigates"), 0, "", `"mitigates" is no predicate; did you mean rel:mitigates?`},
		{"a misspelt predicate", from("attack:T0834").In("rel:mitigate"), 0, "", `did you mean rel:mitigates?`},
		{"a node as predicate", from("attack:T0834").Out("attack:M0938"), 0, "", `"attack:M0938" is no predicate`},
		{"within a recursive step", from("weakness:CWE-259").Filters(query.Recursive(cpath.StartMorphism().Out("rel:chid-of"), 0)), 0, "", `did you mean rel:child-of?`},
		{"an unknown node left out", from("attack:T0834").Except(from("attack:T9999")), 1, `nothing in the graph is "attack:T9999"`, ""},
		{"nil", nil, 0, "", "there is no path"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := path.Run(t.Context(), st, test.path, query.Limits{})
			if test.bad != "" {
				var bad *query.Error
				require.ErrorAs(t, err, &bad)
				assert.ErrorContains(t, err, test.bad)
				return
			}
			require.NoError(t, err)
			assert.Len(t, r.Rows, test.rows)
			if test.warn == "" {
				assert.Empty(t, r.Warnings)
			} else {
				assert.Contains(t, r.Warnings, test.warn)
			}
		})
	}
}

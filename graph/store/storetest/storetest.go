// Package storetest answers the question: does a store keep its word?
//
// [Run] holds a [store.Store] to what that interface says, so that a graph can
// rely on the same in a file and in a database. It costs some seconds. It does
// not damage stores or kill processes; each store's own tests do.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/store"
)

// Opener opens one store, at first empty, as often as it is called. Run closes
// a store before it opens it again.
type Opener func(context.Context) (store.Store, error)

// Run tests stores. Each call of fresh makes another one, which is gone when
// the test ends.
func Run(t *testing.T, fresh func(*testing.T) Opener) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Opener)
	}{
		{"empty", testEmpty},
		{"order", testOrder},
		{"remove", testRemove},
		{"all or nothing", testAllOrNothing},
		{"conflict", testConflict},
		{"model", testModel},
		{"odd characters", testOdd},
		{"large", testLarge},
		{"cancelled", testCancelled},
		{"concurrent", testConcurrent},
		{"closed", testClosed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh(t)) })
	}
}

func open(t *testing.T, o Opener) store.Store {
	t.Helper()
	s, err := o(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// again closes a store and opens it anew.
func again(t *testing.T, o Opener, s store.Store) store.Store {
	t.Helper()
	require.NoError(t, s.Close())
	return open(t, o)
}

// holds makes sure of what a store holds.
func holds(t *testing.T, s store.Store, want []quad.Quad, state store.State) {
	t.Helper()
	got, is, err := s.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(want), len(got), "quads")
	for i := range want {
		require.Equal(t, want[i], got[i], "quad %d", i)
	}
	assert.Equal(t, state, is)
	is, err = s.State(t.Context())
	require.NoError(t, err)
	assert.Equal(t, state, is)
}

func write(t *testing.T, s store.Store, was store.State, remove, add []quad.Quad) store.State {
	t.Helper()
	state, err := s.Write(t.Context(), was, remove, add)
	require.NoError(t, err)
	require.Equal(t, was.After(remove, add), state)
	return state
}

// some makes quads that share their subjects, predicates and labels.
func some(from, n int) []quad.Quad {
	out := make([]quad.Quad, n)
	for i := range out {
		k := from + i
		out[i] = quad.Quad{
			Subject:   quad.IRI(fmt.Sprintf("finding:F-%d", k/3)),
			Predicate: quad.IRI([]string{"rdf:type", "rel:name", "rel:document"}[k%3]),
			Object:    quad.IRI("class:Finding"),
			Label:     quad.IRI(fmt.Sprintf("source:findings/%d", k%2)),
		}
		if k%3 > 0 {
			out[i].Object = quad.String(fmt.Sprintf(`{"id":"F-%d","part":%d}`, k/3, k%3))
		}
	}
	return out
}

func testEmpty(t *testing.T, o Opener) {
	s := open(t, o)
	holds(t, s, nil, store.State{})
	s = again(t, o, s)
	holds(t, s, nil, store.State{})
	state := write(t, s, store.State{}, nil, nil)
	assert.Equal(t, store.State{Writes: 1}, state, "a write of nothing is one")
	holds(t, s, nil, state)
	s = again(t, o, s)
	holds(t, s, nil, state)
}

func testOrder(t *testing.T, o Opener) {
	s := open(t, o)
	all := some(0, 300)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var state store.State
	for i := range 10 {
		state = write(t, s, state, nil, all[30*i:30*i+30])
		holds(t, s, all[:30*i+30], state)
		if i%3 == 2 {
			s = again(t, o, s)
			holds(t, s, all[:30*i+30], state)
		}
	}
}

// Removing takes out what is named and nothing that shares a part with it, and
// what was removed may come back.
func testRemove(t *testing.T, o Opener) {
	s := open(t, o)
	all := some(0, 60)
	twin := all[7]
	twin.Label = quad.IRI("source:another")
	all = append(all, twin)
	state := write(t, s, store.State{}, nil, all)
	state = write(t, s, state, all[7:8], nil)
	holds(t, s, without(all, all[7:8]), state)
	state = write(t, s, state, all[20:40], some(100, 5))
	want := append(without(all, append(all[20:40:40], all[7])), some(100, 5)...)
	holds(t, s, want, state)
	s = again(t, o, s)
	holds(t, s, want, state)
	state = write(t, s, state, nil, all[7:8])
	want = append(want, all[7])
	holds(t, s, want, state)
	state = write(t, s, state, want, nil)
	holds(t, s, nil, state)
	assert.Zero(t, state.Sum)
	s = again(t, o, s)
	holds(t, s, nil, state)
	state = write(t, s, state, nil, all)
	holds(t, s, all, state)
}

func without(quads, remove []quad.Quad) []quad.Quad {
	gone := map[quad.Quad]bool{}
	for _, q := range remove {
		gone[q] = true
	}
	var out []quad.Quad
	for _, q := range quads {
		if !gone[q] {
			out = append(out, q)
		}
	}
	return out
}

// A write that cannot be done leaves everything as it was, and the store goes
// on.
func testAllOrNothing(t *testing.T, o Opener) {
	s := open(t, o)
	all := some(0, 30)
	state := write(t, s, store.State{}, nil, all)
	for name, c := range map[string]struct{ remove, add []quad.Quad }{
		"removes what is not there":             {append(some(500, 1), all[:2]...), some(600, 3)},
		"removes what is not there, at the end": {append(all[:2:2], some(500, 1)...), some(600, 3)},
		"removes twice":                         {[]quad.Quad{all[0], all[0]}, some(600, 3)},
		"adds what is there":                    {all[:2], append(some(600, 3), all[5])},
		"adds twice":                            {all[:2], append(some(600, 3), some(600, 1)...)},
	} {
		_, err := s.Write(t.Context(), state, c.remove, c.add)
		if assert.Error(t, err, name) {
			assert.NotErrorIs(t, err, store.ErrConflict, name)
		}
		holds(t, s, all, state)
	}
	state = write(t, s, state, all[:2], some(600, 3))
	all = append(all[2:], some(600, 3)...)
	holds(t, s, all, state)
	s = again(t, o, s)
	holds(t, s, all, state)
}

func testConflict(t *testing.T, o Opener) {
	s := open(t, o)
	first := write(t, s, store.State{}, nil, some(0, 5))
	second := write(t, s, first, nil, some(5, 5))
	for name, was := range map[string]store.State{
		"the empty state": {}, "an older state": first,
		"another sum":    {Writes: second.Writes, Sum: second.Sum + 1},
		"another number": {Writes: second.Writes + 1, Sum: second.Sum},
	} {
		_, err := s.Write(t.Context(), was, some(0, 1), some(50, 5))
		assert.ErrorIs(t, err, store.ErrConflict, name)
		holds(t, s, some(0, 10), second)
	}
	third := write(t, s, second, some(0, 1), some(50, 5))
	holds(t, s, append(some(1, 9), some(50, 5)...), third)
}

// A store behaves as a list, whatever is written and whenever it is reopened.
func testModel(t *testing.T, o Opener) {
	s := open(t, o)
	random := rand.New(rand.NewPCG(3, 4))
	var state store.State
	var model []quad.Quad
	free := some(0, 120)
	for range 60 {
		var remove, add []quad.Quad
		random.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
		n := random.IntN(min(20, len(free)+1))
		add, free = append(add, free[:n]...), free[n:]
		for _, q := range model {
			if random.IntN(6) == 0 {
				remove = append(remove, q)
			}
		}
		random.Shuffle(len(remove), func(i, j int) { remove[i], remove[j] = remove[j], remove[i] })
		state = write(t, s, state, remove, add)
		model = append(without(model, remove), add...)
		free = append(free, remove...)
		if random.IntN(4) == 0 {
			s = again(t, o, s)
		}
		if random.IntN(2) == 0 {
			holds(t, s, model, state)
		}
	}
	holds(t, s, model, state)
}

// What a value holds comes back byte for byte.
func testOdd(t *testing.T, o Opener) {
	s := open(t, o)
	var all []quad.Quad
	for i, text := range []string{
		"", " ", "a", `"`, `'`, `''`, `\`, `\\`, `\x00`, `\\x00`, `\u0000`, `\n`, "\n", "\r\n", "\t", "\x01\x1f\x7f",
		"$1", "$$", "%s", "?", ";--", "{}", "{a,b}", `{"a":"\u0000\\x00"}`, "NULL", "null", "\\N", "\\.",
		"é", "e\u0301", "\u00a0", "\u200b", "\u2028", "\ufeff", "\ufffd", "\uffff", "ﬁ", "ß", "İ", "中文", "עברית",
		"😀", "👩🏽‍🚀", "\U0010ffff", "<a>", "_:b", `"x"@en`, `"5"^^<xsd:integer>`, "a b",
		strings.Repeat("long ", 4000),
	} {
		s, p := quad.IRI(fmt.Sprintf("odd:%d", i)), quad.IRI("rel:document")
		all = append(all, quad.Quad{Subject: s, Predicate: p, Object: quad.String(text), Label: quad.IRI("source:odd")})
		if text == "" {
			continue
		}
		all = append(all,
			quad.Quad{Subject: s, Predicate: p, Object: quad.IRI(text), Label: quad.IRI("source:odd")},
			quad.Quad{Subject: quad.IRI("odd:" + text), Predicate: quad.IRI("odd:" + text), Object: s, Label: quad.IRI("source:" + text)})
	}
	state := write(t, s, store.State{}, nil, all)
	holds(t, s, all, state)
	s = again(t, o, s)
	holds(t, s, all, state)
	state = write(t, s, state, all, nil)
	holds(t, s, nil, state)
}

// Thousands of quads in one write, and a document of some megabytes.
func testLarge(t *testing.T, o Opener) {
	s := open(t, o)
	all := some(0, 9000)
	all[1].Object = quad.String(strings.Repeat("0123456789 é ", 300_000))
	state := write(t, s, store.State{}, nil, all)
	holds(t, s, all, state)
	s = again(t, o, s)
	holds(t, s, all, state)
	state = write(t, s, state, all[:4500], some(20_000, 3000))
	all = append(all[4500:], some(20_000, 3000)...)
	holds(t, s, all, state)
	s = again(t, o, s)
	holds(t, s, all, state)
}

// A context that ended before changes nothing; one that ends in the middle
// leaves the write done or not done, and the error says which.
func testCancelled(t *testing.T, o Opener) {
	ended, end := context.WithCancel(t.Context())
	end()
	_, err := o(ended)
	assert.ErrorIs(t, err, context.Canceled)
	s := open(t, o)
	_, _, err = s.Read(ended)
	if err != nil { // what is known without waiting may be answered
		assert.ErrorIs(t, err, context.Canceled)
	}
	_, err = s.Write(ended, store.State{}, nil, some(0, 5))
	assert.ErrorIs(t, err, context.Canceled)
	holds(t, s, nil, store.State{})

	base, more := some(0, 2000), some(10_000, 2000)
	state := write(t, s, store.State{}, nil, base)
	began := time.Now()
	state = write(t, s, state, base, more)
	whole := 2 * time.Since(began)
	base, more = more, base
	const steps = 20
	done := 0
	for i := range steps {
		ctx, cancel := context.WithTimeout(t.Context(), whole*time.Duration(i)/steps)
		next, err := s.Write(ctx, state, base, more)
		cancel()
		if err == nil {
			done++
			state, base, more = next, more, base
		} else {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		holds(t, s, base, state)
	}
	t.Logf("%d of %d writes were done before their context ended", done, steps)
	s = again(t, o, s)
	holds(t, s, base, state)
}

// Many write and read at once. Every read sees whole writes, and no write is
// lost.
func testConcurrent(t *testing.T, o Opener) {
	s := open(t, o)
	const writers, writes, each = 4, 8, 7
	stop := make(chan struct{})
	var wrote, readers sync.WaitGroup
	for w := range writers {
		wrote.Go(func() {
			for i := range writes {
				quads := some(1000*w+each*i, each)
				for {
					state, err := s.State(t.Context())
					if !assert.NoError(t, err) {
						return
					}
					_, err = s.Write(t.Context(), state, nil, quads)
					if errors.Is(err, store.ErrConflict) {
						continue
					}
					if !assert.NoError(t, err) {
						return
					}
					break
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				quads, state, err := s.Read(t.Context())
				if !assert.NoError(t, err) {
					return
				}
				assert.Equal(t, store.State{Writes: state.Writes, Sum: store.State{}.After(nil, quads).Sum}, state)
				assert.EqualValues(t, each*state.Writes, len(quads))
			}
		})
	}
	wrote.Wait()
	close(stop)
	readers.Wait()
	s = again(t, o, s)
	quads, state, err := s.Read(t.Context())
	require.NoError(t, err)
	assert.Len(t, quads, writers*writes*each)
	assert.EqualValues(t, writers*writes, state.Writes)
}

func testClosed(t *testing.T, o Opener) {
	s := open(t, o)
	state := write(t, s, store.State{}, nil, some(0, 5))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "closing twice is allowed")
	_, _, err := s.Read(t.Context())
	assert.ErrorIs(t, err, store.ErrClosed)
	_, err = s.State(t.Context())
	assert.ErrorIs(t, err, store.ErrClosed)
	_, err = s.Write(t.Context(), state, nil, some(5, 5))
	assert.ErrorIs(t, err, store.ErrClosed)
	s = open(t, o)
	holds(t, s, some(0, 5), state)
}

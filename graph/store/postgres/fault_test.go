package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/postgres"
)

// some makes quads.
func some(from, n int) []quad.Quad {
	out := make([]quad.Quad, n)
	for i := range out {
		out[i] = quad.Quad{
			Subject: quad.IRI(fmt.Sprintf("finding:F-%d", from+i)), Predicate: quad.IRI("rel:document"),
			Object: quad.String(fmt.Sprintf(`{"id":"F-%d"}`, from+i)), Label: quad.IRI("source:findings"),
		}
	}
	return out
}

func write(t testing.TB, s store.Store, was store.State, remove, add []quad.Quad) store.State {
	t.Helper()
	state, err := s.Write(t.Context(), was, remove, add)
	require.NoError(t, err)
	return state
}

// holds makes sure of what a store holds.
func holds(t testing.TB, s store.Store, want []quad.Quad, state store.State) {
	t.Helper()
	quads, is, err := s.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, state, is)
	require.Equal(t, want, quads)
}

// A server that is killed at any moment of a write has it whole or not at all,
// and the call after it works.
func TestServerKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second a time")
	}
	server(t)
	schema := newSchema(t)
	s := open(t, schema)
	base, more := some(0, 3000), some(10_000, 3000)
	state := write(t, s, store.State{}, nil, base)
	began := time.Now()
	state = write(t, s, state, base, more)
	took := time.Since(began)
	base, more = more, base
	outcomes := map[string]int{}
	for range 15 {
		next := state.After(base, more)
		var err error
		var wrote sync.WaitGroup
		wrote.Go(func() { _, err = s.Write(t.Context(), state, base, more) })
		time.Sleep(time.Duration(rand.Float64() * 1.2 * float64(took)))
		control(t, "crash")
		wrote.Wait()
		is, e := s.State(t.Context())
		require.NoError(t, e, "the next call works")
		switch {
		case err == nil:
			outcomes["done"]++
			require.Equal(t, next, is)
		case assert.ErrorIs(t, err, postgres.ErrLost):
			outcomes["lost"]++
			if is != state {
				require.ErrorIs(t, err, postgres.ErrUnknown)
				require.Equal(t, next, is)
				outcomes["of these, done all the same"]++
			}
		}
		if is == next {
			base, more = more, base
		}
		state = is
		holds(t, s, base, state)
		again := open(t, schema)
		holds(t, again, base, state)
		require.NoError(t, again.Close())
	}
	t.Log(outcomes)
}

func TestServerRestarted(t *testing.T) {
	s := open(t, newSchema(t))
	state := write(t, s, store.State{}, nil, some(0, 5))
	control(t, "restart")
	holds(t, s, some(0, 5), state)
	control(t, "restart")
	state = write(t, s, state, nil, some(5, 5))
	holds(t, s, some(0, 10), state)
}

// blocked runs a call that waits for a lock on a table, and what then happens
// to the call's connection.
func blocked(t *testing.T, table, schema, application string, call func(), then func(a *admin)) {
	t.Helper()
	locker, a := newAdmin(t), newAdmin(t)
	locker.exec(`BEGIN`)
	locker.exec(`LOCK TABLE ` + schema + `.` + table + ` IN ACCESS EXCLUSIVE MODE`)
	var called sync.WaitGroup
	called.Go(call)
	require.NoError(t, a.try(`SELECT 1`))
	assert.Eventually(t, func() bool {
		var n int
		err := a.conn.QueryRow(context.Background(),
			`SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`, application).Scan(&n)
		return err == nil && n == 1
	}, 10*time.Second, time.Millisecond)
	then(a)
	called.Wait()
	locker.exec(`ROLLBACK`)
}

func TestConnectionLost(t *testing.T) {
	dsn := server(t)
	for _, c := range []struct {
		name string
		sql  string
		want error
	}{
		{"terminated", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, postgres.ErrLost},
		{"query cancelled", `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			schema := newSchema(t)
			s, err := postgres.Open(t.Context(), with(dsn, "application_name="+schema), postgres.Options{Schema: schema})
			require.NoError(t, err)
			defer s.Close()
			state := write(t, s, store.State{}, nil, some(0, 10))
			end := func(a *admin) { a.exec(c.sql, schema) }
			failed := func(err error) {
				if assert.Error(t, err) && c.want != nil {
					assert.ErrorIs(t, err, c.want)
				}
				assert.NotErrorIs(t, err, postgres.ErrUnknown)
			}
			blocked(t, "quads", schema, schema, func() {
				_, _, err := s.Read(t.Context())
				failed(err)
			}, end)
			holds(t, s, some(0, 10), state)
			blocked(t, "quads", schema, schema, func() {
				_, err := s.Write(t.Context(), state, some(0, 3), some(20, 3))
				failed(err)
			}, end)
			holds(t, s, some(0, 10), state)
			blocked(t, "mitigraph", schema, schema, func() {
				_, err := s.State(t.Context())
				failed(err)
			}, end)
			state = write(t, s, state, some(0, 3), some(20, 3))
			holds(t, s, append(some(3, 7), some(20, 3)...), state)
		})
	}
}

// A context that ends while a call waits for another's lock ends the call at
// once, and the server does not go on with it.
func TestCancelled(t *testing.T) {
	dsn := server(t)
	schema := newSchema(t)
	s, err := postgres.Open(t.Context(), with(dsn, "application_name="+schema), postgres.Options{Schema: schema})
	require.NoError(t, err)
	defer s.Close()
	state := write(t, s, store.State{}, nil, some(0, 10))
	for table, call := range map[string]func(context.Context) error{
		"quads":     func(ctx context.Context) error { _, _, err := s.Read(ctx); return err },
		"nodes":     func(ctx context.Context) error { _, err := s.Write(ctx, state, some(0, 3), some(20, 3)); return err },
		"mitigraph": func(ctx context.Context) error { _, err := s.State(ctx); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var ended time.Time
		blocked(t, table, schema, schema, func() {
			assert.Equal(t, context.Canceled, call(ctx))
			assert.Less(t, time.Since(ended), 2*time.Second)
		}, func(*admin) { ended = time.Now(); cancel() })
		holds(t, s, some(0, 10), state)
	}
	// More calls than there are connections wait for one, also only so long.
	locker := newAdmin(t)
	locker.exec(`BEGIN`)
	locker.exec(`LOCK TABLE ` + schema + `.quads IN ACCESS EXCLUSIVE MODE`)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var calls sync.WaitGroup
	for range 10 {
		calls.Go(func() {
			_, _, err := s.Read(ctx)
			assert.Equal(t, context.DeadlineExceeded, err)
		})
	}
	calls.Wait()
	locker.exec(`ROLLBACK`)
	holds(t, s, some(0, 10), state)
}

// proxy stands between a store and the server. It breaks connections at COMMIT.
type proxy struct {
	net.Listener
	server string

	mu      sync.Mutex
	breaks  string // "", "before" the server hears of it, "after" it answered, or "late", when it goes on
	heard   func() // called when COMMIT comes, with "late"
	running sync.WaitGroup
}

func newProxy(t *testing.T, server string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{Listener: l, server: server}
	p.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); p.running.Wait() })
	return p
}

func (p *proxy) breakAt(when string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.breaks = when
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	mute := make(chan struct{})
	var back sync.WaitGroup
	back.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, err := server.Read(b)
			select {
			case <-mute: // the answer to COMMIT came, and goes no further
				client.Close()
				return
			default:
			}
			if n > 0 {
				if _, err := client.Write(b[:n]); err != nil {
					return
				}
			}
			if err != nil {
				client.Close()
				return
			}
		}
	})
	defer back.Wait()
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if bytes.Contains(b[:n], []byte("commit\x00")) {
			p.mu.Lock()
			breaks, heard := p.breaks, p.heard
			p.mu.Unlock()
			switch breaks {
			case "late":
				heard()
				time.Sleep(200 * time.Millisecond)
			case "before":
				server.Close()
				return
			case "after":
				close(mute)
				_, _ = server.Write(b[:n])
				_, _ = io.Copy(io.Discard, client)
				server.Close()
				return
			}
		}
		if n > 0 {
			if _, err := server.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			server.Close()
			return
		}
	}
}

// Where the connection breaks at COMMIT, the error says that the outcome is not
// known, and the next write finds out.
func TestUnknownOutcome(t *testing.T) {
	u, err := url.Parse(server(t))
	require.NoError(t, err)
	p := newProxy(t, u.Host)
	u.Host = p.Addr().String()
	schema := newSchema(t)
	s, err := postgres.Open(t.Context(), with(u.String(), "sslmode=disable"), postgres.Options{Schema: schema})
	require.NoError(t, err)
	defer s.Close()
	state := write(t, s, store.State{}, nil, some(0, 10))

	p.breakAt("before")
	_, err = s.Write(t.Context(), state, some(0, 3), some(20, 3))
	require.ErrorIs(t, err, postgres.ErrUnknown)
	require.ErrorIs(t, err, postgres.ErrLost)
	p.breakAt("")
	holds(t, s, some(0, 10), state)

	p.breakAt("after")
	_, err = s.Write(t.Context(), state, some(0, 3), some(20, 3))
	require.ErrorIs(t, err, postgres.ErrUnknown)
	t.Log(err)
	p.breakAt("")
	_, err = s.Write(t.Context(), state, some(0, 3), some(20, 3))
	require.ErrorIs(t, err, store.ErrConflict)
	holds(t, s, append(some(3, 7), some(20, 3)...), state.After(some(0, 3), some(20, 3)))
}

// A context that ends while the answer to COMMIT is on its way does not leave
// the outcome open.
func TestCancelledAtCommit(t *testing.T) {
	u, err := url.Parse(server(t))
	require.NoError(t, err)
	p := newProxy(t, u.Host)
	u.Host = p.Addr().String()
	s, err := postgres.Open(t.Context(), with(u.String(), "sslmode=disable"), postgres.Options{Schema: newSchema(t)})
	require.NoError(t, err)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	p.mu.Lock()
	p.breaks, p.heard = "late", cancel
	p.mu.Unlock()
	state, err := s.Write(ctx, store.State{}, nil, some(0, 10))
	require.NoError(t, err)
	require.Error(t, ctx.Err())
	holds(t, s, some(0, 10), state)
}

// A transaction that the server ends because of another one is run again.
func TestDeadlock(t *testing.T) {
	schema := newSchema(t)
	s := open(t, schema)
	state := write(t, s, store.State{}, nil, some(0, 10))
	other := newAdmin(t)
	other.exec(`SET deadlock_timeout = '1min'`) // so that the store is told, and gives way
	other.exec(`SET search_path = ` + schema)
	other.exec(`BEGIN`)
	other.exec(`LOCK TABLE nodes IN SHARE MODE`)
	var next store.State
	var err error
	var wrote sync.WaitGroup
	wrote.Go(func() { next, err = s.Write(t.Context(), state, some(0, 3), some(20, 3)) })
	a := newAdmin(t)
	a.exec(`SELECT 1`)
	require.Eventually(t, func() bool {
		var n int
		return a.conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = ($1 || '.nodes')::regclass`, schema).Scan(&n) == nil && n == 1
	}, 10*time.Second, time.Millisecond)
	other.exec(`UPDATE mitigraph SET writes = writes`)
	other.exec(`COMMIT`)
	wrote.Wait()
	require.NoError(t, err)
	holds(t, s, append(some(3, 7), some(20, 3)...), next)
}

// A full disk is told, nothing is half there, and it goes on when there is room.
func TestDiskFull(t *testing.T) {
	small := os.Getenv("MITIGRAPH_POSTGRES_SMALL")
	if small == "" {
		t.Skip("MITIGRAPH_POSTGRES_SMALL is not set; as root, export $(.ci/postgres) may set it")
	}
	a := newAdmin(t)
	space := newSchema(t)
	a.exec(`CREATE TABLESPACE ` + space + ` LOCATION '` + small + `'`)
	t.Cleanup(func() { a.exec(`DROP SCHEMA ` + space + ` CASCADE`); a.exec(`DROP TABLESPACE ` + space) })
	s, err := postgres.Open(t.Context(), with(server(t), "default_tablespace="+space), postgres.Options{Schema: space})
	require.NoError(t, err)
	defer s.Close()
	state := write(t, s, store.State{}, nil, some(0, 10))
	a.exec(`CREATE TABLE ` + space + `.ballast TABLESPACE ` + space + ` AS SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i`)
	_, err = s.Write(t.Context(), state, some(0, 3), some(20, 100_000))
	require.ErrorIs(t, err, store.ErrFull)
	t.Log(err)
	holds(t, s, some(0, 10), state)
	a.exec(`DROP TABLE ` + space + `.ballast`) // someone makes room
	state = write(t, s, state, some(0, 3), some(20, 3))
	holds(t, s, append(some(3, 7), some(20, 3)...), state)
}

// A server that takes a connection and says nothing is left when the context
// ends, or when the time to connect is up.
func TestServerSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = postgres.Open(ctx, "postgres://u:secret@"+l.Addr().String()+"/d?sslmode=disable", postgres.Options{})
	assert.Equal(t, context.DeadlineExceeded, err)
	_, err = postgres.Open(t.Context(), "postgres://u:secret@"+l.Addr().String()+"/d?sslmode=disable&connect_timeout=1", postgres.Options{})
	require.ErrorIs(t, err, postgres.ErrUnreachable)
	assert.NotErrorIs(t, err, context.DeadlineExceeded, "that is not the caller's")
	assert.False(t, strings.Contains(err.Error(), "secret"))
}

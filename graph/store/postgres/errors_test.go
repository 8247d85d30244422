package postgres_test

import (
	"bytes"
	"context"
	"io/fs"
	"log"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/postgres"
)

// Why a store does not open is told with the address and without the password.
func TestDoesNotOpen(t *testing.T) {
	u, err := url.Parse(server(t))
	require.NoError(t, err)
	const secret = "Sesam-öffne-dich"
	real, _ := u.User.Password()
	change := func(f func(*url.URL)) string {
		v := *u
		f(&v)
		return v.String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := l.Addr().String()
	l.Close()
	for name, c := range map[string]struct {
		dsn  string
		want error
		says string
	}{
		"wrong password": {change(func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), secret) }), postgres.ErrLogin, `password authentication failed for user "mitigraph"`},
		"wrong user":     {change(func(u *url.URL) { u.User = url.UserPassword("nobody", secret) }), postgres.ErrLogin, `user "nobody"`},
		"no database":    {change(func(u *url.URL) { u.Path = "/nowhere" }), postgres.ErrNoDatabase, `database "nowhere" does not exist`},
		"nobody listens": {change(func(u *url.URL) { u.Host = nobody; u.User = url.UserPassword("u", secret) }), postgres.ErrUnreachable, nobody},
		"no such host":   {change(func(u *url.URL) { u.Host = "no-such-host.invalid:1" }), postgres.ErrUnreachable, "no-such-host.invalid"},
		"no TLS":         {change(func(u *url.URL) { u.RawQuery = "sslmode=require" }), postgres.ErrUnreachable, "TLS"},
		"no socket":      {"host=/no/such dbname=d user=u password='" + secret + "'", postgres.ErrUnreachable, "/no/such"},
		"no schema":      {change(func(u *url.URL) { u.RawQuery = "search_path=nowhere" }), postgres.ErrPermission, "search_path"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := postgres.Open(t.Context(), c.dsn, postgres.Options{})
			require.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), secret)
			assert.NotContains(t, err.Error(), url.QueryEscape(secret))
			assert.NotContains(t, err.Error(), real)
			assert.NotContains(t, err.Error(), "\n")
			t.Log(err)
		})
	}
}

// A database that cannot hold every text is refused at once.
func TestEncoding(t *testing.T) {
	u, err := url.Parse(server(t))
	require.NoError(t, err)
	a, name := newAdmin(t), newSchema(t)
	a.exec(`CREATE DATABASE ` + name + ` ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	t.Cleanup(func() { a.exec(`DROP DATABASE ` + name) })
	u.Path = "/" + name
	_, err = postgres.Open(t.Context(), u.String(), postgres.Options{})
	assert.ErrorContains(t, err, "LATIN1")
}

// A connection string that cannot be read is not shown, wherever the password
// ends.
func TestUnreadableDSN(t *testing.T) {
	for dsn, says := range map[string]string{
		"postgres://u:secret@h/d?sslmode=perhaps":          "sslmode",
		"postgres://u:secret@h:many/d":                     "port",
		"postgres://u:secret@h/d?connect_timeout=soon":     "connect_timeout",
		"postgres://u:se/cret@h/d":                         "%XX",
		"postgres://u:se?cret@h/d":                         "%XX",
		"postgres://u:se@cret@h/d":                         "%XX",
		"postgres://u:12/34secret@h/d":                     "%XX",
		"postgres://u:%zzsecret@h/d":                       "",
		"postgres://u@h:x/d?password=secret":               "%XX",
		"postgres://u@h:x/d?pass%77ord=secret":             "%XX",
		"postgres://[u:secret@h/d":                         "",
		"host=h port=many password=secret":                 "%XX",
		"host=h password=a secret":                         "%XX",
		"host=h password='a secret":                        "%XX",
		"mysql://u:secret@h/d":                             "%XX",
		"secret":                                           "%XX",
		"postgres://u:secret@h:1,h:many/d":                 "port",
		"postgres://u:secret@h/d?default_query_exec_mode=": "default_query_exec_mode",
	} {
		_, err := postgres.Open(t.Context(), dsn, postgres.Options{})
		if assert.Error(t, err, dsn) {
			assert.NotContains(t, err.Error(), "secret", dsn)
			assert.NotContains(t, err.Error(), "cret", dsn)
			assert.NotContains(t, err.Error(), "12", dsn)
			assert.ErrorContains(t, err, says, dsn)
		}
	}
}

// A user who may only read opens a store to read, and no further.
func TestPermissions(t *testing.T) {
	u, err := url.Parse(server(t))
	require.NoError(t, err)
	schema, a := newSchema(t), newAdmin(t)
	role := schema + "_reader"
	a.exec(`CREATE ROLE ` + role + ` LOGIN PASSWORD 'Sesam'`)
	t.Cleanup(func() { a.exec(`DROP OWNED BY ` + role + `; DROP ROLE ` + role) })
	u.User = url.UserPassword(role, "Sesam")
	dsn := u.String()
	openAs := func(o postgres.Options) (store.Store, error) { return postgres.Open(t.Context(), dsn, o) }

	_, err = openAs(postgres.Options{Schema: schema})
	assert.ErrorIs(t, err, postgres.ErrPermission, "may make no schema")
	_, err = openAs(postgres.Options{Schema: schema, ReadOnly: true})
	assert.ErrorIs(t, err, fs.ErrNotExist)

	s := open(t, schema)
	state := write(t, s, store.State{}, nil, some(0, 10))
	_, err = openAs(postgres.Options{Schema: schema, ReadOnly: true})
	assert.ErrorIs(t, err, postgres.ErrPermission, "may not look into the schema")
	a.exec(`GRANT USAGE ON SCHEMA ` + schema + ` TO ` + role + `; GRANT SELECT ON ALL TABLES IN SCHEMA ` + schema + ` TO ` + role)

	for _, readOnly := range []bool{true, false} {
		reader, err := openAs(postgres.Options{Schema: schema, ReadOnly: readOnly})
		require.NoError(t, err)
		holds(t, reader, some(0, 10), state)
		_, err = reader.Write(t.Context(), state, nil, some(20, 2))
		if readOnly {
			assert.ErrorIs(t, err, store.ErrReadOnly)
		} else {
			assert.ErrorIs(t, err, postgres.ErrPermission)
		}
		require.NoError(t, reader.Close())
		_, err = reader.Write(t.Context(), state, nil, some(20, 2))
		assert.ErrorIs(t, err, store.ErrClosed)
	}
	holds(t, s, some(0, 10), state)
}

// Settings that an administrator makes have their own errors.
func TestSettings(t *testing.T) {
	schema := newSchema(t)
	s := open(t, schema)
	state := write(t, s, store.State{}, nil, some(0, 10))
	with := func(setting string) store.Store {
		s, err := postgres.Open(t.Context(), with(server(t), setting), postgres.Options{Schema: schema})
		require.NoError(t, err)
		t.Cleanup(func() { s.Close() })
		return s
	}
	standby := with("default_transaction_read_only=on")
	holds(t, standby, some(0, 10), state)
	_, err := standby.Write(t.Context(), state, nil, some(20, 2))
	assert.ErrorIs(t, err, store.ErrReadOnly)

	locker := newAdmin(t)
	locker.exec(`BEGIN`)
	locker.exec(`UPDATE ` + schema + `.mitigraph SET writes = writes`)
	impatient := with("lock_timeout=20")
	holds(t, impatient, some(0, 10), state)
	_, err = impatient.Write(t.Context(), state, nil, some(20, 2))
	assert.ErrorIs(t, err, store.ErrInUse)
	locker.exec(`ROLLBACK`)

	serial := with("default_transaction_isolation=serializable")
	holds(t, serial, some(0, 10), state)
	write(t, serial, state, nil, some(20, 2))
}

// A graph lies where the search_path of the connection string says, and stays
// there.
func TestSchemas(t *testing.T) {
	one, two, a := newSchema(t), newSchema(t), newAdmin(t)
	a.exec(`CREATE SCHEMA ` + one)
	s, err := postgres.Open(t.Context(), with(server(t), "search_path="+one+","+two), postgres.Options{})
	require.NoError(t, err)
	defer s.Close()
	state := write(t, s, store.State{}, nil, some(0, 10))
	other := open(t, two)
	holds(t, other, nil, store.State{})
	holds(t, open(t, one), some(0, 10), state)
	write(t, other, store.State{}, nil, some(50, 3))
	holds(t, s, some(0, 10), state)
	a.exec(`DROP SCHEMA ` + one + ` CASCADE`)
	_, err = s.State(t.Context())
	assert.ErrorIs(t, err, store.ErrDamaged, "not the other one's")

	odd := `Odd "name'; --é ` + one
	t.Cleanup(func() { a.exec(`DROP SCHEMA "` + strings.ReplaceAll(odd, `"`, `""`) + `" CASCADE`) })
	s = open(t, odd)
	write(t, s, store.State{}, nil, some(0, 10))
}

// What PostgreSQL cannot keep is refused before anything is written.
func TestCannotKeep(t *testing.T) {
	s := open(t, newSchema(t))
	good := some(0, 1)[0]
	for name, v := range map[string]quad.Value{
		"NUL": quad.String("a\x00b"), "NUL in an IRI": quad.IRI("a\x00b"), "UTF-8": quad.String("\xff"),
		"int": quad.Int(5), "typed": quad.TypedString{Value: "5", Type: "x"}, "blank": quad.BNode("b"), "nil": nil,
	} {
		q := good
		q.Object = v
		_, err := s.Write(t.Context(), store.State{}, nil, []quad.Quad{good, q})
		assert.ErrorContains(t, err, "quad 1 to add: its object", name)
	}
	holds(t, s, nil, store.State{})
}

// Nothing that goes wrong is logged by Cayley.
func TestSilent(t *testing.T) {
	s := open(t, newSchema(t))
	state := write(t, s, store.State{}, nil, some(0, 10))
	var said bytes.Buffer
	log.SetOutput(&said) // where Cayley's log goes
	defer log.SetOutput(os.Stderr)
	_, err := s.Write(t.Context(), state, some(50, 1), some(60, 1))
	assert.Error(t, err)
	_, err = s.Write(t.Context(), state, nil, some(0, 1))
	assert.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Write(ctx, state, nil, some(70, 1))
	assert.Error(t, err)
	assert.Empty(t, said.String())
}

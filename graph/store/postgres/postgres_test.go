package postgres_test

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/graph/store/postgres"
	"github.com/mitigraph/mitigraph/graph/store/storetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	goleak.VerifyTestMain(m)
}

// server is the connection string of the database that tests are given. They
// skip where there is none.
func server(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("MITIGRAPH_POSTGRES")
	if dsn == "" {
		t.Skip("MITIGRAPH_POSTGRES is not set; export $(.ci/postgres) starts a server")
	}
	return dsn
}

// control makes the server crash or restart.
func control(t testing.TB, what string) {
	t.Helper()
	ctl := os.Getenv("MITIGRAPH_POSTGRES_CTL")
	if ctl == "" {
		t.Skip("MITIGRAPH_POSTGRES_CTL is not set; export $(.ci/postgres) sets it")
	}
	out, err := exec.Command(ctl, what).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// admin is a connection beside the stores. It is made anew when it broke.
type admin struct {
	t    testing.TB
	dsn  string
	conn *pgx.Conn
}

func newAdmin(t testing.TB) *admin {
	a := &admin{t: t, dsn: server(t)}
	t.Cleanup(func() {
		if a.conn != nil {
			a.conn.Close(context.Background())
		}
	})
	return a
}

func (a *admin) exec(query string, args ...any) {
	a.t.Helper()
	require.NoError(a.t, a.try(query, args...), query)
}

func (a *admin) try(query string, args ...any) error {
	ctx := context.Background()
	if a.conn == nil || a.conn.IsClosed() || a.conn.Ping(ctx) != nil {
		var err error
		if a.conn, err = pgx.Connect(ctx, a.dsn); err != nil {
			return err
		}
	}
	_, err := a.conn.Exec(ctx, query, args...)
	return err
}

// newSchema names a schema that nobody has. It is gone when the test ends.
func newSchema(t testing.TB) string {
	a := newAdmin(t)
	name := "test_" + strings.ToLower(rand.Text())
	t.Cleanup(func() { a.exec(`DROP SCHEMA IF EXISTS ` + name + ` CASCADE`) })
	return name
}

func open(t testing.TB, schema string) store.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), server(t), postgres.Options{Schema: schema})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	dsn := server(t)
	for _, mode := range []string{"cache_statement", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			dsn := with(dsn, "default_query_exec_mode="+mode)
			storetest.Run(t, func(t *testing.T) storetest.Opener {
				schema := newSchema(t)
				return func(ctx context.Context) (store.Store, error) {
					return postgres.Open(ctx, dsn, postgres.Options{Schema: schema})
				}
			})
		})
	}
}

// with adds a setting to a connection string.
func with(dsn, setting string) string {
	if strings.Contains(dsn, "?") {
		return dsn + "&" + setting
	}
	return dsn + "?" + setting
}

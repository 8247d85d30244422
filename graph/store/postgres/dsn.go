package postgres

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

var errDSN = errors.New("the connection string cannot be read; want postgres://USER:PASSWORD@HOST:PORT/DATABASE " +
	"with special characters as %XX, or host=HOST dbname=DATABASE ... with values that have spaces in single quotes")

// parseDSN reads a connection string. Its errors show nothing of one in which
// it is not certain where the password ends.
func parseDSN(dsn string) (*pgx.ConnConfig, error) {
	bare, ok := withoutPassword(dsn)
	if !ok {
		return nil, errDSN
	}
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		// What is wrong is told of the same string without the password.
		if _, e := pgx.ParseConfig(bare); bare != "" && e != nil {
			return nil, e
		}
		return nil, errDSN
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
		dialer := &net.Dialer{Timeout: c.ConnectTimeout}
		c.DialFunc = dialer.DialContext
	}
	for name, value := range map[string]string{"application_name": "mitigraph", "client_encoding": "UTF8"} {
		if c.RuntimeParams[name] == "" {
			c.RuntimeParams[name] = value
		}
	}
	return c, nil
}

// withoutPassword takes the password out of a URL. It returns "" for a string
// that it would not know how to, and false for one that most probably has a
// special character in the password, which moved the rest to a wrong place.
func withoutPassword(dsn string) (string, bool) {
	scheme, rest, isURL := strings.Cut(dsn, "://")
	if !isURL || scheme != "postgres" && scheme != "postgresql" {
		return "", !isURL
	}
	user := ""
	if i := strings.IndexAny(rest, "@/?"); i >= 0 && rest[i] == '@' {
		user, rest = rest[:i], rest[i+1:]
		if strings.Contains(rest[:len(rest)-len(query(rest))], "@") {
			return "", false
		}
		name, _, _ := strings.Cut(user, ":")
		user = name + "@"
	} else if strings.Contains(rest, "@") {
		return "", false
	}
	if strings.Contains(strings.ToLower(query(rest)), "pass") || strings.Contains(query(rest), "%") {
		return "", true
	}
	return scheme + "://" + user + rest, true
}

func query(s string) string {
	if i := strings.IndexByte(s, '?'); i >= 0 {
		return s[i:]
	}
	return ""
}

// address names a store in errors: where it is, and never how to get in.
func address(c *pgx.ConnConfig, schema string) string {
	host := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if strings.HasPrefix(c.Host, "/") {
		host = fmt.Sprintf("%s:%d", c.Host, c.Port)
	}
	name := "postgres " + host
	if c.Database != "" {
		name += "/" + c.Database
	}
	if schema != "" {
		name += ", schema " + schema
	}
	return name
}

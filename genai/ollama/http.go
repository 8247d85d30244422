package ollama

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	defaultHost = "127.0.0.1"
	defaultPort = "11434"
)

// parseHost reads an address the way Ollama reads OLLAMA_HOST, but refuses
// what it does not understand instead of falling back to the default.
func parseHost(host string) (*url.URL, error) {
	from := "host"
	s := strings.TrimSpace(host)
	if s == "" {
		from, s = "OLLAMA_HOST", strings.Trim(strings.TrimSpace(os.Getenv("OLLAMA_HOST")), `"'`)
	}
	if s == "" {
		s = defaultHost
	}
	fail := func(why string) (*url.URL, error) {
		if i := strings.LastIndexByte(s, '@'); i >= 0 {
			s = "***" + s[i:] // there may be a password before it
		}
		return nil, fmt.Errorf("ollama: %s %q: %s; want an address such as %s:%s or http://host:port", from, clean(s), why, defaultHost, defaultPort)
	}
	full, port := s, defaultPort
	if scheme, _, ok := strings.Cut(s, "://"); ok {
		switch strings.ToLower(scheme) {
		case "http":
			port = "80"
		case "https":
			port = "443"
		default:
			return fail("the scheme " + strconv.Quote(clean(scheme)) + " is neither http nor https")
		}
	} else {
		if ip := net.ParseIP(s); ip != nil && strings.Contains(s, ":") {
			full = "[" + s + "]"
		}
		full = "http://" + full
	}
	u, err := url.Parse(full)
	if err != nil {
		return fail(clean(errors.Unwrap(err).Error()))
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fail("it holds more than host, port and path")
	}
	name := u.Hostname()
	switch name {
	case "", "0.0.0.0": // where a server listens, not where a client goes
		name = defaultHost
	case "::":
		name = "::1"
	}
	if strings.ContainsAny(name, " \t") {
		return fail("the host name holds a space")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fail("the port is not in 1 to 65535")
	}
	u.Host = net.JoinHostPort(name, port)
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// The most that is read of one response, in bytes. An answer of 64 KiB comes
// in some 16,000 parts of 150 bytes.
const (
	maxBody  = 8 << 20
	maxError = 64 << 10
)

// errDial marks that no connection came about.
var errDial = errors.New("can't connect")

// newHTTPClient makes a client without a timeout of its own, since models
// think for minutes; contexts bound the calls.
func newHTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Client{
		Transport: bounded{&http.Transport{
			Proxy: http.ProxyFromEnvironment,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := dialer.DialContext(ctx, network, addr)
				if err != nil {
					return nil, fmt.Errorf("%w: %w", errDial, err)
				}
				return c, nil
			},
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			// A connection costs nothing beside a model, and none stays
			// open behind the caller's back.
			DisableKeepAlives: true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the server redirects to another address, which is not followed")
		},
	}
}

// bounded limits what is read of each response: a longer one fails, except
// that of an error only its beginning matters.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		resp.Body = body{io.LimitReader(resp.Body, maxError), resp.Body}
	} else {
		resp.Body = body{&failingReader{resp.Body, maxBody}, resp.Body}
	}
	return resp, nil
}

type body struct {
	io.Reader
	io.Closer
}

// failingReader gives an error where more than left bytes come.
type failingReader struct {
	io.Reader
	left int
}

func (f *failingReader) Read(p []byte) (int, error) {
	if f.left <= 0 {
		return 0, fmt.Errorf("the response has more than %d MiB", maxBody>>20)
	}
	n, err := f.Reader.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}

// clean makes what a server or a caller says fit for a message: printable and
// at most 200 characters.
func clean(s string) string {
	const most = 200
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if unicode.IsSpace(r) {
			r = ' '
		}
		if !unicode.IsPrint(r) {
			continue
		}
		if n++; n > most {
			b.WriteString("...")
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

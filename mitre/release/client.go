package release

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxRedirects is how many redirects are followed in a row.
const maxRedirects = 5

// patience is how long the default client waits for each step on the way to
// an answer.
const patience = 30 * time.Second

// errRedirect says that a redirect was not followed.
var errRedirect = errors.New("redirect refused")

// client returns what makes the requests of one download and a function to
// call after it.
func (s *Source) client() (*http.Client, func()) {
	if s.Client == nil {
		t := &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			OnProxyConnectResponse: proxyAnswer,
			DialContext:            (&net.Dialer{Timeout: patience}).DialContext,
			TLSHandshakeTimeout:    patience,
			ResponseHeaderTimeout:  patience,
			ForceAttemptHTTP2:      true,
		}
		return &http.Client{Transport: t, CheckRedirect: checkRedirect}, t.CloseIdleConnections
	}
	c := *s.Client
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if err := checkRedirect(req, via); err != nil || s.Client.CheckRedirect == nil {
			return err
		}
		return s.Client.CheckRedirect(req, via)
	}
	return &c, func() {}
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	from, to := via[len(via)-1].URL, req.URL
	req.Header.Del("Referer") // it has the query, which may be a secret
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d in a row", errRedirect, maxRedirects)
	case to.Scheme != "http" && to.Scheme != "https":
		return fmt.Errorf("%w: to %s, want http or https", errRedirect, shown(to))
	case from.Scheme == "https" && to.Scheme == "http":
		return fmt.Errorf("%w: from https down to %s", errRedirect, shown(to))
	}
	return nil
}

// shown is a URL for errors: without user, password, query and fragment, each
// of which may be a secret.
func shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// withoutSecrets is an error of http, whose URL has its secrets.
func withoutSecrets(err error) error {
	var e *url.Error
	if !errors.As(err, &e) {
		return err
	}
	at := ""
	if u, err := url.Parse(e.URL); err == nil {
		at = shown(u)
	}
	return &url.Error{Op: e.Op, URL: at, Err: e.Err}
}

// proxyAnswer gives an error that names the proxy, where http has nothing but
// the text of the status.
func proxyAnswer(_ context.Context, proxy *url.URL, connect *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp",
		Err: fmt.Errorf("the proxy %s answered %q for %s", proxy.Host, answer.Status, connect.Host)}
}

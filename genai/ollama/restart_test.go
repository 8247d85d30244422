package ollama_test

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// restarting is a way to a server that can be closed and opened again at the
// same address, and counts the answers that are asked for.
type restarting struct {
	url string // of the server

	mu     sync.Mutex
	addr   string
	server *http.Server
	asked  int
	before func(asked int) // is called with each answer that is asked for; may be nil
}

func (r *restarting) start(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.addr = l.Addr().String()
	r.serve(t, l)
	t.Cleanup(r.stop)
	return "http://" + r.addr
}

func (r *restarting) serve(t testing.TB, l net.Listener) {
	target, err := url.Parse(r.url)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	proxy.FlushInterval = -1
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/api/chat" {
			r.mu.Lock()
			r.asked++
			n, before := r.asked, r.before
			r.mu.Unlock()
			if before != nil {
				before(n)
			}
		}
		proxy.ServeHTTP(w, q)
	})}
	r.mu.Lock()
	r.server = server
	r.mu.Unlock()
	go server.Serve(l)
}

// stop closes it at once, with all of its connections.
func (r *restarting) stop() {
	r.mu.Lock()
	server := r.server
	r.mu.Unlock()
	server.Close()
}

// again opens it at the address that it had.
func (r *restarting) again(t testing.TB) {
	l, err := net.Listen("tcp", r.addr)
	if assert.NoError(t, err) {
		r.serve(t, l)
	}
}

package release_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mitigraph/mitigraph/mitre/release"
)

// TestMain also is the program that tests start as another process.
func TestMain(m *testing.M) {
	if os.Getenv("RELEASE_TEST_CHILD") != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

// content is what the servers of these tests offer, and fake its release.
var (
	content = func() []byte {
		b := make([]byte, 300_000)
		rand.NewChaCha8([32]byte{}).Read(b)
		return b
	}()
	fake = pin(content)
)

// pin is a release whose file is b.
func pin(b []byte) release.Release {
	sum := sha256.Sum256(b)
	return release.Release{
		Domain: "test-attack", Version: "1.0", SHA256: hex.EncodeToString(sum[:]),
		Size: int64(len(b)), Path: "test-attack/test-attack-1.0.json",
	}
}

// server answers each request with the next of its answers, and the last one
// from then on. It keeps what was asked.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	answers []http.HandlerFunc
	asked   []*http.Request
	sent    int
}

func serve(t *testing.T, answers ...http.HandlerFunc) *server {
	s := &server{answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	answer := s.answers[min(len(s.asked), len(s.answers)-1)]
	s.asked = append(s.asked, r)
	s.mu.Unlock()
	answer(&counter{w, s}, r)
}

// requests are those so far.
func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ranges are their Range headers.
func (s *server) ranges() (all []string) {
	for _, r := range s.requests() {
		all = append(all, r.Header.Get("Range"))
	}
	return all
}

// bytes is the sum of all bodies.
func (s *server) bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// from makes a server answer otherwise from now on.
func (s *server) from(answers ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers, s.asked = answers, nil
}

type counter struct {
	http.ResponseWriter
	s *server
}

// Write counts before the client can have read.
func (c *counter) Write(p []byte) (int, error) {
	c.s.mu.Lock()
	c.s.sent += len(p)
	c.s.mu.Unlock()
	return c.ResponseWriter.Write(p)
}

func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// The answers.

// file is a server without faults.
func file(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
}

// cut answers like file but ends the connection after n bytes.
func cut(b []byte, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		file(b)(&limited{ResponseWriter: w, left: n}, r)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// hang answers like file but sends nothing after n bytes, until the client
// goes away.
func hang(b []byte, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		file(b)(&limited{ResponseWriter: w, left: n}, r)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

type limited struct {
	http.ResponseWriter
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	k := min(len(p), l.left)
	n, err := l.ResponseWriter.Write(p[:k])
	l.left -= n
	if err == nil && n < len(p) {
		err = fmt.Errorf("the test ends the body here")
	}
	return n, err
}

// chunked sends all of b, whatever was asked for, without a Content-Length.
func chunked(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for p := range slices.Chunk(b, 10_000) {
			w.Write(p)
			http.NewResponseController(w).Flush()
		}
	}
}

// whole ignores a Range.
func whole(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.Write(b)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, "no file")
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// partly answers 206 with a Content-Range and body of its own.
func partly(contentRange string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if contentRange != "" {
			w.Header().Set("Content-Range", contentRange)
		}
		w.WriteHeader(http.StatusPartialContent)
		w.Write(body)
	}
}

// The cache.

// cached is the path of fake below dir, and partial that of its partial file.
func cached(dir string) string  { return filepath.Join(dir, filepath.FromSlash(fake.Path)) }
func partial(dir string) string { return cached(dir) + ".partial" }

// put writes a file of the cache.
func put(t *testing.T, path string, b []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, b, 0o644))
}

// same says whether the file at path is want, without printing either.
func same(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "%s: %d bytes, not the %d expected", path, len(got), len(want))
}

// names are the files in the folder of the cache that holds fake.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(cached(dir)))
	require.NoError(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// child fetches fake in another process and prints the path or the error.
func child() {
	if os.Getenv("RELEASE_TEST_CHILD") == "full" {
		limitFiles(100_000)
	}
	path, err := release.FromEnv().Fetch(context.Background(), fake)
	if err != nil {
		fmt.Print("error: ", err)
		return
	}
	fmt.Print(path)
}

// start runs child with nothing else in its environment. The result is what
// it printed.
func start(t *testing.T, env ...string) func() string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append([]string{"RELEASE_TEST_CHILD=1", "GORACE=atexit_sleep_ms=0", "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}, env...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	require.NoError(t, cmd.Start())
	return func() string {
		require.NoError(t, cmd.Wait(), stderr.String())
		return out.String()
	}
}

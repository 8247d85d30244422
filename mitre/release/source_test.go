package release_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
	"github.com/mitigraph/mitigraph/mitre/release"
)

func TestFetch(t *testing.T) {
	s, dir := serve(t, file(content)), t.TempDir()
	var seen []int64
	source := &release.Source{Mirror: s.URL, Dir: dir, Progress: func(done, total int64) {
		assert.Equal(t, fake.Size, total)
		seen = append(seen, done)
	}}
	path, err := source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	assert.Equal(t, cached(dir), path)
	same(t, path, content)
	assert.Equal(t, []string{""}, s.ranges())
	assert.Equal(t, "/"+fake.Path, s.requests()[0].URL.Path)
	assert.Equal(t, "identity", s.requests()[0].Header.Get("Accept-Encoding"))
	assert.Equal(t, []string{"test-attack-1.0.json", "test-attack-1.0.json.lock"}, names(t, dir))
	assert.IsIncreasing(t, seen)
	assert.Zero(t, seen[0])
	assert.Equal(t, fake.Size, seen[len(seen)-1])

	// What the umask leaves of 0644.
	probe := filepath.Join(dir, "probe")
	put(t, probe, nil)
	want, err := os.Stat(probe)
	require.NoError(t, err)
	got, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, want.Mode(), got.Mode())

	// The second time there is no request and no progress.
	seen = nil
	_, err = source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	assert.Len(t, s.ranges(), 1)
	assert.Empty(t, seen)
}

// What a server may do wrong, from the first answer to the last.
func TestFetchFromFaultyServer(t *testing.T) {
	const n = 100_000
	wrong := append([]byte("not the file"), content[12:]...)
	longer := append(append([]byte{}, content...), content...)
	for name, test := range map[string]struct {
		partial []byte // what an earlier call left
		answers []http.HandlerFunc
		ranges  []string // what was asked
		sent    int      // bytes of all bodies, unless 0
		err     string   // empty where the file comes in the end
		is      error
		left    int // bytes of the partial file that are kept
	}{
		"cut off": {
			answers: []http.HandlerFunc{cut(content, n), file(content)},
			ranges:  []string{"", "bytes=100000-"}, sent: len(content),
		},
		"cut off twice": {
			answers: []http.HandlerFunc{cut(content, n), cut(content, 50_000), file(content)},
			ranges:  []string{"", "bytes=100000-", "bytes=150000-"}, sent: len(content),
		},
		"cut off before the head": {
			answers: []http.HandlerFunc{func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, file(content)},
			ranges:  []string{"", ""},
		},
		"cut off each time": {
			answers: []http.HandlerFunc{cut(content, 10_000)},
			ranges:  []string{"", "bytes=10000-", "bytes=20000-", "bytes=30000-"},
			err:     "given up after 4 tries: GET URL: cut off after 40000 of 300000 bytes: unexpected EOF (40000 of 300000 bytes are kept for the next call)",
			is:      io.ErrUnexpectedEOF, left: 40_000,
		},
		"an earlier call was cut off": {
			partial: content[:n],
			answers: []http.HandlerFunc{file(content)},
			ranges:  []string{"bytes=100000-"}, sent: len(content) - n,
		},
		"an earlier call ended before its check": {
			partial: content,
			answers: []http.HandlerFunc{status(404)},
		},
		"an earlier part is damaged": {
			partial: wrong[:n],
			answers: []http.HandlerFunc{file(content)},
			ranges:  []string{"bytes=100000-", ""},
		},
		"an earlier part is too long": {
			partial: longer,
			answers: []http.HandlerFunc{file(content)},
			ranges:  []string{""},
		},
		"the file changes before the rest is asked for": {
			answers: []http.HandlerFunc{cut(wrong, n), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"two"`)
				http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
			}},
			ranges: []string{"", "bytes=100000-"}, sent: n + len(content),
		},
		"Range ignored": {
			partial: content[:n],
			answers: []http.HandlerFunc{whole(content)},
			ranges:  []string{"bytes=100000-"}, sent: len(content),
		},
		"no Content-Length": {
			answers: []http.HandlerFunc{chunked(content)},
			ranges:  []string{""},
		},
		"206 from the beginning": {
			partial: content[:n],
			// The new beginning is part of the first try, so there are three more.
			answers: []http.HandlerFunc{partly("bytes 0-299999/300000", content), status(500), status(500), status(500), file(content)},
			ranges:  []string{"bytes=100000-", "", "", "", ""},
		},
		"206 of another size": {
			partial: content[:n],
			answers: []http.HandlerFunc{partly("bytes 100000-599999/600000", longer[n:]), file(content)},
			ranges:  []string{"bytes=100000-", ""},
		},
		"206 without a Content-Range": {
			partial: content[:n],
			answers: []http.HandlerFunc{partly("", content[n:]), file(content)},
			ranges:  []string{"bytes=100000-", ""},
		},
		"206 with an unknown total": {
			partial: content[:n],
			answers: []http.HandlerFunc{partly("bytes 100000-299999/*", content[n:])},
			ranges:  []string{"bytes=100000-"},
		},
		"206 with more than it says": {
			partial: content[:n],
			answers: []http.HandlerFunc{partly("bytes 100000-299999/300000", longer[n:])},
			ranges:  []string{"bytes=100000-"},
		},
		"206 with less than was asked for": {
			partial: content[:n],
			answers: []http.HandlerFunc{partly("bytes 100000-199999/300000", content[n:2*n]), file(content)},
			ranges:  []string{"bytes=100000-", "bytes=200000-"},
		},
		"206 not asked for": {
			answers: []http.HandlerFunc{partly("bytes 0-299999/300000", content)},
			ranges:  []string{""}, err: "GET URL: 206 Partial Content",
		},
		"416": {
			partial: content[:n],
			answers: []http.HandlerFunc{status(416), file(content)},
			ranges:  []string{"bytes=100000-", ""},
		},
		"416 for ever": {
			partial: content[:n],
			answers: []http.HandlerFunc{status(416)},
			ranges:  []string{"bytes=100000-", ""}, err: "GET URL: 416 Requested Range Not Satisfiable",
		},
		"wrong content": {
			answers: []http.HandlerFunc{file(wrong)},
			ranges:  []string{""},
			err:     "partial: not the official file: SHA-256 " + pin(wrong).SHA256 + ", want " + fake.SHA256, is: release.ErrMismatch,
		},
		"wrong content after an earlier part": {
			partial: content[:n],
			answers: []http.HandlerFunc{file(append(content[:n:n], make([]byte, len(content)-n)...))},
			ranges:  []string{"bytes=100000-", ""},
			err:     ", want " + fake.SHA256, is: release.ErrMismatch,
		},
		"too long": {
			answers: []http.HandlerFunc{file(longer)},
			ranges:  []string{""},
			err:     "GET URL: not the official file: 600000 bytes, want 300000", is: release.ErrMismatch,
		},
		"too long and another file, without a Content-Length": {
			answers: []http.HandlerFunc{chunked(append(wrong[:len(wrong):len(wrong)], content...))},
			ranges:  []string{""},
			err:     "SHA-256 " + pin(wrong).SHA256, is: release.ErrMismatch,
		},
		"too short": {
			answers: []http.HandlerFunc{file(content[:n])},
			ranges:  []string{""},
			err:     "GET URL: not the official file: 100000 bytes, want 300000", is: release.ErrMismatch,
		},
		"a page that wants a log-in keeps the earlier part": {
			partial: content[:n],
			answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				io.WriteString(w, "<html>")
			}},
			ranges: []string{"bytes=100000-"},
			err:    "GET URL: not the official file: a page of HTML", is: release.ErrMismatch, left: n,
		},
		"compressed unasked": {
			answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				io.WriteString(w, "...")
			}},
			ranges: []string{""}, err: `the Content-Encoding "gzip"`, is: release.ErrMismatch,
		},
		"404": {
			partial: content[:n],
			answers: []http.HandlerFunc{status(404)},
			ranges:  []string{"bytes=100000-"}, err: "GET URL: 404 Not Found", left: n,
		},
		"403": {
			answers: []http.HandlerFunc{status(403)},
			ranges:  []string{""}, err: "GET URL: 403 Forbidden",
		},
		"500, then the file": {
			answers: []http.HandlerFunc{status(500), status(503), status(429), file(content)},
			ranges:  []string{"", "", "", ""},
		},
		"500 keeps the earlier part": {
			partial: content[:n],
			answers: []http.HandlerFunc{status(500), file(content)},
			ranges:  []string{"bytes=100000-", "bytes=100000-"}, sent: len("no file") + len(content) - n,
		},
		"502 for ever": {
			answers: []http.HandlerFunc{status(502)},
			ranges:  []string{"", "", "", ""}, err: "given up after 4 tries: GET URL: 502 Bad Gateway",
		},
		"redirects": {
			answers: []http.HandlerFunc{redirect("/1"), redirect("/2"), redirect("/3"), redirect("/4"), redirect("/5"), file(content)},
			ranges:  []string{"", "", "", "", "", ""},
		},
		"a redirect keeps the Range": {
			partial: content[:n],
			answers: []http.HandlerFunc{redirect("/elsewhere"), file(content)},
			ranges:  []string{"bytes=100000-", "bytes=100000-"},
		},
		"redirects in a circle": {
			answers: []http.HandlerFunc{redirect("/" + fake.Path)},
			ranges:  []string{"", "", "", "", "", ""}, err: "redirect refused: more than 5 in a row",
		},
		"a redirect to a file": {
			answers: []http.HandlerFunc{redirect("file:///etc/hostname")},
			ranges:  []string{""}, err: "redirect refused: to file:///etc/hostname, want http or https",
		},
		"a redirect to nowhere": {
			answers: []http.HandlerFunc{status(302)},
			ranges:  []string{""}, err: "302",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := serve(t, test.answers...), t.TempDir()
			if test.partial != nil {
				put(t, partial(dir), test.partial)
			}
			most := int64(0)
			source := &release.Source{Mirror: s.URL, Dir: dir, Progress: func(int64, int64) {
				if info, err := os.Stat(partial(dir)); assert.NoError(t, err) {
					most = max(most, info.Size())
				}
			}}
			path, err := source.Fetch(t.Context(), fake)
			assert.Equal(t, test.ranges, s.ranges())
			assert.LessOrEqual(t, most, fake.Size)
			if test.sent > 0 {
				assert.Equal(t, test.sent, s.bytes())
			}
			if test.err == "" {
				require.NoError(t, err)
				same(t, path, content)
				assert.NoFileExists(t, partial(dir))
				return
			}
			assert.ErrorContains(t, err, strings.ReplaceAll(test.err, "URL", s.URL+"/"+fake.Path))
			assert.True(t, strings.HasPrefix(err.Error(), "ATT&CK test-attack 1.0: "), err)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
			assert.Empty(t, path)
			assert.NoFileExists(t, cached(dir))
			if test.left > 0 {
				same(t, partial(dir), content[:test.left])
			} else if b, err := os.ReadFile(partial(dir)); err == nil {
				assert.Empty(t, b)
			}
		})
	}
}

// Within one call the entity tag says whether the file is still the same.
func TestIfRange(t *testing.T) {
	s := serve(t, cut(content, 1000), file(content))
	source := &release.Source{Mirror: s.URL, Dir: t.TempDir()}
	_, err := source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	require.Len(t, s.requests(), 2)
	assert.Empty(t, s.requests()[0].Header.Get("If-Range"))
	assert.Equal(t, `"one"`, s.requests()[1].Header.Get("If-Range"))
}

func TestMirrorKeepsItsPath(t *testing.T) {
	for _, base := range []string{"/copies/attack%20of%20MITRE", "/copies/attack%20of%20MITRE/"} {
		s, dir := serve(t, file(content)), t.TempDir()
		source := &release.Source{Mirror: s.URL + base, Dir: dir}
		_, err := source.Fetch(t.Context(), fake)
		require.NoError(t, err)
		assert.Equal(t, "/copies/attack of MITRE/"+fake.Path, s.requests()[0].URL.Path)
	}
}

func TestMirrorWithPassword(t *testing.T) {
	s := serve(t, status(404))
	source := &release.Source{Mirror: strings.Replace(s.URL, "://", "://user:secret@", 1), Dir: t.TempDir()}
	_, err := source.Fetch(t.Context(), fake)
	assert.ErrorContains(t, err, "404")
	assert.NotContains(t, err.Error(), "secret")
	user, password, _ := s.requests()[0].BasicAuth()
	assert.Equal(t, []string{"user", "secret"}, []string{user, password})
}

// No error has what is secret in the mirror's URL, wherever it occurs.
func TestMirrorsSecrets(t *testing.T) {
	silent := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + l.Addr().String()
	l.Close()
	for name, answers := range map[string][]http.HandlerFunc{
		"nobody listens":           nil,
		"no answer":                {silent},
		"404":                      {status(404)},
		"500":                      {status(500)},
		"a page":                   {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") }},
		"cut off":                  {cut(content, 1000)},
		"wrong content":            {file(make([]byte, len(content)))},
		"a refused redirect":       {redirect("ftp://SECRET:SECRET@h/?SECRET")},
		"a redirect to nobody":     {redirect(strings.Replace(nobody, "://", "://SECRET:SECRET@", 1) + "/?SECRET#SECRET")},
		"redirects without an end": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }},
	} {
		for _, secret := range []string{"SECRET@", "user:SECRET@", ":SECRET@"} {
			t.Run(name, func(t *testing.T) {
				url := nobody
				if answers != nil {
					url = serve(t, answers...).URL
				}
				source := &release.Source{Mirror: strings.Replace(url, "://", "://"+secret, 1) + "/path/?sig=SECRET#SECRET", Dir: t.TempDir()}
				_, err := source.Fetch(t.Context(), fake)
				require.Error(t, err)
				assert.NotContains(t, err.Error(), "SECRET")
			})
		}
	}
	// Nor does a server that one is sent on to learn it.
	elsewhere := serve(t, file(content))
	s := serve(t, redirect(elsewhere.URL))
	_, err = (&release.Source{Mirror: s.URL + "/?sig=SECRET", Dir: t.TempDir()}).Fetch(t.Context(), fake)
	require.NoError(t, err)
	assert.Equal(t, "sig=SECRET", s.requests()[0].URL.RawQuery)
	assert.Empty(t, elsewhere.requests()[0].Header.Get("Referer"))
}

// What others put into the cache never makes anything outside of it change.
func TestLinksInTheCache(t *testing.T) {
	for name, link := range map[string]func(dir, outside string) (from, to string){
		"the partial file":         func(dir, outside string) (string, string) { return partial(dir), filepath.Join(outside, "victim") },
		"the partial file, to new": func(dir, outside string) (string, string) { return partial(dir), filepath.Join(outside, "new") },
		"the lock": func(dir, outside string) (string, string) {
			return cached(dir) + ".lock", filepath.Join(outside, "victim")
		},
		"the lock, to new": func(dir, outside string) (string, string) {
			return cached(dir) + ".lock", filepath.Join(outside, "new")
		},
		"the folder":               func(dir, outside string) (string, string) { return filepath.Dir(cached(dir)), outside },
		"the file":                 func(dir, outside string) (string, string) { return cached(dir), filepath.Join(outside, "victim") },
		"the partial file, inside": func(dir, _ string) (string, string) { return partial(dir), cached(dir) + "x" },
	} {
		t.Run(name, func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			victim := filepath.Join(outside, "victim")
			put(t, victim, []byte("precious"))
			from, to := link(dir, outside)
			require.NoError(t, os.MkdirAll(filepath.Dir(from), 0o755))
			if err := os.Symlink(to, from); err != nil {
				t.Skip("needs symbolic links: ", err)
			}
			source := &release.Source{Mirror: serve(t, file(content)).URL, Dir: dir}
			path, err := source.Fetch(t.Context(), fake)
			same(t, victim, []byte("precious"))
			entries, e := os.ReadDir(outside)
			require.NoError(t, e)
			assert.Len(t, entries, 1)
			if name == "the file" { // it was damaged, and is replaced
				require.NoError(t, err)
				same(t, path, content)
				info, err := os.Lstat(path)
				require.NoError(t, err)
				assert.True(t, info.Mode().IsRegular())
				return
			}
			assert.ErrorContains(t, err, "writing the cache: ")
		})
	}
}

func TestLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("18.1", 0o755))
	source := &release.Source{Dir: t.TempDir(), Offline: true}
	for what, want := range map[string]string{
		"18.1":                   "offline, and there is no ",
		"ICS-Attack-18.1":        "put the file there, or allow the network",
		"latest":                 "want a file, a version of ATT&CK for ICS, as 18.1, or",
		"enterprise-attack-18.1": "any file can be opened by its path",
	} {
		_, err := source.Load(t.Context(), what)
		assert.ErrorContains(t, err, want, what)
	}
	c, err := source.Load(t.Context(), "19.1")
	require.NoError(t, err)
	assert.False(t, c.HasTexts())
}

// A cache is laid out like the repository, so it can be a mirror.
func TestCacheAsMirror(t *testing.T) {
	dir := t.TempDir()
	put(t, cached(dir), content)
	s := serve(t, http.FileServer(http.Dir(dir)).ServeHTTP)
	source := &release.Source{Mirror: s.URL, Dir: t.TempDir()}
	path, err := source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	same(t, path, content)
}

func TestWrongUse(t *testing.T) {
	for want, source := range map[string]*release.Source{
		`Source.Mirror is "mirror.example/attack", want a URL that begins with`: {Mirror: "mirror.example/attack"},
		`Source.Mirror is "file:///attack"`:                                     {Mirror: "file:///attack"},
		`Source.Mirror is "https:///attack"`:                                    {Mirror: "https:///attack"},
		`Source.Mirror is not a URL; `:                                          {Mirror: "http://user:secret@mirror.example:port/"},
		`Source.Mirror is not a URL; in`:                                        {Mirror: "http://user:sec/secret@mirror.example/"},
		`Source.Mirror is "another", want a URL`:                                {Mirror: "ftp://secret@mirror.example/"},
		`Source.Mirror is "another", want a URL that`:                           {Mirror: "user:secret@mirror.example/"},
	} {
		source.Dir = t.TempDir()
		_, err := source.Fetch(t.Context(), fake)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secret")
	}
	for want, r := range map[string]release.Release{
		`SHA256 is ""`:       {},
		`Size is 0`:          {SHA256: fake.SHA256},
		`Path is ""`:         {SHA256: fake.SHA256, Size: 1},
		`Path is "../x"`:     {SHA256: fake.SHA256, Size: 1, Path: "../x"},
		`Path is "/x"`:       {SHA256: fake.SHA256, Size: 1, Path: "/x"},
		`Path is "a/../../"`: {SHA256: fake.SHA256, Size: 1, Path: "a/../../"},
	} {
		_, err := (&release.Source{Dir: t.TempDir()}).Fetch(t.Context(), r)
		assert.ErrorContains(t, err, want)
	}
}

func TestRedirectFromHTTPSToHTTP(t *testing.T) {
	plain := serve(t, file(content))
	script := &server{answers: []http.HandlerFunc{redirect(plain.URL)}}
	secure := httptest.NewTLSServer(script)
	defer secure.Close()
	source := &release.Source{Mirror: secure.URL, Dir: t.TempDir(), Client: secure.Client()}
	_, err := source.Fetch(t.Context(), fake)
	assert.ErrorContains(t, err, "redirect refused: from https down to "+plain.URL)
	assert.Empty(t, plain.ranges())

	// The other way is allowed, and the client's own policy is asked too.
	script.from(file(content))
	plain.from(redirect(secure.URL))
	asked := 0
	source.Mirror = plain.URL
	source.Client.CheckRedirect = func(*http.Request, []*http.Request) error { asked++; return nil }
	path, err := source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	same(t, path, content)
	assert.Equal(t, 1, asked)
}

// The official server speaks HTTP/2, where a cut-off looks different.
func TestHTTP2(t *testing.T) {
	script := &server{answers: []http.HandlerFunc{cut(content, 100_000), file(content)}}
	s := httptest.NewUnstartedServer(script)
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	source := &release.Source{Mirror: s.URL, Dir: t.TempDir(), Client: s.Client()}
	path, err := source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	same(t, path, content)
	assert.Equal(t, []string{"", "bytes=100000-"}, script.ranges())
	assert.Equal(t, 2, script.requests()[0].ProtoMajor)
}

// expiring is a context whose deadline a test sets off.
type expiring struct {
	context.Context
	done chan struct{}
}

func (e *expiring) Done() <-chan struct{} { return e.done }
func (e *expiring) Err() error {
	select {
	case <-e.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// A server that sends no more is left at the deadline; what came is kept, and
// the next call asks for the rest.
func TestDeadline(t *testing.T) {
	const n = 100_000
	s, dir := serve(t, hang(content, n), file(content)), t.TempDir()
	ctx := &expiring{t.Context(), make(chan struct{})}
	source := &release.Source{Mirror: s.URL, Dir: dir, Progress: func(done, _ int64) {
		if done == n {
			close(ctx.done)
		}
	}}
	_, err := source.Fetch(ctx, fake)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "GET "+s.URL)
	assert.ErrorContains(t, err, "(100000 of 300000 bytes are kept for the next call)")
	same(t, partial(dir), content[:n])

	source.Progress = nil
	path, err := source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	same(t, path, content)
	assert.Equal(t, []string{"", "bytes=100000-"}, s.ranges())
}

func TestCancelled(t *testing.T) {
	silent := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, answer := range map[string]http.HandlerFunc{
		"before the head":   silent,
		"between two tries": status(500),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				cancel()
				answer(w, r)
			})
			source := &release.Source{Mirror: s.URL, Dir: t.TempDir()}
			_, err := source.Fetch(ctx, fake)
			assert.ErrorIs(t, err, context.Canceled)
			assert.Len(t, s.ranges(), 1)
		})
	}
}

func TestSilentServerCountsAsCutOff(t *testing.T) {
	release.SetStall(t, 100*time.Millisecond)
	s := serve(t, hang(content, 1000), hang(content, 0), file(content))
	source := &release.Source{Mirror: s.URL, Dir: t.TempDir()}
	path, err := source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	same(t, path, content)

	s = serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }) // not even a head
	source = &release.Source{Mirror: s.URL, Dir: t.TempDir()}
	_, err = source.Fetch(t.Context(), fake)
	assert.ErrorContains(t, err, "nothing came for 100ms")
}

func TestNoNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	host := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	source := &release.Source{Mirror: "http://" + host, Dir: dir}
	_, err = source.Fetch(t.Context(), fake)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.ErrorContains(t, err, "no answer from "+host)
	assert.ErrorContains(t, err, "put the file at "+cached(dir)+", or set Source.Mirror or MITIGRAPH_ATTACK_MIRROR")
	assert.NotContains(t, err.Error(), "tries", "nobody listens: another try would not help")
}

func TestUntrustedCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(file(content))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	source := &release.Source{Mirror: s.URL, Dir: t.TempDir()}
	_, err := source.Fetch(t.Context(), fake)
	assert.ErrorContains(t, err, "certificate")
	assert.NotContains(t, err.Error(), "tries")
}

func TestOffline(t *testing.T) {
	s, dir := serve(t, file(content)), t.TempDir()
	source := &release.Source{Mirror: s.URL, Dir: dir, Offline: true}
	_, err := source.Fetch(t.Context(), fake)
	require.ErrorIs(t, err, release.ErrOffline)
	assert.ErrorContains(t, err, "there is no "+cached(dir))
	assert.NoDirExists(t, filepath.Dir(cached(dir)), "nothing is written")

	put(t, cached(dir), content[1:])
	_, err = source.Fetch(t.Context(), fake)
	require.ErrorIs(t, err, release.ErrOffline)
	require.ErrorIs(t, err, release.ErrMismatch)
	assert.ErrorContains(t, err, "299999 bytes, want 300000")

	put(t, cached(dir), content)
	path, err := source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	assert.Equal(t, cached(dir), path)
	assert.Empty(t, s.ranges())
}

// The zero Source, and nil, use the user's folder.
func TestDefaultFolder(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	user, err := os.UserCacheDir()
	require.NoError(t, err)
	path := cached(filepath.Join(user, "mitigraph", "attack"))
	_, err = (&release.Source{Offline: true}).Fetch(t.Context(), fake)
	assert.ErrorContains(t, err, path)

	put(t, path, content)
	var none *release.Source
	got, err := none.Fetch(t.Context(), fake)
	require.NoError(t, err)
	assert.Equal(t, path, got)
}

func TestDamagedCache(t *testing.T) {
	for name, damage := range map[string][]byte{
		"empty":      {},
		"too short":  content[:1000],
		"one change": append([]byte{content[0] ^ 1}, content[1:]...),
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := serve(t, status(404), file(content)), t.TempDir()
			put(t, cached(dir), damage)
			source := &release.Source{Mirror: s.URL, Dir: dir}
			_, err := source.Fetch(t.Context(), fake)
			assert.ErrorContains(t, err, "404", "never the damaged file")
			path, err := source.Fetch(t.Context(), fake)
			require.NoError(t, err)
			same(t, path, content)
		})
	}
}

func TestUnusableCache(t *testing.T) {
	s := serve(t, file(content))
	fetch := func(dir string) error {
		_, err := (&release.Source{Mirror: s.URL, Dir: dir}).Fetch(t.Context(), fake)
		return err
	}
	t.Run("a file in place of the folder", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "file")
		put(t, dir, nil)
		err := fetch(dir)
		assert.ErrorContains(t, err, dir)
		assert.ErrorContains(t, err, "not a directory")
	})
	t.Run("a folder in place of the file", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(cached(dir), 0o755))
		assert.ErrorContains(t, fetch(dir), cached(dir)+": not a regular file")
	})
	t.Run("a folder in place of the partial file", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(partial(dir), 0o755))
		err := fetch(dir)
		assert.ErrorContains(t, err, "writing the cache: "+partial(dir)+": not a regular file")
		assert.ErrorContains(t, err, "Source.Dir or MITIGRAPH_CACHE sets another folder")
	})
	t.Run("a read-only folder", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("needs a user other than root, who may write everywhere")
		}
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o555))
		defer os.Chmod(dir, 0o755)
		err := fetch(dir)
		require.ErrorIs(t, err, os.ErrPermission)
		assert.ErrorContains(t, err, "writing the cache: mkdir ")

		// One that has the file is as good as any.
		require.NoError(t, os.Chmod(dir, 0o755))
		put(t, cached(dir), content)
		require.NoError(t, os.Chmod(filepath.Dir(cached(dir)), 0o555))
		defer os.Chmod(filepath.Dir(cached(dir)), 0o755)
		assert.NoError(t, fetch(dir))
	})
	assert.Empty(t, s.ranges())
}

// Of many that want a file at once one downloads it.
func TestConcurrentFetches(t *testing.T) {
	s, dir := serve(t, cut(content, 100_000), chunkedRange), t.TempDir()
	source := &release.Source{Mirror: s.URL, Dir: filepath.Join(dir, "attack")}
	var others []func() string
	for range 3 {
		others = append(others, start(t, "MITIGRAPH_ATTACK_MIRROR="+s.URL, "MITIGRAPH_CACHE="+dir))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			path, err := source.Fetch(t.Context(), fake)
			if assert.NoError(t, err) {
				same(t, path, content)
			}
		})
	}
	wg.Wait()
	for _, wait := range others {
		assert.Equal(t, cached(source.Dir), wait())
	}
	assert.Equal(t, []string{"", "bytes=100000-"}, s.ranges())
	assert.Equal(t, []string{"test-attack-1.0.json", "test-attack-1.0.json.lock"}, names(t, source.Dir))
}

// chunkedRange sends the rest in many pieces.
func chunkedRange(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Range", "bytes 100000-299999/300000")
	w.WriteHeader(http.StatusPartialContent)
	chunked(content[100_000:])(w, r)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	first := make(chan struct{})
	var once sync.Once
	s, dir := serve(t, hang(content, 1000), file(content)), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := (&release.Source{Mirror: s.URL, Dir: dir, Progress: func(int64, int64) {
			once.Do(func() { close(first) })
		}}).Fetch(ctx, fake)
		ended <- err
	}()
	<-first

	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	_, err := (&release.Source{Mirror: s.URL, Dir: dir}).Fetch(short, fake)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "waiting for another download of "+cached(dir))
	assert.Len(t, s.ranges(), 1)

	cancel()
	assert.ErrorIs(t, <-ended, context.Canceled)
}

// Without locks each has a partial file of its own.
func TestFileSystemWithoutLocks(t *testing.T) {
	release.WithoutLocks(t, errors.ErrUnsupported)
	s, dir := serve(t, cut(content, 1000), file(content)), t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			path, err := (&release.Source{Mirror: s.URL, Dir: dir}).Fetch(t.Context(), fake)
			if assert.NoError(t, err) {
				same(t, path, content)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, []string{"test-attack-1.0.json"}, names(t, dir))

	s.from(cut(content, 1000))
	dir = t.TempDir()
	_, err := (&release.Source{Mirror: s.URL, Dir: dir}).Fetch(t.Context(), fake)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Empty(t, names(t, dir))

	release.WithoutLocks(t, os.ErrPermission)
	_, err = (&release.Source{Mirror: s.URL, Dir: dir}).Fetch(t.Context(), fake)
	assert.ErrorIs(t, err, os.ErrPermission)
	assert.ErrorContains(t, err, "writing the cache: ")
}

// The default client uses the proxy of the environment. Another process asks,
// because net/http reads the environment once.
func TestProxyOfTheEnvironment(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		file(content)(w, r)
	})
	dir := t.TempDir()
	got := start(t, "HTTP_PROXY="+proxy.URL, "MITIGRAPH_ATTACK_MIRROR=http://mirror.invalid/attack", "MITIGRAPH_CACHE="+dir)()
	assert.Equal(t, cached(filepath.Join(dir, "attack")), got)
	require.Len(t, proxy.requests(), 1)
	assert.Equal(t, "http://mirror.invalid/attack/"+fake.Path, proxy.requests()[0].URL.String())

	// A proxy that refuses is named.
	got = start(t, "HTTPS_PROXY="+proxy.URL, "MITIGRAPH_ATTACK_MIRROR=https://mirror.invalid/", "MITIGRAPH_CACHE="+t.TempDir())()
	u, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	assert.Contains(t, got, `the proxy `+u.Host+` answered "403 Forbidden" for mirror.invalid:443`)
	assert.Len(t, proxy.requests(), 2, "once refused is refused")
}

func TestProxyOfTheClient(t *testing.T) {
	proxy := serve(t, file(content))
	u, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(u)}
	defer transport.CloseIdleConnections()
	source := &release.Source{Mirror: "http://mirror.invalid", Dir: t.TempDir(), Client: &http.Client{Transport: transport}}
	_, err = source.Fetch(t.Context(), fake)
	require.NoError(t, err)
	assert.Len(t, proxy.requests(), 1)
}

func TestOpenEmbedded(t *testing.T) {
	source := &release.Source{Dir: t.TempDir(), Offline: true}
	got, err := source.Open(t.Context(), "ics-attack", "19.1")
	require.NoError(t, err)
	want, err := mitre.Embedded()
	require.NoError(t, err)
	assert.Same(t, want, got)

	_, err = source.Open(t.Context(), "ics-attack", "20.0")
	assert.ErrorIs(t, err, release.ErrUnknown)
	_, err = source.Open(t.Context(), "ics-attack", "18.1")
	assert.ErrorIs(t, err, release.ErrOffline)
}

func TestOpen(t *testing.T) {
	const bundle = `{"type":"bundle","id":"bundle--1","objects":[
		{"type":"attack-pattern","id":"attack-pattern--1","name":"One","external_references":[{"source_name":"mitre-attack","external_id":"T0001"}]}]}`
	r, dir := pin([]byte(bundle)), t.TempDir()
	s := serve(t, file([]byte(bundle)))
	source := &release.Source{Mirror: s.URL, Dir: dir}
	for range 2 { // downloaded, then cached
		c, err := source.OpenRelease(t.Context(), r)
		require.NoError(t, err)
		_, ok := mitre.Find[*mitre.Technique](c, "T0001")
		assert.True(t, ok)
		assert.Equal(t, cached(dir), c.Info().Source)
	}
	assert.Len(t, s.requests(), 1)

	put(t, cached(dir), []byte(strings.Replace(bundle, "One", "Two", 1)))
	c, err := source.OpenRelease(t.Context(), r)
	require.NoError(t, err)
	one, _ := mitre.Find[*mitre.Technique](c, "T0001")
	assert.Equal(t, "One", one.Name)
	assert.Len(t, s.requests(), 2)

	_, err = source.OpenRelease(t.Context(), release.Release{})
	assert.Error(t, err)
}

// The real file has the real sum.
func TestOpenOfficial(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "attack", "ics-attack-18.1.json.gz"))
	if err != nil {
		t.Skip("needs ../shared/data/attack/ics-attack-18.1.json.gz")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)

	s, dir := serve(t, cut(b, 1_000_000), file(b)), t.TempDir()
	source := &release.Source{Mirror: s.URL, Dir: dir}
	c, err := source.Open(t.Context(), "ics-attack", "18.1")
	require.NoError(t, err)
	path := filepath.Join(dir, "ics-attack", "ics-attack-18.1.json")
	assert.Equal(t, mitre.Info{Domain: "ics-attack", Version: "18.1", Source: path}, c.Info())
	assert.Equal(t, "/ics-attack/ics-attack-18.1.json", s.requests()[0].URL.Path)
	technique, ok := mitre.Find[*mitre.Technique](c, "T0834")
	require.True(t, ok)
	assert.NotEmpty(t, technique.Description, "the official file has the texts")
}

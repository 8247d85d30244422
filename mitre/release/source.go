package release

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/mitigraph/mitigraph/mitre"
)

// official is the base URL of the official repository.
const official = "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master/"

var (
	// ErrOffline says that a release is not in the cache and that the source
	// may not use the network. The error names the file that is missing.
	ErrOffline = errors.New("offline")
	// ErrMismatch says that a file is not the official one. The error has the
	// sum or size that was found and the one that was expected.
	ErrMismatch = errors.New("not the official file")
)

// Source is where releases come from. The zero value, and nil, is the
// official repository with a cache in the user's folder for caches. A Source
// must not be changed while it is used; then it is safe for concurrent use,
// as far as Client and Progress are.
type Source struct {
	// Mirror is the base URL, http or https, of a copy of the official
	// repository: the file of [Release].Path is looked for below it. Empty
	// means that itself, mitre-attack/attack-stix-data on GitHub. A user,
	// password and query in it are used, and left out of errors. A folder is
	// no mirror: Dir takes it.
	Mirror string
	// Dir is the folder of the cache; see the package comment for its
	// layout. It is made when needed. Empty means mitigraph/attack below
	// [os.UserCacheDir].
	Dir string
	// Client makes the requests. Nil means one that takes the proxy from
	// HTTPS_PROXY, HTTP_PROXY and NO_PROXY, waits 30 seconds each for the
	// connection, TLS and an answer's head, and as long as it takes for the
	// rest. Redirects are limited for every client: to five, to http and
	// https, and never from https to http.
	Client *http.Client
	// Offline forbids the network: only what is in the cache is used.
	Offline bool
	// Progress, if not nil, is called during a download with the bytes that
	// there are of the file and its size: first with what an earlier
	// download left, then after each piece. The number falls back to 0 where
	// a download has to begin anew. It is called by the goroutine that
	// fetches, which waits for it, and not at all for a file in the cache.
	Progress func(done, total int64)
}

// FromEnv returns a source set up by the environment. MITIGRAPH_ATTACK_MIRROR
// is Mirror; MITIGRAPH_CACHE is the folder of all of this module's caches, so
// that Dir is attack below it; MITIGRAPH_OFFLINE is Offline, which anything
// but 0 or false sets. A variable that is empty counts as unset. Nothing is
// checked before the source is used.
func FromEnv() *Source {
	s := &Source{Mirror: os.Getenv("MITIGRAPH_ATTACK_MIRROR")}
	if dir := os.Getenv("MITIGRAPH_CACHE"); dir != "" {
		s.Dir = filepath.Join(dir, "attack")
	}
	if v := os.Getenv("MITIGRAPH_OFFLINE"); v != "" {
		on, err := strconv.ParseBool(v)
		s.Offline = on || err != nil // in doubt no network
	}
	return s
}

// Load returns the catalogue that a user means by what: a file (see
// [mitre.Open]); else a version of ATT&CK for ICS, such as "18.1" or "v18.1";
// else a domain and version, such as "mobile-attack-17.1". The versions are
// those of [Source.Open], so that "19.1" has no descriptions, as
// [mitre.Catalog.HasTexts] tells; its official file has. An empty string means
// [mitre.Embedded].
func (s *Source) Load(ctx context.Context, what string) (*mitre.Catalog, error) {
	if what == "" {
		return mitre.Embedded()
	}
	m := named.FindStringSubmatch(strings.ToLower(what))
	info, err := os.Stat(what)
	switch {
	case m != nil && (err != nil || info.IsDir()):
		return s.Open(ctx, cmp.Or(m[1], "ics-attack"), m[2])
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w; want a file, a version of ATT&CK for ICS, as 18.1, or a domain and version, as mobile-attack-17.1", err)
	}
	return mitre.Open(ctx, what)
}

var named = regexp.MustCompile(`^(?:([a-z]+-attack)-)?v?([0-9]+(?:\.[0-9]+)?)$`)

// Open returns the catalogue of a release, fetched if it is not in the cache.
// It decodes the very bytes whose SHA-256 it found right, and holds the file
// in memory meanwhile.
//
// A release whose official file is not known but whose facts this module
// embeds, ATT&CK for ICS 19.1, is [mitre.Embedded], without MITRE's sentences
// and without the network. The error for any other release that is not known
// is that of [Find]; else it is that of [Source.Fetch] or [mitre.Read].
func (s *Source) Open(ctx context.Context, domain, version string) (*mitre.Catalog, error) {
	r, err := Find(domain, version)
	if err != nil {
		if c, e := mitre.Embedded(); e == nil && c.Info().Domain == domain && c.Info().Version == version {
			return c, nil
		}
		return nil, err
	}
	return s.OpenRelease(ctx, r)
}

// OpenRelease is [Source.Open] for a release written by hand, such as one of
// Enterprise.
func (s *Source) OpenRelease(ctx context.Context, r Release) (*mitre.Catalog, error) {
	path, err := s.path(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	var b bytes.Buffer
	if check(ctx, path, r, &b) != nil {
		if path, err = s.Fetch(ctx, r); err != nil {
			return nil, err
		}
		b.Reset()
		if err := check(ctx, path, r, &b); err != nil {
			return nil, fmt.Errorf("%s: %w", r, err)
		}
	}
	return mitre.Read(ctx, path, &b)
}

// Fetch returns the path of the release's file in the cache, relative if Dir
// is, and downloads it first unless it is there already. Its SHA-256 was
// found right just before; it is read once for that. A cached file that is
// damaged is replaced.
//
// A download that is cut off, or answered with a status of 408, 429 or 5xx,
// is tried four times in all with a pause of half a second, one and two
// seconds. A server that sends nothing for a minute counts as cut off; one that
// sends a byte now and then is waited for until ctx ends. What
// arrived stays in the cache, also when ctx ends the download, and the next
// call asks for the rest only. A file of another size or with a wrong SHA-256
// is not kept, and no more than Size bytes are ever written. Another
// goroutine or process that downloads the same file is waited for.
//
// Errors name the release and the URL or path, and wrap [ErrOffline],
// [ErrMismatch], the error of ctx, or that of the network or the file system.
func (s *Source) Fetch(ctx context.Context, r Release) (string, error) {
	if s == nil {
		s = &Source{}
	}
	path, err := s.fetch(ctx, r)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r, err)
	}
	return path, nil
}

func (s *Source) fetch(ctx context.Context, r Release) (string, error) {
	path, err := s.path(r)
	if err != nil {
		return "", err
	}
	switch err := check(ctx, path, r, io.Discard); {
	case err == nil:
		return path, nil
	case errors.Is(err, fs.ErrNotExist) && s.Offline:
		return "", fmt.Errorf("%w, and there is no %s: put the file there, or allow the network (Source.Offline, MITIGRAPH_OFFLINE)", ErrOffline, path)
	case errors.Is(err, ErrMismatch) && s.Offline:
		return "", fmt.Errorf("%w, and the cached file is damaged: %w", ErrOffline, err)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrMismatch):
		return "", err
	}
	from, err := s.url(r)
	if err != nil {
		return "", err
	}
	dir, err := s.dir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", cacheError(nil, err)
	}
	// Whatever lies in the cache, nothing outside of it is written.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", cacheError(nil, err)
	}
	defer root.Close()
	name := filepath.FromSlash(r.Path)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", cacheError(root, err)
	}

	partial := name + ".partial"
	unlock, err := lock(ctx, root, name+".lock")
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		partial = ownName(partial)
		defer root.Remove(partial)
	case ctx.Err() != nil:
		return "", fmt.Errorf("waiting for another download of %s: %w", path, ctx.Err())
	case err != nil:
		return "", cacheError(root, err)
	default:
		defer unlock()
	}
	if check(ctx, path, r, io.Discard) == nil {
		return path, nil // another one was faster
	}

	client, done := s.client()
	defer done()
	d := download{release: r, url: from, client: client, progress: s.Progress, root: root, path: partial}
	if err := d.run(ctx); err != nil {
		var network *networkError
		if errors.As(err, &network) {
			err = fmt.Errorf("%w; without a network put the file at %s, or set Source.Mirror or MITIGRAPH_ATTACK_MIRROR to the URL of a copy of the repository", err, path)
		}
		return "", err
	}
	if err := root.Rename(partial, name); err != nil {
		return "", cacheError(root, err)
	}
	return path, nil
}

// cacheError says besides how to use another folder. Errors of the root have
// paths below it.
func cacheError(root *os.Root, err error) error {
	var p *fs.PathError
	if root != nil && errors.As(err, &p) && !filepath.IsAbs(p.Path) {
		err = &fs.PathError{Op: strings.TrimSuffix(p.Op, "at"), Path: filepath.Join(root.Name(), p.Path), Err: p.Err}
	}
	return fmt.Errorf("writing the cache: %w; Source.Dir or MITIGRAPH_CACHE sets another folder", err)
}

// path is where a release lies in the cache.
func (s *Source) path(r Release) (string, error) {
	if err := r.valid(); err != nil {
		return "", err
	}
	dir, err := s.dir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.FromSlash(r.Path)), nil
}

// dir is the folder of the cache.
func (s *Source) dir() (string, error) {
	if s != nil && s.Dir != "" {
		return s.Dir, nil
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", cacheError(nil, err)
	}
	return filepath.Join(user, "mitigraph", "attack"), nil
}

// url is where a release is downloaded from.
func (s *Source) url(r Release) (*url.URL, error) {
	base := s.Mirror
	if base == "" {
		base = official
	}
	u, err := url.Parse(base)
	switch {
	case err != nil:
		// Not err, which has parts of the URL, and so perhaps of a password.
		return nil, errors.New("Source.Mirror is not a URL; in a user or password all but letters and digits must be written as %2F and the like")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		if strings.ContainsAny(base, "@?") { // what is a secret in it cannot be told
			base = "another"
		}
		return nil, fmt.Errorf("Source.Mirror is %q, want a URL that begins with https:// or http://", base)
	}
	var path []string
	for name := range strings.SplitSeq(r.Path, "/") {
		path = append(path, url.PathEscape(name))
	}
	return u.JoinPath(path...), nil
}

// check reads the file at path, copies it to w and returns nil if it is that
// of the release. Otherwise what w got is worthless.
func check(ctx context.Context, path string, r Release, w io.Writer) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a regular file but %s", path, info.Mode())
	case info.Size() != r.Size:
		return fmt.Errorf("%s: %w: %d bytes, want %d", path, ErrMismatch, info.Size(), r.Size)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return sumOf(ctx, path, f, r, w)
}

// sumOf copies a file to w and compares its sum.
func sumOf(ctx context.Context, path string, f io.Reader, r Release, w io.Writer) error {
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(sum, w), &contextReader{ctx, io.LimitReader(f, r.Size+1)}); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if found := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(found, r.SHA256) {
		return fmt.Errorf("%s: %w: SHA-256 %s, want %s", path, ErrMismatch, found, r.SHA256)
	}
	return nil
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

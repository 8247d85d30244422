package release

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tries is how often a download is tried in all.
const tries = 4

var (
	// firstPause is between the first two tries; each further one is twice
	// as long as that before.
	firstPause = 500 * time.Millisecond
	// stall is how long a server may send nothing.
	stall = time.Minute
)

// A download brings one file to its partial file. Only one download at a time
// has that file.
type download struct {
	release  Release
	url      *url.URL
	client   *http.Client
	progress func(done, total int64) // may be nil
	root     *os.Root                // the cache
	path     string                  // of the partial file, in the cache

	file *os.File
	have int64 // bytes of the file that are there, from its beginning
	// etag is the strong entity tag of the answer that began the file, if
	// this download began it. It is not kept beyond, since the sum decides
	// in the end whether the parts belong together.
	etag string
	// pieced says that the file may consist of parts of several answers.
	pieced bool
}

// passing is an error that may be gone with the next try.
type passing struct{ error }

func (e passing) Unwrap() error { return e.error }

// networkError says that there was no answer at all.
type networkError struct {
	host string
	err  error
}

func (e *networkError) Error() string { return "no answer from " + e.host + ": " + e.err.Error() }
func (e *networkError) Unwrap() error { return e.err }

// run leaves the complete file, checked and on the disk, or what there is of
// it so far.
func (d *download) run(ctx context.Context) error {
	// Not through a link: what it leads to is not the cache's.
	if info, err := d.root.Lstat(d.path); err == nil && !info.Mode().IsRegular() {
		return cacheError(d.root, fmt.Errorf("%s: not a regular file but %s", filepath.Join(d.root.Name(), d.path), info.Mode()))
	}
	f, err := d.root.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return cacheError(d.root, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return cacheError(d.root, err)
	}
	d.file = f
	defer func() {
		if d.have == 0 {
			_ = d.root.Remove(d.path) // nothing to go on with
		}
	}()
	if info.Size() <= d.release.Size {
		d.have = info.Size()
		d.pieced = d.have > 0
	} else if err := d.restart(); err != nil {
		return err
	}

	pause := firstPause
	for try := 1; ; try++ {
		err := d.finish(ctx)
		var again passing
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return d.kept(fmt.Errorf("GET %s: %w", shown(d.url), ctx.Err()))
		case !errors.As(err, &again):
			return err
		case try == tries:
			return d.kept(fmt.Errorf("given up after %d tries: %w", tries, err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// kept says besides what the next call goes on with.
func (d *download) kept(err error) error {
	if d.have == 0 {
		return err
	}
	return fmt.Errorf("%w (%d of %d bytes are kept for the next call)", err, d.have, d.release.Size)
}

// finish makes one try.
func (d *download) finish(ctx context.Context) error {
	if d.have < d.release.Size {
		if err := d.transfer(ctx); err != nil {
			return err
		}
	}
	if err := d.file.Sync(); err != nil {
		return cacheError(d.root, err)
	}
	err := sumOf(ctx, filepath.Join(d.root.Name(), d.path), io.NewSectionReader(d.file, 0, d.release.Size+1), d.release, io.Discard)
	if !errors.Is(err, ErrMismatch) {
		return err
	}
	if d.pieced {
		// The server may be right and an earlier part wrong.
		if err := d.restart(); err != nil {
			return err
		}
		return passing{fmt.Errorf("GET %s, put together from parts: %w", shown(d.url), err)}
	}
	d.have = 0
	return fmt.Errorf("GET %s: %w", shown(d.url), err)
}

// restart forgets what there is of the file.
func (d *download) restart() error {
	d.have, d.etag, d.pieced = 0, "", false
	if err := d.file.Truncate(0); err != nil {
		return cacheError(d.root, err)
	}
	return nil
}

// transfer asks for what is missing of the file and appends it.
func (d *download) transfer(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(stall, func() { cancel(fmt.Errorf("nothing came for %v", stall)) })
	defer watch.Stop()

	resp, err := d.request(ctx)
	if err == nil && d.have > 0 && astray(resp, d.have, d.release.Size) {
		resp.Body.Close()
		if err := d.restart(); err != nil {
			return err
		}
		resp, err = d.request(ctx)
	}
	if err != nil {
		return d.noAnswer(ctx, err)
	}
	defer resp.Body.Close()
	if err := d.acceptable(resp); err != nil {
		return err
	}
	if resp.StatusCode == http.StatusPartialContent {
		d.pieced = true
	} else {
		if err := d.restart(); err != nil {
			return err
		}
		if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) { // a weak one begins with W/
			d.etag = tag
		}
	}
	d.report()

	// Never more than what is missing is read. Whether the server would go
	// on does not matter: the sum says whether this is the file.
	buf := make([]byte, 64<<10)
	for d.have < d.release.Size {
		watch.Reset(stall)
		n, err := resp.Body.Read(buf[:min(int64(len(buf)), d.release.Size-d.have)])
		watch.Stop() // the disk and Progress may take their time
		if n > 0 {
			if _, err := d.file.WriteAt(buf[:n], d.have); err != nil {
				return cacheError(d.root, err)
			}
			d.have += int64(n)
			d.report()
		}
		if err != nil && d.have < d.release.Size {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return passing{fmt.Errorf("GET %s: cut off after %d of %d bytes: %w", shown(d.url), d.have, d.release.Size, err)}
		}
	}
	return nil
}

func (d *download) report() {
	if d.progress != nil {
		d.progress(d.have, d.release.Size)
	}
}

func (d *download) request(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "mitigraph (+https://github.com/mitigraph/mitigraph)")
	// Ranges of a compressed answer could not be put together.
	req.Header.Set("Accept-Encoding", "identity")
	if d.have > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(d.have, 10)+"-")
		if d.etag != "" {
			req.Header.Set("If-Range", d.etag)
		}
	}
	return d.client.Do(req)
}

// noAnswer tells what another try may mend from what it may not: a host that
// is not there, a certificate, a redirect.
func (d *download) noAnswer(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return passing{fmt.Errorf("GET %s: %w", shown(d.url), cause)}
	}
	err = withoutSecrets(err)
	if errors.Is(err, errRedirect) {
		return err
	}
	err = &networkError{host: d.url.Host, err: err}
	var (
		op     *net.OpError
		lookup *net.DNSError
		cert   *tls.CertificateVerificationError
		record tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"),
		errors.As(err, &lookup), errors.As(err, &cert), errors.As(err, &record),
		errors.Is(err, http.ErrSchemeMismatch):
		return err
	}
	return passing{err}
}

// astray reports whether the answer to a request for the rest does not go on
// where the file ends.
func astray(resp *http.Response, have, size int64) bool {
	switch resp.StatusCode {
	case http.StatusRequestedRangeNotSatisfiable:
		return true
	case http.StatusPartialContent:
		first, _, total, ok := parseContentRange(resp.Header.Get("Content-Range"))
		return !ok || first != have || total != size && total != unknown
	}
	return false
}

// acceptable says what is wrong with an answer before its body is read.
func (d *download) acceptable(resp *http.Response) error {
	at := "GET " + shown(resp.Request.URL)
	switch code := resp.StatusCode; {
	case code == http.StatusPartialContent && d.have > 0, code == http.StatusOK:
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return passing{fmt.Errorf("%s: %d %s", at, code, http.StatusText(code))}
	default:
		return fmt.Errorf("%s: %d %s", at, code, http.StatusText(code))
	}
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	switch encoding := resp.Header.Get("Content-Encoding"); {
	case encoding != "" && !strings.EqualFold(encoding, "identity"):
		return fmt.Errorf("%s: %w: it has the Content-Encoding %q, which was not asked for", at, ErrMismatch, encoding)
	case strings.EqualFold(strings.TrimSpace(kind), "text/html"):
		return fmt.Errorf("%s: %w: a page of HTML, as a proxy or a log-in sends", at, ErrMismatch)
	case resp.StatusCode == http.StatusOK && resp.ContentLength >= 0 && resp.ContentLength != d.release.Size:
		return fmt.Errorf("%s: %w: %d bytes, want %d", at, ErrMismatch, resp.ContentLength, d.release.Size)
	}
	return nil
}

// unknown is the total of a Content-Range that has * there.
const unknown = -1

// parseContentRange reads the Content-Range of an answer that has one range of
// bytes, such as "bytes 100-199/200" (RFC 9110, section 14.4).
func parseContentRange(s string) (first, last, total int64, ok bool) {
	unit, s, _ := strings.Cut(s, " ")
	span, of, _ := strings.Cut(s, "/")
	from, to, _ := strings.Cut(span, "-")
	if !strings.EqualFold(unit, "bytes") {
		return 0, 0, 0, false
	}
	number := func(s string) int64 {
		n, err := strconv.ParseUint(s, 10, 63) // takes no sign
		ok = ok && err == nil
		return int64(n)
	}
	ok, total = true, unknown
	first, last = number(from), number(to)
	if of != "*" {
		total = number(of)
		ok = ok && last < total
	}
	return first, last, total, ok && first <= last
}

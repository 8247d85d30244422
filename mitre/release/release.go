package release

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/mitre"
)

// ErrUnknown says that no official file is known for that domain and version.
var ErrUnknown = errors.New("unknown release")

// Release is one official file of ATT&CK and what it must be. [Known] has
// those of ICS and Mobile. One that is written by hand, for a later release
// or for Enterprise, can be had just as well, with [Source.OpenRelease] and
// [Source.Fetch]; SHA256, Size and Path must be set then.
type Release struct {
	Domain  string // "ics-attack", "enterprise-attack" or "mobile-attack"
	Version string // "18.1"
	SHA256  string // of the file: 64 hexadecimal digits
	Size    int64  // of the file, in bytes; more than 0
	// Path is where the file lies below a source's base URL and in the cache,
	// with slashes: "ics-attack/ics-attack-18.1.json".
	Path string
}

// String returns, for example, "ATT&CK ics-attack 18.1", as [mitre.Info] does.
func (r Release) String() string {
	return mitre.Info{Domain: r.Domain, Version: r.Version}.String()
}

// valid says what keeps a release from being fetched. Above all its path must
// not lead out of the cache.
func (r Release) valid() error {
	sum, err := hex.DecodeString(r.SHA256)
	switch {
	case err != nil || len(sum) != 32:
		return fmt.Errorf("SHA256 is %q, want 64 hexadecimal digits", r.SHA256)
	case r.Size <= 0:
		return fmt.Errorf("Size is %d, want more than 0", r.Size)
	case r.Path == "." || !fs.ValidPath(r.Path) || !filepath.IsLocal(filepath.FromSlash(r.Path)):
		return fmt.Errorf("Path is %q, want a path below the repository, with slashes", r.Path)
	}
	return nil
}

// Known returns the official releases whose sum this module knows, ordered by
// domain, then by version as a number, so that 9.0 comes before 10.0. ATT&CK
// for ICS 19.1 is not among them: the module carries its facts, which
// [Source.Open] gives, but does not know the sum of the official file. The
// slice is the caller's.
func Known() []Release { return slices.Clone(known()) }

var known = sync.OnceValue(func() []Release {
	// It is part of the module, and a test reads the whole of it.
	b, err := data.FS.ReadFile(data.AttackReleases)
	if err != nil {
		return nil
	}
	releases, err := parse(string(b))
	if err != nil {
		return nil
	}
	return releases
})

// parse reads the table of releases: five fields in a line, separated by tabs.
func parse(table string) ([]Release, error) {
	var releases []Release
	n := 0
	for line := range strings.Lines(table) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			return nil, fmt.Errorf("line %d: %d fields, want 5", n, len(f))
		}
		size, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		r := Release{Domain: f[0], Version: f[1], SHA256: f[2], Size: size, Path: f[4]}
		if err := r.valid(); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		releases = append(releases, r)
	}
	slices.SortFunc(releases, func(a, b Release) int {
		return cmp.Or(cmp.Compare(a.Domain, b.Domain), compareVersions(a.Version, b.Version))
	})
	return releases, nil
}

// compareVersions compares number by number; what is not a number counts as 0.
func compareVersions(a, b string) int {
	numbers := func(v string) (all []int) {
		for part := range strings.SplitSeq(v, ".") {
			n, _ := strconv.Atoi(part)
			all = append(all, n)
		}
		return all
	}
	return slices.Compare(numbers(a), numbers(b))
}

// Find looks a release up by domain ("ics-attack") and version ("18.1"), both
// as ATT&CK writes them. Otherwise the error wraps [ErrUnknown] and lists the
// versions known of that domain, or the domains.
func Find(domain, version string) (Release, error) {
	var versions, domains []string
	for _, r := range known() {
		switch {
		case r.Domain == domain && r.Version == version:
			return r, nil
		case r.Domain == domain:
			versions = append(versions, r.Version)
		case !slices.Contains(domains, r.Domain):
			domains = append(domains, r.Domain)
		}
	}
	asked := Release{Domain: domain, Version: version}
	if versions == nil {
		return Release{}, fmt.Errorf("%s: %w; known are %s, and any file can be opened by its path", asked, ErrUnknown, strings.Join(domains, " and "))
	}
	facts := ""
	if c, err := mitre.Embedded(); err == nil && c.Info().Domain == domain {
		facts = ", and the facts of " + c.Info().Version + " that this module embeds"
	}
	return Release{}, fmt.Errorf("%s: %w; known are %s%s", asked, ErrUnknown, strings.Join(versions, ", "), facts)
}

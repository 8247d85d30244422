package release_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/mitigraph/mitigraph/mitre/release"
)

// What is known of a release, and what is said of one that is not.
func Example() {
	r, err := release.Find("ics-attack", "18.1")
	if err != nil {
		panic(err)
	}
	fmt.Println(r, "has", r.Size, "bytes in", r.Path)

	_, err = release.Find("enterprise-attack", "18.1")
	fmt.Println(err)
	// Output:
	// ATT&CK ics-attack 18.1 has 3491940 bytes in ics-attack/ics-attack-18.1.json
	// ATT&CK enterprise-attack 18.1: unknown release; known are ics-attack and mobile-attack, and any file can be opened by its path
}

// Without a network there is what the cache has, and the embedded facts.
func ExampleSource_Open() {
	source := &release.Source{Dir: "folder", Offline: true}
	ctx := context.Background()

	catalog, err := source.Open(ctx, "ics-attack", "19.1")
	fmt.Println(catalog.Info(), err)

	_, err = source.Open(ctx, "ics-attack", "18.1")
	fmt.Println(errors.Is(err, release.ErrOffline))
	// Output:
	// ATT&CK ics-attack 19.1 <nil>
	// true
}

// What a user may type, and what a program makes of it.
func ExampleSource_Load() {
	source := &release.Source{Dir: "folder", Offline: true}
	for _, what := range []string{"", "v19.1", "20.1"} {
		catalog, err := source.Load(context.Background(), what)
		if err != nil {
			fmt.Println(errors.Is(err, release.ErrUnknown))
			continue
		}
		fmt.Println(catalog.Info(), "with texts:", catalog.HasTexts())
	}
	// Output:
	// ATT&CK ics-attack 19.1 with texts: false
	// ATT&CK ics-attack 19.1 with texts: false
	// true
}

// A file by its sum, from a mirror; here the server is in the program.
func ExampleSource_Fetch() {
	server := httptest.NewServer(http.FileServerFS(fstest.MapFS{"my/release.json": {Data: []byte("content")}}))
	defer server.Close()
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	source := &release.Source{Mirror: server.URL, Dir: dir}
	path, err := source.Fetch(context.Background(), release.Release{
		Domain: "my-attack", Version: "1.0", Path: "my/release.json", Size: 7,
		SHA256: "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73",
	})
	if err != nil {
		panic(err)
	}
	name, _ := filepath.Rel(dir, path)
	fmt.Println(filepath.ToSlash(name))
	// Output: my/release.json
}

// Enterprise has no sum in this module: with one, its file opens like others.
func ExampleSource_OpenRelease() {
	source := &release.Source{Dir: "folder", Offline: true}
	_, err := source.OpenRelease(context.Background(), release.Release{
		Domain: "enterprise-attack", Version: "18.1", Path: "enterprise-attack/enterprise-attack-18.1.json", Size: 50_000_000,
		SHA256: "0000000000000000000000000000000000000000000000000000000000000000", // of the file you trust
	})
	fmt.Println(errors.Is(err, release.ErrOffline))
	// Output: true
}

func ExampleFromEnv() {
	os.Setenv("MITIGRAPH_OFFLINE", "1")
	defer os.Unsetenv("MITIGRAPH_OFFLINE")
	fmt.Println(release.FromEnv().Offline)
	// Output: true
}

func ExampleKnown() {
	newest := map[string]string{}
	for _, r := range release.Known() {
		newest[r.Domain] = r.Version
	}
	fmt.Println(newest)
	// Output:
	// map[ics-attack:18.1 mobile-attack:17.1]
}

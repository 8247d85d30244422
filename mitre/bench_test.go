package mitre

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	goccy "github.com/goccy/go-json"

	"github.com/mitigraph/mitigraph/data"
)

// releases are the bundles that the benchmarks load.
var releases = map[string]string{"ics": "ics-attack-18.1.json.gz", "enterprise": "enterprise-attack-18.1-stix20.json.gz"}

func release(b *testing.B, name string) []byte {
	b.Helper()
	f, err := os.Open(filepath.Join("..", "..", "shared", "data", "attack", releases[name]))
	if err != nil {
		b.Skipf("needs ../shared/data/attack/%s", releases[name])
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	return content
}

// BenchmarkLoad reads a bundle that is in memory: into a catalogue with all
// links; with goccy/go-json into the same structs and no more; and with
// encoding/json into maps, as one does without a library. held-MB is what
// stays in memory afterwards.
func BenchmarkLoad(b *testing.B) {
	for _, name := range []string{"ics", "enterprise"} {
		b.Run(name, func(b *testing.B) {
			content := release(b, name)
			for _, way := range []struct {
				name string
				load func() (any, error)
			}{
				{"catalog", func() (any, error) { return build(name, content) }},
				{"goccy", func() (any, error) {
					var bundle stixBundle
					return &bundle, goccy.Unmarshal(content, &bundle)
				}},
				{"encoding-json", func() (any, error) {
					var bundle map[string]any
					return &bundle, json.Unmarshal(content, &bundle)
				}},
			} {
				b.Run(way.name, func(b *testing.B) {
					before := held()
					first, err := way.load()
					if err != nil {
						b.Fatal(err)
					}
					stays := float64(held()-before) / (1 << 20)
					runtime.KeepAlive(first)
					b.SetBytes(int64(len(content)))
					b.ReportAllocs()
					for b.Loop() {
						if _, err := way.load(); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(stays, "held-MB")
				})
			}
		})
	}
	b.Run("embedded/catalog", func(b *testing.B) {
		content := embeddedFacts(b)
		for b.Loop() {
			if _, err := build("embedded", content); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkGrowth loads the ICS release once, twice, four and eight times
// over, each time with other STIX IDs: ns/KB shows whether the time grows
// faster than the input.
func BenchmarkGrowth(b *testing.B) {
	content := release(b, "ics")
	var one struct {
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(content, &one); err != nil {
		b.Fatal(err)
	}
	for _, times := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("times-%d", times), func(b *testing.B) {
			var all []json.RawMessage
			for i := range times {
				for _, o := range one.Objects {
					all = append(all, bytes.ReplaceAll(o, []byte(`--`), fmt.Appendf(nil, "--%d", i)))
				}
			}
			grown, err := json.Marshal(map[string]any{"type": "bundle", "id": "bundle--1", "objects": all})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := build("grown", grown); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(grown)>>10), "ns/KB")
		})
	}
}

func held() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkLookup(b *testing.B) {
	for _, name := range []string{"ics", "enterprise"} {
		b.Run(name, func(b *testing.B) {
			c, err := build(name, release(b, name))
			if err != nil {
				b.Fatal(err)
			}
			id, groupID := "T0843", "G0034"
			if name == "enterprise" {
				id = "T1059"
			}
			technique, ok := Find[*Technique](c, id)
			if !ok {
				b.Fatal("no ", id)
			}
			group, ok := Find[*Group](c, groupID)
			if !ok {
				b.Fatal("no ", groupID)
			}
			b.Run("attack-id", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, _ = Find[*Technique](c, id)
				}
			})
			b.Run("stix-id", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, _ = c.Lookup(technique.STIXID)
				}
			})
			b.Run("mitigations-of-technique", func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					n = 0
					for range Incoming[*Mitigation](c, technique, Mitigates) {
						n++
					}
				}
				b.ReportMetric(float64(n), "links")
			})
			b.Run("techniques-of-group", func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					n = 0
					for range Outgoing[*Technique](c, group, Uses) {
						n++
					}
				}
				b.ReportMetric(float64(n), "links")
			})
		})
	}
}

func embeddedFacts(b *testing.B) []byte {
	b.Helper()
	content, err := data.FS.ReadFile(data.AttackICS)
	if err != nil {
		b.Fatal(err)
	}
	return content
}

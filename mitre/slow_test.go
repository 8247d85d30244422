package mitre

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The STIX forms as a general decoder takes them. The decoder of this package
// is held against them, for what it reads and how fast.
type (
	stixBundle struct {
		Type    string        `json:"type"`
		Objects []*stixObject `json:"objects"`
	}
	stixObject struct {
		Type        string      `json:"type"`
		ID          string      `json:"id"`
		Name        string      `json:"name"`
		Description string      `json:"description"`
		Created     string      `json:"created"`
		Modified    string      `json:"modified"`
		Revoked     bool        `json:"revoked"`
		Deprecated  bool        `json:"x_mitre_deprecated"`
		Version     string      `json:"x_mitre_version"`
		Domains     []string    `json:"x_mitre_domains"`
		Platforms   []string    `json:"x_mitre_platforms"`
		Aliases     []string    `json:"aliases"`
		MITREAlias  []string    `json:"x_mitre_aliases"`
		Labels      []string    `json:"labels"`
		References  []Reference `json:"external_references"`

		KillChain    []stixPhase `json:"kill_chain_phases"`
		Subtechnique bool        `json:"x_mitre_is_subtechnique"`
		Shortname    string      `json:"x_mitre_shortname"`
		TacticRefs   []string    `json:"tactic_refs"`
		Sectors      []string    `json:"x_mitre_sectors"`
		Related      []struct {
			Name        string   `json:"name"`
			Sectors     []string `json:"related_asset_sectors"`
			Description string   `json:"description"`
		} `json:"x_mitre_related_assets"`
		FirstSeen     string          `json:"first_seen"`
		LastSeen      string          `json:"last_seen"`
		DataSourceRef string          `json:"x_mitre_data_source_ref"`
		AnalyticRefs  []string        `json:"x_mitre_analytic_refs"`
		LogSources    []stixLogSource `json:"x_mitre_log_sources"`
		LogSourceRefs []stixLogSource `json:"x_mitre_log_source_references"`

		RelationshipType string `json:"relationship_type"`
		SourceRef        string `json:"source_ref"`
		TargetRef        string `json:"target_ref"`
	}
	stixPhase struct {
		Chain string `json:"kill_chain_name"`
		Phase string `json:"phase_name"`
	}
	stixLogSource struct {
		Name    string `json:"name"`
		Channel string `json:"channel"`
		Ref     string `json:"x_mitre_data_component_ref"`
	}
)

// object makes the typed object, the simple way.
func (s *stixObject) object() Object {
	var own Reference
	if i := slices.IndexFunc(s.References, isOwnPage); i >= 0 {
		own = s.References[i]
	}
	p := Properties{
		STIXID: s.ID, STIXType: s.Type, ID: own.ID, Name: s.Name, Description: s.Description, URL: own.URL,
		Aliases: s.Aliases, Domains: s.Domains, Version: s.Version,
		Created: timeOf(s.Created), Modified: timeOf(s.Modified),
		Revoked: s.Revoked, Deprecated: s.Deprecated, References: references(s),
	}
	for _, platform := range s.Platforms {
		if platform != "None" {
			p.Platforms = append(p.Platforms, platform)
		}
	}
	if len(s.MITREAlias) > 0 {
		p.Aliases = s.MITREAlias
	}
	switch s.Type {
	case "x-mitre-tactic":
		return &Tactic{p, s.Shortname}
	case "attack-pattern":
		t := &Technique{Properties: p, IsSubtechnique: s.Subtechnique}
		for _, k := range s.KillChain {
			if strings.HasPrefix(k.Chain, "mitre-") {
				t.Tactics = append(t.Tactics, k.Phase)
			}
		}
		return t
	case "course-of-action":
		return &Mitigation{p, s.Labels}
	case "x-mitre-asset":
		a := &Asset{Properties: p, Sectors: s.Sectors}
		for _, r := range s.Related {
			a.Related = append(a.Related, RelatedAsset{r.Name, r.Sectors, r.Description})
		}
		return a
	case "intrusion-set":
		return &Group{p}
	case "malware", "tool":
		return &Software{p, s.Type == "tool"}
	case "campaign":
		return &Campaign{p, timeOf(s.FirstSeen), timeOf(s.LastSeen)}
	case "x-mitre-data-source":
		return &DataSource{p}
	case "x-mitre-data-component":
		return &DataComponent{p, s.DataSourceRef, logSources(s.LogSources)}
	case "x-mitre-detection-strategy":
		return &DetectionStrategy{p, s.AnalyticRefs}
	case "x-mitre-analytic":
		return &Analytic{p, logSources(s.LogSourceRefs)}
	case "x-mitre-matrix":
		return &Matrix{p, s.TacticRefs}
	}
	return &Other{p}
}

func logSources(in []stixLogSource) []LogSource {
	var out []LogSource
	for _, s := range in {
		if s.Channel == "None" {
			s.Channel = ""
		}
		out = append(out, LogSource{s.Name, s.Channel, s.Ref})
	}
	return out
}

// references returns what the object cites. It reuses the decoded slice.
func references(s *stixObject) []Reference {
	if s.References = slices.DeleteFunc(s.References, isOwnPage); len(s.References) == 0 {
		return nil
	}
	return s.References
}

func timeOf(s string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, s)
	return t
}

// simple reads a bundle with encoding/json. Of objects with one ID it gives
// each.
func simple(b []byte) (objects map[string][]Object, relationships map[string][]Relationship, err error) {
	var bundle stixBundle
	if err := json.Unmarshal(b, &bundle); err != nil {
		return nil, nil, err
	}
	objects, relationships = map[string][]Object{}, map[string][]Relationship{}
	for _, s := range bundle.Objects {
		switch {
		case s == nil || s.ID == "":
		case s.Type == "relationship":
			relationships[s.ID] = append(relationships[s.ID], Relationship{
				STIXID: s.ID, Type: RelationshipType(s.RelationshipType), Source: &Other{Properties{STIXID: s.SourceRef}}, Target: &Other{Properties{STIXID: s.TargetRef}},
				Description: s.Description, Created: timeOf(s.Created), Modified: timeOf(s.Modified),
				Revoked: s.Revoked, Deprecated: s.Deprecated, References: s.References,
			})
		default:
			objects[s.ID] = append(objects[s.ID], s.object())
		}
	}
	return objects, relationships, nil
}

// asJSON is a value without what the package keeps for itself, and without
// the difference between nil and empty.
func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return strings.NewReplacer(":[]", ":null").Replace(string(b))
}

// assertSimple holds a catalogue against the simple reading of its bundle.
func assertSimple(t testing.TB, c *Catalog, b []byte) {
	t.Helper()
	objects, relationships, err := simple(b)
	require.NoError(t, err)
	for o := range All[Object](c) {
		require.True(t, slices.ContainsFunc(objects[o.Common().STIXID], func(want Object) bool {
			return asJSON(t, want) == asJSON(t, o)
		}), "%s\n%s", asJSON(t, o), asJSON(t, objects[o.Common().STIXID]))
	}
	for r := range c.Relationships() {
		got := *r
		got.Source, got.Target = &Other{Properties{STIXID: r.Source.Common().STIXID}}, &Other{Properties{STIXID: r.Target.Common().STIXID}}
		require.True(t, slices.ContainsFunc(relationships[r.STIXID], func(want Relationship) bool {
			return asJSON(t, want) == asJSON(t, got)
		}), r.STIXID)
	}
	if len(c.Problems()) == 0 {
		assert.Len(t, objects, len(c.objects))
		assert.Len(t, relationships, len(c.rels))
	}
}

func TestAgainstSimple(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("..", "..", "shared", "data", "attack", "*.json.gz"))
	require.NoError(t, err)
	if len(names) == 0 {
		t.Skip("needs ../shared/data/attack")
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b := bundleOf(t, name)
			c, err := build(name, b)
			require.NoError(t, err)
			assertSimple(t, c, b)
		})
	}
}

// What the decoder takes, encoding/json takes with the same result, unless a
// name is in other case than the format's.
func FuzzAgainstSimple(f *testing.F) {
	for _, s := range []string{
		`{"type":"bundle","objects":[{"type":"malware","id":"m","aliases":["a",null,"\u00e9\ud83d\ude00\ud800"],"first_seen":null,"x":[1,-0.5e+3,{"a":{}}],
		 "external_references":[null,{"source_name":"mitre-attack","external_id":"S\n1","url":"u"},{"source_name":"other"}]}]}`,
		`{"type":"bundle","objects":[{"type":"relationship","id":"r","source_ref":"\u0061","target_ref":"a"},
		 {"type":"x-mitre-asset","id":"a","x_mitre_related_assets":[{"name":"n","related_asset_sectors":["s"]}],"external_references":[{"source_name":"mitre-attack","external_id":"A1"}]}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := build("fuzz", b)
		if err != nil {
			return
		}
		require.True(t, json.Valid(b))
		if otherCase(b) {
			return
		}
		assertSimple(t, c, b)
	})
}

// otherCase reports whether a name has letters that encoding/json takes for
// others.
func otherCase(b []byte) bool {
	d := json.NewDecoder(strings.NewReader(string(b)))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return false
		}
		if s, ok := token.(string); ok && (strings.ToLower(s) != s || strings.ContainsAny(s, "\u017f\u212a")) && strings.ContainsAny(strings.ToLower(s), "aeiou") {
			return true
		}
	}
}

func bundleOf(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return b
}

// Whatever the samples say, the indentation goes, or nothing does, and each
// byte knows where it was.
func TestSqueeze(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	indentation := regexp.MustCompile(`\n[ \t]+`)
	for name, of := range map[string]struct{ lines, indent, text int }{
		"empty": {}, "one line": {1, 9, 9}, "small": {100, 20, 40}, "large": {40_000, 20, 40}, "long lines": {2000, 4, 700},
		"no indentation": {20_000, 0, 60}, "only indentation": {20_000, 60, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var b []byte
			for i := range of.lines {
				if i > 0 {
					b = append(b, '\n')
				}
				// The indentation gets deeper, so that no sample is like the others.
				b = append(b, strings.Repeat(" \t"[r.IntN(2):][:1], r.IntN(1+of.indent*(i+1)/of.lines))...)
				b = append(b, strings.Repeat("x ", r.IntN(1+of.text))...)
			}
			got := squeeze(b)
			if want := indentation.ReplaceAllString(string(b), "\n"); got != want {
				require.True(t, got == string(b), "neither all nor nothing")
			}
			for range 100 {
				if i := r.IntN(len(got) + 1); i < len(got) {
					require.Equal(t, got[i], b[unsqueezed(b, i)])
				}
			}
			assert.Equal(t, len(b), unsqueezed(b, len(got)))
		})
	}
}

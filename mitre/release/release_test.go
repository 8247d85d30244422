package release_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/mitre/release"
)

func TestKnown(t *testing.T) {
	known := release.Known()
	var names []string
	paths, sums := map[string]bool{}, map[string]bool{}
	for _, r := range known {
		names = append(names, r.Domain+" "+r.Version)
		assert.Equal(t, r.Domain+"/"+r.Domain+"-"+r.Version+".json", r.Path)
		assert.False(t, paths[r.Path], r.Path)
		assert.False(t, sums[r.SHA256], r.SHA256)
		paths[r.Path], sums[r.SHA256] = true, true

		found, err := release.Find(r.Domain, r.Version)
		assert.NoError(t, err)
		assert.Equal(t, r, found)
	}
	assert.Len(t, names, 53)
	assert.Equal(t, "ics-attack 8.0", names[0])
	assert.Less(t, slices.Index(names, "ics-attack 9.0"), slices.Index(names, "ics-attack 10.0"))
	assert.Less(t, slices.Index(names, "ics-attack 18.1"), slices.Index(names, "mobile-attack 1.0"))
	assert.Equal(t, "mobile-attack 17.1", names[len(names)-1])

	known[0].SHA256 = ""
	assert.NotEmpty(t, release.Known()[0].SHA256, "the slice is the caller's")
}

func TestFindTellsWhatIsKnown(t *testing.T) {
	for name, test := range map[string]struct {
		domain, version string
		want            []string
	}{
		"a version":           {"ics-attack", "7.0", []string{"ATT&CK ics-attack 7.0: ", "known are 8.0, 8.1, ", "17.1, 18.0, 18.1, and the facts of 19.1"}},
		"the embedded one":    {"ics-attack", "19.1", []string{"and the facts of 19.1 that this module embeds"}},
		"no facts of Mobile":  {"mobile-attack", "19.1", []string{"known are 1.0, ", ", 17.1"}},
		"a domain":            {"enterprise-attack", "18.1", []string{"known are ics-attack and mobile-attack"}},
		"nothing":             {"", "", []string{"known are ics-attack and mobile-attack"}},
		"another way to type": {"ics-attack", "v18.1", []string{"known are 8.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := release.Find(test.domain, test.version)
			assert.Zero(t, r)
			require.ErrorIs(t, err, release.ErrUnknown)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	line := func(fields ...string) string { return "# comment\n\n" + strings.Join(fields, "\t") + "\r\n" }
	got, err := release.Parse(line("d", "1.0", sum, "7", "d/d.json"))
	require.NoError(t, err)
	assert.Equal(t, []release.Release{{Domain: "d", Version: "1.0", SHA256: sum, Size: 7, Path: "d/d.json"}}, got)

	for want, table := range map[string]string{
		"line 3: 4 fields, want 5":  line("d", "1.0", sum, "7"),
		`line 3: strconv.ParseInt`:  line("d", "1.0", sum, "7 kB", "d/d.json"),
		"Size is 0":                 line("d", "1.0", sum, "0", "d/d.json"),
		`SHA256 is "0a"`:            line("d", "1.0", "0a", "7", "d/d.json"),
		`Path is "../d.json"`:       line("d", "1.0", sum, "7", "../d.json"),
		`Path is "/d.json"`:         line("d", "1.0", sum, "7", "/d.json"),
		`Path is "."`:               line("d", "1.0", sum, "7", "."),
		`Path is "d//d.json", want`: line("d", "1.0", sum, "7", "d//d.json"),
	} {
		_, err := release.Parse(table)
		assert.ErrorContains(t, err, want)
	}
}

// The table that is embedded has a first line that names its source.
func TestTableNamesItsSource(t *testing.T) {
	b, err := data.FS.ReadFile(data.AttackReleases)
	require.NoError(t, err)
	assert.Regexp(t, `^# .*https://github.com/mitre-attack/attack-stix-data`, string(b))
}

func TestFromEnv(t *testing.T) {
	for _, name := range []string{"MITIGRAPH_ATTACK_MIRROR", "MITIGRAPH_CACHE", "MITIGRAPH_OFFLINE"} {
		t.Setenv(name, "")
	}
	assert.Equal(t, &release.Source{}, release.FromEnv())

	t.Setenv("MITIGRAPH_ATTACK_MIRROR", "https://mirror.example/attack")
	t.Setenv("MITIGRAPH_CACHE", "folder")
	t.Setenv("MITIGRAPH_OFFLINE", "1")
	assert.Equal(t, &release.Source{
		Mirror:  "https://mirror.example/attack",
		Dir:     "folder" + string(os.PathSeparator) + "attack",
		Offline: true,
	}, release.FromEnv())

	for value, want := range map[string]bool{"0": false, "false": false, "true": true, "yes": true, "no": true} {
		t.Setenv("MITIGRAPH_OFFLINE", value)
		assert.Equal(t, want, release.FromEnv().Offline, value)
	}
}

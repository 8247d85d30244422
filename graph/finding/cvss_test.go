package finding_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph/finding"
)

func TestBaseScore(t *testing.T) {
	for vector, want := range map[string]float64{
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U/MAV:P": 9.3, // the base score alone
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H":                              9.8,
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H":                              9.8,
		"AV:N/AC:L/Au:N/C:P/I:P/A:P":                                                7.5,
		"9.1":                                                                       9.1,
		"10":                                                                        10,
		"0.0":                                                                       0,
	} {
		score, err := finding.BaseScore(vector)
		require.NoError(t, err, vector)
		assert.InDelta(t, want, score, 0.001, vector)
	}
	const neither = "not a CVSS vector of version 2.0, 3.0, 3.1 or 4.0, nor a score from 0 to 10"
	for vector, want := range map[string]string{
		"": neither, "9.8 high": neither, ".": neither, "1.2.3": neither, "NaN": neither, "9,1,0": neither, "0x5": neither, "CVSS:9.1/AV:N": neither, "CVSS:3.1/": "",
		"11": "11 is not a score from 0 to 10", "99": "99 is not", "10.1": "10.1 is not", "-1": "-1 is not a score", "Inf": "Inf is not a score", "1e400": "1e400 is not a score", "100,5": "100,5 is not a score",
		"9,1": "write 9.1", "009.1": "write 9.1", "09": "write 9", "+5": "write 5", "9.": "write 9", ".5": "write 0.5", "1e1": "write 10", "9.10e0": "write 9.1", "9.1000": "write 9.1",
		"9.80000019": "at most three behind the point",
		"9.1/10":     "write 9.1", "9,1 / 10": "write 9.1", "11/10": "11 is not a score",
		"AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H":                                   "begins with its version, CVSS:3.1/ or CVSS:3.0/: write CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"av:n/ac:l/pr:n/ui:n/s:u/c:h/i:h/a:h":                                   "write CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"cvss:3.1/av:n/ac:l/pr:n/ui:n/s:u/c:h/i:h/a:h":                          "write CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"(AV:N/AC:L/Au:N/C:P/I:P/A:P)":                                          "write AV:N/AC:L/Au:N/C:P/I:P/A:P",
		"av:n/ac:l/au:n/c:p/i:p/a:p":                                            "write AV:N/AC:L/Au:N/C:P/I:P/A:P",
		"CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P":                                   "write AV:N/AC:L/Au:N/C:P/I:P/A:P",
		"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N":                "version 4 begins with its version: write CVSS:4.0/AV:N",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" + strings.Repeat("/", 9): "",
	} {
		_, err := finding.BaseScore(vector)
		require.ErrorContains(t, err, want, vector)
	}
}

// A newer version is worth more than a higher score, a score alone the least.
func TestCompareCVSS(t *testing.T) {
	ordered := []string{"5.0", "10.0", "AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.1/AV:L/AC:L/PR:L/UI:R/S:U/C:H/I:N/A:N", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
	assert.True(t, slices.IsSortedFunc(ordered, finding.CompareCVSS))
	assert.Negative(t, finding.CompareCVSS(ordered[0], ordered[4]))
	assert.Zero(t, finding.CompareCVSS("7", "7.0"))
}

func TestScoresAloneAreRead(t *testing.T) {
	for content, want := range map[string]string{
		`{"id":"A","cvss":9.1}`:                                "9.1",
		`{"id":"A","cvss":" 9.1 "}`:                            "9.1",
		"id,cvss\nA,9.1\n":                                     "9.1",
		`{"id":"A","cvss":1e1}`:                                "10",
		`{"id":"A","cvss":91e-1}`:                              "9.1",
		`{"id":"A","cvss":9.10000}`:                            "9.1",
		`{"id":"A","cvss":9.80000019}`:                         "9.80000019",
		`{"id":"A","cvss":-3}`:                                 "-3", // what none is stays, to be told of
		`{"id":"A","cvss":1` + strings.Repeat("0", 5000) + `}`: "1" + strings.Repeat("0", 39) + "…",
	} {
		found, skipped, err := finding.Collect(finding.Read(t.Context(), "x", strings.NewReader(content), finding.JSON, finding.CSV))
		require.NoError(t, err)
		assert.Empty(t, skipped)
		require.Len(t, found, 1)
		assert.Equal(t, want, found[0].CVSS)
	}
}

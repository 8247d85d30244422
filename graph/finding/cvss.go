package finding

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// BaseScore returns the base score, 0 to 10, of a CVSS vector of version 2.0 to
// 4.0, whose metrics beyond the base don't change it, or the score that stands
// there alone: "9.1".
func BaseScore(vector string) (float64, error) {
	switch {
	case scoreAlone(vector):
		score, err := strconv.ParseFloat(vector, 64)
		if err == nil && score > 10 {
			err = fmt.Errorf("%s is not a score from 0 to 10", vector)
		}
		if err != nil {
			return 0, err
		}
		return score, nil
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := gocvss40.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		for _, m := range beyondBase {
			if err := v.Set(m, "X"); err != nil {
				return 0, err
			}
		}
		return v.Score(), nil
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := gocvss31.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return v.BaseScore(), nil
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return v.BaseScore(), nil
	case strings.HasPrefix(vector, "AV:"):
		v, err := gocvss20.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return v.BaseScore(), nil
	}
	return 0, errors.New("not a CVSS vector of version 2.0, 3.0, 3.1 or 4.0, nor a score from 0 to 10")
}

// scoreAlone says whether a text is a plain decimal number of at most 5 bytes.
func scoreAlone(s string) bool {
	return s != "" && len(s) <= 5 && '0' <= s[0] && s[0] <= '9' && strings.Trim(s, "0123456789.") == "" && strings.Count(s, ".") <= 1
}

// beyondBase are the metrics of CVSS 4.0 that its score has beyond the base
// score: threat, requirements and the environment's own values.
var beyondBase = []string{"E", "CR", "IR", "AR", "MAV", "MAC", "MAT", "MPR", "MUI", "MVC", "MVI", "MVA", "MSC", "MSI", "MSA"}

// CompareCVSS orders what [BaseScore] takes: vectors of a newer version are
// greater, scores alone the least, and among those of one kind the higher base
// score is greater. It returns a number below, of or above zero.
func CompareCVSS(a, b string) int {
	if c := strings.Compare(versionOf(a), versionOf(b)); c != 0 {
		return c
	}
	x, _ := BaseScore(a)
	y, _ := BaseScore(b)
	return cmp.Compare(x, y)
}

// versionOf is "3.1" for "CVSS:3.1/..."; version 2.0 has no such beginning, and
// a score alone no version.
func versionOf(vector string) string {
	if scoreAlone(vector) {
		return ""
	}
	rest, ok := strings.CutPrefix(vector, "CVSS:")
	if !ok {
		return "2.0"
	}
	version, _, _ := strings.Cut(rest, "/")
	return version
}

package finding

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// BaseScore returns the base score, 0 to 10, of a CVSS vector of version 2.0 to
// 4.0, whose metrics beyond the base don't change it, or the score that stands
// there alone: from 0 to 10, in digits, with a point and one to three more where
// it is not whole, and no zero before others: "9.1", "10", "0.5". An error says
// how to write what is nearly one.
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
			return 0, noVector(vector, err)
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
			return 0, noVector(vector, err)
		}
		return v.BaseScore(), nil
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(vector)
		if err != nil {
			return 0, noVector(vector, err)
		}
		return v.BaseScore(), nil
	case strings.HasPrefix(vector, "AV:"):
		v, err := gocvss20.ParseVector(vector)
		if err != nil {
			return 0, noVector(vector, err)
		}
		return v.BaseScore(), nil
	}
	return 0, noVector(vector, noScore(vector))
}

// noVector says how to write what is nearly a vector, else the error given.
func noVector(s string, err error) error {
	const longest = 400 // of one with every metric
	if len(s) > longest {
		return err
	}
	plain := strings.Replace(strings.ToUpper(strings.Trim(s, " ()")), "/AU:", "/Au:", 1) // of version 2
	for _, before := range []string{"CVSS:2.0/", "CVSS2#", "CVSS3#"} {                   // which some databases write
		plain = strings.TrimPrefix(plain, before)
	}
	for _, v := range []struct{ prefix, hint string }{
		{"", ""},
		{"CVSS:3.1/", "a vector of version 3 begins with its version, CVSS:3.1/ or CVSS:3.0/: "},
		{"CVSS:4.0/", "a vector of version 4 begins with its version: "},
	} {
		if write := v.prefix + plain; write != s && isVector(write) {
			return fmt.Errorf("%swrite %s", v.hint, write)
		}
	}
	return err
}

func isVector(s string) bool {
	var err error
	switch {
	case strings.HasPrefix(s, "CVSS:4.0/"):
		_, err = gocvss40.ParseVector(s)
	case strings.HasPrefix(s, "CVSS:3.1/"):
		_, err = gocvss31.ParseVector(s)
	case strings.HasPrefix(s, "CVSS:3.0/"):
		_, err = gocvss30.ParseVector(s)
	case strings.HasPrefix(s, "AV:"):
		_, err = gocvss20.ParseVector(s)
	default:
		return false
	}
	return err == nil
}

// noScore says what is wrong with what is neither a vector nor a score.
func noScore(s string) error {
	pointed := strings.Replace(s, ",", ".", 1)
	if of, ok := strings.CutSuffix(strings.ReplaceAll(pointed, " ", ""), "/10"); ok && scoreAlone(of) {
		if _, err := BaseScore(of); err != nil {
			return err
		}
		return fmt.Errorf("a score is written alone: write %s", of)
	}
	n, err := strconv.ParseFloat(pointed, 64)
	switch write := strconv.FormatFloat(n, 'f', -1, 64); {
	case err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(n):
		return errors.New("not a CVSS vector of version 2.0, 3.0, 3.1 or 4.0, nor a score from 0 to 10")
	case !(n >= 0 && n <= 10):
		return fmt.Errorf("%s is not a score from 0 to 10", Plain(s, 40))
	case scoreAlone(write):
		return fmt.Errorf("a score is written with a point, as plain digits: write %s", write)
	}
	return errors.New("a score is written as plain digits, with at most three behind the point")
}

// scoreAlone says whether a text is written as a score is.
func scoreAlone(s string) bool {
	whole, rest, pointed := strings.Cut(s, ".")
	return isDigits(whole) && len(whole) <= 2 && (whole == "0" || whole[0] != '0') && (!pointed || isDigits(rest) && len(rest) <= 3)
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

// Package csaf reads CSAF 2.0 advisories as findings. It answers: which
// vulnerabilities of an advisory affect a product, and by which weakness?
//
// The types and their rules are those of the BSI's library; this package picks
// what an assessment needs. It never judges an advisory's formal validity: what
// can be read is read, and what can't is named.
package csaf

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocsaf/csaf/v3/csaf"
	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// maxAdvisory bounds one advisory, in bytes. The largest of CISA's have about
// one megabyte.
const maxAdvisory = 64 << 20

// maxText bounds, in characters, what every finding of an advisory repeats
// (its ID and title, names of its product tree), so that a small file can't
// become large findings.
const maxText = 200

// Format reads a CSAF 2.0 advisory: one finding for each vulnerability, with
// the ID "TRACKING-ID/CVE", the weakness, the highest CVSS vector (version 3
// before 2) and the affected products as device. CSAF 2.0 has no member that
// says a vulnerability is known to be exploited, only prose; KEV stays false.
//
// Only vulnerabilities that affect a product count: those with a product
// under known, first or last affected or under investigation, and those
// whose advisory says nothing about the status. One whose products are all
// fixed or not affected is reported as a [finding.RecordError] that loses
// nothing, and so is an advisory without vulnerabilities. The advisory's
// remediations are not read.
//
// What an assessment has no use for is not looked at. Where a member that it
// needs breaks the standard's rules, that member is reported as a
// [finding.RecordError] with its place and left out, as if the advisory had
// not had it; the rest is read. Input that is no JSON, of another version or
// over 64 MiB ends the reading, and so do vulnerabilities that are no list.
var Format = finding.Format{Name: "CSAF 2.0", Match: match, Read: read}

// match goes by the outermost members: a finding may quote an advisory. The
// version may lie behind a product tree that fills the head.
func match(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	names := finding.Members(head)
	return !slices.Contains(names, "findings") &&
		(slices.Contains(names, "document") && bytes.Contains(head, []byte(`"csaf_version"`)) || slices.Contains(names, "product_tree"))
}

func read(ctx context.Context, name string, r io.Reader) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		a, err := load(r)
		if err != nil {
			yield(finding.Finding{}, fmt.Errorf("%s: %w", name, err))
			return
		}
		report := func(problems []problem) bool {
			for _, p := range problems {
				if !yield(finding.Finding{}, &finding.RecordError{File: name, Where: p.place, Err: p.err, Lost: p.lost}) {
					return false
				}
			}
			return true
		}
		if len(a.vulnerabilities) == 0 {
			a.problems = append(a.problems, problem{"vulnerabilities", errors.New("the advisory lists none"), finding.LostNothing})
		}
		if a.id == "" {
			a.id = filepath.Base(name)
		}
		if !report(a.problems) {
			return
		}
		used, first := map[string]bool{}, map[string]int{}
		for i, raw := range a.vulnerabilities {
			if err := ctx.Err(); err != nil {
				yield(finding.Finding{}, fmt.Errorf("%s: %w", name, err))
				return
			}
			if j, twice := first[string(raw)]; twice && bytes.Contains(raw, []byte(`"cve"`)) {
				if !report([]problem{{fmt.Sprintf("vulnerabilities[%d]", i), fmt.Errorf("the same as vulnerabilities[%d]; it counts once", j), finding.LostNothing}}) {
					return
				}
				continue
			}
			first[string(raw)] = i
			f, ok, problems := a.finding(i, raw, used)
			f.Source = name
			if !report(problems) || ok && !yield(f, nil) {
				return
			}
		}
	}
}

// advisory is what an assessment needs of one.
type advisory struct {
	id, title       string
	products        map[csaf.ProductID]*label
	vulnerabilities []json.RawMessage
	problems        []problem // of the parts above
}

// problem is a part of an advisory that can't be used.
type problem struct {
	place string
	err   error
	lost  finding.Loss
}

func load(r io.Reader) (*advisory, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxAdvisory+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > maxAdvisory:
		return nil, fmt.Errorf("an advisory of more than %d MiB", maxAdvisory>>20)
	case !utf8.Valid(b): // the decoder would put one and the same character for each
		return nil, errors.New("text that is not UTF-8; CSAF is")
	}
	var parts struct {
		Document        json.RawMessage   `json:"document"`
		ProductTree     json.RawMessage   `json:"product_tree"`
		Vulnerabilities []json.RawMessage `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return nil, located(b, err)
	}
	if err := checkVersion(parts.Document); err != nil {
		return nil, err
	}
	a := &advisory{vulnerabilities: parts.Vulnerabilities, problems: ambiguous(finding.Members(b))}
	// Not the library's Document: of its many rules none matters here.
	document, problems := pick[struct {
		Title    string
		Tracking struct{ ID string }
	}]("document", parts.Document, "title", "tracking")
	a.id, a.title = finding.Plain(document.Tracking.ID, maxText), finding.Plain(document.Title, maxText)
	a.problems = append(a.problems, problems...)
	if len(parts.ProductTree) > 0 {
		tree, problems := productTree(parts.ProductTree)
		a.products = labels(tree)
		a.problems = append(a.problems, problems...)
	}
	return a, nil
}

// ambiguous reports members that stand there twice, in whatever case: JSON
// leaves open which of them counts, and here it is the last.
func ambiguous(names []string) (problems []problem) {
	seen := map[string]bool{}
	for _, name := range names {
		switch name = strings.ToLower(name); {
		case name != "document" && name != "product_tree" && name != "vulnerabilities":
		case seen[name]:
			problems = append(problems, problem{name, errors.New("the member stands there twice; only the last one is read"), finding.LostRecord})
		default:
			seen[name] = true
		}
	}
	return problems
}

// checkVersion: the library knows version 2.0 only and would say no more than
// that another one does not match.
func checkVersion(document json.RawMessage) error {
	var members map[string]json.RawMessage
	if len(document) == 0 || json.Unmarshal(document, &members) != nil {
		return errors.New("document: want an object with the advisory's csaf_version")
	}
	switch version := members["csaf_version"]; {
	case version == nil:
		return errors.New("document.csaf_version: missing")
	case string(version) != `"2.0"`:
		return fmt.Errorf("document.csaf_version: %s can't be read, only 2.0", finding.Plain(strings.Trim(string(version), `"`), 40))
	}
	return nil
}

// pick decodes the named members of an object. A member that does not fit is
// reported and left out. The result is never nil.
func pick[T any](place string, raw json.RawMessage, members ...string) (*T, []problem) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil || all == nil {
		return new(T), []problem{{place, errors.New("want an object"), finding.LostMember}}
	}
	kept := map[string]json.RawMessage{}
	for _, m := range members {
		if all[m] != nil {
			kept[m] = all[m]
		}
	}
	v := new(T)
	if decode(kept, v) == nil {
		return v, nil
	}
	var problems []problem
	for _, m := range members {
		if err := decode(map[string]json.RawMessage{m: kept[m]}, new(T)); kept[m] != nil && err != nil {
			problems = append(problems, misfit(place+"."+m, err))
			delete(kept, m)
		}
	}
	v = new(T)
	if err := decode(kept, v); err != nil {
		return new(T), append(problems, misfit(place, err))
	}
	return v, problems
}

// decode runs the library's decoders, which must not take the process down,
// whatever the file holds.
func decode(members map[string]json.RawMessage, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("can't be read: %v", p)
		}
	}()
	b, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// misfit words the error of a member that is left out, which is the whole one
// at place, however deep inside it the fault is.
func misfit(place string, err error) problem {
	left := place[strings.LastIndexByte(place, '.')+1:]
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		if _, inner, ok := strings.Cut(typed.Field, "."); ok {
			place += "." + inner
		}
		found, _, _ := strings.Cut(typed.Value, " ")
		return problem{place, fmt.Errorf("a JSON %s can't stand here; %s left out", found, left), finding.LostMember}
	}
	// The library quotes the value, however long, and its pattern.
	return problem{place, fmt.Errorf("%s; %s left out", finding.Plain(err.Error(), maxText), left), finding.LostMember}
}

// located says where in the JSON an error is.
func located(b []byte, err error) error {
	line := func(offset int64) int { return 1 + bytes.Count(b[:min(int(offset), len(b))], []byte("\n")) }
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d, byte %d: %w", line(syntax.Offset), syntax.Offset, err)
	case errors.As(err, &typed):
		found, _, _ := strings.Cut(typed.Value, " ")
		return fmt.Errorf("%s (line %d): a JSON %s can't stand here", typed.Field, line(typed.Offset), found)
	}
	return err
}

// finding makes one of a vulnerability; false when it affects no product or
// is none. The IDs in use are kept in used.
func (a *advisory) finding(i int, raw json.RawMessage, used map[string]bool) (f finding.Finding, ok bool, problems []problem) {
	place := fmt.Sprintf("vulnerabilities[%d]", i)
	if string(raw) == "null" {
		return f, false, []problem{{place, errors.New("want an object, found null"), finding.LostRecord}}
	}
	if len(raw) > 0 && raw[0] != '{' {
		return f, false, []problem{{place, errors.New("want an object"), finding.LostRecord}}
	}
	v, problems := pick[csaf.Vulnerability](place, raw, "cve", "cwe", "notes", "product_status", "scores", "title")
	affected, ok := affectedBy(v.ProductStatus)
	if !ok {
		return f, false, append(problems, problem{place, fmt.Errorf("%s affects none of the products: they are fixed or not affected", finding.Plain(a.titleOf(v), 0)), finding.LostNothing})
	}
	f = finding.Finding{
		ID: a.id, Title: a.titleOf(v), Description: description(v),
		Device: device(a.products, affected),
	}
	var misstated []problem
	f.CVSS, misstated = vector(v.Scores)
	for _, p := range misstated {
		problems = append(problems, problem{place + "." + p.place, p.err, p.lost})
	}
	if v.CVE != nil {
		f.CVEs = []string{string(*v.CVE)}
		f.ID += "/" + string(*v.CVE)
	}
	if v.CVE == nil || used[f.ID] {
		f.ID += fmt.Sprintf("#%d", i+1)
	}
	used[f.ID] = true
	if v.CWE != nil && v.CWE.ID != nil {
		f.Weaknesses = []string{string(*v.CWE.ID)}
	}
	return f, true, problems
}

// titleOf is the vulnerability's title, or the document's with the weakness
// or the CVE ID.
func (a *advisory) titleOf(v *csaf.Vulnerability) string {
	if v.Title != nil && strings.TrimSpace(*v.Title) != "" {
		return strings.TrimSpace(*v.Title)
	}
	var parts []string
	if a.title != "" {
		parts = append(parts, a.title)
	}
	if v.CWE != nil && v.CWE.Name != nil && strings.TrimSpace(*v.CWE.Name) != "" {
		parts = append(parts, strings.TrimSpace(*v.CWE.Name))
	} else if v.CVE != nil {
		parts = append(parts, string(*v.CVE))
	}
	if len(parts) == 0 {
		return "a vulnerability"
	}
	return strings.Join(parts, ": ")
}

// description is the first summary, else the first description.
func description(v *csaf.Vulnerability) string {
	for _, want := range []csaf.NoteCategory{csaf.CSAFNoteCategorySummary, csaf.CSAFNoteCategoryDescription, csaf.CSAFNoteCategoryGeneral} {
		for _, n := range v.Notes {
			if n != nil && n.NoteCategory != nil && *n.NoteCategory == want && n.Text != nil {
				return strings.TrimSpace(*n.Text)
			}
		}
	}
	return ""
}

// vector returns the CVSS vector with the highest base score, version 3
// before version 2; the empty string when there is none. The score is the
// vector's own, since the one that an advisory states beside it may be wrong.
func vector(scores csaf.Scores) (vector string, problems []problem) {
	best3, best2 := math.Inf(-1), math.Inf(-1)
	vector3, vector2 := "", ""
	for i, s := range scores {
		if s == nil {
			continue
		}
		if c := s.CVSS3; c != nil && c.VectorString != nil {
			base, ok := baseOf(string(*c.VectorString), c.BaseScore)
			if base > best3 {
				best3, vector3 = base, string(*c.VectorString)
			}
			if !ok {
				problems = append(problems, misstated(i, "cvss_v3", *c.BaseScore, base))
			}
		}
		if c := s.CVSS2; c != nil && c.VectorString != nil {
			base, ok := baseOf(string(*c.VectorString), c.BaseScore)
			if base > best2 {
				best2, vector2 = base, string(*c.VectorString)
			}
			if !ok {
				problems = append(problems, misstated(i, "cvss_v2", *c.BaseScore, base))
			}
		}
	}
	if vector3 != "" {
		return vector3, problems
	}
	return vector2, problems
}

func misstated(i int, member string, stated, base float64) problem {
	return problem{fmt.Sprintf("scores[%d].%s.baseScore", i, member),
		fmt.Errorf("%v is not the base score of the vector beside it, which is %.1f and counts", stated, base), finding.LostNothing}
}

// baseOf computes a vector's base score; false when another one is stated. Of
// a vector that is none, the stated score is all there is.
func baseOf(vector string, stated *float64) (base float64, ok bool) {
	var v interface{ BaseScore() float64 }
	var err error
	switch {
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err = gocvss31.ParseVector(vector)
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err = gocvss30.ParseVector(vector)
	default:
		v, err = gocvss20.ParseVector(vector)
	}
	switch {
	case err == nil:
		base = v.BaseScore()
		return base, stated == nil || math.Abs(*stated-base) < 0.05
	case stated == nil || *stated < 0 || *stated > 10:
		return 0, true
	}
	return *stated, true
}

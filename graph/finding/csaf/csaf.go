// Package csaf reads CSAF 2.0 advisories as findings. It answers: which
// vulnerabilities of an advisory affect a product, and by which weakness?
//
// Parsing is the BSI's library's; this package picks what an assessment
// needs. It never judges an advisory's formal validity: one that can be read
// is read.
package csaf

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/gocsaf/csaf/v3/csaf"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// maxAdvisory bounds one advisory, in bytes. The largest of CISA's have about
// one megabyte.
const maxAdvisory = 64 << 20

// maxProducts is how many product names a finding's device shows.
const maxProducts = 3

// Format reads a CSAF 2.0 advisory: one finding for each vulnerability, with
// the ID "TRACKING-ID/CVE", the weakness, the highest CVSS vector (version 3
// before 2) and the affected products as device.
//
// Only vulnerabilities that affect a product count: those with a product
// under known, first or last affected or under investigation, and those
// whose advisory says nothing about the status. One whose products are all
// fixed or not affected is reported as a [finding.RecordError], and so is an
// advisory without vulnerabilities.
var Format = finding.Format{Name: "CSAF 2.0", Match: match, Read: read}

func match(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && head[0] == '{' && bytes.Contains(head, []byte(`"csaf_version"`))
}

func read(ctx context.Context, name string, r io.Reader) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		a, err := load(r)
		if err != nil {
			yield(finding.Finding{}, fmt.Errorf("%s: %w", name, err))
			return
		}
		skip := func(place, format string, args ...any) bool {
			return yield(finding.Finding{}, &finding.RecordError{File: name, Where: place, Err: fmt.Errorf(format, args...)})
		}
		if len(a.Vulnerabilities) == 0 {
			skip("vulnerabilities", "the advisory lists none")
			return
		}
		products := names(a.ProductTree)
		used := map[string]bool{}
		for i, v := range a.Vulnerabilities {
			if err := ctx.Err(); err != nil {
				yield(finding.Finding{}, err)
				return
			}
			place := fmt.Sprintf("vulnerabilities[%d]", i)
			if v == nil {
				if !skip(place, "want an object, found null") {
					return
				}
				continue
			}
			affected, ok := affectedBy(v.ProductStatus)
			if !ok {
				if !skip(place, "%s affects none of the products: they are fixed or not affected", title(a, v)) {
					return
				}
				continue
			}
			f := finding.Finding{
				ID: trackingID(a, name), Title: title(a, v), Description: description(v),
				Device: device(products, affected), CVSS: vector(v.Scores), Source: name,
			}
			if v.CVE != nil {
				f.CVEs = []string{string(*v.CVE)}
				f.ID += "/" + string(*v.CVE)
			} else {
				f.ID += fmt.Sprintf("#%d", i+1)
			}
			if used[f.ID] {
				f.ID += fmt.Sprintf("#%d", i+1)
			}
			used[f.ID] = true
			if v.CWE != nil && v.CWE.ID != nil {
				f.Weaknesses = []string{string(*v.CWE.ID)}
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// load decodes an advisory. The library's decoder must not take the process
// down, whatever the file holds.
func load(r io.Reader) (a *csaf.Advisory, err error) {
	defer func() {
		if p := recover(); p != nil {
			a, err = nil, fmt.Errorf("can't be read as CSAF: %v", p)
		}
	}()
	b, err := io.ReadAll(io.LimitReader(r, maxAdvisory+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > maxAdvisory:
		return nil, fmt.Errorf("an advisory of more than %d MiB", maxAdvisory>>20)
	}
	// The library knows version 2.0 only and would say no more than that
	// another one does not match.
	var version struct {
		Document struct {
			Version any `json:"csaf_version"`
		} `json:"document"`
	}
	if json.Unmarshal(b, &version) == nil && version.Document.Version != "2.0" {
		return nil, fmt.Errorf("document.csaf_version: %v can't be read, only 2.0", version.Document.Version)
	}
	a = &csaf.Advisory{}
	if err := json.Unmarshal(b, a); err != nil {
		return nil, located(b, err)
	}
	return a, nil
}

// located says where in the JSON an error is.
func located(b []byte, err error) error {
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", 1+bytes.Count(b[:min(int(syntax.Offset), len(b))], []byte("\n")), err)
	case errors.As(err, &typed):
		return fmt.Errorf("%s (line %d): a JSON %s can't stand here", typed.Field, 1+bytes.Count(b[:min(int(typed.Offset), len(b))], []byte("\n")), typed.Value)
	}
	// The library's own checks of values say what, but not where.
	return fmt.Errorf("not valid CSAF: %w", err)
}

func trackingID(a *csaf.Advisory, name string) string {
	if a.Document != nil && a.Document.Tracking != nil && a.Document.Tracking.ID != nil {
		return string(*a.Document.Tracking.ID)
	}
	return name
}

// title is the vulnerability's, or the document's with the CVE ID.
func title(a *csaf.Advisory, v *csaf.Vulnerability) string {
	if v.Title != nil && strings.TrimSpace(*v.Title) != "" {
		return strings.TrimSpace(*v.Title)
	}
	var parts []string
	if a.Document != nil && a.Document.Title != nil {
		parts = append(parts, strings.TrimSpace(string(*a.Document.Title)))
	}
	if v.CWE != nil && v.CWE.Name != nil {
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

// affectedBy returns the affected products; false when the advisory says that
// none is.
func affectedBy(s *csaf.ProductStatus) ([]csaf.ProductID, bool) {
	if s == nil {
		return nil, true
	}
	var ids []csaf.ProductID
	for _, list := range []*csaf.Products{s.KnownAffected, s.FirstAffected, s.LastAffected, s.UnderInvestigation} {
		if list == nil {
			continue
		}
		for _, id := range *list {
			if id != nil && !slices.Contains(ids, *id) {
				ids = append(ids, *id)
			}
		}
	}
	said := false
	for _, list := range []*csaf.Products{s.Fixed, s.FirstFixed, s.KnownNotAffected} {
		said = said || list != nil && len(*list) > 0
	}
	return ids, len(ids) > 0 || !said
}

// vector returns the CVSS vector with the highest base score, version 3
// before version 2; the empty string when there is none.
func vector(scores csaf.Scores) string {
	best3, best2 := -1.0, -1.0
	vector3, vector2 := "", ""
	for _, s := range scores {
		if s == nil {
			continue
		}
		if c := s.CVSS3; c != nil && c.VectorString != nil && base(c.BaseScore) > best3 {
			best3, vector3 = base(c.BaseScore), string(*c.VectorString)
		}
		if c := s.CVSS2; c != nil && c.VectorString != nil && base(c.BaseScore) > best2 {
			best2, vector2 = base(c.BaseScore), string(*c.VectorString)
		}
	}
	if vector3 != "" {
		return vector3
	}
	return vector2
}

func base(score *float64) float64 {
	if score == nil {
		return 0
	}
	return *score
}

// device names the affected products, the first few of them.
func device(names map[csaf.ProductID]string, ids []csaf.ProductID) string {
	var shown []string
	for _, id := range ids {
		n := names[id]
		if n == "" {
			n = string(id)
		}
		if !slices.Contains(shown, n) {
			shown = append(shown, n)
		}
	}
	if n := len(shown) - maxProducts; n > 0 {
		shown = append(shown[:maxProducts], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(shown, "; ")
}

// names gives each product of the tree its vendor's and its own name, without
// versions: an assessor looks for the product first. A product outside the
// branches has its full name.
func names(t *csaf.ProductTree) map[csaf.ProductID]string {
	out := map[csaf.ProductID]string{}
	if t == nil {
		return out
	}
	var walk func(branches csaf.Branches, path []string)
	walk = func(branches csaf.Branches, path []string) {
		for _, b := range branches {
			if b == nil {
				continue
			}
			here := path
			if b.Category != nil && b.Name != nil {
				switch *b.Category {
				case csaf.CSAFBranchCategoryVendor, csaf.CSAFBranchCategoryProductFamily, csaf.CSAFBranchCategoryProductName:
					here = append(slices.Clip(path), strings.TrimSpace(*b.Name))
				}
			}
			if b.Product != nil && b.Product.ProductID != nil {
				out[*b.Product.ProductID] = strings.Join(here, " ")
			}
			walk(b.Branches, here)
		}
	}
	walk(t.Branches, nil)
	full := func(p *csaf.FullProductName) {
		if p != nil && p.ProductID != nil && p.Name != nil {
			out[*p.ProductID] = strings.TrimSpace(*p.Name)
		}
	}
	if t.FullProductNames != nil {
		for _, p := range *t.FullProductNames {
			full(p)
		}
	}
	if t.RelationShips != nil {
		for _, r := range *t.RelationShips {
			if r != nil {
				full(r.FullProductName)
			}
		}
	}
	return out
}

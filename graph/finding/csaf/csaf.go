// Package csaf reads CSAF 2.0 advisories as findings. It answers: which
// vulnerabilities of an advisory affect a product, and by which weakness?
//
// The types and their rules are those of the BSI's library; this package picks
// what an assessment needs. An advisory is held in memory whole, up to 64 MiB;
// one of CISA's takes some milliseconds. The package never judges an advisory's
// formal validity: what can be read is read, and what can't is named.
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
	"strings"

	"github.com/gocsaf/csaf/v3/csaf"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/internal/document"
)

// problem is a part of an advisory that can't be used.
type problem = document.Problem

// Format reads a CSAF 2.0 advisory: one finding for each vulnerability, with
// the ID "TRACKING-ID/CVE", the weakness, the highest CVSS vector (version 3
// before 2) and the affected product as device or, where there are several, all
// of them as Affected, each a device by itself, with their versions. CSAF 2.0 has no member that
// says a vulnerability is known to be exploited, only prose; KEV stays false.
//
// Only vulnerabilities that affect a product count: those with a product
// under known, first or last affected or under investigation, and those
// whose advisory says nothing about the status. One whose products are all
// fixed or not affected is reported as a [finding.RecordError] that loses
// nothing, and so is an advisory without vulnerabilities.
//
// Products has the names of all affected products, with and without vendor and
// version, and their identifiers: CPE, package URL, model numbers, SKUs, serial
// numbers. A product that is a relationship of two others is neither of them.
// Remedies has the remediations for products that are affected.
//
// What an assessment has no use for is not looked at. Where a member that it
// needs breaks the standard's rules, that member is reported as a
// [finding.RecordError] with its place and left out, as if the advisory had
// not had it; the rest is read. Input that is no JSON, of another version or
// over 64 MiB ends the reading, and so do vulnerabilities that are no list.
var Format = finding.Format{Name: "CSAF 2.0", Match: match, Read: read}

func match(head []byte) bool { return finding.Recognise(head) == finding.KindCSAF }

func read(ctx context.Context, name string, r io.Reader) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		a, err := load(r)
		if err != nil {
			yield(finding.Finding{}, fmt.Errorf("%s: %w", name, err))
			return
		}
		report := func(problems []problem) bool {
			for _, p := range problems {
				if !yield(finding.Finding{}, p.Record(name)) {
					return false
				}
			}
			return true
		}
		if len(a.vulnerabilities) == 0 {
			a.problems = append(a.problems, document.Trouble("vulnerabilities", finding.LostNothing, "the advisory lists none"))
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
				if !report([]problem{document.Trouble(fmt.Sprintf("vulnerabilities[%d]", i), finding.LostNothing, "the same as vulnerabilities[%d]; it counts once", j)}) {
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
	products        map[csaf.ProductID]*product
	groups          map[string][]csaf.ProductID
	room            int  // bytes of products' names that findings may still repeat
	full            bool // it was said that there is no room
	vulnerabilities []json.RawMessage
	problems        []problem // of the parts above
}

func load(r io.Reader) (*advisory, error) {
	b, err := document.Load(r, "an advisory")
	if err != nil {
		return nil, err
	}
	var parts struct {
		Document        json.RawMessage   `json:"document"`
		ProductTree     json.RawMessage   `json:"product_tree"`
		Vulnerabilities []json.RawMessage `json:"vulnerabilities"`
	}
	if err := document.Decode(b, &parts); err != nil {
		return nil, err
	}
	if err := checkVersion(parts.Document); err != nil {
		return nil, err
	}
	a := &advisory{room: document.MaxNames, vulnerabilities: parts.Vulnerabilities, problems: document.Twice(b, "document", "product_tree", "vulnerabilities")}
	// Not the library's Document: of its many rules none matters here.
	head, problems := document.Pick[struct {
		Title    string
		Tracking struct{ ID string }
	}]("document", parts.Document, "title", "tracking")
	a.id, a.title = finding.Plain(head.Tracking.ID, document.MaxText), finding.Plain(head.Title, document.MaxText)
	a.problems = append(a.problems, problems...)
	if len(parts.ProductTree) > 0 {
		tree, problems := productTree(parts.ProductTree)
		a.products, a.groups = productsOf(tree), groupsOf(parts.ProductTree)
		a.problems = append(a.problems, problems...)
	}
	return a, nil
}

// checkVersion: the library knows version 2.0 only and would say no more than
// that another one does not match.
func checkVersion(head json.RawMessage) error {
	var members map[string]json.RawMessage
	if len(head) == 0 || json.Unmarshal(head, &members) != nil {
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

// finding makes one of a vulnerability; false when it affects no product or
// is none. The IDs in use are kept in used.
func (a *advisory) finding(i int, raw json.RawMessage, used map[string]bool) (f finding.Finding, ok bool, problems []problem) {
	place := fmt.Sprintf("vulnerabilities[%d]", i)
	if string(raw) == "null" {
		return f, false, []problem{document.Trouble(place, finding.LostRecord, "want an object, found null")}
	}
	if len(raw) > 0 && raw[0] != '{' {
		return f, false, []problem{document.Trouble(place, finding.LostRecord, "want an object")}
	}
	v, problems := document.Pick[csaf.Vulnerability](place, raw, "cve", "cwe", "notes", "product_status", "scores", "title")
	affected, ok := affectedBy(v.ProductStatus)
	if !ok {
		return f, false, append(problems, document.Trouble(place, finding.LostNothing, "%s affects none of the products: they are fixed or not affected", finding.Plain(a.titleOf(v), 0)))
	}
	f = finding.Finding{
		ID: a.id, Title: a.titleOf(v), Description: description(v),
		Affected: a.affected(affected),
	}
	if len(f.Affected) == 1 {
		f.Device = f.Affected[0].Product
		if len(f.Affected[0].Versions) == 0 {
			f.Affected = nil // it would say no more
		}
	}
	f.Products = a.names(affected)
	var unread []problem
	f.Remedies, unread = a.remedies(place, raw, affected)
	problems = append(problems, unread...)
	if a.room < 0 && !a.full {
		a.full = true
		problems = append(problems, document.Trouble(place+".product_status", finding.LostMember, "the findings of this advisory repeat more than %d MiB of product names; from here on they have none", document.MaxNames>>20))
	}
	var misstated []problem
	f.CVSS, misstated = vector(v.Scores)
	problems = append(problems, document.Under(place, misstated)...)
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
	return document.Trouble(fmt.Sprintf("scores[%d].%s.baseScore", i, member), finding.LostNothing,
		"%v is not the base score of the vector beside it, which is %.1f and counts", stated, base)
}

// baseOf computes a vector's base score; false when another one is stated. Of
// a vector that is none, the stated score is all there is.
func baseOf(vector string, stated *float64) (base float64, ok bool) {
	base, err := finding.BaseScore(vector)
	switch {
	case err == nil:
		return base, stated == nil || math.Abs(*stated-base) < 0.05
	case stated == nil || *stated < 0 || *stated > 10:
		return 0, true
	}
	return *stated, true
}

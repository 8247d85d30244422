// Package cyclonedx reads CycloneDX documents, an SBOM with vulnerabilities or
// a VEX, as findings. It answers: which vulnerabilities of which components
// still count?
//
// A vulnerability is decoded with the types of CycloneDX's own library, in
// JSON and in XML; of components only the names are read. A document is held
// in memory whole, up to 64 MiB, and read with some megabytes a second. The
// package never judges a document's formal validity: what can be read is read,
// and what can't is named.
package cyclonedx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/internal/document"
)

// Format reads a CycloneDX document of version 1.x in JSON or XML: a finding
// for each vulnerability, with the ID "PRODUCT/CVE" after the component that
// the document describes, or after the file.
//
// Vulnerabilities that the analysis calls not_affected, false_positive,
// resolved or resolved_with_pedigree are left out, and so are those that were
// rejected and those of which every affected version is marked as unaffected;
// each is a [finding.RecordError] that loses nothing. Those in triage, those
// called exploitable and those without an analysis count, and all the same:
// exploitable says that the product is open to it, not that someone used it.
// Of those in triage a RecordError that loses nothing says that they are.
//
// The device is the component that the document describes; without one each
// affected component is one by itself. Affected has these with the versions that
// the document names, or else their own, and their names stand before the title
// where they are not the device's.
// Products has all names of both (with group and version, CPE, package URL),
// so that the device of a site that this is on can be found. CVSS is the vector
// of the newest version, and of these the highest, else a score alone; a vector
// without its prefix gets it from the rating's method. Remedies are the
// recommendation, the workaround and the analysis' response.
//
// Input that is no document, of another version or over 64 MiB ends the
// reading.
var Format = finding.Format{Name: "CycloneDX", Match: match, Read: read}

func match(head []byte) bool { return finding.Recognise(head) == finding.KindCycloneDX }

func read(ctx context.Context, name string, r io.Reader) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		fail := func(err error) { yield(finding.Finding{}, fmt.Errorf("%s: %w", name, err)) }
		b, err := document.Load(r, "a CycloneDX document")
		if err != nil {
			fail(err)
			return
		}
		var d *bom
		if text := bytes.TrimLeft(b, " \t\r\n"); len(text) > 0 && text[0] == '<' {
			d, err = fromXML(text)
		} else {
			d, err = fromJSON(b)
		}
		if err != nil {
			fail(err)
			return
		}
		if d.name == "" {
			d.name = filepath.Base(name)
		}
		report := func(problems []document.Problem) bool {
			for _, p := range problems {
				if !yield(finding.Finding{}, p.Record(name)) {
					return false
				}
			}
			return true
		}
		if d.count == 0 {
			d.problems = append(d.problems, document.Trouble("vulnerabilities", finding.LostNothing, "the document names none"))
		}
		if !report(d.problems) {
			return
		}
		used := map[string]bool{}
		for i := range d.count {
			if err := ctx.Err(); err != nil {
				fail(err)
				return
			}
			place := fmt.Sprintf("vulnerabilities[%d]", i)
			v, weaknesses, problems := d.vulnerability(place, i)
			if v == nil {
				if !report(problems) {
					return
				}
				continue
			}
			f, left, more := d.finding(place, v)
			f.Weaknesses, f.Source = weaknesses, name
			problems = append(problems, more...)
			if left != "" {
				problems = append(problems, document.Trouble(place, finding.LostNothing, "%s is left out: %s", f.ID, left))
			}
			if used[f.ID] {
				f.ID += fmt.Sprintf("#%d", i+1)
			}
			used[f.ID] = used[f.ID] || left == ""
			if !report(problems) || left == "" && !yield(f, nil) {
				return
			}
		}
	}
}

// bom is what an assessment needs of a document.
type bom struct {
	name       string // of the component that it describes, else the file's
	device     string // the component that it describes, if it has a name
	product    *component
	components map[string]*component // by bom-ref
	room       int                   // bytes of names that findings may still repeat
	problems   []document.Problem
	// vulnerability decodes one; nil where it can't.
	vulnerability func(place string, i int) (*cdx.Vulnerability, []string, []document.Problem)
	count         int
}

// component is a component or a service, in JSON and in XML alike.
type component struct {
	Ref        string      `json:"bom-ref" xml:"bom-ref,attr"`
	Group      string      `json:"group" xml:"group"`
	Name       string      `json:"name" xml:"name"`
	Version    string      `json:"version" xml:"version"`
	CPE        string      `json:"cpe" xml:"cpe"`
	PURL       string      `json:"purl" xml:"purl"`
	Components []component `json:"components" xml:"components>component"`
	Services   []component `json:"services" xml:"services>service"`
}

// names is what the component is called.
func (c *component) names() []string {
	var out []string
	for _, s := range []string{c.Name, c.Name + " " + c.Version, c.Group + "/" + c.Name, c.CPE, c.PURL} {
		s = finding.Plain(strings.Trim(strings.TrimSpace(s), "/"), document.MaxText)
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// collect notes what can be affected, by its reference.
func (d *bom) collect(list []component) {
	for i := range list {
		c := &list[i]
		if _, twice := d.components[c.Ref]; c.Ref != "" && !twice {
			d.components[c.Ref] = c
		}
		d.collect(c.Components)
		d.collect(c.Services)
	}
}

func newBOM(product *component, lists ...[]component) *bom {
	d := &bom{components: map[string]*component{}, room: document.MaxNames, product: product}
	if product != nil {
		d.name = finding.Plain(product.Name, document.MaxText)
		d.device = d.name
		d.collect([]component{*product})
	}
	for _, l := range lists {
		d.collect(l)
	}
	return d
}

func fromJSON(b []byte) (*bom, error) {
	var parts struct {
		SpecVersion     json.RawMessage   `json:"specVersion"`
		Metadata        json.RawMessage   `json:"metadata"`
		Components      json.RawMessage   `json:"components"`
		Services        json.RawMessage   `json:"services"`
		Vulnerabilities []json.RawMessage `json:"vulnerabilities"`
	}
	if err := document.Decode(b, &parts); err != nil {
		return nil, err
	}
	if v := strings.Trim(string(parts.SpecVersion), `"`); v != "" && v != "null" && !strings.HasPrefix(v, "1.") {
		return nil, fmt.Errorf("specVersion: %s can't be read, only 1.x", finding.Plain(v, 40))
	}
	problems := document.Twice(b, "metadata", "components", "services", "vulnerabilities")
	// The decoder goes on behind what does not fit, and says the first of it.
	get := func(name string, raw json.RawMessage, v any) {
		if len(raw) == 0 {
			return
		}
		var typed *json.UnmarshalTypeError
		if err := json.Unmarshal(raw, v); errors.As(err, &typed) {
			found, _, _ := strings.Cut(typed.Value, " ")
			problems = append(problems, document.Trouble(strings.TrimSuffix(name+"."+typed.Field, "."), finding.LostMember, "a JSON %s can't stand here; it is left out, as others of its kind may be", found))
		}
	}
	var metadata struct {
		Component *component `json:"component"`
	}
	var components, services []component
	get("metadata", parts.Metadata, &metadata)
	get("components", parts.Components, &components)
	get("services", parts.Services, &services)
	d := newBOM(metadata.Component, components, services)
	d.problems, d.count = problems, len(parts.Vulnerabilities)
	d.vulnerability = func(place string, i int) (*cdx.Vulnerability, []string, []document.Problem) {
		raw := parts.Vulnerabilities[i]
		if len(raw) == 0 || raw[0] != '{' {
			return nil, nil, []document.Problem{document.Trouble(place, finding.LostRecord, "want an object")}
		}
		v, problems := document.Pick[cdx.Vulnerability](place, raw,
			"bom-ref", "id", "references", "description", "detail", "recommendation", "workaround", "rejected", "analysis", "affects")
		weaknesses, more := weaknessesIn(place, raw)
		problems = append(problems, more...)
		ratings, more := ratingsIn(place, raw)
		v.Ratings = &ratings
		return v, weaknesses, append(problems, more...)
	}
	return d, nil
}

// ratingsIn reads each rating by itself, so that one that is wrong costs no
// other.
func ratingsIn(place string, raw json.RawMessage) (out []cdx.VulnerabilityRating, problems []document.Problem) {
	v, problems := document.Pick[struct {
		Ratings []json.RawMessage `json:"ratings"`
	}](place, raw, "ratings")
	for i, raw := range v.Ratings {
		r, more := document.Pick[cdx.VulnerabilityRating](fmt.Sprintf("%s.ratings[%d]", place, i), raw, "score", "method", "vector")
		problems = append(problems, more...)
		out = append(out, *r)
	}
	return out, problems
}

// cwe is the ID of a number; false where it can't be one.
func cwe(n int) (string, bool) {
	if n <= 0 {
		return "", false
	}
	return finding.ParseWeakness(fmt.Sprintf("CWE-%d", n))
}

// weaknessesIn reads the CWEs: numbers, by the standard. Some tools write IDs.
func weaknessesIn(place string, raw json.RawMessage) (out []string, problems []document.Problem) {
	v, problems := document.Pick[struct {
		CWEs []json.RawMessage `json:"cwes"`
	}](place, raw, "cwes")
	for i, raw := range v.CWEs {
		text := strings.Trim(string(raw), `"`)
		id, ok := finding.ParseWeakness(text)
		if n, err := strconv.Atoi(text); err == nil {
			id, ok = cwe(n)
		}
		if !ok {
			problems = append(problems, document.Trouble(fmt.Sprintf("%s.cwes[%d]", place, i), finding.LostMember, "%s is not the number of a CWE; it is left out", finding.Plain(string(raw), 40)))
			continue
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, problems
}

package finding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// members are the names that a finding in JSON may have.
var members = []string{"id", "title", "description", "device", "weaknesses", "cves", "cvss", "kev", "epss", "techniques", "products", "affected", "remedies", "place"}

// record turns one JSON value into a finding. Only a consumer that left the
// loop makes an error.
func (in *jsonInput) record(place string, raw []byte) error {
	in.count++
	values, twice, err := in.members(raw)
	if err != nil {
		return in.skip(place, LostRecord, err)
	}
	r := &record{values: values}
	for _, name := range twice {
		r.problem(name, fmt.Errorf("the member stands there twice; the last one counts"))
	}
	f := Finding{
		ID: strings.TrimSpace(r.text("id")), Title: strings.TrimSpace(r.text("title")), Description: r.text("description"),
		Device: strings.TrimSpace(r.text("device")), CVSS: r.cvss(), KEV: r.flag("kev"), EPSS: r.probability("epss"),
		Weaknesses: r.weaknesses(), CVEs: r.cves(), Techniques: r.techniques(),
		Products: r.products("products"), Affected: r.affected(), Remedies: r.remedies(), Place: strings.TrimSpace(r.text("place")), Source: in.name,
	}
	lost := LostMember
	if f.ID == "" && f.Title == "" {
		lost = LostRecord
	}
	for _, p := range r.problems {
		if err := in.skip(place+"."+p.place, LostMember, p.err); err != nil {
			return err
		}
	}
	if lost == LostRecord {
		return in.skip(place, lost, errors.New("a finding needs an id or a title"))
	}
	if f.ID == "" {
		f.ID = fmt.Sprintf("%s#%d", filepath.Base(in.name), in.count)
	}
	if !in.yield(f, nil) {
		return errStopped
	}
	return nil
}

// members splits an object; the names of other members are noted, and those
// that are there twice returned.
func (in *jsonInput) members(raw []byte) (values map[string]json.RawMessage, twice []string, err error) {
	if !utf8.Valid(raw) { // the decoder would put one and the same character for each
		return nil, nil, errors.New("not valid UTF-8")
	}
	if !json.Valid(raw) { // the whole of it, for a line may go on behind its object
		return nil, nil, json.Unmarshal(raw, new(any))
	}
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if raw[0] != '{' {
		return nil, nil, fmt.Errorf("want an object, found %s", jsonKind(raw))
	}
	if in.values == nil {
		in.values = make(map[string]json.RawMessage, len(members))
	}
	values = in.values // of one record at a time
	clear(values)
	for name, value := range eachMember(raw) {
		known := strings.ToLower(name)
		if !slices.Contains(members, known) {
			in.others.note(name)
			continue
		}
		if _, ok := values[known]; ok && !slices.Contains(twice, known) {
			twice = append(twice, known)
		}
		values[known] = value
	}
	return values, twice, nil
}

// record is one object and what is wrong with its members.
type record struct {
	values   map[string]json.RawMessage
	problems []misfit
}

type misfit struct {
	place string
	err   error
}

func (r *record) problem(place string, err error) {
	r.problems = append(r.problems, misfit{place, err})
}

// get decodes a member; null counts as absent. One of another type is
// reported and left out.
func get[T any](r *record, name, want string) (v T) {
	raw := r.values[name]
	if len(raw) == 0 || string(raw) == "null" {
		return v
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		r.problem(name, fmt.Errorf("want %s, found %s; it is left out", want, jsonKind(raw)))
		var none T
		return none
	}
	return v
}

func (r *record) text(name string) string {
	if raw := r.values[name]; len(raw) > 0 && raw[0] == '"' {
		return stringOf(raw)
	}
	return get[string](r, name, "a string")
}

// cvss is a vector or a score; a number is taken as it is written or, where it
// is not written as a score is, by its value.
func (r *record) cvss() string {
	raw := r.values["cvss"]
	if len(raw) > 0 && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9') {
		if n, err := strconv.ParseFloat(string(raw), 64); err == nil && !scoreAlone(string(raw)) {
			if plain := strconv.FormatFloat(n, 'f', -1, 64); scoreAlone(plain) {
				return plain
			}
		}
		return Plain(string(raw), 40)
	}
	if len(raw) > 0 && raw[0] != '"' {
		return get[string](r, "cvss", "a CVSS vector as a string, or a score as a number")
	}
	return strings.TrimSpace(r.text("cvss"))
}

func (r *record) flag(name string) bool { return get[bool](r, name, "true or false") }

func (r *record) probability(name string) float64 {
	if raw := r.values[name]; len(raw) > 0 && raw[0] == '"' {
		s := strings.TrimSpace(stringOf(raw))
		hint := ""
		if p, err := probabilityOf(s); err == nil {
			hint = fmt.Sprintf("; write %v, without quotation marks", p)
		}
		r.problem(name, fmt.Errorf("want a number between 0 and 1, found the text %q; it counts as unknown%s", Plain(s, 40), hint))
		return 0
	}
	p := get[*float64](r, name, "a number between 0 and 1")
	switch {
	case p == nil:
		return 0
	case *p < 0 || *p > 1:
		r.problem(name, fmt.Errorf("%v is not a probability between 0 and 1; it counts as unknown", *p))
		return 0
	}
	return *p
}

// list yields the strings of a list; what else is in it is left out.
func (r *record) list(name string, each func(i int, s string)) {
	raw := r.values[name]
	if len(raw) == 0 || raw[0] != '[' {
		get[[]string](r, name, "a list of strings") // to say what it is, unless null
		return
	}
	for i, raw := range eachElement(raw) {
		if raw[0] != '"' {
			r.problem(fmt.Sprintf("%s[%d]", name, i), fmt.Errorf("want a string, found %s; it is left out", jsonKind(raw)))
			continue
		}
		each(i, stringOf(raw))
	}
}

func (r *record) weaknesses() []string {
	var out distinct
	r.list("weaknesses", func(_ int, s string) { out.add(weaknessOf(s)) })
	return out.list
}

// weaknessOf is a weakness in canonical form, or as it is written.
func weaknessOf(s string) string {
	if id, ok := ParseWeakness(s); ok {
		return id
	}
	return strings.TrimSpace(s)
}

func (r *record) cves() []string {
	var out distinct
	r.list("cves", func(i int, s string) {
		id, ok := ParseCVE(s)
		if !ok {
			r.problem(fmt.Sprintf("cves[%d]", i), fmt.Errorf("%q is not a CVE ID; it is left out", Plain(s, 40)))
			return
		}
		out.add(id)
	})
	return out.list
}

func (r *record) techniques() []string {
	var out distinct
	r.list("techniques", func(_ int, s string) { out.add(strings.ToUpper(strings.TrimSpace(s))) })
	return out.list
}

func (r *record) products(name string) []string {
	var out distinct
	r.list(name, func(_ int, s string) { out.add(strings.TrimSpace(s)) })
	return out.list
}

// objects reads each object of a list; what else is in it, and one of which
// nothing is made, is left out.
func (r *record) objects(name string, each func(*record) error) {
	raw := r.values[name]
	if len(raw) == 0 || raw[0] != '[' {
		get[[]struct{}](r, name, "a list of objects")
		return
	}
	for i, raw := range eachElement(raw) {
		place := fmt.Sprintf("%s[%d]", name, i)
		if raw[0] != '{' {
			r.problem(place, fmt.Errorf("want an object, found %s; it is left out", jsonKind(raw)))
			continue
		}
		inner := &record{values: map[string]json.RawMessage{}}
		for name, value := range eachMember(raw) {
			inner.values[strings.ToLower(name)] = value
		}
		err := each(inner)
		for _, p := range inner.problems {
			r.problem(place+"."+p.place, p.err)
		}
		if err != nil {
			r.problem(place, fmt.Errorf("%w; it is left out", err))
		}
	}
}

func (r *record) remedies() (out []Remedy) {
	r.objects("remedies", func(inner *record) error {
		remedy := Remedy{Category: strings.TrimSpace(inner.text("category")), Text: Plain(inner.text("text"), MaxRemedy), Products: inner.products("products")}
		if remedy.Category == "" {
			return errors.New("a remedy needs a category")
		}
		out = append(out, remedy)
		return nil
	})
	return out
}

func (r *record) affected() (out []Affected) {
	at := map[string]int{}
	r.objects("affected", func(inner *record) error {
		a := Affected{Product: strings.TrimSpace(inner.text("product")), Versions: inner.products("versions")}
		if a.Product == "" {
			return errors.New("what is affected needs a product")
		}
		i, twice := at[a.Product]
		if !twice {
			at[a.Product] = len(out)
			out = append(out, a)
			return nil
		}
		for _, v := range a.Versions {
			if !slices.Contains(out[i].Versions, v) {
				out[i].Versions = append(out[i].Versions, v)
			}
		}
		return nil
	})
	return out
}

// jsonKind names the type of a JSON value for people.
func jsonKind(raw []byte) string {
	switch raw = bytes.TrimLeft(raw, " \t\r\n"); raw[0] {
	case '{':
		return "a JSON object"
	case '[':
		return "a JSON array"
	case '"':
		return "a JSON string"
	case 't', 'f':
		return "a JSON bool"
	case 'n':
		return "a JSON null"
	}
	return "a JSON number"
}

// others are the members that findings have and this format does not.
type others struct {
	names []string // in the order in which they were first seen
	count map[string]int
	more  bool // further names were not noted
}

// maxOthers bounds the names of other members that are kept.
const maxOthers = 8

// meant are names that scanners give to members of this format.
var meant = map[string]string{
	"cwe": "weaknesses", "cwes": "weaknesses", "cwe_id": "weaknesses", "cwe_ids": "weaknesses", "weakness": "weaknesses",
	"cve": "cves", "cve_id": "cves", "cve_ids": "cves", "cvss_vector": "cvss", "vector": "cvss", "cvss_score": "cvss",
	"severity": "cvss", "host": "device", "asset": "device", "hostname": "device", "technique": "techniques", "name": "title",
}

func (o *others) note(name string) {
	name = Plain(name, 40)
	if _, ok := o.count[name]; !ok && len(o.names) == maxOthers {
		o.more = true
		return
	}
	if o.count == nil {
		o.count = map[string]int{}
	}
	if o.count[name] == 0 {
		o.names = append(o.names, name)
	}
	o.count[name]++
}

// report tells of other members once a source: they are common, and often
// harmless, but one of them may hold what the assessor thinks was read. It
// returns nil where there are none.
func (o *others) report(what string, known []string) error {
	if len(o.names) == 0 {
		return nil
	}
	var parts []string
	for _, name := range o.names {
		part := fmt.Sprintf("%q in %d", name, o.count[name])
		maybe := Meant(name, slices.Values(known))
		if m := meant[strings.ToLower(name)]; m != "" {
			maybe = fmt.Sprintf("; did you mean %s?", m)
		}
		if maybe != "" {
			part += fmt.Sprintf(" (%s)", strings.TrimPrefix(maybe, "; "))
		}
		parts = append(parts, part)
	}
	if o.more {
		parts = append(parts, "and others")
	}
	return fmt.Errorf("%s that are not read, and the number of findings: %s; known are %s",
		what, strings.Join(parts, ", "), strings.Join(known, ", "))
}

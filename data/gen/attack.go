package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// everywhere are the properties kept on objects of every type.
const everywhere = "type spec_version id created_by_ref created modified " +
	"revoked x_mitre_deprecated object_marking_refs external_references"

// allowed says which properties are kept besides, by type of object. What is
// not named here is dropped, so that a property which a later release invents
// does not get in unseen. An object of another type is an error.
var allowed = map[string]string{
	"attack-pattern":             "name kill_chain_phases x_mitre_is_subtechnique x_mitre_platforms x_mitre_domains x_mitre_version",
	"campaign":                   "name aliases first_seen last_seen x_mitre_domains x_mitre_version",
	"course-of-action":           "name labels x_mitre_domains x_mitre_version",
	"identity":                   "name identity_class",
	"intrusion-set":              "name aliases x_mitre_domains x_mitre_version",
	"malware":                    "name is_family x_mitre_aliases x_mitre_platforms x_mitre_domains x_mitre_version",
	"marking-definition":         "definition_type definition",
	"relationship":               "relationship_type source_ref target_ref",
	"x-mitre-analytic":           "name x_mitre_log_source_references x_mitre_platforms x_mitre_domains x_mitre_version",
	"x-mitre-asset":              "name x_mitre_related_assets x_mitre_sectors x_mitre_platforms x_mitre_domains x_mitre_version",
	"x-mitre-collection":         "name x_mitre_version",
	"x-mitre-data-component":     "name x_mitre_log_sources x_mitre_domains x_mitre_version",
	"x-mitre-data-source":        "name x_mitre_collection_layers x_mitre_platforms x_mitre_domains x_mitre_version",
	"x-mitre-detection-strategy": "name x_mitre_analytic_refs x_mitre_domains x_mitre_version",
	"x-mitre-matrix":             "name tactic_refs x_mitre_version",
	"x-mitre-tactic":             "name x_mitre_shortname x_mitre_domains x_mitre_version",
}

// shapes says what is kept of each property's value, in the order in which
// the properties are written.
var shapes = []struct {
	property string
	keep     shape
}{
	{"type", as[string]},
	{"spec_version", as[string]},
	{"id", as[string]},
	{"created_by_ref", as[string]},
	{"created", as[string]},
	{"modified", as[string]},
	{"revoked", onlyTrue},
	{"x_mitre_deprecated", onlyTrue},
	{"name", as[string]},
	{"aliases", as[[]string]},
	{"x_mitre_aliases", as[[]string]},
	{"identity_class", as[string]},
	{"is_family", as[bool]}, // false is written too, STIX demands the property
	{"kill_chain_phases", as[[]phase]},
	{"x_mitre_is_subtechnique", onlyTrue},
	{"x_mitre_shortname", as[string]},
	{"first_seen", as[string]},
	{"last_seen", as[string]},
	{"labels", as[[]string]},
	{"x_mitre_sectors", as[[]string]},
	{"x_mitre_related_assets", as[[]relatedAsset]},
	{"x_mitre_collection_layers", as[[]string]},
	{"x_mitre_platforms", as[[]string]},
	{"x_mitre_domains", as[[]string]},
	{"x_mitre_version", as[string]},
	{"tactic_refs", as[[]string]},
	{"x_mitre_analytic_refs", as[[]string]},
	{"x_mitre_log_sources", distinct[logSource]},
	{"x_mitre_log_source_references", distinct[logSourceReference]},
	{"relationship_type", as[string]},
	{"source_ref", as[string]},
	{"target_ref", as[string]},
	{"definition_type", as[string]},
	{"definition", as[statement]},
	{"external_references", references},
	{"object_marking_refs", as[[]string]},
}

// A shape reduces the value of a property to what is kept of it; nil keeps
// nothing.
type shape func(json.RawMessage) (any, error)

// The structured values, with the members that are kept. A log source's
// channel is not: it is a sentence, or the word None.
type (
	phase struct {
		Chain string `json:"kill_chain_name"`
		Name  string `json:"phase_name"`
	}
	relatedAsset struct {
		Name    string   `json:"name"`
		Sectors []string `json:"related_asset_sectors,omitempty"`
	}
	logSource struct {
		Name string `json:"name"`
	}
	logSourceReference struct {
		Component string `json:"x_mitre_data_component_ref"`
		Name      string `json:"name"`
	}
	statement struct {
		Statement string `json:"statement"`
	}
	reference struct {
		Source string `json:"source_name"`
		URL    string `json:"url,omitempty"`
		ID     string `json:"external_id,omitempty"`
	}
)

// as keeps the members that T has.
func as[T any](raw json.RawMessage) (any, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	return v, nil
}

// onlyTrue drops false, which is what an absent flag means.
func onlyTrue(raw json.RawMessage) (any, error) {
	var v bool
	if err := json.Unmarshal(raw, &v); err != nil || !v {
		return nil, err
	}
	return v, nil
}

// distinct keeps the first of equal elements; some differ only in a member
// that T does not have.
func distinct[T comparable](raw json.RawMessage) (any, error) {
	var all, kept []T
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	seen := map[T]bool{}
	for _, v := range all {
		if !seen[v] {
			seen[v] = true
			kept = append(kept, v)
		}
	}
	return kept, nil
}

// references keeps the reference to ATT&CK whole, of another its name and
// URL, and nothing of one without a URL: that is a sentence alone.
func references(raw json.RawMessage) (any, error) {
	var all, kept []reference
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for _, r := range all {
		// Retired objects keep the older name mitre-ics-attack.
		if !strings.HasPrefix(r.Source, "mitre-") || !strings.HasSuffix(r.Source, "attack") {
			r.ID = ""
		}
		if r.ID != "" || r.URL != "" {
			kept = append(kept, r)
		}
	}
	if kept == nil {
		return nil, nil
	}
	return kept, nil
}

// attackFacts reduces the gzipped release in a file. The result is a STIX 2.1
// bundle with the ID of the official one.
func attackFacts(path string) (file, error) {
	raw, err := readGzip(path)
	if err != nil {
		return file{}, err
	}
	var bundle struct {
		Type    string                       `json:"type"`
		ID      string                       `json:"id"`
		Objects []map[string]json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(raw, &bundle); err != nil {
		return file{}, err
	}
	if bundle.Type != "bundle" {
		return file{}, fmt.Errorf("type %q, want a STIX bundle", bundle.Type)
	}

	type object struct {
		kind, id string
		line     []byte
	}
	var (
		objects []object
		release string
	)
	for i, o := range bundle.Objects {
		kind, id := unquote(o["type"]), unquote(o["id"])
		line, err := reduce(kind, o)
		if err != nil {
			return file{}, fmt.Errorf("objects[%d] %s: %w", i, id, err)
		}
		if kind == "x-mitre-collection" {
			release = unquote(o["x_mitre_version"])
		}
		objects = append(objects, object{kind, id, line})
	}
	if release == "" {
		return file{}, errors.New("no x-mitre-collection says which release this is")
	}
	slices.SortFunc(objects, func(a, b object) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id))
	})

	lines := make([][]byte, len(objects))
	for i, o := range objects {
		lines[i] = o.line
	}
	head, err := compact(bundle.ID)
	if err != nil {
		return file{}, err
	}
	return file{
		name:    "attack/ics-attack-" + release + ".json",
		content: perLine(`{"type":"bundle","id":`+string(head)+`,"objects":[`, lines, "]}"),
	}, nil
}

// reduce writes the facts of an object of the given type on one line.
func reduce(kind string, o map[string]json.RawMessage) ([]byte, error) {
	besides, ok := allowed[kind]
	if !ok {
		return nil, fmt.Errorf("type %q is not in the allow-list", kind)
	}
	keep := strings.Fields(everywhere + " " + besides)
	b := []byte{'{'}
	for _, s := range shapes {
		raw, ok := o[s.property]
		if !ok || !slices.Contains(keep, s.property) {
			continue
		}
		v, err := s.keep(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.property, err)
		}
		if v == nil {
			continue
		}
		value, err := compact(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.property, err)
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, `"`+s.property+`":`...)
		b = append(b, value...)
	}
	return append(b, '}'), nil
}

// unquote is the string in raw, or nothing if raw holds none.
func unquote(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// readGzip reads and decompresses a file.
func readGzip(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

package graph

import (
	"fmt"
	"net/url"
	"strings"
)

// The keys of nodes are their IRIs in the record. IDs that users choose are
// escaped, so that any text makes a valid IRI.

func weaknessKey(id string) string   { return "weakness:" + url.PathEscape(id) }
func emb3dKey(id string) string      { return "emb3d:" + url.PathEscape(id) }
func constraintKey(id string) string { return "constraint:" + url.PathEscape(id) }
func kindKey(id string) string       { return "kind:" + url.PathEscape(id) }
func areaKey(id string) string       { return "area:" + url.PathEscape(id) }
func areaSetKey(id string) string    { return "areas:" + url.PathEscape(id) }
func siteKey(name string) string     { return "site:" + url.PathEscape(name) }
func deviceKey(id string) string     { return "device:" + url.PathEscape(id) }
func findingKey(id string) string    { return "finding:" + url.PathEscape(id) }
func draftKey(id string) string      { return "draft:" + url.PathEscape(id) }

// label makes a part of a source's IRI from its name.
func label(s string) string { return url.PathEscape(strings.ToLower(strings.ReplaceAll(s, " ", "-"))) }

// Warning is something in the input that could not be used as it stands, and
// what was done instead. Nothing is left out without one.
type Warning struct {
	Source  string `json:"source,omitempty"` // the file or catalogue
	Where   string `json:"where,omitempty"`  // the place in it
	Message string `json:"message"`
}

// String returns the warning on one line: source, place, message.
func (w Warning) String() string {
	s := w.Message
	if w.Where != "" {
		s = w.Where + ": " + s
	}
	if w.Source != "" {
		s = w.Source + ": " + s
	}
	return s
}

func (b *batch) warn(source, where, format string, args ...any) {
	b.warnings = append(b.warnings, Warning{source, where, fmt.Sprintf(format, args...)})
}

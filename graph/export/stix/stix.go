// Package stix writes accepted drafts as STIX 2.1, for other tools, and reads
// them back.
//
// Each draft becomes a course-of-action of this project's own identity, never
// of MITRE's, with a marking that says who wrote it and who accepted it, and a
// mitigates relationship to each technique that it is for: what a reader of STIX
// expects of what a site stands for. No assessment counts it as a mitigation,
// since only ATT&CK's are. The techniques are named by their STIX IDs; the bundle
// does not repeat them. The draft itself, with its evidence and its checks, is in
// the property x_mitigraph_draft.
//
// IDs are derived from the draft's, so that the same draft is the same object
// everywhere. The drafts are in memory; a bundle costs little more than its
// JSON. What no person accepted is never written.
package stix

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/mitre"
)

// namespace makes the UUIDs of version 5 of what this package writes.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/mitigraph/mitigraph"))

// made is when the identity came to be; STIX asks for a time.
var made = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// ErrNotAccepted says that a draft was not accepted by a person, and so does
// not go out.
var ErrNotAccepted = errors.New("stix: the draft is not accepted")

// ErrNoTechnique says that a draft is for no technique that the release has.
var ErrNoTechnique = errors.New("stix: the draft is for no technique of the release")

// object is a STIX object, its members in the order in which they are written.
type object struct {
	Type           string          `json:"type"`
	SpecVersion    string          `json:"spec_version"`
	ID             string          `json:"id"`
	CreatedBy      string          `json:"created_by_ref,omitempty"`
	Created        string          `json:"created"`
	Modified       string          `json:"modified,omitempty"`
	Name           string          `json:"name,omitempty"`
	Description    string          `json:"description,omitempty"`
	IdentityClass  string          `json:"identity_class,omitempty"`
	DefinitionType string          `json:"definition_type,omitempty"`
	Definition     *statement      `json:"definition,omitempty"`
	Relationship   string          `json:"relationship_type,omitempty"`
	Source         string          `json:"source_ref,omitempty"`
	Target         string          `json:"target_ref,omitempty"`
	Labels         []string        `json:"labels,omitempty"`
	Markings       []string        `json:"object_marking_refs,omitempty"`
	DraftID        string          `json:"x_mitigraph_draft_id,omitempty"`
	Generator      string          `json:"x_mitigraph_generator,omitempty"`
	AcceptedBy     string          `json:"x_mitigraph_accepted_by,omitempty"`
	AcceptedAt     string          `json:"x_mitigraph_accepted_at,omitempty"`
	Draft          json.RawMessage `json:"x_mitigraph_draft,omitempty"`
}

type statement struct {
	Statement string `json:"statement"`
}

type bundle struct {
	Type    string   `json:"type"`
	ID      string   `json:"id"`
	Objects []object `json:"objects"`
}

func id(kind string, parts ...string) string {
	return kind + "--" + uuid.NewSHA1(namespace, []byte(kind+"\x00"+strings.Join(parts, "\x00"))).String()
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Write writes the drafts as one bundle, in their order. The catalogue tells
// the STIX IDs of the techniques. The error is [ErrNotAccepted] or
// [ErrNoTechnique] with the draft's ID, and then nothing is written, or the
// writer's.
func Write(w io.Writer, c *mitre.Catalog, drafts ...graph.Draft) error {
	creator := object{
		Type: "identity", SpecVersion: "2.1", ID: id("identity", "mitigraph"), Created: stamp(made), Modified: stamp(made),
		Name: "mitigraph", IdentityClass: "system",
		Description: "The program mitigraph: what it assessed, and drafts that a named person accepted. None of it is a part of ATT&CK.",
	}
	b := bundle{Type: "bundle", Objects: []object{creator}}
	names := []string{}
	for _, d := range drafts {
		objects, err := course(c, creator.ID, d)
		if err != nil {
			return fmt.Errorf("%w: %s", err, d.ID)
		}
		b.Objects = append(b.Objects, objects...)
		names = append(names, d.ID)
	}
	b.ID = id("bundle", names...)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(b)
}

func course(c *mitre.Catalog, creator string, d graph.Draft) ([]object, error) {
	accepted, ok := acceptance(d)
	if !ok {
		return nil, ErrNotAccepted
	}
	var techniques []*mitre.Technique
	for _, key := range d.About {
		name, ok := strings.CutPrefix(key, "attack:")
		if !ok || c == nil {
			continue
		}
		if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
		if r, err := c.Resolve(name); err == nil {
			if t, ok := r.Object.(*mitre.Technique); ok {
				techniques = append(techniques, t)
			}
		}
	}
	if len(techniques) == 0 {
		return nil, ErrNoTechnique
	}
	whole, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	at := stamp(accepted.At)
	marking := object{
		Type: "marking-definition", SpecVersion: "2.1", ID: id("marking-definition", d.ID, at), CreatedBy: creator, Created: at,
		DefinitionType: "statement",
		Definition: &statement{fmt.Sprintf("Written by %s%s, accepted by %s on %s. The site's own measure, not MITRE's, and no official mitigation of ATT&CK.",
			d.By(), changed(d), accepted.By, accepted.At.UTC().Format(time.DateOnly))},
	}
	var names []string
	for _, t := range techniques {
		names = append(names, t.ID)
	}
	action := object{
		Type: "course-of-action", SpecVersion: "2.1", ID: id("course-of-action", d.ID), CreatedBy: creator, Created: at, Modified: at,
		Name: "Accepted draft for " + strings.Join(names, ", "), Description: description(d),
		Labels: []string{"mitigraph-draft"}, Markings: []string{marking.ID},
		DraftID: d.ID, Generator: d.Generator, AcceptedBy: accepted.By, AcceptedAt: at, Draft: whole,
	}
	out := []object{marking, action}
	for _, t := range techniques {
		out = append(out, object{
			Type: "relationship", SpecVersion: "2.1", ID: id("relationship", d.ID, t.STIXID), CreatedBy: creator, Created: at, Modified: at,
			Relationship: "mitigates", Source: action.ID, Target: t.STIXID, Markings: []string{marking.ID},
		})
	}
	return out, nil
}

// changed says who changed the text, last of all; empty where nobody did.
func changed(d graph.Draft) string {
	for _, r := range slices.Backward(d.Reviews) {
		if r.Was != nil {
			return fmt.Sprintf(", changed by %s on %s", r.By, r.At.UTC().Format(time.DateOnly))
		}
	}
	return ""
}

func acceptance(d graph.Draft) (graph.Review, bool) {
	if d.Status != graph.StatusAccepted {
		return graph.Review{}, false
	}
	for i := len(d.Reviews) - 1; i >= 0; i-- {
		if r := d.Reviews[i]; r.Status == graph.StatusAccepted {
			return r, r.By != "" && !r.At.IsZero()
		}
	}
	return graph.Review{}, false
}

// unstood is what a generator without a model says of its text. Of a text that a
// person accepted and may have changed, the marking says who stands for it.
const unstood = ", not written by a person or a model"

// description is the draft's text, a paragraph for each claim.
func description(d graph.Draft) string {
	var paragraphs []string
	for _, c := range d.Text.Claims() {
		paragraphs = append(paragraphs, strings.ReplaceAll(c.Text, unstood, ""))
	}
	return strings.Join(paragraphs, "\n\n")
}

// maxBundle bounds what Read reads, in bytes.
const maxBundle = 256 << 20

// Read returns the drafts of a bundle that [Write] wrote, in its order. Other
// objects are passed over. The error says which object can't be read.
func Read(r io.Reader) ([]graph.Draft, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBundle+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxBundle {
		return nil, fmt.Errorf("stix: the bundle has more than %d MiB", maxBundle>>20)
	}
	var b struct {
		Type    string            `json:"type"`
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, fmt.Errorf("stix: %w", err)
	}
	if b.Type != "bundle" {
		return nil, fmt.Errorf("stix: the type is %q, not bundle", b.Type)
	}
	out := []graph.Draft{}
	for i, raw := range b.Objects {
		var o struct {
			Type    string          `json:"type"`
			DraftID string          `json:"x_mitigraph_draft_id"`
			Draft   json.RawMessage `json:"x_mitigraph_draft"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, fmt.Errorf("stix: objects[%d]: %w", i, err)
		}
		if o.Type != "course-of-action" || len(o.Draft) == 0 {
			continue
		}
		var d graph.Draft
		if err := json.Unmarshal(o.Draft, &d); err != nil {
			return nil, fmt.Errorf("stix: objects[%d]: x_mitigraph_draft: %w", i, err)
		}
		if d.ID == "" || d.ID != o.DraftID {
			return nil, fmt.Errorf("stix: objects[%d]: x_mitigraph_draft has the ID %q, x_mitigraph_draft_id is %q", i, d.ID, o.DraftID)
		}
		out = append(out, d)
	}
	return out, nil
}

package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/mitigraph/mitigraph/graph"
)

// The schema, in the order in which the members are to be written: a writer
// that works under it picks its evidence before it writes the sentence.
type (
	object struct {
		Type       string   `json:"type"`
		Properties any      `json:"properties"`
		Required   []string `json:"required"`
		Additional bool     `json:"additionalProperties"`
	}
	array struct {
		Type   string `json:"type"`
		Items  any    `json:"items"`
		Min    int    `json:"minItems"`
		Max    int    `json:"maxItems"`
		Unique bool   `json:"uniqueItems,omitempty"`
	}
	text struct {
		Type string   `json:"type"`
		Enum []string `json:"enum,omitempty"`
		Min  int      `json:"minLength,omitempty"`
		Max  int      `json:"maxLength,omitempty"`
	}
	claimProperties struct {
		Evidence array `json:"evidence"`
		Text     text  `json:"text"`
	}
)

// members is an object of JSON whose members keep their order.
type members []struct {
	name  string
	value any
}

func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		v, err := json.Marshal(x.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", x.name, v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Schema returns the JSON Schema of an answer over this evidence: an object
// with a member for each section of the form, each claim with a text and the
// handles that it cites. The handles are an enum, so that a writer that is
// bound to the schema can cite nothing else. Empty evidence gives a schema
// that nothing satisfies.
func Schema(form Form, evidence []graph.Evidence) json.RawMessage {
	handles := make([]string, len(evidence))
	for i, e := range evidence {
		handles[i] = e.Handle
	}
	var items any = text{Type: "string", Enum: handles}
	if len(handles) == 0 {
		items = false
	}
	claim := object{
		Type: "object",
		Properties: claimProperties{
			Evidence: array{Type: "array", Items: items, Min: 1, Max: MaxCited, Unique: true},
			Text:     text{Type: "string", Min: minClaim, Max: maxClaim},
		},
		Required: []string{"evidence", "text"},
	}
	o := object{Type: "object", Required: []string{}}
	properties := members{}
	for _, s := range form {
		var v any = claim
		if !s.Single {
			v = array{Type: "array", Items: claim, Min: s.Min, Max: s.Max}
		}
		properties = append(properties, struct {
			name  string
			value any
		}{s.Name, v})
		o.Required = append(o.Required, s.Name)
	}
	o.Properties = properties
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // plain structs of strings and numbers
	}
	return b
}

// decode reads an answer. The text is usable, as far as it goes, also when
// there are rejections, so that the other checks can name theirs; ok is false
// when there is nothing to check.
func decode(raw string, form Form, evidence []graph.Evidence) (t graph.DraftText, rejected []graph.Rejection, ok bool) {
	reject := func(where, format string, args ...any) {
		rejected = append(rejected, graph.Rejection{Check: CheckSchema, Where: where, Why: fmt.Sprintf(format, args...)})
	}
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	var v any
	switch err := d.Decode(&v); {
	case err == io.EOF:
		reject("", "the answer is empty")
		return t, rejected, false
	case errors.Is(err, io.ErrUnexpectedEOF):
		reject("", "the answer ends in the middle of the JSON object")
		return t, rejected, false
	case err != nil:
		reject("", "the answer is not JSON: %v", err)
		return t, rejected, false
	}
	if _, err := d.Token(); err != io.EOF {
		reject("", "there is text after the JSON object")
	}
	schema, err := compile(Schema(form, evidence))
	if err != nil {
		reject("", "%v", err)
		return t, rejected, false
	}
	var mismatch *jsonschema.ValidationError
	if err := schema.Validate(v); errors.As(err, &mismatch) {
		for _, leaf := range leaves(mismatch) {
			if !checkedElsewhere(leaf) {
				reject(place(leaf.InstanceLocation), "%s", words(leaf))
			}
		}
	} else if err != nil {
		reject("", "%v", err)
	}
	usable, ok := form.read(raw)
	return usable, rejected, ok
}

func compile(schema []byte) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("answer.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("answer.json")
}

func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, c := range e.Causes {
		out = append(out, leaves(c)...)
	}
	return out
}

// checkedElsewhere reports whether a later check names this mismatch in better
// words: lengths and handles.
func checkedElsewhere(e *jsonschema.ValidationError) bool {
	switch e.ErrorKind.(type) {
	case *kind.MinLength, *kind.MaxLength, *kind.MinItems, *kind.MaxItems, *kind.UniqueItems, *kind.Enum, *kind.FalseSchema:
		return true
	}
	return false
}

// place writes a JSON path the way the rejections do: steps[1].text.
func place(path []string) string {
	var b strings.Builder
	for _, p := range path {
		switch _, err := strconv.Atoi(p); {
		case err == nil:
			fmt.Fprintf(&b, "[%s]", p)
		case b.Len() > 0:
			b.WriteString("." + clip(p))
		default:
			b.WriteString(clip(p))
		}
	}
	return b.String()
}

func words(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return "missing: " + strings.Join(k.Missing, ", ")
	case *kind.AdditionalProperties:
		names := make([]string, len(k.Properties))
		for i, p := range k.Properties {
			names[i] = clip(p)
		}
		return "not asked for: " + clip(strings.Join(names, ", "))
	case *kind.Type:
		return fmt.Sprintf("this is %s where %s is wanted", article(k.Got), article(strings.Join(k.Want, " or ")))
	default:
		return fmt.Sprintf("this does not match the schema (%s)", strings.Join(e.ErrorKind.KeywordPath(), "/"))
	}
}

func article(noun string) string {
	switch {
	case noun == "null":
		return noun
	case noun != "" && strings.Contains("aeiou", noun[:1]):
		return "an " + noun
	default:
		return "a " + noun
	}
}

package finding

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind says what a file is, in words for people, with its article. The zero
// value is what no rule here knows.
type Kind string

// The kinds that have a reader of their own; others only have words.
const (
	KindCSAF      Kind = "a CSAF advisory"
	KindSARIF     Kind = "a SARIF log"
	KindCycloneDX Kind = "a CycloneDX document"
)

// Other kinds of files that people have at hand.
const (
	kindFindings Kind = "findings in JSON"
	kindTable    Kind = "findings in CSV"
	kindKEV      Kind = "CISA's catalogue of known exploited vulnerabilities, which adds to findings (assess -kev)"
	kindEPSS     Kind = "a table of EPSS scores, which adds to findings (assess -epss)"
	kindSite     Kind = "a site description, not findings (assess -controls)"
	kindReport   Kind = "a report of this program, not findings; give the file that it was made from"
	kindSchema   Kind = "a JSON Schema, not findings"
	kindSTIX     Kind = "a STIX bundle, not findings"
	kindSPDX     Kind = "an SPDX document, which names no vulnerabilities here"
	kindOpenVEX  Kind = "an OpenVEX document, which can't be read yet"
	kindArchive  Kind = "a ZIP archive, as spreadsheets are too; unpack it, or save the table as CSV"
	kindPDF      Kind = "a PDF, not findings"
	kindHTML     Kind = "a web page, not findings"
)

// Recognise says what a file that begins with head is, whatever it is called.
// It goes by the names of the outermost members, or what stands first where
// there are none: a finding may quote any of the other kinds.
func Recognise(head []byte) Kind {
	head = bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(head) == 0:
	case head[0] == '{':
		return recogniseObject(head)
	case head[0] == '<':
		switch space, root := xmlRoot(head); {
		case strings.HasPrefix(space, "http://cyclonedx.org/schema/bom"):
			return KindCycloneDX
		case strings.EqualFold(root, "html"):
			return kindHTML
		}
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return kindArchive
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return kindPDF
	case bytes.HasPrefix(head, []byte("#model_version:")):
		return kindEPSS
	default:
		names, _ := csvHead(head)
		switch {
		case slices.Contains(names, "id"), slices.Contains(names, "title"):
			return kindTable
		case slices.Contains(names, "cve") && slices.Contains(names, "epss"):
			return kindEPSS
		}
	}
	return ""
}

func recogniseObject(head []byte) Kind {
	names := Members(head)
	member := func(s string) bool { return slices.Contains(names, s) }
	within := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	switch {
	case member("attack") && within(`"domain"`) && (member("findings") || member("drafts") || member("gaps")):
		return kindReport
	case member("findings"):
		return kindFindings
	case member("$schema") && (member("$id") || member("$defs") || member("properties")):
		return kindSchema
	case member("document") && within(`"csaf_version"`), member("product_tree"):
		return KindCSAF
	case member("bomFormat"), member("specVersion") && (member("components") || member("vulnerabilities")):
		return KindCycloneDX
	case member("runs") && (member("version") || member("$schema") || within(`"tool"`)):
		return KindSARIF
	case member("objects") && (within(`"bundle`) || within(`"spec_version"`)):
		return kindSTIX
	case member("vulnerabilities") && (member("catalogVersion") || member("dateReleased")):
		return kindKEV
	case member("spdxVersion"):
		return kindSPDX
	case member("@context") && member("statements") && within("openvex"):
		return kindOpenVEX
	case looksLikeFinding(names):
		return kindFindings
	case member("deployed") || member("devices"):
		return kindSite
	}
	return ""
}

// xmlRoot is the name space and the name of the first element; both empty
// where there is none.
func xmlRoot(head []byte) (space, name string) {
	d := xml.NewDecoder(bytes.NewReader(head))
	d.Strict = false
	for {
		t, err := d.Token()
		if err != nil {
			return "", ""
		}
		if e, ok := t.(xml.StartElement); ok {
			return e.Name.Space, e.Name.Local
		}
	}
}

// describe says what a file seems to be, for the error about it, and what the
// formats would take.
func describe(head []byte, formats []Format) string {
	want := "want " + formatNames(formats)
	switch kind := Recognise(head); {
	case kind != "":
		return "this is " + string(kind)
	case bytes.IndexByte(head, 0) >= 0, !isUTF8(head):
		return "binary content, or text that is not UTF-8; " + want
	}
	if _, root := xmlRoot(head); root != "" && bytes.TrimLeft(head, " \t\r\n")[0] == '<' {
		return fmt.Sprintf("XML with the root element %s; %s", Plain(root, 40), want)
	}
	if names, comma := csvHead(head); len(names) > 1 && bytes.ContainsRune(head, comma) {
		return fmt.Sprintf("text, or a table with the columns %s, of which none is \"id\" or \"title\"; %s", shownNames(names), want)
	}
	return want
}

func formatNames(formats []Format) string {
	names := make([]string, 0, len(formats))
	for _, f := range formats {
		names = append(names, f.Name)
	}
	if n := len(names) - 1; n > 0 {
		return strings.Join(names[:n], ", ") + " or " + names[n]
	}
	return strings.Join(names, "")
}

// shownNames makes names from a file fit to stand in an error.
func shownNames(names []string) string {
	shown := slices.Clone(names)
	if len(shown) > 8 {
		shown = append(shown[:8], "…")
	}
	for i, n := range shown {
		shown[i] = Plain(n, 40)
	}
	return strings.Join(shown, ", ")
}

// isUTF8 forgives a character that the end of a full head cuts in two.
func isUTF8(head []byte) bool {
	full := len(head) == headSize
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size == 1 {
			return full && !utf8.FullRune(head)
		}
		head = head[size:]
	}
	return true
}

// Members returns the names of the members of the JSON object that head
// begins with, in their order, as far as the head goes: for [Format.Match].
// Names further inside don't count. It returns nil where head begins with
// anything else.
func Members(head []byte) []string {
	d := json.NewDecoder(bytes.NewReader(head))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var names []string
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			break
		}
		names = append(names, name)
		if !skipValue(d) {
			break
		}
	}
	return names
}

// skipValue passes over one value token by token, so that one which the head
// cuts off costs no more than the head.
func skipValue(d *json.Decoder) bool {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return false
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return true
		}
	}
}

// isUTF16 goes by the byte order mark, or by the zero byte beside the first
// character where there is none.
func isUTF16(head []byte) bool {
	if len(head) < 2 {
		return false
	}
	a, b := head[0], head[1]
	return a == 0xff && b == 0xfe || a == 0xfe && b == 0xff ||
		a == 0 && (b == '[' || b == '{') || b == 0 && (a == '[' || a == '{')
}

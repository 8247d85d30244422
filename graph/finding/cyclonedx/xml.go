package cyclonedx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/internal/document"
)

// fromXML does not decode the whole with the library, which would give up the
// document for one CWE that is no number.
func fromXML(b []byte) (*bom, error) {
	var parts struct {
		XMLName  xml.Name
		Metadata struct {
			Component *component `xml:"component"`
		} `xml:"metadata"`
		Components      []component `xml:"components>component"`
		Services        []component `xml:"services>service"`
		Vulnerabilities []struct {
			Inner string `xml:",innerxml"`
		} `xml:"vulnerabilities>vulnerability"`
	}
	if err := xml.Unmarshal(b, &parts); err != nil {
		return nil, plainly(err)
	}
	if v, ok := strings.CutPrefix(parts.XMLName.Space, "http://cyclonedx.org/schema/bom/"); !ok || !strings.HasPrefix(v, "1.") || parts.XMLName.Local != "bom" {
		return nil, fmt.Errorf("the element %s of %q can't be read, only a bom of version 1.x",
			finding.Plain(parts.XMLName.Local, 40), finding.Plain(parts.XMLName.Space, 80))
	}
	d := newBOM(parts.Metadata.Component, parts.Components, parts.Services)
	d.count = len(parts.Vulnerabilities)
	d.vulnerability = func(place string, i int) (*cdx.Vulnerability, []string, []document.Problem) {
		v, err := decodeXML("<vulnerability>" + parts.Vulnerabilities[i].Inner + "</vulnerability>")
		if err != nil {
			return nil, nil, []document.Problem{document.Trouble(place, finding.LostRecord, "%w", plainly(err))}
		}
		var weaknesses []string
		var problems []document.Problem
		if v.CWEs != nil {
			for j, n := range *v.CWEs {
				id, ok := cwe(n)
				if !ok {
					problems = append(problems, document.Trouble(fmt.Sprintf("%s.cwes[%d]", place, j), finding.LostMember, "%d is not the number of a CWE; it is left out", n))
					continue
				}
				weaknesses = append(weaknesses, id)
			}
		}
		return v, weaknesses, problems
	}
	return d, nil
}

// decodeXML runs the library's decoders, which must not take the process down,
// whatever the file holds.
func decodeXML(text string) (v *cdx.Vulnerability, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, fmt.Errorf("can't be read: %v", p)
		}
	}()
	v = new(cdx.Vulnerability)
	return v, xml.Unmarshal([]byte(text), v)
}

// plainly cuts an error that quotes the file.
func plainly(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("line %d: %s", syntax.Line, finding.Plain(syntax.Msg, document.MaxText))
	}
	return errors.New(finding.Plain(err.Error(), document.MaxText))
}

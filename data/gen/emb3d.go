package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// emb3dRelease is the STIX bundle of MITRE EMB3D, below the folder of
// -shared. Nothing in the bundle says which release it is, only its name.
const emb3dRelease = "emb3d/emb3d-stix-2.0.1.json"

var emb3dName = regexp.MustCompile(`^emb3d-stix-(\d+(?:\.\d+)+)\.json$`)

// emb3dObject is what is kept of EMB3D's objects of all types.
type emb3dObject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`

	Property         string `json:"x_mitre_emb3d_property_id"`
	PropertyCategory string `json:"category"`

	Threat         string `json:"x_mitre_emb3d_threat_id"`
	ThreatCategory string `json:"x_mitre_emb3d_threat_category"`
	ThreatMaturity string `json:"x_mitre_emb3d_threat_maturity"`
	CWEs           string `json:"x_mitre_emb3d_threat_CWEs"`

	Mitigation         string `json:"x_mitre_emb3d_mitigation_id"`
	MitigationMaturity string `json:"x_mitre_emb3d_mitigation_maturity"`
	IEC62443           string `json:"x_mitre_emb3d_mitigation_IEC_62443_mappings"`

	Link   string `json:"relationship_type"`
	Source string `json:"source_ref"`
	Target string `json:"target_ref"`
}

type (
	emb3dProperty struct {
		ID       string   `json:"id"`
		Name     string   `json:"name"`
		Category string   `json:"category"`
		Parents  []string `json:"parents,omitempty"`
		Threats  []string `json:"threats,omitempty"`
	}
	emb3dThreat struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		Category    string   `json:"category"`
		Maturity    string   `json:"maturity"`
		CWEs        []string `json:"cwes,omitempty"`
		Mitigations []string `json:"mitigations,omitempty"`
	}
	emb3dMitigation struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Maturity string `json:"maturity"`
		// Requirements of IEC 62443-4-2, such as "CR 1.1 RE 2".
		IEC62443 []string `json:"iec_62443_4_2,omitempty"`
	}
)

// emb3dFacts reduces a release of EMB3D to facts. The CVEs that illustrate a
// threat are none of them: they stand in running text, and some have a link to
// another CVE than they name.
func emb3dFacts(path string) (file, error) {
	name := emb3dName.FindStringSubmatch(filepath.Base(path))
	if name == nil {
		return file{}, fmt.Errorf("the name is not that of a release of EMB3D, such as %s", filepath.Base(emb3dRelease))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return file{}, err
	}
	var bundle struct{ Objects []*emb3dObject }
	if err := json.Unmarshal(b, &bundle); err != nil {
		return file{}, err
	}
	content, err := emb3dContent(name[1], bundle.Objects)
	return file{name: "emb3d/emb3d-" + name[1] + ".json", content: content}, err
}

func emb3dContent(version string, objects []*emb3dObject) ([]byte, error) {
	var (
		properties  []*emb3dProperty
		threats     []*emb3dThreat
		mitigations []*emb3dMitigation
		byID        = map[string]any{} // STIX ID to one of these
		links       []*emb3dObject
	)
	for _, o := range objects {
		switch o.Type {
		case "x-mitre-emb3d-property":
			p := &emb3dProperty{ID: o.Property, Name: o.Name, Category: o.PropertyCategory}
			properties, byID[o.ID] = append(properties, p), p
		case "vulnerability":
			cwes, err := cwesNamed(o.CWEs)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.Threat, err)
			}
			t := &emb3dThreat{ID: o.Threat, Name: o.Name, Category: o.ThreatCategory, Maturity: o.ThreatMaturity, CWEs: cwes}
			threats, byID[o.ID] = append(threats, t), t
		case "course-of-action":
			requirements, err := requirementsNamed(o.IEC62443)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.Mitigation, err)
			}
			m := &emb3dMitigation{ID: o.Mitigation, Name: o.Name, Maturity: o.MitigationMaturity, IEC62443: requirements}
			mitigations, byID[o.ID] = append(mitigations, m), m
		case "relationship":
			links = append(links, o)
		case "identity":
		default:
			return nil, fmt.Errorf("%s: unknown type", o.ID)
		}
	}
	for _, l := range links {
		if err := emb3dLink(l, byID[l.Source], byID[l.Target]); err != nil {
			return nil, err
		}
	}

	// PID-1241 stands behind PID-124, of which it is a part: the text decides.
	slices.SortFunc(properties, func(a, b *emb3dProperty) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(threats, func(a, b *emb3dThreat) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(mitigations, func(a, b *emb3dMitigation) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range properties {
		slices.Sort(p.Parents)
		slices.Sort(p.Threats)
	}
	for _, t := range threats {
		slices.Sort(t.Mitigations)
	}
	return encodeEMB3D(version, properties, threats, mitigations)
}

// emb3dLink notes a relationship at the end that EMB3D's readers start from.
func emb3dLink(l *emb3dObject, source, target any) error {
	switch s := source.(type) {
	case *emb3dProperty:
		switch t := target.(type) {
		case *emb3dThreat:
			if l.Link == "relates-to" {
				s.Threats = append(s.Threats, t.ID)
				return nil
			}
		case *emb3dProperty:
			if l.Link == "subproperty-of" {
				s.Parents = append(s.Parents, t.ID)
				return nil
			}
		}
	case *emb3dMitigation:
		if t, ok := target.(*emb3dThreat); ok && l.Link == "mitigates" {
			t.Mitigations = append(t.Mitigations, s.ID)
			return nil
		}
	}
	return fmt.Errorf("%s: unknown link %s from %s to %s", l.ID, l.Link, l.Source, l.Target)
}

func encodeEMB3D(version string, properties []*emb3dProperty, threats []*emb3dThreat, mitigations []*emb3dMitigation) ([]byte, error) {
	p, err := lines(properties)
	if err != nil {
		return nil, err
	}
	t, err := lines(threats)
	if err != nil {
		return nil, err
	}
	m, err := lines(mitigations)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(perLine(`{"catalogue":"EMB3D",
"version":"`+version+`",
"source":"MITRE EMB3D `+version+`, its STIX bundle",
"properties":[`, p, "],"))
	b.Write(perLine(`"threats":[`, t, "],"))
	b.Write(perLine(`"mitigations":[`, m, "]}"))
	return b.Bytes(), nil
}

// lines are elements for perLine.
func lines[T any](list []T) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, v := range list {
		var err error
		if out[i], err = compact(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

var (
	cweItem = regexp.MustCompile(`^- \[CWE[- ]\d+.*\]\(https?://cwe\.mitre\.org/data/definitions/([1-9]\d*)\.html\)\s*$`)

	// "EDR / HDR / NDR 3.10 – Support for updates: RE (1) Update ..."; once the
	// dash stands before the number, and RE is not always written.
	requirementItem = regexp.MustCompile(`^(?:- )?((?:CR|SAR|EDR|HDR|NDR)(?: ?/ ?(?:CR|SAR|EDR|HDR|NDR))*) (?:– )?(\d+\.\d+)\b(.*)$`)
	enhancement     = regexp.MustCompile(`\((\d)\)`)
)

// cwesNamed reads a Markdown list of CWEs with quotations between. The address
// decides which one is meant: a number in the text has a slip of the pen.
func cwesNamed(markdown string) ([]string, error) {
	var out []string
	for line := range strings.Lines(markdown) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "- ") {
			continue
		}
		m := cweItem.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("no CWE in %q", line)
		}
		out = append(out, "CWE-"+m[1])
	}
	return out, nil
}

// requirementsNamed reads a Markdown list of requirements of IEC 62443-4-2 and
// keeps their numbers.
func requirementsNamed(markdown string) ([]string, error) {
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(markdown, "\u00a0", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.EqualFold(line, "- none") {
			continue
		}
		m := requirementItem.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("no requirement in %q", line)
		}
		re := ""
		if e := enhancement.FindStringSubmatch(m[3]); e != nil {
			re = " RE " + e[1]
		}
		for kind := range strings.SplitSeq(m[1], "/") {
			out = append(out, strings.TrimSpace(kind)+" "+m[2]+re)
		}
	}
	return out, nil
}

package sarif

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/internal/document"
)

// The members of a log that an assessment needs, named as in the standard.
// What else there is is not looked at.

type runMembers struct {
	Tool struct {
		Driver     component   `json:"driver"`
		Extensions []component `json:"extensions"`
	} `json:"tool"`
	Taxonomies []component       `json:"taxonomies"`
	Artifacts  []artifact        `json:"artifacts"`
	Results    []json.RawMessage `json:"results"`
	Automation struct {
		ID string `json:"id"`
	} `json:"automationDetails"`
	Elsewhere struct {
		Results []json.RawMessage `json:"results"`
	} `json:"externalPropertyFileReferences"`
	Properties properties `json:"properties"`
}

// component is a tool, an extension of it or a taxonomy.
type component struct {
	Name  string            `json:"name"`
	GUID  string            `json:"guid"`
	Rules []json.RawMessage `json:"rules"`
	Taxa  []taxon           `json:"taxa"`
}

type taxon struct {
	ID   string `json:"id"`
	GUID string `json:"guid"`
}

type artifact struct {
	Location artifactLocation `json:"location"`
}

type artifactLocation struct {
	URI   string `json:"uri"`
	Index *int   `json:"index"`
}

type ruleMembers struct {
	ID            string             `json:"id"`
	Name          string             `json:"name"`
	GUID          string             `json:"guid"`
	Short         message            `json:"shortDescription"`
	Full          message            `json:"fullDescription"`
	Strings       map[string]message `json:"messageStrings"`
	Relationships []relationship     `json:"relationships"`
	Configuration struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
	Properties properties `json:"properties"`
}

type relationship struct {
	Target reference `json:"target"`
	Kinds  []string  `json:"kinds"`
}

// reference is one to a rule or a taxon.
type reference struct {
	ID        string              `json:"id"`
	Index     *int                `json:"index"`
	GUID      string              `json:"guid"`
	Component *componentReference `json:"toolComponent"`
}

type componentReference struct {
	Name  string `json:"name"`
	Index *int   `json:"index"`
	GUID  string `json:"guid"`
}

type message struct {
	Text      string   `json:"text"`
	Markdown  string   `json:"markdown"`
	ID        string   `json:"id"`
	Arguments []string `json:"arguments"`
}

func (m message) words() string {
	if s := strings.TrimSpace(m.Text); s != "" {
		return s
	}
	return strings.TrimSpace(m.Markdown)
}

type result struct {
	RuleID        string        `json:"ruleId"`
	RuleIndex     *int          `json:"ruleIndex"`
	Rule          *reference    `json:"rule"`
	Kind          string        `json:"kind"`
	Level         string        `json:"level"`
	Message       message       `json:"message"`
	Locations     []location    `json:"locations"`
	Taxa          []reference   `json:"taxa"`
	Suppressions  []suppression `json:"suppressions"`
	BaselineState string        `json:"baselineState"`
	Properties    properties    `json:"properties"`
}

// line is the number of one, however JSON writes it: 1e3 is 1000. What is none
// must not cost the file that it is in.
type line struct {
	number int    // 0 where there is none
	wrong  string // what stands there that is no line
}

func (l *line) UnmarshalJSON(raw []byte) error {
	*l = line{}
	n, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case string(raw) == "null":
	case err == nil && n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32: // as other readers take them
		l.number = max(0, int(n))
	default:
		l.wrong = finding.Plain(string(raw), 40)
	}
	return nil
}

type location struct {
	Physical struct {
		Artifact artifactLocation `json:"artifactLocation"`
		Region   struct {
			Line line `json:"startLine"`
		} `json:"region"`
	} `json:"physicalLocation"`
	Logical []struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
	} `json:"logicalLocations"`
}

type suppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

// leftOut says why a result is no finding although something is wrong; empty
// where it is one. A suppression that is under review, or was rejected, does
// not hold.
func (x *result) leftOut() string {
	if x.BaselineState == "absent" {
		return "an earlier scan found it, this one did not"
	}
	reason := ""
	for _, s := range x.Suppressions {
		if s.Status != "" && s.Status != "accepted" {
			return ""
		}
		if reason == "" {
			reason = "it is suppressed"
			if s.Justification != "" {
				reason += fmt.Sprintf(": %q", finding.Plain(s.Justification, document.MaxText))
			}
		}
	}
	return reason
}

// properties is a bag in which every scanner has its own names.
type properties map[string]json.RawMessage

// text is a string in the bag.
func (p properties) text(name string) string {
	var s string
	_ = json.Unmarshal(p[name], &s)
	return strings.TrimSpace(s)
}

// texts returns a string, a number, or those in a list.
func texts(raw json.RawMessage) []string {
	var one any
	if json.Unmarshal(raw, &one) != nil {
		return nil
	}
	list, ok := one.([]any)
	if !ok {
		list = []any{one}
	}
	var out []string
	for _, v := range list {
		switch v := v.(type) {
		case string:
			out = append(out, strings.TrimSpace(v))
		case float64:
			out = append(out, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	return out
}

// decode tries the whole first: most logs keep the rules, and may be long.
func decode[T any](place string, raw json.RawMessage, members ...string) (*T, []document.Problem) {
	v := new(T)
	if json.Unmarshal(raw, v) == nil {
		return v, nil
	}
	return document.Pick[T](place, raw, members...)
}

var placeholder = regexp.MustCompile(`\{[0-9]{1,6}\}`)

// filled puts the arguments into a rule's message, which many results may
// share, and cuts the outcome.
func filled(text string, arguments []string) string {
	const most = 4 * document.MaxText // bytes; a template may name a long argument often
	var b strings.Builder
	for b.Len() < most {
		at := placeholder.FindStringIndex(text)
		if at == nil {
			b.WriteString(text[:min(len(text), most)])
			break
		}
		b.WriteString(text[:min(at[0], most)])
		n, err := strconv.Atoi(text[at[0]+1 : at[1]-1])
		if err == nil && n < len(arguments) {
			b.WriteString(arguments[n][:min(len(arguments[n]), most)])
		} else {
			b.WriteString(text[at[0]:at[1]])
		}
		text = text[at[1]:]
	}
	return finding.Plain(b.String(), 2*document.MaxText)
}

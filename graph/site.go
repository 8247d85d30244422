package graph

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// SiteDescription is what the user says of a site: its devices, what can't be
// done on them, and which mitigations are deployed.
type SiteDescription struct {
	Site     string   `json:"site"`     // the site's name
	Deployed []string `json:"deployed"` // mitigation IDs, deployed everywhere
	Devices  []Device `json:"devices"`
	// Accepted holds the gaps that the site decided to live with.
	Accepted []Acceptance `json:"accepted,omitempty"`
	// Source is the file that it was read from, for messages.
	Source string `json:"-"`
}

// Device is one device of a site.
type Device struct {
	ID          string   `json:"id"`                    // as findings name it
	Name        string   `json:"name,omitempty"`        // for people; may be empty
	Asset       string   `json:"asset,omitempty"`       // ATT&CK asset ID; empty when unknown
	Deployed    []string `json:"deployed,omitempty"`    // mitigation IDs, deployed here
	Constraints []string `json:"constraints,omitempty"` // constraint IDs, such as no_agent
	// Products holds what the device is called where it is sold: model
	// numbers, full names, CPEs. A finding that is on none of the site's
	// devices by its ID is on those that are one of its products, whatever the
	// case of letters.
	Products []string `json:"products,omitempty"`
}

// maxSite bounds a site description, in bytes.
const maxSite = 64 << 20

// ReadSite reads a site description in this project's JSON. Unknown members,
// constraints that nobody knows, and what else can be told to be wrong without a
// release are an error, since a misspelt word would silently count as nothing;
// it names all of them. The name stands for the source in errors.
func ReadSite(ctx context.Context, name string, r io.Reader) (SiteDescription, error) {
	var s SiteDescription
	if err := ctx.Err(); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	if r == nil {
		return s, fmt.Errorf("%s: nothing to read: the reader is nil", name)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxSite+1))
	switch {
	case err != nil:
		return s, fmt.Errorf("%s: %w", name, err)
	case len(b) > maxSite:
		return s, fmt.Errorf("%s: a site description of more than %d MiB", name, maxSite>>20)
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(b)) == 0 {
		return s, fmt.Errorf("%s: empty file, want a JSON object with \"site\", \"deployed\" and \"devices\"", name)
	}
	if i := invalidUTF8(b); i >= 0 {
		return s, fmt.Errorf("%s: line %d: the text is not UTF-8", name, 1+bytes.Count(b[:i], []byte("\n")))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return SiteDescription{}, fmt.Errorf("%s: line %d: %w", name, lineOf(b, d, err), plainly(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return SiteDescription{}, fmt.Errorf("%s: line %d: more text after the JSON object", name, lineOf(b, d, nil))
	}
	if member, at := repeated(b); member != "" {
		return SiteDescription{}, fmt.Errorf("%s: line %d: the member %q stands twice in one object", name, 1+bytes.Count(b[:at], []byte("\n")), member)
	}
	if s.Site == "" && len(s.Deployed) == 0 && len(s.Devices) == 0 && len(s.Accepted) == 0 {
		return SiteDescription{}, fmt.Errorf("%s: it says nothing: want a JSON object with \"site\", \"deployed\" and \"devices\"", name)
	}
	for i := range s.Devices {
		s.Devices[i].ID = strings.TrimSpace(s.Devices[i].ID) // as in findings
	}
	for i, a := range s.Accepted {
		s.Accepted[i].Device, s.Accepted[i].Finding = strings.TrimSpace(a.Device), strings.TrimSpace(a.Finding)
	}
	constraints, err := knownConstraints()
	if err != nil {
		return SiteDescription{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := wrongSite(name, s.faults(nil, constraints)); err != nil {
		return SiteDescription{}, err
	}
	s.Source = name
	return s, nil
}

// knownConstraints are the IDs of those that this module carries, in order.
func knownConstraints() (ids []string, err error) {
	parts, err := embeddedKnowledge()
	for _, p := range parts {
		if c, ok := p.(*constraints); ok {
			for _, limit := range c.Constraints {
				ids = append(ids, limit.ID)
			}
		}
	}
	slices.Sort(ids)
	return ids, err
}

// wrongSite is the error about a description of which something is wrong; nil
// where nothing is.
func wrongSite(name string, faults []string) error {
	const most = 20
	if n := len(faults) - most; n > 0 {
		faults = append(faults[:most:most], fmt.Sprintf("and %d faults more", n))
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", cmp.Or(name, "site"), strings.Join(faults, "; "))
}

// faults says what is wrong with a description, each with its place, as far as
// it can be told without a release, which may be nil.
func (s *SiteDescription) faults(catalog *mitre.Catalog, constraints []string) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	seen := map[string]int{}
	for i, d := range s.Devices {
		place := fmt.Sprintf("devices[%d]", i)
		if first, twice := seen[d.ID]; strings.TrimSpace(d.ID) == "" {
			add("%s: a device without an id", place)
		} else if twice {
			add("%s: the device %q is already devices[%d]", place, d.ID, first)
		} else {
			seen[d.ID] = i
		}
		for j, p := range d.Products {
			if productKey(p) == "" {
				add("%s.products[%d]: a product without a name", place, j)
			}
		}
		for j, id := range d.Constraints {
			if !slices.Contains(constraints, id) {
				add("%s.constraints[%d]: unknown constraint %q; known are %s%s", place, j, id, strings.Join(constraints, ", "), finding.Meant(id, slices.Values(constraints)))
			}
		}
	}
	for i, a := range s.Accepted {
		if member, why := a.wrong(catalog, seen); member != "" {
			add("accepted[%d].%s: %s", i, member, why)
		}
	}
	return out
}

// invalidUTF8 is where a text stops being UTF-8; -1 where it does not.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	i := 0
	for {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
}

// plainly says a decoding error without the names of Go's types.
func plainly(err error) error {
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, _ = strconv.Unquote(name)
		site, device, acceptance := membersOf(SiteDescription{}), membersOf(Device{}), membersOf(Acceptance{})
		return fmt.Errorf("unknown member %q: a site may have %s, each of its devices %s, and each of what is accepted %s%s", name,
			strings.Join(site, ", "), strings.Join(device, ", "), strings.Join(acceptance, ", "),
			finding.Meant(name, slices.Values(slices.Concat(site, device, acceptance))))
	}
	var typed *json.UnmarshalTypeError
	if !errors.As(err, &typed) {
		return err
	}
	where := "the whole"
	if typed.Field != "" {
		where = typed.Field
	}
	want := "a text"
	switch typed.Type.Kind() {
	case reflect.Struct:
		want = "an object"
	case reflect.Slice:
		want = "a list"
	}
	found, _, _ := strings.Cut(typed.Value, " ")
	return fmt.Errorf("%s: want %s, found a JSON %s", where, want, found)
}

// membersOf is what a struct's fields are called in JSON.
func membersOf(v any) (names []string) {
	t := reflect.TypeOf(v)
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// repeated finds a member that stands twice in one object of a valid JSON
// text, whatever its case: the decoder would join both.
func repeated(b []byte) (member string, at int64) {
	d := json.NewDecoder(bytes.NewReader(b))
	type level struct {
		seen  map[string]bool // nil for a list
		value bool            // the next token is a member's value
	}
	var stack []level
	for {
		token, err := d.Token()
		if err != nil {
			return "", 0
		}
		top := len(stack) - 1
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			stack = stack[:top]
			continue
		}
		if top >= 0 && stack[top].seen != nil {
			if !stack[top].value {
				name, _ := token.(string)
				if stack[top].seen[strings.ToLower(name)] {
					return name, d.InputOffset()
				}
				stack[top].seen[strings.ToLower(name)] = true
				stack[top].value = true
				continue
			}
			stack[top].value = false
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{seen: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, level{})
		}
	}
}

// lineOf finds the line of a decoding error.
func lineOf(b []byte, d *json.Decoder, err error) int {
	at := d.InputOffset()
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &typed):
		at = typed.Offset
	case errors.Is(err, io.ErrUnexpectedEOF):
		at = int64(len(b))
	}
	return 1 + bytes.Count(b[:min(int(at), len(b))], []byte("\n"))
}

// SiteFacts is the source of a site description. It needs [Attack] and
// [Knowledge] before it: an unknown mitigation, asset or constraint is an
// error that names the place, because a misspelt control would otherwise
// count as not deployed and a misspelt constraint as no constraint. A graph may
// hold several sites: what is deployed at one as a whole counts for its own
// devices, and a device's ID may be at one of them only. The name of a site
// without one is "site".
func SiteFacts(s SiteDescription) Source {
	s.Site = string(literal(s.Site))
	s.Devices = slices.Clone(s.Devices)
	s.Deployed = slices.Clone(s.Deployed)
	for i, d := range s.Devices {
		s.Devices[i].Deployed, s.Devices[i].Constraints = slices.Clone(d.Deployed), slices.Clone(d.Constraints)
		s.Devices[i].Products = literals(d.Products)
		s.Devices[i].ID, s.Devices[i].Name = string(literal(d.ID)), string(literal(d.Name))
	}
	s.Accepted = slices.Clone(s.Accepted)
	for i, a := range s.Accepted {
		s.Accepted[i] = Acceptance{
			GapKind(literal(string(a.Kind))), string(literal(a.Technique)), string(literal(a.Finding)), string(literal(a.Device)),
			string(literal(a.By)), string(literal(a.Until)), string(literal(a.Why)),
		}
	}
	return siteFacts{s}
}

type siteFacts struct{ SiteDescription }

func (s siteFacts) origin() (origin, error) {
	o := originOf(Site, s.name(), "site/"+url.PathEscape(s.name()))
	o.whole = true
	return o, nil
}

func (s siteFacts) name() string { return cmp.Or(s.Site, "site") }

func (s siteFacts) write(b *batch, known *index) error {
	name := s.name()
	catalog, err := known.release("SiteFacts")
	if err != nil {
		return err
	}
	faults := s.faults(catalog, constraintIDs(known))
	at := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	mitigation := func(from, place, id string) {
		r, err := catalog.Resolve(id)
		if err != nil {
			at("%s: mitigation %q is not in %s%s", place, id, catalog.Info(), meant[*mitre.Mitigation](catalog, id))
			return
		}
		m, ok := r.Object.(*mitre.Mitigation)
		if !ok {
			at("%s: %s is %s, not a mitigation", place, id, r.Object.Common().Name)
			return
		}
		switch {
		case m.Placeholder():
			b.warn(s.Source, place, "%s (%s) is a placeholder and counts as nothing deployed", m.ID, m.Name)
		case !m.Live():
			b.warn(s.Source, place, "%s (%s) is deprecated in %s and mitigates nothing there", m.ID, m.Name, catalog.Info())
		}
		b.edge(from, predDeployed, attackKey(catalog, m))
	}
	b.node(siteKey(name), "Site", name, &SiteDescription{Site: name, Deployed: s.Deployed, Accepted: s.Accepted, Source: s.Source})
	for i, id := range s.Deployed {
		mitigation(siteKey(name), fmt.Sprintf("deployed[%d]", i), id)
	}
	hasAssets := false
	for range mitre.All[*mitre.Asset](catalog) {
		hasAssets = true
		break
	}
	for i, d := range s.Devices {
		place := fmt.Sprintf("devices[%d]", i)
		for other := range known.from(deviceKey(d.ID), predAt) {
			if other.key != siteKey(name) {
				at("%s: the device %q is already one of the site %q; findings name devices by their IDs, so these differ between sites", place, d.ID, other.name)
			}
		}
		b.node(deviceKey(d.ID), "Device", d.Name, &d)
		b.edge(deviceKey(d.ID), predAt, siteKey(name))
		if d.Asset != "" {
			a, ok := mitre.Find[*mitre.Asset](catalog, d.Asset)
			switch {
			case ok:
				b.edge(deviceKey(d.ID), predOf, attackKey(catalog, a))
			case hasAssets:
				at("%s.asset: asset %q is not in %s%s", place, d.Asset, catalog.Info(), meant[*mitre.Asset](catalog, d.Asset))
			default:
				b.warn(s.Source, place+".asset", "%s has no assets; %s is left out", catalog.Info(), d.Asset)
			}
		}
		for j, id := range d.Deployed {
			mitigation(deviceKey(d.ID), fmt.Sprintf("%s.deployed[%d]", place, j), id)
		}
		for _, id := range d.Constraints {
			b.edge(deviceKey(d.ID), predLimited, constraintKey(id))
		}
	}
	return wrongSite(s.Source, faults)
}

// productKey makes what two sources call a product comparable. Readers cut
// names at the same length.
func productKey(name string) string { return strings.ToLower(finding.Plain(name, 200)) }

func constraintIDs(x *index) []string {
	var ids []string
	for _, c := range all[*constraint](x) {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return ids
}

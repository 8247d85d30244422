package csaf

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gocsaf/csaf/v3/csaf"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/internal/document"
)

// maxIdentifiers is how many identifiers of one product are read.
const maxIdentifiers = 16

// productTree reads the tree of products. An identifier such as a CPE that
// breaks its rules must not cost the names of all products.
func productTree(raw json.RawMessage) (*csaf.ProductTree, []problem) {
	members := []string{"branches", "full_product_names", "relationships"}
	tree, problems := document.Pick[csaf.ProductTree]("product_tree", raw, members...)
	if len(problems) == 0 {
		return tree, nil
	}
	var whole any
	if json.Unmarshal(raw, &whole) != nil {
		return tree, problems
	}
	m := mender{}
	m.walk("product_tree", whole)
	mended, err := json.Marshal(whole)
	if err != nil {
		return tree, problems
	}
	tree, problems = document.Pick[csaf.ProductTree]("product_tree", mended, members...)
	return tree, append(m.problems, problems...)
}

// mender removes identifiers that break their rules.
type mender struct{ problems []problem }

func (m *mender) walk(place string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if name == "product_identification_helper" {
				v[name] = m.helper(place+"."+name, v[name])
				continue
			}
			m.walk(place+"."+name, v[name])
		}
	case []any:
		for i, inner := range v {
			m.walk(fmt.Sprintf("%s[%d]", place, i), inner)
		}
	}
}

func (m *mender) helper(place string, v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	helper, problems := document.Pick[csaf.ProductIdentificationHelper](place, raw, "cpe", "purl", "model_numbers", "skus", "serial_numbers")
	for _, p := range problems {
		// The library would quote a pattern of 500 characters.
		for member, name := range map[string]string{"cpe": "CPE", "purl": "package URL"} {
			if p.Place == place+"."+member {
				p.Err = fmt.Errorf("not a %s; %s left out", name, member)
			}
		}
		m.problems = append(m.problems, p)
	}
	return helper
}

// affectedBy returns the affected products; false when the advisory says that
// none is.
func affectedBy(s *csaf.ProductStatus) ([]csaf.ProductID, bool) {
	if s == nil {
		return nil, true
	}
	var ids []csaf.ProductID
	seen := map[csaf.ProductID]bool{}
	for _, list := range []*csaf.Products{s.KnownAffected, s.FirstAffected, s.LastAffected, s.UnderInvestigation} {
		if list == nil {
			continue
		}
		for _, id := range *list {
			if id != nil && !seen[*id] {
				seen[*id] = true
				ids = append(ids, *id)
			}
		}
	}
	said := false
	for _, list := range []*csaf.Products{s.Fixed, s.FirstFixed, s.KnownNotAffected, s.Recommended} {
		said = said || list != nil && len(*list) > 0
	}
	return ids, len(ids) > 0 || !said
}

// affected returns the affected products with their versions, each once, as
// long as there is room.
func (a *advisory) affected(ids []csaf.ProductID) []finding.Affected {
	var out []finding.Affected
	at, seen := map[string]int{}, map[[2]string]bool{}
	for _, id := range ids {
		name, version := a.products[id].String(), ""
		if p := a.products[id]; p != nil {
			version = p.version
		}
		if name == "" { // of a product that the tree lacks
			name = finding.Plain(string(id), document.MaxText)
		}
		if name == "" || seen[[2]string{name, version}] {
			continue
		}
		seen[[2]string{name, version}] = true
		if a.room -= len(name) + len(version) + 32; a.room < 0 { // and what the strings cost
			return nil
		}
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			out = append(out, finding.Affected{Product: name})
		}
		if version != "" {
			out[i].Versions = append(out[i].Versions, version)
		}
	}
	return out
}

// label is a name in the product tree and what it stands under. Labels share
// what they have in common, so that a deep tree stays small. The nil label
// has no text.
type label struct {
	above *label
	name  string
	// product says that this name or one above tells a product, not only its
	// vendor.
	product bool
}

// under returns a label below l. A name that begins with the one above it, as
// product names do that repeat their vendor, takes its place.
func (l *label) under(name string, product bool) *label {
	name = finding.Plain(name, document.MaxText)
	if name == "" {
		return l
	}
	if l != nil {
		product = product || l.product
		if strings.HasPrefix(strings.ToLower(name)+" ", strings.ToLower(l.name)+" ") {
			l = l.above
		}
	}
	return &label{l, name, product}
}

// String is the label's text, from the vendor down. Of a path longer than any
// real one the lower end stays.
func (l *label) String() string {
	var path []string
	for ; l != nil && len(path) < 6; l = l.above {
		path = append(path, l.name)
	}
	slices.Reverse(path)
	return strings.Join(path, " ")
}

// product is what one of the tree is called.
type product struct {
	// label is its vendor's and its own name, without versions: an assessor
	// looks for the product first. A product outside the branches, or under
	// branches that name none, has its full name.
	label   *label
	version string   // or a range of versions, as the tree words it; may be empty
	names   []string // all names and identifiers
}

// String is the label's text; empty for the nil product.
func (p *product) String() string {
	if p == nil {
		return ""
	}
	return p.label.String()
}

// newProduct takes the label that it stands under; nil for none.
func newProduct(p *csaf.FullProductName, under *label, version string) *product {
	full := ""
	if p.Name != nil {
		full = finding.Plain(*p.Name, document.MaxText)
	}
	out := &product{label: under, version: version}
	if under == nil || !under.product {
		out.label = (*label)(nil).under(full, true)
	}
	add := func(s string) {
		if s = finding.Plain(s, document.MaxText); s != "" && !slices.Contains(out.names, s) && len(out.names) < maxIdentifiers {
			out.names = append(out.names, s)
		}
	}
	add(full)
	add(out.label.String())
	if out.label != nil {
		add(out.label.name)
	}
	if h := p.ProductIdentificationHelper; h != nil {
		if h.CPE != nil {
			add(string(*h.CPE))
		}
		if h.PURL != nil {
			add(string(*h.PURL))
		}
		for _, list := range [][]*string{h.ModelNumbers, h.SKUs, h.SerialNumbers} {
			for _, s := range list {
				if s != nil {
					add(*s)
				}
			}
		}
	}
	return out
}

// productsOf finds the products of the tree.
func productsOf(t *csaf.ProductTree) map[csaf.ProductID]*product {
	out := map[csaf.ProductID]*product{}
	add := func(p *csaf.FullProductName, under *label, version string) {
		if p != nil && p.ProductID != nil {
			out[*p.ProductID] = newProduct(p, under, version)
		}
	}
	var walk func(branches csaf.Branches, above *label, version string)
	walk = func(branches csaf.Branches, above *label, outer string) {
		for _, b := range branches {
			if b == nil {
				continue
			}
			here, version := above, outer
			if b.Category != nil && b.Name != nil {
				switch *b.Category {
				case csaf.CSAFBranchCategoryVendor:
					here = above.under(*b.Name, false)
				case csaf.CSAFBranchCategoryProductFamily, csaf.CSAFBranchCategoryProductName:
					here = above.under(*b.Name, true)
				case csaf.CSAFBranchCategoryProductVersion, csaf.CSAFBranchCategoryProductVersionRange,
					csaf.CSAFBranchCategoryServicePack, csaf.CSAFBranchCategoryPatchLevel:
					version = finding.Plain(strings.TrimSpace(outer+" "+*b.Name), document.MaxText)
				}
			}
			add(b.Product, here, version)
			walk(b.Branches, here, version)
		}
	}
	walk(t.Branches, nil, "")
	if t.FullProductNames != nil {
		for _, p := range *t.FullProductNames {
			add(p, nil, "")
		}
	}
	if t.RelationShips != nil {
		for _, r := range *t.RelationShips {
			if r != nil {
				add(r.FullProductName, nil, "")
			}
		}
	}
	return out
}

// groupsOf reads the groups of products. They only say for what a remedy is,
// so one that is faulty has no products. Not the library's type, which takes
// the list of a remediation's groups for an object.
func groupsOf(tree json.RawMessage) map[string][]csaf.ProductID {
	var parts struct {
		Groups []json.RawMessage `json:"product_groups"`
	}
	if json.Unmarshal(tree, &parts) != nil {
		return nil
	}
	out := map[string][]csaf.ProductID{}
	for _, raw := range parts.Groups {
		var g struct {
			ID       string           `json:"group_id"`
			Products []csaf.ProductID `json:"product_ids"`
		}
		if json.Unmarshal(raw, &g) == nil {
			out[g.ID] = g.Products
		}
	}
	return out
}

// names returns what the products are called, each name once, as long as
// there is room.
func (a *advisory) names(ids []csaf.ProductID) []string {
	var out []string
	seen := map[string]bool{}
	for _, id := range ids {
		names := []string{finding.Plain(string(id), document.MaxText)} // of a product that the tree lacks
		if p := a.products[id]; p != nil {
			names = p.names
		}
		for _, n := range names {
			if n == "" || seen[n] {
				continue
			}
			if a.room -= len(n) + 16; a.room < 0 { // and what a string costs
				return nil
			}
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

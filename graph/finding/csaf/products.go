package csaf

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gocsaf/csaf/v3/csaf"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// maxProducts is how many product names a finding's device shows.
const maxProducts = 3

// productTree reads the tree of products. An identifier such as a CPE that
// breaks its rules must not cost the names of all products.
func productTree(raw json.RawMessage) (*csaf.ProductTree, []problem) {
	members := []string{"branches", "full_product_names", "relationships"}
	tree, problems := pick[csaf.ProductTree]("product_tree", raw, members...)
	if len(problems) == 0 {
		return tree, nil
	}
	var whole any
	if json.Unmarshal(raw, &whole) != nil {
		return tree, problems
	}
	pruned, err := json.Marshal(prune(whole, "product_identification_helper"))
	if err != nil {
		return tree, problems
	}
	return pick[csaf.ProductTree]("product_tree", pruned, members...)
}

// prune removes a member wherever it stands.
func prune(v any, member string) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, member)
		for _, inner := range v {
			prune(inner, member)
		}
	case []any:
		for _, inner := range v {
			prune(inner, member)
		}
	}
	return v
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

// device names the affected products, the first few of them.
func device(labels map[csaf.ProductID]*label, ids []csaf.ProductID) string {
	var shown []string
	seen := map[string]bool{}
	for _, id := range ids {
		n := labels[id].String()
		if n == "" {
			n = finding.Plain(string(id), maxText)
		}
		if seen[n] {
			continue
		}
		seen[n] = true
		if len(seen) <= maxProducts {
			shown = append(shown, n)
		}
	}
	if n := len(seen) - maxProducts; n > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(shown, "; ")
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
	name = finding.Plain(name, maxText)
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

// labels gives each product of the tree its vendor's and its own name, without
// versions: an assessor looks for the product first. A product outside the
// branches, or under branches that name none, has its full name.
func labels(t *csaf.ProductTree) map[csaf.ProductID]*label {
	out := map[csaf.ProductID]*label{}
	full := func(p *csaf.FullProductName) {
		if p != nil && p.ProductID != nil && p.Name != nil {
			out[*p.ProductID] = (*label)(nil).under(*p.Name, true)
		}
	}
	var walk func(branches csaf.Branches, above *label)
	walk = func(branches csaf.Branches, above *label) {
		for _, b := range branches {
			if b == nil {
				continue
			}
			here := above
			if b.Category != nil && b.Name != nil {
				switch *b.Category {
				case csaf.CSAFBranchCategoryVendor:
					here = above.under(*b.Name, false)
				case csaf.CSAFBranchCategoryProductFamily, csaf.CSAFBranchCategoryProductName:
					here = above.under(*b.Name, true)
				}
			}
			if p := b.Product; p != nil && p.ProductID != nil {
				if here != nil && here.product {
					out[*p.ProductID] = here
				} else {
					full(p)
				}
			}
			walk(b.Branches, here)
		}
	}
	walk(t.Branches, nil)
	if t.FullProductNames != nil {
		for _, p := range *t.FullProductNames {
			full(p)
		}
	}
	if t.RelationShips != nil {
		for _, r := range *t.RelationShips {
			if r != nil {
				full(r.FullProductName)
			}
		}
	}
	return out
}

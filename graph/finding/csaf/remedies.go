package csaf

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gocsaf/csaf/v3/csaf"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/internal/document"
)

// maxRemedies is how many remediations of one vulnerability are read.
const maxRemedies = 100

// remediation is not the library's, which takes group_ids for an object.
type remediation struct {
	Category csaf.RemediationCategory `json:"category"`
	Details  string                   `json:"details"`
	Products []csaf.ProductID         `json:"product_ids"`
	Groups   []string                 `json:"group_ids"`
}

// remedies reads what the maker says for the affected products; none of them
// means that the advisory names no product.
func (a *advisory) remedies(place string, raw json.RawMessage, affected []csaf.ProductID) (out []finding.Remedy, problems []problem) {
	v, problems := document.Pick[struct {
		Remediations []json.RawMessage `json:"remediations"`
	}](place, raw, "remediations")
	isAffected := make(map[csaf.ProductID]bool, len(affected))
	for _, id := range affected {
		isAffected[id] = true
	}
	var have []map[string]bool // the products of each of out
	for i, raw := range v.Remediations {
		at := fmt.Sprintf("%s.remediations[%d]", place, i)
		if len(out) == maxRemedies {
			return out, append(problems, document.Trouble(at, finding.LostMember, "it and those behind it are left out: a finding has at most %d", maxRemedies))
		}
		r, faults := document.Pick[remediation](at, raw, "category", "details", "product_ids", "group_ids")
		problems = append(problems, faults...)
		if r.Category == "" {
			if len(faults) == 0 {
				problems = append(problems, document.Trouble(at, finding.LostMember, "a remediation needs a category; it is left out"))
			}
			continue
		}
		remedy := finding.Remedy{Category: string(r.Category), Text: finding.Plain(r.Details, finding.MaxRemedy)}
		if len(r.Products)+len(r.Groups) > 0 && len(affected) > 0 {
			ids := a.among(r, isAffected)
			if len(ids) == 0 {
				continue
			}
			if len(ids) < len(affected) {
				if remedy.Products = a.names(ids); len(remedy.Products) == 0 {
					continue // no room: none must not look like all
				}
			}
		}
		// An advisory often says the same for one product after another.
		same := slices.IndexFunc(out, func(o finding.Remedy) bool {
			return o.Category == remedy.Category && o.Text == remedy.Text && (len(o.Products) > 0) == (len(remedy.Products) > 0)
		})
		if same < 0 {
			same = len(out)
			out = append(out, finding.Remedy{Category: remedy.Category, Text: remedy.Text})
			have = append(have, map[string]bool{})
		}
		for _, p := range remedy.Products {
			if !have[same][p] {
				have[same][p] = true
				out[same].Products = append(out[same].Products, p)
			}
		}
	}
	return out, problems
}

// among returns the affected products that a remediation is for, each once.
func (a *advisory) among(r *remediation, affected map[csaf.ProductID]bool) []csaf.ProductID {
	var ids []csaf.ProductID
	seen := map[csaf.ProductID]bool{}
	add := func(list []csaf.ProductID) {
		for _, id := range list {
			if affected[id] && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	add(r.Products)
	for _, g := range r.Groups {
		if a.room -= len(a.groups[g]); a.room < 0 { // a large group may be named often
			break
		}
		add(a.groups[g])
	}
	return ids
}

// Package remedy gathers what the sources of findings say can be done about
// them, so that every report tells it alike: whole, in the source's words, as a
// quotation, with the finding and the file that it is from.
package remedy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/internal/escape"
)

// Said is one remedy, of one finding or of several with the same words.
type Said struct {
	Category string
	Text     string   // the source's own; may be empty
	Products []string // that it is for, where a finding has others for other products
	Findings []string // IDs, in the order of the findings
	Sources  []string // the names of their files, without folders, in that order
	// Unpatchable holds the IDs of the devices for which it is a fix although
	// the site says that they can't be patched, in order.
	Unpatchable []string
}

// kinds says what each category means, in the order in which they are told: an
// available fix first, what helps without one, then that there is none.
var kinds = []struct{ category, words string }{
	{"vendor_fix", "fix"},
	{"workaround", "work around"},
	{"mitigation", "mitigate"},
	{"no_fix_planned", "no fix is planned"},
	{"none_available", "no fix is available"},
}

func rank(category string) int {
	for i, k := range kinds {
		if k.category == category {
			return i
		}
	}
	return len(kinds)
}

// Kind is what a category means to a reader; a category of the source's own is
// called as the source calls it.
func Kind(category string) string {
	if i := rank(category); i < len(kinds) {
		return kinds[i].words
	}
	return cmp.Or(finding.Plain(category, 40), "remedy")
}

// noPatch is the constraint of a device whose software stays as it is.
const noPatch = "no_patch"

// Gather returns the remedies of findings, by what they mean and, of those that
// mean the same, in the order of the findings. Each text is there once.
func Gather(site *graph.SiteResult, findings []*graph.FindingResult) []Said {
	stays := map[string]bool{}
	if site != nil {
		for _, d := range site.Devices {
			stays[d.ID] = slices.Contains(d.Constraints, noPatch)
		}
	}
	type words struct{ category, text string }
	type entry struct {
		of   int
		kind byte
		text string
	}
	var out []Said
	at, there := map[words]int{}, map[entry]bool{}
	add := func(list *[]string, of int, kind byte, s string) {
		if e := (entry{of, kind, s}); !there[e] {
			there[e] = true
			*list = append(*list, s)
		}
	}
	for _, f := range findings {
		several := differing(f.Remedies)
		for _, r := range f.Remedies {
			key := words{r.Category, strings.Join(strings.Fields(finding.Plain(r.Text, 0)), " ")}
			i, seen := at[key]
			if !seen {
				i = len(out)
				at[key] = i
				out = append(out, Said{Category: r.Category, Text: key.text})
			}
			s := &out[i]
			if several[r.Category] {
				for _, p := range r.Products {
					add(&s.Products, i, 'p', p)
				}
			}
			add(&s.Findings, i, 'f', f.ID)
			if f.Source != "" {
				add(&s.Sources, i, 's', escape.Base(f.Source))
			}
			if r.Category != kinds[0].category {
				continue
			}
			for _, d := range append(slices.Clone(f.Devices), f.Device) {
				if stays[d] {
					add(&s.Unpatchable, i, 'd', d)
				}
			}
		}
	}
	for i := range out {
		slices.Sort(out[i].Unpatchable)
		out[i].Products = shortest(out[i].Products)
	}
	slices.SortStableFunc(out, func(a, b Said) int { return cmp.Compare(rank(a.Category), rank(b.Category)) })
	return out
}

// differing tells the categories in which the remedies are for different
// products.
func differing(all []finding.Remedy) map[string]bool {
	first, out := map[string][]string{}, map[string]bool{}
	for _, r := range all {
		if len(r.Products) == 0 {
			continue
		}
		if products, seen := first[r.Category]; !seen {
			first[r.Category] = r.Products
		} else if !slices.Equal(products, r.Products) {
			out[r.Category] = true
		}
	}
	return out
}

// shortest leaves out the names that are a part of another one, such as a model
// number behind which its product stands too; not of very many.
func shortest(names []string) []string {
	if len(names) > 200 {
		return names
	}
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return slices.ContainsFunc(names, func(o string) bool { return o != n && strings.Contains(o, n) })
	})
}

// Helps reports whether there is something to do, and not only that there is no
// fix.
func (s Said) Helps() bool { return rank(s.Category) < 3 }

// Kind is what its category means to a reader.
func (s Said) Kind() string { return Kind(s.Category) }

// Quote is the text between quotation marks that it can't end itself; empty
// where there is none.
func (s Said) Quote() string { return Quote(s.Text) }

// Quote puts a stranger's words between quotation marks. Those in it become
// others, so that no word of it seems to stand behind its end.
func Quote(text string) string {
	if text = finding.Plain(text, 0); text == "" {
		return ""
	}
	return "“" + marks.Replace(text) + "”"
}

var marks = strings.NewReplacer("“", `"`, "”", `"`)

// By names the products that it is for, where there are others, the findings
// that it is about and their files.
func (s Said) By() string {
	by := few(s.Findings)
	if len(s.Products) > 0 {
		by = "for " + few(s.Products) + "; " + by
	}
	if len(s.Sources) > 0 {
		by += ", in " + few(s.Sources)
	}
	return finding.Plain(by, 0)
}

// Note says that the site keeps a device as it is; devices are its names. It is
// empty where they are.
func Note(devices string) string {
	if devices == "" {
		return ""
	}
	return "The site says that " + devices + " can't be patched (" + noPatch + ")."
}

// String is the whole of it: what it means, the quotation, who said it, and the
// note with the devices' IDs.
func (s Said) String() string {
	out := s.Kind()
	if q := s.Quote(); q != "" {
		out += ": " + q
	}
	out += " (" + s.By() + ")"
	if n := Note(finding.Plain(few(s.Unpatchable), 0)); n != "" {
		out += ". " + n
	}
	return out
}

// few names the first of a list and counts the rest.
func few(list []string) string {
	const most = 3
	out := strings.Join(list[:min(most, len(list))], ", ")
	if n := len(list) - most; n > 0 {
		out += fmt.Sprintf(" and %d more", n)
	}
	return out
}

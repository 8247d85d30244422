// Package finding answers the question: what was observed on which device?
//
// A [Finding] is one observation, whatever it was written in. A [Format]
// reads one kind of file; [Read] recognises the kind from the content and
// yields the findings one by one, so that memory does not grow with the
// input. Formats that need a large library are packages of their own, such
// as finding/csaf.
//
// The package never judges: a weakness that no catalogue knows is kept as it
// was written, and the graph says so.
package finding

import (
	"fmt"
	"strings"
)

// Finding is one weakness observed on a device. Only ID or Title is needed;
// the zero value of every other field means that the source did not say.
// A Finding is a plain value and safe for concurrent readers.
type Finding struct {
	// ID is unique within one assessment. A reader makes one from the file
	// and the place in it where the source gives none.
	ID          string `json:"id"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	// Device is the ID of a device of the site, or the product's name where
	// the source describes one product and not a site. Without it the products
	// of Affected are the devices, each one by itself.
	Device string `json:"device,omitempty"`
	// Weaknesses holds IDs in canonical form where they were recognised
	// (CWE-798, OWASP-IOT-2018-I1, TID-311, PID-12) and as written where not.
	Weaknesses []string `json:"weaknesses,omitempty"`
	CVEs       []string `json:"cves,omitempty"`
	// CVSS is a vector string of CVSS 2.0 to 4.0 or, where nobody gave one, a
	// base score alone: "9.1", as [BaseScore] takes them. The empty string means unknown.
	CVSS string `json:"cvss,omitempty"`
	// KEV says that the vulnerability is known to be exploited.
	KEV bool `json:"kev,omitempty"`
	// EPSS is a probability, 0 to 1; 0 means unknown.
	EPSS float64 `json:"epss,omitempty"`
	// Techniques holds ATT&CK IDs that the source itself states.
	Techniques []string `json:"techniques,omitempty"`
	// Products holds what the affected products are called, all of them: names
	// with and without versions, model numbers, CPEs, package URLs. A device of
	// the site that is one of them has the finding.
	Products []string `json:"products,omitempty"`
	// Affected says which versions of which products are affected, each product
	// once, in the source's order. A product may be a part of Device.
	Affected []Affected `json:"affected,omitempty"`
	// Remedies is what the maker says can be done, in the source's order.
	Remedies []Remedy `json:"remedies,omitempty"`
	// Place is where in what was looked at the weakness is: a file's relative
	// or file: URI, with a colon and its line where that is known,
	// "src/login.c:12".
	Place string `json:"place,omitempty"`
	// Source is the name of the file that the finding was read from.
	Source string `json:"source,omitempty"`
}

// Affected is a product that a finding is about.
type Affected struct {
	Product string `json:"product"` // what it is called, without a version where the source tells both apart
	// Versions says in the source's words which versions are affected, such as
	// "< 5.11"; empty where the source does not say.
	Versions []string `json:"versions,omitempty"`
}

// String is the product and, behind a colon, its versions.
func (a Affected) String() string {
	if len(a.Versions) == 0 {
		return a.Product
	}
	return a.Product + ": " + strings.Join(a.Versions, ", ")
}

// Remedy is the maker's word on what can be done about a finding.
type Remedy struct {
	// Category is one of CSAF's: vendor_fix, mitigation, workaround,
	// none_available or no_fix_planned.
	Category string `json:"category"`
	// Text has at most [MaxRemedy] characters; a longer one was cut and ends in
	// an ellipsis.
	Text string `json:"text,omitempty"`
	// Products holds the products that it is for, called as in
	// [Finding.Products]; empty for all of them.
	Products []string `json:"products,omitempty"`
}

// MaxRemedy bounds the text of a [Remedy], in characters.
const MaxRemedy = 500

// RecordError says that one record of a source could not be used, or not
// whole. Reading goes on after it; any other error ends the reading.
type RecordError struct {
	File  string // the source's name as given to Read
	Where string // the place in it: "line 3", "findings[2].epss", "vulnerabilities[0]"
	Err   error  // what is wrong there
	Lost  Loss   // how much of the record is not among the findings
}

// Error returns the file, the place and the reason.
func (e *RecordError) Error() string { return fmt.Sprintf("%s: %s: %v", e.File, e.Where, e.Err) }

// Unwrap returns the reason.
func (e *RecordError) Unwrap() error { return e.Err }

// Loss says what a [RecordError] costs. Whoever decides by what was found must
// not take a source with losses for a clean one.
type Loss int

// The losses. LostNothing is the zero value: the record was understood, and
// there is something to know about it, such as an advisory whose
// vulnerabilities are all fixed.
const (
	LostNothing Loss = iota
	LostMember       // a part of the record; the rest is a finding
	LostRecord       // the whole record
)

// String returns "nothing", "member" or "record".
func (l Loss) String() string {
	switch l {
	case LostMember:
		return "member"
	case LostRecord:
		return "record"
	}
	return "nothing"
}

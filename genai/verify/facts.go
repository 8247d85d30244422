package verify

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph"
)

// sep is what may stand between the parts of an ID without hiding it.
const sep = `[^A-Z0-9]{0,3}`

var (
	// attackID matches ATT&CK IDs in folded text. With a gap inside, only
	// numbers that ATT&CK uses count, so that "A 2023 notice" is none.
	attackID = regexp.MustCompile(`(AML[^A-Z0-9]{0,2}TA?|TA|DET|AN|DC|DS|[TMAGSC])(?:(\d{4,})|[^A-Z0-9]{1,3}([01]\d{3})\b)(?:[./:-](\d{1,3})\b)?`)
	weakness = regexp.MustCompile(`CWE(?: ?IDS?)?` + sep + `(\d+)`)
	cve      = regexp.MustCompile(`CVE(?: ?IDS?)?` + sep + `(\d{4})` + sep + `(\d+)`)
	owasp    = regexp.MustCompile(`OWASP` + sep + `IOT` + sep + `(?:TOP` + sep + `10` + sep + `)?(\d{4})` + sep + `I` + sep + `(\d+)`)
	emb3d    = regexp.MustCompile(`\b([TPM]ID)` + sep + `(\d+)`)
	// advisory matches the IDs of other catalogues and of advisories.
	advisory = regexp.MustCompile(`\b(?:CAPEC|ICSM?A|GHSA|CNVD|CNNVD|EUVD|JVN|VDE|SSA|VU#|D3)[ -]?[A-Z0-9]*\d[A-Z0-9-]*|\bA\d\d:20\d\d\b`)
	handle   = regexp.MustCompile(`\bE-?(\d{1,3})\b`)
)

// id is an ID as a text mentions it.
type id struct {
	canonical string
	attack    bool // of an ATT&CK object
}

// mentions finds what reads as an ID in folded text.
func mentions(folded string) []id {
	var out []id
	seen := map[id]bool{}
	add := func(canonical string, attack bool) {
		if m := (id{canonical, attack}); !seen[m] {
			seen[m] = true
			out = append(out, m)
		}
	}
	part := func(at []int, n int) string {
		if at[2*n] < 0 {
			return ""
		}
		return folded[at[2*n]:at[2*n+1]]
	}
	for _, at := range attackID.FindAllStringSubmatchIndex(folded, -1) {
		if r, _ := utf8.DecodeLastRuneInString(folded[:at[0]]); unicode.IsLetter(r) {
			continue // the end of a word
		}
		prefix, number := part(at, 1), part(at, 2)+part(at, 3)
		if prefix == "A" && part(at, 3) != "" && number[0] != '0' {
			continue // the article and a number
		}
		if prefix[0] == 'A' && len(prefix) > 3 {
			prefix = "AML." + prefix[strings.LastIndex(prefix, "T"):]
		}
		canonical := prefix + number
		if sub := part(at, 4); sub != "" {
			canonical += "." + sub
		}
		add(canonical, true)
	}
	for _, at := range weakness.FindAllStringSubmatchIndex(folded, -1) {
		add("CWE-"+part(at, 1), false)
	}
	for _, at := range cve.FindAllStringSubmatchIndex(folded, -1) {
		add("CVE-"+part(at, 1)+"-"+part(at, 2), false)
	}
	for _, at := range owasp.FindAllStringSubmatchIndex(folded, -1) {
		add("OWASP-IOT-"+part(at, 1)+"-I"+part(at, 2), false)
	}
	for _, at := range emb3d.FindAllStringSubmatchIndex(folded, -1) {
		add(part(at, 1)+"-"+part(at, 2), false)
	}
	for _, m := range advisory.FindAllString(folded, -1) {
		add(strings.TrimRight(m, "-"), false)
	}
	return out
}

// inText finds what reads as an ID in a claim: all that [mentions] finds, and
// all that [graph.IDsIn] finds, whose idea of a word's begin differs.
func inText(text, folded string) []id {
	out := mentions(folded)
	seen := map[id]bool{}
	for _, m := range out {
		seen[m] = true
	}
	for _, s := range append(graph.IDsIn(text), graph.IDsIn(folded)...) {
		if m := (id{s, !strings.Contains(s, "-")}); !seen[m] {
			seen[m] = true
			out = append(out, m)
		}
	}
	return out
}

// facts is what one piece of evidence vouches for.
type facts struct {
	ids       []id
	addresses []string // canonical, see addresses
	labels    [][]string
	handles   []string // what reads like a handle in its text
}

// factsOf reads a piece of evidence. Statements about the site hold text that
// anyone may have written: what they quote vouches for CVEs and weaknesses,
// but for no address, and for no ATT&CK ID other than that of an asset.
func factsOf(e graph.Evidence) facts {
	site := e.Provenance == string(graph.Site)
	var f facts
	var outside []id // of quotations
	if site {
		outside = mentions(fold(unquoted(e.Text)))
	}
	for _, s := range e.IDs {
		for _, m := range mentions(fold(s)) {
			if !site || !m.attack || isAsset(m.canonical) || slices.Contains(outside, m) {
				f.ids = append(f.ids, m)
			}
		}
	}
	folded := fold(e.Text)
	for _, m := range mentions(folded) {
		if !m.attack { // for those the list of IDs alone counts
			f.ids = append(f.ids, m)
		}
	}
	for _, m := range handle.FindAllStringSubmatch(folded, -1) {
		f.handles = append(f.handles, "E"+m[1])
	}
	vouched := folded
	if site {
		vouched = fold(unquoted(e.Text))
	}
	for _, a := range addresses(vouched) {
		f.addresses = append(f.addresses, a.canonical)
	}
	f.labels = labels(vouched)
	return f
}

func isAsset(id string) bool { return len(id) == 5 && id[0] == 'A' }

// unquoted removes all from the first quotation mark to the last, so that a
// mark inside the quotation can't end it early.
func unquoted(s string) string {
	i, j := strings.IndexByte(s, '"'), strings.LastIndexByte(s, '"')
	if i < 0 {
		return s
	}
	return s[:i] + " " + s[j+1:]
}

var (
	urlLike  = regexp.MustCompile(`[A-Z][A-Z0-9+.-]*:/[^\s"<>]+|\b(?:MAILTO|TEL|DATA|JAVASCRIPT|FILE):[^\s"<>]+`)
	mailLike = regexp.MustCompile(`[^\s"<>(),;:@]+@[^\s"<>(),;:@]+`)
	ipv4Like = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)
	ipv6Like = regexp.MustCompile(`[0-9A-F]{0,4}(?::[0-9A-F]{0,4}){2,7}(?:%\w+)?`)
	hostLike = regexp.MustCompile(`(?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?\.)+(?:\pL[\pL\pN-]*\pL)\b`)
)

// address is something that a reader could visit or write to.
type address struct{ kind, canonical string }

// addresses finds them in folded text.
func addresses(folded string) []address {
	var out []address
	find := func(kind string, p *regexp.Regexp, accept func(string) bool) {
		folded = p.ReplaceAllStringFunc(folded, func(s string) string {
			trimmed := strings.TrimRight(s, ".,;:!?)'")
			if accept != nil && !accept(trimmed) {
				return s
			}
			out = append(out, address{kind, trimmed})
			return " "
		})
	}
	find("a URL", urlLike, nil)
	find("an e-mail address", mailLike, nil)
	find("an IP address", ipv4Like, nil)
	find("an IP address", ipv6Like, func(s string) bool {
		_, err := netip.ParseAddr(s)
		return err == nil
	})
	find("a domain or file name", hostLike, nil)
	return out
}

// label matches the label of a standard in folded text, its publisher alone
// included. Publishers whose names are words too need a number.
var label = regexp.MustCompile(`\b(?:` +
	`(?:IEC|ISO|ISA|NIST|NERC|IEEE|ETSI|ENISA|FIPS|ANSI|CISA|GDPR|CENELEC)(?:[ /-]+(?:IEC|ISA|IEEE|TS|TR|CIP|SP|FIPS|IR|CSF|EN|REV\.?)\b)*(?:[ /-]*\d[A-Z0-9]*(?:[.:-][A-Z0-9]+)*)?` +
	`|(?:EN|DIN|BSI|UL|CIP|SP|NIS|RFC|VDI|VDE)[ /-]*\d+(?:[.:-][A-Z0-9]+)*` +
	`|(?:SR|CR|FR|AC|AU|CM|CP|IA|IR|MP|PE|RA|SA|SC|SI)[ -]\d{1,2}(?:\.\d+)?` +
	`|(?:62443|62351|61508|61511|27001|27002|27019|21434|18031|800-\d+)(?:-\d+)*` +
	`)\b`)

var labelPart = regexp.MustCompile(`[A-Z]+|\d+`)

// labels finds the labels of standards in folded text, each as its words and
// numbers.
func labels(folded string) [][]string {
	var out [][]string
	for _, m := range label.FindAllString(folded, -1) {
		out = append(out, labelPart.FindAllString(m, -1))
	}
	return out
}

// holds reports whether known names the label or, with parts left out, a less
// precise form of it: "ISO 27001" for "ISO/IEC 27001:2022".
func holds(known [][]string, label []string) bool {
	for _, k := range known {
		rest := label
		for _, part := range k {
			if len(rest) > 0 && rest[0] == part {
				rest = rest[1:]
			}
		}
		if len(rest) == 0 {
			return true
		}
	}
	return false
}

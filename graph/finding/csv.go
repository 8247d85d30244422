package finding

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// CSV is the table form of [JSON]: a head with the names of [Finding]'s
// members, in any case and order, but for affected and remedies, which are no text; one
// finding a row. Where there is no such column, "cwe", "cwe_id", "weakness",
// "cve", "cve_id", "cvss_score", "cvss_vector" and the like stand for one. What separates the columns (a comma, a semicolon or a tab) is
// seen from the head, or said by a first line such as "sep=;" as spreadsheets
// write it. Lists are separated by spaces or ';', products by ';' only, since
// names have spaces. It reads a stream: memory does not grow with the number
// of rows.
//
// What can't be used is reported and left out as [JSON] does, with the line;
// so are a row that is broken, or longer than its head, whose columns can't be
// told, and quotation marks out of place. A row that is only empty cells is
// passed over. A row of more than [MaxRecord] bytes ends the reading.
var CSV = Format{Name: "findings in CSV", Match: matchCSV, Read: readCSV}

// columns are the names that a column of findings may have.
var columns = slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == "affected" || m == "remedies" })

func matchCSV(head []byte) bool { return Recognise(head) == kindTable }

// csvHead splits the first line with text as the head of a table, by what
// gives the most known names; nil where it can't be one.
func csvHead(head []byte) (names []string, comma rune) {
	line, separator := tableHead(head)
	if len(line) == 0 || line[0] == '{' || line[0] == '[' || !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
		return nil, 0
	}
	best := -1
	for _, c := range []rune{',', ';', '\t'} {
		if separator != 0 && c != separator {
			continue
		}
		r := csv.NewReader(bytes.NewReader(line))
		r.Comma, r.LazyQuotes = c, true
		cells, err := r.Read()
		if err != nil {
			continue
		}
		for i, cell := range cells {
			cells[i] = strings.ToLower(strings.TrimSpace(cell))
		}
		known := 0
		for _, cell := range cells {
			if slices.Contains(columns, cell) {
				known++
			}
		}
		// Without known names the widest table says best what the columns are.
		if score := known<<16 + min(len(cells), 1<<16-1); score > best {
			best, names, comma = score, cells, c
		}
	}
	return names, comma
}

// tableHead is the first line with text, behind the one that names the
// separator where there is one.
func tableHead(head []byte) (line []byte, separator rune) {
	for len(head) > 0 {
		var whole bool
		if line, head, whole = bytes.Cut(head, []byte("\n")); !whole && len(line) >= headSize {
			return nil, 0
		}
		line = bytes.TrimRight(line, "\r")
		if sep, ok := bytes.CutPrefix(bytes.ToLower(line), []byte("sep=")); ok && len(sep) == 1 && separator == 0 {
			separator = rune(sep[0])
			continue
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return line, separator
		}
	}
	return nil, 0
}

func readCSV(ctx context.Context, name string, r io.Reader) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		br, ok := r.(*bufio.Reader)
		if !ok {
			br = bufio.NewReaderSize(r, headSize)
		}
		in := &csvInput{ctx: ctx, name: name, yield: yield}
		err := in.table(br)
		if others := in.others.report("columns", columns); err == nil && others != nil {
			err = in.skip("findings", LostNothing, others)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(Finding{}, named(name, err))
		}
	}
}

// csvInput is one reading.
type csvInput struct {
	ctx    context.Context
	name   string
	yield  func(Finding, error) bool
	names  []string // of the columns, as far as they are known; "" of others
	titles []string // the same as written
	count  int      // records seen
	others others
}

func (in *csvInput) table(br *bufio.Reader) error {
	head, _ := br.Peek(headSize)
	_, comma := csvHead(head)
	if comma == 0 {
		return fmt.Errorf("%w: no head of a table", ErrUnknownFormat)
	}
	if bytes.ContainsRune(bytes.TrimSpace(head), '\r') && !bytes.ContainsRune(head, '\n') {
		return errors.New("line 1: its lines end with a carriage return alone; save the table with line feeds (\\n or \\r\\n)")
	}
	src := &budget{r: br}
	r := csv.NewReader(src)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma, -1, true
	for {
		if err := in.ctx.Err(); err != nil {
			return err
		}
		src.reset()
		cells, err := r.Read()
		var syntax *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
			errors.As(err, &syntax)
			if in.names == nil {
				return fmt.Errorf("line %d: the head of the table: %w", syntax.Line, syntax.Err)
			}
			in.count++
			if err := in.skip(linesOf(syntax.StartLine, syntax.Line), LostRecord, outOfPlace(syntax)); err != nil {
				return err
			}
			continue
		case err != nil:
			if errors.As(err, &syntax) {
				err = syntax.Err
			}
			return fmt.Errorf("line %d: %w", 1+src.breaks, err)
		}
		line, _ := r.FieldPos(0)
		place := fmt.Sprintf("line %d", line)
		blank := !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
		switch {
		case blank, in.names == nil && len(cells[0]) >= 4 && strings.EqualFold(cells[0][:4], "sep="):
		case in.names == nil:
			if err := in.head(place, cells); err != nil {
				return err
			}
		default:
			in.count++
			if err := in.row(place, cells); err != nil {
				return err
			}
		}
	}
}

// outOfPlace words the error of a quotation mark, and how much it swallows.
func outOfPlace(e *csv.ParseError) error {
	lines := ""
	if n := e.Line - e.StartLine + 1; n > 1 {
		lines = fmt.Sprintf("; what these %d lines hold counts as one record, and none of it is read", n)
	}
	return fmt.Errorf("a quotation mark is out of place or missing at byte %d of line %d%s", e.Column, e.Line, lines)
}

// linesOf names the lines of a record that is broken.
func linesOf(first, last int) string {
	if last > first {
		return fmt.Sprintf("lines %d to %d", first, last)
	}
	return fmt.Sprintf("line %d", first)
}

func (in *csvInput) head(place string, cells []string) error {
	in.titles = slices.Clone(cells)
	in.names = make([]string, len(cells))
	for i, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		if !slices.Contains(columns, name) {
			continue
		}
		if j := slices.Index(in.names, name); j >= 0 {
			in.names[j] = ""
			if err := in.skip(place+"."+name, LostMember, errors.New("the column stands there twice; the last one counts")); err != nil {
				return err
			}
		}
		in.names[i] = name
	}
	for i, cell := range cells {
		name := alsoCalled[strings.ToLower(strings.TrimSpace(cell))]
		if in.names[i] == "" && name != "" && !slices.Contains(in.names, name) {
			in.names[i] = name
		}
	}
	return nil
}

// alsoCalled are heads that tables have in place of a member's name, where
// what they mean is beyond doubt.
var alsoCalled = map[string]string{
	"cwe": "weaknesses", "cwes": "weaknesses", "cwe_id": "weaknesses", "cwe_ids": "weaknesses", "weakness": "weaknesses",
	"cve": "cves", "cve_id": "cves", "cve_ids": "cves", "cvss_vector": "cvss", "cvss_score": "cvss",
}

// row turns a row into a finding. Only a consumer that left the loop makes an
// error.
func (in *csvInput) row(place string, cells []string) error {
	for len(cells) > len(in.names) && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) > len(in.names) {
		return in.skip(place, LostRecord, fmt.Errorf("%d cells under a head of %d; is one with a separator in it not quoted?", len(cells), len(in.names)))
	}
	if !utf8.ValidString(strings.Join(cells, "")) {
		return in.skip(place, LostRecord, errors.New("not valid UTF-8"))
	}
	var problems []misfit
	if len(cells) < len(in.names) {
		problems = append(problems, misfit{"", fmt.Errorf("%d cells under a head of %d; the others count as empty", len(cells), len(in.names))})
	}
	f := Finding{Source: in.name}
	for i, cell := range cells {
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		if in.names[i] == "" {
			if !slices.Contains(columns, strings.ToLower(strings.TrimSpace(in.titles[i]))) { // else it was named as there twice
				in.others.note(in.titles[i])
			}
			continue
		}
		problems = append(problems, f.set(in.names[i], cell)...)
	}
	for _, p := range problems {
		where := place
		if p.place != "" {
			where += "." + p.place
		}
		if err := in.skip(where, LostMember, p.err); err != nil {
			return err
		}
	}
	if f.ID == "" && f.Title == "" {
		return in.skip(place, LostRecord, errors.New("a finding needs an id or a title"))
	}
	if f.ID == "" {
		f.ID = fmt.Sprintf("%s#%d", filepath.Base(in.name), in.count)
	}
	if !in.yield(f, nil) {
		return errStopped
	}
	return nil
}

func (in *csvInput) skip(place string, lost Loss, err error) error {
	if !in.yield(Finding{}, &RecordError{in.name, place, err, lost}) {
		return errStopped
	}
	return nil
}

// set reads a cell that is not empty.
func (f *Finding) set(column, cell string) (problems []misfit) {
	list := func(separators string, item func(i int, s string) string) []string {
		var out distinct
		i := 0
		for s := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			out.add(item(i, strings.TrimSpace(s)))
			i++
		}
		return out.list
	}
	const blankOr = "; \t\r\n,"
	switch column {
	case "id":
		f.ID = cell
	case "title":
		f.Title = cell
	case "description":
		f.Description = cell
	case "device":
		f.Device = cell
	case "place":
		f.Place = cell
	case "cvss":
		f.CVSS = cell
	case "weaknesses":
		f.Weaknesses = weaknessesIn(cell)
	case "techniques":
		f.Techniques = list(blankOr, func(_ int, s string) string { return strings.ToUpper(s) })
	case "products":
		f.Products = list(";\r\n", func(_ int, s string) string { return s })
	case "cves":
		f.CVEs = list(blankOr, func(i int, s string) string {
			id, ok := ParseCVE(s)
			if !ok {
				problems = append(problems, misfit{fmt.Sprintf("cves[%d]", i), fmt.Errorf("%q is not a CVE ID; it is left out", Plain(s, 40))})
				return ""
			}
			return id
		})
	case "kev":
		var ok bool
		if f.KEV, ok = flagOf(cell); !ok {
			problems = append(problems, misfit{column, fmt.Errorf("want true or false, found %q; it is left out", Plain(cell, 40))})
		}
	case "epss":
		var err error
		if f.EPSS, err = probabilityOf(cell); err != nil {
			problems = append(problems, misfit{column, fmt.Errorf("%w; it counts as unknown", err)})
		}
	}
	return problems
}

// weaknessesIn splits a cell. A weakness with a space in it, such as "CWE 798"
// or "CWE-798: Use of Hard-coded Credentials", is one.
func weaknessesIn(cell string) []string {
	var out distinct
	for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		id, rest := leadingWeakness(strings.TrimSpace(part))
		if rest = strings.TrimSpace(rest); id != "" && (rest == "" || strings.ContainsAny(rest[:1], ":(-")) {
			if _, one := ParseWeakness(part); one {
				out.add(id)
				continue
			}
		}
		for word := range strings.FieldsFuncSeq(part, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' }) {
			out.add(weaknessOf(word))
		}
	}
	return out.list
}

// flagOf reads a yes or no as people and spreadsheets write it.
func flagOf(s string) (yes, ok bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "y", "1":
		return true, true
	case "false", "no", "n", "0":
		return false, true
	}
	return false, false
}

// probabilityOf reads a decimal number between 0 and 1, perhaps with an
// exponent. A comma may stand for the point, as spreadsheets of many countries
// write it.
func probabilityOf(s string) (float64, error) {
	p, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	switch {
	case err != nil || strings.ContainsAny(s, "xX_"): // no other base
		return 0, fmt.Errorf("%q is not a number between 0 and 1", Plain(s, 40))
	case !(p >= 0 && p <= 1): // NaN is none either
		return 0, fmt.Errorf("%v is not a probability between 0 and 1", p)
	}
	return p, nil
}

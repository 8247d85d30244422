package finding

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// JSON is this project's own format: an array of findings, an object with the
// member "findings", one finding, or one finding a line (JSON Lines). The
// names of members are those of [Finding]'s JSON; unknown ones are ignored. It
// reads a stream: memory does not grow with the number of findings.
//
// A finding needs an id or a title. One without an id is called after its
// file and place, such as "scan.json#3". An epss outside 0 to 1 or a cve that
// is none is reported and left out, never mended; the rest of the finding
// stays.
//
// It decodes with the standard library, which, unlike faster ones, is
// hardened against hostile input: depth is bounded, and nothing panics.
var JSON = Format{Name: "findings in JSON", Match: matchJSON, Read: readJSON}

func matchJSON(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && (head[0] == '[' || head[0] == '{') && foreign(head) == ""
}

func readJSON(ctx context.Context, name string, r io.Reader) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		br, ok := r.(*bufio.Reader)
		if !ok {
			br = bufio.NewReaderSize(r, headSize)
		}
		in := &jsonInput{ctx: ctx, name: name, yield: yield}
		var err error
		if isLines(br) {
			err = in.lines(br)
		} else {
			err = in.document(br)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(Finding{}, named(name, err))
		}
	}
}

// isLines reports whether the input has one finding a line. It does where the
// first line is a finding, or begins one too long to see. Where the first line
// is faulty but complete, the second decides, so that one bad line costs no
// more at the top than further down.
func isLines(br *bufio.Reader) bool {
	head, _ := peek(br)
	line, rest, whole := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	names := Members(line)
	switch {
	case len(line) == 0 || line[0] != '{' || slices.Contains(names, "findings"):
		return false
	case isFinding(line):
		return true
	case !whole:
		return len(head) >= headSize && looksLikeFinding(names)
	}
	// What is complete or broken at its end goes on in no other line.
	err := json.NewDecoder(bytes.NewReader(append(slices.Clip(line), '\n'))).Decode(new(json.RawMessage))
	next, _, _ := bytes.Cut(bytes.TrimLeft(rest, " \t\r\n"), []byte("\n"))
	return !errors.Is(err, io.ErrUnexpectedEOF) && isFinding(next)
}

// isFinding reports whether a line is a JSON object with a member that tells
// a finding, even a faulty one, from the wrapper around a list and from other
// JSON.
func isFinding(line []byte) bool {
	names := Members(line)
	return looksLikeFinding(names) && !slices.Contains(names, "findings") && json.Valid(line)
}

func looksLikeFinding(members []string) bool {
	return slices.ContainsFunc([]string{"id", "title", "weaknesses", "techniques", "cves", "device"}, func(k string) bool {
		return slices.Contains(members, k)
	})
}

// errStopped says that the consumer left the loop.
var errStopped = errors.New("stopped")

// jsonInput is one reading.
type jsonInput struct {
	ctx   context.Context
	name  string
	yield func(Finding, error) bool
	count int // records seen
}

// wire is a finding as it is written.
type wire struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Device      string   `json:"device"`
	Weaknesses  []string `json:"weaknesses"`
	CVEs        []string `json:"cves"`
	CVSS        string   `json:"cvss"`
	KEV         bool     `json:"kev"`
	EPSS        *float64 `json:"epss"`
	Techniques  []string `json:"techniques"`
}

// lines reads one object a line. A bad line is skipped.
func (in *jsonInput) lines(br *bufio.Reader) error {
	var line []byte
	for n := 1; ; n++ {
		if err := in.ctx.Err(); err != nil {
			return err
		}
		var long bool
		var err error
		line, long, err = readLine(br, line[:0])
		if err != nil && err != io.EOF {
			return fmt.Errorf("line %d: %w", n, err)
		}
		place := fmt.Sprintf("line %d", n)
		switch trimmed := bytes.TrimSpace(line); {
		case long:
			in.count++
			if e := in.skip(place, ErrTooLong); e != nil {
				return e
			}
		case len(trimmed) > 0:
			if e := in.record(place, trimmed); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// readLine reads up to the line break. Of a line over MaxRecord it keeps
// nothing and says so.
func readLine(br *bufio.Reader, line []byte) (_ []byte, long bool, err error) {
	for {
		part, err := br.ReadSlice('\n')
		if !long {
			line = append(line, part...)
			if len(line) > MaxRecord {
				line, long = nil, true
			}
		}
		if err != bufio.ErrBufferFull {
			return line, long, err
		}
	}
}

// document reads a JSON text that is not one record a line.
func (in *jsonInput) document(br *bufio.Reader) error {
	src := &budget{r: br}
	d := json.NewDecoder(src)
	for first := true; ; first = false {
		src.reset()
		t, err := d.Token()
		if err == io.EOF && !first {
			return nil
		}
		if err == nil {
			switch t {
			case json.Delim('['):
				err = in.array(d, src, "")
			case json.Delim('{'):
				err = in.object(d, src)
			default:
				return fmt.Errorf("line %d: %w: found %s", src.line(d), ErrUnknownFormat, kind(t))
			}
		}
		if err != nil {
			return src.place(d, err)
		}
	}
}

// array reads the records up to the closing bracket.
func (in *jsonInput) array(d *json.Decoder, src *budget, prefix string) error {
	for i := 0; d.More(); i++ {
		if err := in.ctx.Err(); err != nil {
			return err
		}
		src.reset()
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if err := in.record(fmt.Sprintf("%s[%d]", prefix, i), raw); err != nil {
			return err
		}
	}
	src.reset()
	_, err := d.Token()
	return err
}

// object reads a wrapper with the member "findings", or one finding.
func (in *jsonInput) object(d *json.Decoder, src *budget) error {
	line := src.line(d)
	members := map[string]json.RawMessage{}
	size, wrapper := 0, false
	for d.More() {
		src.reset()
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if key == "findings" {
			wrapper = true
			t, err := d.Token()
			if err != nil {
				return err
			}
			if t != json.Delim('[') {
				return fmt.Errorf("findings: want an array, found %s", kind(t))
			}
			if err := in.array(d, src, "findings"); err != nil {
				return err
			}
			continue
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if size += len(key) + len(raw); size > MaxRecord {
			return ErrTooLong
		}
		members[key] = raw
	}
	src.reset()
	if _, err := d.Token(); err != nil || wrapper {
		return err
	}
	names := slices.Sorted(maps.Keys(members))
	if !looksLikeFinding(names) {
		if len(names) > 8 {
			names = append(names[:8], "…")
		}
		for i, n := range names {
			names[i] = Plain(n, 40)
		}
		return fmt.Errorf("%w: a JSON object with the members %s; want \"findings\", or a finding with \"id\" or \"title\"",
			ErrUnknownFormat, strings.Join(names, ", "))
	}
	whole, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return in.record(fmt.Sprintf("line %d", line), whole)
}

// skip reports what can't be used.
func (in *jsonInput) skip(place string, err error) error {
	if !in.yield(Finding{}, &RecordError{in.name, place, err}) {
		return errStopped
	}
	return nil
}

var cvePattern = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)

// record turns one JSON value into a finding. Only a consumer that left the
// loop makes an error.
func (in *jsonInput) record(place string, raw []byte) error {
	in.count++
	var w wire
	if err := json.Unmarshal(raw, &w); err != nil {
		var typed *json.UnmarshalTypeError
		if errors.As(err, &typed) {
			at := place
			if typed.Field != "" {
				at += "." + typed.Field
			}
			// Value is the whole number where one is out of range.
			found, _, _ := strings.Cut(typed.Value, " ")
			return in.skip(at, fmt.Errorf("want %s, found a JSON %s", wanted(typed), found))
		}
		return in.skip(place, err)
	}
	f := Finding{
		ID: strings.TrimSpace(w.ID), Title: strings.TrimSpace(w.Title), Description: w.Description,
		Device: strings.TrimSpace(w.Device), CVSS: strings.TrimSpace(w.CVSS), KEV: w.KEV, Source: in.name,
	}
	if f.ID == "" && f.Title == "" {
		return in.skip(place, errors.New("a finding needs an id or a title"))
	}
	if f.ID == "" {
		f.ID = fmt.Sprintf("%s#%d", filepath.Base(in.name), in.count)
	}
	var weaknesses, cves, techniques distinct
	for _, s := range w.Weaknesses {
		id, ok := ParseWeakness(s)
		if !ok {
			id = strings.TrimSpace(s)
		}
		weaknesses.add(id)
	}
	for i, s := range w.CVEs {
		id := strings.ToUpper(strings.TrimSpace(s))
		if !cvePattern.MatchString(id) {
			if err := in.skip(fmt.Sprintf("%s.cves[%d]", place, i), fmt.Errorf("%q is not a CVE ID; it is left out", Plain(s, 40))); err != nil {
				return err
			}
			continue
		}
		cves.add(id)
	}
	for _, s := range w.Techniques {
		techniques.add(strings.ToUpper(strings.TrimSpace(s)))
	}
	f.Weaknesses, f.CVEs, f.Techniques = weaknesses.list, cves.list, techniques.list
	if w.EPSS != nil {
		if *w.EPSS >= 0 && *w.EPSS <= 1 {
			f.EPSS = *w.EPSS
		} else if err := in.skip(place+".epss", fmt.Errorf("%v is not a probability between 0 and 1; it counts as unknown", *w.EPSS)); err != nil {
			return err
		}
	}
	if !in.yield(f, nil) {
		return errStopped
	}
	return nil
}

// wanted names what a member should hold.
func wanted(e *json.UnmarshalTypeError) string {
	switch e.Field {
	case "":
		return "an object"
	case "weaknesses", "cves", "techniques":
		return "a list of strings"
	case "epss":
		return "a number between 0 and 1"
	case "kev":
		return "true or false"
	}
	return "a string"
}

// kind names a token for people; what it says may be long.
func kind(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "an array"
	case string:
		return "a string"
	case bool:
		return "true or false"
	}
	return "a number"
}

// distinct collects strings without repetition, in their order. A record may
// hold a million of them.
type distinct struct {
	list []string
	seen map[string]bool
}

func (d *distinct) add(s string) {
	const few = 16 // as many are compared faster than hashed
	switch {
	case s == "", d.seen == nil && slices.Contains(d.list, s), d.seen[s]:
		return
	case d.seen == nil && len(d.list) == few:
		d.seen = make(map[string]bool)
		for _, have := range d.list {
			d.seen[have] = true
		}
	}
	if d.seen != nil {
		d.seen[s] = true
	}
	d.list = append(d.list, s)
}

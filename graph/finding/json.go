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

// isLines reports whether the first line is a JSON object of its own, and not
// the wrapper around a list.
func isLines(br *bufio.Reader) bool {
	head, _ := peek(br)
	line, _, more := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	var members map[string]json.RawMessage
	if !more && len(head) >= headSize && len(line) > 0 && line[0] == '{' {
		// A first line too long to see: a wrapper names its list early.
		return !bytes.Contains(line[:min(len(line), 4096)], []byte(`"findings"`))
	}
	if json.Unmarshal(line, &members) != nil {
		return false
	}
	return members["findings"] == nil && looksLikeFinding(members)
}

// looksLikeFinding tells a finding, even a faulty one, from other JSON.
func looksLikeFinding(members map[string]json.RawMessage) bool {
	return slices.ContainsFunc([]string{"id", "title", "weaknesses", "techniques", "cves", "device"}, func(k string) bool {
		return members[k] != nil
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
				return fmt.Errorf("line %d: %w: found %v", src.line(d), ErrUnknownFormat, t)
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
		src.forget(d.InputOffset())
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
				return fmt.Errorf("findings: want an array, found %v", t)
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
	if !looksLikeFinding(members) {
		names := make([]string, 0, len(members))
		for k := range members {
			names = append(names, Plain(k, 40))
		}
		slices.Sort(names)
		if len(names) > 8 {
			names = append(names[:8], "…")
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
			return in.skip(at, fmt.Errorf("want %s, found a JSON %s", wanted(typed), typed.Value))
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
	for _, s := range w.Weaknesses {
		id, ok := ParseWeakness(s)
		if !ok {
			id = strings.TrimSpace(s)
		}
		if id != "" && !slices.Contains(f.Weaknesses, id) {
			f.Weaknesses = append(f.Weaknesses, id)
		}
	}
	for i, s := range w.CVEs {
		id := strings.ToUpper(strings.TrimSpace(s))
		if !cvePattern.MatchString(id) {
			if err := in.skip(fmt.Sprintf("%s.cves[%d]", place, i), fmt.Errorf("%q is not a CVE ID; it is left out", Plain(s, 40))); err != nil {
				return err
			}
			continue
		}
		if !slices.Contains(f.CVEs, id) {
			f.CVEs = append(f.CVEs, id)
		}
	}
	for _, s := range w.Techniques {
		id := strings.ToUpper(strings.TrimSpace(s))
		if id != "" && !slices.Contains(f.Techniques, id) {
			f.Techniques = append(f.Techniques, id)
		}
	}
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

// wanted names the JSON type of a member.
func wanted(e *json.UnmarshalTypeError) string {
	switch s := e.Type.String(); s {
	case "[]string":
		return "a list of strings"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "string":
		return "a string"
	}
	return "an object"
}

// budget bounds what a decoder buffers for one value, and knows lines.
type budget struct {
	r      io.Reader
	left   int
	read   int64
	breaks []int64 // offsets of line breaks not yet counted
	passed int     // line breaks counted
}

// reset starts a new value.
func (b *budget) reset() { b.left = MaxRecord + headSize }

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	for i, c := range p[:n] {
		if c == '\n' {
			b.breaks = append(b.breaks, b.read+int64(i))
		}
	}
	b.read += int64(n)
	b.left -= n
	return n, err
}

// forget counts the line breaks before an offset, so that they need not be
// kept.
func (b *budget) forget(offset int64) {
	i, _ := slices.BinarySearch(b.breaks, offset)
	b.passed += i
	b.breaks = append(b.breaks[:0], b.breaks[i:]...)
}

// line is the line of the value that the decoder has come to. Its offset is
// that of the value before; what lies between is in its buffer.
func (b *budget) line(d *json.Decoder) int {
	rest, _ := io.ReadAll(d.Buffered())
	gap := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,:"))
	i, _ := slices.BinarySearch(b.breaks, d.InputOffset()+int64(gap))
	return 1 + b.passed + i
}

// place says at which line an error arose.
func (b *budget) place(d *json.Decoder, err error) error {
	switch {
	case errors.Is(err, errStopped):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("line %d: the JSON is cut off: %w", 1+b.passed+len(b.breaks), io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("line %d: %w", b.line(d), err)
}

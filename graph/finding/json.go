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
	"slices"
	"strings"
)

// JSON is this project's own format: an array of findings, an object with the
// member "findings", one finding, or one finding a line (JSON Lines). The
// names of members are those of [Finding]'s JSON, in any case; others are not
// read, and one [RecordError] at the end of the source names them. It reads a
// stream: memory does not grow with the number of findings.
//
// A finding needs an id or a title. One without an id is called after its
// file and place, such as "scan.json#3". A member of the wrong type, one that
// stands there twice (the last counts), an epss outside 0 to 1 or a cve that
// is none is reported and left out, never mended; the rest of the finding
// stays.
//
// It decodes with the standard library, which, unlike faster ones, is
// hardened against hostile input: depth is bounded, and nothing panics.
var JSON = Format{Name: "findings in JSON", Match: matchJSON, Read: readJSON}

func matchJSON(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	if len(head) == 0 || head[0] != '[' && head[0] != '{' {
		return false
	}
	kind := Recognise(head)
	return kind == "" || kind == kindFindings
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
		if others := in.others.report("members", members); err == nil && others != nil {
			err = in.skip("findings", LostNothing, others)
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
	ctx    context.Context
	name   string
	yield  func(Finding, error) bool
	count  int // records seen
	others others
	values map[string]json.RawMessage // see members
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
			if e := in.skip(place, LostRecord, ErrTooLong); e != nil {
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
	var names []string // as written: a name that is there twice shows
	var whole bytes.Buffer
	wrapper, variant := false, ""
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
		if strings.EqualFold(key, "findings") {
			variant = key
		}
		if whole.Len()+len(key)+len(raw) > MaxRecord {
			return ErrTooLong
		}
		quoted, err := json.Marshal(key)
		if err != nil {
			return err
		}
		for _, part := range [][]byte{[]byte(","), quoted, []byte(":"), raw} {
			whole.Write(part)
		}
		names = append(names, key)
	}
	src.reset()
	if _, err := d.Token(); err != nil {
		return err
	}
	if wrapper {
		if variant != "" {
			return in.skip(variant, LostRecord, errors.New("the member is not read; want \"findings\""))
		}
		return nil
	}
	if !looksLikeFinding(names) {
		slices.Sort(names)
		return fmt.Errorf("%w: a JSON object with the members %s; want \"findings\", or a finding with \"id\" or \"title\"",
			ErrUnknownFormat, shownNames(names))
	}
	raw := whole.Bytes()
	raw[0] = '{'
	return in.record(fmt.Sprintf("line %d", line), append(raw, '}'))
}

// skip reports what can't be used.
func (in *jsonInput) skip(place string, lost Loss, err error) error {
	if !in.yield(Finding{}, &RecordError{in.name, place, err, lost}) {
		return errStopped
	}
	return nil
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

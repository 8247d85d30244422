// Package document reads parts of a JSON document that a stranger wrote: what
// an assessment needs of it, whatever is wrong with the rest.
package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// MaxSize bounds a document, in bytes. The largest of CISA's advisories have
// about one megabyte, GitHub takes SARIF of ten megabytes when gzipped.
const MaxSize = 64 << 20

// MaxText bounds, in characters, what every finding of a document repeats
// (its ID and title, names of its products), so that a small file can't become
// large findings.
const MaxText = 200

// MaxNames bounds, in bytes, what the findings of one document repeat of its
// products. Real ones stay far below: a finding for each of a hundred
// vulnerabilities in a thousand products has some twelve megabytes.
const MaxNames = 32 << 20

// Problem is a part of a document that can't be used, or that there is
// something to know about.
type Problem struct {
	Place string
	Err   error
	Lost  finding.Loss
}

// Trouble is a problem in the words of a format as package fmt has it.
func Trouble(place string, lost finding.Loss, format string, args ...any) Problem {
	return Problem{place, fmt.Errorf(format, args...), lost}
}

// Record is the problem as a reader reports it.
func (p Problem) Record(file string) *finding.RecordError {
	return &finding.RecordError{File: file, Where: p.Place, Err: p.Err, Lost: p.Lost}
}

// Under puts the place of what the problems are in before theirs.
func Under(place string, problems []Problem) []Problem {
	for i := range problems {
		problems[i].Place = place + "." + problems[i].Place
	}
	return problems
}

// Load reads a whole document. What names it in errors, with its article.
func Load(r io.Reader, what string) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > MaxSize:
		return nil, fmt.Errorf("%s of more than %d MiB", what, MaxSize>>20)
	case !utf8.Valid(b): // the decoder would put one and the same character for each
		return nil, fmt.Errorf("%s in text that is not UTF-8", what)
	}
	return b, nil
}

// Decode decodes a document and says where in it an error is.
func Decode(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	line := func(offset int64) int { return 1 + bytes.Count(b[:min(int(offset), len(b))], []byte("\n")) }
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d, byte %d: %w", line(syntax.Offset), syntax.Offset, err)
	case errors.As(err, &typed):
		found, _, _ := strings.Cut(typed.Value, " ")
		place := typed.Field
		if place == "" {
			place = "the whole"
		}
		return fmt.Errorf("%s (line %d): a JSON %s can't stand here", place, line(typed.Offset), found)
	}
	return err
}

// Twice reports which of the named members stand there twice in the document's
// object, in whatever case: JSON leaves open which of them counts, and here it
// is the last.
func Twice(b []byte, names ...string) (problems []Problem) {
	seen := map[string]bool{}
	for _, name := range finding.Members(b) {
		switch name = strings.ToLower(name); {
		case !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }):
		case seen[name]:
			problems = append(problems, Problem{name, errors.New("the member stands there twice; only the last one is read"), finding.LostRecord})
		default:
			seen[name] = true
		}
	}
	return problems
}

// Pick decodes the named members of an object. A member that does not fit is
// reported and left out. The result is never nil.
func Pick[T any](place string, raw json.RawMessage, members ...string) (*T, []Problem) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil || all == nil {
		return new(T), []Problem{{place, errors.New("want an object"), finding.LostMember}}
	}
	kept := map[string]json.RawMessage{}
	for _, m := range members {
		if all[m] != nil {
			kept[m] = all[m]
		}
	}
	v := new(T)
	if decode(kept, v) == nil {
		return v, nil
	}
	var problems []Problem
	for _, m := range members {
		if err := decode(map[string]json.RawMessage{m: kept[m]}, new(T)); kept[m] != nil && err != nil {
			problems = append(problems, misfit(place+"."+m, err))
			delete(kept, m)
		}
	}
	v = new(T)
	if err := decode(kept, v); err != nil {
		return new(T), append(problems, misfit(place, err))
	}
	return v, problems
}

// decode runs a library's decoders, which must not take the process down,
// whatever the file holds.
func decode(members map[string]json.RawMessage, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("can't be read: %v", p)
		}
	}()
	b, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// misfit words the error of a member that is left out, which is the whole one
// at place, however deep inside it the fault is.
func misfit(place string, err error) Problem {
	left := place[strings.LastIndexByte(place, '.')+1:]
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		if _, inner, ok := strings.Cut(typed.Field, "."); ok {
			place += "." + inner
		}
		found, _, _ := strings.Cut(typed.Value, " ")
		return Problem{place, fmt.Errorf("a JSON %s can't stand here; %s left out", found, left), finding.LostMember}
	}
	// A library quotes the value, however long, and its pattern.
	return Problem{place, fmt.Errorf("%s; %s left out", finding.Plain(err.Error(), MaxText), left), finding.LostMember}
}

package genai

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Cached returns a writer that keeps the answers of another in a folder, one
// file each, and gives them again when the same is asked of the same model:
// the same run again costs nothing, and one that was interrupted takes up
// where it was. What is kept is the raw answer; it is verified anew each time.
//
// The writer must have
//
//	Fingerprint() string // the model's weights and the options it runs with; asked after Ready
//
// and is returned as it is where it has not, or where that is empty: answers
// that may differ next time are not kept. Neither is silence: an answer that a
// server failed to give, or gave too late, is asked for again.
//
// The folder is made with the first answer. It may be deleted at any time and
// shared by processes. A file in it that can't be read is asked for again;
// one that can't be written is the error of Write. The writer is as safe for
// concurrent use as the other is.
func Cached(w Writer, dir string) Writer {
	if _, ok := w.(fingerprinted); !ok || w == nil || dir == "" {
		return w
	}
	return cached{w, dir}
}

type fingerprinted interface{ Fingerprint() string }

type cached struct {
	Writer
	dir string
}

// kept is what a file holds: an answer, or why there was none.
type kept struct {
	Answer  *Answer `json:"answer,omitempty"`
	Check   string  `json:"check,omitempty"`
	Why     string  `json:"why,omitempty"`
	Request string  `json:"request"` // its sum, so that a file under a wrong name is none
}

func (c cached) Ready(ctx context.Context) error {
	if r, ok := c.Writer.(interface{ Ready(context.Context) error }); ok {
		return r.Ready(ctx)
	}
	return nil
}

func (c cached) ContextTokens() int {
	if l, ok := c.Writer.(interface{ ContextTokens() int }); ok {
		return l.ContextTokens()
	}
	return 0
}

func (c cached) Parameters() int64 {
	if l, ok := c.Writer.(interface{ Parameters() int64 }); ok {
		return l.Parameters()
	}
	return 0
}

func (c cached) Write(ctx context.Context, r Request) (Answer, error) {
	print := c.Writer.(fingerprinted).Fingerprint()
	if print == "" {
		return c.Writer.Write(ctx, r)
	}
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	sum := sumOf(c.Name(), print, r)
	if k, ok := c.read(sum); ok {
		if k.Answer != nil {
			return *k.Answer, nil
		}
		return Answer{}, &AnswerError{Check: k.Check, Why: k.Why}
	}
	answer, err := c.Writer.Write(ctx, r)
	k := kept{Answer: &answer, Request: sum}
	var useless *AnswerError
	switch {
	case errors.As(err, &useless) && useless.Check != CheckServer && useless.Check != CheckTimeout && ctx.Err() == nil:
		k = kept{Check: useless.Check, Why: useless.Why, Request: sum}
	case err != nil:
		return answer, err
	}
	if err := c.keep(sum, k); err != nil {
		return Answer{}, fmt.Errorf("genai: the cache of answers: %w", err)
	}
	return answer, err
}

// sumOf names a request by all that an answer may depend on.
func sumOf(name, print string, r Request) string {
	b, err := json.Marshal([]any{name, print, r.System, r.Prompt, r.Schema, r.MaxTokens, r.Repair, r.Seed})
	if err != nil {
		b = fmt.Appendf(nil, "%q", []any{name, print, r.System, r.Prompt, string(r.Schema), r.MaxTokens, r.Repair, r.Seed}) // a schema that is no JSON
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (c cached) read(sum string) (k kept, ok bool) {
	b, err := os.ReadFile(filepath.Join(c.dir, sum+".json"))
	if err != nil || json.Unmarshal(b, &k) != nil || k.Request != sum || (k.Answer == nil) == (k.Check == "") {
		return kept{}, false
	}
	return k, true
}

// keep writes the file whole or not at all.
func (c cached) keep(sum string, k kept) error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, ".answer-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing is left of it after the rename
	if _, err = f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(c.dir, sum+".json"))
}

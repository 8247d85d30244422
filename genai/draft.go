package genai

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
)

// Options changes how drafts are made. The zero value is the default.
type Options struct {
	// Timeout bounds one attempt of the writer; two minutes when zero or
	// less.
	Timeout time.Duration
	// Progress is told by [DraftAll] how many drafts are done, after each;
	// nil for nobody. It is called from the goroutine that called DraftAll.
	Progress func(done, total int)
}

const (
	defaultTimeout = 2 * time.Minute
	maxAttempts    = 2
)

// Names of checks that are about an answer as a whole. They come before those
// of package verify.
const (
	CheckContext = "context" // the prompt does not fit the writer's context
	CheckTimeout = "timeout" // the writer did not answer in time
	CheckServer  = "server"  // the writer's server failed
)

// maxSilent is how many gaps in a row a writer may leave without any answer,
// for want of time or a server, before it is asked no more.
const maxSilent = 3

// Draft writes a draft for one gap of an assessment that was made from the
// snapshot. A rejected answer is asked for once more, with the reasons; when
// that is rejected too, the writer does not answer in time, or its context is
// too small, the template writer stands in, [graph.Checks.Fallback] is true
// and the draft's generator is "template".
//
// The ID is the same for the same gap, generator and text.
//
// The error says that the gap does not exist, that the writer can't write at
// all, or that the context ended, which [errors.Is] finds. With an error the
// draft is zero.
func Draft(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, gap int, w Writer, o Options) (graph.Draft, error) {
	if err := ready(ctx, w); err != nil {
		return graph.Draft{}, err
	}
	return draft(ctx, s, a, gap, w, o, "")
}

// DraftAll writes a draft for each gap of an assessment, in their order, one
// after the other. Whether the writer can write is asked before the first. One
// that gave no answer at all to three gaps in a row, because it took too long
// or its server failed, is not asked again: the template writer stands in for
// the rest, and the checks of their drafts say so. DraftAll returns all drafts,
// never nil, or an error and none. See [Draft].
func DraftAll(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, w Writer, o Options) ([]graph.Draft, error) {
	if a == nil {
		return nil, errors.New("genai: the assessment is nil")
	}
	out := make([]graph.Draft, 0, len(a.Gaps))
	if len(a.Gaps) == 0 {
		return out, nil
	}
	if err := ready(ctx, w); err != nil {
		return nil, err
	}
	silent, why := 0, ""
	for i := range a.Gaps {
		d, err := draft(ctx, s, a, i, w, o, why)
		if err != nil {
			return nil, err
		}
		if silent++; !d.Checks.Fallback || !unanswered(d.Checks.Rejections) {
			silent = 0
		}
		if silent == maxSilent {
			why = fmt.Sprintf("not asked, since it did not answer for %d gaps in a row", maxSilent)
		}
		out = append(out, d)
		if o.Progress != nil {
			o.Progress(len(out), len(a.Gaps))
		}
	}
	return out, nil
}

// unanswered reports whether nothing but silence was the reason.
func unanswered(rejections []graph.Rejection) bool {
	return len(rejections) > 0 && !slices.ContainsFunc(rejections, func(r graph.Rejection) bool {
		return r.Check != CheckTimeout && r.Check != CheckServer
	})
}

func ready(ctx context.Context, w Writer) error {
	if w == nil {
		return errors.New("genai: the writer is nil")
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("genai: %w", err)
	}
	r, ok := w.(interface{ Ready(context.Context) error })
	if !ok {
		return nil
	}
	if err := r.Ready(ctx); err != nil {
		return fmt.Errorf("genai: %s: %w", w.Name(), err)
	}
	return nil
}

func draft(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, gap int, w Writer, o Options, silent string) (graph.Draft, error) {
	if s == nil {
		return graph.Draft{}, errors.New("genai: the snapshot is nil")
	}
	evidence, err := s.Evidence(a, gap)
	if err != nil {
		return graph.Draft{}, fmt.Errorf("genai: %w", err)
	}
	evidence = known(s, evidence)
	d := graph.Draft{Gap: gap, Generator: w.Name(), Status: "draft", Evidence: evidence}
	g := a.Gaps[gap]

	var text *graph.DraftText
	var given []graph.Evidence
	if silent == "" {
		text, given, err = ask(ctx, g, evidence, w, o, &d.Checks)
	} else {
		d.Checks.Rejections = []graph.Rejection{{Check: CheckServer, Why: silent}}
	}
	if err != nil {
		return graph.Draft{}, fmt.Errorf("genai: gap %d (%s): %w", gap, strings.TrimSpace(string(g.Kind)+" "+g.Technique), err)
	}
	if text != nil {
		d.Evidence = given
	} else {
		t, err := compose.Write(g, evidence)
		if err != nil {
			return graph.Draft{}, fmt.Errorf("genai: gap %d: %w", gap, err)
		}
		if rejected := verify.Draft(t, evidence); len(rejected) > 0 {
			return graph.Draft{}, fmt.Errorf("genai: gap %d: the template's text was rejected: %s: %s", gap, rejected[0].Where, rejected[0].Why)
		}
		text = &t
		d.Generator, d.Checks.Asked, d.Checks.Fallback, d.Checks.LeftOut = compose.Name, w.Name(), true, 0
	}
	d.Text = *text
	d.Checks.Passed = verify.Checks()
	if d.Generator != compose.Name {
		d.Checks.Passed = append(d.Checks.Passed, verify.CheckGrounding)
	}
	d.ID = id(g, d)
	return d, nil
}

// ask gets an accepted text from the writer, and the evidence that it was
// given. A nil text without an error means that none was accepted.
func ask(ctx context.Context, g graph.Gap, evidence []graph.Evidence, w Writer, o Options, c *graph.Checks) (*graph.DraftText, []graph.Evidence, error) {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	window := 0
	if l, ok := w.(interface{ ContextTokens() int }); ok {
		window = l.ContextTokens()
	}
	r, leftOut, ok := newRequest(g, evidence, window)
	if !ok {
		c.Rejections = append(c.Rejections, graph.Rejection{
			Check: CheckContext, Why: fmt.Sprintf("not even one piece of evidence fits a context of %d tokens", window),
		})
		return nil, nil, nil
	}
	c.LeftOut = leftOut
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		c.Attempts = attempt
		answer, rejected, err := try(ctx, w, r, timeout)
		if err != nil {
			return nil, nil, err
		}
		if answer.Digest != "" {
			c.Model = answer.Digest
		}
		if len(rejected) == 0 {
			text, reasons := verify.Answer(answer.Text, r.Evidence)
			if len(reasons) == 0 && w.Name() != compose.Name {
				reasons = verify.Grounding(text, r.Evidence)
			}
			if len(reasons) == 0 {
				return &text, r.Evidence, nil
			}
			rejected = reasons
		}
		if n := len(rejected) - maxRejections; n > 0 {
			more := graph.Rejection{Check: rejected[maxRejections].Check, Why: fmt.Sprintf("and %d more reasons", n)}
			rejected = append(rejected[:maxRejections:maxRejections], more)
		}
		for _, x := range rejected {
			x.Attempt = attempt
			c.Rejections = append(c.Rejections, x)
		}
		if rejected[0].Check == CheckTimeout {
			break // a writer that is too slow is not asked twice
		}
		r = r.repair(answer.Text, rejected, window)
	}
	return nil, nil, nil
}

// try asks the writer once. Rejections take the place of an answer.
func try(ctx context.Context, w Writer, r Request, timeout time.Duration) (Answer, []graph.Rejection, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := w.Write(limited, r)
	var useless *AnswerError
	switch {
	case ctx.Err() != nil:
		return Answer{}, nil, ctx.Err()
	case err == nil:
		return answer, nil, nil
	case limited.Err() != nil:
		return Answer{}, []graph.Rejection{{Check: CheckTimeout, Why: fmt.Sprintf("no answer within %v", timeout)}}, nil
	case errors.As(err, &useless):
		return Answer{}, []graph.Rejection{{Check: useless.Check, Why: useless.Why}}, nil
	default:
		return Answer{}, nil, err
	}
}

// known returns the evidence without the ATT&CK IDs that the release does not
// have: a device or a title may look like one.
func known(s *graph.Snapshot, evidence []graph.Evidence) []graph.Evidence {
	catalog := s.Catalog()
	if catalog == nil {
		return evidence
	}
	out := slices.Clone(evidence)
	for i := range out {
		out[i].IDs = slices.DeleteFunc(slices.Clone(out[i].IDs), func(id string) bool {
			if strings.Contains(id, "-") {
				return false // CWE-798, CVE-2023-6448, ...
			}
			_, err := catalog.Resolve(id)
			return err != nil
		})
	}
	return out
}

// id names a draft by what it is for and what it says: the beginning of the
// SHA-256 of a JSON array of these. Its list of findings may be long, so it is
// not encoded as a whole.
func id(g graph.Gap, d graph.Draft) string {
	h := sha256.New()
	put := func(v any, end string) {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain strings
		}
		h.Write(append(b, end...))
	}
	h.Write([]byte("["))
	put(g.Kind, ",")
	put(g.Technique, ",")
	if len(g.Findings) == 0 {
		put(g.Findings, ",")
	}
	var list []byte
	for i, id := range g.Findings {
		separator := byte(',')
		if i == 0 {
			separator = '['
		}
		list = append(list, separator)
		if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`"\\<>&`, r) }) {
			quoted, err := json.Marshal(id)
			if err != nil {
				panic(err)
			}
			list = append(list, quoted...)
		} else {
			list = append(append(append(list, '"'), id...), '"')
		}
		if i == len(g.Findings)-1 {
			list = append(list, "],"...)
		}
		if len(list) > 1<<15 || i == len(g.Findings)-1 {
			h.Write(list)
			list = list[:0]
		}
	}
	put(d.Generator, ",")
	put(d.Text, "]")
	return "draft--" + hex.EncodeToString(h.Sum(nil)[:8])
}

package genai

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mitigraph/mitigraph/genai/internal/compose"
	"github.com/mitigraph/mitigraph/genai/verify"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
)

// Options changes how drafts are made. The zero value is the default.
type Options struct {
	// Timeout bounds one attempt of the writer; two minutes when zero or
	// less.
	Timeout time.Duration
	// Patience is how long one answer is waited for while the writer's server
	// fails, as it does when it is restarted; half a minute when zero, not at
	// all when negative.
	Patience time.Duration
	// Parallel is how many drafts are written at once; one when zero or less.
	// More than the writer's server works on at once makes nothing faster.
	Parallel int
	// Progress is told by [DraftAll] how many drafts are done, after each;
	// nil for nobody. It is called by one goroutine at a time.
	Progress func(done, total int)
	// Streaming is told how many tokens of an answer have come so far, each
	// time that some come, by a writer that hears them one by one: for which
	// task, by its index in those of [DraftAll] (0 for [Draft]), and at which
	// attempt, from 1. Nil for nobody. What comes is not verified yet, so its
	// words are not told. It is called by one goroutine at a time, and never
	// together with Progress; the writer waits for it.
	Streaming func(task, attempt, tokens int)
}

const (
	maxAbout        = 79 // characters of what names a piece of evidence, before an ellipsis
	defaultTimeout  = 2 * time.Minute
	defaultPatience = 30 * time.Second
	firstPause      = time.Second // before a server that failed is asked again; it doubles
)

// Names of checks that package verify does not know. The first three are about
// an answer as a whole, and come before its own.
const (
	CheckContext = "context" // the prompt does not fit the writer's context
	CheckTimeout = "timeout" // the writer did not answer in time
	CheckServer  = "server"  // the writer's server failed
	CheckWording = "wording" // the words are none of the writer's own, or do not say what the graph decided
	CheckGraph   = "graph"   // the text contradicts what the graph decided; it comes last
)

// ErrNothing says that the graph holds nothing that a task could be written
// about, such as an incident-response plan for a site without findings.
var ErrNothing = errors.New("the graph holds nothing to write this about")

// maxSilent is how many gaps in a row a writer may leave without any answer,
// for want of time or a server, before it is asked no more.
const maxSilent = 3

// Draft does one task over an assessment that was made from the snapshot. Where
// the writer's answer for the whole is rejected, or its model is too small to be
// asked for it, claims are asked for one by one, as the package says;
// [graph.Checks.TemplateClaims] has the places of those whose words the writer
// did not find. Where they are more than half, the writer does not answer in
// time, or its context is too small, the template writer stands in,
// [graph.Checks.Fallback] is true and the draft's generator is "template".
//
// Words of a claim are the writer's where they pass the same checks as any, say
// what the template's sentence says (its numbers, IDs and negations, and most of
// its words) and differ from it: what repeats the template, or a piece of
// evidence, is not.
//
// The ID is the same for the same task, generator and text.
//
// The error says that what the task is about does not exist, that there is
// nothing to write about ([ErrNothing]), that the writer can't write at all, or that the context ended, which [errors.Is] finds. With
// an error the draft is zero.
func Draft(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, t Task, w Writer, o Options) (graph.Draft, error) {
	if err := ready(ctx, w); err != nil {
		return graph.Draft{}, err
	}
	return draft(ctx, s, a, t, w, o, 0, "")
}

// DraftAll does several tasks and returns their drafts in the tasks' order.
// Whether the writer can write is asked before the first. One that gave no
// answer at all to three tasks in a row, because it took too long or its
// server failed, is not asked again: the template writer stands in for the
// rest, and the checks of their drafts say so. See [Draft].
//
// With an error, such as the context's, DraftAll returns what it has: the
// drafts of the first tasks, as far as they are done without one missing. A
// writer of [Cached] makes the same call again take up there. The drafts are
// never nil.
func DraftAll(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, tasks []Task, w Writer, o Options) ([]graph.Draft, error) {
	out := make([]graph.Draft, 0, len(tasks))
	if a == nil {
		return out, errors.New("genai: the assessment is nil")
	}
	if len(tasks) == 0 {
		return out, nil
	}
	if err := ready(ctx, w); err != nil {
		return out, err
	}
	r := &run{drafts: make([]graph.Draft, len(tasks)), done: make([]bool, len(tasks)), progress: o.Progress}
	if tell := o.Streaming; tell != nil {
		o.Streaming = func(task, attempt, tokens int) {
			r.mu.Lock()
			defer r.mu.Unlock()
			tell(task, attempt, tokens)
		}
	}
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(max(1, o.Parallel))
	for i, t := range tasks {
		if ctx.Err() != nil {
			break
		}
		workers.Go(func() error {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("genai: %w", err)
			}
			d, err := draft(ctx, s, a, t, w, o, i, r.silence())
			if err != nil {
				return err
			}
			r.keep(i, d)
			return nil
		})
	}
	err := workers.Wait()
	for i := 0; i < len(tasks) && r.done[i]; i++ {
		out = append(out, r.drafts[i])
	}
	if err == nil && len(out) < len(tasks) {
		err = fmt.Errorf("genai: %w", context.Cause(ctx))
	}
	return out, err
}

// run is what the workers of one DraftAll share.
type run struct {
	progress func(done, total int)

	mu     sync.Mutex
	drafts []graph.Draft
	done   []bool
	n      int
	silent int // drafts in a row without any answer of the writer
}

// silence says why the writer is asked no more; empty when it is.
func (r *run) silence() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.silent < maxSilent {
		return ""
	}
	return fmt.Sprintf("not asked, since it did not answer for %d drafts in a row", maxSilent)
}

func (r *run) keep(i int, d graph.Draft) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.silent++; r.silent <= maxSilent && (!d.Checks.Fallback || !unanswered(d.Checks.Rejections)) {
		r.silent = 0
	}
	r.drafts[i], r.done[i] = d, true
	if r.n++; r.progress != nil {
		r.progress(r.n, len(r.drafts))
	}
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

func draft(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, t Task, w Writer, o Options, index int, silent string) (graph.Draft, error) {
	j, evidence, err := collected(ctx, s, a, t)
	if err != nil {
		return graph.Draft{}, err
	}
	whole, _ := j.plan(evidence)
	d := graph.Draft{Task: t.kind.name, Gap: t.gap, About: j.about, Generator: w.Name(), Status: "draft", Evidence: evidence}
	if t.gap >= 0 {
		d.GapKind = a.Gaps[t.gap].Kind // collected, so it is there
	}
	var text graph.DraftText
	var given []graph.Evidence
	if silent == "" {
		text, given, err = ask(ctx, t, j, evidence, w, o, index, &d.Checks)
	} else {
		d.Checks.Rejections = []graph.Rejection{{Check: CheckServer, Why: silent}}
	}
	if err != nil {
		return graph.Draft{}, fmt.Errorf("genai: %s: %w", t, err)
	}
	if w.Name() == compose.Name {
		d.Checks.Prompt = ""
	}
	if text != nil {
		d.Evidence = given
	} else {
		text, err = whole.compose()
		if err != nil {
			return graph.Draft{}, fmt.Errorf("genai: %s: %w", t, err)
		}
		if rejected := append(verify.Draft(text, whole.form, evidence), whole.verified(text)...); len(rejected) > 0 {
			return graph.Draft{}, fmt.Errorf("genai: %s: the template's text was rejected: %s: %s", t, rejected[0].Where, rejected[0].Why)
		}
		text = whole.decided(text)
		d.Generator, d.Checks.Asked, d.Checks.Fallback, d.Checks.LeftOut, d.Checks.LeftOutOf = compose.Name, w.Name(), true, 0, nil
	}
	d.Text = text
	d.Checks.Passed = append(verify.Checks(), CheckGraph)
	d.ID = id(t.kind.name, j.subject, d)
	return d, nil
}

// collected is what the graph knows for a task.
func collected(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, t Task) (job, []graph.Evidence, error) {
	switch {
	case s == nil:
		return job{}, nil, errors.New("genai: the snapshot is nil")
	case a == nil:
		return job{}, nil, errors.New("genai: the assessment is nil")
	case t.kind == nil:
		return job{}, nil, errors.New("genai: the task is zero; a function such as Mitigation makes one")
	}
	j, err := t.kind.collect(ctx, s, a, t)
	if err != nil {
		return job{}, nil, fmt.Errorf("genai: %s: %w", t, err)
	}
	evidence := known(s, j.evidence)
	if len(evidence) > 0 {
		if _, ok := j.plan(evidence); ok {
			return j, evidence, nil
		}
	}
	return job{}, nil, fmt.Errorf("genai: %s: %w", t, ErrNothing)
}

// asking is one draft's questions to a writer.
type asking struct {
	ctx     context.Context
	writer  Writer
	options Options
	task    int // its index, for who listens
	window  int // tokens of the writer's context; 0 for no limit
	checks  *graph.Checks
}

// ask gets an accepted text from the writer, and the evidence that it was
// given: the whole in one answer, or else claim by claim. A nil text without
// an error means that the template's is to stand.
func ask(ctx context.Context, t Task, j job, evidence []graph.Evidence, w Writer, o Options, index int, c *graph.Checks) (graph.DraftText, []graph.Evidence, error) {
	a := &asking{ctx: ctx, writer: w, options: o, task: index, checks: c}
	if l, ok := w.(interface{ ContextTokens() int }); ok {
		a.window = l.ContextTokens()
	}
	small := false
	if l, ok := w.(interface{ Parameters() int64 }); ok {
		small = l.Parameters() > 0 && l.Parameters() < leastWhole
	}
	whole := ""
	if !small {
		text, given, raw, err := a.whole(t, j, evidence)
		if err != nil || text != nil || unanswered(c.Rejections) { // a writer that is too slow, or gone, is not asked twice
			return text, given, err
		}
		whole = raw
	}
	c.LeftOut, c.LeftOutOf = 0, nil // a claim needs no more than it cites
	p, _ := j.plan(evidence)
	text, err := a.claims(t, p, evidence, whole)
	return text, evidence, err
}

// whole asks for the draft in one answer, which is returned as it came where it
// is not accepted.
func (a *asking) whole(t Task, j job, evidence []graph.Evidence) (graph.DraftText, []graph.Evidence, string, error) {
	a.checks.Prompt = t.kind.version
	r, leftOut, ok := newRequest(t.kind, j, evidence, a.window)
	if !ok {
		a.reject(graph.Rejection{Check: CheckContext, Why: fmt.Sprintf("too little of the evidence fits a context of %d tokens", a.window)})
		return nil, nil, "", nil
	}
	a.checks.LeftOut = len(leftOut)
	for _, e := range leftOut {
		a.checks.LeftOutOf = append(a.checks.LeftOutOf, graph.Omission{Handle: e.Handle, IDs: e.IDs, About: finding.Plain(e.Text, maxAbout)})
	}
	answer, rejected, err := a.answer(r)
	if err != nil {
		return nil, nil, "", err
	}
	if len(rejected) == 0 {
		var text graph.DraftText
		text, rejected = verify.Answer(answer.Text, r.plan.form, r.Evidence)
		if len(rejected) == 0 {
			rejected = append(disguised(text, r.Evidence), r.plan.verified(text)...)
		}
		if len(rejected) == 0 {
			return r.plan.decided(text), r.Evidence, "", nil
		}
	}
	a.reject(rejected...)
	return nil, nil, answer.Text, nil
}

// answer asks the writer for one. Rejections take its place.
func (a *asking) answer(r Request) (Answer, []graph.Rejection, error) {
	a.checks.Attempts++
	if tell := a.options.Streaming; tell != nil {
		attempt := a.checks.Attempts
		r.Streaming = func(tokens int) { tell(a.task, attempt, tokens) }
	}
	answer, rejected, err := try(a.ctx, a.writer, r, a.options)
	if answer.Digest != "" {
		a.checks.Model = answer.Digest
	}
	return answer, rejected, err
}

// reject keeps the reasons against the last answer, or the first of many.
func (a *asking) reject(rejected ...graph.Rejection) {
	if n := len(rejected) - maxRejections; n > 0 {
		more := graph.Rejection{Check: rejected[maxRejections].Check, Why: fmt.Sprintf("and %d more reasons", n)}
		rejected = append(rejected[:maxRejections:maxRejections], more)
	}
	for _, x := range rejected {
		x.Attempt = a.checks.Attempts
		a.checks.Rejections = append(a.checks.Rejections, x)
	}
}

// try asks the writer once. Rejections take the place of an answer. A server
// that fails is given time to come back, and asked again: that is no attempt.
func try(ctx context.Context, w Writer, r Request, o Options) (Answer, []graph.Rejection, error) {
	patience := time.After(o.patience())
	for pause := firstPause; ; pause *= 2 {
		answer, rejected, err := once(ctx, w, r, o.timeout())
		if err != nil || len(rejected) == 0 || rejected[0].Check != CheckServer || o.Patience < 0 {
			return answer, rejected, err
		}
		select {
		case <-ctx.Done():
			return Answer{}, nil, ctx.Err()
		case <-patience:
			return answer, rejected, nil
		case <-time.After(pause):
		}
	}
}

func (o Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return defaultTimeout
	}
	return o.Timeout
}

func (o Options) patience() time.Duration {
	if o.Patience == 0 {
		return defaultPatience
	}
	return o.Patience
}

func once(ctx context.Context, w Writer, r Request, timeout time.Duration) (Answer, []graph.Rejection, error) {
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

// id names a draft by what it is for and what it says.
func id(task string, subject any, d graph.Draft) string {
	h := sha256.New()
	if list, ok := subject.([]string); ok {
		subject = slices.Values(list)
	}
	if list, ok := subject.(iter.Seq[string]); ok { // of a fleet's gap it has a million findings
		var b []byte
		n := 0
		for s := range list {
			n++
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
			if len(b) > 1<<15 {
				h.Write(b)
				b = b[:0]
			}
		}
		h.Write(b)
		subject = n
	}
	b, err := json.Marshal([]any{task, subject, d.Generator, d.Text})
	if err != nil {
		panic(err) // plain strings
	}
	h.Write(b)
	return "draft--" + hex.EncodeToString(h.Sum(nil)[:8])
}

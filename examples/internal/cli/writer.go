package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/genai/template"
	"github.com/mitigraph/mitigraph/graph"
)

// Drafter is who writes drafts.
type Drafter struct {
	genai.Writer
	model  *ollama.Writer // nil for the template writer
	stderr io.Writer
}

// LoadDrafter makes what -draft names: template or ollama:MODEL, whose answers
// are kept in the cache folder. What it has to tell goes to stderr.
func LoadDrafter(who string, stderr io.Writer) (*Drafter, error) {
	name, ok := strings.CutPrefix(who, "ollama:")
	if !ok {
		return &Drafter{Writer: template.Writer{}, stderr: stderr}, nil
	}
	model, err := ollama.New("", name)
	if err != nil {
		return nil, &InputError{err}
	}
	return &Drafter{genai.Cached(model, CacheFolder("answers")), model, stderr}, nil
}

// Check asks a model, before it is given more than one task, whether it can do
// them. On a terminal it also has the model show how fast it is, and tells how
// long that will take.
func (d *Drafter) Check(ctx context.Context, s *graph.Snapshot, a *graph.Assessment, tasks []genai.Task) error {
	if d.model == nil || len(tasks) < 2 {
		return nil
	}
	needs := func(context int) (genai.Need, error) { return genai.Needs(ctx, s, a, tasks, context) }
	if !IsTerminal(d.stderr) {
		_, err := d.model.Check(ctx, needs)
		return err
	}
	r, err := d.model.Probe(ctx, needs)
	if err == nil {
		fmt.Fprintln(d.stderr, r)
	}
	return err
}

// Options are those that show on a terminal how the work goes on. Call end
// when it is done.
func (d *Drafter) Options(total int) (o genai.Options, end func()) {
	if !IsTerminal(d.stderr) {
		return genai.Options{}, func() {}
	}
	return progressOf(d.stderr, total, time.Now, d.model != nil)
}

// IsTerminal reports whether somebody may be looking.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progressOf shows how many drafts are done and, of a model's, how many tokens
// of the next have come and how long it has taken so far.
func progressOf(w io.Writer, total int, now func() time.Time, streams bool) (o genai.Options, end func()) {
	const often = 100 * time.Millisecond
	bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("drafts"),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false))
	var mu sync.Mutex
	begin, shown, ready := now(), time.Time{}, 0
	o.Progress = func(done, _ int) {
		mu.Lock()
		defer mu.Unlock()
		begin, ready = now(), done
		_ = bar.Set(done)
	}
	if streams {
		o.Streaming = func(_, attempt, tokens int) {
			mu.Lock()
			defer mu.Unlock()
			if now().Sub(shown) < often {
				return
			}
			shown = now()
			bar.Describe(working(ready+1, total, attempt, tokens, now().Sub(begin)))
		}
	}
	return o, func() { _ = bar.Finish() }
}

// working says what is being written.
func working(draft, total, attempt, tokens int, took time.Duration) string {
	again := ""
	if attempt > 1 {
		again = fmt.Sprintf(" (attempt %d)", attempt)
	}
	return fmt.Sprintf("draft %d of %d%s, %d tokens, %.0f s", draft, total, again, tokens, took.Seconds())
}

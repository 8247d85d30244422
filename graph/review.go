package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// The states of a draft. A generator makes drafts; only a named person moves
// one on, but for StatusSuperseded, which says that what it rests on changed.
const (
	StatusDraft      = "draft"      // nobody looked at it yet, or it was taken up again
	StatusInReview   = "in_review"  // somebody does
	StatusAccepted   = "accepted"   // a person stands for it, with or without changes
	StatusRejected   = "rejected"   // a person turned it down, and said why
	StatusSuperseded = "superseded" // its evidence changed; a new draft is due
)

// after says which states may follow one.
var after = map[string][]string{
	StatusDraft:      {StatusInReview, StatusAccepted, StatusRejected, StatusSuperseded},
	StatusInReview:   {StatusDraft, StatusAccepted, StatusRejected, StatusSuperseded},
	StatusAccepted:   {StatusInReview, StatusRejected, StatusSuperseded},
	StatusRejected:   {StatusDraft, StatusInReview},
	StatusSuperseded: {StatusDraft, StatusInReview},
}

// Errors of [Graph.Review].
var (
	// ErrUnknownDraft says that the graph holds no draft under an ID.
	ErrUnknownDraft = errors.New("graph: no draft has this ID")
	// ErrReview says that a review is incomplete or does not fit the state
	// that the draft is in.
	ErrReview = errors.New("graph: this review can't be")
)

// Review is one step in the life of a draft.
type Review struct {
	Status string    `json:"status"`        // what the draft is from then on
	By     string    `json:"by"`            // the person; "mitigraph" for what it superseded itself
	At     time.Time `json:"at"`            // when, in UTC and whole seconds once the graph holds it
	Why    string    `json:"why,omitempty"` // needed to reject and to supersede
	// Was is the text before the person changed it; nil where it was not
	// changed.
	Was DraftText `json:"was,omitempty"`
}

// maxBy bounds a person's name, and maxReviewWhy a reason, in characters.
const maxBy, maxReviewWhy = 200, 4000

// maxReviewText bounds a changed text, in bytes.
const maxReviewText = 1 << 20

// Review moves a draft on and returns it as it is then. With a text, the
// draft's is replaced by it and the one before is kept in [Review.Was]; a nil
// text leaves it as it is. Was need not be set.
//
// The reviewed draft gets a source of its own in the graph, which outlives the
// runs that draft anew: [Replace] of [Drafts] leaves it alone, and the same
// draft written again stays as it was reviewed.
//
// The error is [ErrUnknownDraft] or [ErrReview], which says what is missing:
// a name, a time, a reason to reject, a state that may follow the present one,
// or a text of printable characters, of at most 1 MiB. Otherwise it is one of [Graph.Add]'s. With an error nothing changes.
func (g *Graph) Review(ctx context.Context, id string, r Review, text DraftText) (Draft, error) {
	var d Draft
	err := g.change(ctx, func(s *Snapshot) (*Snapshot, error) {
		now, ok := s.Draft(id)
		if !ok {
			return nil, s.unknownDraft(id)
		}
		if err := r.check(now.Status); err != nil {
			return nil, err
		}
		if err := fits(text); err != nil {
			return nil, err
		}
		step := r
		step.Was, step.At = nil, r.At.UTC().Truncate(time.Second)
		if text != nil {
			step.Was, now.Text = now.Text, text
		}
		now.Reviews = append(slices.Clip(now.Reviews), step)
		now.Status = step.Status
		d = now
		return s.with(ctx, []Source{reviewed{&now}})
	})
	if err != nil {
		return Draft{}, err
	}
	return d, nil
}

// unknownDraft is the error of an ID that no draft has.
func (s *Snapshot) unknownDraft(id string) error {
	return fmt.Errorf("%w: %q%s", ErrUnknownDraft, id, finding.Meant(id, func(yield func(string) bool) {
		for _, d := range all[*Draft](s.index()) {
			if !yield(d.ID) {
				return
			}
		}
	}))
}

// fits says what is wrong with a changed text: it is to be shown wherever the
// draft is.
func fits(text DraftText) error {
	size := 0
	for where, c := range text.Claims() {
		if size += len(c.Text); size > maxReviewText {
			return fmt.Errorf("%w: the text has more than %d bytes", ErrReview, maxReviewText)
		}
		if strings.TrimSpace(c.Text) == "" {
			return fmt.Errorf("%w: %s.text is empty", ErrReview, where)
		}
		for _, r := range c.Text {
			if !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
				return fmt.Errorf("%w: %s.text holds the character U+%04X, which is no text", ErrReview, where, r)
			}
		}
		for _, h := range c.Evidence {
			if size += len(h); strings.ContainsFunc(h, func(r rune) bool { return !unicode.IsGraphic(r) }) {
				return fmt.Errorf("%w: %s.evidence holds a character that is no text", ErrReview, where)
			}
		}
	}
	for _, s := range text {
		if strings.ContainsFunc(s.Name, func(r rune) bool { return !unicode.IsGraphic(r) }) {
			return fmt.Errorf("%w: the name of a section holds a character that is no text", ErrReview)
		}
	}
	return nil
}

func (r Review) check(now string) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrReview, fmt.Sprintf(format, args...))
	}
	plain := func(s string, most int) bool {
		return len([]rune(s)) <= most && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' })
	}
	switch allowed := after[cmp.Or(now, StatusDraft)]; {
	case after[r.Status] == nil:
		return fail("%q is no state of a draft; the states are %s", r.Status, strings.Join(sorted(after), ", "))
	case !slices.Contains(allowed, r.Status):
		return fail("a draft that is %s can become %s, not %s", now, strings.Join(allowed, " or "), r.Status)
	case strings.TrimSpace(r.By) == "" || !plain(r.By, maxBy):
		return fail("it needs the name of a person, of at most %d characters on one line", maxBy)
	case r.At.IsZero():
		return fail("it needs a time")
	case strings.TrimSpace(r.Why) == "" && (r.Status == StatusRejected || r.Status == StatusSuperseded):
		return fail("to be %s a draft needs a reason", r.Status)
	case !plain(r.Why, maxReviewWhy):
		return fail("the reason has more than %d characters or control characters", maxReviewWhy)
	}
	return nil
}

// Drafts returns the drafts that the graph holds, by ID, each as it was
// reviewed last. They are copies.
func (s *Snapshot) Drafts() []Draft {
	found := map[string]Draft{}
	for _, d := range all[*Draft](s.index()) {
		if _, there := found[d.ID]; !there {
			found[d.ID] = d.copied()
		}
	}
	for _, r := range all[*reviewedDraft](s.index()) {
		found[r.ID] = (*Draft)(r).copied()
	}
	out := make([]Draft, 0, len(found))
	for _, id := range sorted(found) {
		out = append(out, found[id])
	}
	return out
}

// Draft returns a draft by its ID, as it was reviewed last.
func (s *Snapshot) Draft(id string) (Draft, bool) {
	if r, ok := doc[*reviewedDraft](s.index(), reviewKey(id)); ok {
		return (*Draft)(r).copied(), true
	}
	if d, ok := doc[*Draft](s.index(), draftKey(id)); ok {
		return d.copied(), true
	}
	return Draft{}, false
}

func (d *Draft) copied() Draft {
	c := *d
	c.Status = cmp.Or(c.Status, StatusDraft)
	c.About, c.Evidence, c.Reviews = slices.Clone(d.About), slices.Clone(d.Evidence), slices.Clone(d.Reviews)
	c.Text = slices.Clone(d.Text)
	for i, s := range c.Text {
		c.Text[i].Claims = slices.Clone(s.Claims)
	}
	return c
}

func reviewKey(id string) string { return "review:" + url.PathEscape(id) }

// reviewedDraft is a draft as its reviewers left it.
type reviewedDraft Draft

// reviewed is the source of one.
type reviewed struct{ draft *Draft }

func (reviewed) origin() (origin, error) {
	return originOf(Drafted, "reviewed drafts", "reviewed-drafts"), nil
}

func (r reviewed) write(b *batch, _ *index) error {
	b.node(reviewKey(r.draft.ID), "Review", "", (*reviewedDraft)(r.draft))
	b.edge(reviewKey(r.draft.ID), predReviews, draftKey(r.draft.ID))
	for _, key := range r.draft.About {
		b.edge(reviewKey(r.draft.ID), predAnswers, key)
	}
	return nil
}

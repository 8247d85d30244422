package mitre

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// Filter says whether an object is kept by [Where].
type Filter func(Object) bool

// Where iterates over the objects that every filter keeps, in the order of
// seq. A nil filter keeps all, a nil seq has none, and no filter below keeps
// nil.
//
//	mitre.Where(mitre.Live[*mitre.Technique](c), mitre.InTactic("impact"), mitre.ModifiedAfter(last))
func Where[T Object](seq iter.Seq[T], keep ...Filter) iter.Seq[T] {
	return func(yield func(T) bool) {
		if seq == nil {
			return
		}
		for o := range seq {
			if !slices.ContainsFunc(keep, func(f Filter) bool { return f != nil && !f(o) }) && !yield(o) {
				return
			}
		}
	}
}

// InTactic keeps techniques of the tactic with that shortname, such as
// "impair-process-control", which counts as it is written.
func InTactic(shortname string) Filter {
	return func(o Object) bool {
		t, ok := o.(*Technique)
		return ok && t != nil && slices.Contains(t.Tactics, shortname)
	}
}

// OnPlatform keeps objects that name the platform, regardless of case.
func OnPlatform(name string) Filter {
	return func(o Object) bool {
		return !isNil(o) && slices.ContainsFunc(o.Common().Platforms, func(p string) bool { return strings.EqualFold(p, name) })
	}
}

// Mentions keeps objects whose [Text], which is not their name, has the words
// in it, one after the other and regardless of case: "ics" is in "mechanics".
func Mentions(words string) Filter {
	words = strings.ToLower(words)
	return func(o Object) bool {
		text, _ := Text(o)
		return !isNil(o) && strings.Contains(strings.ToLower(text), words)
	}
}

// CreatedAfter keeps objects created later than t.
func CreatedAfter(t time.Time) Filter {
	return func(o Object) bool { return !isNil(o) && o.Common().Created.After(t) }
}

// ModifiedAfter keeps objects modified later than t.
func ModifiedAfter(t time.Time) Filter {
	return func(o Object) bool { return !isNil(o) && o.Common().Modified.After(t) }
}

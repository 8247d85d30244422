package query

import (
	"maps"
	"slices"
)

// Vocabulary lists the predicates that queries may name.
func Vocabulary() []string { return slices.Sorted(maps.Keys(vocabulary)) }

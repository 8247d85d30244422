package graphql

import (
	"errors"
	"strings"

	"github.com/dennwc/graphql/language/ast"
	"github.com/dennwc/graphql/language/parser"

	"github.com/mitigraph/mitigraph/graph/query"
)

// check reads a query and finds what Cayley would answer with less than there
// is.
func check(text string) error {
	doc, err := parser.Parse(parser.ParseParams{Source: text})
	if err != nil {
		return unread(err)
	}
	for _, d := range doc.Definitions {
		if o, ok := d.(*ast.OperationDefinition); ok {
			if err := selection(text, o.SelectionSet); err != nil {
				return err
			}
		}
	}
	return nil
}

func selection(text string, set *ast.SelectionSet) error {
	if set == nil {
		return nil
	}
	optional, required := false, false // what came before; required, after something optional
	for _, s := range set.Selections {
		f, ok := s.(*ast.Field)
		if !ok {
			continue // Cayley says so itself
		}
		wrong := func(why string) error {
			line, column := place(text, f)
			return &query.Error{Line: line, Column: column, Err: errors.New(why)}
		}
		if f.Name.Value == "*" {
			return wrong(`"*" would give only one answer for each predicate; name the fields`)
		}
		if f.SelectionSet == nil && len(f.Arguments) == 0 {
			switch isOptional := has(f, "opt", "optional"); {
			case isOptional && required:
				return wrong("Cayley forgets a field with @opt that stands behind others; put all with @opt last")
			case isOptional:
				optional = true
			case optional && f.Name.Value != "id":
				required = true
			}
		}
		if err := selection(text, f.SelectionSet); err != nil {
			return err
		}
	}
	return nil
}

func has(f *ast.Field, names ...string) bool {
	for _, d := range f.Directives {
		for _, n := range names {
			if d.Name != nil && d.Name.Value == n {
				return true
			}
		}
	}
	return false
}

// place is where a field stands, from 1.
func place(text string, f *ast.Field) (line, column int) {
	if f.Loc == nil || f.Loc.Start > len(text) {
		return 0, 0
	}
	before := text[:f.Loc.Start]
	return 1 + strings.Count(before, "\n"), f.Loc.Start - strings.LastIndexByte(before, '\n')
}

// Package graphql runs queries in Cayley's GraphQL: it asks for nodes and says
// which of their links to follow, and how deep.
//
//	{
//	  technique(id: "attack:T0843") {
//	    name: rel:name
//	    mitigations: ~rel:mitigates { id, rel:name }
//	  }
//	}
//
// A field is a predicate; "~" goes against its direction, an alias names the
// answer. The arguments of a field are conditions, such as rdf:type:
// "class:Technique", or first and offset, which cut the answer where the query
// says so. The directive @opt keeps nodes that have no such link, @label(v: ..)
// looks at the statements of one source only. Cayley's "*", for all links, is an
// error here: it gives one answer for each predicate where there are several.
//
// A field without any answer is missing from its object or null; several
// answers are a list, one is not.
package graphql

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	cayley "github.com/cayleygraph/cayley/query"
	engine "github.com/cayleygraph/cayley/query/graphql"
	"github.com/cayleygraph/quad"
	"github.com/dennwc/graphql/gqlerrors"

	"github.com/mitigraph/mitigraph/graph/query"
)

// Run runs a query. Each object that a field at the top finds is a row; its
// fields are the columns, and what is nested stays so. Where there are several
// fields at the top, the column "query" says which.
//
// The errors are those of [query.Run]. A query that can't be read is a
// [query.Error] with the place. The cap on rows is for the objects at the top,
// and looked at when all are found; until then there is the cap on memory.
func Run(ctx context.Context, s *query.Store, text string, l query.Limits) (query.Result, error) {
	if err := query.Check(text); err != nil {
		return query.Result{}, err
	}
	return query.Run(ctx, s, l, func(ctx context.Context, q *query.Session) error {
		if err := check(text); err != nil {
			return err
		}
		it, err := engine.NewSession(q).Execute(ctx, text, cayley.Options{Collation: cayley.Raw})
		if err != nil {
			return unread(err)
		}
		defer it.Close()
		if !it.Next(ctx) {
			if err := it.Err(); err != nil {
				return &query.Error{Err: err}
			}
			return nil
		}
		fields, ok := it.Result().(map[string]any)
		if !ok {
			return fmt.Errorf("query: the engine gave a %T", it.Result())
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			for _, o := range objects(fields[name]) {
				row := make(map[string]any, len(o)+1)
				for k, v := range o {
					row[column(k)] = nested(v)
				}
				if len(fields) > 1 {
					row["query"] = quad.String(name)
				}
				if err := q.Emit(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// objects are the answers of a field, which are none, one or a list.
func objects(v any) []map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []map[string]any:
		return v
	}
	return nil
}

// column is the name of a field, which may be an IRI in brackets.
func column(name string) string {
	name = strings.TrimPrefix(name, "~")
	if len(name) > 2 && name[0] == '<' && name[len(name)-1] == '>' {
		return name[1 : len(name)-1]
	}
	return name
}

// nested names the fields below the top.
func nested(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[column(k)] = nested(x)
		}
		return out
	case []map[string]any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = nested(x)
		}
		return out
	}
	return v
}

// unread is the reason why a query can't be read, with the place.
func unread(err error) error {
	out := &query.Error{Err: err}
	var syntax *gqlerrors.Error
	if !errors.As(err, &syntax) {
		return out
	}
	if len(syntax.Locations) > 0 {
		out.Line, out.Column = syntax.Locations[0].Line, syntax.Locations[0].Column
	}
	// The message goes on with the place and the text around it.
	why, _, _ := strings.Cut(syntax.Message, "\n")
	if _, after, ok := strings.Cut(why, ") "); ok {
		why = after
	}
	out.Err = errors.New(why)
	return out
}

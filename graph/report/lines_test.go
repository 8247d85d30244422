package report_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/report"
)

// TestLinesOfAReusedSlice changes, one after the other, all that a finding says
// of its techniques, in the slices that the finding before had.
func TestLinesOfAReusedSlice(t *testing.T) {
	r := &graph.FindingResult{ID: "F", Techniques: []graph.FindingTechnique{
		{ID: "T0814", Name: "a", Via: []graph.Via{{Weakness: "CWE-1", Path: []string{"CWE-1", "CWE-2"}}, {Weakness: "CWE-3"}}},
		{ID: "T0801", Via: []graph.Via{}},
	}}
	var all bytes.Buffer
	lines := report.NewLines(&all)
	before := ""
	write := func(what string) {
		all.Reset()
		require.NoError(t, lines.Finding(r))
		require.NoError(t, lines.Flush())
		var alone bytes.Buffer
		fresh := report.NewLines(&alone)
		require.NoError(t, fresh.Finding(r))
		require.NoError(t, fresh.Flush())
		assert.Equal(t, alone.String(), all.String(), what)
		assert.NotEqual(t, before, all.String(), what)
		before = all.String()
	}
	write("first")
	changes := 0
	var change func(v reflect.Value, what string)
	change = func(v reflect.Value, what string) {
		changes++
		switch v.Kind() {
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Float64:
			v.SetFloat(v.Float() + 0.5)
		case reflect.Struct:
			for i := range v.NumField() {
				change(v.Field(i), what+"."+v.Type().Field(i).Name)
			}
			return
		case reflect.Slice:
			for i := range v.Len() {
				change(v.Index(i), fmt.Sprintf("%s[%d]", what, i))
			}
			if v.Len() == 0 {
				return
			}
			v.Set(v.Slice(0, v.Len()-1))
			what += " shorter"
		default:
			t.Fatalf("%s: no way to change a %s", what, v.Kind())
		}
		write(what)
	}
	change(reflect.ValueOf(&r.Techniques).Elem().Index(0), "Techniques[0]")
	assert.Greater(t, changes, 20)
	r.Techniques = r.Techniques[:1]
	write("fewer techniques")
	r.Techniques[0].Via = nil
	write("nil")
}

// half takes half of what it is given, and says nothing of it.
type half struct{}

func (half) Write(b []byte) (int, error) { return len(b) / 2, nil }

func TestLinesThatAreNotTaken(t *testing.T) {
	l := report.NewLines(half{})
	require.NoError(t, l.Finding(&graph.FindingResult{ID: "F-1"}))
	for range 2 {
		assert.ErrorIs(t, l.Flush(), io.ErrShortWrite)
		assert.ErrorIs(t, l.Finding(&graph.FindingResult{ID: "F-2"}), io.ErrShortWrite)
		assert.ErrorIs(t, l.Summary(nil), io.ErrShortWrite)
	}
	l = report.NewLines(io.Discard)
	assert.ErrorContains(t, l.Finding(nil), "nil")
	assert.ErrorContains(t, l.Summary(nil), "nil")
	assert.ErrorContains(t, l.Summary(&graph.Summary{}), "nil")
	assert.NoError(t, l.Flush(), "nothing was written, so nothing failed")
}

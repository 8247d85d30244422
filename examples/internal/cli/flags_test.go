package cli

import (
	"bytes"
	"flag"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
)

func TestChoice(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{"json", ""},
		{"jsno", `-format "jsno": want text, json or jsonl; did you mean json?`},
		{"JSONL", `-format "JSONL": want text, json or jsonl; did you mean jsonl?`},
		{"pdf", `-format "pdf": want text, json or jsonl`},
		{"", `-format "": want text, json or jsonl`},
	} {
		err := Choice("format", test.value, "text", "json", "jsonl")
		if test.want == "" {
			assert.NoError(t, err)
			continue
		}
		require.Error(t, err)
		assert.Equal(t, test.want, err.Error())
		var bad *InputError
		assert.ErrorAs(t, err, &bad)
	}
}

// The help names each member that a site's file may have at its top.
func TestControlsUsage(t *testing.T) {
	v := reflect.TypeFor[graph.SiteDescription]()
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Field(i).Tag.Get("json"), ","); name != "-" {
			assert.Regexp(t, `\b`+name+`\b`, ControlsUsage)
		}
	}
}

func TestParse(t *testing.T) {
	parse := func(args ...string) (string, []string, error, string) {
		fs := flag.NewFlagSet("x", flag.ContinueOnError)
		format := fs.String("format", "", "how")
		var help bytes.Buffer
		rest, err := Parse(fs, args, &help, "before\n", "after\n")
		return *format, rest, err, help.String()
	}
	format, rest, err, _ := parse("a", "-format", "json", "b", "--", "-c", "d")
	require.NoError(t, err)
	assert.Equal(t, "json", format)
	assert.Equal(t, []string{"a", "b", "-c", "d"}, rest)
	_, _, err, _ = parse("-fromat", "json")
	assert.ErrorContains(t, err, "-fromat; did you mean -format?; -h lists the flags")
	_, _, err, help := parse("-h")
	assert.ErrorIs(t, err, flag.ErrHelp)
	assert.Contains(t, help, "before\n  -format")
	assert.Contains(t, help, "after\n")
	assert.Equal(t, "json", FormatOf("x/report.JSON", "text", "json"))
	assert.Equal(t, "markdown", FormatOf("report.MD", "markdown", "html"))
	assert.Equal(t, "html", FormatOf("report.htm", "markdown", "html"))
	assert.Empty(t, FormatOf("report.htm", "markdown"))
	assert.Empty(t, FormatOf("report.pdf", "text", "json"))
}

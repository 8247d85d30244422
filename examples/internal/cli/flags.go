package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
)

// Parse reads flags, which may stand behind other arguments, where package flag
// would end; behind "--" nothing is a flag. It returns the other arguments in
// their order. Wrong use is an [InputError]; [flag.ErrHelp] comes when the help
// was asked for and written: before, the flags, and after.
func Parse(fs *flag.FlagSet, args []string, stderr io.Writer, before, after string) (rest []string, err error) {
	fs.SetOutput(io.Discard)
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, before)
			printFlags(fs, stderr)
			fmt.Fprint(stderr, after)
			return nil, err
		}
		if err != nil {
			meant := ""
			if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
				var names []string
				fs.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
				meant = finding.Meant("-"+name, slices.Values(names))
			}
			return nil, Misuse("%w%s; -h lists the flags", err, meant)
		}
		if n := len(args) - fs.NArg(); n > 0 && args[n-1] == "--" {
			return append(rest, fs.Args()...), nil
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// ControlsUsage is what a program's help says of -controls: what a misspelt
// member's error says more of.
const ControlsUsage = "JSON `FILE` with site, deployed, devices and accepted, and no other member"

// The help is to fit a screen: a flag on the left, what it does on the right.
const (
	helpWidth  = 80
	helpIndent = 20
)

func printFlags(fs *flag.FlagSet, w io.Writer) {
	fs.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" && !strings.Contains(usage, "default") {
			usage += " (default " + f.DefValue + ")"
		}
		left := strings.TrimRight("  -"+f.Name+" "+value, " ")
		if len(left) > helpIndent-2 {
			fmt.Fprintln(w, left)
			left = ""
		}
		line := fmt.Sprintf("%-*s", helpIndent, left)
		for i, word := range strings.Fields(usage) {
			if i > 0 && len(line)+1+len(word) > helpWidth {
				fmt.Fprintln(w, line)
				line = strings.Repeat(" ", helpIndent)
			} else if i > 0 {
				line += " "
			}
			line += word
		}
		fmt.Fprintln(w, line)
	})
}

// Choice is the error of a flag's value that is none of those that it may have,
// and names the one that was likely meant; nil for one of them.
func Choice(flag, value string, of ...string) error { return OneOf("-"+flag, value, of...) }

// OneOf is the same of a word that is no flag's: what says what it is.
func OneOf(what, value string, of ...string) error {
	if slices.Contains(of, value) {
		return nil
	}
	want := of[len(of)-1]
	if n := len(of) - 1; n > 0 {
		want = strings.Join(of[:n], ", ") + " or " + want
	}
	return Misuse("%s %q: want %s%s", what, value, want, finding.Meant(value, slices.Values(of)))
}

// FormatOf is the format that the ending of an output file names, of those
// that there are; empty where it names none.
func FormatOf(out string, formats ...string) string {
	format := strings.ToLower(strings.TrimPrefix(filepath.Ext(out), "."))
	if full := shortened[format]; full != "" {
		format = full
	}
	if slices.Contains(formats, format) {
		return format
	}
	return ""
}

// shortened are the endings that are not called as their format is.
var shortened = map[string]string{"md": "markdown", "htm": "html"}

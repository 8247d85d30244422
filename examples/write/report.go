package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/mitigraph/mitigraph/examples/internal/cli"
)

const maxReport = 1 << 20 // bytes

func readReport(name string, stdin io.Reader) (string, error) {
	r := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", cli.Misuse("-report: %w", err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	switch {
	case err != nil:
		return "", cli.Misuse("-report %s: %w", name, err)
	case len(b) > maxReport:
		return "", cli.Misuse("-report %s: more than %d bytes", name, maxReport)
	case !utf8.Valid(b):
		return "", cli.Misuse("-report %s: the text is not UTF-8", name)
	case strings.TrimSpace(string(b)) == "":
		return "", cli.Misuse("-report %s: it is empty", name)
	}
	return string(b), nil
}

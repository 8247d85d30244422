package cli

import (
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
)

// Coloured is a report in text, as graph/report.Text writes it, for the one
// who looks at w: with headings in bold and risks in colour where w is a
// terminal and the environment does not ask for none (NO_COLOR, or TERM=dumb),
// else as it is.
func Coloured(report []byte, w io.Writer) []byte {
	if !colours(IsTerminal(w), runtime.GOOS, os.Getenv) {
		return report
	}
	return coloured(report)
}

func colours(terminal bool, system string, env func(string) string) bool {
	if system == "windows" && env("WT_SESSION") == "" { // an older console shows the codes
		return false
	}
	return terminal && env("NO_COLOR") == "" && env("TERM") != "dumb"
}

const (
	bold   = "\x1b[1m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[33m"
	end    = "\x1b[0m"
)

// marked is a heading, or a risk at the begin of a line; a report holds no
// other code, since what the input wrote is inert in it.
var marked = regexp.MustCompile(`(?m)^(?:[A-Z]{2,}(?: [A-Z]{2,})*(?:  |$|:)|  (?:  )?[01]\.[0-9]{2}  )`)

func coloured(report []byte) []byte {
	return marked.ReplaceAllFunc(report, func(b []byte) []byte {
		start := 0
		for start < len(b) && b[start] == ' ' {
			start++
		}
		stop := len(b)
		for stop > start && b[stop-1] == ' ' {
			stop--
		}
		code := bold
		switch risk, err := strconv.ParseFloat(string(b[start:stop]), 64); {
		case string(b[start:stop]) == "INCOMPLETE:", err == nil && risk >= 0.4:
			code = red
		case err == nil && risk >= 0.1:
			code = yellow
		case err == nil:
			return b
		}
		return append(append(append(append(append([]byte{}, b[:start]...), code...), b[start:stop]...), end...), b[stop:]...)
	})
}

package escape

import "strings"

// Base is a file's name without its folder, which says much of one machine and
// nothing to whoever reads elsewhere. What ends in a folder stays as it is.
func Base(source string) string {
	if name := source[strings.LastIndexAny(source, `/\`)+1:]; name != "" {
		return name
	}
	return source
}

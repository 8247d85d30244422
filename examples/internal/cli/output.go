package cli

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Output writes the whole report or nothing, as [OutputFrom] does.
func Output(name string, b []byte, stdout io.Writer) error {
	return OutputFrom(name, stdout, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// OutputFrom lets a report be written bit by bit: into a file the whole of it
// or, where writing ends with an error, nothing. A file is made under another
// name first and then renamed, so that no one ever reads half of it. What a
// link leads to is replaced, not the link, and a file keeps its permissions.
// Standard output, and what is no regular file, gets what was written.
func OutputFrom(name string, stdout io.Writer, write func(io.Writer) error) error {
	if name == "" || name == "-" {
		return write(stdout)
	}
	var wrote error // the report's own, which is not about the file
	inner := write
	write = func(w io.Writer) error {
		f := &failing{w: w}
		if wrote = inner(f); f.err != nil {
			wrote = nil
			return f.err
		}
		return wrote
	}
	target, special := follow(name)
	old, err := os.Stat(name)
	switch {
	case err == nil && old.IsDir():
		return Misuse("-o %s: a directory", name)
	case err == nil && (special || !old.Mode().IsRegular()): // can't be renamed over
		err = inPlace(name, write)
	default:
		err = replace(target, write, old)
	}
	if err != nil && wrote == nil {
		return fmt.Errorf("-o %s: %w", name, err)
	}
	return err
}

// failing keeps the error of a writer.
type failing struct {
	w   io.Writer
	err error
}

func (f *failing) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	if err != nil {
		f.err = err
	}
	return n, err
}

// follow returns what a name leads to through symbolic links, also where that
// does not exist yet, and whether the way goes through a folder of devices,
// as /dev/stdout does.
func follow(name string) (target string, special bool) {
	const most = 40 // links, as the kernel has it
	for range most {
		path, err := filepath.Abs(name)
		if err != nil {
			return name, special
		}
		special = special || strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/proc/")
		next, err := os.Readlink(name)
		if err != nil {
			return name, special
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(name), next)
		}
		name = next
	}
	return name, special
}

func inPlace(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// replace puts a new file in the place of the old one, which may be nil.
func replace(name string, write func(io.Writer) error, old os.FileInfo) (err error) {
	// Not os.CreateTemp, which has its own permissions: those of a new file
	// are the user's to choose.
	temp := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%d", filepath.Base(name), rand.Uint64()))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		var path *os.PathError // it names a file that nobody asked for
		if errors.As(err, &path) {
			err = path.Err
		}
		if errors.Is(err, os.ErrNotExist) {
			return &InputError{err}
		}
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp)
		}
	}()
	if old != nil {
		err = f.Chmod(old.Mode().Perm())
	}
	if err == nil {
		err = write(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(temp, name)
}

// SpareInputs refuses an output file that is also one of the inputs. Names that
// are empty or of no file are none.
func SpareInputs(name string, inputs ...string) error {
	out, err := os.Stat(name)
	if name == "" || err != nil || !out.Mode().IsRegular() {
		return nil
	}
	for _, input := range inputs {
		if in, err := os.Stat(input); input != "" && err == nil && os.SameFile(in, out) {
			return Misuse("-o %s: that is also an input", name)
		}
	}
	return nil
}

// SpareStore refuses an output file that is the file of a store, there already or
// not.
func SpareStore(name, store string) error {
	file, ok := strings.CutPrefix(store, "bolt:")
	if !ok || name == "" {
		return nil
	}
	one, err := filepath.Abs(name)
	other, err2 := filepath.Abs(file)
	if err == nil && err2 == nil && one == other {
		return Misuse("-o %s: that is also the store", name)
	}
	return SpareInputs(name, file)
}

// CacheFolder is where a kind of things is kept from run to run: below
// MITIGRAPH_CACHE, or else in the user's cache folder; empty where there is
// none.
func CacheFolder(kind string) string {
	folder := os.Getenv("MITIGRAPH_CACHE")
	if folder == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		folder = filepath.Join(user, "mitigraph")
	}
	return filepath.Join(folder, kind)
}

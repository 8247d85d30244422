package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Output writes the whole report or nothing: a file is made under another
// name first and then renamed, so that no one ever reads half of it.
func Output(name string, b []byte, stdout io.Writer) (err error) {
	if name == "" || name == "-" {
		_, err := stdout.Write(b)
		return err
	}
	if st, err := os.Stat(name); err == nil && !st.Mode().IsRegular() {
		if st.IsDir() {
			return Misuse("-o %s: a directory", name)
		}
		return os.WriteFile(name, b, 0) // a device or pipe can't be renamed over
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return Misuse("-o: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("-o %s: %w", name, err)
		}
	}()
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

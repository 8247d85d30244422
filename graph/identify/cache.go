package identify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Cached returns an embedder that keeps vectors in files below a folder, by the
// model's digest and the text, so that a text is embedded once. Files are
// renamed into place, one that is damaged counts as absent, and of more than
// 20,000 the oldest half goes. What can't be written is only embedded again;
// the folder is made when it is needed.
func Cached(e Embedder, folder string) Embedder { return &cached{Embedder: e, folder: folder} }

const mostCached = 20000

type cached struct {
	Embedder
	folder string

	mu      sync.Mutex
	model   string // folder of the model; empty before the digest is known
	counted int    // files there; as far as known
}

// Embed returns what is kept, and asks for the rest at once.
func (c *cached) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	folder, err := c.ready(ctx)
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(texts))
	var missing []string
	var at []int
	for i, t := range texts {
		if v, ok := readVector(filepath.Join(folder, fileOf(t))); ok {
			out[i] = v
		} else {
			missing, at = append(missing, t), append(at, i)
		}
	}
	if len(missing) == 0 {
		return out, ctx.Err()
	}
	vs, err := c.Embedder.Embed(ctx, missing)
	if err != nil {
		return nil, err
	}
	if len(vs) != len(missing) {
		return nil, fmt.Errorf("%d vectors for %d texts", len(vs), len(missing))
	}
	for k, v := range vs {
		out[at[k]] = v
		writeVector(filepath.Join(folder, fileOf(missing[k])), v)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counted += len(vs); c.counted > mostCached {
		c.counted = shrink(folder)
	}
	return out, nil
}

func (c *cached) ready(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.model != "" {
		return c.model, nil
	}
	digest, err := c.Digest(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(c.Name() + "\x00" + digest))
	c.model = filepath.Join(c.folder, hex.EncodeToString(sum[:16]))
	_ = os.MkdirAll(c.model, 0o700)
	entries, _ := os.ReadDir(c.model)
	c.counted = len(entries)
	return c.model, nil
}

func fileOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// A file holds the numbers and their checksum, little-endian.
func readVector(name string) ([]float32, bool) {
	const longest = 1 << 16
	st, err := os.Stat(name)
	if err != nil || !st.Mode().IsRegular() || st.Size() < 8 || st.Size() > longest || st.Size()%4 != 0 {
		return nil, false
	}
	b, err := os.ReadFile(name)
	if err != nil || len(b) < 8 || len(b)%4 != 0 {
		return nil, false
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return nil, false
	}
	v := make([]float32, len(body)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
	}
	return v, true
}

func writeVector(name string, v []float32) {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return
	}
	_, err = f.Write(b)
	if closed := f.Close(); err != nil || closed != nil || os.Rename(f.Name(), name) != nil {
		_ = os.Remove(f.Name())
	}
}

// shrink removes the older half of the files and returns how many are left.
func shrink(folder string) int {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0
	}
	type file struct {
		name string
		age  time.Time
	}
	var files []file
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, file{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(a.age.Compare(b.age), cmp.Compare(a.name, b.name)) })
	for _, f := range files[:len(files)/2] {
		_ = os.Remove(filepath.Join(folder, f.name))
	}
	return len(files) - len(files)/2
}

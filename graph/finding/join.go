package finding

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
)

// Join leaves out findings that are in several files, or several times in one:
// those that agree in all but their source. The first of each stays. One note
// for each file that repeats others says how often; it loses nothing. Findings
// with one ID that say different things all stay.
func Join(findings []Finding) ([]Finding, []*RecordError) {
	var joined []Finding
	seen := make(map[[sha256.Size]byte]string, len(findings)) // the file
	var again Repeats
	for i := range findings {
		f := &findings[i]
		sum := f.Digest()
		from, twice := seen[sum]
		if !twice {
			seen[sum] = f.Source
			joined = append(joined, *f)
			continue
		}
		again.Add(f, func() string { return from })
	}
	return joined, again.Notes()
}

// Repeats counts findings that are there already, by the file that repeats
// them. The zero value counted none. It is not safe for concurrent use.
type Repeats struct {
	files []*repeats // in the order in which they came
	of    map[string]*repeats
}

type repeats struct {
	file  string
	n     int
	first string // ID
	from  string // file that has it too
}

// Add counts a finding that the file from, which is asked for once for each
// file that repeats, has too.
func (r *Repeats) Add(f *Finding, from func() string) {
	of := r.of[f.Source]
	if of == nil {
		of = &repeats{file: f.Source, first: f.ID, from: from()}
		if r.of == nil {
			r.of = map[string]*repeats{}
		}
		r.of[f.Source] = of
		r.files = append(r.files, of)
	}
	of.n++
}

// Notes returns one note for each file that repeats others, in the order in
// which they were first counted; nil where nothing was. They lose nothing.
func (r *Repeats) Notes() []*RecordError {
	var notes []*RecordError
	for _, of := range r.files {
		from := of.from
		if from == of.file {
			from = "it"
		}
		err := fmt.Errorf("%s is in %s already, in the same words; it counts once", Plain(of.first, 80), from)
		if of.n > 1 {
			err = fmt.Errorf("%d are there already, in the same words; each counts once; the first is %s, in %s", of.n, Plain(of.first, 80), from)
		}
		notes = append(notes, &RecordError{File: of.file, Where: "findings", Err: err})
	}
	return notes
}

// Digest is the SHA-256 of all that a finding says, also its ID, but not of its
// source: the same for two findings that agree in the rest.
func (f *Finding) Digest() [sha256.Size]byte {
	buffer := digestBuffers.Get().(*[]byte)
	defer digestBuffers.Put(buffer)
	b := (*buffer)[:0]
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	list := func(list []string) {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, s := range list {
			text(s)
		}
	}
	text(f.ID)
	text(f.Title)
	text(f.Description)
	text(f.Device)
	text(f.Place)
	list(f.Weaknesses)
	list(f.CVEs)
	text(f.CVSS)
	exploited := byte(0)
	if f.KEV {
		exploited = 1
	}
	b = append(b, exploited)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f.EPSS))
	list(f.Techniques)
	list(f.Products)
	b = binary.AppendUvarint(b, uint64(len(f.Affected)))
	for _, a := range f.Affected {
		text(a.Product)
		list(a.Versions)
	}
	b = binary.AppendUvarint(b, uint64(len(f.Remedies)))
	for _, r := range f.Remedies {
		text(r.Category)
		text(r.Text)
		list(r.Products)
	}
	*buffer = b
	return sha256.Sum256(b)
}

var digestBuffers = sync.Pool{New: func() any { return new([]byte) }}

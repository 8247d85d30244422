package graph

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// What an assessment must keep of each finding until its end, when the lists
// are written, is its ID and where it stands in these lists. With a million
// findings, strings and slices would take ten times the memory of what is here.

// errTooManyNames says that positions no longer fit 32 bits.
var errTooManyNames = errors.New("graph: the IDs of the findings take more than 4 GiB")

// names numbers texts in the order in which they came, each with a number that
// belongs to it. It takes the length of each text and nine bytes or more, and
// with an index some seven more. The zero value is empty and without an index.
type names struct {
	indexed bool
	n       int
	chunks  [][]byte // entries: length, text, eight bytes
	table   []uint32 // open addressing; 0 is free, else the place of an entry + 1
	seed    maphash.Seed

	// Once ordered:
	texts  []string // the chunks without the numbers that belong to the texts
	places []uint32 // of the entries, by text
	order  []uint32 // their numbers
	rank   []uint32 // by number, the position in these
}

const (
	chunkBits = 16
	chunkSize = 1 << chunkBits
)

// add appends a text, also one that is there already.
func (s *names) add(text string, value uint64) error {
	need := binary.MaxVarintLen32 + len(text) + 8
	if last := len(s.chunks) - 1; last < 0 || s.chunks[last] == nil || len(s.chunks[last])+need > chunkSize {
		if uint64(len(s.chunks)+need>>chunkBits+1)<<chunkBits > 1<<32 {
			return errTooManyNames
		}
		size := need // the first are small, for a small assessment
		if last >= 0 {
			size = max(need, chunkSize)
		}
		s.chunks = append(s.chunks, make([]byte, 0, size))
		for range (need - 1) >> chunkBits { // a text that is longer than a chunk
			s.chunks = append(s.chunks, nil)
		}
	}
	at := len(s.chunks) - 1
	for at > 0 && s.chunks[at] == nil {
		at--
	}
	place := uint32(at<<chunkBits + len(s.chunks[at]))
	c := binary.AppendUvarint(s.chunks[at], uint64(len(text)))
	c = append(c, text...)
	s.chunks[at] = binary.LittleEndian.AppendUint64(c, value)
	s.n++
	if s.indexed {
		s.enter(place)
	}
	return nil
}

// entry returns what stands at a place, and the place behind it in its chunk.
func (s *names) entry(place uint32) (text []byte, value uint64, end int) {
	c := s.chunks[place>>chunkBits]
	at := int(place & (chunkSize - 1))
	n, size := binary.Uvarint(c[at:])
	at += size
	end = at + int(n)
	return c[at:end], binary.LittleEndian.Uint64(c[end:]), end + 8
}

// find returns the value of a text; false where it is not there.
func (s *names) find(text string) (value uint64, ok bool) {
	if len(s.table) == 0 {
		return 0, false
	}
	mask := uint64(len(s.table) - 1)
	for i := maphash.String(s.seed, text) & mask; s.table[i] != 0; i = (i + 1) & mask {
		if t, v, _ := s.entry(s.table[i] - 1); string(t) == text {
			return v, true
		}
	}
	return 0, false
}

// position returns the number of a text, before they are ordered. It counts:
// it is for what is asked seldom.
func (s *names) position(text string) (int, bool) {
	n := 0
	for i, c := range s.chunks {
		for at := 0; at < len(c); n++ {
			var t []byte
			if t, _, at = s.entry(uint32(i<<chunkBits + at)); string(t) == text {
				return n, true
			}
		}
	}
	return 0, false
}

func (s *names) enter(place uint32) {
	if s.n*5 > len(s.table)*4 {
		if len(s.table) == 0 {
			s.seed = maphash.MakeSeed()
		}
		old := s.table
		s.table = make([]uint32, max(64, 2*len(old)))
		for _, p := range old {
			if p != 0 {
				s.insert(p - 1)
			}
		}
	}
	s.insert(place)
}

func (s *names) insert(place uint32) {
	text, _, _ := s.entry(place)
	mask := uint64(len(s.table) - 1)
	i := maphash.Bytes(s.seed, text) & mask
	for ; s.table[i] != 0; i = (i + 1) & mask {
	}
	s.table[i] = place + 1
}

// sort orders the texts. Nothing can be added or found after it.
func (s *names) sort() {
	s.table = nil
	places := make([]uint32, 0, s.n) // by number
	s.texts = make([]string, len(s.chunks))
	for i, c := range s.chunks {
		kept := c[:0] // without the values, which only find asks for
		for at := 0; at < len(c); {
			_, _, end := s.entry(uint32(i<<chunkBits + at))
			places = append(places, uint32(i<<chunkBits+len(kept)))
			kept = append(kept, c[at:end-8]...)
			at = end
		}
		s.texts[i], s.chunks[i] = string(kept), nil
	}
	s.chunks = nil
	s.order = make([]uint32, s.n)
	for i := range s.order {
		s.order[i] = uint32(i)
	}
	slices.SortFunc(s.order, func(a, b uint32) int {
		return cmp.Or(strings.Compare(s.at(places[a]), s.at(places[b])), cmp.Compare(a, b))
	})
	s.places = make([]uint32, s.n)
	for r, i := range s.order {
		s.places[r] = places[i]
	}
	s.rank = places // whose numbers are of no more use
	for r, i := range s.order {
		s.rank[i] = uint32(r)
	}
}

// text returns a text by its position in the order, once ordered.
func (s *names) text(r uint32) string { return s.at(s.places[r]) }

func (s *names) at(place uint32) string {
	c := s.texts[place>>chunkBits][place&(chunkSize-1):]
	n, size := 0, 0
	for shift := 0; ; shift += 7 {
		b := c[size]
		size++
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return c[size : size+n]
		}
	}
}

// of iterates over the texts with some numbers, once ordered, by text.
func (s *names) of(some bitmap) iter.Seq[string] {
	return func(yield func(string) bool) {
		for r, i := range s.order {
			if some.has(i) && !yield(s.text(uint32(r))) {
				return
			}
		}
	}
}

// numbers is a list of numbers, each greater than the one before.
type numbers struct {
	deltas []byte
	last   uint32
	n      int32
}

func (l *numbers) add(i uint32) {
	l.deltas = binary.AppendUvarint(l.deltas, uint64(i-l.last))
	l.last = i
	l.n++
}

func (l *numbers) all() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		i := uint32(0)
		for b := l.deltas; len(b) > 0; {
			d, size := binary.Uvarint(b)
			b = b[size:]
			if i += uint32(d); !yield(i) {
				return
			}
		}
	}
}

// bitmap is a set of small numbers.
type bitmap []uint64

func (b *bitmap) set(i uint32) {
	for int(i>>6) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i>>6] |= 1 << (i & 63)
}

func (b bitmap) has(i uint32) bool { return int(i>>6) < len(b) && b[i>>6]>>(i&63)&1 == 1 }

// join adds what another set has.
func (b *bitmap) join(other bitmap) {
	for len(*b) < len(other) {
		*b = append(*b, 0)
	}
	for i, word := range other {
		(*b)[i] |= word
	}
}

func (b bitmap) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

package finding

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// Join leaves out findings that are in several files, or several times in one:
// those that agree in all but their source. The first of each stays. One note
// for each file that repeats others says how often; it loses nothing. Findings
// with one ID that say different things all stay.
func Join(findings []Finding) ([]Finding, []*RecordError) {
	type repeats struct {
		n     int
		first string // ID
		from  string // file that has it too
	}
	var joined []Finding
	seen := make(map[[sha256.Size]byte]string, len(findings)) // the file
	count := map[string]*repeats{}
	var files []string
	for _, f := range findings {
		sum := contentSum(f)
		from, twice := seen[sum]
		if !twice {
			seen[sum] = f.Source
			joined = append(joined, f)
			continue
		}
		if count[f.Source] == nil {
			count[f.Source] = &repeats{first: f.ID, from: from}
			files = append(files, f.Source)
		}
		count[f.Source].n++
	}
	var notes []*RecordError
	for _, file := range files {
		r := count[file]
		from := r.from
		if from == file {
			from = "it"
		}
		err := fmt.Errorf("%s is in %s already, in the same words; it counts once", Plain(r.first, 80), from)
		if r.n > 1 {
			err = fmt.Errorf("%d are there already, in the same words; each counts once; the first is %s, in %s", r.n, Plain(r.first, 80), from)
		}
		notes = append(notes, &RecordError{File: file, Where: "findings", Err: err})
	}
	return joined, notes
}

func contentSum(f Finding) [sha256.Size]byte {
	f.Source = ""
	text, err := json.Marshal(f)
	if err != nil { // a number that is none: NaN
		text = []byte(fmt.Sprintf("%#v", f))
	}
	return sha256.Sum256(text)
}

package graph

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// Stream assesses findings as they come, as [Snapshot.Assess] does those of a
// graph, and hands each result on before it asks for the next finding: for
// fleets, whose findings no memory need hold. The snapshot gives the release,
// what is known of weaknesses, and the site; findings that it holds itself are
// not looked at. The results and the summary are those that Assess gives for a
// graph of the snapshot's sources to which the same findings, in their order,
// were added with [FindingsFrom], one source after the other, after
// [finding.Join].
//
// A finding that was there already, in the same words, counts once, and each is
// called "#2" and so on that has an ID which another one has, both as in such a
// graph. What each is told is final: nothing that comes later changes it.
//
// What stays in memory of each finding is its ID and some 20 bytes, and four
// more for each ten techniques that it opens; of each device and each weakness
// that no catalogue knows, its name. Of warnings and of records that could not
// be used the first ten thousand stay; one more counts the others.
//
// A [*finding.RecordError] in the sequence is noted in the summary; any other
// error ends the run, as do that of the caller's function and the context's.
// With an error there is no summary. The function is called from the goroutine
// that called Stream; it may keep the result, which must not be changed.
func (s *Snapshot) Stream(ctx context.Context, findings iter.Seq2[finding.Finding, error], each func(*FindingResult) error) (*Summary, error) {
	catalog := s.Catalog()
	if catalog == nil {
		return nil, errors.New("graph: Stream needs an ATT&CK release: add Attack first")
	}
	if findings == nil || each == nil {
		return nil, errors.New("graph: Stream: the findings or the function that takes the results is nil")
	}
	in := &intake{assessor: newAssessor(s, catalog), catalog: catalog, stated: map[string]statedAs{}, files: map[string]int{}}
	in.ids.indexed, in.examples = true, true
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := 0
	for f, err := range findings {
		var record *finding.RecordError
		switch {
		case err == nil:
			err = in.finding(&f, each)
		case errors.As(err, &record):
			in.skip(record, byReader)
			err = nil
		}
		if err != nil {
			return nil, err
		}
		if n++; n%256 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	sum, err := in.summary(ctx)
	if err != nil {
		return nil, err
	}
	return sum, in.finish(ctx, sum)
}

// Summary is what an assessment says beside its findings. Its lists of
// findings and of devices are iterated over, since together they may be far
// longer than the findings are. It does not change and is safe for concurrent
// use.
type Summary struct {
	// Assessment has no findings, and its techniques and gaps have neither
	// Findings nor Devices. What could not be read is counted.
	*Assessment
	// Skipped holds the records that could not be used, or not whole, and a
	// note for each file that repeats what was there already.
	Skipped []*finding.RecordError
	// Examples holds the findings that drafts for the gaps cite, and Snapshot
	// a snapshot with these: what [Snapshot.Evidence] asks for.
	Examples []FindingResult
	Snapshot *Snapshot

	w    *assessor
	gaps []gapOf
	plan []planOf
	ones []restsOn
}

// TechniqueFindings iterates over the IDs of the findings that open
// Techniques[i], the riskiest first.
func (s *Summary) TechniqueFindings(i int) iter.Seq[string] {
	return s.w.findingIDs(s.w.opened[s.Techniques[i].ID].by)
}

// TechniqueDevices iterates over the IDs of the devices on which Techniques[i]
// is open, in order.
func (s *Summary) TechniqueDevices(i int) iter.Seq[string] {
	return s.w.deviceIDs.of(devicesIn(s.w.opened[s.Techniques[i].ID].by))
}

// GapFindings iterates over the IDs of the findings of Gaps[i], the riskiest
// first; without a technique by ID.
func (s *Summary) GapFindings(i int) iter.Seq[string] {
	if silent := s.gaps[i].silent; silent != nil {
		return s.w.findingIDs([]openedBy{{findings: silent.findings}})
	}
	return s.w.findingIDs(s.gaps[i].by)
}

// GapDevices iterates over the IDs of the devices of Gaps[i], in order.
func (s *Summary) GapDevices(i int) iter.Seq[string] { return s.w.deviceIDs.of(s.gaps[i].devices()) }

// PlanDevices iterates over the IDs of the devices of Plan[i].Closes[j], in
// order.
func (s *Summary) PlanDevices(i, j int) iter.Seq[string] { return s.w.deviceIDs.of(s.plan[i].on[j]) }

// RestsOnOneDevices iterates over the IDs of the devices of RestsOnOne[i], in
// order.
func (s *Summary) RestsOnOneDevices(i int) iter.Seq[string] { return s.w.deviceIDs.of(s.ones[i].on) }

// summary ends an assessment. The warnings are the caller's.
func (w *assessor) summary(ctx context.Context) (*Summary, error) {
	w.templates, w.dangers, w.vectors = nil, nil, nil
	w.ids.sort()
	w.ids.order = nil // which only the devices' need
	w.deviceIDs.sort()
	w.deviceIDs.rank = nil // which only the findings' need
	a := &Assessment{
		Attack: releaseOf(w.catalog), Site: w.described, Findings: []FindingResult{}, Gaps: []Gap{}, Drafts: []Draft{},
		Techniques: w.techniques(),
	}
	for _, findings := range w.unknown {
		a.UnreadMembers += findings
	}
	a.Mitigations = w.mitigationResults(a.Techniques)
	gaps, err := w.gaps(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, g := range gaps {
		a.Gaps = append(a.Gaps, g.Gap)
	}
	plan, err := w.plan(ctx)
	if err != nil {
		return nil, err
	}
	a.Plan = []PlanStep{}
	for _, p := range plan {
		a.Plan = append(a.Plan, p.PlanStep)
	}
	ones, err := w.restsOnOne(ctx)
	if err != nil {
		return nil, err
	}
	a.RestsOnOne = []RestsOnOne{}
	for _, r := range ones {
		a.RestsOnOne = append(a.RestsOnOne, r.RestsOnOne)
	}
	return &Summary{Assessment: a, w: w, gaps: gaps, plan: plan, ones: ones}, ctx.Err()
}

// intake takes findings in as a graph does, without one.
type intake struct {
	*assessor
	catalog  *mitre.Catalog
	stated   map[string]statedAs
	variants map[string]*variants // by ID, of those that several findings had
	sources  []sourceFrom
	again    finding.Repeats
	skipped  told[notUsed]
	files    map[string]int // of what was not used, in the order in which they came
	counted  Assessment     // only what was not used
	said     told[Warning]  // of findings
	settled  told[Warning]  // of techniques that they name
}

// statedAs is what a technique that findings name stands for.
type statedAs struct {
	technique *mitre.Technique
	why       string
}

// variants are the further findings with one ID.
type variants struct {
	number int               // the last that told a pair apart
	from   map[uint64]string // by content, the file that had it first
}

// sourceFrom is a file and the number of its first finding.
type sourceFrom struct {
	name string
	from int
}

// maxTold is how many warnings are kept.
const maxTold = 10_000

// told keeps the first of many.
type told[T any] struct {
	kept []T
	more int
}

func (t *told[T]) add(x T) {
	if len(t.kept) == maxTold {
		t.more++
		return
	}
	t.kept = append(t.kept, x)
}

// notUsed is a part of the input that was not used, and by whom.
type notUsed struct {
	*finding.RecordError
	by stage
}

// stage is where a part of the input was left out. A graph names these in this
// order: of each file the first two, and then the third of all.
type stage int

const (
	byReader stage = iota
	byGraph
	byRelease
)

func (in *intake) skip(e *finding.RecordError, by stage) {
	if _, ok := in.files[e.File]; !ok {
		in.files[e.File] = len(in.files)
	}
	in.skipped.add(notUsed{e, by})
	in.counted.count(e.Lost)
}

func (in *intake) finding(f *finding.Finding, each func(*FindingResult) error) error {
	*f = clean(*f)
	if f.ID == "" {
		f.ID = f.Title
	}
	if f.ID == "" {
		return errors.New("graph: Stream: a finding has neither an ID nor a title")
	}
	digest := f.Digest()
	content := binary.LittleEndian.Uint64(digest[:])
	misstated := 0.0
	if !(f.EPSS >= 0 && f.EPSS <= 1) {
		misstated, f.EPSS = f.EPSS, 0
	}
	if again := in.name(f, content); again {
		return nil
	}
	if misstated != 0 {
		in.skip(leftOut(f.Source, f.ID, fmt.Sprintf(misstatedEPSS, misstated)), byGraph)
	}
	if f.CVSS != "" {
		if in.dangerOf(f).base == nil {
			_, err := finding.BaseScore(f.CVSS)
			in.skip(leftOut(f.Source, f.ID, fmt.Sprintf(misstatedCVSS, f.CVSS, err)), byGraph)
		}
	}
	if n := len(in.sources); n == 0 || in.sources[n-1].name != f.Source {
		in.sources = append(in.sources, sourceFrom{f.Source, in.ids.n})
	}
	var named []*mitre.Technique
	for _, id := range f.Techniques {
		id = strings.ToUpper(strings.TrimSpace(id))
		t, ok := in.stated[id]
		if !ok {
			if len(in.stated) == maxTemplates {
				clear(in.stated)
			}
			t.technique, t.why = statedTechnique(in.catalog, id)
			in.stated[id] = t
		}
		switch {
		case t.technique == nil:
			in.skip(leftOut(f.Source, f.ID, t.why), byRelease)
			continue
		case t.why != "":
			in.settled.add(Warning{f.Source, f.ID, t.why})
		}
		named = append(named, t.technique)
	}
	r, err := in.assessor.finding(f, named, content)
	if err != nil {
		return err
	}
	return each(&r)
}

// name gives a finding an ID that no other one has; true where it is there
// already.
func (in *intake) name(f *finding.Finding, content uint64) (again bool) {
	old, taken := in.ids.find(f.ID)
	if !taken {
		return false
	}
	wanted := f.ID
	v := in.variants[wanted]
	if old == content {
		in.again.Add(f, func() string { return in.sourceOf(wanted) })
		return true
	}
	if v == nil {
		v = &variants{number: 1, from: map[uint64]string{}}
		if in.variants == nil {
			in.variants = map[string]*variants{}
		}
		in.variants[wanted] = v
	}
	if from, ok := v.from[content]; ok {
		in.again.Add(f, func() string { return from })
		return true
	}
	v.from[content] = f.Source
	for taken {
		v.number++
		f.ID = fmt.Sprintf("%s#%d", wanted, v.number)
		_, taken = in.ids.find(f.ID)
	}
	in.said.add(Warning{f.Source, wanted, fmt.Sprintf(renamed, f.ID)})
	return false
}

// sourceOf is the file that a finding came from.
func (in *intake) sourceOf(id string) string {
	n, ok := in.ids.position(id)
	if !ok {
		return ""
	}
	i := sort.Search(len(in.sources), func(i int) bool { return in.sources[i].from > n })
	return in.sources[max(0, i-1)].name
}

// finish adds what is known of the input as a whole.
func (in *intake) finish(ctx context.Context, sum *Summary) error {
	sum.UnreadRecords += in.counted.UnreadRecords
	sum.UnreadMembers += in.counted.UnreadMembers
	slices.SortStableFunc(in.skipped.kept, func(a, b notUsed) int {
		if last := cmp.Compare(a.by/byRelease, b.by/byRelease); last != 0 || a.by == byRelease {
			return last
		}
		return cmp.Or(cmp.Compare(in.files[a.File], in.files[b.File]), cmp.Compare(a.by, b.by))
	})
	for _, e := range in.skipped.kept {
		sum.Skipped = append(sum.Skipped, e.RecordError)
	}
	if in.skipped.more > 0 {
		sum.Skipped = append(sum.Skipped, &finding.RecordError{
			File: in.skipped.kept[maxTold-1].File, Where: "and later",
			Err: fmt.Errorf("%d more parts of the input could not be used; the first %d are named", in.skipped.more, maxTold),
		})
	}
	sum.Skipped = append(sum.Skipped, in.again.Notes()...)
	ws := []Warning{}
	for _, l := range in.layers {
		for _, b := range l.parts {
			ws = append(ws, b.warnings...)
		}
	}
	ws = append(ws, in.said.kept...)
	ws = append(append(ws, in.index().warnings...), in.settled.kept...)
	if more := in.said.more + in.settled.more; more > 0 {
		ws = append(ws, Warning{Message: fmt.Sprintf("%d more warnings of findings and the techniques that they name are not kept", more)})
	}
	sum.Warnings = append(ws, in.warnings()...)
	return in.cite(ctx, sum)
}

// cite adds the findings that drafts cite.
func (in *intake) cite(ctx context.Context, sum *Summary) error {
	cited := map[string]*example{}
	take := func(list examples) {
		for _, x := range list {
			cited[x.finding.ID] = x.example
		}
	}
	for _, o := range in.opened {
		for _, p := range o.on {
			take(p.examples)
		}
	}
	for _, s := range in.silent {
		take(s.examples)
	}
	var fs []finding.Finding
	for _, id := range sorted(cited) {
		fs = append(fs, cited[id].finding)
		sum.Examples = append(sum.Examples, cited[id].result)
	}
	sources, err := expand([]Source{Findings(fs...)})
	if err != nil {
		return err
	}
	bare := slices.DeleteFunc(slices.Clone(in.layers), func(l *layer) bool { return strings.HasPrefix(l.label, "source:findings/") })
	base := in.Snapshot
	if len(bare) < len(in.layers) {
		at := slices.IndexFunc(bare, func(l *layer) bool { return l.catalog != nil && l.catalog == in.catalog })
		base = &Snapshot{layers: bare, known: buildIndex(bare, bare[at])}
	}
	sum.Snapshot, err = base.with(ctx, sources)
	return err
}

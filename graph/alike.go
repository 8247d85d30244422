package graph

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/mitigraph/mitigraph/mitre"
)

// Views are the ways in which two techniques may be alike, in the order of the
// features below.
const (
	byTactic = iota
	byAsset
	byWeakness // what opens both, and what is more general
	byUser     // groups, software and campaigns
	byPlatform
	byDetection // data components that tell of both
	byText      // name and summary, and the official text where there is one
	byTitle     // the full name
	views
)

// blend is how much each view counts when techniques are compared as a whole.
var blend = [views]float64{1, 0.5, 1, 0.3, 0.2, 0.5, 1.5, 0.5}

const (
	// smoothing is how many techniques of average nearness each mitigation
	// counts beside its own: what one technique has proves little.
	smoothing = 2
	// held is how much the regression on nearness is held back. It was chosen
	// of 0.1, 0.25 and 0.5, and the regression in place of votes of the nearest,
	// by the inner folds of TryCandidates; the outer figures of some of what was
	// compared were in sight. The values differ by little.
	held = 0.1
	// nearness is added to what is compared, so that nothing is infinitely less.
	nearness = 0.02

	parentShare   = 0.6  // of a weakness's weight that the more general one gets
	leastWeakness = 0.15 // a weight below it is left out
	ruledWords    = 0.5  // of a word in what limits a mitigation
)

// traits are what something has, with weights.
type traits map[string]float64

// proposer predicts the mitigations of a technique from those of techniques
// like it. What ATT&CK says of the technique itself and of its family, that is
// its parent and sub-techniques, it never looks at, so that its answers for
// techniques that have mitigations can be compared with these.
type proposer struct {
	techniques  []*mitre.Technique  // live, by ID
	mitigations []*mitre.Mitigation // live but the placeholder, by ID
	at          map[string]int      // place of a technique by ID
	family      []int               // of each technique
	has         [][]int             // mitigations of each technique
	traits      [views][]traits     // of each technique; of length 1
	near        [views][][]float64  // by technique, made when asked for
	blended     [][]float64         // of all views, 0 to 1; by technique, made when asked for
	names       map[string]string   // of traits, for people
	users       map[string]userKind // by the trait's name
	words       [2][]traits         // of techniques and of mitigations
	standards   [2][]traits         // requirements of IEC 62443
	direct      [][2][]float64      // both compared, by technique, made when asked for
}

func newProposer(x *index) *proposer {
	p := &proposer{at: map[string]int{}, names: map[string]string{}, users: map[string]userKind{}}
	number := map[string]int{}
	for m := range mitre.Live[*mitre.Mitigation](x.catalog) {
		if !m.Placeholder() {
			number[m.ID] = len(p.mitigations)
			p.mitigations = append(p.mitigations, m)
			p.describeMitigation(x, m)
		}
	}
	for t := range mitre.Live[*mitre.Technique](x.catalog) {
		p.at[t.ID] = len(p.techniques)
		p.techniques = append(p.techniques, t)
	}
	for i, t := range p.techniques {
		parent, _, _ := strings.Cut(t.ID, ".")
		p.family = append(p.family, i)
		if j, ok := p.at[parent]; ok {
			p.family[i] = j
		}
		var has []int
		for n := range x.to("attack:"+t.ID, predMitigates) {
			if j, ok := number[strings.TrimPrefix(n.key, "attack:")]; ok && !slices.Contains(has, j) {
				has = append(has, j)
			}
		}
		slices.Sort(has)
		p.has = append(p.has, has)
		p.describeTechnique(x, t)
	}
	for v := range p.traits {
		weigh(p.traits[v])
		p.near[v] = make([][]float64, len(p.techniques))
	}
	p.blended = make([][]float64, len(p.techniques))
	p.direct = make([][2][]float64, len(p.techniques))
	for _, both := range []*[2][]traits{&p.words, &p.standards} {
		weigh(slices.Concat(both[0], both[1]))
	}
	return p
}

func (p *proposer) describeTechnique(x *index, t *mitre.Technique) {
	var of [views]traits
	for v := range of {
		of[v] = traits{}
	}
	key := "attack:" + t.ID
	note := func(v int, n node, weight float64) {
		of[v][n.key] = max(of[v][n.key], weight)
		p.names[n.key] = n.name
	}
	for n := range x.from(key, predInTactic) {
		note(byTactic, n, 1)
	}
	for n := range x.from(key, predTargets) {
		note(byAsset, n, 1)
	}
	for n := range x.to(key, predUses) {
		note(byUser, n, 1)
		p.users[n.key] = userKindOf(n.doc)
	}
	for _, platform := range t.Platforms {
		of[byPlatform][platform] = 1
	}
	for d := range x.catalog.DataComponents(t) {
		of[byDetection][d.Name] = 1
	}
	of[byText].words(own(t), 1)
	of[byTitle].words(x.catalog.FullName(t), 1)
	// Words and requirements also come from the weaknesses and from what
	// EMB3D advises against them.
	said, asked := maps.Clone(of[byText]), traits{}
	for n, link := range x.to(key, predOpens) {
		of[byWeakness].climb(x, n.key, link.Confidence)
		said.words(n.name+" "+link.Rationale, link.Confidence)
		for m := range x.to(n.key, predCounters) {
			if e, ok := m.doc.(*emb3dMitigation); ok {
				said.words(e.Name, link.Confidence)
				asked.requirements(e.IEC62443, link.Confidence)
			}
		}
	}
	for v := range of {
		p.traits[v] = append(p.traits[v], of[v])
	}
	p.words[0], p.standards[0] = append(p.words[0], said), append(p.standards[0], asked)
}

func (p *proposer) describeMitigation(x *index, m *mitre.Mitigation) {
	said, asked := traits{}, traits{}
	said.words(own(m), 1)
	for _, limit := range []predicate{predRulesOut, predMakesHard} {
		for _, link := range x.to("attack:"+m.ID, limit) {
			said.words(link.Rationale, ruledWords)
		}
	}
	for _, s := range m.Standards {
		if of, requirement, ok := strings.Cut(s, " - "); ok && strings.HasPrefix(of, "IEC 62443") {
			// Parts 3-3 and 4-2 number the same requirements SR and CR.
			asked.requirements([]string{strings.Replace(requirement, "SR", "CR", 1)}, 1)
		}
	}
	p.words[1], p.standards[1] = append(p.words[1], said), append(p.standards[1], asked)
}

// own is what is said of an object: its name, which counts twice, its summary
// and, where the release has it, the official text.
func own(o mitre.Object) string {
	text, source := mitre.Text(o)
	if source == mitre.OfficialText {
		summary, _ := mitre.Summary(o.Common().ID)
		text += " " + summary
	}
	return o.Common().Name + " " + o.Common().Name + " " + text
}

// words adds the words of a text, without their endings.
func (t traits) words(text string, weight float64) {
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len(w) > 3 {
			t[stem(w)] += weight
		}
	}
}

func stem(w string) string {
	for _, end := range []string{"ations", "ation", "ings", "ing", "ies", "ed", "es", "s"} {
		if strings.HasSuffix(w, end) && len(w)-len(end) >= 4 {
			return w[:len(w)-len(end)]
		}
	}
	return w
}

// climb adds a weakness and, with less weight, the more general ones.
func (t traits) climb(x *index, weakness string, weight float64) {
	if weight < leastWeakness || t[weakness] >= weight {
		return
	}
	t[weakness] = weight
	for n := range x.from(weakness, predParent) {
		t.climb(x, n.key, weight*parentShare)
	}
}

// requirements adds requirements of IEC 62443, without their enhancements.
func (t traits) requirements(list []string, weight float64) {
	for _, r := range list {
		if f := strings.Fields(r); len(f) > 1 {
			t[f[0]+" "+f[1]] += weight
		}
	}
}

// weigh puts what few have above what many have (TF-IDF) and makes each of
// length 1.
func weigh(all []traits) {
	have := map[string]float64{}
	for _, t := range all {
		for k := range t {
			have[k]++
		}
	}
	for _, t := range all {
		sum := 0.0
		for _, k := range sorted(t) {
			t[k] = math.Log(1+t[k]) * math.Log(1+float64(len(all))/have[k])
			sum += t[k] * t[k]
		}
		for k := range t {
			t[k] /= math.Sqrt(sum)
		}
	}
}

// cosines compares traits with others, each with 0 to 1.
func cosines(a traits, with []traits) []float64 {
	out := make([]float64, len(with))
	keys := sorted(a) // sums depend on the order
	for i, b := range with {
		for _, k := range keys {
			out[i] += a[k] * b[k]
		}
	}
	return out
}

func (p *proposer) nearTo(v, t int) []float64 {
	if p.near[v][t] == nil {
		p.near[v][t] = cosines(p.traits[v][t], p.traits[v])
	}
	return p.near[v][t]
}

// blendedTo compares a technique with all, by all views.
func (p *proposer) blendedTo(t int) []float64 {
	if p.blended[t] == nil {
		p.blended[t] = make([]float64, len(p.techniques))
		whole := 0.0
		for v, weight := range blend {
			whole += weight
			for u, n := range p.nearTo(v, t) {
				p.blended[t][u] += weight * n
			}
		}
		for u := range p.blended[t] {
			p.blended[t][u] /= whole
		}
	}
	return p.blended[t]
}

// shares are how much each neighbour says of a technique by a ridge regression
// on nearness. Unlike votes they count neighbours that say the same, since they
// are near to each other, as one. In the order of the neighbours; may be below 0.
func (p *proposer) shares(t int, near []neighbour) []float64 {
	n := len(near)
	lower := make([][]float64, n) // the triangle of Cholesky
	out := make([]float64, n)
	for i, u := range near {
		to := p.blendedTo(u.technique)
		row := make([]float64, i+1)
		lower[i] = row
		v := p.blendedTo(t)[u.technique]
		for j := range row {
			sum := to[near[j].technique]
			if i == j {
				sum += held
			}
			other := lower[j]
			for k, x := range other[:j] {
				sum -= row[k] * x
			}
			if i == j {
				row[j] = math.Sqrt(sum)
			} else {
				row[j] = sum / other[j]
				v -= row[j] * out[j]
			}
		}
		out[i] = v / row[i]
	}
	for i := n - 1; i >= 0; i-- {
		out[i] /= lower[i][i]
		for j := range i {
			out[j] -= lower[i][j] * out[i]
		}
	}
	return out
}

// neighbour is a technique and how near another one is to it.
type neighbour struct {
	technique int
	near      float64
}

// neighboursOf orders the techniques that have mitigations by how near they
// are to a technique, the nearest first, without those of its family and of
// hidden ones.
func (p *proposer) neighboursOf(t int, hidden func(family int) bool) []neighbour {
	return p.neighbours(t, func(u int) bool { return p.family[u] == p.family[t] || hidden(p.family[u]) })
}

func (p *proposer) neighbours(t int, hidden func(technique int) bool) []neighbour {
	var out []neighbour
	for u := range p.techniques {
		if len(p.has[u]) == 0 || hidden(u) {
			continue
		}
		out = append(out, neighbour{u, p.blendedTo(t)[u]})
	}
	slices.SortStableFunc(out, func(a, b neighbour) int { return cmp.Compare(b.near, a.near) })
	return out
}

// Features of a pair of technique and mitigation: how common the mitigation
// is, one for each view, what a regression on nearness adds to how common it is,
// what words and requirements have in common, the former also apart for rare
// mitigations, of which no neighbours tell, and how rare it is.
const features = 1 + views + 1 + 2 + 2

// scale brings features to the size of the others, so that one ridge fits all.
const scale = 5

// rows computes the features of a technique with each mitigation, from what
// its neighbours have.
func (p *proposer) rows(t int, near []neighbour) [][features]float64 {
	out := make([][features]float64, len(p.mitigations))
	holders := make([]float64, len(p.mitigations))
	for _, u := range near {
		for _, m := range p.has[u.technique] {
			holders[m]++
		}
	}
	total := float64(len(near))
	for m := range out {
		out[m][0] = math.Log((holders[m] + 0.5) / (total - holders[m] + 0.5))
	}
	for v := range views {
		mean, sum := 0.0, make([]float64, len(p.mitigations))
		for _, u := range near {
			n := p.nearTo(v, t)[u.technique]
			mean += n / max(total, 1)
			for _, m := range p.has[u.technique] {
				sum[m] += n
			}
		}
		for m := range out {
			out[m][1+v] = math.Log(((sum[m]+smoothing*mean)/(holders[m]+smoothing) + nearness) / (mean + nearness))
		}
	}
	const regression = 1 + views
	for i, share := range p.shares(t, near) {
		for m := range out {
			out[m][regression] -= scale * share * holders[m] / total
		}
		for _, m := range p.has[near[i].technique] {
			out[m][regression] += scale * share
		}
	}
	if p.direct[t][0] == nil {
		p.direct[t] = [2][]float64{cosines(p.words[0][t], p.words[1]), cosines(p.standards[0][t], p.standards[1])}
	}
	words, standards := p.direct[t][0], p.direct[t][1]
	for m := range out {
		rest := out[m][regression+1:]
		rare := 1 / (1 + holders[m])
		rest[0], rest[1], rest[2], rest[3] = scale*words[m], standards[m], 2*scale*words[m]*rare, rare
	}
	return out
}

func nothingHidden(int) bool { return false }

// predict says for each mitigation how well it fits a technique, 0 to 1.
func predict(rows [][features]float64, weights []float64) []float64 {
	out := make([]float64, len(rows))
	for m, row := range rows {
		z := weights[features]
		for i, x := range row {
			z += weights[i] * x
		}
		out[m] = 1 / (1 + math.Exp(-z))
	}
	return out
}

// proposals are what an index proposes for techniques. They are made when they
// are needed, and kept for the next assessment of the same index. Safe for
// concurrent use.
type proposals struct {
	mu       sync.Mutex
	proposer *proposer
	of       map[string][]Candidate // by technique ID
}

// propose returns the mitigations that fit a technique by the techniques that
// are like it, in the order of their IDs. The caller must not change the list.
func (x *index) propose(t *mitre.Technique) []Candidate {
	kept := x.proposed
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if out, ok := kept.of[t.ID]; ok {
		return out
	}
	if kept.proposer == nil {
		kept.proposer, kept.of = newProposer(x), map[string][]Candidate{}
	}
	p := kept.proposer
	var out []Candidate
	if i, ok := p.at[t.ID]; ok {
		near := p.neighboursOf(i, nothingHidden)
		for m, score := range predict(p.rows(i, near), learned) {
			if because := p.because(i, m, near); len(because) > 0 {
				out = append(out, Candidate{ID: p.mitigations[m].ID, Name: p.mitigations[m].Name, Score: round(score), Because: because})
			}
		}
	}
	kept.of[t.ID] = out
	return out
}

// alike proposes mitigations for a technique that has no usable one. They are
// proposals of this project, not ATT&CK's; what is deployed already or ruled
// out on every device is left out.
func (w *assessor) alike(t *mitre.Technique, by []openedBy) []Candidate {
	out := []Candidate{}
	for _, c := range w.index().propose(t) {
		if w.wanted(c.ID, by) {
			c.Because = slices.Clone(c.Because)
			out = append(out, c)
		}
	}
	return best(out)
}

// because names the nearest techniques that have a mitigation, at most two,
// with what they share; none where none has it and shares anything.
func (p *proposer) because(t, m int, near []neighbour) []string {
	var out []string
	for _, u := range near {
		if !slices.Contains(p.has[u.technique], m) {
			continue
		}
		if shared := p.shared(t, u.technique); shared != "" {
			other := p.techniques[u.technique]
			out = append(out, fmt.Sprintf("mitigates %s %s, which %s", other.ID, other.Name, shared))
		}
		if len(out) == 2 {
			break
		}
	}
	return out
}

const alikeWords = 0.12 // texts that are nearer than this are called alike

// shared says what two techniques have in common, in words that go on with
// "which"; empty where that is nothing.
func (p *proposer) shared(a, b int) string {
	common := func(v int) (keys []string) {
		for k := range p.traits[v][a] {
			if _, ok := p.traits[v][b][k]; ok {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		return keys
	}
	var parts []string
	if tactics := common(byTactic); len(tactics) > 0 {
		for i, k := range tactics {
			tactics[i] = p.names[k]
		}
		slices.Sort(tactics)
		parts = append(parts, "serves the same tactic ("+strings.Join(tactics, ", ")+")")
	}
	same := func(verb string, of ...string) {
		if len(of) > 0 {
			parts = append(parts, verb+" "+strings.Join(of, " and "))
		}
	}
	same("is opened by", theSame(len(common(byWeakness)), "weakness", "weaknesses")...)
	same("targets", theSame(len(common(byAsset)), "asset type", "asset types")...)
	counted := map[userKind]int{}
	for _, k := range common(byUser) {
		counted[p.users[k]]++
	}
	var users []string
	for _, kind := range []userKind{group, malware, tool, campaign} {
		users = append(users, theSame(counted[kind], kind.one, kind.many)...)
	}
	same("was used by", users...)
	same("shows in", theSame(len(common(byDetection)), "kind of data", "kinds of data")...)
	if p.nearTo(byText, a)[b] >= alikeWords {
		parts = append(parts, "is described in like words")
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}

// userKind is what a user of techniques is called.
type userKind struct{ one, many string }

var (
	group    = userKind{"attacker group", "attacker groups"}
	malware  = userKind{"malware", "pieces of malware"}
	tool     = userKind{"tool", "tools"}
	campaign = userKind{"campaign", "campaigns"}
)

func userKindOf(doc any) userKind {
	switch u := doc.(type) {
	case *mitre.Software:
		if u.Tool {
			return tool
		}
		return malware
	case *mitre.Campaign:
		return campaign
	}
	return group
}

// theSame says of how many things two have the same; nothing of none.
func theSame(n int, one, many string) []string {
	switch n {
	case 0:
		return nil
	case 1:
		return []string{"the same " + one}
	}
	return []string{fmt.Sprintf("%d of the same %s", n, many)}
}

// wanted reports whether some device lacks the mitigation and allows it.
func (w *assessor) wanted(m string, by []openedBy) bool {
	return slices.ContainsFunc(by, func(b openedBy) bool {
		return !w.isDeployed(m, b.device) && b.device.ruledOut[m] == ""
	})
}
